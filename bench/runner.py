"""The runner: one workload on one device, from warm-up to trained epochs, as one Run record."""

import math
from dataclasses import dataclass
from functools import partial
from time import perf_counter

from bench import clock, counting, crowded, epochs, stopping, torch_facts
from bench.disturbance import Block, Neighbours
from bench.findings import Findings
from bench.sampling import (
    PRECISION,
    Samples,
    Series,
    sample_in_turns,
    steps_per_block,
    warm_and_steady,
    warm_up,
)
from bench.session import STEP
from bench.session import Progress as Progress
from bench.session import Session as Session
from results.records import Measurement, Run

WARMUP_SHARE, SAMPLING_SHARE = 0.15, 0.4  # of --max-seconds; epochs get the rest
COLD_SECONDS = 0.0125  # after a pause, until steps are as fast as before
FIRST_STEPS, FIRST_SECONDS = 10, 0.1  # the fastest of the first steps tells how long a block is
EPOCH_PATIENCE = 1.2  # times what is left of it, after which an epoch is given up


def measure(
    session: Session,
    reference: str,
    max_seconds: float,
    precision: float = PRECISION,
    **identity: object,
) -> Run:
    """Measure step, phases, epoch starts and, where they fit into the time, whole epochs.

    Whole steps and spans are timed apart, in turns; the epochs are trained by a fresh workload,
    whose metrics are then taken. `max_seconds` bounds the timing, not building the workload.
    Ctrl-C ends it early: what was taken is returned as a partial run, unless there is no step yet.
    """
    torch_facts.reset_peak_memory(session.device)
    found = Findings(session, reference, identity, session.machine())
    try:
        try:
            _measure(found, max_seconds, precision)
        finally:  # an error may be one to which the signal led, as where workers have gone
            stopping.check()
    except KeyboardInterrupt:
        if not found.step.blocks:
            raise
        for samples in (found.step, found.spans):
            samples.stopped_because = "interrupted"
        return found.run(partial=True)
    return found.run()


def _measure(found: Findings, max_seconds: float, precision: float) -> None:
    session, started = found.session, perf_counter()
    take_steps(found, max_seconds, precision)
    epochs.epoch_starts(session, found.starts)
    left = max_seconds - (perf_counter() - started)  # counting, below, is no timing
    found.facts["peak_memory_bytes"] = torch_facts.peak_memory_bytes(session.device)
    spans = found.span_seconds[0] if found.span_seconds else {}
    if not spans or "forward" in spans:
        for name, count in (
            ("flops_per_step", counting.flops_per_step),
            ("bytes_per_step", counting.bytes_per_step),
        ):
            found.facts[name] = session.guarded(STEP, partial(count, session.workload))
    found.facts["gpu_busy_seconds"] = session.guarded(
        STEP, lambda: counting.gpu_busy_seconds(session.workload, session.device)
    )
    step_seconds = found.step_measurement().seconds.mid
    fitting = epochs.epochs_that_fit(session, step_seconds, left)
    if fitting:
        epochs.train(session, step_seconds, fitting, found.epochs, EPOCH_PATIENCE * left)
    if found.epochs.blocks:
        found.facts["metrics"] = evaluate(found)


def take_steps(found: Findings, max_seconds: float, precision: float) -> None:
    """Warm up, then take bursts of whole steps and of steps with spans in turns."""
    session = found.session
    settle(found, max_seconds)
    count = found.steps_per_block
    refill, before = Refill(session), session.steps_done
    series = [
        Series(lambda: session.steps(count), found.step, refill),
        Series(SpanBlocks(found), found.spans, refill),
    ]
    with session.monitor.energy() as energy:
        sample_in_turns(
            series, SAMPLING_SHARE * max_seconds, session.tick, precision,
            lambda share: session.progress("timing steps", 0.1 + 0.4 * share),
            _epoch_seconds(found),
        )  # fmt: skip
    found.facts["energy_joules"] = energy.joules
    if energy.joules is not None:
        found.facts["energy_steps"] = session.steps_done - before


