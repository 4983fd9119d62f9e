"""The clock: blocks of whole steps, and apart from them the spans inside a step."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from time import perf_counter_ns
from typing import Any, Protocol

from bench import stopping
from bench.disturbance import Block, Counters
from bench.workload import Workload


class _Nothing:
    """A span that is not timed; made once, so that a whole step costs no more than its work."""

    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        pass


_NOTHING = _Nothing()


def no_mark(_name: str) -> AbstractContextManager[None]:
    """The mark of a step that is timed as a whole: opens no span."""
    return _NOTHING


def time_steps(workload: Workload, steps: int) -> Block:
    """Run `steps` steps and wait for the device once, at the end. Counters are read outside."""
    step, synchronize = workload.step, workload.synchronize
    stopping.check()
    before = Counters.now()
    start = perf_counter_ns()
    for _ in range(steps):
        step(no_mark)
    synchronize()
    seconds = (perf_counter_ns() - start) / 1e9
    return before.block(seconds)


def time_spans(workload: Workload, steps: int, spans: "Spans") -> tuple[Block, dict[str, float]]:
    """Run `steps` steps with marks; returns the block and the seconds of each span in it."""
    stopping.check()
    before = Counters.now()
    start = perf_counter_ns()
    for _ in range(steps):
        workload.step(spans)
    workload.synchronize()
    seconds = (perf_counter_ns() - start) / 1e9
    return before.block(seconds), spans.take()


def time_call(function: Callable[[], object]) -> Block:
    """One call as a block, such as an evaluation; too long for the probes around it to tell."""
    stopping.check()
    before = Counters.now()
    start = perf_counter_ns()
    function()
    return before.block((perf_counter_ns() - start) / 1e9)._replace(probe_seconds=None)


class Spans(Protocol):
    """A mark that remembers how long each span took."""

    def __call__(self, name: str) -> AbstractContextManager[None]:
        """Open the span `name`."""

    def take(self) -> dict[str, float]:
        """Seconds by span since the last call; the device must have ended its work."""


class _HostSpan:
    __slots__ = ("name", "start", "totals")

    def __init__(self, name: str, totals: dict[str, int]) -> None:
        self.name, self.totals, self.start = name, totals, 0

    def __enter__(self) -> None:
        self.start = perf_counter_ns()

    def __exit__(self, *exc: object) -> None:
        self.totals[self.name] += perf_counter_ns() - self.start


class HostSpans:
    """Spans by the processor's clock: exact where every operation ends before it returns."""

    def __init__(self) -> None:
        self._totals: dict[str, int] = defaultdict(int)

    def __call__(self, name: str) -> AbstractContextManager[None]:
        """Open the span `name`; the same name again adds to it."""
        return _HostSpan(name, self._totals)

    def take(self) -> dict[str, float]:
        """Seconds by span since the last call."""
        taken = {name: total / 1e9 for name, total in self._totals.items()}
        self._totals.clear()
        return taken


def _cuda_event() -> Any:
    import torch

    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]


class _CudaSpan:
    __slots__ = ("events", "start")

    def __init__(self, events: list[tuple[Any, Any]]) -> None:
        self.events, self.start = events, _cuda_event()

    def __enter__(self) -> None:
        self.start.record()

    def __exit__(self, *exc: object) -> None:
        end = _cuda_event()
        end.record()
        self.events.append((self.start, end))


class CudaSpans:
    """Spans by events on the current CUDA stream, read after one synchronise a block.

    A span of host work such as loading counts only while the stream has nothing left to do:
    what overlaps with the device costs the step nothing.
    """

    def __init__(self) -> None:
        self._events: dict[str, list[tuple[Any, Any]]] = defaultdict(list)

    def __call__(self, name: str) -> AbstractContextManager[None]:
        """Open the span `name`."""
        return _CudaSpan(self._events[name])

    def take(self) -> dict[str, float]:
        """Seconds by span since the last call; the stream must be synchronised."""
        taken = {
            name: sum(start.elapsed_time(end) for start, end in pairs) / 1e3
            for name, pairs in self._events.items()
        }
        self._events.clear()
        return taken


def spans_for(device: str) -> Spans:
    """The spans that are right on `device`."""
    return CudaSpans() if device.startswith("cuda") else HostSpans()
