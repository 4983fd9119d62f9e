"""What this machine is, without importing torch: `quote` compares it with that of a record."""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from bench import nvml
from results.records import Machine

# What must agree for a record to speak for this machine: not its load, not the commit.
IDENTITY = ("device", "device_name", "cpu_name", "cpu_count", "torch_version")


def capture(device: str, threads: int | None) -> Machine:
    """This machine as it is now, with `device` (`cpu`, `cuda:0`) as the one that trains."""
    info = nvml.gpu_info(int(device.split(":")[1])) if device != "cpu" else None
    return Machine(
        device=device,
        device_name=info.name if info else cpu_name(),
        device_memory_bytes=info.memory_bytes if info else memory_bytes(),
        cpu_name=cpu_name(),
        cpu_count=usable_cpu_count(),
        threads=threads or usable_cpu_count(),
        memory_bytes=memory_bytes(),
        platform=f"{platform.system()} {platform.machine()}",
        python_version=platform.python_version(),
        torch_version=_installed("torch"),
        driver_version=info.driver_version if info else None,
        load_average=round(os.getloadavg()[0], 2),
        commit=_commit(),
    )


def same_machine(a: Machine, b: Machine) -> bool:
    """Whether times taken on `a` are times on `b`."""
    return all(getattr(a, name) == getattr(b, name) for name in IDENTITY)


def cpu_name() -> str:
    """The processor's name as the kernel reports it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    match = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return match[1].strip() if match else platform.machine()


def usable_cpu_count() -> int:
    """Processors this process may run on, which in a container is fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_bytes() -> int:
    """Physical memory of the machine."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _installed(package: str) -> str:
    """Its version, from the name of its `.dist-info` folder (PEP 427) where there is just one:
    importing importlib.metadata to read the file in it would take 12 ms of every quote."""
    found = {p.name for folder in sys.path for p in Path(folder).glob(f"{package}-*.dist-info")}
    if len(found) == 1:
        return found.pop().removeprefix(f"{package}-").removesuffix(".dist-info")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _commit() -> str | None:
    """The commit of the working folder's repository, so that runs can be told apart later."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, timeout=5
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
