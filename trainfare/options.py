"""Options that several verbs share, declared once so that they read and behave the same."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from results.errors import UsageError
from trainfare.settings import folder_or_address

Command = Callable[..., None]
Decorator = Callable[[Command], Command]

WORKLOAD_HELP = (
    "A workload is mlp, cnn, rnn, torchvision:MODEL, path/to/file.py:FACTORY or "
    "package.module:FACTORY."
)
POSITIVE = click.IntRange(min=1)
FOLDER = click.Path(path_type=Path)


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


class Where(click.ParamType[Path | str]):
    """A folder of records, or the address of a bucket such as s3://bucket/folder."""

    name = "folder"

    def convert(self, value: Any, param: Any, ctx: Any) -> Path | str:  # noqa: ARG002
        """A Path, or the address as it was typed."""
        return folder_or_address(str(value))


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
results = click.option(
    "--results", type=Where(), help="Folder of records, or s3://…  [./trainfare-results]"
)
every = click.option(
    "--every",
    type=click.FloatRange(0.2, 3600),
    default=10.0,
    show_default=True,
    help="Seconds between two looks.",
)
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
    click.option(
        "--max-seconds",
        type=click.FloatRange(1, 86400),
        default=60.0,
        show_default=True,
        help="Time for measuring one workload.",
    ),
)
