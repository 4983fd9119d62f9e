"""What bursts of timed blocks are off the same steps in one stretch, as an epoch takes them.

    python benchmarks/burst_bias.py [--repeats 3]

Each repeat takes, 60 times in turn, a burst as `trainfare measure` takes it and 0.15 s of steps
without a pause, so that a drift of the machine hits both alike. Printed is the median ratio; its
root mean square over the repeats of all three workloads is `METHOD_SPREAD` of `results.epoch`.
"""

import argparse
import math
import sys

from bench import load, runner
from bench.findings import Findings
from bench.sampling import BURST_SECONDS, Samples
from results.statistics import median

WORKLOADS, TURNS, STRETCH_SECONDS = ("mlp", "rnn", "cnn"), 60, 0.15


def bias(name: str) -> tuple[float, float]:
    """Median log ratio of mean step times, a burst's to a stretch's, and the step's seconds."""
    session = runner.Session(load.factory(name), "cpu")
    found = Findings(session, name, {}, session.machine())
    step = runner.measure_step(session, 2.0).seconds.mid
    steps = runner.steps_per_block(session.is_gpu, step)
    found.steps_per_block = steps
    stretch = max(10, round(STRETCH_SECONDS / step))
    spans, refill = runner.SpanBlocks(found), runner.Refill(session)

    def burst() -> float:
        taken = Samples()
        taken.take_burst(lambda: session.steps(steps), BURST_SECONDS, session.tick, refill)
        return sum(block.seconds for block in taken.blocks) / (steps * len(taken.blocks))

    def plain() -> float:
        refill()
        return session.steps(stretch).seconds / stretch

    logs = []
    for turn in range(TURNS):
        Samples().take_burst(spans, BURST_SECONDS, session.tick, refill)
        took = {kind: kind() for kind in ((burst, plain) if turn % 2 else (plain, burst))}
        logs.append(math.log(took[burst] / took[plain]))
    return median(logs), step


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="of each workload")
    found = []
    for _ in range(parser.parse_args().repeats):
        for name in WORKLOADS:
            off, step = bias(name)
            found.append(off)
            print(
                f"{name}  step {1e3 * step:6.3f} ms  bursts {off:+.1%} off one stretch", flush=True
            )
    print(f"root mean square {math.sqrt(sum(x * x for x in found) / len(found)):.2%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
