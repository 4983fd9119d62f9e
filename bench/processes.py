"""What several processes need of a machine, and of the one that started them. Without torch."""

import ctypes
import signal
import sys

from bench import nvml
from bench.machine import usable_cpu_count
from results.errors import UsageError


def check(processes: int, device: str, threads: int | None) -> None:
    """Whether `processes` can train together on `device` and its like. Raises UsageError."""
    if device != "cpu" and processes > nvml.gpu_count():
        raise UsageError(
            f"{processes} processes need a GPU each, this machine has {nvml.gpu_count()}. "
            "Give fewer, or try: --device cpu"
        )
    threads_each(processes, threads)


def threads_each(processes: int, threads: int | None) -> int:
    """Processor threads of each process: `threads`, or an equal share of the cores.

    Raises UsageError for more threads in all than cores: they would wait for one another.
    """
    cores = usable_cpu_count()
    if processes > cores:
        raise UsageError(
            f"{processes} processes need a core each, this machine has {cores}. Give fewer."
        )
    if threads is not None and threads * processes > cores:
        raise UsageError(
            f"{processes} processes of {threads} threads need {processes * threads} cores, this "
            f"machine has {cores}. Try: --threads {cores // processes}"
        )
    return threads or cores // processes


def die_with_parent() -> None:
    """Where Linux offers it, have this process killed when the one that started it ends."""
    if sys.platform == "linux":
        parent_death_signal = 1  # PR_SET_PDEATHSIG, linux/prctl.h
        ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGKILL)
