"""How often is `trainfare compare` wrong? Simulated runs of a drifting and of a steady machine.

    python benchmarks/compare_errors.py

The drifting machine: the level of each run is off by 7% (standard deviation, as measured by
benchmarks/run_to_run.py) and wanders on by another 2% within it with a memory of a third of the
run; each block has 2% noise, and one in ten was made up to twice as long without anybody noticing.
The steady one: 0.5%, 0.2%, and the same noise.
"""

import math
import random
from typing import NamedTuple

from results.compare import compare
from results.phase_change import PhaseChange
from results.records import Machine, Measurement, Run, Workload

BLOCKS = 120
COMPARISONS = 400
WORKLOAD = Workload(
    name="simulated", reference="cnn", model="CNN", input_shape=(1,), batch_size=1,
    precision="fp32", samples_per_epoch=1, sample_unit="sample",
)  # fmt: skip
MACHINE = Machine(
    device="cpu", device_name="simulated", device_memory_bytes=None, cpu_name="simulated",
    cpu_count=1, threads=1, memory_bytes=None, platform="", python_version="", torch_version="",
)  # fmt: skip


class Level(NamedTuple):
    """Standard deviations: of the level between runs, and of its wandering within one."""

    between: float
    within: float


DRIFTING, STEADY = Level(0.07, 0.02), Level(0.005, 0.002)


def simulated_run(rng: random.Random, seconds: float, machine: Level) -> Run:
    """A run whose steps take `seconds` but for what the machine does to them."""
    level, drift = rng.gauss(0, machine.between), rng.gauss(0, machine.within)
    memory = math.exp(-3 / BLOCKS)
    blocks = []
    for _ in range(BLOCKS):
        drift = memory * drift + math.sqrt(1 - memory**2) * rng.gauss(0, machine.within)
        spike = 1 + rng.random() if rng.random() < 0.1 else 1
        blocks.append(seconds * math.exp(level + drift + rng.gauss(0, 0.02)) * spike)
    step = Measurement(
        phase="step", block_seconds=tuple(blocks), disturbed=(False,) * BLOCKS, samples_per_repeat=1
    )
    return Run(
        run_id=f"{rng.random()}",
        captured_at="",
        workload=WORKLOAD,
        machine=MACHINE,
        measurements=(step,),
    )


def simulate(
    ratio: float, repeats: int = 1, past: int = 0, machine: Level = DRIFTING
) -> list[PhaseChange]:
    """Comparisons of `repeats` runs a side, the second `ratio` times as slow."""
    rng, found = random.Random(1), []
    for _ in range(COMPARISONS):
        sides = [
            [simulated_run(rng, s, machine) for _ in range(repeats)] for s in (0.1, 0.1 * ratio)
        ]
        others = [simulated_run(rng, 0.1, machine) for _ in range(past)]
        found.append(compare(*sides, others).changes[0])
    return found


def share(changes: list[PhaseChange], *names: str) -> float:
    """Share of the comparisons with one of these verdicts."""
    return sum(c.change in names for c in changes) / len(changes)


def main() -> None:
    print(
        "machine   second side  runs a side  known past   same  faster  slower  ambiguous  fails 5%"
    )
    for name, machine in (("drifting", DRIFTING), ("steady", STEADY)):
        for ratio in (1.0, 1.05, 1.1, 1.3, 1.5):
            for repeats, past in ((1, 0), (1, 10), (4, 0)):
                found = simulate(ratio, repeats, past, machine)
                fails = sum(c.is_regression(0.05) for c in found) / len(found)
                print(
                    f"{name:9} {ratio - 1:+11.0%} {repeats:12} {past:11}"
                    f" {share(found, 'same'):6.1%} {share(found, 'faster'):7.1%}"
                    f" {share(found, 'slower'):7.1%} {share(found, 'ambiguous'):10.1%} {fails:9.1%}"
                )


if __name__ == "__main__":
    main()
