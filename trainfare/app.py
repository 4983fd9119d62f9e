"""The verbs of the command line, each in a file of its own under `commands/`."""

import typer

from trainfare.commands import prices
from trainfare.commands.doctor import doctor
from trainfare.commands.measure import measure
from trainfare.commands.quote import quote
from trainfare.commands.report import report
from trainfare.commands.submit import submit

app = typer.Typer(
    name="trainfare",
    help=(
        "What will this training job cost, on which cloud instance, how long will it take, and "
        "how sure is that?\n\nStart with: trainfare quote cnn --epochs 10"
    ),
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help starts faster and reads the same in a pipe
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("measure")(measure)
app.command("quote")(quote)
app.add_typer(prices.app, name="prices")
app.command("submit")(submit)
app.command("report")(report)
app.command("doctor")(doctor)
