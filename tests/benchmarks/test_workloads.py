"""`pytest --benchmark-only`: forward, backward, step and epoch of the three workloads, timed once.

Every round is one of trainfare's own blocks; pytest-benchmark reads its clock, so its table, its
saved files and trainfare's tables show the same samples.
"""

import dataclasses

import pytest

from bench import clock, load, nvml, runner
from bench.disturbance import Block, disturbed, find_threads
from bench.findings import describe
from bench.sampling import steps_per_block
from results.records import Measurement, Run
from results.store import new_id, utc_now

DEVICES = ["cpu", *(f"cuda:{i}" for i in range(nvml.gpu_count()))]
PHASES = ("load", "forward", "backward", "step", "epoch")
SECONDS, MIN_ROUNDS, MAX_ROUNDS, EPOCHS = 2.0, 20, 1000, 3


@dataclasses.dataclass
class PhaseClock:
    """A timer for pytest-benchmark that advances by the seconds that one phase took in a block."""

    session: runner.Session
    phase: str
    steps: int = 1
    blocks: list[Block] = dataclasses.field(default_factory=list)
    seconds: list[float] = dataclasses.field(default_factory=list)
    total: float = 0.0

    def __call__(self) -> float:
        return self.total

    def round(self) -> None:
        if self.phase in ("step", "epoch"):
            block = self.session.steps(self.steps)
            seconds = block.seconds
        else:
            block, spans = clock.time_spans(self.session.workload, self.steps, self._spans())
            seconds = spans[self.phase]
        self.blocks.append(block)
        self.seconds.append(seconds)
        self.total += seconds if self.phase == "epoch" else seconds / self.steps

    def _spans(self):
        return clock.spans_for(self.session.device)


@pytest.fixture(scope="module", params=[(w, d) for d in DEVICES for w in ("mlp", "cnn", "rnn")],
                ids=lambda p: "-".join(p))  # fmt: skip
def session(request):
    workload, device = request.param
    made = runner.Session(load.factory(workload), device)
    made.reference = workload
    return made


@pytest.fixture(scope="module")
def step_seconds(session):
    """Seconds of a warm step, from which rounds and block lengths follow."""
    session.steps(10)
    return session.steps(5).seconds / 5


@pytest.mark.parametrize("phase", PHASES)
def test_phase(benchmark, session, step_seconds, phase, keep):
    is_epoch = phase == "epoch"
    timer = PhaseClock(session, phase, _steps(session, step_seconds, is_epoch))
    # The fixture asks for its timer by a mark, before the session is known; see the README of
    # pytest-benchmark on `timer`.
    benchmark._timer = timer
    block_seconds = step_seconds * timer.steps
    rounds = EPOCHS if is_epoch else _between(MIN_ROUNDS, SECONDS / block_seconds, MAX_ROUNDS)
    warmup = 0 if is_epoch else min(5, rounds)
    benchmark.group = f"{session.reference} on {session.device}"
    find_threads()
    benchmark.pedantic(timer.round, rounds=rounds, iterations=1, warmup_rounds=warmup)
    if benchmark.stats is None:  # --benchmark-disable: run once, nothing timed
        return
    measured = _measurement(timer, warmup, session)
    assert measured.sample_seconds
    assert len(benchmark.stats.stats.data) == len(measured.block_seconds) == rounds
    shown = sum(benchmark.stats.stats.data)
    kept = sum(measured.block_seconds) / measured.steps_per_block
    assert shown == pytest.approx(kept, rel=1e-6)
    keep(_run(session), measured)


def _steps(session, step_seconds, is_epoch):
    if is_epoch:
        return session.steps_per_epoch
    return steps_per_block(session.is_gpu, step_seconds)


def _between(low, value, high):
    return max(low, min(high, int(value)))


def _measurement(timer, warmup, session) -> Measurement:
    is_epoch = timer.phase == "epoch"
    workload = session.workload
    return Measurement(
        phase=timer.phase,
        block_seconds=tuple(timer.seconds[warmup:]),
        disturbed=disturbed(timer.blocks[warmup:]),
        steps_per_block=1 if is_epoch else timer.steps,
        samples_per_repeat=workload.samples_per_epoch if is_epoch else workload.samples_per_step,
        warmup_seconds=tuple(timer.seconds[:warmup]),
    )


def _run(session) -> Run:
    return Run(
        run_id=new_id(session.reference),
        captured_at=utc_now(),
        workload=describe(session.workload, session.reference),
        machine=session.machine(),
        measurements=(),
    )
