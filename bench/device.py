"""Which device is meant by `cpu`, `cuda`, `cuda:1` or `auto`, asked of the driver, not of torch."""

import re

from bench import nvml
from results.errors import UsageError


def resolve(requested: str) -> str:
    """`cpu` or `cuda:<n>` for what was asked. `auto` is the first NVIDIA GPU, else the CPU.

    Raises UsageError for a device that is no device or is not here.
    """
    count = nvml.gpu_count()
    if requested == "auto":
        return "cuda:0" if count else "cpu"
    if requested == "cpu":
        return "cpu"
    match = re.fullmatch(r"cuda(?::(\d{1,3}))?", requested)
    if not match:
        raise UsageError(f"'{requested}' is no device. Expected: cpu, cuda, cuda:1 or auto.")
    index = int(match[1] or 0)
    if index >= count:
        here = f"{count} NVIDIA GPU{'s' * (count != 1)}" if count else "no NVIDIA GPU"
        raise UsageError(f"'{requested}' is not here: this machine has {here}. Try: --device auto")
    return f"cuda:{index}"


def check_usable(device: str) -> None:
    """Whether the installed torch can use `device`. Raises UsageError where it can't."""
    import torch

    if device != "cpu" and not torch.cuda.is_available():
        raise UsageError(
            f"'{device}' is here, but torch {torch.__version__} can't use it (no CUDA build, or "
            "the driver is too old for it). Install a CUDA build of torch, or use --device cpu."
        )
