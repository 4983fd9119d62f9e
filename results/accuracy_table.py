"""The table of `trainfare accuracy`: predicted, actual, error, how many intervals held."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from results import units
from results.names import PROVIDER_NAMES
from results.table_style import plain_table

if TYPE_CHECKING:
    from rich.table import Table


def accuracy_table(rows: Sequence[Mapping[str, Any]], jobs: int) -> "Table":
    """A section for all jobs, then one for each cloud and instance type; medians."""
    table = plain_table(
        f"{units.counted(jobs, 'job')} collected: how often the 80% interval held", "", "part",
        "jobs", "predicted", "actual", "error", "held", "", left=("", "part"),
    )  # fmt: skip
    before = None
    for row in rows:
        place = place_text(row)
        if before is not None and place != before:
            table.add_section()
        table.add_row(
            place if place != before else "",
            row["part"],
            str(row["jobs"]),
            value_text(row["part"], row["predicted"]),
            value_text(row["part"], row["actual"]),
            f"{100 * row['error']:+.0f}%",
            f"{row['held']} of {row['jobs']}",
            "!" if row["too_narrow"] else "",
        )
        before = place
    return table


def place_text(row: Mapping[str, Any]) -> str:
    """`all`, `SageMaker`, `ml.g5.xlarge`."""
    if row["instance_type"] is not None:
        return str(row["instance_type"])
    return "all" if row["provider"] is None else PROVIDER_NAMES[row["provider"]]


def value_text(part: str, value: float) -> str:
    """Seconds in their unit, dollars as an amount."""
    return units.usd_text(Decimal(repr(value))) if part == "dollars" else units.seconds_text(value)
