"""`trainfare quote`: what the job costs where, from a fresh measurement."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from results.all_offers import all_offers
from results.errors import NoAnswerError
from results.lines import best_of_each
from results.records import Job, Offer, Quote, Run
from results.rows import estimate_row, measurement_rows, run_row
from results.store import Store, new_id, utc_now
from trainfare import measuring, options, output, settings

DEFAULT_WORKLOADS = ("mlp", "cnn", "rnn")
KEPT_OFFERS = 20  # of each service in full; all are kept in brief beside them, for the report


@click.command(epilog=options.WORKLOAD_HELP)
@click.argument("workloads", nargs=-1)
@options.job
@click.option("--provider", help="aws, gcp or azure.")
@click.option("--region", help="Such as us-east-1.")
@click.option("--gpu", help="Such as T4; none for CPU only.")
@click.option("--allocation", help="on_demand or spot.")
@click.option("--top", type=options.POSITIVE, default=3, help="Offers shown of each cloud.  [3]")
@options.measuring
@options.prices
@options.results
@options.as_json
def quote(
    workloads: tuple[str, ...],
    epochs: int,
    samples_per_epoch: int | None,
    provider: str | None,
    region: str | None,
    gpu: str | None,
    allocation: str | None,
    top: int,
    price_files: tuple[Path, ...],
    results: Path | None,
    as_json: bool,
    **how: Any,
) -> None:
    """Rank the offers of three clouds for a job: mlp, cnn and rnn if none is named.

    Measures first if there is no record of this machine that is under a day old. Time and cost
    are 80% intervals; prices are list prices.
    """
    from estimators.catalog import load_offers, select_offers

    store = Store(settings.load().results_folder(results))
    offers = select_offers(
        load_offers(price_files),
        provider=provider,
        region=region,
        accelerator=gpu,
        allocation=allocation,
    )
    answers: list[tuple[Run, Quote]] = []
    shared: list[str] = []
    for workload in workloads or DEFAULT_WORKLOADS:
        asked = measuring.Asked(workload=workload, **how)
        run = measuring.fresh_or_new(asked, store)
        answers.append((run, _quote(run, epochs, samples_per_epoch, offers, store)))
        if not as_json:
            shared += show(*answers[-1], top)
    if as_json:
        _print_json(answers)
    for line in dict.fromkeys(shared):
        output.print_line(line)


def _quote(
    run: Run, epochs: int, samples_per_epoch: int | None, offers: list[Offer], store: Store
) -> Quote:
    """Rank the offers for the job and keep the answer with the prices it used."""
    from estimators.rank import rank

    samples = samples_per_epoch or run.workload.samples_per_epoch
    job = Job(workload=run.workload, epochs=epochs, samples_per_epoch=samples)
    ranking = rank(run, job, offers)
    if not ranking.estimates:
        reasons = "; ".join(f"{reason} ({count})" for reason, count in ranking.left_out)
        raise NoAnswerError(
            f"No offer can be quoted for {run.workload.name}: {reasons or 'none matches'}. "
            "Leave out a filter, or see: trainfare prices list"
        )
    answer = Quote(
        quote_id=new_id(run.workload.name),
        captured_at=utc_now(),
        run_id=run.run_id,
        verdict=run.verdict,
        estimates=ranking.estimates,
        left_out=ranking.left_out,
    )
    best = tuple(e for _, e in best_of_each(answer.estimates, KEPT_OFFERS))
    store.add(replace(answer, estimates=best))
    store.add(all_offers(answer, answer.estimates))
    return answer


def _print_json(answers: list[tuple[Run, Quote]]) -> None:
    output.print_json(
        estimates=[estimate_row(e) for _, answer in answers for e in answer.estimates],
        measurements=[row for run, _ in answers for row in measurement_rows(run)],
        runs=[run_row(run) for run, _ in answers],
        left_out=[
            {"workload": run.workload.name, "reason": reason, "offers": count}
            for run, answer in answers
            for reason, count in answer.left_out
        ],
    )


def show(run: Run, answer: Quote, top: int) -> list[str]:
    """Print the answer as a person reads it; return the notes that other answers may share."""
    from estimators.rank import tied_with_best
    from results import lines, tables

    for line in lines.headline(run, answer, measuring.age(run).total_seconds()):
        output.print_line(line)
    output.print_table(tables.performance_table([run]))
    shown = lines.best_of_each(answer.estimates, top)
    output.print_table(tables.cost_table(shown, bars=output.draws_bars()))
    output.print_table(tables.unit_cost_table(shown))
    for line in lines.quote_notes(run, answer, tied_with_best(answer.estimates)):
        output.print_line(line)
    output.print_line("")
    return lines.shared_notes(answer, shown)
