"""The median, its interval and sums of intervals; coverage is simulated with a fixed seed."""

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.statistics import (
    Interval,
    bursts_interval,
    median,
    median_interval,
    relative_half_width,
    t_quantile,
)

times = st.floats(0, 1e9)
intervals = st.lists(times, min_size=3, max_size=3).map(
    lambda ends: Interval(**dict(zip(("low", "mid", "high"), sorted(ends), strict=True)))
)


@pytest.mark.parametrize("size", [20, 33, 50, 100, 200])
@pytest.mark.parametrize(
    ("draw", "truth"),
    [
        (lambda dice: dice.lognormvariate(0, 0.5), 1.0),
        (lambda dice: dice.expovariate(1), math.log(2)),
        (lambda dice: dice.gauss(5, 1), 5.0),
    ],
    ids=["lognormal", "exponential", "normal"],
)
def test_the_interval_covers_the_true_median(
    draw: Callable[[random.Random], float], truth: float, size: int
) -> None:
    dice = random.Random(20261124)
    trials = 2000
    covered = 0
    for _ in range(trials):
        found = median_interval([draw(dice) for _ in range(size)])
        covered += found.low <= truth <= found.high
    assert 0.93 <= covered / trials <= 0.99  # above, the interval would be needlessly wide


def test_the_interval_narrows_with_the_root_of_the_count() -> None:
    dice = random.Random(7)
    widths = []
    for size in (100, 1600):
        found = median_interval([dice.gauss(10, 1) for _ in range(size)])
        widths.append(found.high - found.low)
    assert 2.5 < widths[0] / widths[1] < 6.5


def test_the_lower_rank_by_hand() -> None:
    found = median_interval(range(1, 101))  # 50 - 1.96 × 10 / 2 = 40.2: 41 is the 41st
    assert (found.low, found.mid) == (41, 50.5)
    assert found.high in (60, 61)


@pytest.mark.parametrize("size", range(1, 6))
def test_few_values_give_their_extremes(size: int) -> None:
    values = [3.0, 1.0, 2.0, 9.0, 4.0][:size]
    found = median_interval(values)
    assert (found.low, found.high) == (min(values), max(values))


@given(st.lists(times, min_size=1, max_size=300))
def test_interval_ends_are_values_around_the_median(values: list[float]) -> None:
    found = median_interval(values)
    assert found.low in values
    assert found.high in values
    assert found.low <= found.mid <= found.high
    assert found.mid == median(values)


@given(st.lists(times, min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_values_does_not_matter(values: list[float], dice: random.Random) -> None:
    mixed = list(values)
    dice.shuffle(mixed)
    assert median_interval(mixed) == median_interval(values)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60), st.sampled_from([0.5, 2, 1024]))
def test_the_interval_scales_with_the_unit(values: list[int], factor: float) -> None:
    assert median_interval([v * factor for v in values]) == median_interval(values).scaled(factor)


@given(st.lists(times, min_size=8, max_size=60))
def test_one_absurd_block_moves_no_middle_beyond_its_neighbours(values: list[float]) -> None:
    ordered = sorted(values)
    half = len(ordered) // 2
    assert median([*ordered[:-1], 1e15]) <= ordered[min(half + 1, len(ordered) - 1)]


@pytest.mark.parametrize(
    ("values", "middle"), [([5.0], 5.0), ([4.0, 1.0], 2.5), ([9.0, 1.0, 2.0], 2.0)]
)
def test_median(values: list[float], middle: float) -> None:
    assert median(values) == middle


def test_no_values_have_no_median() -> None:
    for of in (median, median_interval):
        with pytest.raises(ValueError, match="no values"):
            of([])


@pytest.mark.parametrize(
    "ends", [(2.0, 1.0, 3.0), (1.0, 3.0, 2.0), (math.nan, 1.0, 2.0), (1.0, math.nan, 2.0)]
)
def test_an_interval_out_of_order_is_refused(ends: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="out of order"):
        Interval(low=ends[0], mid=ends[1], high=ends[2])


