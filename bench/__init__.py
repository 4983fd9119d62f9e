"""Workloads, the clock, the runner, and what the machine is and how busy it is."""

from bench.workload import Mark, TorchWorkload, Workload

__all__ = ["Mark", "TorchWorkload", "Workload"]
