"""The runner: one workload on one device, from warm-up to trained epochs, as one Run record."""

import gc
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter

from bench import clock, machine, torch_facts
from bench.disturbance import Block, disturbed
from bench.nvml import GpuMonitor
from bench.sampling import Samples, sample, steps_per_block, warm_up
from bench.workload import Workload
from results.errors import UsageError
from results.records import Machine, Measurement, Run
from results.records import Workload as WorkloadRecord
from results.store import new_id, utc_now

Make = Callable[[], Workload]
Progress = Callable[[str, float], None]  # what is going on, share of it done

EPOCHS, MAX_EPOCHS, SHORT_EPOCHS_SECONDS = 3, 30, 2.0
WARMUP_SHARE, STEP_SHARE, SPAN_SHARE = 0.15, 0.25, 0.2  # of --max-seconds; epochs get the rest
POLL_SECONDS = 0.2
OUT_OF_MEMORY = ("out of memory", "can't allocate memory")  # as CUDA and the CPU say it
CHUNK_SECONDS = 0.5  # an epoch is timed in chunks, so that progress is shown between them


def _silent(_text: str, _share: float) -> None:
    """No progress is shown."""


@dataclass
class Session:
    """One prepared workload and what is needed to time it."""

    make: Make
    device: str
    batch_size: int | None = None
    threads: int | None = None
    seed: int = 0
    processes: int = 1  # of a data-parallel job
    progress: Progress = _silent
    workload: Workload = field(init=False)

    def __post_init__(self) -> None:
        self.monitor = GpuMonitor(int(self.device.split(":")[1]) if self.is_gpu else None)
        self._polled = 0.0
        self.prepare()

    @property
    def is_gpu(self) -> bool:
        """Whether the device is a GPU."""
        return self.device != "cpu"

    def prepare(self) -> None:
        """A fresh workload from the same seed; the old one is let go first. Raises UsageError."""
        self.__dict__.pop("workload", None)
        gc.collect()
        torch_facts.seed(self.seed)
        made = self.make()
        try:
            made.prepare(self.device, self.batch_size, self.threads)
            _check_counts(made)
        except UsageError:
            raise
        except Exception as error:  # whatever a user's own code raises
            raise UsageError(failed("preparing", made, error)) from error
        self.workload = made

    def steps(self, count: int) -> Block:
        """A block of `count` whole steps. Raises UsageError where the user's step raises."""
        try:
            return clock.time_steps(self.workload, count)
        except Exception as error:
            raise UsageError(failed("a training step of", self.workload, error)) from error

    def tick(self) -> None:
        """Between blocks: ask the GPU how it does, at most five times a second."""
        now = perf_counter()
        if now - self._polled >= POLL_SECONDS:
            self._polled = now
            self.monitor.poll()


def _check_counts(workload: Workload) -> None:
    """Both counts are known after `prepare`; every rate and every cost rests on them."""
    for name in ("samples_per_step", "samples_per_epoch"):
        count = getattr(workload, name, None)
        if type(count) is not int or count < 1:
            raise TypeError(f"{name} must be a positive int after prepare(), it is {count!r}")


def failed(doing: str, workload: object, error: Exception) -> str:
    """One sentence on an exception from a user's own code."""
    name = getattr(workload, "name", type(workload).__name__)
    text = str(error).strip().splitlines()
    what = f"{type(error).__name__}: {text[0][:200]}" if text else type(error).__name__
    if any(words in str(error).lower() for words in OUT_OF_MEMORY):
        return f"{name} does not fit into the device's memory. Try a smaller --batch-size."
    return f"{name}: {doing} the workload failed with {what}. Mend the workload and try again."


def measure(session: Session, reference: str, max_seconds: float, **identity: object) -> Run:
    """Measure step, phases and, where they fit into the time, whole epochs.

    Whole steps and spans are timed apart; the epochs are trained by a fresh workload, whose
    metrics are then taken. `max_seconds` bounds the timing, not building the workload.
    """
    torch_facts.reset_peak_memory(session.device)
    here = this_machine(session)
    started = perf_counter()
    step = measure_step(session, max_seconds)
    phases = measure_spans(session, step, SPAN_SHARE * max_seconds)
    peak, flops = torch_facts.peak_memory_bytes(session.device), None
    if not phases or any(m.phase == "forward" for m in phases):
        flops = torch_facts.flops_per_step(session.workload)
    left = max_seconds - (perf_counter() - started)
    fitting = epochs_that_fit(session, step.seconds.mid, left)
    epochs = measure_epochs(session, step.seconds.mid, fitting)
    metrics = metrics_of(session) if epochs else ()
    return Run(
        run_id=new_id(getattr(session.workload, "name", "run")),
        captured_at=utc_now(),
        workload=describe(session.workload, reference, **identity),
        machine=here,
        measurements=(*phases, step, *((epochs,) if epochs else ())),
        peak_memory_bytes=peak,
        flops_per_step=flops,
        gpu=session.monitor.reading(),
        epochs_trained=len(epochs.block_seconds) if epochs else 0,
        metrics=metrics,
    )


def this_machine(session: Session) -> Machine:
    """The machine as it is when the run begins."""
    here = machine.capture(session.device, session.threads or torch_facts.threads())
    return replace(here, cuda_version=torch_facts.cuda_version() if session.is_gpu else None)


