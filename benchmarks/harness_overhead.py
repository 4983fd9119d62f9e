"""What the harness adds to a training step, against the same step in a hand-written loop.

    python benchmarks/harness_overhead.py [--seconds 10]

Both run in this process on the same model and data, in turns of one step, so that drift of the
machine hits both alike; each turn is timed as `trainfare measure` times a block. Medians of the
undisturbed turns are compared.
"""

import argparse
import sys
from time import perf_counter, perf_counter_ns

import torch

from bench import clock, load, runner
from bench.disturbance import Block, Counters, disturbed, find_threads
from results.statistics import median, median_interval


def hand_written(workload):
    """The loop of the tutorial this project began with, as a function of one step."""
    model, loss_of = workload.model, workload.loss
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    batches = iter(())

    def step():
        nonlocal batches
        optimizer.zero_grad()
        try:
            inputs, labels = next(batches)
        except StopIteration:
            batches = iter(workload.batches(workload.batch_size))
            inputs, labels = next(batches)
        loss = loss_of(model(inputs), labels)
        loss.backward()
        optimizer.step()

    return step


def time_by_hand(step) -> Block:
    before = Counters.now()
    start = perf_counter_ns()
    step()
    return before.block((perf_counter_ns() - start) / 1e9)


def compare(name: str, seconds: float) -> tuple[list[float], list[float]]:
    """Undisturbed times of both, each made first for half of the time: where a workload's data lie
    in memory alone makes 1% of a CNN's step."""
    quiet: tuple[list[float], list[float]] = ([], [])
    for ours_first in (True, False):
        for side, blocks in enumerate(turns(name, seconds / 2, ours_first)):
            bad = disturbed(blocks)
            quiet[side].extend(
                b.seconds for b, is_bad in zip(blocks, bad, strict=True) if not is_bad
            )
    return quiet


def turns(name: str, seconds: float, ours_first: bool) -> tuple[list[Block], list[Block]]:
    torch.manual_seed(0)
    make = load.factory(name)
    theirs = None if ours_first else hand_written(make())
    ours = runner.Session(make, "cpu")
    theirs = theirs or hand_written(make())
    for _ in range(50):
        ours.steps(1), theirs()
    find_threads()
    blocks: tuple[list[Block], list[Block]] = ([], [])
    end, turn = perf_counter() + seconds, 0
    while perf_counter() < end:
        order = ((0, 1), (1, 0))[turn % 2]  # neither is always second, with warm caches
        for side in order:
            block = time_by_hand(theirs) if side else clock.time_steps(ours.workload, 1)
            blocks[side].append(block)
        turn += 1
    return blocks


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="for each workload")
    seconds = parser.parse_args().seconds
    print("workload  by hand      trainfare    ratio   added     95% interval of added   turns")
    for name in ("mlp", "cnn", "rnn"):
        ours, theirs = compare(name, seconds)
        a, b = median_interval(ours), median_interval(theirs)
        added = 1e6 * (median(ours) - median(theirs))
        low, high = 1e6 * (a.low - b.high), 1e6 * (a.high - b.low)
        print(
            f"{name:<8}  {1e6 * b.mid:8.1f} µs  {1e6 * a.mid:8.1f} µs  {a.mid / b.mid:.4f}  "
            f"{added:+6.1f} µs  {low:+.1f} to {high:+.1f} µs  {len(ours)}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
