"""How often `compare` is wrong, by simulation of a machine that drifts and of one that does not.

The drifting one: the level of each run is off by 7% (standard deviation) and wanders on by another
2% within it with a memory of a third of the run; each block has 2% noise, and one in ten was made
up to twice as long without anybody noticing.
"""

import math
import random

import pytest

from results.compare import compare

RUNS = 400  # comparisons simulated each time


@pytest.fixture(scope="module")
def simulate(make_run, make_measurement):
    def run(rng, seconds, run_spread=0.07, wander=0.02, count=120):
        level, drift = rng.gauss(0, run_spread), rng.gauss(0, wander)
        memory = math.exp(-3 / count)
        samples = []
        for _ in range(count):
            drift = memory * drift + math.sqrt(1 - memory**2) * rng.gauss(0, wander)
            spike = 1 + rng.random() if rng.random() < 0.1 else 1
            samples.append(seconds * math.exp(level + drift + rng.gauss(0, 0.02)) * spike)
        measured = make_measurement(block_seconds=tuple(samples))
        return make_run(measurements=(measured,), run_id=f"r{rng.random()}")

    def verdicts(ratio, repeats=1, history=0, seed=1, **machine):
        rng, found = random.Random(seed), []
        for _ in range(RUNS):
            sides = [[run(rng, s, **machine) for _ in range(repeats)] for s in (0.1, 0.1 * ratio)]
            past = [run(rng, 0.1, **machine) for _ in range(history)]
            (change,) = compare(*sides, past).changes
            found.append(change)
        return found

    return verdicts


def share(changes, *names):
    return sum(c.change in names for c in changes) / len(changes)


@pytest.mark.parametrize(
    ("repeats", "history"), [(1, 0), (1, 8), (3, 0), (5, 0)], ids=["one", "known", "three", "five"]
)
def test_false_alarms_are_at_most_one_in_twenty(simulate, repeats, history):
    found = simulate(1.0, repeats, history)
    assert share(found, "slower", "faster") <= 0.07  # 5% and three standard errors of 400
    assert sum(c.is_regression(0.05) for c in found) / len(found) <= 0.01


def test_no_false_regression_just_below_the_threshold(simulate):
    found = simulate(1.05, 3)
    assert sum(c.is_regression(0.05) for c in found) / len(found) <= 0.04  # one-sided 2.5%


@pytest.mark.parametrize(
    ("ratio", "repeats"), [(1.5, 1), (1.3, 4), (0.67, 1)], ids=["+50%", "+30% of four", "-33%"]
)
def test_power_on_the_drifting_machine(simulate, ratio, repeats):
    found = simulate(ratio, repeats)
    assert share(found, "slower" if ratio > 1 else "faster") >= 0.9
    assert share(found, "faster" if ratio > 1 else "slower") == 0


def test_power_on_a_steady_machine_whose_past_is_known(simulate):
    steady = {"run_spread": 0.005, "wander": 0.002}
    assert share(simulate(1.05, history=10, **steady), "slower") >= 0.95
    assert share(simulate(1.0, 5, **steady), "same") >= 0.9
    assert share(simulate(1.0, 5, **steady), "slower", "faster") <= 0.07


def test_intervals_hold_the_truth(simulate):
    found = simulate(1.1, 4)
    held = sum(c.ratio.low <= 1.1 <= c.ratio.high for c in found) / len(found)
    assert held >= 0.93
