"""How often `compare` is wrong, by the simulation of benchmarks/compare_errors.py."""

import pytest

from benchmarks.compare_errors import STEADY, share, simulate


@pytest.mark.parametrize(
    ("repeats", "past"), [(1, 0), (1, 8), (3, 0), (5, 0)], ids=["one", "known", "three", "five"]
)
def test_false_alarms_are_at_most_one_in_twenty(repeats, past):
    found = simulate(1.0, repeats, past)
    assert share(found, "slower", "faster") <= 0.07  # 5% and two standard errors of 400
    assert sum(c.is_regression(0.05) for c in found) / len(found) <= 0.01


def test_no_false_regression_just_below_the_threshold():
    found = simulate(1.05, 3)
    assert sum(c.is_regression(0.05) for c in found) / len(found) <= 0.04  # one-sided 2.5%


@pytest.mark.parametrize(
    ("ratio", "repeats"), [(1.5, 1), (1.3, 4), (0.67, 1)], ids=["+50%", "+30% of four", "-33%"]
)
def test_power_on_the_drifting_machine(ratio, repeats):
    found = simulate(ratio, repeats)
    assert share(found, "slower" if ratio > 1 else "faster") >= 0.9
    assert share(found, "faster" if ratio > 1 else "slower") == 0


def test_power_on_a_steady_machine_whose_past_is_known():
    assert share(simulate(1.05, 1, 10, STEADY), "slower") >= 0.95
    same = simulate(1.0, 5, 0, STEADY)
    assert share(same, "same") >= 0.9
    assert share(same, "slower", "faster") <= 0.07


def test_intervals_hold_the_truth():
    found = simulate(1.1, 4)
    held = sum(c.ratio.low <= 1.1 <= c.ratio.high for c in found) / len(found)
    assert held >= 0.93
