"""What torch knows beyond time: seeds, threads, memory. Works without torch as well."""

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from bench import proc
from results.records import Machine


def loaded() -> Any | None:
    """torch where the workload has loaded it; another framework's process never does."""
    return sys.modules.get("torch")


def seed(value: int) -> None:
    """Seed Python, numpy and torch, so that data and first weights are the same each time."""
    random.seed(value)
    numpy, torch = sys.modules.get("numpy"), loaded()
    if numpy:
        numpy.random.seed(value % 2**32)
    if torch:
        torch.manual_seed(value)


def use_device(device: str) -> None:
    """Make a GPU the current one: events are recorded on the current one's stream, and what a
    workload puts on `cuda` lies there."""
    torch = loaded()
    if torch and device != "cpu":
        torch.cuda.set_device(device)


def threads() -> int | None:
    """Threads that torch uses within an operation; None without torch."""
    torch = loaded()
    return torch.get_num_threads() if torch else None


@contextmanager
def threads_kept() -> Iterator[None]:
    """Put back the number of threads at the end: it is torch's for the whole process."""
    before, torch = threads(), loaded()
    try:
        yield
    finally:
        if torch and before:
            torch.set_num_threads(before)


def with_cuda_version(here: Machine) -> Machine:
    """The machine with the CUDA version that torch was built with, where a GPU is used."""
    torch = loaded()
    if not here.is_gpu or torch is None or not torch.version.cuda:
        return here
    return replace(here, cuda_version=str(torch.version.cuda))


def reset_peak_memory(device: str) -> None:
    """Begin to watch for the largest use of the device's memory."""
    torch = loaded()
    if device == "cpu":
        proc.reset_peak_memory()
    elif torch:
        torch.cuda.reset_peak_memory_stats(device)


def peak_memory_bytes(device: str) -> int | None:
    """GPU: the most that torch held of the device's memory. CPU: the process's largest size."""
    torch = loaded()
    if device == "cpu":
        return proc.peak_memory_bytes()
    return int(torch.cuda.max_memory_reserved(device)) if torch else None


def empty_cache(device: str) -> None:
    """Give memory that nothing uses any more back to the GPU's driver."""
    torch = loaded()
    if torch and device != "cpu":
        torch.cuda.empty_cache()
