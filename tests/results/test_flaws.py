"""A quote whose fields fit their types, but cannot be, is refused with the field's name."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from results.errors import RecordError
from results.flaws import check_quote
from results.records import Estimate, Quote, UsdInterval
from results.statistics import Interval
from results.store import Store

MakeQuote = Callable[..., Quote]
MakeEstimate = Callable[..., Estimate]
BACKWARDS = UsdInterval(low=Decimal(3), mid=Decimal(2), high=Decimal(1))


def test_a_sound_quote_passes(make_quote: MakeQuote, make_estimate: MakeEstimate) -> None:
    check_quote(make_quote(make_estimate(), make_estimate()))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ranked": 0}, "ranked is 0"),
        ({"deadline_seconds": -1.0}, "deadline_seconds is -1.0"),
        ({"budget_usd": Decimal("1e400")}, "budget_usd"),
        ({"places": (1, 2, 3, 4, 5, 6, 7)}, "places"),
        ({"undominated": (0,)}, "undominated"),
        ({"left_out": (("a reason", -1),)}, "left_out"),
    ],
)
def test_a_flaw_of_the_quote(make_quote: MakeQuote, change: dict[str, Any], told: str) -> None:
    with pytest.raises(RecordError, match=rf"Quote\.{told}"):
        check_quote(replace(make_quote(), **change))


@pytest.mark.parametrize(
    ("part", "change", "told"),
    [
        ("job", {"samples_per_epoch": 0}, r"job\.samples_per_epoch is 0"),
        ("job", {"nodes": 10**400}, r"job\.nodes is 1000"),
        ("job", {"epochs": -1}, r"job\.epochs is -1"),
        ("offer", {"vcpus": 0}, r"offer\.vcpus is 0"),
        ("offer", {"memory_gib": 1e308}, r"offer\.memory_gib"),
        ("offer", {"usd_per_hour": Decimal("1e999999")}, r"offer\.usd_per_hour"),
        ("offer", {"usd_per_hour": Decimal("-1")}, r"offer\.usd_per_hour is -1"),
        ("offer", {"as_of": ""}, r"offer\.as_of is ''"),
        (None, {"usd": BACKWARDS}, "usd"),
        (None, {"epoch_seconds": Interval(low=0, mid=0, high=0)}, "epoch_seconds"),
        (None, {"seconds": Interval(low=-1, mid=0, high=1e300)}, "seconds"),
        (None, {"billed_usd_per_hour": Decimal("1e-400")}, "billed_usd_per_hour"),
    ],
)
def test_a_flaw_of_an_estimate(
    make_quote: MakeQuote, make_estimate: MakeEstimate, part: str | None, change: dict[str, Any],
    told: str,
) -> None:  # fmt: skip
    quote = make_quote(make_estimate(), make_estimate())
    *others, last = quote.estimates
    made = replace(getattr(last, part), **change) if part else None
    bad = replace(last, **({part: made} if part else change))
    with pytest.raises(RecordError, match=rf"Quote\.estimates\[{len(others)}\]\.{told}"):
        check_quote(replace(quote, estimates=(*others, bad)))


def test_a_damaged_quote_is_left_out_and_named(
    make_quote: MakeQuote, make_estimate: MakeEstimate, tmp_path: Path
) -> None:
    store = Store(tmp_path)
    store.add(make_quote(make_estimate()))
    (path,) = (tmp_path / "quotes").iterdir()
    path.write_text(path.read_text(encoding="utf-8").replace('"nodes": 1', '"nodes": 0'))
    assert list(store.newest_first(Quote)) == []
    assert path.name in store.problems[0] and "job.nodes is 0" in store.problems[0]
