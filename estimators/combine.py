"""How the intervals of several items become that of their sum: by sampling, not end by end.

An 80% interval is read as a two-piece lognormal distribution: its 10%, 50% and 90% points are low,
mid and high, and the logarithm is normal on either side. Independent items are drawn by Latin
hypercube sampling with a fixed seed, so that a quote repeats exactly; two sums are joined over all
pairs of their equally likely points. Shown in tests/estimators/test_combine.py: the ends lie
within 5% of those of 60,000 free draws, and 80% ± 3% of simulated jobs fall inside.
"""

import math
import random
from collections.abc import Iterable, Sequence
from functools import cache
from statistics import NormalDist

from results.statistics import Interval

Points = tuple[float, ...]  # equally likely values, in ascending order

COUNT = 24  # points that stand for a distribution
DRAWS = 20 * COUNT
SEED = 20261125
Z90 = NormalDist().inv_cdf(0.9)
SMALLEST = 1e-9  # stands for zero, of which there is no logarithm


@cache
def _normal(count: int) -> Points:
    """The middles of `count` equally likely parts of the normal distribution."""
    return tuple(NormalDist().inv_cdf((i + 0.5) / count) for i in range(count))


def points(interval: Interval, count: int = COUNT) -> Points:
    """Equally likely values of the two-piece lognormal with these 10%, 50% and 90% points."""
    low, mid = max(interval.low, SMALLEST), max(interval.mid, SMALLEST)
    high = max(interval.high, SMALLEST)
    down, up = math.log(mid / low) / Z90, math.log(high / mid) / Z90
    return tuple(mid * math.exp(z * (down if z < 0 else up)) for z in _normal(count))


def independent_sum(intervals: Iterable[Interval], constant: float = 0.0) -> Points:
    """The sum of independent items and a constant."""
    dice = random.Random(SEED)  # noqa: S311  # no secret
    totals = [constant] * DRAWS
    for interval in intervals:
        drawn = list(points(interval, DRAWS))
        dice.shuffle(drawn)
        totals = [total + value for total, value in zip(totals, drawn, strict=True)]
    return _thinned(totals)


def plus(one: Points, other: Points) -> list[float]:
    """All sums of two independent quantities, in ascending order."""
    return sorted([a + b for a in one for b in other])


def times(one: Points, other: Points) -> Points:
    """The product of two independent quantities."""
    return _thinned([a * b for a in one for b in other])


def _thinned(values: Iterable[float]) -> Points:
    ordered = sorted(values)
    part = len(ordered) // COUNT
    return tuple(ordered[i + part // 2] for i in range(0, part * COUNT, part))


def interval_of(ordered: Sequence[float]) -> Interval:
    """The 10%, 50% and 90% points of equally likely values in ascending order."""
    return Interval(
        low=_quantile(ordered, 0.1), mid=_quantile(ordered, 0.5), high=_quantile(ordered, 0.9)
    )


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * len(ordered) - 0.5
    below = max(0, math.floor(place))
    above = min(len(ordered) - 1, below + 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
