"""What the cells of a price file may hold, and the values they mean."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, get_args

from estimators.lookup import PROVIDER_SERVICES
from results.price_age import earliest_day
from results.records import Allocation, Provider

BASES = ("published", "billed", "proxy", "derived")
MOST = 10**6  # of anything in a cell
MIN_USD_PER_HOUR = Decimal("1e-6")
# ASCII digits only: refuses nan, inf, exponents, signs and underscores, which float() takes.
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


class CellError(Exception):
    """What was expected in a cell; `price_file` adds file, line, column and the found text."""


class DisagreementError(CellError):
    """A cell that does not fit the others of its row."""

    def __init__(self, column: str, expected: str) -> None:
        super().__init__(expected)
        self.column = column


def _text(cell: str) -> str:
    if not cell or cell != cell.strip():
        raise CellError("text without spaces around it")
    return cell


def _one_of(names: Sequence[str]) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if cell not in names:
            raise CellError(f"one of {', '.join(names)}")
        return cell

    return read


def _or_none(cell: str) -> str | None:
    return cell or None


def _count(cell: str) -> float:
    return _positive(cell) if cell not in ("", "0") else 0.0


def _size(cell: str) -> float | None:
    return _positive(cell) if cell not in ("", "0") else None


def _price(cell: str) -> Decimal:
    if not _NUMBER.fullmatch(cell) or not MIN_USD_PER_HOUR <= (price := Decimal(cell)) <= MOST:
        raise CellError("a price above 0 in USD an hour, up to 1,000,000, such as 1.408")
    return price


def _positive(cell: str) -> float:
    if not _NUMBER.fullmatch(cell) or not 0 < (number := float(cell)) <= MOST:
        raise CellError("a number above 0, up to 1,000,000")
    return number


def _whole(cell: str) -> int:
    # Length first: of thousands of digits int() makes no number.
    if not (cell.isascii() and cell.isdecimal()) or len(cell) > 7 or not 0 < int(cell) <= MOST:
        raise CellError("a whole number above 0, up to 1,000,000")
    return int(cell)


def _date(cell: str) -> str:
    try:
        earliest_day(cell)
    except ValueError:
        raise CellError("a date such as 2026-07-30, 2026-07 or 2026") from None
    return cell


READERS: dict[str, Callable[[str], Any]] = {
    "provider": _one_of(get_args(Provider)),
    "instance_type": _text,
    "region": _text,
    "vcpus": _whole,
    "memory_gib": _positive,
    "allocation": _one_of(get_args(Allocation)),
    "price_usd_per_hour": _price,
    "basis": _one_of(BASES),
    "source": _text,
    "as_of": _date,
    "service": _text,
    "accelerator": _or_none,
    "accelerator_count": _count,
    "accelerator_memory_gib": _size,
    "sku": _or_none,
    "licence": _or_none,
    "notes": _or_none,
}

# Columns of a row that must fit together, in the order in which `agree` takes them.
AGREE = ("provider", "service", "accelerator", "accelerator_count", "accelerator_memory_gib")


def agree(
    provider: Provider, service: str, accelerator: str | None, count: float, memory: float | None
) -> None:
    """A service is that of its provider; a row has accelerators or none.

    Raises DisagreementError.
    """
    if service != PROVIDER_SERVICES[provider]:
        raise DisagreementError("service", f"one of {PROVIDER_SERVICES[provider]}")
    for column, value in (("accelerator_count", count), ("accelerator_memory_gib", memory)):
        if accelerator and not value:
            raise DisagreementError(column, "a number above 0")
        if not accelerator and value:
            raise DisagreementError(column, "nothing, as the row names no accelerator")
