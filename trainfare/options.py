"""Options that several verbs share, declared once so that they read and behave the same."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from results.errors import UsageError

WORKLOAD_HELP = (
    "mlp, cnn, rnn, torchvision:MODEL, path/to/file.py:FACTORY or package.module:FACTORY"
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Results = Annotated[
    Path | None,
    typer.Option("--results", help="Folder of records. [default: ./trainfare-results]"),
]
Device = Annotated[str, typer.Option("--device", help="cpu, cuda, cuda:1 or auto.")]
BatchSize = Annotated[
    int | None, typer.Option("--batch-size", min=1, help="Samples a step on one device.")
]
Threads = Annotated[int | None, typer.Option("--threads", min=1, max=4096, help="CPU threads.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of data and first weights.")]
DataRoot = Annotated[
    Path | None, typer.Option("--data-root", help="Folder that holds MNIST/raw, for cnn.")
]
ImageSize = Annotated[
    int | None, typer.Option("--image-size", help="Pixels a side, for torchvision models.")
]
MaxSeconds = Annotated[
    float, typer.Option("--max-seconds", min=1.0, help="Time for measuring one workload.")
]
Epochs = Annotated[int, typer.Option("--epochs", min=1, help="Epochs of the whole job.")]
SamplesPerEpoch = Annotated[
    int | None,
    typer.Option("--samples-per-epoch", min=1, help="Of your own data. [default: measured]"),
]
Prices = Annotated[
    list[Path] | None,
    typer.Option("--prices", help="A price list (CSV) in place of the packaged ones; repeatable."),
]


def decimal(given: str | None, option: str) -> Decimal | None:
    """A positive amount of money as it was typed. Raises UsageError."""
    if given is None:
        return None
    try:
        amount = Decimal(given)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount <= 0:
        raise UsageError(f"'{given}' is no amount for {option}. Give USD above 0, such as 1.50.")
    return amount
