"""What a running job costs so far and will have cost, by hand."""

from decimal import Decimal
from typing import Any

import pytest

from cloud.outcome import outcome
from cloud.watch import live
from results.heartbeat import Heartbeat
from tests.cloud.test_collect import BEGAN, status


class Intent:
    """Of a job at $3.60 an hour and node, capped at $1."""

    def __init__(self, offer: Any) -> None:
        self.estimate = type("E", (), {"offer": offer, "billed_usd_per_hour": None})()
        self.max_usd = Decimal(1)


@pytest.fixture(name="intent")
def _intent(make_offer: Any) -> Any:
    return Intent(make_offer(usd_per_hour=Decimal("3.6")))


def a_beat(steps_done: int) -> Heartbeat:
    return Heartbeat(
        captured_at="2026-09-21T13:40:00+00:00", epoch=1, epochs=1, steps_done=steps_done,
        steps_total=100, started_at="2026-09-21T13:35:00+00:00", training_seconds=50.0,
    )  # fmt: skip


def test_a_running_job(intent: Any) -> None:
    now = status(state="running", ended_at_seconds=None, nodes=2)
    found = live(now, intent, a_beat(50), BEGAN + 100)
    assert found.running_seconds == 100
    assert found.usd_so_far == Decimal("0.2")  # 100 s × 2 nodes at 0.1 cent a second
    assert found.seconds_left == 50
    assert found.usd_at_end == Decimal("0.3")


def test_the_end_never_costs_more_than_the_cap(intent: Any) -> None:
    now = status(state="running", ended_at_seconds=None)
    assert live(now, intent, a_beat(1), BEGAN + 100).usd_at_end == Decimal(1)


def test_the_unknown_is_none(intent: Any) -> None:
    pending = status(state="pending", started_at_seconds=None, ended_at_seconds=None)
    found = live(pending, intent, None, BEGAN)
    assert (found.running_seconds, found.usd_so_far, found.usd_at_end) == (None, None, None)
    starting = live(status(state="running", ended_at_seconds=None), intent, None, BEGAN + 10)
    assert starting.usd_so_far == Decimal("0.01")
    assert starting.usd_at_end is None


def test_a_job_that_has_ended_stops_counting(intent: Any) -> None:
    found = live(status(), intent, a_beat(100), BEGAN + 10_000)
    assert found.usd_so_far == Decimal("0.6")
    assert found.seconds_left is None


@pytest.mark.parametrize(
    ("provider", "allocation", "rate"),
    [("azure", "spot", "0.72"), ("gcp", "on_demand", "0.72"), ("aws", "spot", "3.6")],
)
def test_the_rate_is_that_of_the_bill(
    make_offer: Any, provider: Any, allocation: Any, rate: str
) -> None:
    """After discount and saving; managed spot saves seconds, which it reports."""
    offer = make_offer(usd_per_hour=Decimal("3.6"), provider=provider, allocation=allocation)
    intent: Any = Intent(offer)
    intent.estimate.billed_usd_per_hour = Decimal("0.72")
    now = status(state="running", ended_at_seconds=None)
    assert live(now, intent, None, BEGAN + 3600).usd_so_far == Decimal(rate)
    intent.provider, intent.region = provider, "somewhere"
    came = outcome(status(ended_at_seconds=BEGAN + 3600, billed_seconds=3600.0), intent)
    assert (came.usd, came.usd_per_hour) == (Decimal(rate), Decimal(rate))
