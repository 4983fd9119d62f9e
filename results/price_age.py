"""How old a price is, from a date that may be no more precise than its year."""

import re
from datetime import UTC, date, datetime, timedelta

STALE_DAYS = 90  # older than this a price is marked wherever it is shown
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)


def earliest_day(as_of: str) -> date:
    """The first day that `2026`, `2026-07` or `2026-07-30` can mean. Raises ValueError."""
    found = _DATE.fullmatch(as_of)
    if not found:
        raise ValueError(f"{as_of!r} is no date")
    year, month, day = (int(part) if part else 1 for part in found.groups())
    return date(year, month, day)


def age_days(as_of: str, today: date | None = None) -> int:
    """Days since the earliest day that `as_of` can mean, so never fresher than known; 0 if ahead.

    Raises ValueError where `as_of` is no date.
    """
    return max(0, ((today or datetime.now(UTC).date()) - earliest_day(as_of)).days)


def is_stale(as_of: str, today: date | None = None) -> bool:
    """Whether the price may be older than `STALE_DAYS`. Raises ValueError as `age_days` does."""
    return age_days(as_of, today) > STALE_DAYS


def price_text(basis: str, as_of: str, today: date | None = None) -> str:
    """Basis and age of a price, with `!` where it is stale: `derived 117 d!`.

    A day further ahead than time zones reach is no age: `derived of 2099-01-01!`.
    """
    if earliest_day(as_of) > (today or datetime.now(UTC).date()) + timedelta(days=1):
        return f"{basis} of {as_of}!"
    mark = "!" if is_stale(as_of, today) else ""
    return f"{basis} {age_days(as_of, today)} d{mark}"
