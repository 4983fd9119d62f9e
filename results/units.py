"""The one place where base units (seconds, bytes, USD) are scaled for people."""

import math
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from results import money
from results.records import UsdInterval
from results.statistics import Interval

SMALLEST_SHOWN = Decimal("0.000001")  # amounts are kept to it
CLOCK_SKEW_SECONDS = 300.0  # of two machines; what is dated further ahead has a wrong date

# Where a unit begins, the unit in seconds, its name.
_TIME_UNITS = (
    (86400 * 2, 86400, "d"),
    (5400, 3600, "h"),
    (90, 60, "min"),
    (1, 1, "s"),
    (1e-3, 1e-3, "ms"),
    (0, 1e-6, "µs"),
)


def seconds_text(value: float) -> str:
    """`4.6 ms`, `11.3 s`, `12.4 min`, `3.1 h`, `2.5 d`: three significant digits."""
    unit, name = _time_unit(value)
    return f"{digits(value / unit)} {name}"


def seconds_range(interval: Interval) -> str:
    """`1.6–3.1 min`: both ends in the unit of the upper one, to its two significant digits."""
    unit, name = _time_unit(interval.high)
    high = interval.high / unit
    places = _places(high)
    low_text, high_text = f"{interval.low / unit:,.{places}f}", f"{high:,.{places}f}"
    if interval.low > 0 and not low_text.strip("0.,"):  # too far below to be told in this unit
        low_unit, low_name = _time_unit(interval.low)
        return f"{digits(interval.low / low_unit, 2)} {low_name}–{high_text} {name}"
    return f"{high_text} {name}" if low_text == high_text else f"{low_text}–{high_text} {name}"


def _time_unit(value: float) -> tuple[float, str]:
    return next((unit, name) for start, unit, name in _TIME_UNITS if value >= start)


def _places(value: float) -> int:
    """Digits after the point that give `value` two significant ones."""
    return max(0, 1 - math.floor(math.log10(value))) if value > 0 else 0


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


def change_text(ratio: float) -> str:
    """A ratio of times as `+3.1%`, `−8.0%` or, from tripled on, `×3.2`."""
    if ratio >= 3:
        return f"×{digits(ratio, 2)}"
    percent = 100 * (ratio - 1)
    return f"{percent:+.1f}%".replace("-", "−")


def usd_text(value: Decimal) -> str:
    """`$1,234`, `$4.10`, `$0.023`, `$0.00041`: cents from a dollar up, two digits below."""
    return _with_symbol(amount_text(value))


def amount_text(usd: Decimal) -> str:
    """`usd_text` without the `$`, in the currency that is shown; `<0.000001` is below all bills."""
    value = usd * money.current().per_usd
    if value >= 100:
        return f"{value.quantize(Decimal(1), ROUND_HALF_UP):,}"
    if value >= 1 or value == 0:
        return f"{value.quantize(Decimal('0.01'), ROUND_HALF_UP)}"
    if value < SMALLEST_SHOWN:
        return f"<{SMALLEST_SHOWN:f}"
    return f"{value.quantize(Decimal(1).scaleb(value.adjusted() - 1), ROUND_HALF_UP):f}"


def usd_range(interval: UsdInterval) -> str:
    """`$0.31–0.44`: to the two significant digits of the upper end, cents at least."""
    rate = money.current().per_usd
    low, high = interval.low * rate, interval.high * rate
    if 0 < high < SMALLEST_SHOWN:
        return _with_symbol(f"<{SMALLEST_SHOWN:f}")
    places = max(2, min(_places(float(high)), 6)) if high < 100 else 0
    low_text, high_text = f"{low:,.{places}f}", f"{high:,.{places}f}"
    return _with_symbol(high_text if low_text == high_text else f"{low_text}–{high_text}")


def usd_column(values: Sequence[Decimal]) -> list[str]:
    """The lines of a bill and, last, their sum: to the cent, or as much finer, down to a millionth,
    as it takes for the lines to add up as they are shown and for none to vanish."""
    amounts = [value * money.current().per_usd for value in values]
    for places in range(2, 7):
        shown = [a.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) for a in amounts]
        if sum(shown[:-1]) == shown[-1] and list(map(bool, shown)) == list(map(bool, amounts)):
            break
    return [f"{amount:,f}" for amount in shown]


def _with_symbol(amount: str) -> str:
    symbol = money.current().symbol
    return f"<{symbol}{amount[1:]}" if amount.startswith("<") else f"{symbol}{amount}"


def count_text(value: float) -> str:
    """`383`, `12,400`, `8.30 million`, `12.1 billion`: three significant digits."""
    for size, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if value >= size:
            return f"{digits(value / size)} {name}"
    return digits(value)


def ceiling_usd(value: Decimal) -> str:
    """`value` rounded up to a cent, as an amount to type: `0.45`."""
    return str(max(value, Decimal("0.01")).quantize(Decimal("0.01"), ROUND_CEILING))


def bytes_text(value: int) -> str:
    """`412 MiB`, `3.1 GiB`."""
    return f"{digits(value / 2**30)} GiB" if value >= 2**30 else f"{digits(value / 2**20)} MiB"


def age_text(age_seconds: float) -> str:
    """`just now`, `2 min ago`, `5 h ago`, `3 d ago`; `in the future` where a clock is wrong."""
    if age_seconds < -CLOCK_SKEW_SECONDS:
        return "in the future"
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if age_seconds >= unit:
            return f"{age_seconds / unit:.0f} {name} ago"
    return "just now"


def counted(count: float, noun: str) -> str:
    """`1 thread`, `2 threads`."""
    return f"{count:g} {noun}" if count == 1 else f"{count:g} {noun}s"
