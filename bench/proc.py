"""What Linux's /proc counts: time spent waiting for a processor, stolen time, peak memory.

On other systems every figure is unknown (None) and the callers fall back on less.
"""

import multiprocessing
import os
import resource
import sys
import time
from contextlib import suppress
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
STEAL_READ_NANOSECONDS = 10_000_000  # /proc/stat counts in ticks of 10 ms: no use to ask sooner
_STEAL_FIELD = 8  # `cpu user nice system idle iowait irq softirq steal …`, see proc(5)


class RunQueue:
    """How long the threads of this process were ready to run but had no processor, in all.

    `/proc/self/task/*/schedstat`, second field, nanoseconds (Documentation/scheduler/
    sched-stats.rst). Unlike switches it says what a disturbance cost.
    """

    def __init__(self) -> None:
        self._files: list[int] = []

    def refresh(self) -> None:
        """Find the threads anew: pools start threads in their first steps."""
        for file in self._files:
            os.close(file)
        self._files = []
        for path in sorted(Path("/proc/self/task").glob("*/schedstat")):
            with suppress(OSError):  # the thread has ended since
                self._files.append(os.open(path, os.O_RDONLY))

    def wait_nanoseconds(self) -> int | None:
        """The sum over all threads found; None where the kernel does not count it."""
        if not self._files:
            return None
        total = 0
        for file in self._files:
            with suppress(OSError, IndexError):  # a thread that has ended waits no more
                total += int(os.pread(file, 64, 0).split()[1])
        return total


class Steal:
    """Time that the hypervisor gave to other machines, over all processors; read at most every
    10 ms, which is as fine as it is counted."""

    def __init__(self) -> None:
        self._read_at = 0
        self._seconds: float | None = None

    def seconds(self) -> float | None:
        """Stolen seconds since the machine started; None where it is not counted."""
        now = time.monotonic_ns()
        if now - self._read_at >= STEAL_READ_NANOSECONDS:
            self._read_at = now
            self._seconds = _steal_seconds()
        return self._seconds


def _steal_seconds() -> float | None:
    ticks = _cpu_ticks()
    return ticks[_STEAL_FIELD - 1] / TICKS_PER_SECOND if len(ticks) >= _STEAL_FIELD else None


def busy_seconds() -> float | None:
    """Processor time that everything on the machine has used so far, all processors; in ticks of
    10 ms. None where it is not counted."""
    ticks = _cpu_ticks()
    if len(ticks) < 7:
        return None
    user, nice, system, _idle, _iowait, irq, softirq = ticks[:7]
    return (user + nice + system + irq + softirq) / TICKS_PER_SECOND


def _cpu_ticks() -> list[int]:
    """The first line of /proc/stat, see proc(5); nothing without Linux."""
    try:
        with Path("/proc/stat").open("rb", buffering=0) as file:
            return [int(field) for field in file.read(256).split(b"\n")[0].split()[1:]]
    except (OSError, ValueError):
        return []


def children_cpu_seconds() -> float | None:
    """Processor time that the living child processes have used so far, such as a DataLoader's
    workers, by all of their threads; None where there are none, or it is not counted."""
    total, found = 0, False
    for child in multiprocessing.active_children():
        with suppress(OSError):  # it has ended since
            total += time.clock_gettime_ns(_process_clock(child.pid or 0))
            found = True
    return total / 1e9 if found else None


def _process_clock(pid: int) -> int:
    """The clock of what all threads of a process use, those that have ended too, in nanoseconds.

    Linux's MAKE_PROCESS_CPUCLOCK (posix-timers_types.h), as clock_getcpuclockid(3) gives it:
    /proc/PID/schedstat knows only the main thread, /proc/PID/stat only ticks of 10 ms.
    """
    return ~pid << 3 | 2


def ended_children_cpu_seconds() -> float:
    """Processor time of the child processes that have ended: what a DataLoader's workers used must
    not vanish with them, between two readings."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def reset_peak_memory() -> None:
    """Begin to watch for this process's largest size; without Linux the peak is since its start."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_memory_bytes() -> int:
    """The most memory that this process held since `reset_peak_memory`."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024


def memory_bytes() -> int | None:
    """The memory that this process holds now; None where it is not counted."""
    with suppress(OSError, IndexError, ValueError):
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    return None


def free_memory_bytes(root: Path = Path("/")) -> int | None:
    """Memory that can still be had without swapping: of the machine, or of the control groups (v2)
    that this process is in, where one of them leaves less. None where it is not counted.

    Beyond it the kernel ends a program; nothing is raised that could be caught.
    """
    found = []
    with suppress(OSError, IndexError, ValueError):
        text = (root / "proc/meminfo").read_text(encoding="ascii")
        found.append(int(text.split("MemAvailable:")[1].split()[0]) * 1024)
    with suppress(OSError, StopIteration):
        lines = (root / "proc/self/cgroup").read_text(encoding="ascii").splitlines()
        own = next(line[4:] for line in lines if line.startswith("0::/"))
        top = root / "sys/fs/cgroup"
        found += filter(None, map(_free_in_group, (top / own, *(top / own).parents)))
    return min(found, default=None)


def _free_in_group(folder: Path) -> int | None:
    """What a control group leaves; files that are only cached give way. None without a limit."""
    with suppress(OSError, IndexError, ValueError):
        limit = int((folder / "memory.max").read_text(encoding="ascii"))
        used = int((folder / "memory.current").read_text(encoding="ascii"))
        stat = (folder / "memory.stat").read_text(encoding="ascii")
        return max(1, limit - used + int(stat.split("inactive_file ")[1].split()[0]))
    return None
