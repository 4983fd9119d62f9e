"""An interval as a small bar for a terminal, on a scale that the rows of a table share."""

import math
from collections.abc import Sequence

from results.records import UsdInterval
from results.statistics import Interval

WIDTH, NARROW = 9, 5  # the narrow ones fit 80 columns


def interval_bars(intervals: Sequence[Interval], width: int = WIDTH) -> list[str]:
    """`▕──●───▏` a row: from low to high with the middle, placed on one logarithmic scale.

    Each has `width` + 2 characters. Intervals that reach zero begin at the smallest end above it.
    """
    ends = [end for i in intervals for end in (i.low, i.mid, i.high) if end > 0]
    if not ends:
        return ["" for _ in intervals]
    start, reach = math.log(min(ends)), math.log(max(ends)) - math.log(min(ends))

    def place(end: float) -> int:
        share = (math.log(max(end, min(ends))) - start) / reach if reach else 0.5
        return round(share * (width - 1))

    return [_bar(place(i.low), place(i.mid), place(i.high), width) for i in intervals]


def usd_bars(amounts: Sequence[UsdInterval], width: int = WIDTH) -> list[str]:
    """`interval_bars` of costs."""
    found = [Interval(low=float(a.low), mid=float(a.mid), high=float(a.high)) for a in amounts]
    return interval_bars(found, width)


def _bar(low: int, mid: int, high: int, width: int) -> str:
    line = [" "] * (width + 2)
    line[low] = "▕"
    line[low + 1 : high + 2] = "─" * (high + 1 - low)
    line[high + 2] = "▏"
    line[mid + 1] = "●"
    return "".join(line)
