"""Read one price file, strictly: it is used whole or not at all."""

import csv
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn, get_args

from estimators.lookup import PROVIDER_SERVICES
from results.errors import RecordError, near
from results.price_age import earliest_day
from results.records import Allocation, Offer, Provider

BASES = ("published", "billed", "proxy", "derived")
REQUIRED = (
    "provider", "service", "instance_type", "region", "vcpus", "memory_gib", "accelerator",
    "accelerator_count", "accelerator_memory_gib", "allocation", "price_usd_per_hour", "basis",
    "source", "as_of",
)  # fmt: skip
OPTIONAL = ("sku", "source_commit", "licence", "notes")

# ASCII digits only: refuses nan, inf, exponents, signs and underscores, which float() takes.
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


class _CellError(Exception):
    """What was expected in a cell; `read_offers` adds file, line, column and the found text."""


def read_offers(path: Path) -> list[Offer]:
    """Every offer of the CSV file `path`.

    Raises RecordError naming file, line and column at the first thing that is not as it must be.
    """
    rows = _rows(path)
    header = _header(path, rows)
    offers = []
    for line, cells in rows[1:]:
        if len(cells) != len(header):
            found = f"{len(cells)} cells"
            _refuse(path, f"line {line}", found, f"{len(header)}, is the file cut off?")
        row = dict(zip(header, cells, strict=True))
        offers.append(_offer(path, line, row))
    if not offers:
        _refuse(path, "line 2", "nothing", "at least one price")
    return offers


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """The lines of the file, each with its number."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            return [(reader.line_num, cells) for cells in reader]
    except UnicodeDecodeError as error:
        where = f"byte {error.start}"
        _refuse(path, where, "text that is not UTF-8", "UTF-8")
    except csv.Error as error:
        raise RecordError(f"{path}: not a CSV file ({error}). Use another price list.") from None
    except OSError as error:
        raise RecordError(
            f"Cannot read the price list {path}: {error.strerror}. Name another one."
        ) from None


def _header(path: Path, rows: Sequence[tuple[int, list[str]]]) -> list[str]:
    header = rows[0][1] if rows else []
    if not header:
        _refuse(path, "line 1", "nothing", f"the columns {', '.join(REQUIRED)}")
    for name in REQUIRED:
        if name not in header:
            _refuse(path, "line 1", ", ".join(header), f"a column {name!r} as well")
    for name in header:
        if name not in REQUIRED + OPTIONAL or header.count(name) > 1:
            expected = f"each known column once. {near(name, REQUIRED + OPTIONAL)}"
            _refuse(path, "line 1", name, expected.removesuffix("."))
    return header


def _offer(path: Path, line: int, row: dict[str, str]) -> Offer:
    def cell(name: str, read: Callable[[str], Any]) -> Any:
        try:
            return read(row[name])
        except _CellError as error:
            _refuse(path, f"line {line}, column {name!r}", row[name], str(error))

    provider: Provider = cell("provider", _one_of(get_args(Provider)))
    has_accelerator = bool(row["accelerator"])
    gpu_number = _positive if has_accelerator else _nothing
    return Offer(
        provider=provider,
        service=cell("service", _one_of((PROVIDER_SERVICES[provider],))),
        region=cell("region", _text),
        instance_type=cell("instance_type", _text),
        vcpus=cell("vcpus", _whole),
        memory_gib=cell("memory_gib", _positive),
        accelerator=row["accelerator"] or None,
        accelerator_count=cell("accelerator_count", gpu_number) or 0.0,
        accelerator_memory_gib=cell("accelerator_memory_gib", gpu_number),
        allocation=cell("allocation", _one_of(get_args(Allocation))),
        usd_per_hour=cell("price_usd_per_hour", _price),
        basis=cell("basis", _one_of(BASES)),
        as_of=cell("as_of", _date),
        source=cell("source", _text),
        sku=row.get("sku") or None,
        licence=row.get("licence") or None,
        notes=row.get("notes") or None,
    )


def _text(cell: str) -> str:
    if not cell or cell != cell.strip():
        raise _CellError("text without spaces around it")
    return cell


def _one_of(names: Sequence[str]) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if cell not in names:
            raise _CellError(f"one of {', '.join(names)}")
        return cell

    return read


def _price(cell: str) -> Decimal:
    if not _NUMBER.fullmatch(cell) or not (price := Decimal(cell)):
        raise _CellError("a price above 0 in USD an hour, such as 1.408")
    return price


def _positive(cell: str) -> float:
    if not _NUMBER.fullmatch(cell) or not 0 < (number := float(cell)) < float("inf"):
        raise _CellError("a number above 0")
    return number


def _whole(cell: str) -> int:
    if not _NUMBER.fullmatch(cell) or "." in cell or not (number := int(cell)):
        raise _CellError("a whole number above 0")
    return number


def _nothing(cell: str) -> None:
    if cell not in ("", "0"):
        raise _CellError("nothing, as the row names no accelerator")


def _date(cell: str) -> str:
    try:
        earliest_day(cell)
    except ValueError:
        raise _CellError("a date such as 2026-07-30, 2026-07 or 2026") from None
    return cell


def _refuse(path: Path, where: str, found: str, expected: str) -> NoReturn:
    shown = found if len(found) <= 80 else f"{found[:80]}…"
    raise RecordError(
        f"{path}, {where}: found {shown!r}, expected {expected}. "
        "A price list is used whole or not at all: mend it or use another."
    )
