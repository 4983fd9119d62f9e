"""What NVIDIA's management library says of the GPUs; on a machine without one, nothing."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
DRIVER_FILES = ("/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg")  # the last: WSL's


@dataclass(frozen=True, slots=True)
class GpuInfo:
    """One GPU as the driver names it."""

    name: str
    memory_bytes: int | None
    driver_version: str | None


def library() -> Any | None:
    """The started library, or None without a driver. Starting it twice is harmless."""
    if sys.platform == "linux" and not any(Path(file).exists() for file in DRIVER_FILES):
        return None  # importing the module to be told so would take 6 ms of every quote
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml


def handles(nvml: Any) -> list[Any]:
    """Handles of the GPUs that this process may use, in the order in which torch counts them."""
    found = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return found
    chosen = []
    for name in visible.split(","):
        # As the CUDA runtime does: the first name that is no device ends the list.
        if name.strip().isdigit() and int(name) < len(found):
            chosen.append(found[int(name)])
            continue
        if name.strip().startswith("MIG-"):  # a part of a GPU, of which a program may use just one
            part = ask(nvml, partial(nvml.nvmlDeviceGetHandleByUUID, name.strip()))
            return chosen or ([] if part is None else [part])
        named = [h for h in found if name and text(nvml.nvmlDeviceGetUUID(h)).startswith(name)]
        if len(named) != 1:
            break
        chosen.append(named[0])
    return chosen


def gpu_count() -> int:
    """How many NVIDIA GPUs this process may use; 0 without a driver."""
    nvml = library()
    return len(handles(nvml)) if nvml else 0


def gpu_info(index: int) -> GpuInfo | None:
    """Name, memory and driver of GPU `index`, or None where there is no such GPU."""
    nvml = library()
    found = handles(nvml) if nvml else []
    if nvml is None or index >= len(found):
        return None
    return GpuInfo(
        text(nvml.nvmlDeviceGetName(found[index])),
        ask(nvml, lambda: int(nvml.nvmlDeviceGetMemoryInfo(found[index]).total)),
        ask(nvml, lambda: text(nvml.nvmlSystemGetDriverVersion())),
    )


def ask(nvml: Any, question: Callable[[], T]) -> T | None:
    """The answer, or None: not every GPU answers every question, nor every library knows it."""
    with suppress(nvml.NVMLError, AttributeError):
        return question()
    return None


def text(value: str | bytes) -> str:
    """What older versions of the library give as bytes."""
    return value.decode() if isinstance(value, bytes) else value
