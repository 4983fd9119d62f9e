"""What a time is worth while something else is busy: trainfare beside two peers, same function.

    python benchmarks/disturbance.py [--rounds 3] [--seconds 1] [--threads default,1]
                                     [--block-steps 1,4,16]

Beside 0, 1 and 2 busy processes per core, one training step of the MLP, RNN and CNN is timed by

  trainfare        as `trainfare measure` does: the time of its undisturbed blocks on a core that is
                   not slow, or its verdict `contended`. Where it went over to one thread it says
                   so;
  pytest-benchmark the mean and the median of its rounds;
  torch            `torch.utils.benchmark.Timer.blocked_autorange`, median.

The peers are held against a quiet turn of the same minute. trainfare's bursts are taken in turns
with quiet ones, for which the busy processes are held: a virtual machine's own speed can move by a
third within seconds, and a tenth of a second lies between the two. Printed is the median over the
rounds of the error, and the largest; where trainfare is over 5% off and did not call it contended,
it is silently wrong. With nothing busy its two figures are of one thing: what lies between them is
what the machine leaves uncertain. `--block-steps` shows the same for longer blocks.
"""

import argparse
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch.utils.benchmark import Timer

from bench import clock, load, machine, runner
from bench.findings import Findings
from bench.sampling import Samples, Series, sample_in_turns
from results.statistics import median

DEFAULT_THREADS = torch.get_num_threads()
WORKLOADS = ("mlp", "rnn", "cnn")
CONTENDED = "contended"
TOLERANCE = 0.05
MAX_SECONDS = 60  # what `measure` takes at most by default; its sampling takes a share of it
# Seconds that a tool told beside busy processes (None: it says that it can't tell), and quiet ones.
Told = tuple[float | None, float]


class Busy(list[subprocess.Popen[bytes]]):
    """Endless loops, which can be held."""

    def hold(self) -> None:
        self._send(signal.SIGSTOP)

    def go_on(self) -> None:
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        for process in self:
            process.send_signal(number)


@contextmanager
def busy_processes(per_core: int):
    """That many endless loops a core, ended whatever happens."""
    command = [sys.executable, "-c", "while True: pass"]
    count = per_core * machine.usable_cpu_count()
    started = Busy(subprocess.Popen(command) for _ in range(count))
    try:
        time.sleep(0.2)
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()


def ours(session: runner.Session, busy: Busy, steps: int | None) -> Told:
    """The step as `measure` takes it beside the busy processes, and quiet in the same moments; None
    where contended. `steps`: how many a block has, instead of as many as `measure` takes."""
    found, quiet = (Findings(session, "", {}, session.machine()) for _ in range(2))
    runner.settle(found, MAX_SECONDS)
    found.step = Samples()  # the blocks of the warm-up have no quiet ones beside them
    found.steps_per_block = quiet.steps_per_block = steps or found.steps_per_block
    refill = runner.Refill(session)

    def bursts(found: Findings, before: Callable[[], None]) -> Series:
        run_block = partial(session.steps, found.steps_per_block)
        return Series(run_block, found.step, lambda: (before(), refill()))

    series = [bursts(found, busy.go_on), bursts(quiet, busy.hold)]
    sample_in_turns(series, runner.SAMPLING_SHARE * MAX_SECONDS, session.tick)
    busy.go_on()
    beside = found.step_measurement()
    # By the same statistic and the same probes, or blocks of two speeds would come out as a
    # difference.
    alone = quiet.step.measurement("step", found.step.blocks, steps_per_block=quiet.steps_per_block)
    bursts_told = replace(alone, others_processors=beside.others_processors).by_bursts
    mid = bursts_told.mid / alone.steps_per_block if bursts_told else alone.seconds.mid
    return beside.seconds.mid if beside.verdict == "quiet" else None, mid


def peers(step, seconds: float) -> dict[str, float]:
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
    """A turn beside busy processes, and whether it went over to one thread."""
    set_threads(session, threads)

    def step() -> None:
        session.workload.step(clock.no_mark)

    quiet = {} if sizes else peers(step, seconds)
    with busy_processes(level) as busy:
        told = {} if sizes else {t: (v, quiet[t]) for t, v in peers(step, seconds).items()}
        for size in sizes or (None,):
            name = f"trainfare, blocks of {size}" if size else "trainfare"
            told[name] = ours(session, busy, size)
    return told, session.threads != threads


def error_text(found: list[Told]) -> str:
    """Median error of what was told, the largest, and how often it was called contended."""
    errors = [busy / quiet - 1 for busy, quiet in found if busy is not None]
    if not errors:
        return CONTENDED
    text = f"{median(errors):+9.1%}"
    if len(errors) > 1:
        text += f" (worst {max(errors, key=abs):+.1%})"
    contended = len(found) - len(errors)
    return text + (f", {contended} of {len(found)} {CONTENDED}" if contended else "")


def silently_wrong(found: list[Told]) -> str:
    """How often a number was over 5% off and not called contended."""
    wrong = sum(busy is not None and abs(busy / quiet - 1) > TOLERANCE for busy, quiet in found)
    return f"{wrong} of {len(found)} silently wrong"


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
    print(f"\n{told}: error against quiet turns in the same minute")
    for name in WORKLOADS:
        for level in (0, 1, 2):
            print(f"{name}, {level} busy processes a core")
            for (workload, at, tool), pairs in sorted(found.items()):
                if (workload, at) == (name, level):
                    ones = gave_way[name, level, tool]
                    more = f", {ones} of {rounds} with one thread" if ones else ""
                    print(f"    {tool:<26} {error_text(pairs)}{more}")
                    if tool.startswith("trainfare"):
                        print(f"    {'':<26} {silently_wrong(pairs)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each peer and turn")
    parser.add_argument("--threads", default="default,1", help="such as default,1")
    parser.add_argument("--block-steps", default="", help="such as 1,4,16; leaves the peers out")
    asked = parser.parse_args()
    sizes = [int(steps) for steps in asked.block_steps.split(",") if steps]
    for word in asked.threads.split(","):
        run(None if word == "default" else int(word), asked.rounds, asked.seconds, sizes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
