"""What torch knows beyond time: seeds, threads, memory, FLOPs. Works without torch as well."""

import resource
import sys
from typing import Any

from bench.clock import no_mark
from bench.workload import Workload


def _torch() -> Any | None:
    """torch where the workload has loaded it; another framework's process never does."""
    return sys.modules.get("torch")


def seed(value: int) -> None:
    """Seed torch, so that data and first weights are the same each time."""
    torch = _torch()
    if torch:
        torch.manual_seed(value)


def threads() -> int | None:
    """Threads that torch uses within an operation; None without torch."""
    torch = _torch()
    return torch.get_num_threads() if torch else None


def cuda_version() -> str | None:
    """The CUDA version that torch was built with."""
    torch = _torch()
    return str(torch.version.cuda) if torch and torch.version.cuda else None


def reset_peak_memory(device: str) -> None:
    """Begin to watch for the largest use of the GPU's memory."""
    torch = _torch()
    if torch and device != "cpu":
        torch.cuda.reset_peak_memory_stats(device)


def peak_memory_bytes(device: str) -> int | None:
    """GPU: the most that torch held of the device's memory. CPU: the process's largest size."""
    torch = _torch()
    if device == "cpu":
        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return largest if sys.platform == "darwin" else largest * 1024
    return int(torch.cuda.max_memory_reserved(device)) if torch else None


def flops_per_step(workload: Workload) -> int | None:
    """Floating-point operations of one step by torch's own counter; None where it counts none.

    The counter knows matrix products, convolutions and attention, not element-wise work, and no
    fused recurrent kernels.
    """
    torch = _torch()
    if torch is None:
        return None
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        workload.step(no_mark)
    return int(counter.get_total_flops()) or None
