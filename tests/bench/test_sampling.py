"""When warm-up ends and when sampling stops, on series that are known."""

import itertools

import pytest

from bench import sampling
from bench.disturbance import Block


class Series:
    """Blocks of given times; the real clock moves little, so only the data decides."""

    def __init__(self, times):
        self.times, self.taken = iter(times), 0

    def __call__(self):
        self.taken += 1
        seconds = next(self.times)
        return Block(seconds, seconds, 0)


def nothing():
    pass


def test_a_steady_series_stops_when_precise():
    series = Series(itertools.repeat(0.001))
    samples = sampling.sample(series, max_seconds=5, tick=nothing)
    assert samples.stopped_because == "precise"
    assert series.taken == len(samples.blocks) == sampling.MIN_BLOCKS


def test_a_wild_series_goes_on_until_time_is_up():
    series = Series(itertools.cycle([0.001, 0.002]))
    samples = sampling.sample(series, max_seconds=0.05, tick=nothing)
    assert samples.stopped_because == "time"
    assert len(samples.blocks) > sampling.MIN_BLOCKS


def test_one_block_is_taken_even_without_time():
    assert len(sampling.sample(Series([1.0]), max_seconds=0, tick=nothing).blocks) == 1


def test_disturbed_blocks_do_not_make_it_precise():
    def always_switched():
        return Block(0.001, 0.001, 3)

    assert sampling.sample(always_switched, 0.05, nothing).stopped_because == "time"


def test_warm_up_lasts_while_it_gets_faster(monkeypatch):
    monkeypatch.setattr(sampling, "WARMUP_MIN_SECONDS", 0.0)
    falling = [1.0 * 0.9**i for i in range(40)]
    series = Series([*falling, *itertools.repeat(falling[-1], 1000)])
    warmup = sampling.warm_up(series, max_seconds=5, tick=nothing)
    assert 40 <= len(warmup) <= 50


def test_warm_up_is_bounded_by_time():
    series = Series(0.5**i for i in itertools.count())
    assert len(sampling.warm_up(series, max_seconds=0, tick=nothing)) == 1


@pytest.mark.parametrize(
    ("is_gpu", "step_seconds", "steps"),
    [(False, 1e-4, 1), (False, 3.0, 1), (True, 1e-3, 50), (True, 0.2, 1), (True, 0.0, 500_000)],
)
def test_block_length(is_gpu, step_seconds, steps):
    assert sampling.steps_per_block(is_gpu, step_seconds) == steps
