"""The verbs of the command line, each in a file of its own under `commands/`, loaded when used."""

from importlib import import_module

import click

from results.errors import UsageError, near

VERBS = (
    "measure", "compare", "advise", "quote", "project", "prices", "bill", "submit", "canary",
    "jobs", "logs", "wait", "cancel", "collect", "accuracy", "report", "doctor",
)  # fmt: skip


class Verbs(click.Group):
    """Imports a verb only when it is asked for, so that each starts as fast as it can."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The verbs in the order in which one comes to use them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:  # noqa: ARG002
        """The verb's command. Raises UsageError for an unknown one, with the near ones."""
        if cmd_name not in VERBS:
            raise UsageError(
                f"{cmd_name!r} is no verb. {near(cmd_name, VERBS)} See: trainfare --help"
            )
        found: click.Command = getattr(import_module(f"trainfare.commands.{cmd_name}"), cmd_name)
        return found


@click.command(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="trainfare", message="%(version)s")
def app() -> None:
    """What will this training job cost, on which cloud instance, how long will it take, and how
    sure is that?

    Start with: trainfare quote cnn --epochs 10
    """
