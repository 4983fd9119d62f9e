"""What the blocks of a phase are worth: which count, the verdict, time and interval."""

from collections.abc import Callable

import pytest

from results.records import Measurement

MakeMeasurement = Callable[..., Measurement]


@pytest.mark.parametrize(
    ("quiet", "disturbed", "verdict"),
    [
        (9, 0, "quiet"),
        (5, 15, "quiet"),  # five, and a quarter of all
        (4, 0, "quiet"),  # all there are
        (4, 16, "contended"),
        (5, 16, "contended"),  # five, but less than a quarter
        (0, 1, "contended"),
        (0, 0, "contended"),
    ],
)
def test_verdict(
    make_measurement: MakeMeasurement, quiet: int, disturbed: int, verdict: str
) -> None:
    flags = (False,) * quiet + (True,) * disturbed
    found = make_measurement(block_seconds=(0.1,) * len(flags), disturbed=flags)
    assert found.verdict == verdict


def test_disturbed_blocks_do_not_count_in_a_quiet_run(make_measurement: MakeMeasurement) -> None:
    found = make_measurement(
        block_seconds=(1.0,) * 6 + (2.0,) * 3,
        disturbed=(False,) * 6 + (True,) * 3,
        steps_per_block=10,
    )
    assert found.sample_seconds == (0.1,) * 6
    assert found.seconds.high == 0.1


def test_a_contended_run_spans_from_its_fastest_block_to_three_quarters(
    make_measurement: MakeMeasurement,
) -> None:
    blocks = tuple(float(i) for i in range(1, 42))
    found = make_measurement(block_seconds=blocks, disturbed=(True,) * 41)
    assert (found.seconds.low, found.seconds.mid, found.seconds.high) == (1.0, 21.0, 31.0)
    found = make_measurement(block_seconds=blocks, disturbed=(False,) * 3 + (True,) * 38)
    assert found.seconds.mid == 2.0  # what undisturbed blocks there are know best


def test_what_disturbances_took(make_measurement: MakeMeasurement) -> None:
    some = make_measurement(block_seconds=(1.0,) * 9 + (4.0,), disturbed=(False,) * 9 + (True,))
    assert some.lost_share == pytest.approx(3 / 13)
    assert some.verdict == "quiet"
    more = make_measurement(block_seconds=(1.0,) * 9 + (5.0,), disturbed=(False,) * 9 + (True,))
    assert more.verdict == "contended"  # though nine of ten blocks were undisturbed
    # Every fourth step waits for its loader: that is how the workload is, no disturbance.
    loading = make_measurement(block_seconds=(1.0, 1.0, 1.0, 9.0) * 9, disturbed=(False,) * 36)
    assert (loading.lost_share, loading.verdict) == (0, "quiet")
    none = make_measurement(block_seconds=(1.0,), disturbed=(True,))
    assert none.lost_share == 1


@pytest.mark.parametrize(
    ("others", "slow", "verdict"),
    [
        (1.0, 1.05, "quiet"),
        (1.0, 1.3, "contended"),  # nobody interrupted a block, but every other burst was slow
        (0.4, 1.3, "quiet"),  # the machine's own drift
        (None, 1.3, "quiet"),
    ],
)
def test_beside_busy_others_bursts_must_agree(
    make_measurement: MakeMeasurement, others: float | None, slow: float, verdict: str
) -> None:
    found = make_measurement(
        block_seconds=((1.0,) * 5 + (slow,) * 5) * 4,
        disturbed=(False,) * 40,
        bursts=(5,) * 8,
        steps_per_block=1,
        others_processors=others,
    )
    assert (found.verdict, found.is_unsettled) == (verdict, verdict == "contended")
    if others == 1.0 and verdict == "quiet":  # the mean of the bursts, not the median of blocks
        assert found.seconds.mid == pytest.approx(slow**0.5)
        assert found.seconds.low < found.seconds.mid < found.seconds.high


SHARED = {
    "block_seconds": ((1.0,) * 5 + (1.5,) * 5) * 4,
    "disturbed": ((False,) * 4 + (True,) + (False,) * 5) * 4,
    "slowed": ((False,) * 5 + (True,) * 5) * 4,
    "bursts": (5,) * 8,
}


def test_a_step_on_a_core_that_is_slow_at_times_is_that_of_the_fast_blocks(
    make_measurement: MakeMeasurement,
) -> None:
    found = make_measurement(**SHARED)
    assert (found.verdict, found.is_shared) == ("quiet", True)
    assert (found.seconds.low, found.seconds.mid, found.seconds.high) == pytest.approx((1, 1, 1))
    assert found.sample_seconds == (1.0,) * 16
    assert found.slowed_share == pytest.approx(20 / 36)
    assert found.slowdown == pytest.approx(0.5)


def test_too_few_fast_blocks_tell_no_step(make_measurement: MakeMeasurement) -> None:
    one_burst = (False,) * 5 + (True,) * 35
    found = make_measurement(**SHARED | {"slowed": one_burst})
    assert (found.verdict, found.is_unsettled, found.by_bursts) == ("contended", True, None)
    assert found.seconds.low == 1.0
    apart = make_measurement(
        **SHARED | {"block_seconds": ((1.0,) * 5 + (1.5,) * 5 + (1.3,) * 5 + (1.5,) * 5) * 2}
    )
    assert (apart.verdict, apart.is_unsettled) == ("contended", True)


def test_a_few_stray_slow_blocks_are_only_left_out(make_measurement: MakeMeasurement) -> None:
    stray = (True,) + (False,) * 39
    found = make_measurement(**SHARED | {"block_seconds": (9.0, *(1.0,) * 39), "slowed": stray})
    assert (found.verdict, found.is_shared, found.by_bursts) == ("quiet", False, None)
    assert max(found.sample_seconds) == 1.0


def test_a_record_without_probes_is_judged_as_before(make_measurement: MakeMeasurement) -> None:
    found = make_measurement(**SHARED | {"slowed": ()})
    assert (found.slowed_share, found.slowdown, found.is_shared) == (0, None, False)
    assert found.left_out == found.disturbed


def test_a_part_of_a_step_is_not_contended_for_its_bursts(
    make_measurement: MakeMeasurement,
) -> None:
    assert not make_measurement("forward", **SHARED | {"bursts": (40,)}).is_unsettled
    nothing = make_measurement("forward", **SHARED | {"slowed": (True,) * 40})
    assert (nothing.verdict, nothing.is_unsettled) == ("contended", True)
    assert nothing.seconds.low == 1.0


def test_samples_a_second(make_measurement: MakeMeasurement) -> None:
    assert make_measurement(samples_per_repeat=64).samples_per_second == pytest.approx(640)
    assert make_measurement("forward").samples_per_second is None  # unknown, not 0
