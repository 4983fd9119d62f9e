"""What a batch sweep says: the fixed cost of a step, the cost of a sample, where more is no use."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from results.records import SweepPoint
from results.statistics import Interval, median, median_interval

NO_GAIN = 0.05  # a larger batch that trains less than 5% more samples a second is no use
_T95 = {1: 12.71, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306}


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepFit:
    """step seconds = overhead + batch × slope, each with its 95% interval."""

    overhead_seconds: Interval
    slope_seconds_per_sample: Interval


def fitting(points: Sequence[SweepPoint]) -> list[SweepPoint]:
    """The points that have times, smallest batch first."""
    return sorted((p for p in points if p.step_seconds), key=lambda p: p.batch_size)


def step_interval(point: SweepPoint) -> Interval:
    """Median step time with its 95% interval, seconds."""
    return median_interval(point.step_seconds)


def samples_per_second(point: SweepPoint) -> float:
    """batch / median step seconds."""
    return point.batch_size / median(point.step_seconds)


def fit(points: Sequence[SweepPoint]) -> SweepFit | None:
    """Overhead and slope by least squares on relative errors (weights 1/t²); None below 3 points.

    The 95% intervals are those of the linear model, Student's t with n − 2 degrees of freedom.
    Both are cut at 0: no step takes less than no time. Where the intervals are wide the step is not
    a straight line of the batch, as on a processor whose caches overflow.
    """
    used = [(p.batch_size, median(p.step_seconds)) for p in fitting(points)]
    count = len(used)
    if count < 3:
        return None
    # Dividing t = o + s·b by t: 1 = o/t + s·b/t, two columns without a constant.
    aa = sum((1 / t) ** 2 for _, t in used)
    ab = sum(b / t**2 for b, t in used)
    bb = sum((b / t) ** 2 for b, t in used)
    ya, yb = sum(1 / t for _, t in used), sum(b / t for b, t in used)
    determinant = aa * bb - ab * ab
    overhead, slope = (ya * bb - yb * ab) / determinant, (yb * aa - ya * ab) / determinant
    residuals = sum((1 - (overhead + slope * b) / t) ** 2 for b, t in used)
    variance = residuals / (count - 2)
    reach = _T95.get(count - 2, 2.2)
    return SweepFit(
        overhead_seconds=_around(overhead, reach * math.sqrt(variance * bb / determinant)),
        slope_seconds_per_sample=_around(slope, reach * math.sqrt(variance * aa / determinant)),
    )


def _around(middle: float, reach: float) -> Interval:
    mid = max(0.0, middle)
    return Interval(low=max(0.0, middle - reach), mid=mid, high=max(mid, middle + reach))


def largest_that_fits(points: Sequence[SweepPoint]) -> int | None:
    """The largest batch tried that ran; None where none did."""
    used = fitting(points)
    return used[-1].batch_size if used else None


def knee(points: Sequence[SweepPoint]) -> int | None:
    """The smallest batch that no larger one of the sweep beats by 5% in samples a second.

    None where that is the largest that was tried: then the sweep ended before the knee.
    """
    used = fitting(points)
    for place, point in enumerate(used[:-1]):
        best = max(samples_per_second(later) for later in used[place + 1 :])
        if best <= (1 + NO_GAIN) * samples_per_second(point):
            return point.batch_size
    return None
