"""One prepared workload and what is needed to time it; what a user's code does wrong ends here."""

import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import TypeVar, get_args

from bench import clock, machine, torch_facts
from bench.disturbance import Block
from bench.gpu_monitor import GpuMonitor
from bench.importing import first_line, own_place
from bench.workload import Workload
from results.errors import UsageError
from results.records import Machine, WorkloadPrecision

T = TypeVar("T")
Make = Callable[[], Workload]
Progress = Callable[[str, float], None]  # what is going on, share of it done

POLL_SECONDS = 0.2
STEP = "a training step of"
# As CUDA, torch on the CPU, and cuBLAS and cuDNN say it, for whose workspace nothing was left.
OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "status_alloc_failed")


class OutOfMemoryError(UsageError):
    """The workload does not fit into the device's memory."""


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
        # Before the workload: what is on the GPU by now belongs to others.
        self.monitor = GpuMonitor(int(self.device.split(":")[1]) if self.is_gpu else None)
        self._polled = 0.0
        self.steps_done = 0  # timed steps since the session began
        self.prepare()

    @property
    def is_gpu(self) -> bool:
        """Whether the device is a GPU."""
        return self.device != "cpu"

    def prepare(self) -> None:
        """A fresh workload from the same seed; the old one is let go first. Raises UsageError."""
        self.release()
        torch_facts.use_device(self.device)
        torch_facts.seed(self.seed)
        made = self.make()
        try:
            made.prepare(self.device, self.batch_size, self.threads)
            _check_counts(made)
            _check_precision(made)
        except UsageError:
            raise
        except (Exception, SystemExit) as error:  # whatever a user's own code raises
            raise problem("preparing", made, error) from error
        self.workload = made

    def release(self) -> None:
        """Let the workload go, and its memory."""
        had = self.__dict__.pop("workload", None) is not None
        if had or self.is_gpu:  # on a GPU the workload of another session may still lie there
            gc.collect()
        torch_facts.empty_cache(self.device)

    def guarded(self, doing: str, call: Callable[[], T]) -> T:
        """What `call`, which goes into the user's code, returns. Raises UsageError where it
        raises."""
        try:
            return call()
        except (Exception, SystemExit) as error:
            raise problem(doing, self.workload, error) from error

    def steps(self, count: int) -> Block:
        """A block of `count` whole steps. Raises UsageError where the user's step raises."""
        block = self.guarded(STEP, lambda: clock.time_steps(self.workload, count))
        return self._counted(block, count)

    def steps_with_spans(self, count: int, spans: clock.Spans) -> tuple[Block, dict[str, float]]:
        """A block of `count` steps with marks and the seconds of each span. Raises as `steps`."""
        timed = self.guarded(STEP, lambda: clock.time_spans(self.workload, count, spans))
        return self._counted(timed[0], count), timed[1]

    def _counted(self, block: Block, count: int) -> Block:
        self.steps_done += count
        if self.is_gpu:  # a block is long there, and mostly waits
            block = block._replace(probe_seconds=None)
        return block._replace(foreign=True) if self.monitor.is_disturbed else block

    def tick(self) -> None:
        """Between blocks: ask the GPU how it does, at most five times a second."""
        now = perf_counter()
        if now - self._polled >= POLL_SECONDS:
            self._polled = now
            self.monitor.poll()

    def first_step(self) -> Block:
        """A block of what begins an epoch: its start and its first step, which loads first."""
        begin = getattr(self.workload, "start_epoch", None)
        if begin is None:
            return self.steps(1)
        block = self.guarded("start_epoch() of", lambda: clock.time_call(begin))
        return block.plus(self.steps(1))

    def machine(self) -> Machine:
        """The machine as it is now."""
        here = machine.capture(self.device, self.threads or torch_facts.threads())
        return torch_facts.with_cuda_version(here)

    @property
    def steps_per_epoch(self) -> int:
        """ceil(samples per epoch / (samples per step × processes))."""
        samples_per_step = self.workload.samples_per_step * self.processes
        return -(-self.workload.samples_per_epoch // samples_per_step)


def _check_counts(workload: Workload) -> None:
    """Both counts are known after `prepare`; every rate and every cost rests on them."""
    for name in ("samples_per_step", "samples_per_epoch"):
        count = getattr(workload, name, None)
        if type(count) is not int or count < 1:
            raise TypeError(f"{name} must be a positive int after prepare(), it is {count!r}")


def problem(doing: str, workload: object, error: BaseException) -> UsageError:
    """One sentence on an exception from a user's own code; memory that ran out is told apart."""
    name = getattr(workload, "name", type(workload).__name__)
    told = any(words in str(error).lower() for words in OUT_OF_MEMORY)
    if told or isinstance(error, MemoryError):  # Python's own, and numpy's
        return OutOfMemoryError(
            f"{name} does not fit into the device's memory. Try a smaller --batch-size."
        )
    text = first_line(error)
    what = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return UsageError(
        f"{name}: {doing} the workload failed{own_place(error)} with {what}. Mend the workload and "
        "try again."
    )


def _check_precision(workload: Workload) -> None:
    known, given = get_args(WorkloadPrecision), getattr(workload, "precision", "fp32")
    if given not in known:
        raise UsageError(
            f"The workload's precision is {given!r}; expected one of {', '.join(known)}."
        )
