"""The parts that every section of the page is made of: a lead, a chart and tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Chart = dict[str, Any]  # what results/html/charts.js draws, by its `kind`
Row = Sequence[str]
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a chart shows, as text to read and copy; columns named in `numbers` align right."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Row]
    numbers: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One topic of the page. `lead` says what there is to see, for whoever reads only that."""

    name: str  # its anchor
    title: str
    lead: str
    chart: Chart | None = None
    tables: Sequence[Table] = field(default_factory=tuple)
    notes: Sequence[str] = ()


def rounded(value: float) -> float:
    """Four significant digits: enough to draw with, and a small file."""
    return float(f"{value:.4g}")


def shortened(names: Sequence[str], longest: int = 34) -> list[str]:
    """Names that fit beside a chart; the table has them whole."""
    return [n if len(n) <= longest else f"{n[: longest - 1]}…" for n in names]
