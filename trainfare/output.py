"""What reaches the terminal: data on stdout, all that is said on stderr."""

import json
import logging
import shutil
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from results import units
from results.errors import UsageError
from results.records import SCHEMA_VERSION

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from bench.runner import Progress

MAX_WIDTH, PIPE_WIDTH = 120, 100
PLAIN_SECONDS = 10.0
LEAST_SHARE = 0.05  # done, before the rest can be foretold


def say(text: str) -> None:
    """A message for the person; stdout stays for data."""
    sys.stderr.write(text + "\n")


def ask_to_spend(max_usd: Decimal, what: str) -> None:
    """Ask whether to spend up to `max_usd` on `what`. Raises UsageError where it is not a yes."""
    sys.stderr.write(f"Spend up to ${max_usd}? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError(f"Nothing was sent. Answer y, or give --yes, to start {what}.")


def print_json(**answer: Any) -> None:
    """One object with its schema version, and nothing else, on stdout."""
    text = json.dumps({"schema_version": SCHEMA_VERSION, **answer}, allow_nan=False)
    sys.stdout.write(text + "\n")


def print_raw(text: str) -> None:
    """A line that a job wrote, unwrapped; what could steer the terminal is left out."""
    plain = "".join(c for c in text if c.isprintable() or c == "\t")
    sys.stdout.write(plain + "\n")
    sys.stdout.flush()


def print_line(text: str) -> None:
    """A line of data on stdout, wrapped with an indent; a command at its end is kept whole."""
    head, mark, command = text.partition(" trainfare ")
    indent = " " * (len(text) - len(text.lstrip()) + 2)
    lines = textwrap.wrap(head, _line_width(), subsequent_indent=indent, break_on_hyphens=False)
    if mark:
        lines.append(f"{indent}trainfare {command}")
    sys.stdout.write("\n".join(lines or [""]) + "\n")


def _line_width() -> int:
    """100 in a pipe; in a terminal no wider than it."""
    if not sys.stdout.isatty():
        return PIPE_WIDTH
    return max(40, min(PIPE_WIDTH, shutil.get_terminal_size().columns))


def console() -> "Console":
    """A console on stdout: the terminal's width up to 120, 100 in a pipe; no colour there."""
    from rich.console import Console

    found = Console(highlight=False, emoji=False, markup=False)
    if not found.is_terminal:
        return Console(highlight=False, emoji=False, markup=False, width=PIPE_WIDTH)
    found.width = min(found.width, MAX_WIDTH)
    return found


def draws_bars() -> bool:
    """Whether a table may hold small drawings: in a terminal that can show them."""
    return console().is_terminal and (sys.stdout.encoding or "").lower().startswith("utf")


def rendered(block: "RenderableType", out: "Console | None" = None) -> str:
    """A table or line as text, without empty lines and the blanks that pad lines."""
    out = out or console()
    with out.capture() as captured:
        out.print(block)
    lines = [line.rstrip() for line in captured.get().splitlines()]
    return "\n".join(line for line in lines if line)


def print_table(table: "Table", *spare: str) -> None:
    """A table on stdout; where it is too wide, columns of these names go, the first one first."""
    from results.table_style import without

    kept = range(len(spare) + 1)
    print_fitting(*(without(table, *spare[:count]) if count else table for count in kept))


def print_fitting(*tables: "Table") -> None:
    """The first of `tables`, the widest first, that fits; each is also tried with its columns
    closer together. Where none fits, the last one folds words."""
    out = console()
    sys.stdout.write(rendered(_fitting(tables, out), out) + "\n")


def _fitting(tables: "Sequence[Table]", out: "Console") -> "Table":
    free = out.options.update(width=10_000)
    for table in tables:
        for padding in (table.padding, (0, 0, 0, 0)):
            table.padding = padding
            if out.measure(table, options=free).maximum <= out.width:
                return table
    return tables[-1]


class _ToPerson(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage())


def show_log() -> None:
    """Let the rooms' own messages (`logging`) reach the person."""
    log = logging.getLogger("trainfare")
    if not log.handlers:
        log.addHandler(_ToPerson())
        log.setLevel(logging.INFO)


@contextmanager
def progress(name: str) -> Iterator["Progress"]:
    """A line on stderr that says what goes on and how long still; none in a pipe.

    It is redrawn only when called, between timed blocks: a drawing thread would disturb them.
    """
    if not sys.stderr.isatty():
        yield _plain_progress(name)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(30), TimeRemainingColumn())
    with Progress(
        *columns, console=Console(stderr=True), transient=True, auto_refresh=False
    ) as bar:
        task = bar.add_task(name, total=1.0)

        def show(text: str, share: float) -> None:
            bar.update(task, description=f"{name}: {text}", completed=share, refresh=True)

        yield show


def _plain_progress(name: str) -> "Progress":
    """In a pipe or a log: a line when something else begins, and one in ten seconds within it."""
    begun, told = "", 0.0
    first: tuple[float, float] | None = None  # when the work itself began, and at which share

    def show(text: str, share: float) -> None:
        nonlocal begun, told, first
        step, now = text.partition(" ")[0], time.monotonic()
        start, before = first = first or (now, share)
        if step != begun or now - told >= PLAIN_SECONDS:
            begun, told = step, now
            done = share - before
            left = (now - start) * (1 - share) / done if done > LEAST_SHARE else 0.0
            still = f", about {units.seconds_text(left)} left" if left > 1 else ""
            say(f"{name}: {text}{still} …")

    return show
