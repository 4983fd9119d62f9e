"""What a speed-up saves, worked out by hand, and on which offers."""

from decimal import Decimal

import pytest

from estimators.saving import alike, saving
from results.records import EstimateItem
from results.statistics import Interval
from tests.results.conftest import build_estimate, build_machine, build_offer, span, usd


def item(name, low, mid, high):
    return EstimateItem(
        name=name, seconds=span(1, 2, 3), usd=usd(low, mid, high), billed_by="x", evidence="assumed"
    )


def test_only_training_is_saved():
    estimate = build_estimate(
        items=(item("start-up", "1", "2", "3"), item("training", "6", "8", "9"))
    )
    found = saving(estimate, Interval(low=1.25, mid=2.0, high=4.0))
    assert (found.low, found.mid, found.high) == (Decimal("1.6"), Decimal(4), Decimal(6))


def test_slower_costs_more():
    estimate = build_estimate(items=(item("training", "6", "8", "9"),))
    assert saving(estimate, Interval(low=0.5, mid=0.8, high=1.0)).low == Decimal(-8)


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ({}, ["cpu"]),
        ({"device": "cuda:0", "device_name": "Tesla T4"}, ["t4"]),
        ({"device": "cuda:0", "device_name": "Unheard Of 9"}, []),
    ],
)
def test_only_offers_of_the_device_measured_on(machine, expected):
    offers = [
        build_offer(instance_type="cpu", accelerator=None, accelerator_count=0.0),
        build_offer(instance_type="t4", accelerator="T4"),
        build_offer(instance_type="a10g"),
    ]
    found = alike(offers, build_machine(**machine))
    assert [offer.instance_type for offer in found] == expected