def settle(found: Findings, max_seconds: float) -> None:
    """Warm up; threads that only wait for each other beside other programs give way to one
    (`bench.crowded`)."""
    session = found.session
    session.progress("warming up", 0)
    around = Neighbours.now()
    _warm_up(found, WARMUP_SHARE * max_seconds)
    others = around.others_processors(Neighbours.now())
    if crowded.is_crowded(session, found.warmup[1:] + found.step.blocks, others):
        found.facts["warnings"] = (crowded.use_one_thread(session),)
        found.here, found.step = session.machine(), Samples()
        _warm_up(found, WARMUP_SHARE * max_seconds)


def _epoch_seconds(found: Findings) -> float:
    """About how long an epoch lasts, by the last block of the warm-up."""
    last = (found.step.blocks or found.warmup)[-1].seconds
    return found.session.steps_per_epoch * last / found.steps_per_block


@dataclass
class Refill:
    """Steps after a pause that do not count: caches are cold, a loader's workers ran ahead."""

    session: Session

    def __call__(self) -> None:
        """Do steps for 12.5 ms, one at least, and as many as use up what was loaded ahead.

        Of a CNN's 4.5 ms steps the first after a pause took 24 to 56% longer, the second 3 to 17%,
        the third 1 to 8%; of an MLP's 0.3 ms steps those of the first 10 ms 1 to 4%.
        """
        ahead = getattr(self.session.workload, "prefetched_batches", 0)
        end, done = perf_counter() + COLD_SECONDS, 0
        while done < max(1, ahead) or perf_counter() < end:
            self.session.steps(1)
            done += 1


@dataclass
class SpanBlocks:
    """Blocks of steps with spans, whose seconds are put beside the blocks that are kept."""

    found: Findings

    def __post_init__(self) -> None:
        self._spans = clock.spans_for(self.found.session.device)

    def __call__(self) -> Block:
        """One block; the seconds of its spans are kept with it (see `Findings.spans`)."""
        found = self.found
        block, seconds = found.session.steps_with_spans(found.steps_per_block, self._spans)
        del found.span_seconds[len(found.spans.blocks) :]  # of blocks that were not kept
        found.span_seconds.append(seconds)
        return block


def _warm_up(found: Findings, max_seconds: float) -> None:
    session = found.session
    first: list[Block] = []
    blocks: list[Block] = []
    count = found.steps_per_block = 1
    try:
        first.append(session.steps(1))
        first.append(session.steps(1))
        end = perf_counter() + FIRST_SECONDS
        while len(first) < FIRST_STEPS and perf_counter() < end:
            first.append(session.steps(1))
        fastest = min(block.seconds for block in first[1:])
        count = found.steps_per_block = steps_per_block(session.is_gpu, fastest)
        warm_up(lambda: session.steps(count), max_seconds, session.tick, blocks)
    finally:  # Ctrl-C keeps what was taken; of a slow workload that is much after few steps
        if not blocks:
            count = found.steps_per_block = 1
            first, blocks = first[:1], first[1:]
        warm, steady = warm_and_steady(blocks)
        found.warmup = first + warm
        found.warmup_steps = len(first) + count * len(warm)
        if steady:
            found.step.blocks.extend(steady)
            found.step.bursts.append(len(steady))


def measure_step(session: Session, max_seconds: float, precision: float = PRECISION) -> Measurement:
    """Warm up, then take bursts of whole steps until they are precise or time is up."""
    found = Findings(session, "", {}, session.machine())
    _warm_up(found, WARMUP_SHARE * max_seconds)
    count = found.steps_per_block
    series = Series(lambda: session.steps(count), found.step, Refill(session))
    sample_in_turns([series], (1 - WARMUP_SHARE) * max_seconds, session.tick, precision)
    return found.step_measurement()


def evaluate(found: Findings) -> tuple[tuple[str, float], ...]:
    """What the workload's own evaluation says of the trained model, and how long it took; nothing
    if it has none."""
    session = found.session
    own = getattr(session.workload, "evaluate", None)
    if own is None:
        return ()
    session.progress("evaluating", 1.0)
    scores: dict[str, float] = {}

    def score() -> None:
        scores.update((str(name), float(value)) for name, value in own().items())

    block = session.guarded("evaluate() of", lambda: clock.time_call(score))
    if scores:
        found.evaluation.blocks.append(block)
        found.evaluation.stopped_because = "count"
    # A diverged model's NaN is no figure: it is left out, so the metric is unknown.
    return tuple((name, value) for name, value in scores.items() if math.isfinite(value))
