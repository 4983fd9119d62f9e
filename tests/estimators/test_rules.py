"""The rules of projection, by hand and by their properties."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimators import rules
from estimators.assumptions import CPU_FACTOR
from results.statistics import Interval

POSITIVE = st.floats(1e-3, 1e6)
STEP = Interval(low=0.09, mid=0.1, high=0.12)


@pytest.mark.parametrize(
    ("threads", "vcpus", "low", "mid", "high"),
    [(4, 4, 1, 1, 1), (8, 2, 1, 4, 4), (2, 8, 0.25, 1, 1)],
)
def test_cpu_rule(threads: int, vcpus: float, low: float, mid: float, high: float) -> None:
    found = rules.cpu_factor(threads, vcpus)
    assert found.low == pytest.approx(low / CPU_FACTOR)
    assert found.mid == mid
    assert found.high == pytest.approx(high * CPU_FACTOR)


@given(st.integers(1, 256), st.integers(1, 256))
def test_more_vcpus_are_never_slower(threads: int, vcpus: int) -> None:
    here, there = rules.cpu_factor(threads, vcpus), rules.cpu_factor(threads, vcpus + 1)
    assert there.low <= here.low and there.mid <= here.mid and there.high <= here.high


def test_gpu_from_cpu_by_hand() -> None:
    found = rules.gpu_from_cpu_seconds(STEP, 1)
    assert found.low == pytest.approx(0.09 / 107)
    assert found.mid == pytest.approx(0.1 / math.sqrt(107 * 0.4))
    assert found.high == pytest.approx(0.12 / 0.4)


def test_gpu_from_cpu_has_a_floor() -> None:
    short = Interval(low=0.005, mid=0.005, high=0.005)
    assert rules.gpu_from_cpu_seconds(short, 1).mid == 0.00179
    tiny = Interval(low=0.001, mid=0.001, high=0.001)
    assert rules.gpu_from_cpu_seconds(tiny, 1).mid == 0.001


@given(st.floats(0, 1e4), st.floats(0.1, 1), st.floats(1, 3))
def test_gpu_from_cpu_is_ordered_and_a_slice_is_slower(
    seconds: float, fraction: float, spread: float
) -> None:
    step = Interval(low=seconds / spread, mid=seconds, high=seconds * spread)
    part, whole = (rules.gpu_from_cpu_seconds(step, f) for f in (fraction, 1.0))
    assert part.low >= whole.low and part.mid >= whole.mid and part.high >= whole.high


@pytest.mark.parametrize(
    ("per_node", "nodes", "low", "mid"),
    [
        (1, 1, 1.0, 1.0),
        (2, 1, 0.75, 0.95),
        (4, 1, 0.68, 0.96),
        (8, 1, 0.58, 0.93),
        (16, 1, 0.40, 0.93),
        (1, 2, 0.40, 0.95),
        (8, 4, 0.40, 0.93),
    ],
)
def test_efficiency(per_node: int, nodes: int, low: float, mid: float) -> None:
    found = rules.efficiency(per_node, nodes)
    assert (found.low, found.mid, found.high) == (low, mid, 1.0)


def test_efficiency_between_the_published_counts() -> None:
    found = rules.efficiency(3, 1)
    along = math.log2(1.5)
    assert found.mid == pytest.approx(0.95 + along * 0.01)
    assert found.low == pytest.approx(0.75 - along * 0.07)


@given(st.integers(1, 16), st.integers(1, 64))
def test_more_processes_are_faster_in_the_middle(per_node: int, nodes: int) -> None:
    def speed(nodes: int) -> float:
        return per_node * nodes / rules.parallel_factor(per_node, nodes).mid

    assert speed(nodes + 1) > speed(nodes)


def test_hull_and_times() -> None:
    a, b = Interval(low=2, mid=3, high=4), Interval(low=1, mid=2, high=10)
    assert rules.hull(a, b) == Interval(low=1, mid=3, high=10)
    assert rules.times(a, b) == Interval(low=2, mid=6, high=40)


def test_two_vcpus_of_one_core_may_be_worth_one() -> None:
    plain, shared = rules.cpu_factor(8, 8), rules.cpu_factor(8, 8, cores=4)
    assert (shared.low, shared.mid) == (plain.low, plain.mid)
    assert shared.high == pytest.approx(2 * plain.high)


@given(st.integers(1, 64), st.integers(1, 64), st.floats(0, 1))
def test_measured_scaling_is_the_middle(threads: int, vcpus: int, scaling: float) -> None:
    found = rules.cpu_factor(threads, vcpus, vcpus / 2, scaling)
    assert found.mid == pytest.approx((threads / vcpus) ** scaling)
    assert found.low < found.mid < found.high


def test_own_runs_move_a_rule_and_narrow_it_to_half_at_most() -> None:
    rule = Interval(low=0.5, mid=1, high=4)
    assert rules.moved_by_own_runs(rule, ()) == rule
    one, many = (rules.moved_by_own_runs(rule, (4.0,) * n) for n in (1, 99))
    assert one.mid == pytest.approx(2)
    assert one.high / one.mid == pytest.approx(4 ** (1 / 2**0.5))
    assert many.mid == pytest.approx(4, rel=0.02)
    assert many.high / many.mid == pytest.approx(2)
    assert many.mid / many.low == pytest.approx(2**0.5)
