"""Options that several verbs share, declared once so that they read and behave the same."""

import math
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, ClassVar

import click
from click.core import ParameterSource

from results.errors import UsageError
from trainfare.settings import MOST_USD, folder_or_address

Command = Callable[..., None]
Decorator = Callable[[Command], Command]

WORKLOAD_HELP = (
    "A workload is mlp, cnn, rnn, torchvision:MODEL, path/to/file.py:FACTORY or "
    "package.module:FACTORY."
)
MOST_DIGITS = 30  # before or after the point
POSITIVE = click.IntRange(min=1)
SEED = click.IntRange(0, 2**32 - 1)  # what numpy takes, torch takes more
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


def _decimal(value: Any) -> Decimal:
    """The number as it was typed, NaN for what is none; `1e3` is kept, and shown, as 1000."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return Decimal("NaN")
    small = number.is_finite() and -MOST_DIGITS <= number.adjusted() <= MOST_DIGITS
    return Decimal(f"{number:f}") if small else Decimal("NaN")


class Money(click.ParamType[Decimal]):
    """A positive amount, exact: USD, or `what` else."""

    name = "usd"

    def __init__(self, what: str = "amount", expected: str = "USD", example: str = "1.50") -> None:
        self._what, self._expected, self._example = what, expected, example

    def convert(self, value: Any, param: Any, ctx: Any) -> Decimal:  # noqa: ARG002
        """The Decimal as it was typed. Raises UsageError for none, and for what nobody means."""
        amount = _decimal(value)
        if not amount.is_finite() or not 0 < amount <= MOST_USD:
            option = param.opts[0] if param else "an amount"
            raise UsageError(
                f"'{value}' is no {self._what} for {option}. Give {self._expected} above 0, at "
                f"most {MOST_USD:,}, as {self._example}."
            )
        return amount


class Where(click.ParamType[Path | str]):
    """A folder of records, or the address of a bucket such as s3://bucket/folder."""

    name = "folder"

    def convert(self, value: Any, param: Any, ctx: Any) -> Path | str:  # noqa: ARG002
        """A Path, or the address as it was typed."""
        return folder_or_address(str(value))


class Number(click.ParamType[Decimal]):
    """A number as it was typed, exact; what it may be is for the one who uses it to say."""

    name = "number"

    def __init__(self, example: str) -> None:
        self._example = example

    def convert(self, value: Any, param: Any, ctx: Any) -> Decimal:  # noqa: ARG002
        """The Decimal. Raises UsageError for what is no number, NaN and infinity included."""
        number = _decimal(value)
        if not number.is_finite():
            option = param.opts[0] if param else "an amount"
            raise UsageError(
                f"'{value}' is no number for {option}. Give one such as {self._example}."
            )
        return number


class Duration(click.ParamType[float]):
    """A length of time: `90s`, `30min`, `4h`, `2d`, or seconds."""

    name = "time"
    UNITS: ClassVar[dict[str, int]] = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}

    def convert(self, value: Any, param: Any, ctx: Any) -> float:  # noqa: ARG002
        """Seconds. Raises UsageError."""
        found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) *([a-z]*)", str(value).strip().lower())
        seconds = float(found[1]) * self.UNITS.get(found[2], 0) if found else 0.0
        if not 0 < seconds < 1e10:
            option = param.opts[0] if param else "a time"
            raise UsageError(f"'{value}' is no time for {option}. Give one such as 30min or 4h.")
        return seconds


class FloatRange(click.FloatRange):
    """click's, without NaN, which no comparison finds outside of a range."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """The number. Raises BadParameter, as click does."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is no number.", param, ctx)
        return number


class Names(click.ParamType[tuple[str, ...]]):
    """Names with commas between them."""

    name = "names"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:  # noqa: ARG002
        """The names; an empty one is left for the price list to refuse."""
        return value if isinstance(value, tuple) else tuple(n.strip() for n in value.split(","))


def typed() -> frozenset[str]:
    """The options of the command that is under way that stand on its command line."""
    asked = click.get_current_context()
    given = ParameterSource.COMMANDLINE
    return frozenset(n for n in asked.params if asked.get_parameter_source(n) is given)


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
    type=FloatRange(0.2, 3600),
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
currency = stacked(
    click.option("--currency", default="USD", help="Show money in it, at --rate.  [USD]"),
    click.option(
        "--rate",
        type=Money("rate", "what one USD is in --currency,", "0.92"),
        help="What one USD is in --currency, such as 0.92.",
    ),
)
wishes = stacked(
    click.option("--deadline", type=Duration(), help="Finish within, such as 4h or 90min."),
    click.option("--budget", type=Money(), help="Cost at most, in USD."),
    click.option("--max-nodes", type=POSITIVE, help="Try up to so many machines.  [1]"),
)
offers = stacked(
    click.option("--providers", "--provider", type=Names(), default=(), help="Such as aws,gcp."),
    click.option("--regions", "--region", type=Names(), default=(), help="Such as us-east-1."),
    click.option("--gpu", help="Such as T4; none for CPU only."),
    click.option("--allocation", help="on_demand or spot."),
    click.option("--min-memory", type=Number("16"), help="Memory of a machine, GiB."),
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
    click.option("--seed", type=SEED, default=0, help="Of data and weights.  [0]"),
    click.option("--data-root", type=FOLDER, help="Folder that holds MNIST/raw, for cnn."),
    click.option("--image-size", type=int, help="Pixels a side, for torchvision models."),
    click.option("--workers", type=int, help="Processes that load data, for cnn and rnn.  [0]"),
    click.option(
        "--precision",
        "precision_percent",
        type=FloatRange(0.1, 50),
        default=2.0,
        show_default=True,
        help="Percent within which the median step shall be known, at 95%.",
    ),
    click.option(
        "--max-seconds",
        type=FloatRange(1, 86400),
        default=60.0,
        show_default=True,
        help="Time for measuring one workload.",
    ),
)
