"""What can be called cheaper, and what can't."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from estimators.cost import estimate
from estimators.ties import is_cheaper, tied_with_best
from results.records import Estimate, Job, Offer, Run, UsdInterval
from results.statistics import Interval


@pytest.fixture
def costing(
    make_run: Callable[..., Run], make_offer: Callable[..., Offer]
) -> Callable[..., Estimate]:
    run = make_run(device="Tesla T4")
    job = Job(workload=run.workload, epochs=1, samples_per_epoch=6400)
    one = estimate(run, job, make_offer("T4"))

    def build(low: str, mid: str, high: str, seconds: float, **changes: Any) -> Estimate:
        usd = UsdInterval(low=Decimal(low), mid=Decimal(mid), high=Decimal(high))
        time = Interval(low=seconds, mid=seconds, high=seconds)
        return replace(one, usd=usd, seconds=time, **changes)

    return build


def test_wide_intervals_can_not_be_told_apart(costing: Callable[..., Estimate]) -> None:
    one = costing("1", "2", "4", 10)
    assert not is_cheaper(one, costing("1.2", "2.4", "4.8", 20))
    # ln(8/2) = 1.39 is above 1.28 × √(ln 2² + ln 2²) / 1.28 = 0.98; ln(5/2) = 0.92 is not
    assert is_cheaper(one, costing("4", "8", "16", 20))
    assert not is_cheaper(one, costing("2.5", "5", "10", 20))


def test_the_same_times_leave_the_rate_to_decide(costing: Callable[..., Estimate]) -> None:
    one, dearer = costing("1", "2", "4", 10), costing("1.01", "2.02", "4.04", 10)
    assert is_cheaper(one, dearer)
    assert not is_cheaper(dearer, one)
    assert not is_cheaper(one, one)


def test_tied_with_best(costing: Callable[..., Estimate]) -> None:
    best, near, apart = (
        costing("1", "2", "4", 10), costing("2", "3", "5", 20), costing("8", "16", "32", 30),
    )  # fmt: skip
    assert tied_with_best([]) == []
    assert tied_with_best([best]) == [0]
    assert tied_with_best([best, near, apart]) == [0, 1]
