"""Whole epochs predicted from at most 5% of their steps, against real ones.

    python benchmarks/epoch_prediction.py [--epochs 20] [--workers 0,2]

In turns: a prediction (bursts of steps spread over eight seconds), then a real epoch whose every
step is timed. Prints, for each number of DataLoader workers,

  within    the method itself: single steps taken from within the very epoch, 5% of it;
  across    the prediction made before the epoch: its error, and how often the 80% interval held;
  real      how far the real epochs lie from each other (every two of them), and from their median.
"""

import argparse
import dataclasses
import math
import sys
from itertools import permutations
from time import perf_counter

import torch

from bench import epochs, load, runner
from bench.disturbance import Neighbours, find_threads
from bench.findings import Findings
from bench.sampling import Samples
from results.epoch import predicted_epoch
from results.statistics import median

SHARE, SECONDS, BURSTS = 0.05, 8.0, 5


def keep_warm(until: float) -> None:
    """Busy until the next burst, as `measure` is between its bursts: an idle processor slows."""
    a = torch.randn(128, 128)
    while perf_counter() < until:
        a @ a


def sampled(session: runner.Session) -> Findings:
    """A prediction's samples: at most 5% of an epoch's steps, those before each burst included."""
    found = Findings(session, "cnn", {}, session.machine())
    refill = runner.Refill(session)
    per_burst = (int(SHARE * session.steps_per_epoch) - 1) // BURSTS
    start = perf_counter()
    for burst in range(BURSTS):
        keep_warm(start + SECONDS * burst / BURSTS)
        before = session.steps_done
        find_threads()
        neighbours = Neighbours.now()
        refill()  # last: reading what the kernel tells leaves the caches cold
        blocks = [session.steps(1) for _ in range(before + per_burst - session.steps_done)]
        found.step.blocks += neighbours.judge(blocks, Neighbours.now())
        found.step.bursts.append(len(blocks))
    epochs.epoch_starts(session, found.starts, count=1)
    return found


def real_epoch(session: runner.Session) -> list:
    """Every step of an epoch as a block, what begins and ends it in the first."""
    find_threads()
    first = session.first_step()
    return [first, *(session.steps(1) for _ in range(session.steps_per_epoch - 1))]


def within(found: Findings, blocks: list) -> float:
    """The prediction from single steps spread over the epoch that they predict, 5% of it."""
    rest = blocks[1:]
    count = int(SHARE * len(rest)) - 1  # the first step is taken as well
    taken = [rest[int((i + 0.5) * len(rest) / count)] for i in range(count)]
    samples = Samples(taken, "count", [1] * count)
    inside = dataclasses.replace(found, step=samples, starts=Samples([blocks[0]], "count"))
    return predicted_epoch(inside.run()).mid


def show(name: str, errors: list[float], more: str = "") -> None:
    middle = median([abs(e) for e in errors])
    print(f"  {name:<8} median error {middle:5.1%}  bias {sum(errors) / len(errors):+.1%}  {more}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=20, help="pairs of prediction and real epoch")
    parser.add_argument("--workers", default="0,2")
    asked = parser.parse_args()
    kinds = {}
    for workers in map(int, asked.workers.split(",")):
        make = load.factory("cnn", {"workers": workers})
        kinds[workers] = runner.Session(make, "cpu"), [], [], []
        kinds[workers][0].steps(50)
    for turn in range(asked.epochs):
        for workers, (session, real, before, inside) in kinds.items():
            found = sampled(session)
            before.append(predicted_epoch(found.run()))
            blocks = real_epoch(session)
            real.append(sum(b.seconds for b in blocks))
            inside.append(within(found, blocks))
            print(
                f"{turn + 1:3}  {workers} workers  predicted {before[-1].mid:6.2f} s "
                f"({before[-1].low:.2f}–{before[-1].high:.2f})  real {real[-1]:6.2f} s",
                flush=True,
            )
    all_held = []
    for workers, (session, real, before, inside) in kinds.items():
        print(
            f"{workers} workers: {len(real)} epochs of {session.steps_per_epoch} steps, "
            f"{min(real):.2f}–{max(real):.2f} s"
        )
        show("within", [p / r - 1 for p, r in zip(inside, real, strict=True)])
        held = [p.low <= r <= p.high for p, r in zip(before, real, strict=True)]
        all_held += held
        width = median([math.sqrt(p.high / p.low) for p in before])
        show(
            "across",
            [p.mid / r - 1 for p, r in zip(before, real, strict=True)],
            f"80% interval held {sum(held)} of {len(held)}, ×/÷{width:.2f}",
        )
        apart = median([abs(a / b - 1) for a, b in permutations(real, 2)])
        own = median([abs(r / median(real) - 1) for r in real])
        print(f"  {'real':<8} median difference {apart:.1%}, from their own median {own:.1%}")
    print(f"in all: 80% interval held {sum(all_held)} of {len(all_held)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
