"""Where logarithmic axes of time and cost have their marks: whole units, named as people do."""

import math
from collections.abc import Iterable
from decimal import Decimal

from results.all_offers import BriefEstimate

_TIMES = (
    1e-3, 1e-2, 0.1, 1, 3, 10, 30, 60, 180, 600, 1800, 3600, 3 * 3600, 36000, 86400, 3 * 86400,
    864000, 30 * 86400, 8640000, 86400000, 864000000,
)  # fmt: skip

# Between them, where the intervals span less than `WIDE`.
_MORE_TIMES = (
    2, 5, 20, 45, 120, 300, 420, 900, 1200, 2700, 7200, 4 * 3600, 6 * 3600, 8 * 3600, 12 * 3600,
    2 * 86400, 5 * 86400, 7 * 86400, 14 * 86400,
)  # fmt: skip
WIDE = 60.0  # longest over shortest

FEW_POWERS = 3


def time_ticks(offers: Iterable[BriefEstimate]) -> list[tuple[float, str]]:
    """Whole units that lie within the intervals of `offers`, in seconds with their texts."""
    ends = [x for o in offers for x in (o.seconds.low, o.seconds.high) if x > 0]
    if not ends:
        return []
    low, high = min(ends), max(ends)
    marks = _TIMES if high / low > WIDE else sorted({*_TIMES, *_MORE_TIMES})
    return [(at, _unit_text(at)) for at in marks if low / 10 < at < high]


def _unit_text(seconds: float) -> str:
    for size, name in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            return f"{seconds / size:,.0f} {name}"
    return f"{seconds * 1000:.0f} ms"


def usd_ticks(offers: Iterable[BriefEstimate]) -> list[tuple[float, str]]:
    """Powers of ten that span the intervals, with steps between where they are few."""
    ends = [float(x) for o in offers for x in (o.usd.low, o.usd.high) if x > 0]
    if not ends:
        return []
    first, last = math.floor(math.log10(min(ends))), math.ceil(math.log10(max(ends)))
    steps = (1, 2, 5) if last - first <= FEW_POWERS else (1,)
    marks = [Decimal(step).scaleb(power) for power in range(first, last + 1) for step in steps]
    return [(float(at), f"${at:,f}") for at in marks]
