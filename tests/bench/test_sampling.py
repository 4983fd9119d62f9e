"""When warm-up ends and when sampling stops, on series that are known."""

import itertools

import pytest

from bench import sampling
from bench.disturbance import Block
from bench.sampling import Samples, Series
from results.statistics import bursts_interval, relative_half_width


class Known:
    """Blocks of given times; the real clock moves little, so only the data decides."""

    def __init__(self, times):
        self.times, self.taken = iter(times), 0

    def __call__(self):
        self.taken += 1
        seconds = next(self.times)
        return Block(seconds, seconds, 0, 0.0)


def nothing():
    pass


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """As in a measurement, but in milliseconds."""
    monkeypatch.setattr(sampling, "BURST_SECONDS", 0.001)
    monkeypatch.setattr(sampling, "SPREAD_SECONDS", 0.01)
    monkeypatch.setattr(sampling, "WARMUP_MIN_SECONDS", 0.0)


def in_turns(*blocks, max_seconds=5.0, **more):
    series = [Series(run) for run in blocks]
    sampling.sample_in_turns(series, max_seconds, nothing, **more)
    return [one.samples for one in series]


def test_a_steady_series_stops_when_precise_and_spread_out():
    (samples,) = in_turns(Known(itertools.repeat(0.001)))
    assert samples.stopped_because == "precise"
    assert len(samples.bursts) >= sampling.BURSTS
    assert sum(samples.bursts) == len(samples.blocks)


def test_a_wild_series_goes_on_until_time_is_up():
    (samples,) = in_turns(Known(itertools.cycle([0.001, 0.002])), max_seconds=0.05)
    assert samples.stopped_because == "time"
    assert len(samples.blocks) > sampling.MIN_BLOCKS


def test_the_precision_can_be_set():
    noise = [1 + 0.37 * i % 0.2 for i in range(997)]
    (fine,) = in_turns(Known(itertools.cycle(noise)), max_seconds=0.05, precision=0.0001)
    (coarse,) = in_turns(Known(itertools.cycle(noise)), max_seconds=5, precision=0.2)
    assert (fine.stopped_because, coarse.stopped_because) == ("time", "precise")


class Slowed:
    """As with a neighbour that slows whole bursts by a third; the first `apart` of them."""

    def __init__(self, apart):
        self.begun, self.apart = 0, apart

    def begin(self):
        self.begun += 1

    def __call__(self):
        seconds = 0.0013 if self.begun <= self.apart and self.begun % 2 else 0.001
        return Block(seconds, seconds, 0, 0.0)


@pytest.mark.parametrize(("others", "enough"), [(0.1, True), (1.0, False)])
def test_beside_busy_others_bursts_must_agree_as_well(monkeypatch, others, enough):
    monkeypatch.setattr(
        sampling.Neighbours, "others_seconds",
        lambda start, end: others * (end.wall_seconds - start.wall_seconds),
    )  # fmt: skip
    blocks = Slowed(apart=16)
    one = Series(blocks, before_burst=blocks.begin)
    sampling.sample_in_turns([one], 5.0, nothing)
    assert one.samples.stopped_because == "precise"  # for the later bursts agree
    seconds = [b.seconds for b in one.samples.blocks]
    told = bursts_interval(seconds, [False] * len(seconds), one.samples.bursts)
    assert told is not None
    assert (relative_half_width(told) > sampling.PRECISION) is enough


