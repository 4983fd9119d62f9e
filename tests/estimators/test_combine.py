"""The ends of a sum of uncertain items: against free sampling, and on simulated jobs."""

import math
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimators import combine
from results.statistics import Interval

# Queue, pull, data and upload as they are assumed, and a training that is known within a factor.
AROUND = [
    Interval(low=5, mid=45, high=600),
    Interval(low=30, mid=90, high=300),
    Interval(low=2, mid=10, high=60),
    Interval(low=2, mid=8, high=40),
]
TRAININGS = [
    Interval(low=1, mid=2, high=4),
    Interval(low=100, mid=265, high=702),
    Interval(low=3000, mid=3300, high=4000),
    Interval(low=900, mid=36000, high=160000),
]


def drawn(interval: Interval, dice: random.Random) -> float:
    """Free of the code under test: the two-piece lognormal by the normal deviate itself."""
    z = dice.gauss(0, 1)
    end = interval.high if z > 0 else interval.low
    return interval.mid * math.exp(abs(z) / 1.2815515655446004 * math.log(end / interval.mid))


def combined(training: Interval) -> Interval:
    around = combine.independent_sum(AROUND)
    return combine.interval_of(combine.plus(around, combine.points(training)))


@pytest.mark.parametrize("training", TRAININGS, ids=lambda t: f"{t.mid:g}s")
def test_the_ends_are_those_of_free_sampling(training: Interval) -> None:
    dice = random.Random(1)
    totals = sorted(sum(drawn(item, dice) for item in (*AROUND, training)) for _ in range(60_000))
    found = combined(training)
    for share, end in ((0.1, found.low), (0.5, found.mid), (0.9, found.high)):
        assert end == pytest.approx(totals[int(share * len(totals))], rel=0.05)


def lognormal(interval: Interval, dice: random.Random) -> float:
    return drawn(interval, dice)


def triangular(interval: Interval, dice: random.Random) -> float:
    """Another law with the same three points, straight between them in the logarithm."""
    u = dice.random()
    low, mid, high = (math.log(v) for v in (interval.low, interval.mid, interval.high))
    if u < 0.5:
        return math.exp(mid - (mid - low) * (0.5 - u) / 0.4)
    return math.exp(mid + (high - mid) * (u - 0.5) / 0.4)


@pytest.mark.parametrize("training", TRAININGS, ids=lambda t: f"{t.mid:g}s")
@pytest.mark.parametrize(("law", "slack"), [(lognormal, 0.03), (triangular, 0.08)])
def test_eight_of_ten_simulated_jobs_fall_inside(
    training: Interval, law: Callable[[Interval, random.Random], float], slack: float
) -> None:
    dice = random.Random(2)
    jobs = [sum(law(item, dice) for item in (*AROUND, training)) for _ in range(8_000)]
    inside = combined(training)
    share = sum(inside.low <= job <= inside.high for job in jobs) / len(jobs)
    assert share == pytest.approx(0.8, abs=slack)


def test_adding_the_ends_would_be_too_wide() -> None:
    dice = random.Random(3)
    training = TRAININGS[1]
    jobs = [sum(drawn(item, dice) for item in (*AROUND, training)) for _ in range(8_000)]
    ends = training
    for item in AROUND:
        ends = ends + item
    assert sum(ends.low <= job <= ends.high for job in jobs) / len(jobs) > 0.9


def test_a_quote_repeats_exactly() -> None:
    assert combine.independent_sum(AROUND) == combine.independent_sum(AROUND)


def test_a_constant_only_shifts() -> None:
    plain, shifted = combine.independent_sum(AROUND), combine.independent_sum(AROUND, 120)
    assert [s - p for p, s in zip(plain, shifted, strict=True)] == pytest.approx([120] * 24)


@settings(deadline=None)
@given(
    st.floats(0, 1e6),
    st.floats(1, 1e3),
    st.floats(1, 1e3),
)
def test_points_ascend_around_the_middle(mid: float, down: float, up: float) -> None:
    found: Sequence[float] = combine.points(Interval(low=mid / down, mid=mid, high=mid * up))
    assert list(found) == sorted(found)
    assert found[11] <= max(mid, combine.SMALLEST) * (1 + 1e-12)
    assert found[12] >= max(mid, combine.SMALLEST) * (1 - 1e-12)
    back = combine.interval_of(found)
    assert back.low <= back.mid <= back.high
