"""What one step asks of the device: operations, bytes, and how long the GPU is at work on it."""

from typing import Any

from bench.clock import no_mark
from bench.torch_facts import loaded
from bench.workload import Workload

BUSY_STEPS = 10


def flops_per_step(workload: Workload) -> int | None:
    """Floating-point operations of one step by torch's own counter; None where it counts none.

    The counter knows matrix products, convolutions and attention, not element-wise work, and no
    fused recurrent kernels.
    """
    if loaded() is None:
        return None
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        workload.step(no_mark)
    return int(counter.get_total_flops()) or None


def bytes_per_step(workload: Workload) -> int | None:
    """Bytes that the operations of one step read and write: Σ of their tensors, views aside.

    An upper bound of the traffic to memory: a cache may hold a tensor between two operations, and
    an operation may look at a part of it. None where nothing was counted.
    """
    torch = loaded()
    if torch is None:
        return None
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    total, tensor = 0, torch.Tensor

    class ByteCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            nonlocal total
            out = func(*args, **(kwargs or {}))
            if not func.is_view:
                total += sum(
                    leaf.numel() * leaf.element_size()
                    for leaf in tree_leaves((args, kwargs, out))
                    if isinstance(leaf, tensor)  # a loader's processes hand over storages too
                )
            return out

    with ByteCounter():  # type: ignore[no-untyped-call]
        workload.step(no_mark)
    return total or None


def gpu_busy_seconds(workload: Workload, device: str) -> float | None:
    """Seconds a step in which the GPU ran kernels or copies: Σ of their device time by torch's
    profiler over ten steps. None without a GPU, or where the profiler sees none of it.

    The profiler slows the host down, not the kernels, so this is set against steps timed without.
    """
    torch = loaded()
    if torch is None or device == "cpu":
        return None
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as found:
        for _ in range(BUSY_STEPS):
            workload.step(no_mark)
        workload.synchronize()
    microseconds = sum(event.self_device_time_total for event in found.key_averages())
    return microseconds / 1e6 / BUSY_STEPS or None