class SharedCore:
    """Every other burst on a slow core, where a step takes half as long again, which the probes
    tell; with `blind` they don't."""

    def __init__(self, blind=False, wander=0.0):
        self.begun, self.blind, self.wander = 0, blind, wander

    def begin(self):
        self.begun += 1

    def __call__(self):
        slow = self.begun % 2
        seconds = 0.0015 if slow else 0.001 * (1 + self.wander * (self.begun // 2 % 2))
        probe = 60e-6 if slow and not self.blind else 40e-6
        return Block(seconds, seconds, 0, 0.0, probe_seconds=probe)


@pytest.mark.parametrize(
    ("core", "stopped", "step"),
    [
        (SharedCore(), "precise", 0.001),
        (SharedCore(wander=0.2), "time", 0.0011),  # the fast bursts do not agree either
        (SharedCore(blind=True), "time", None),
    ],
)
def test_on_a_core_that_is_slow_at_times_the_fast_blocks_must_tell(core, stopped, step):
    one = Series(core, before_burst=core.begin)
    sampling.sample_in_turns([one], 0.3, nothing)
    assert one.samples.stopped_because == stopped
    told = one.samples.measurement("step")
    if step is not None:
        assert told.slowed_share == pytest.approx(0.5, abs=0.15)
        assert told.by_bursts.mid == pytest.approx(step, rel=0.02)


def test_phases_and_steps_are_judged_by_the_same_probes():
    fast, slow = (Block(0.001, 0.001, 0, 0.0, probe_seconds=p) for p in (40e-6, 60e-6))
    assert Samples([slow] * 3, bursts=[3]).measurement("step", [fast] * 3).slowed == (True,) * 3


def test_series_take_turns_and_each_says_why_it_stopped():
    order = []

    def steady():
        order.append("a")
        return Block(1.0, 1.0, 0, 0.0)

    wild_times = itertools.cycle([1.0, 2.0])

    def wild():
        order.append("b")
        return Block(next(wild_times), 2.0, 0, 0.0)

    a, b = in_turns(steady, wild, max_seconds=0.1)
    assert (a.stopped_because, b.stopped_because) == ("precise", "time")
    changes = sum(x != y for x, y in itertools.pairwise(order))
    assert changes >= 2 * len(a.bursts) - 1


def test_one_block_is_taken_even_without_time():
    (samples,) = in_turns(Known([1.0]), max_seconds=1e-9)
    assert samples.bursts == [1]


def test_disturbed_blocks_do_not_make_it_precise():
    (samples,) = in_turns(lambda: Block(0.001, 0.001, 3, 0.001), max_seconds=0.05)
    assert samples.stopped_because == "time"


@pytest.mark.parametrize(("epoch_seconds", "least", "most"), [(0.1, 0.1, 0.15), (3600.0, 0.2, 0.3)])
def test_a_long_epoch_is_sampled_longer(monkeypatch, epoch_seconds, least, most):
    monkeypatch.setattr(sampling, "MAX_SPREAD_SECONDS", 0.2)
    shares = []
    in_turns(
        Known(itertools.repeat(0.001)), epoch_seconds=epoch_seconds, max_seconds=1.0,
        progress=shares.append,
    )  # fmt: skip
    assert least <= shares[-1]
    assert shares[-2] < most


def test_steps_that_do_not_count_come_last_before_the_blocks(monkeypatch):
    order = []
    now = sampling.Neighbours.now
    monkeypatch.setattr(
        sampling.Neighbours, "now", classmethod(lambda _: order.append("neighbours") or now())
    )

    def block():
        order.append("block")
        return Block(1.0, 1.0, 0, 0.0)

    Samples().take_burst(block, 0, nothing, lambda: order.append("cold steps"))
    assert order == ["neighbours", "cold steps", "block", "neighbours"]


def test_an_interrupted_burst_keeps_its_blocks():
    def stop():
        if len(samples.blocks) == 3:
            raise KeyboardInterrupt

    samples = Samples()
    with pytest.raises(KeyboardInterrupt):
        samples.take_burst(Known(itertools.repeat(1.0)), 60, stop)
    assert samples.bursts == [3] == [len(samples.blocks)]


def warmed_up(series, max_seconds):
    blocks = []
    sampling.warm_up(series, max_seconds, nothing, blocks)
    return sampling.warm_and_steady(blocks)


@pytest.mark.parametrize("slow", [1, 5, 8])
def test_warm_up_ends_where_the_series_settles(slow):
    series = Known([*[0.003] * slow, *itertools.repeat(0.001, 1000)])
    warm, steady = warmed_up(series, 5)
    assert len(warm) == slow
    assert {b.seconds for b in steady} == {0.001}


def test_a_series_that_keeps_getting_faster_is_watched_longer():
    falling = [0.9**i for i in range(40)]
    series = Known([*falling, *itertools.repeat(falling[-1], 1000)])
    warm, steady = warmed_up(series, 5)
    assert len(warm) >= 30
    assert len(steady) >= len(warm)


def test_warm_up_is_bounded_by_time():
    series = Known(0.5**i for i in itertools.count())
    warm, steady = warmed_up(series, 0)
    assert len(warm) + len(steady) == 1
    assert sampling.warm_and_steady([]) == ([], [])


@pytest.mark.parametrize(
    ("is_gpu", "step_seconds", "steps"),
    [
        (False, 1e-4, 10),
        (False, 3e-3, 1),
        (False, 3.0, 1),
        (True, 1e-3, 50),
        (True, 0.2, 1),
        (True, 0.0, 500_000),
    ],
)
def test_block_length(is_gpu, step_seconds, steps):
    assert sampling.steps_per_block(is_gpu, step_seconds) == steps
