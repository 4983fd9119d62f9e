"""`trainfare accuracy`: predicted against actual, for every job that was ever collected."""

from dataclasses import asdict
from pathlib import Path

import click

from results.errors import NoAnswerError
from results.jobs import JobIntent, Outcome
from trainfare import options, output, settings
from trainfare.reading import open_store


@click.command()
@options.results
@options.as_json
def accuracy(results: Path | str | None, as_json: bool) -> None:
    """Compare the estimates with what jobs took.

    Error and intervals that held, by part, cloud and instance type.
    """
    from estimators.accuracy import compare, summaries
    from results.accuracy_table import accuracy_table

    store = open_store(settings.load().results_folder(results))
    outcomes = list(store.newest_first(Outcome))
    found = summaries(compare(store.newest_first(JobIntent), outcomes))
    for problem in store.problems:
        output.say(f"! {problem}")
    if not outcomes:
        raise NoAnswerError(
            f"{store.folder} holds no job that was collected. Collect those that have ended: "
            "trainfare collect"
        )
    rows = [asdict(row) | {"too_narrow": row.too_narrow} for row in found]
    if as_json:
        output.print_json(jobs=len(outcomes), accuracy=rows)
        return
    output.print_table(accuracy_table(rows, len(outcomes)), "jobs")
    for line in _notes(outcomes, any(row.too_narrow for row in found)):
        output.print_line(line)


def _notes(outcomes: list[Outcome], any_narrow: bool) -> list[str]:
    ended = sum(outcome.state == "succeeded" for outcome in outcomes)
    lines = [
        f"  {ended} of {len(outcomes)} succeeded; of the others only the start-up counts, if they "
        "got that far"
    ]
    if any_narrow:
        lines.append("  ! fewer intervals held than 80% and luck explain: they are too narrow")
    return lines
