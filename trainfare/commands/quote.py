"""`trainfare quote`: what the job costs where, from a fresh measurement."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from results.all_offers import all_offers
from results.errors import NoAnswerError, OverBudgetError, RecordError, UsageError
from results.money import Currency, shown_in
from results.records import Job, Quote, Run
from results.rows import estimate_row, measurement_rows, run_row
from results.shown import best_of_each, shown_offers
from results.store import Store, new_id, utc_now
from trainfare import capping, choosing, measuring, options, output, pricing, settings
from trainfare.known import known_of
from trainfare.reading import open_store

if TYPE_CHECKING:
    from estimators.rank import Ranking
    from estimators.wishes import Wishes

DEFAULT_WORKLOADS = ("mlp", "cnn", "rnn")
KEPT_OFFERS = 20  # of each service in full; all are kept in brief beside them, for the report


@click.command(epilog=options.WORKLOAD_HELP)
@click.argument("workloads", nargs=-1)
@options.job
@options.wishes
@options.offers
@click.option("--top", type=options.POSITIVE, default=3, help="Offers shown of each cloud.  [3]")
@click.option("--explain", is_flag=True, help="Itemise the first offer; say why others are out.")
@click.option("--reprint", metavar="ID", help="Print a quote kept before, at its own prices.")
@options.measuring
@options.prices
@options.currency
@options.results
@options.as_json
def quote(
    workloads: tuple[str, ...],
    epochs: int,
    samples_per_epoch: int | None,
    top: int,
    explain: bool,
    reprint: str | None,
    price_files: tuple[Path, ...],
    currency: str,
    rate: Decimal | None,
    results: Path | str | None,
    as_json: bool,
    deadline: float | None,
    budget: Decimal | None,
    max_nodes: int | None,
    **more: Any,
) -> None:
    """Rank the offers of three clouds for a job: mlp, cnn and rnn if none is named.

    Measures first if there is no record of this machine that is under a day old. Time and cost
    are 80% intervals; prices are list prices. A deadline or budget is kept with 90% probability.
    """
    from estimators.catalog import uncollected
    from estimators.wishes import Wishes
    from results.lines import assumed_lines

    configured, shown = settings.load(), Currency.of(currency, rate)
    store = open_store(configured.results_folder(results))
    if reprint is not None:
        answers = [_kept(reprint, workloads, store)]
    else:
        wishes = Wishes(deadline_seconds=deadline, budget_usd=budget, max_nodes=max_nodes)
        filters = {name: more.pop(name) for name in pricing.FILTERS}
        offers, billing = pricing.offers(price_files, configured, filters)
        size = (epochs, samples_per_epoch)
        answers = []
        for workload in workloads or DEFAULT_WORKLOADS:
            run = measuring.fresh_or_new(measuring.Asked(workload=workload, **more), store)
            with uncollected():  # ranking makes a hundred thousand objects and no cycle
                answers.append(_quote(run, size, offers, billing, wishes, store))
    if as_json:
        with uncollected():  # as above: every offer is itemised
            _print_json(answers)
        return
    with shown_in(shown):
        notes = []
        for run, answer, _ in answers:
            is_older = reprint is not None and _is_older(answer, store)
            launch = None if is_older else _launch_line(answer, results)
            notes += show(run, answer, top, explain, launch)
    for line in (*dict.fromkeys(notes), *assumed_lines([answer for _, answer, _ in answers])):
        output.print_line(line)


def _quote(
    run: Run,
    size: tuple[int, int | None],
    offers: Any,
    billing: Any,
    wishes: "Wishes",
    store: Store,
) -> tuple[Run, Quote, "Ranking | None"]:
    """Rank the offers for the job and keep the answer with the prices it used."""
    from estimators.rank import rank, undominated

    epochs, samples = size[0], size[1] or run.workload.samples_per_epoch
    job = Job(workload=run.workload, epochs=epochs, samples_per_epoch=samples)
    known = known_of(run, store)
    ranking = rank(run, job, offers, billing, wishes, known.history, known.there, known.past)
    if not ranking.priced:
        _refuse(run, ranking, wishes)
    best = undominated(ranking.priced)
    places = sorted({*best_of_each(ranking.priced, KEPT_OFFERS), *best})
    answer = Quote(
        quote_id=new_id(run.workload.name),
        captured_at=utc_now(),
        run_id=run.run_id,
        verdict=run.verdict,
        estimates=tuple(ranking.priced[place].estimate() for place in places),
        left_out=ranking.left_out,
        places=tuple(place + 1 for place in places),
        ranked=len(ranking.priced),
        undominated=tuple(place + 1 for place in best),
        deadline_seconds=wishes.deadline_seconds,
        budget_usd=wishes.budget_usd,
    )
    store.add(answer)
    store.add(all_offers(answer, ranking.priced))
    return run, answer, ranking


def _refuse(run: Run, ranking: "Ranking", wishes: "Wishes") -> None:
    from estimators.rank import nearest
    from results.lines import nearest_line

    reasons = "; ".join(f"{reason} ({count})" for reason, count in ranking.left_out)
    close = nearest(ranking, wishes)
    todo = nearest_line(close.estimate()) if close else "Leave out a filter."
    kind = OverBudgetError if wishes.budget_usd is not None else NoAnswerError
    raise kind(
        f"No offer can be quoted for {run.workload.name}: {reasons or 'none matches'}. {todo} "
        "See: trainfare prices list"
    )


def _kept(
    quote_id: str, workloads: tuple[str, ...], store: Store
) -> tuple[Run, Quote, "Ranking | None"]:
    """A quote of the records, by its id or the beginning of one, with the run it rests on."""
    if workloads:
        raise UsageError(f"--reprint names the quote; leave out {workloads[0]!r}.")
    found = [q for q in store.newest_first(Quote) if q.quote_id.startswith(quote_id)]
    if damaged := [p for p in store.problems if f"/{quote_id}" in p]:
        raise RecordError(damaged[0])
    if not quote_id or len(found) != 1 or not found[0].estimates:
        what = "several quotes begin" if len(found) > 1 else "no quote begins"
        raise UsageError(
            f"In {store.folder} {what} with {quote_id!r}. Ids are the files in quotes."
        )
    runs = [run for run in store.newest_first(Run) if run.run_id == found[0].run_id]
    if not runs:
        raise UsageError(
            f"{store.folder} lacks the run {found[0].run_id} that {quote_id} rests on."
        )
    return runs[0], found[0], None


def _is_older(answer: Quote, store: Store) -> bool:
    """Whether `--offer` means another quote than this one, which was printed again."""
    reference = answer.estimates[0].job.workload.reference
    return choosing.newest_quote(store, reference).quote_id != answer.quote_id


def _launch_line(answer: Quote, results: Path | str | None) -> str:
    from results.lines import launch_line

    best = answer.estimates[0]
    return launch_line(best, capping.enough_usd(best), str(results) if results else None)


def _print_json(answers: list[tuple[Run, Quote, "Ranking | None"]]) -> None:
    output.print_json(
        estimates=[
            estimate_row(e)
            for _, answer, ranking in answers
            for e in (ranking.estimates if ranking else answer.estimates)
        ],
        measurements=[row for run, _, _ in answers for row in measurement_rows(run)],
        runs=[run_row(run) for run, _, _ in answers],
        quotes=[
            {"quote_id": q.quote_id, "workload": run.workload.name, "ranked": q.ranked,
             "undominated": list(q.undominated)}
            for run, q, _ in answers
        ],
        left_out=[
            {"workload": run.workload.name, "reason": reason, "offers": count}
            for run, answer, _ in answers
            for reason, count in answer.left_out
        ],
    )  # fmt: skip


def show(run: Run, answer: Quote, top: int, explain: bool, launch: str | None) -> list[str]:
    """Print the answer as a person reads it; return the notes that other answers may share."""
    from estimators.ties import tied_with_best
    from results import lines, tables

    for line in lines.headline(run, answer, measuring.age(run).total_seconds()):
        output.print_line(line)
    output.print_table(tables.performance_table([run]), *tables.PERFORMANCE_SPARE)
    shown = shown_offers(answer, top)
    output.print_fitting(*tables.cost_tables(shown, answer.undominated, output.draws_bars()))
    output.print_table(tables.unit_cost_table(shown), tables.per_unit(), "epoch")
    if explain:
        output.print_table(tables.items_table(*shown[0]))
    tied = [shown[place][0] for place in tied_with_best([e for _, e in shown])]
    for line in lines.quote_notes(run, answer, shown, tied, launch):
        output.print_line(line)
    output.print_line("")
    return lines.shared_notes(answer, shown, explain)
