"""Records as pandas data frames, and from them CSV; pandas is loaded only here."""

import csv
from collections.abc import Iterable
from typing import TYPE_CHECKING

from results.errors import UsageError
from results.records import Quote, Run
from results.rows import Row, estimate_rows, flattened, measurement_rows

if TYPE_CHECKING:
    import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def measurements_frame(runs: Iterable[Run]) -> "pd.DataFrame":
    """One row a phase of every run."""
    return _frame(row for run in runs for row in measurement_rows(run))


def estimates_frame(quotes: Iterable[Quote]) -> "pd.DataFrame":
    """One row an offer of every quote; intervals as `low_`, `mid_` and `high_` columns."""
    return _frame(row for quote in quotes for row in estimate_rows(quote))


def to_dataframe(records: "Run | Quote | Iterable[Run] | Iterable[Quote]") -> "pd.DataFrame":
    """One row a phase for runs, one row an offer for quotes; columns end in their unit.

    The unknown is NaN. `to_dataframe(Store(Path("trainfare-results")).newest_first(Run))` reads
    all that was measured. Raises UsageError for anything else and for a mixture.
    """
    kept = [records] if isinstance(records, (Run, Quote)) else list(records)
    runs = [record for record in kept if isinstance(record, Run)]
    quotes = [record for record in kept if isinstance(record, Quote)]
    if len(runs) == len(kept):
        return measurements_frame(runs)
    if len(quotes) == len(kept):
        return estimates_frame(quotes)
    kinds = sorted({type(record).__name__ for record in kept})
    raise UsageError(f"A data frame is made of runs or of quotes, not of {' and '.join(kinds)}.")


def csv_text(frame: "pd.DataFrame") -> str:
    """The frame as CSV. Text that a spreadsheet would run as a formula gets a `'` before it."""
    # quoted, for a bare carriage return would otherwise begin a row, and there a formula
    return str(frame.map(_defused).to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC))


def _frame(rows: Iterable[Row]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame([flattened(row) for row in rows])


def _defused(cell: object) -> object:
    dangerous = isinstance(cell, str) and cell.startswith(FORMULA_STARTS)
    return f"'{cell}" if dangerous else cell
