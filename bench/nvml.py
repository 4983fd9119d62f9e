"""What NVIDIA's management library says of the GPUs; on a machine without one, nothing."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from results.records import GpuReading
from results.statistics import median

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GpuInfo:
    """One GPU as the driver names it."""

    name: str
    memory_bytes: int | None
    driver_version: str | None


def _library() -> Any | None:
    """The started library, or None without a driver. Starting it twice is harmless."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml


def _handles(library: Any) -> list[Any]:
    """Handles of the GPUs that this process may use, in the order in which torch counts them."""
    handles = [library.nvmlDeviceGetHandleByIndex(i) for i in range(library.nvmlDeviceGetCount())]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return handles
    chosen = []
    for name in visible.split(","):
        # As the CUDA runtime does: the first name that is no device ends the list.
        if name.strip().isdigit() and int(name) < len(handles):
            chosen.append(handles[int(name)])
            continue
        found = [
            h for h in handles if name and _text(library.nvmlDeviceGetUUID(h)).startswith(name)
        ]
        if len(found) != 1:
            break
        chosen.append(found[0])
    return chosen


def gpu_count() -> int:
    """How many NVIDIA GPUs this process may use; 0 without a driver."""
    library = _library()
    return len(_handles(library)) if library else 0


def gpu_info(index: int) -> GpuInfo | None:
    """Name, memory and driver of GPU `index`, or None where there is no such GPU."""
    library = _library()
    handles = _handles(library) if library else []
    if library is None or index >= len(handles):
        return None
    return GpuInfo(
        _text(library.nvmlDeviceGetName(handles[index])),
        _ask(library, lambda: int(library.nvmlDeviceGetMemoryInfo(handles[index]).total)),
        _ask(library, lambda: _text(library.nvmlSystemGetDriverVersion())),
    )


@dataclass
class GpuMonitor:
    """Reads one GPU between blocks; what the GPU does not tell stays unknown."""

    index: int | None  # None: no GPU is used, and none is read
    utilization_percent: list[float] = field(default_factory=list)
    power_watts: list[float] = field(default_factory=list)
    sm_clock_mhz: list[float] = field(default_factory=list)
    memory_used_bytes: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._library = None if self.index is None else _library()
        handles = _handles(self._library) if self._library else []
        self._handle = dict(enumerate(handles)).get(-1 if self.index is None else self.index)

    def poll(self) -> None:
        """Take one reading of each figure."""
        nv, handle = self._library, self._handle
        if nv is None or handle is None:
            return
        questions: tuple[tuple[list[float], Callable[[], float]], ...] = (
            (self.utilization_percent, lambda: nv.nvmlDeviceGetUtilizationRates(handle).gpu),
            (self.power_watts, lambda: nv.nvmlDeviceGetPowerUsage(handle) / 1000),
            (self.sm_clock_mhz, lambda: nv.nvmlDeviceGetClockInfo(handle, nv.NVML_CLOCK_SM)),
            (self.memory_used_bytes, lambda: nv.nvmlDeviceGetMemoryInfo(handle).used),
        )
        for readings, question in questions:
            answer = _ask(nv, question)
            if answer is not None:
                readings.append(answer)

    def reading(self) -> GpuReading | None:
        """Medians over the readings; memory is the largest seen. None without a GPU."""
        if self._handle is None:
            return None
        used = self.memory_used_bytes
        return GpuReading(
            utilization_percent=_median(self.utilization_percent),
            power_watts=_median(self.power_watts),
            sm_clock_mhz=_median(self.sm_clock_mhz),
            memory_used_bytes=int(max(used)) if used else None,
        )


def _median(values: list[float]) -> float | None:
    return median(values) if values else None


def _ask(library: Any, question: Callable[[], T]) -> T | None:
    with suppress(library.NVMLError):  # not every GPU answers every question
        return question()
    return None


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
