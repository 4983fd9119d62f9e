"""Verdicts of hand-made trials, and how they are told."""

from decimal import Decimal

import pytest

from results.advice import Advice, Check, Trial
from results.advice_text import advice_lines, advice_rows, advice_table
from results.records import UsdInterval
from trainfare.output import rendered


def trial(name, gain=1.0, spread=0.01, bad=0, **given):
    """Twenty rounds whose ratios lie evenly within ±spread of `gain`."""
    ends = [gain * (1 + spread * (i - 9.5) / 9.5) for i in range(20)]
    return Trial(
        name=name,
        change=f"do {name}",
        plain_sample_seconds=tuple(ends),
        changed_sample_seconds=(1.0,) * 20,
        disturbed=tuple(i < bad for i in range(20)),
        **given,
    )


@pytest.fixture
def advice(make_run):
    run = make_run()

    def build(*trials, control=None, **given):
        return Advice(
            advice_id="a",
            captured_at="2026-11-24T00:00:00+00:00",
            run_id=run.run_id,
            workload=run.workload,
            machine=run.machine,
            trials=(control or trial("nothing"), *trials),
            **given,
        )

    return build


@pytest.mark.parametrize(
    ("gain", "expected"), [(1.5, "faster"), (0.7, "slower"), (1.01, "noise"), (1.0, "noise")]
)
def test_gain(advice, gain, expected):
    one = trial("change", gain)
    assert advice(one).gain(one) == expected


def test_a_gain_within_the_noise_of_nothing_is_noise(advice):
    one = trial("change", 1.1)
    assert advice(one).gain(one) == "faster"
    # The plain job was 15% faster than itself: then 10% are nothing to speak of.
    assert advice(one, control=trial("nothing", 1.15)).gain(one) == "noise"
    assert advice(one, control=trial("nothing", 1 / 1.15)).gain(one) == "noise"


def test_disturbed_rounds_do_not_count_and_too_many_widen(advice):
    some, most = trial("some", 1.5, bad=8), trial("most", 1.0, 0.5, bad=17)
    assert not some.contended
    assert min(some.speed_up.low, 1.5) >= 1.49
    assert most.contended
    assert (most.speed_up.low, most.speed_up.high) == (0.5, 1.5)
    assert advice(most).gain(most) == "contended"


def test_what_was_not_tried(advice):
    one = Trial(name="x", change="y", not_tried="there is no compiler")
    assert one.speed_up is None
    assert advice(one).gain(one) == "not tried"
    assert "not tried: x, as there is no compiler" in advice_lines(advice(one), None)


@pytest.mark.parametrize(
    ("loss", "passed"), [(2.0, True), (2.03, True), (2.05, False), (1.9, False)]
)
def test_check(loss, passed):
    found = Check(steps=20, plain_loss=2.0, changed_loss=loss, tolerance_ratio=0.02)
    assert found.passed is passed


def test_nan_is_no_pass():
    assert not Check(
        steps=20, plain_loss=1.0, changed_loss=float("nan"), tolerance_ratio=1.0
    ).passed


def test_rows_and_table(advice, make_estimate):
    wrong = Check(steps=20, plain_loss=2.0, changed_loss=3.0, tolerance_ratio=0.02)
    found = advice(
        trial("memory", 1.5, setup_seconds=4.1),
        trial("bf16", 0.5, check=wrong),
        trial("batch × 2", 1.2, check_note="tune the learning rate"),
        trial("busy", 1.2, bad=20),
    )
    savings = {
        "memory": UsdInterval(low=Decimal("0.03"), mid=Decimal("0.04"), high=Decimal("0.05"))
    }
    rows = {row["name"]: row for row in advice_rows(found, savings)}
    assert rows["memory"]["saved_usd"] == {"low": 0.03, "mid": 0.04, "high": 0.05}
    assert rows["bf16"]["check"]["passed"] is False
    assert rows["bf16"]["saved_usd"] is None
    text = rendered(advice_table(found, savings))
    for part in ("×1.50", "faster", "slower", "NO, beyond ±2%", "not comparable", "$0.030–0.050"):
        assert part in text
    assert all(len(line) <= 100 for line in text.splitlines())
    lines = "\n".join(advice_lines(found, make_estimate()))
    for part in (
        "memory: do memory (once 4.10 s)", "! tune the learning rate",
        "the loss is 3.0000 instead of 2.0000", "contended: busy: other work", "ml.g5.xlarge",
    ):  # fmt: skip
        assert part in lines


def test_no_win_and_no_offer_are_said(advice):
    lines = advice_lines(advice(trial("x")), None)
    assert lines[0] == "Nothing that was tried is faster beyond noise."
    assert lines[-1].startswith("savings: unknown")
