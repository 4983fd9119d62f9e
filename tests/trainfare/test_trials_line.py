"""What a person is told of several trials at once: how many run, cost so far, time left."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from trainfare.jobs import TrialsLine


@dataclass
class FakeLive:
    seconds_left: float | None


@dataclass
class FakeTrial:
    usd_so_far: Decimal | None = None
    left: float | None = None
    open: bool = True
    handle: str | None = "started"

    @property
    def live(self) -> FakeLive | None:
        return FakeLive(self.left) if self.open else None


def test_cost_so_far_and_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    tell = TrialsLine(Decimal("2.00"))
    one, two, refused = FakeTrial(), FakeTrial(), FakeTrial(handle=None)
    steps: list[tuple[Any, Any]] = [
        ((None, None), (None, None)),
        ((None, None), (None, None)),  # nothing new, so nothing said
        ((Decimal("0.021"), 90.0), (None, None)),
        ((Decimal("0.04"), 60.0), (Decimal("0.10"), 120.0)),
    ]
    for (one.usd_so_far, one.left), (two.usd_so_far, two.left) in steps:
        tell([one, two, refused])  # type: ignore[list-item]
    two.open = False
    tell([one, two, refused])  # type: ignore[list-item]
    one.open = False
    tell([one, two, refused])  # type: ignore[list-item]  # the outcomes are told elsewhere
    assert capsys.readouterr().err.splitlines() == [
        "2 of 2 trials not ended, cost not known yet (at most $2.00)",
        "2 of 2 trials not ended, $0.021 so far (at most $2.00)",
        "2 of 2 trials not ended, $0.14 so far, about 2.00 min left (at most $2.00)",
        "1 of 2 trials not ended, $0.14 so far, about 60.0 s left (at most $2.00)",
    ]
