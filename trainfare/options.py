"""Options that several verbs share, declared once so that they read and behave the same."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from results.errors import UsageError

Command = Callable[..., None]
Decorator = Callable[[Command], Command]

WORKLOAD_HELP = (
    "A workload is mlp, cnn, rnn, torchvision:MODEL, path/to/file.py:FACTORY or "
    "package.module:FACTORY."
)
POSITIVE = click.IntRange(min=1)
FOLDER = click.Path(path_type=Path)


class BatchSizes(click.ParamType[tuple[int, ...]]):
    """Several batch sizes with commas between them."""

    name = "sizes"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:  # noqa: ARG002
        """The sizes in the order given. Raises UsageError."""
        parts = str(value).split(",")
        if not all(part.strip().isdecimal() and 0 < int(part) < 10**7 for part in parts):
            raise UsageError(
                f"'{value}' is no list of batch sizes. Give whole numbers from 1, as "
                "--batch-sizes 16,32,64."
            )
        return tuple(int(part) for part in parts)


class Money(click.ParamType[Decimal]):
    """A positive amount of USD, exact."""

    name = "usd"

    def convert(self, value: Any, param: Any, ctx: Any) -> Decimal:  # noqa: ARG002
        """The Decimal as it was typed. Raises UsageError."""
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or amount <= 0:
            option = param.opts[0] if param else "an amount"
            raise UsageError(f"'{value}' is no amount for {option}. Give USD above 0, as 1.50.")
        return amount


def stacked(*decorators: Callable[[Any], Any]) -> Decorator:
    """Several click decorators as one, in the order in which --help shows them."""

    def apply(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return apply


as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object and nothing else."
)
results = click.option("--results", type=FOLDER, help="Folder of records.  [./trainfare-results]")
prices = click.option(
    "--prices",
    "price_files",
    multiple=True,
    type=FOLDER,
    help="A price list (CSV) in place of the packaged ones; repeatable.",
)
job = stacked(
    click.option(
        "--epochs", type=POSITIVE, default=10, show_default=True, help="Of the whole job."
    ),
    click.option("--samples-per-epoch", type=POSITIVE, help="Of your own data.  [as measured]"),
)
measuring = stacked(
    click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1 or auto."),
    click.option("--batch-size", type=POSITIVE, help="Samples a step on one device."),
    click.option("--threads", type=click.IntRange(1, 4096), help="CPU threads."),
    click.option("--seed", type=click.IntRange(min=0), default=0, help="Of data and weights.  [0]"),
    click.option("--data-root", type=FOLDER, help="Folder that holds MNIST/raw, for cnn."),
    click.option("--image-size", type=int, help="Pixels a side, for torchvision models."),
    click.option("--workers", type=int, help="Processes that load data, for cnn and rnn.  [0]"),
    click.option(
        "--precision",
        "precision_percent",
        type=click.FloatRange(0.1, 50),
        default=2.0,
        show_default=True,
        help="Percent within which the median step shall be known, at 95%.",
    ),
    click.option(
        "--max-seconds",
        type=click.FloatRange(1, 86400),
        default=60.0,
        show_default=True,
        help="Time for measuring one workload.",
    ),
)
