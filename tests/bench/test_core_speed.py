"""A core that is slow at times is told by the probes between blocks."""

import time

import pytest

from bench import core_speed, disturbance
from bench.core_speed import slowed
from bench.disturbance import Block, Counters, Neighbours

FAST, SLOW = 40e-6, 58e-6


def test_what_takes_longer_than_the_fastest_is_slow():
    probes = [FAST, 1.2 * FAST, SLOW, 90 * FAST]
    assert slowed(probes) == (False, False, True, True)


def test_one_that_a_jittering_clock_made_short_is_no_measure():
    probes = [FAST / 2] + [FAST] * 400 + [SLOW]
    assert slowed(probes) == (False,) * 401 + (True,)


def test_blocks_taken_in_turns_share_what_is_fastest():
    assert slowed([SLOW, SLOW]) == (False, False)
    assert slowed([SLOW, SLOW], [FAST, SLOW]) == (True, True)


def test_a_core_that_is_slow_throughout_is_told_where_its_usual_speed_is_known():
    with core_speed.known(FAST):
        assert slowed([SLOW, SLOW]) == (True, True)
        assert slowed([FAST / 2, FAST]) == (False, True)  # it can be faster than usual
        with core_speed.known(None):
            assert slowed([SLOW, SLOW]) == (False, False)
    assert slowed([SLOW, SLOW]) == (False, False)


@pytest.mark.parametrize("probes", [[], [None], [FAST, SLOW, None]])
def test_where_not_all_were_probed_nothing_is_told(probes):
    assert slowed(probes, [FAST]) == ()


def test_a_block_keeps_the_slower_of_its_two_probes(monkeypatch):
    times = iter([SLOW, FAST, FAST, SLOW, FAST, FAST])
    monkeypatch.setattr(disturbance, "probe_seconds", lambda: next(times))
    assert [Counters.now().block(0.001).probe_seconds for _ in range(3)] == [SLOW, SLOW, FAST]


def test_a_probe_is_none_of_the_blocks_own_time(monkeypatch):
    def probe():
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass
        return FAST

    monkeypatch.setattr(disturbance, "probe_seconds", probe)
    assert Counters.now().block(0.001).cpu_seconds < 0.04


def test_the_probe_does_its_work():
    found = sorted(core_speed.probe_seconds() for _ in range(50))
    assert 1e-6 < found[0] < 0.01


def test_beside_loader_workers_the_core_is_not_judged():
    start = Neighbours(busy_seconds=10.0, own_seconds=5.0, has_workers=True, wall_seconds=100.0)
    end = start._replace(busy_seconds=11.0, own_seconds=6.0, wall_seconds=101.0)
    block = Block(0.1, 0.1, 0, 0.0, probe_seconds=SLOW)
    assert start.judge([block], end)[0].probe_seconds is None
    alone = end._replace(has_workers=False)
    assert start.judge([block], alone)[0].probe_seconds == SLOW


def test_stretches_joined_to_one_are_not_judged():
    block = Block(0.1, 0.1, 0, 0.0, probe_seconds=FAST)
    assert block.plus(block).probe_seconds is None
