"""`trainfare report`: what was measured and quoted, as a page to share."""

from pathlib import Path

import click

from results.errors import NoAnswerError
from results.records import Quote, Run
from results.store import Store, utc_now, write_atomically
from trainfare import options, output, settings


@click.command()
@click.option("--format", "form", type=click.Choice(["md", "csv"]), default="md", help="[md]")
@click.option("--out", type=options.FOLDER, help="File.  [report.md in the folder of records]")
@options.results
@options.as_json
def report(form: str, out: Path | None, results: Path | str | None, as_json: bool) -> None:
    """Write the newest measurement and quote of each workload to a file.

    CSV is two files: NAME.csv holds the estimates, NAME-measurements.csv the measurements.
    """
    store = Store(settings.load().results_folder(results))
    runs = {run.workload.name: run for run in reversed(list(store.newest_first(Run)))}
    quotes = {q.estimates[0].job.workload.name: q for q in reversed(_answered(store))}
    for problem in store.problems:
        output.say(f"! {problem}")
    if not runs:
        raise NoAnswerError(f"{store.folder} holds no measurement. Start with: trainfare quote cnn")
    path = out or (store.local_folder or Path()) / f"report.{form}"
    texts = _texts(form, path, list(runs.values()), list(quotes.values()))
    for file, text in texts.items():
        write_atomically(file, text)
    if as_json:
        output.print_json(files=[str(file) for file in texts])
    else:
        output.print_line("Report: " + ", ".join(str(file) for file in texts))


def _answered(store: Store) -> list[Quote]:
    return [q for q in store.newest_first(Quote) if q.estimates]


def _texts(form: str, path: Path, runs: list[Run], quotes: list[Quote]) -> dict[Path, str]:
    if form == "md":
        from results.report import markdown

        return {path: markdown(runs, quotes, utc_now())}
    from results.frames import csv_text, estimates_frame, measurements_frame

    return {
        path: csv_text(estimates_frame(quotes)),
        path.with_name(f"{path.stem}-measurements.csv"): csv_text(measurements_frame(runs)),
    }
