"""`trainfare advise`: which changes make the job faster, and what each saves."""

import sys
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from bench import stopping
from results.advice import Advice
from results.records import Estimate, Job, Run, UsdInterval
from results.store import Store
from trainfare import measuring, options, output, pricing, settings
from trainfare.reading import open_store

MEASURE_SHARE = 0.2  # of --max-seconds, for the plain job by itself


@click.command(epilog=options.WORKLOAD_HELP)
@click.argument("workload")
@options.job
@options.measuring
@options.prices
@options.results
@options.as_json
@stopping.heeded()
def advise(
    workload: str,
    epochs: int,
    samples_per_epoch: int | None,
    price_files: tuple[Path, ...],
    results: Path | None,
    as_json: bool,
    **how: Any,
) -> None:
    """Try the changes that usually pay, one at a time and the best together.

    Each is timed beside the plain job, in turn, and checked: does it still learn the same? Savings
    are those of the whole job on the best offer with the kind of device used here.
    """
    store = open_store(settings.load().results_folder(results))
    asked = measuring.Asked(workload=workload, **how)
    run, advice = _tried(asked, store)
    best = _best_offer(run, epochs, samples_per_epoch, price_files)
    savings = _savings(advice, best)
    _show(advice, best, savings, as_json)
    if advice.partial:
        raise KeyboardInterrupt


def _tried(asked: measuring.Asked, store: Store) -> tuple[Run, Advice]:
    """The plain job's measurement, a fresh one if there is none, and what the changes did to it."""
    share = MEASURE_SHARE * asked.max_seconds
    run = measuring.fresh_or_new(replace(asked, max_seconds=max(1.0, share)), store)
    store.check_writable()
    output.show_log()
    from bench import load, runner
    from bench.advise import advise as try_changes

    given = {"data_root": asked.data_root, **dict(asked.options())}
    # What a user's code prints goes to stderr: stdout is for data.
    with output.progress(asked.workload) as show, redirect_stdout(sys.stderr):
        session = runner.Session(
            load.factory(asked.workload, given),
            run.machine.device,
            asked.batch_size,
            asked.threads,
            asked.seed,
            progress=show,
        )
        advice = try_changes(session, run, asked.max_seconds - share)
    path = store.add(advice)
    output.say(f"Kept as {path}" + (", marked partial" if advice.partial else ""))
    return run, advice


def _best_offer(
    run: Run, epochs: int, samples_per_epoch: int | None, price_files: tuple[Path, ...]
) -> Estimate | None:
    from estimators.rank import rank
    from estimators.saving import alike

    none = {"providers": (), "regions": (), "gpu": None, "allocation": None, "min_memory": None}
    offers, billing = pricing.offers(price_files, settings.load(), none)
    samples = samples_per_epoch or run.workload.samples_per_epoch
    job = Job(workload=run.workload, epochs=epochs, samples_per_epoch=samples)
    ranking = rank(run, job, alike(offers, run.machine), billing)
    return ranking.priced[0].estimate() if ranking.priced else None


def _savings(advice: Advice, best: Estimate | None) -> dict[str, UsdInterval]:
    """What each change that is faster saves."""
    from estimators.saving import saving

    if best is None:
        return {}
    faster = [(t.name, t.speed_up) for t in advice.trials if advice.gain(t) == "faster"]
    return {name: saving(best, speed_up) for name, speed_up in faster if speed_up}


def _show(
    advice: Advice, best: Estimate | None, savings: dict[str, UsdInterval], as_json: bool
) -> None:
    from results import advice_text
    from results.rows import estimate_row

    if as_json:
        output.print_json(
            advice=advice_text.advice_rows(advice, savings),
            noise_ratio=advice.noise_ratio,
            best_offer=estimate_row(best) if best else None,
            partial=advice.partial,
        )
        return
    output.print_table(advice_text.advice_table(advice, savings))
    for line in advice_text.advice_lines(advice, best):
        output.print_line(f"  {line}")
