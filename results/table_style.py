"""How a table looks in a terminal; rich is loaded only here."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table


def plain_table(title: str, *columns: str, left: Sequence[str] = ()) -> "Table":
    """A table in this house's style, numbers to the right, the columns in `left` to the left."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.pad_edge = table.show_edge = False
    table.title_style, table.header_style = "bold", "bold"
    for name in columns:
        table.add_column(name, justify="left" if name in left else "right", overflow="fold")
    return table


def without(table: "Table", *names: str) -> "Table":
    """The same without those columns, for a terminal that is too narrow for all of them."""
    kept = [column for column in table.columns if column.header not in names]
    left = [str(column.header) for column in kept if column.justify == "left"]
    narrow = plain_table(str(table.title), *(str(c.header) for c in kept), left=left)
    for row, cells in zip(table.rows, zip(*(c.cells for c in kept), strict=True), strict=True):
        narrow.add_row(*cells, end_section=row.end_section)
    return narrow
