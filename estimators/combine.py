"""How the intervals of several items become that of their sum: by sampling, not end by end.

An 80% interval is read as a two-piece lognormal distribution: its 10%, 50% and 90% points are low,
mid and high, and the logarithm is normal on either side. Independent items are drawn by Latin
hypercube sampling with a fixed seed, so that a quote repeats exactly; two sums are joined over
pairs of their equally likely points. Shown in tests/estimators/test_combine.py: the ends lie
within 5% of those of 60,000 free draws, and 80% ± 3% of simulated jobs fall inside.
"""

import math
import random
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from operator import add, itemgetter, mul
from statistics import NormalDist

from results.statistics import Interval

Points = tuple[float, ...]  # equally likely values, in ascending order

SIDE = 24
COUNT = SIDE * SIDE  # points that stand for a distribution
DRAWS = 2 * COUNT
SEED = 20261125
Z90 = NormalDist().inv_cdf(0.9)
SMALLEST = 1e-9  # stands for zero, of which there is no logarithm
# Pairs of points that fill the square of two independent distributions evenly: one in each of
# SIDE × SIDE cells, and no point of either used twice.
PAIRS = tuple(
    (i * SIDE + j * 7 % SIDE, j * SIDE + i * 7 % SIDE) for i in range(SIDE) for j in range(SIDE)
)
# All first, all second of each pair: picked in one go, which is most of what ranking takes.
_first = itemgetter(*(one for one, _ in PAIRS))
_second = itemgetter(*(other for _, other in PAIRS))


@cache
def _normal(count: int) -> Points:
    """The middles of `count` equally likely parts of the normal distribution."""
    return tuple(NormalDist().inv_cdf((i + 0.5) / count) for i in range(count))


@cache
def _halves(count: int) -> tuple[Points, Points]:
    """e^z below and above the middle of the normal distribution; its powers are lognormal."""
    powers = tuple(math.exp(z) for z in _normal(count))
    return powers[: count // 2], powers[count // 2 :]


@lru_cache(maxsize=512)
def points(interval: Interval, count: int = COUNT) -> Points:
    """Equally likely values of the two-piece lognormal with these 10%, 50% and 90% points."""
    low, mid = max(interval.low, SMALLEST), max(interval.mid, SMALLEST)
    high = max(interval.high, SMALLEST)
    down, up = math.log(mid / low) / Z90, math.log(high / mid) / Z90
    below, above = _halves(count)
    return (*(mid * power**down for power in below), *(mid * power**up for power in above))


@cache
def _order(number: int) -> tuple[int, ...]:
    """In which order the draws of the item with this number come; another for each."""
    places = list(range(DRAWS))
    random.Random(SEED + number).shuffle(places)  # noqa: S311  # no secret
    return tuple(places)


def independent_sum(intervals: Iterable[Interval], constant: float = 0.0) -> Points:
    """The sum of independent items and a constant."""
    totals = [constant] * DRAWS
    for number, interval in enumerate(intervals):
        drawn = points(interval, DRAWS)
        totals = [t + drawn[i] for t, i in zip(totals, _order(number), strict=True)]
    return _thinned(totals)


def plus(one: Points, other: Points) -> Points:
    """The sum of two independent quantities."""
    return tuple(sorted(map(add, _first(one), _second(other))))


def times(one: Points, other: Points) -> Points:
    """The product of two independent quantities."""
    return tuple(sorted(map(mul, _first(one), _second(other))))


def pairs(one: Points, other: Points) -> Iterable[tuple[float, float]]:
    """Equally likely values of two independent quantities, for what is more than their sum."""
    return zip(_first(one), _second(other), strict=True)


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
