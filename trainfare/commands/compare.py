"""`trainfare compare`: did it become slower, and is that more than noise?"""

import re
from pathlib import Path
from typing import Any

import click

from results.compare import Comparison
from results.errors import UsageError
from results.records import Run
from trainfare import options, output, settings
from trainfare.reading import open_store

REGRESSION = 1  # the exit code


class Percent(click.ParamType[float]):
    """A percentage with its sign, as a fraction."""

    name = "percent"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:  # noqa: ARG002
        """`5%` → 0.05. Raises UsageError."""
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"(\d{1,4}(?:\.\d+)?)\s*%", str(value))
        if not match:
            raise UsageError(f"'{value}' is no threshold. Give a percentage with its sign, as 5%.")
        return float(match[1]) / 100


@click.command(
    epilog=(
        "A and B: latest, latest~1 (the one before), cnn, cnn~1, the start of a run id, a commit, "
        "a record file or a folder of records. Commits and folders with several runs tell smaller "
        "changes."
    )
)
@click.argument("runs", nargs=-1, metavar="A B")
@click.option(
    "--fail-above",
    type=Percent(),
    help="Exit with 1 if a step or epoch surely became so much slower: 5%.",
)
@click.option("--across-machines", is_flag=True, help="Compare runs of different machines.")
@click.option(
    "--history", "workload", metavar="WORKLOAD", help="Show this workload's runs by commit instead."
)
@click.option("--phase", default="step", show_default=True, help="Of the history.")
@options.results
@options.as_json
@click.pass_context
def compare(
    ctx: click.Context,
    runs: tuple[str, ...],
    fail_above: float | None,
    across_machines: bool,
    workload: str | None,
    phase: str,
    results: Path | None,
    as_json: bool,
) -> None:
    """Compare the runs A with the later ones B: same, faster, slower or ambiguous.

    Each workload and phase gets the change of its time with an interval that holds what runs of the
    same code differ by.
    """
    store = open_store(settings.load().results_folder(results))
    kept = list(store.newest_first(Run))
    for problem in store.problems:
        output.say(f"! {problem}")
    if workload is not None:
        if runs:
            raise UsageError(f"--history takes no runs, '{runs[0]}' was given. Leave one out.")
        _show_history(kept, workload, phase, as_json)
        return
    if len(runs) != 2:
        raise UsageError(
            f"compare takes two sides, {len(runs)} given. Try: trainfare compare latest~1 latest"
        )
    found = _compare(kept, runs, across_machines)
    slower = found.regressions(fail_above) if fail_above is not None else ()
    _show(found, fail_above, as_json)
    if slower:
        names = ", ".join(f"{c.workload} {c.phase}" for c in slower)
        output.say(f"trainfare: slower by more than {100 * (fail_above or 0):g}%: {names}.")
        ctx.exit(REGRESSION)


def _compare(kept: list[Run], asked: tuple[str, ...], across_machines: bool) -> Comparison:
    from results.compare import compare as compare_runs
    from results.selection import select

    baseline, candidate = (select(one, kept) for one in asked)
    return compare_runs(baseline, candidate, kept, across_machines)


def _show(found: Comparison, threshold: float | None, as_json: bool) -> None:
    from results.change_text import change_rows, change_table

    if as_json:
        rows = change_rows(found, threshold)
        output.print_json(changes=rows, notes=list(found.notes), threshold_ratio=threshold)
        return
    output.print_table(change_table(found), "runs")
    for note in found.notes:
        output.print_line(f"  {note}")


def _show_history(kept: list[Run], workload: str, phase: str, as_json: bool) -> None:
    from results.change_text import history_rows, history_table
    from results.history import history

    found = history(kept, workload, phase)
    if as_json:
        output.print_json(points=history_rows(found), left_out=found.left_out)
        return
    output.print_table(history_table(found), "runs", "95% interval")
    if found.left_out:
        output.print_line(
            f"  {found.left_out} runs left out: of another machine, setting or without the phase"
        )