@given(intervals, intervals, st.floats(0, 1e6))
def test_sums_and_multiples_go_end_by_end(one: Interval, other: Interval, factor: float) -> None:
    assert one + other == other + one
    total = one + other
    assert (total.low, total.mid, total.high) == (
        one.low + other.low,
        one.mid + other.mid,
        one.high + other.high,
    )
    assert one.scaled(factor).high == one.high * factor
    assert one.scaled(factor).low == one.low * factor


def test_an_interval_is_not_turned_around() -> None:
    with pytest.raises(ValueError, match="out of order"):
        Interval(low=1.0, mid=2.0, high=3.0).scaled(-1)


def test_relative_half_width() -> None:
    assert relative_half_width(Interval(low=9.0, mid=10.0, high=13.0)) == pytest.approx(0.2)
    assert relative_half_width(Interval(low=0.0, mid=0.0, high=1.0)) == math.inf


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 9, 20, 100, 10**6])
def test_t_quantile_agrees_with_scipy(degrees: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    for probability in (0.6, 0.9, 0.975, 0.995, 0.9999):
        expected = stats.t.ppf(probability, degrees)
        assert t_quantile(probability, degrees) == pytest.approx(expected, rel=0.002)


@pytest.mark.parametrize(("probability", "degrees"), [(0.5, 3), (1, 3), (0.9, 0)])
def test_t_quantile_refuses_what_has_none(probability: float, degrees: int) -> None:
    with pytest.raises(ValueError, match="no t quantile"):
        t_quantile(probability, degrees)


def test_the_interval_of_bursts_covers_the_true_median() -> None:
    dice = random.Random(20261128)
    trials, covered = 1000, 0
    for _ in range(trials):
        bursts = [dice.lognormvariate(0, 0.2) for _ in range(8)]  # each slowed as a whole
        blocks = [burst * dice.lognormvariate(0, 0.01) for burst in bursts for _ in range(21)]
        found = bursts_interval(blocks, [False] * len(blocks), [21] * 8)
        assert found is not None
        covered += found.low <= 1 <= found.high
    assert 0.93 <= covered / trials <= 0.97


def test_the_interval_covers_where_bursts_keep_few_blocks_or_many() -> None:
    dice = random.Random(20261129)
    trials, covered = 1000, 0
    for _ in range(trials):
        counts = [dice.choice((1, 3, 10, 40)) for _ in range(24)]
        blocks = [
            burst * dice.lognormvariate(0, 0.02)
            for burst, count in ((dice.lognormvariate(0, 0.1), n) for n in counts)
            for _ in range(count)
        ]
        found = bursts_interval(blocks, [False] * len(blocks), counts)
        assert found is not None
        covered += found.low <= 1 <= found.high
    assert 0.92 <= covered / trials <= 0.98


def test_a_burst_counts_for_as_much_as_it_has_blocks() -> None:
    found = bursts_interval([1.0] * 30 + [2.0] * 10, [False] * 40, [10] * 4)
    assert found is not None
    assert found.mid == pytest.approx(2**0.25)
    uneven = bursts_interval([1.0] * 30 + [2.0] * 10, [False] * 40, [20, 10, 9, 1])
    assert uneven is not None
    assert uneven.mid == pytest.approx(2**0.25)


@pytest.mark.parametrize(
    ("seconds", "left_out", "bursts"),
    [
        ([], [], []),
        ([1.0, 2.0], [False] * 2, [2]),  # one burst tells nothing of others
        ([1.0, 2.0], [False, True], [1, 1]),  # nor does one that is left
        ([1.0] * 9 + [2.0], [False] * 10, [9, 1]),  # nor a block beside one
    ],
)
def test_what_does_not_tell_that_bursts_are_apart(
    seconds: list[float], left_out: list[bool], bursts: list[int]
) -> None:
    assert bursts_interval(seconds, left_out, bursts) is None
