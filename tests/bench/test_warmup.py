"""Change points in series whose truth is known."""

import random

import pytest

from bench.warmup import warmup_blocks


def series(rng, warm, steady, slow=1.5, noise=0.03, stray=0.02):
    """Log-normal noise with a few stray blocks twice as long, as a real machine gives."""
    times = [slow] * warm + [1.0] * steady
    return [t * rng.lognormvariate(0, noise) * (2 if rng.random() < stray else 1) for t in times]


@pytest.mark.parametrize("warm", [1, 3, 10, 60])
@pytest.mark.parametrize("slow", [1.5, 20.0, 0.7])
def test_it_is_found_to_within_a_block_or_two(warm, slow):
    rng = random.Random(warm)
    found = [warmup_blocks(series(rng, warm, 200, slow)) for _ in range(20)]
    near = [abs(f - warm) <= 2 for f in found]
    assert sum(near) >= 18, found


def test_steady_noise_has_no_warm_up():
    rng = random.Random(0)
    found = [warmup_blocks(series(rng, 0, 500, stray=0)) for _ in range(300)]
    assert sum(f > 0 for f in found) == 0
    found = [warmup_blocks(series(rng, 0, 500)) for _ in range(300)]
    assert sum(f > 3 for f in found) <= 2  # a stray block among the first may count as warm-up


def test_two_stages_are_both_warm_up():
    rng = random.Random(1)
    times = series(rng, 3, 0, 30) + series(rng, 20, 200, 2)
    assert abs(warmup_blocks(times) - 23) <= 2


def test_a_small_drift_is_no_warm_up():
    rng = random.Random(2)
    assert warmup_blocks(series(rng, 50, 100, slow=1.03)) == 0


def test_disturbed_blocks_do_not_count():
    times = [3.0, 3.0, 3.0, *[1.0] * 40]
    assert warmup_blocks(times) == 3
    assert warmup_blocks(times, [True] * 3 + [False] * 40) == 0


def test_at_most_half_is_warm_up():
    assert warmup_blocks([2.0] * 30 + [1.0] * 20) <= 25


@pytest.mark.parametrize("count", [0, 1, 7])
def test_too_few_blocks_tell_nothing(count):
    assert warmup_blocks([5.0, *[1.0] * count][:count]) == 0


def test_the_same_series_scaled_has_the_same_warm_up():
    times = series(random.Random(3), 7, 100)
    assert warmup_blocks(times) == warmup_blocks([1e-6 * t for t in times])
