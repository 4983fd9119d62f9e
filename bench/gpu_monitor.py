"""One GPU watched between blocks: how busy, how fast, held down by what, shared with whom."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from bench import nvml
from results.records import GpuReading
from results.statistics import median

# Bits of NVML's clock event reasons (nvml.h) that mean the clock was held down. Those marked True
# come from outside the job: the block is disturbed. A power cap at full load is the GPU's own way.
THROTTLE_REASONS = {
    0x04: ("software power cap", False),
    0x08: ("hardware slowdown", True),
    0x10: ("clocks synchronised with other GPUs", True),
    0x20: ("software thermal slowdown", True),
    0x40: ("hardware thermal slowdown", True),
    0x80: ("hardware power brake", True),
}

_there_before: dict[int | None, frozenset[int]] = {}  # programs on each GPU, by its number


@dataclass
class Energy:
    """What a stretch of work drew; None where neither energy nor power is told."""

    joules: float | None = None


@dataclass
class GpuMonitor:
    """Reads one GPU between blocks; what the GPU does not tell stays unknown."""

    index: int | None  # None: no GPU is used, and none is read
    utilization_percent: list[float] = field(default_factory=list)
    power_watts: list[float] = field(default_factory=list)
    sm_clock_mhz: list[float] = field(default_factory=list)
    memory_used_bytes: list[float] = field(default_factory=list)
    other_processes: list[int] = field(default_factory=list)
    throttle_bits: int = 0  # all that were seen
    is_disturbed: bool = False  # slowed down from outside or shared, at the last reading

    def __post_init__(self) -> None:
        self._library = None if self.index is None else nvml.library()
        found = nvml.handles(self._library) if self._library else []
        self._handle = dict(enumerate(found)).get(-1 if self.index is None else self.index)
        # In a container process numbers tell nothing; but who is there before us is not us, unless
        # a user's file used the GPU when it was loaded. Once a program, for a second session of it
        # finds the first one's process there.
        before = frozenset(self._processes() or ()) - {os.getpid()}
        self._others = _there_before.setdefault(self.index, before)

    def poll(self) -> None:
        """Take one reading of each figure."""
        lib, handle = self._library, self._handle
        if lib is None or handle is None:
            return
        questions: tuple[tuple[list[float], Callable[[], float]], ...] = (
            (self.utilization_percent, lambda: lib.nvmlDeviceGetUtilizationRates(handle).gpu),
            (self.power_watts, lambda: lib.nvmlDeviceGetPowerUsage(handle) / 1000),
            (self.sm_clock_mhz, lambda: lib.nvmlDeviceGetClockInfo(handle, lib.NVML_CLOCK_SM)),
            (self.memory_used_bytes, lambda: lib.nvmlDeviceGetMemoryInfo(handle).used),
        )
        for readings, question in questions:
            answer = nvml.ask(lib, question)
            if answer is not None:
                readings.append(answer)
        bits = nvml.ask(lib, lambda: lib.nvmlDeviceGetCurrentClocksThrottleReasons(handle)) or 0
        self.throttle_bits |= bits
        others = self._count_others()
        held = any(bits & bit for bit, (_, outside) in THROTTLE_REASONS.items() if outside)
        self.is_disturbed = held or bool(others)

    def reading(self) -> GpuReading | None:
        """Medians over the readings; memory and processes the most seen. None without a GPU."""
        lib, handle = self._library, self._handle
        if lib is None or handle is None:
            return None
        used = self.memory_used_bytes
        return GpuReading(
            utilization_percent=_median(self.utilization_percent),
            power_watts=_median(self.power_watts),
            sm_clock_mhz=_median(self.sm_clock_mhz),
            memory_used_bytes=int(max(used)) if used else None,
            sm_clock_max_mhz=nvml.ask(
                lib, lambda: float(lib.nvmlDeviceGetMaxClockInfo(handle, lib.NVML_CLOCK_SM))
            ),
            throttle_reasons=tuple(
                name for bit, (name, _) in THROTTLE_REASONS.items() if self.throttle_bits & bit
            ),
            other_processes=max(self.other_processes) if self.other_processes else None,
        )

    @contextmanager
    def energy(self) -> Iterator[Energy]:
        """The energy of what runs inside: the GPU's own counter where it has one (Volta and later),
        else the power readings' mean times the time."""
        taken, readings, start = Energy(), len(self.power_watts), perf_counter()
        before = self._millijoules()
        try:
            yield taken
        finally:
            after = self._millijoules()
            watts = self.power_watts[readings:]
            if before is not None and after is not None:
                taken.joules = (after - before) / 1000
            elif watts:
                taken.joules = sum(watts) / len(watts) * (perf_counter() - start)

    def _millijoules(self) -> float | None:
        lib, handle = self._library, self._handle
        if lib is None or handle is None:
            return None
        return nvml.ask(lib, lambda: float(lib.nvmlDeviceGetTotalEnergyConsumption(handle)))

    def _processes(self) -> list[int] | None:
        lib, handle = self._library, self._handle
        if lib is None or handle is None:
            return None
        return nvml.ask(
            lib, lambda: [p.pid for p in lib.nvmlDeviceGetComputeRunningProcesses(handle)]
        )

    def _count_others(self) -> int:
        """Programs on the GPU that were there before this one, or came as a second since."""
        now: Any = self._processes()
        if now is None:
            return 0
        new = len(set(now) - self._others)
        others = len(set(now) & self._others) + max(0, new - 1)
        self.other_processes.append(others)
        return others


def _median(values: list[float]) -> float | None:
    return median(values) if values else None
