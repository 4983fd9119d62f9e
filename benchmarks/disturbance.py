"""What a time is worth while something else is busy: trainfare beside two peers, same function.

    python benchmarks/disturbance.py [--rounds 3] [--seconds 1] [--threads default,1]
                                     [--block-steps 1,4,16]

For 0, 1 and 2 busy processes per core, each between quiet turns in the same minute, one training
step of the MLP, RNN and CNN is timed by

  trainfare        as `trainfare measure` does: the median of its undisturbed blocks, or its verdict
                   `contended`. Where it went over to one thread it says so, and the quiet turns
                   that it is held against are of one thread too;
  pytest-benchmark the mean and the median of its rounds;
  torch            `torch.utils.benchmark.Timer.blocked_autorange`, median.

Printed is the median over the rounds of the error against the quiet turn of the same tool, and the
largest. trainfare is held against the mean of the quiet turns before and after; it is silently
wrong where it is over 5% off both of them and did not call it contended. `--block-steps` shows the
same for longer blocks: why a block is a single step.
"""

import argparse
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from types import SimpleNamespace

import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch.utils.benchmark import Timer

from bench import clock, load, machine, runner
from bench.findings import Findings, describe, to_measurement
from bench.sampling import PRECISION, Samples
from results.statistics import median

DEFAULT_THREADS = torch.get_num_threads()
WORKLOADS = ("mlp", "rnn", "cnn")
CONTENDED = "contended"
TOLERANCE = 0.05
Answer = dict[str, float | None]  # seconds by tool; None: it says that it can't tell
# What a tool told beside busy processes, and the quiet turns that it is held against.
Told = tuple[float | None, list[float | None]]


@contextmanager
def busy_processes(per_core: int):
    """That many endless loops a core, ended whatever happens."""
    command = [sys.executable, "-c", "while True: pass"]
    started = [subprocess.Popen(command) for _ in range(per_core * machine.usable_cpu_count())]
    try:
        time.sleep(0.2)
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def ours(session: runner.Session, seconds: float) -> tuple[float | None, int | None]:
    """The step as `measure` takes it, None where contended, and with how many threads."""
    found = Findings(session, "", {}, session.machine())
    runner.take_steps(found, seconds / runner.SAMPLING_SHARE, PRECISION)
    step, threads = found.step_measurement(), session.threads
    return step.seconds.mid if step.verdict == "quiet" else None, threads


def of_blocks(session: runner.Session, seconds: float, steps: int) -> float | None:
    """Blocks of so many steps in eight bursts; None where contended."""
    taken = Samples()
    for _ in range(8):
        taken.take_burst(lambda: session.steps(steps), seconds / 8, session.tick)
    found = to_measurement("step", taken, describe(session.workload, ""), steps)
    return found.seconds.mid if found.verdict == "quiet" else None


def peers(step, seconds: float) -> Answer:
    fixture = benchmark_fixture(seconds)
    fixture(step)
    rounds = fixture.stats.stats
    timed = Timer("step()", globals={"step": step}).blocked_autorange(min_run_time=seconds)
    return {
        "pytest-benchmark mean": rounds.mean,
        "pytest-benchmark median": rounds.median,
        "torch Timer median": timed.median,
    }


def benchmark_fixture(seconds: float) -> BenchmarkFixture:
    """pytest-benchmark's own fixture with its default settings, outside a test."""

    node = SimpleNamespace(name="step", nodeid="step")
    log = SimpleNamespace(debug=lambda *_, **__: None, info=lambda *_, **__: None)
    return BenchmarkFixture(
        node, disable_gc=False, timer=SimpleNamespace(target=time.perf_counter), min_rounds=5,
        min_time=0.000005, max_time=seconds, precision=None, confidence=None, warmup=False,
        warmup_iterations=100_000, calibration_precision=10, add_stats=lambda _: None, logger=log,
        warner=None, disabled=False, cprofile=None, cprofile_loops=None, cprofile_dump=None,
    )  # fmt: skip


def set_threads(session: runner.Session, threads: int | None) -> None:
    """As at the start: `threads`, or the framework's default."""
    torch.set_num_threads(threads or DEFAULT_THREADS)
    session.threads = threads
    session.steps(20)


