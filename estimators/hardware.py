"""What accelerators can do at their peak, and which of them a driver's name means."""

import csv
import functools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from results.errors import UsageError, near
from results.records import Run, WorkloadPrecision
from results.utilisation import Peak

TABLE = Path(__file__).parent / "data" / "accelerators.csv"
# What the driver puts before a model's own name, depending on its version.
_VENDOR_WORDS = ("nvidia ", "tesla ", "geforce ")
# Four schedulers feed 128 of a Kepler multiprocessor's 192 lanes in a cycle; the rest needs two
# independent instructions of one warp (NVIDIA, Kepler GK110 whitepaper, "Quad Warp Scheduler").
ISSUED_SHARE: Final = {"Kepler": 2 / 3}
# Power goes with clock · voltage², and voltage with clock: P ∝ clock³ (the textbooks' cube rule).
CLOCK_PER_POWER: Final = 1 / 3
Precision = Literal["fp32", "tf32", "half"]  # a class of peak rates
# The class of a workload's precision: both forms of 16 bits run at the same peak.
CLASSES: Final[dict[WorkloadPrecision, Precision]] = {
    "fp32": "fp32", "tf32": "tf32", "half": "half", "fp16": "half", "bf16": "half",
}  # fmt: skip
# The least compute capability with arithmetic of its own: bf16 by what PyTorch takes as native
# (torch.cuda.is_bf16_supported(including_emulation=False)), fp16 by NVIDIA's CUDA C++ Programming
# Guide (arithmetic instructions). tf32 is no format but a permission: without it, it is fp32.
LEAST_CAPABILITY: Final[dict[WorkloadPrecision, float]] = {"bf16": 8.0, "fp16": 5.3, "half": 5.3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """Peak rates of one whole accelerator, dense (without sparsity); None where not known.

    `tf32_tflops` equals `fp32_tflops` where the hardware has no tf32. `chip` is what two names
    share when the device that computes is the same.
    """

    name: str
    chip: str
    generation: str  # the vendor's name of the architecture
    die: str  # the silicon; those that end in 100 are a generation's data-centre design
    compute_capability: float | None  # NVIDIA's number, by architecture, from memory
    device_names: tuple[str, ...]  # as the driver reports it, without the vendor
    aliases: tuple[str, ...]  # as public measurements spell it
    fp32_tflops: float | None
    tf32_tflops: float | None
    half_tflops: float | None
    bandwidth_gb_per_second: float | None
    sms: int | None
    clock_mhz: float | None  # boost
    tdp_watts: float | None
    memory_gb: float
    year: int
    projectable: bool
    checked: bool  # against something public; otherwise from memory
    source: str

    def lacks(self, precision: WorkloadPrecision) -> bool:
        """Whether it has no arithmetic in `precision`, so that its kernels are emulated or refused.

        None of its peak rates says how long that takes. False where it is not known.
        """
        least = LEAST_CAPABILITY.get(precision, 0.0)
        return self.compute_capability is not None and self.compute_capability < least

    def peak_tflops(self, precision: Precision) -> float | None:
        """Peak of the precision class that can be issued; None where not known."""
        peaks = {"fp32": self.fp32_tflops, "tf32": self.tf32_tflops, "half": self.half_tflops}
        peak = peaks[precision]
        return None if peak is None else peak * ISSUED_SHARE.get(self.generation, 1.0)

    def sustained_tflops(self, precision: Precision) -> float | None:
        """What is left of `peak_tflops` at the clock that the power limit allows.

        peak · min(1, watts per fp32 FLOP/s ÷ those of the best fed card of the design)^⅓: a T4 has
        70 W for what an RTX 2080 Ti would burn 150 W for, so it can't hold its boost clock.
        """
        peak, fed, full = self.peak_tflops(precision), self.watts_per_tflop, _best_fed(self.design)
        if peak is None or fed is None or full is None:
            return peak
        return peak * math.pow(min(1.0, fed / full), CLOCK_PER_POWER)

    @property
    def watts_per_tflop(self) -> float | None:
        """Power limit over peak fp32 rate; None where not known."""
        if self.tdp_watts is None or self.fp32_tflops is None:
            return None
        return self.tdp_watts / self.fp32_tflops

    @property
    def design(self) -> str:
        """What dies share that need the same power for the same work."""
        return self.die if self.die.endswith("100") else self.generation


def accelerators() -> dict[str, Accelerator]:
    """The packaged table by catalog name."""
    return dict(_table())


def accelerator(name: str) -> Accelerator:
    """The accelerator of a price list's name. Raises UsageError with near names."""
    found = find_accelerator(name)
    if found is None:
        raise UsageError(
            f"{name!r} is no accelerator of the hardware table. {near(name, _table())} "
            "See: trainfare prices list"
        )
    return found


def find_accelerator(name: str) -> Accelerator | None:
    """The accelerator of a price list's name, or None where the table has none."""
    return _table().get(name)


def find_device(name: str) -> Accelerator | None:
    """The accelerator by any name: a price list's, the driver's, or one of public measurements."""
    return find_accelerator(name) or match_device(name) or _by_alias().get(_loosely(name))


def unknown_device(name: str) -> str:
    """A sentence about a name that no device has, with the nearest ones."""
    return f"{name!r} is no device of the hardware table. {near(name, _table())}"


def match_device(device_name: str) -> Accelerator | None:
    """The accelerator that NVML or torch calls `device_name`; None where it is not known.

    Whole names are compared, case and vendor aside, so that A10 is never taken for A100 or A10G,
    nor a slice of a GPU (`… MIG 1g.10gb`, `A10-4Q`) for the whole.
    """
    return _by_device_name().get(_without_vendor(device_name))


def _without_vendor(device_name: str) -> str:
    name = " ".join(device_name.casefold().split())
    for word in _VENDOR_WORDS:
        name = name.removeprefix(word)
    return name


@functools.cache
def _by_device_name() -> dict[str, Accelerator]:
    return {_without_vendor(n): a for a in _table().values() for n in a.device_names}


def _loosely(name: str) -> str:
    """As people type it: `rtx_4090`, `A100 80GB`, `H100-SXM`."""
    return " ".join(_without_vendor(name).replace("-", " ").replace("_", " ").split())


@functools.cache
def _by_alias() -> dict[str, Accelerator]:
    named = [(name, a) for a in _table().values() for name in (*a.device_names, *a.aliases, a.name)]
    return {_loosely(name): a for name, a in named}


@functools.cache
def _best_fed(design: str) -> float | None:
    """The most watts per fp32 TFLOP/s of any card of `design`."""
    alike = (a.watts_per_tflop for a in _table().values() if a.design == design)
    return max((watts for watts in alike if watts is not None), default=None)


@functools.cache
def _table() -> dict[str, Accelerator]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {row["name"]: _read(row) for row in csv.DictReader(file)}


def _read(row: dict[str, str]) -> Accelerator:
    def number(column: str) -> float | None:
        return float(row[column]) if row[column] else None

    def names(column: str) -> tuple[str, ...]:
        return tuple(row[column].split("|")) if row[column] else ()

    return Accelerator(
        name=row["name"],
        chip=row["chip"],
        generation=row["generation"],
        die=row["die"],
        compute_capability=number("compute_capability"),
        device_names=names("device_names"),
        aliases=names("aliases"),
        fp32_tflops=number("fp32_tflops"),
        tf32_tflops=number("tf32_tflops"),
        half_tflops=number("half_tflops"),
        bandwidth_gb_per_second=number("bandwidth_gb_per_second"),
        sms=int(row["sms"]) if row["sms"] else None,
        clock_mhz=number("clock_mhz"),
        tdp_watts=number("tdp_watts"),
        memory_gb=float(row["memory_gb"]),
        year=int(row["year"]),
        projectable=row["projectable"] == "yes",
        checked=row["checked"] == "yes",
        source=row["source"],
    )


def peak_of(run: Run) -> Peak | None:
    """The peak rates of the device that `run` was measured on; None where they are not known."""
    found = match_device(run.machine.device_name) if run.machine.is_gpu else None
    if found is None:
        return None
    tflops = {"fp32": found.fp32_tflops, "tf32": found.tf32_tflops, "half": found.half_tflops}
    peak, bandwidth = tflops[CLASSES[run.workload.precision]], found.bandwidth_gb_per_second
    return Peak(
        flops_per_second=None if peak is None else peak * 1e12,
        bytes_per_second=None if bandwidth is None else bandwidth * 1e9,
        source=found.source if found.checked else f"{found.source}, unchecked",
    )
