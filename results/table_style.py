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