def measure_step(session: Session, max_seconds: float) -> Measurement:
    """Warm up, then take blocks of whole steps."""
    session.progress("warming up", 0)
    first = session.steps(1)
    count = steps_per_block(session.is_gpu, session.steps(1).seconds)
    warmup = [
        first,
        *warm_up(lambda: session.steps(count), WARMUP_SHARE * max_seconds, session.tick),
    ]
    session.progress("timing steps", 0.1)
    taken = sample(lambda: session.steps(count), STEP_SHARE * max_seconds, session.tick)
    return to_measurement("step", taken, session.workload, count, warmup)


def measure_spans(session: Session, step: Measurement, max_seconds: float) -> list[Measurement]:
    """Take blocks with spans; one measurement a span, none where the workload opens none."""
    session.progress("timing phases", 0.3)
    spans = clock.spans_for(session.device)
    count = step.steps_per_block
    seen: dict[str, list[float]] = {}

    def run_block() -> Block:
        block, seconds = clock.time_spans(session.workload, count, spans)
        for name, value in seconds.items():
            seen.setdefault(name, []).append(value)
        return block

    taken = sample(run_block, max_seconds, session.tick)
    bad = disturbed(taken.blocks)
    return [
        Measurement(
            phase=name,
            block_seconds=tuple(values),
            disturbed=bad,
            steps_per_block=count,
            samples_per_repeat=session.workload.samples_per_step,
            stopped_because=taken.stopped_because,
        )
        for name, values in seen.items()
        if len(values) == len(bad)  # a span that only some steps open has no time a step
    ]


def measure_epochs(session: Session, step_seconds: float, count: int) -> Measurement | None:
    """Train `count` whole epochs from a fresh start; None for a count of 0.

    Under data parallelism an epoch is shared: every process does its part of the steps.
    """
    if count < 1:
        return None
    session.prepare()
    samples = Samples(stopped_because="count")
    for done in range(count):
        samples.blocks.append(_epoch(session, step_seconds, done, count))
    return to_measurement("epoch", samples, session.workload, 1, [])


def epochs_that_fit(session: Session, step_seconds: float, max_seconds: float) -> int:
    """How many whole epochs fit into the time: three, or of short ones as many as fill 2 s."""
    epoch_seconds = steps_per_epoch(session) * step_seconds
    wanted = min(MAX_EPOCHS, max(EPOCHS, int(SHORT_EPOCHS_SECONDS / epoch_seconds)))
    return min(wanted, int(max_seconds / epoch_seconds))


def steps_per_epoch(session: Session) -> int:
    """ceil(samples per epoch / (samples per step × processes))."""
    samples_per_step = session.workload.samples_per_step * session.processes
    return -(-session.workload.samples_per_epoch // samples_per_step)


def _epoch(session: Session, step_seconds: float, done: int, count: int) -> Block:
    """One epoch as the sum of its chunks; progress is shown between them, off the clock."""
    steps = steps_per_epoch(session)
    chunk = max(1, round(CHUNK_SECONDS / step_seconds))
    whole = Block(0.0, 0.0, 0)
    for start in range(0, steps, chunk):
        session.progress(f"epoch {done + 1} of {count}", 0.4 + 0.6 * (done + start / steps) / count)
        whole = whole.plus(session.steps(min(chunk, steps - start)))
        session.tick()
    return whole


def to_measurement(
    phase: str, taken: Samples, workload: Workload, count: int, warmup: list[Block]
) -> Measurement:
    """Blocks as a record; `step` and `epoch` know how many samples one repeat holds."""
    whole_epoch = phase == "epoch"
    return Measurement(
        phase=phase,
        block_seconds=tuple(b.seconds for b in taken.blocks),
        disturbed=disturbed(taken.blocks),
        steps_per_block=count,
        samples_per_repeat=workload.samples_per_epoch if whole_epoch else workload.samples_per_step,
        warmup_seconds=tuple(b.seconds for b in warmup),
        stopped_because=taken.stopped_because,
    )


def describe(workload: Workload, reference: str, **more: object) -> WorkloadRecord:
    """The record of a prepared workload; what it does not tell is unknown."""
    return WorkloadRecord(
        name=str(getattr(workload, "name", reference)),
        reference=reference,
        model=str(getattr(workload, "model_name", type(workload).__name__)),
        input_shape=tuple(getattr(workload, "input_shape", ())),
        batch_size=workload.samples_per_step,
        precision=getattr(workload, "precision", "fp32"),
        samples_per_epoch=workload.samples_per_epoch,
        sample_unit=str(getattr(workload, "sample_unit", "sample")),
        parameter_count=getattr(workload, "parameter_count", None),
        data_note=getattr(workload, "data_note", None),
        **more,  # type: ignore[arg-type]
    )


def metrics_of(session: Session) -> tuple[tuple[str, float], ...]:
    """What the workload's own evaluation says of the trained model; nothing if it has none."""
    evaluate = getattr(session.workload, "evaluate", None)
    if evaluate is None:
        return ()
    session.progress("evaluating", 1.0)
    try:
        found: Mapping[str, float] = evaluate()
    except Exception as error:
        raise UsageError(failed("evaluating", session.workload, error)) from error
    # A diverged model's NaN is no figure: it is left out, so the metric is unknown.
    scores = ((str(name), float(value)) for name, value in found.items())
    return tuple((name, value) for name, value in scores if math.isfinite(value))