def turns(
    session: runner.Session, threads: int | None, level: int, seconds: float, sizes: list[int]
) -> tuple[dict[str, Told], bool]:
    """A turn beside busy processes between quiet ones, and whether it went over to one thread."""
    set_threads(session, threads)
    quiet, used = turn(session, seconds, sizes)
    before = {used: quiet.get("trainfare")}
    if threads is None and not sizes:
        set_threads(session, 1)
        before[1], _ = ours(session, seconds)
    set_threads(session, threads)
    with busy_processes(level):
        busy, used_then = turn(session, seconds, sizes)
    told: dict[str, Told] = {tool: (value, [quiet[tool]]) for tool, value in busy.items()}
    if not sizes:
        set_threads(session, used_then)
        after, _ = ours(session, seconds)
        told["trainfare"] = busy["trainfare"], [before[used_then], after]
    return told, used_then != used


def turn(session: runner.Session, seconds: float, sizes: list[int]) -> tuple[Answer, int | None]:
    if sizes:
        found = {f"trainfare, blocks of {n}": of_blocks(session, seconds, n) for n in sizes}
        return found, session.threads
    answers = peers(lambda: session.workload.step(clock.no_mark), seconds)
    answers["trainfare"], threads = ours(session, seconds)  # last: it may change the threads
    return answers, threads


def error_text(found: list[Told]) -> str:
    """Median error of what was told, the largest, and how often it was called contended."""
    known = [
        (busy, [q for q in quiet if q]) for busy, quiet in found if busy is not None and any(quiet)
    ]
    contended = sum(busy is None for busy, _ in found)
    errors = [busy * len(quiet) / sum(quiet) - 1 for busy, quiet in known]
    if not errors:
        return CONTENDED
    text = f"{median(errors):+9.1%}"
    if len(errors) > 1:
        text += f" (worst {max(errors, key=abs):+.1%})"
    return text + (f", {contended} of {len(found)} {CONTENDED}" if contended else "")


def silently_wrong(found: list[Told]) -> str:
    """How often a number was over 5% off both quiet turns, and how far those were apart."""
    both = [(busy, quiet) for busy, quiet in found if all(quiet)]
    wrong = sum(
        busy is not None
        and not (1 - TOLERANCE) * min(quiet) <= busy <= (1 + TOLERANCE) * max(quiet)
        for busy, quiet in both
    )
    apart = max((max(quiet) / min(quiet) - 1 for _, quiet in both), default=0)
    return f"{wrong} of {len(found)} silently wrong; quiet turns up to {apart:.1%} apart"


def run(threads: int | None, rounds: int, seconds: float, sizes: list[int]) -> None:
    sessions = {n: runner.Session(load.factory(n), "cpu", threads=threads) for n in WORKLOADS}
    for session in sessions.values():
        session.steps(100)
    found: dict[tuple[str, int, str], list[Told]] = {}
    gave_way: Counter[tuple[str, int, str]] = Counter()
    told = f"{threads or DEFAULT_THREADS} threads" + ("" if threads else ", the default")
    for number in range(rounds):
        for name, session in sessions.items():
            for level in (0, 1, 2):
                print(
                    f"\r{told}, round {number + 1} of {rounds}: {name}, {level} busy "
                    "processes a core   ", end="", file=sys.stderr, flush=True,
                )  # fmt: skip
                told_then, one = turns(session, threads, level, seconds, sizes)
                for tool, value in told_then.items():
                    found.setdefault((name, level, tool), []).append(value)
                gave_way[name, level, "trainfare"] += one
    print(file=sys.stderr)
    print(f"\n{told}: error against a quiet turn in the same minute")
    for name in WORKLOADS:
        for level in (0, 1, 2):
            print(f"{name}, {level} busy processes a core")
            for (workload, at, tool), pairs in sorted(found.items()):
                if (workload, at) == (name, level):
                    ones = gave_way[name, level, tool]
                    more = f", {ones} of {rounds} with one thread" if ones else ""
                    print(f"    {tool:<26} {error_text(pairs)}{more}")
                    if tool == "trainfare":
                        print(f"    {'':<26} {silently_wrong(pairs)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each tool and turn")
    parser.add_argument("--threads", default="default,1", help="such as default,1")
    parser.add_argument("--block-steps", default="", help="such as 1,4,16; leaves the peers out")
    asked = parser.parse_args()
    sizes = [int(steps) for steps in asked.block_steps.split(",") if steps]
    for word in asked.threads.split(","):
        run(None if word == "default" else int(word), asked.rounds, asked.seconds, sizes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
