"""The law from one GPU to another: exponents of what the devices can do, and how far to trust it.

log(time there / time here) = −Σ exponent_k · log(rate_k there / rate_k here), with k = FLOP/s of
the precision class that the power limit sustains, memory bandwidth, multiprocessors.
Fitted by benchmarks/projection_fit.py.
"""

import functools
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from estimators.hardware import Accelerator, Precision
from results.errors import NoAnswerError, RecordError

FITTED = Path(__file__).parent / "data" / "projection.json"
RATES = ("flops", "bandwidth", "multiprocessors")


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """The fitted coefficients; every one of them is in data/projection.json."""

    exponents: dict[Precision, tuple[float, float, float]]  # in the order of RATES
    host_cap_seconds: float  # a longer part of a step is not the host's
    spread: tuple[float, float, float]  # 80% of |log error|: constant, per distance, short steps
    short_step_seconds: float
    unknown_step_share: float  # in place of 1/(1 + step/short_step) where no batch is known
    own_runs_spread: float  # what is left of the spread where many models ran on both devices
    own_runs_half: float  # so many models go half the way there
    shrinkage: float  # models' worth of doubt against every effect of past runs


def rates(device: Accelerator, precision: Precision) -> tuple[float, float, float]:
    """Sustained TFLOP/s, GB/s and multiprocessors. Raises NoAnswerError where one is not known."""
    peak = device.sustained_tflops(precision)
    if not device.projectable:
        raise NoAnswerError(f"{device.name} is another kind of accelerator: measure on it")
    if peak is None or device.bandwidth_gb_per_second is None or device.sms is None:
        raise NoAnswerError(f"no peak figures of {device.name}")
    return peak, device.bandwidth_gb_per_second, float(device.sms)


def log_rates(source: Accelerator, target: Accelerator, precision: Precision) -> list[float]:
    """log(rate there / rate here) in the order of RATES. Raises NoAnswerError."""
    pairs = zip(rates(source, precision), rates(target, precision), strict=True)
    return [math.log(there / here) for here, there in pairs]


def log_factor(law: Law, source: Accelerator, target: Accelerator, precision: Precision) -> float:
    """log(device time there / here) by the exponents; falls as FLOP/s or bandwidth rise."""
    gains = log_rates(source, target, precision)
    return -sum(e * g for e, g in zip(law.exponents[precision], gains, strict=True))


def log_spread(
    law: Law,
    source: Accelerator,
    target: Accelerator,
    precision: Precision,
    step_seconds: float | None,
) -> float:
    """Half width of the 80% interval on the log scale: devices further apart, shorter steps, wider.

    constant + per_distance · √(mean of squared log rates) + short / (1 + step / short_step).
    Split conformal, whole suites left out (docs/projection.md shows the coverage).
    """
    gains = log_rates(source, target, precision)
    distance = math.sqrt(sum(g * g for g in gains) / len(gains))
    return dot(law.spread, (1.0, distance, shortness(law, step_seconds)))


def shortness(law: Law, step_seconds: float | None) -> float:
    """1 for the shortest step, towards 0 for long ones; a typical value where it is not known."""
    if step_seconds is None:
        return law.unknown_step_share
    return 1 / (1 + step_seconds / law.short_step_seconds)


def dot(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Σ one·other."""
    return sum(a * b for a, b in zip(one, other, strict=True))


@functools.cache
def fitted() -> Law:
    """The packaged coefficients. Raises RecordError where the file is damaged."""
    try:
        return law_of(json.loads(FITTED.read_text(encoding="utf-8"))["law"])
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(f"{FITTED} is damaged ({error!r}). Install trainfare again.") from None


def law_of(plain: dict[str, Any]) -> Law:
    """The law from its JSON form."""
    exponents = {p: tuple(e[rate] for rate in RATES) for p, e in plain["exponents"].items()}
    return Law(**plain | {"exponents": exponents, "spread": tuple(plain["spread"])})
