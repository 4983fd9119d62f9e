"""Read one price file, strictly: it is used whole or not at all.

A cell is read once for all the rows that hold the same, and an offer is built only when somebody
looks at it: 200,000 rows are read in well under a second without numpy.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
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
KEY = ("provider", "service", "instance_type", "region", "allocation")  # of one price
# The field of an offer that a column fills, where the two are called differently.
FIELDS = {"price_usd_per_hour": "usd_per_hour"}
BLOCK_ROWS = 200  # read at a time, so that the cells' memory is used again while it is warm


class PriceFile:
    """The rows of one checked price file, as columns of `Offer` fields."""

    def __init__(self, path: Path, sha256: str | None = None) -> None:
        """Read and check `path`; `sha256` is what its bytes must have where that is known.

        Raises RecordError naming file, line and column at the first thing that is not as it must
        be.
        """
        self.path = path
        self._raw = _bytes_of(path, sha256)
        try:
            self._columns = self._read()
        except csv.Error as error:
            raise RecordError(
                f"{path}: not a CSV file ({error}). Use another price list."
            ) from None
        except UnicodeDecodeError:
            self._refuse_text()
        self._agree()
        self._once()
        del self._raw

    def __len__(self) -> int:
        return len(self._columns["provider"])

    def column(self, field: str) -> Sequence[Any]:
        """The values of one field of `Offer`, row by row."""
        return self._columns[field]

    def offer(self, index: int) -> Offer:
        """One row as an offer."""
        return Offer(**{field: values[index] for field, values in self._columns.items()})

    def _read(self) -> dict[str, list[Any]]:
        rows = self._rows()
        header = self._header(next(rows, []))
        columns = {name: _Column(READERS[name]) for name in header if name in READERS}
        count = 0
        while block := list(islice(rows, BLOCK_ROWS)):
            if set(map(len, block)) != {len(header)}:
                place, cells = next((i, r) for i, r in enumerate(block) if len(r) != len(header))
                found, expected = f"{len(cells)} cells", f"{len(header)}, is the file cut off?"
                self._refuse(f"line {self._row(count + place)[0]}", found, expected)
            for name, cells in zip(header, zip(*block, strict=True), strict=True):
                if name in columns:
                    self._add(columns[name], name, cells)
            count += len(block)
        if not count:
            self._refuse("line 2", "nothing", "at least one price")
        return {FIELDS.get(name, name): column.found for name, column in columns.items()}

    def _add(self, column: "_Column", name: str, cells: Sequence[str]) -> None:
        before = len(column.found)
        try:
            column.found += map(column.__getitem__, cells)
        except CellError as error:
            place = next(i for i, cell in enumerate(cells) if cell not in column)
            self._refuse_cell(before + place, name, error)

    def _rows(self) -> Any:
        """A reader of the cells of each row, from the header on."""
        text = io.TextIOWrapper(io.BytesIO(self._raw), encoding="utf-8-sig", newline="")
        return csv.reader(text, strict=True)

    def _header(self, header: list[str]) -> list[str]:
        if not header:
            self._refuse("line 1", "nothing", f"the columns {', '.join(REQUIRED)}")
        for name in REQUIRED:
            if name not in header:
                self._refuse("line 1", ", ".join(header), f"a column {name!r} as well")
        for name in header:
            if name not in REQUIRED + OPTIONAL or header.count(name) > 1:
                expected = f"each known column once. {near(name, REQUIRED + OPTIONAL)}"
                self._refuse("line 1", name, expected.removesuffix("."))
        return header

    def _agree(self) -> None:
        """A service is that of its provider; a row has accelerators or none."""
        together = list(zip(*(self._columns[name] for name in AGREE), strict=True))
        for values in set(together):
            try:
                agree(*values)
            except DisagreementError as error:
                self._refuse_cell(together.index(values), error.column, error)

    def _once(self) -> None:
        keys = [self._columns[name] for name in KEY]
        if len(set(zip(*keys, strict=True))) == len(self):
            return
        seen: dict[tuple[str, ...], int] = {}
        for index, key in enumerate(zip(*keys, strict=True)):
            if key in seen:
                raise priced_twice(self.path, key, f"line {self._row(seen[key])[0]}")
            seen[key] = index

    def _row(self, index: int) -> tuple[int, dict[str, str]]:
        """The line on which row `index` ends, and its cells; looked for only to tell of them."""
        rows = self._rows()
        header = next(rows)
        cells = next(islice(rows, index, None))
        return int(rows.line_num), dict(zip(header, cells, strict=False))

    def _refuse_cell(self, index: int, column: str, error: CellError) -> NoReturn:
        line, cells = self._row(index)
        self._refuse(f"line {line}, column {column!r}", cells[column], str(error))

    def _refuse_text(self) -> NoReturn:
        try:
            self._raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._refuse(f"byte {error.start}", "text that is not UTF-8", "UTF-8")
        raise AssertionError("unreachable")

    def _refuse(self, where: str, found: str, expected: str) -> NoReturn:
        shown = found if len(found) <= 80 else f"{found[:80]}…"
        raise RecordError(
            f"{self.path}, {where}: found {shown!r}, expected {expected}. "
            "A price list is used whole or not at all: mend it or use another."
        ) from None


class _Column(dict[str, Any]):
    """What each distinct cell of a column means, read when it is first seen; and the values."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self.found: list[Any] = []

    def __missing__(self, cell: str) -> Any:
        value = self[cell] = self._reader(cell)
        return value


def read_offers(path: Path) -> list[Offer]:
    """Every offer of the CSV file `path`. Raises RecordError as `PriceFile` does."""
    found = PriceFile(path)
    return [found.offer(index) for index in range(len(found))]


def priced_twice(path: Path, key: Iterable[str], first: object) -> RecordError:
    """The error of a price that is given twice."""
    return RecordError(
        f"{path}: {' '.join(key)!r} is priced twice, first in {first}. Keep one of the two rows."
    )


def _bytes_of(path: Path, sha256: str | None) -> bytes:
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
    return raw
