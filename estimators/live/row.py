"""A row of a price list as it is gathered from a service, and what instance types are made of."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from results.errors import NoAnswerError
from results.records import Offer, Provider

MAX_USD_PER_HOUR = Decimal(10_000)


class FetchError(NoAnswerError):
    """A price service could not be reached, or did not answer as it must."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What an instance type is made of."""

    vcpus: int
    memory_gib: float
    accelerator: str | None
    accelerator_count: float
    accelerator_memory_gib: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRow:
    """One live price; `shape` is added where it is known."""

    instance_type: str
    region: str
    allocation: str
    usd_per_hour: Decimal
    basis: str
    source: str
    as_of: str
    sku: str = ""
    notes: str = ""


Piece = dict[str, Any]  # what is kept of one item of a service, as plain JSON


def rows_of(found: Iterable[Piece]) -> list[LiveRow]:
    """The rows of pieces that each are one."""
    return [LiveRow(**{**piece, "usd_per_hour": Decimal(piece["usd_per_hour"])}) for piece in found]


def shapes_of(offers: Iterable[Offer], provider: Provider) -> dict[str, Shape]:
    """The instance types of the price list in force by name, lower case."""
    return {
        o.instance_type.casefold(): Shape(
            vcpus=o.vcpus,
            memory_gib=o.memory_gib,
            accelerator=o.accelerator,
            accelerator_count=o.accelerator_count,
            accelerator_memory_gib=o.accelerator_memory_gib,
        )
        for o in offers
        if o.provider == provider
    }


def price(found: Any, where: str) -> Decimal | None:
    """A price as exact decimals; None for $0, which is a free tier or a placeholder.

    Raises FetchError for what is no price at all, as a service then speaks another language.
    """
    try:
        usd = Decimal(str(found))
    except InvalidOperation:
        usd = Decimal("NaN")
    if not usd.is_finite() or not 0 <= usd <= MAX_USD_PER_HOUR:
        raise FetchError(f"{where}: {str(found)[:40]!r} is no price an hour.")
    return usd or None


def agreed(rows: Sequence[LiveRow]) -> Iterator[LiveRow]:
    """One row for each thing priced: the same price twice is one.

    Raises FetchError where two prices of one thing differ, as neither can then be trusted.
    """
    seen: dict[tuple[str, str, str], LiveRow] = {}
    for row in rows:
        key = (row.instance_type, row.region, row.allocation)
        first = seen.setdefault(key, row)
        if first.usd_per_hour != row.usd_per_hour:
            raise FetchError(
                f"{' '.join(key)} is priced at {first.usd_per_hour} and at {row.usd_per_hour} "
                f"(SKU {first.sku or '?'} and {row.sku or '?'})."
            )
    return iter(seen.values())
