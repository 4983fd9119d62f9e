"""Read one price file, strictly: it is used whole or not at all.

Columns are checked by their distinct cells, of which there are few, and an offer is built only
when somebody looks at it: 200,000 rows are read in well under a second without numpy.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from sys import intern
from typing import Any, NoReturn

from estimators.price_cells import AGREE, READERS, CellError, DisagreementError, agree
from results.errors import RecordError, near
from results.records import Offer

REQUIRED = (
    "provider", "service", "instance_type", "region", "vcpus", "memory_gib", "accelerator",
    "accelerator_count", "accelerator_memory_gib", "allocation", "price_usd_per_hour", "basis",
    "source", "as_of",
)  # fmt: skip
OPTIONAL = ("sku", "source_commit", "licence", "notes")
OPTIONAL_FIELDS = ("sku", "licence", "notes")  # of an offer: any text, or None
KEY = ("provider", "service", "instance_type", "region", "allocation")  # of one price
# The field of an offer that a column fills, where the two are called differently.
FIELDS = {"price_usd_per_hour": "usd_per_hour"}
COLUMNS = {field: column for column, field in FIELDS.items()}


class PriceFile:
    """The rows of one checked price file, as columns of `Offer` fields."""

    def __init__(self, path: Path, sha256: str | None = None) -> None:
        """Read and check `path`; `sha256` is what its bytes must have where that is known.

        Raises RecordError naming file, line and column at the first thing that is not as it must
        be.
        """
        self.path = path
        text = _text_of(path, sha256)
        rows = _rows(path, text)
        header = _header(path, rows)
        if len(set(map(len, rows))) > 1:
            index, cells = next((i, r) for i, r in enumerate(rows) if len(r) != len(header))
            found, expected = f"{len(cells)} cells", f"{len(header)}, is the file cut off?"
            _refuse(path, f"line {_line(text, index)}", found, expected)
        if len(rows) == 1:
            _refuse(path, "line 2", "nothing", "at least one price")
        self._cells = dict(zip(header, zip(*rows[1:], strict=True), strict=True))
        self._optional = [name for name in OPTIONAL_FIELDS if name in self._cells]
        self._values = _checked(path, text, self._cells)
        self._once(text)

    def __len__(self) -> int:
        return len(self._cells["provider"])

    def column(self, field: str) -> list[Any]:
        """The values of one field of `Offer`, row by row."""
        name = COLUMNS.get(field, field)
        if name in self._values:
            return list(map(self._values[name].__getitem__, self._cells[name]))
        return [cell or None for cell in self._cells[name]]

    def offer(self, index: int) -> Offer:
        """One row as an offer."""
        fields: dict[str, Any] = {
            FIELDS.get(name, name): values[self._cells[name][index]]
            for name, values in self._values.items()
        }
        for name in self._optional:
            fields[name] = self._cells[name][index] or None
        return Offer(**fields)

    def _once(self, text: str) -> None:
        keys = [self._cells[name] for name in KEY]
        if len(set(zip(*keys, strict=True))) == len(self):
            return
        seen: dict[tuple[str, ...], int] = {}
        for index, key in enumerate(zip(*keys, strict=True), start=1):
            if key in seen:
                raise priced_twice(self.path, key, f"line {_line(text, seen[key])}")
            seen[key] = index


def read_offers(path: Path) -> list[Offer]:
    """Every offer of the CSV file `path`. Raises RecordError as `PriceFile` does."""
    found = PriceFile(path)
    return [found.offer(index) for index in range(len(found))]


def priced_twice(path: Path, key: Iterable[str], first: object) -> RecordError:
    """The error of a price that is given twice."""
    return RecordError(
        f"{path}: {' '.join(key)!r} is priced twice, first in {first}. Keep one of the two rows."
    )


def _text_of(path: Path, sha256: str | None) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RecordError(
            f"Cannot read the price list {path}: {error.strerror}. Name another one."
        ) from None
    if sha256 is not None and hashlib.sha256(raw).hexdigest() != sha256:
        raise RecordError(
            f"{path} is not as it was written: its checksum differs. Get it anew: "
            "trainfare prices refresh"
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(path, f"byte {error.start}", "text that is not UTF-8", "UTF-8")


def _rows(path: Path, text: str) -> list[tuple[str, ...]]:
    """The cells of each row; cells that are alike are one string, of which there are few."""
    try:
        return [tuple(map(intern, cells)) for cells in _split(text)]
    except csv.Error as error:
        raise RecordError(f"{path}: not a CSV file ({error}). Use another price list.") from None


def _split(text: str) -> Iterator[list[str]]:
    """A line without a quote is split at its commas, twice as fast as the CSV reader does."""
    lines = text.removesuffix("\n").split("\n")
    if "\r" in text or any(line.count('"') % 2 for line in lines if '"' in line):
        yield from csv.reader(io.StringIO(text, newline=""), strict=True)
        return
    for line in lines:
        if '"' in line:
            yield from csv.reader([line], strict=True)
        else:
            yield line.split(",") if line else []


def _line(text: str, index: int) -> int:
    """The number of the line on which row `index` ends; looked for only to tell of an error."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    for _ in range(index + 1):
        next(reader)
    return reader.line_num


def _header(path: Path, rows: Sequence[tuple[str, ...]]) -> Sequence[str]:
    header = rows[0] if rows else ()
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


def _checked(
    path: Path, text: str, cells_of: dict[str, tuple[str, ...]]
) -> dict[str, dict[str, Any]]:
    """What each distinct cell of a column means, for the columns that are fields of `Offer`."""
    values: dict[str, dict[str, Any]] = {}
    for name, reader in READERS.items():
        cells, values[name] = cells_of[name], {}
        for cell in set(cells):
            try:
                values[name][cell] = reader(cell)
            except CellError as error:
                raise _refused(path, text, cells.index(cell), name, cell, error) from None
    _agree(path, text, cells_of)
    return values


def _agree(path: Path, text: str, cells_of: dict[str, tuple[str, ...]]) -> None:
    """A service is that of its provider; a row has accelerators or none."""
    together = list(zip(*(cells_of[name] for name in AGREE), strict=True))
    for cells in set(together):
        try:
            agree(*cells)
        except DisagreementError as error:
            place, found = together.index(cells), cells[AGREE.index(error.column)]
            raise _refused(path, text, place, error.column, found, error) from None


def _refused(
    path: Path, text: str, index: int, column: str, cell: str, error: CellError
) -> RecordError:
    return _error(path, f"line {_line(text, index + 1)}, column {column!r}", cell, str(error))


def _refuse(path: Path, where: str, found: str, expected: str) -> NoReturn:
    raise _error(path, where, found, expected)


def _error(path: Path, where: str, found: str, expected: str) -> RecordError:
    shown = found if len(found) <= 80 else f"{found[:80]}…"
    return RecordError(
        f"{path}, {where}: found {shown!r}, expected {expected}. "
        "A price list is used whole or not at all: mend it or use another."
    )
