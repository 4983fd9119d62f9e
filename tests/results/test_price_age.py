"""The age of a price is never understated."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.price_age import STALE_DAYS, age_days, earliest_day, is_stale, price_text

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("as_of", "day"),
    [
        ("2026-07-30", date(2026, 7, 30)),
        ("2026-07", date(2026, 7, 1)),
        ("2026", date(2026, 1, 1)),
        ("2024-02-29", date(2024, 2, 29)),
    ],
)
def test_the_earliest_day_that_is_meant(as_of: str, day: date) -> None:
    assert earliest_day(as_of) == day


@pytest.mark.parametrize(
    "as_of",
    [
        "", "26", "2026-7", "2026-13", "2026-00", "2026-02-30", "2025-02-29", "0000", "2026-07-30 ",
        "2026-07-30\n", "2026-07-30T00:00", "20260730", "٢٠٢٦", "yesterday",
    ],
)  # fmt: skip
def test_what_is_no_date_is_refused(as_of: str) -> None:
    for of in (earliest_day, age_days, is_stale):
        with pytest.raises(ValueError, match=r"date|month|year|day"):
            of(as_of)


def test_age() -> None:
    assert age_days("2026-11-24", TODAY) == 0
    assert age_days("2026-11-23", TODAY) == 1
    assert age_days("2026-11", TODAY) == 23
    assert age_days("2026", TODAY) == 327
    assert age_days("2027-01-01", TODAY) == 0


@given(st.dates(date(2020, 1, 1), TODAY))
def test_less_known_is_never_fresher(day: date) -> None:
    exact = age_days(day.isoformat(), TODAY)
    assert exact == (TODAY - day).days
    assert exact <= age_days(f"{day:%Y-%m}", TODAY) <= age_days(f"{day:%Y}", TODAY)


def test_stale_begins_the_day_after_the_limit() -> None:
    limit = (TODAY - timedelta(days=STALE_DAYS)).isoformat()
    over = (TODAY - timedelta(days=STALE_DAYS + 1)).isoformat()
    assert not is_stale(limit, TODAY)
    assert is_stale(over, TODAY)
    assert price_text("published", limit, TODAY) == f"published {STALE_DAYS} d"
    assert price_text("derived", over, TODAY) == f"derived {STALE_DAYS + 1} d!"


def test_today_is_the_day_in_utc() -> None:
    assert age_days((datetime.now(UTC).date() - timedelta(days=5)).isoformat()) in (5, 6)


def test_a_price_of_the_future_has_no_age() -> None:
    assert price_text("derived", "2026-11-25", TODAY) == "derived 0 d"  # it is tomorrow elsewhere
    assert price_text("derived", "2099-01-01", TODAY) == "derived of 2099-01-01!"
