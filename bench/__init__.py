"""Workloads, the clock, the runner, and what the machine is and how busy it is."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.workload import Mark as Mark
    from bench.workload import TorchWorkload as TorchWorkload
    from bench.workload import Workload as Workload

__all__ = ["Mark", "TorchWorkload", "Workload"]


def __getattr__(name: str) -> Any:
    # Late, because `trainfare quote` asks this package about the machine and must not load torch.
    if name in __all__:
        from bench import workload

        return getattr(workload, name)
    raise AttributeError(f"module 'bench' has no attribute {name!r}")
