"""`trainfare report`: what was measured, quoted and spent, as a page to share."""

from pathlib import Path

import click

from results.compare import Comparison, compare, different_machines
from results.content import Content, gather
from results.errors import NoAnswerError, UsageError
from results.records import Quote, Run
from results.selection import select
from results.store import Store, utc_now, write_atomically
from trainfare import options, output, settings
from trainfare.reading import open_store

FORMATS = ("html", "md", "csv", "json", "png", "svg")


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS, case_sensitive=False),
    help="[as --out ends, or html]",
)
@click.option("--out", type=options.FOLDER, help="File.  [report.html in the folder of records]")
@click.option("--base", help="Runs that the Markdown compares with: latest~1, a commit, a folder.")
@options.results
@options.as_json
def report(
    form: str | None, out: Path | None, base: str | None, results: Path | str | None, as_json: bool
) -> None:
    """Write what the records say to a file that can be shared: one HTML page, if nothing else is
    asked for.

    Markdown fits a pull request comment. CSV is two files: NAME.csv holds the estimates,
    NAME-measurements.csv the measurements. PNG and SVG draw time against cost.
    """
    if out is not None and (not out.name or out.is_dir()):
        raise UsageError(f"--out '{out}' is a folder. Name a file, such as {out / 'report.html'}.")
    store = open_store(settings.load().results_folder(results))
    content = gather(store, utc_now())
    for problem in content.problems:
        output.say(f"! {problem}")
    if not content.runs:
        raise NoAnswerError(f"{store.folder} holds no measurement. Start with: trainfare quote cnn")
    form = form or _ending(out)
    if base is not None and form != "md":
        raise UsageError(f"--base is for Markdown, not for {form}. Add: --format md")
    path = out or (store.local_folder or Path()) / f"report.{form}"
    files = (
        {path: _against(base, content, store)} if base is not None else _files(form, path, content)
    )
    for file, text in files.items():
        write_atomically(file, text)
    if as_json:
        output.print_json(files=[str(file) for file in files])
    else:
        output.print_line("Report: " + ", ".join(str(file) for file in files))


def _ending(out: Path | None) -> str:
    ending = out.suffix.lower().removeprefix(".") if out else ""
    if ending not in ("", "htm", *FORMATS):
        raise UsageError(
            f"'{out}' ends as no format does: {', '.join(FORMATS)}. Rename it, or give --format."
        )
    return ending if ending in FORMATS else "html"


def _files(form: str, path: Path, content: Content) -> dict[Path, str | bytes]:
    """What is to be written where; each format loads only what it needs."""
    if form == "html":
        from results.html.page import html

        return {path: html(content)}
    if form == "json":
        from results.export import json_text

        return {path: json_text(content)}
    if form in ("png", "svg"):
        from results.plots import picture

        return {path: picture(content, form)}
    quotes = [item.quote for item in content.answers]
    if form == "md":
        from results.report import markdown

        return {path: markdown(content.latest, quotes, content.made_at)}
    from results.frames import csv_text, estimates_frame, measurements_frame

    return {
        path: csv_text(estimates_frame(quotes)),
        path.with_name(f"{path.stem}-measurements.csv"): csv_text(
            measurements_frame(content.latest)
        ),
    }


def _against(base: str, content: Content, store: Store) -> str:
    """The Markdown with the newest runs against those that `base` means."""
    from results.report import markdown

    newest_first = content.runs[::-1]
    now, before = select("latest", newest_first), select(base, newest_first)
    apart = different_machines([*before, *now])
    if apart:  # as in a pull request whose base was measured elsewhere: all else is still true
        output.say(f"! not compared with the base: {apart}")
        changes = Comparison(changes=(), notes=(f"Not compared: {apart}",))
    else:
        changes = compare(before, now, newest_first)
    quotes = [item.quote for item in content.answers]
    kept = Store(base) if (Path(base) / "quotes").is_dir() else store
    old = [] if apart else [q for run in before if (q := _quote_from(run, kept))]
    return markdown(content.latest, quotes, content.made_at, changes, old)


def _quote_from(run: Run, store: Store) -> Quote | None:
    """The newest quote that rests on the run."""
    found = store.newest_first(Quote, run.workload.name)
    return next((quote for quote in found if quote.run_id == run.run_id), None)
