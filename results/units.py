"""The one place where base units (seconds, bytes, USD) are scaled for people."""

import math
from decimal import ROUND_HALF_UP, Decimal

from results.records import UsdInterval
from results.statistics import Interval


def seconds_text(value: float) -> str:
    """`4.6 ms`, `11.3 s`, `12.4 min`, `3.1 h`, `2.5 d`: three significant digits."""
    scales = (
        (86400 * 2, 86400, "d"),
        (5400, 3600, "h"),
        (90, 60, "min"),
        (1, 1, "s"),
        (1e-3, 1e-3, "ms"),
    )
    for start, unit, name in scales:
        if value >= start:
            return f"{digits(value / unit)} {name}"
    return f"{digits(value * 1e6)} µs"


def seconds_range(interval: Interval) -> str:
    """`1.6–3.1 min`, or with both units where they differ."""
    low, high = seconds_text(interval.low), seconds_text(interval.high)
    return _range(low, high)


def digits(value: float, significant: int = 3) -> str:
    """`value` with that many significant digits and never an exponent below a trillion."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "unknown"
    places = max(0, significant - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{places}f}"


def spread_text(interval: Interval) -> str:
    """Half the width in percent of the middle: `±1.4%`."""
    half = 100 * (interval.high - interval.low) / (2 * interval.mid) if interval.mid else math.inf
    return f"±{digits(half, 2)}%"


def usd_text(value: Decimal) -> str:
    """`$1,234`, `$4.10`, `$0.023`, `$0.00041`: cents from a dollar up, two digits below."""
    if value >= 100:
        return f"${value.quantize(Decimal(1), ROUND_HALF_UP):,}"
    if value >= 1 or value == 0:
        return f"${value.quantize(Decimal('0.01'), ROUND_HALF_UP)}"
    return f"${value.quantize(Decimal(1).scaleb(value.adjusted() - 1), ROUND_HALF_UP):f}"


def usd_range(interval: UsdInterval) -> str:
    """`$0.023–0.041`."""
    return _range(usd_text(interval.low), usd_text(interval.high)).replace("–$", "–")


def bytes_text(value: int) -> str:
    """`412 MiB`, `3.1 GiB`."""
    return f"{digits(value / 2**30)} GiB" if value >= 2**30 else f"{digits(value / 2**20)} MiB"


def age_text(age_seconds: float) -> str:
    """`just now`, `2 min ago`, `3.1 h ago`."""
    return "just now" if age_seconds < 60 else f"{seconds_text(age_seconds)} ago"


def _range(low: str, high: str) -> str:
    if low == high:
        return low
    number, _, unit = low.partition(" ")
    return f"{number}–{high}" if unit and high.endswith(f" {unit}") else f"{low}–{high}"
