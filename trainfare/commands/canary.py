"""`trainfare canary`: a few steps on each of the best offers, then the quote again, measured."""

import time
from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from results.errors import NoAnswerError, OverBudgetError, TrainfareError, UsageError
from results.jobs import Outcome
from results.names import PROVIDER_NAMES
from results.records import Estimate, Job, Offer, Quote, Run
from results.rows import estimate_row
from results.store import Store, new_id, utc_now
from trainfare import capping, jobs, measuring, options, output, pricing, settings
from trainfare.__main__ import INTERRUPTED
from trainfare.reading import open_store

if TYPE_CHECKING:
    from cloud.source import Source
    from cloud.trials import Trial

SHOWN = 10
CONSIDERED = 100  # of the ranking; the rest can hardly come first


@click.command(epilog=options.WORKLOAD_HELP)
@click.argument("workload")
@click.option("--top", type=options.POSITIVE, default=3, help="Instance types to try.  [3]")
@click.option("--steps", type=options.POSITIVE, default=200, help="Steps on each.  [200]")
@click.option("--max-usd", required=True, type=options.Money(), help="For all trials together.")
@click.option("--source", type=options.FOLDER, help="Folder of your code that travels along.")
@click.option("--requirements", type=options.FOLDER, help="Packages to install before training.")
@click.option("--again", is_flag=True, help="Once more, though the same trials ran before.")
@click.option("--yes", is_flag=True, help="Do not ask before spending.")
@options.every
@options.job
@options.offers
@options.measuring
@options.prices
@options.results
@options.as_json
@click.pass_context
def canary(
    ctx: click.Context,
    /,
    workload: str,
    top: int,
    steps: int,
    max_usd: Decimal,
    source: Path | None,
    requirements: Path | None,
    again: bool,
    yes: bool,
    every: float,
    epochs: int,
    samples_per_epoch: int | None,
    price_files: tuple[Path, ...],
    results: Path | str | None,
    as_json: bool,
    **more: Any,
) -> None:
    """Try the best offers for some steps, then quote again.

    All at once, each under its own cap. Stops as soon as no trial that still runs can change the
    first place.
    """
    from cloud import trials
    from cloud.source import Source, check
    from estimators import canary as logic
    from estimators.calibrate import History
    from estimators.cost import estimate
    from estimators.rank import rank

    configured, cap = settings.load(), _share(max_usd, top)
    store = open_store(configured.results_folder(results))
    offers, billing = pricing.offers(
        price_files, configured, {name: more.pop(name) for name in pricing.FILTERS}
    )
    _check_set_up(offers, configured)
    travels = Source(folder=source, requirements=requirements)
    check(workload, travels)
    run = measuring.fresh_or_new(measuring.Asked(workload=workload, **more), store)
    samples = samples_per_epoch or run.workload.samples_per_epoch
    job = Job(workload=run.workload, epochs=epochs, samples_per_epoch=samples)
    history = History.of(store.newest_first(Outcome))
    best = rank(run, job, offers, billing, history=history).priced[:CONSIDERED]
    ranked = [priced.estimate() for priced in best]
    pairs = [
        (e, estimate(run, logic.canary_job(job, e.offer, steps), e.offer, billing, history))
        for e in logic.candidates(ranked)
    ]
    planned = _planned(pairs, top, cap, travels, configured, store if again else None)
    _ask(planned, max_usd, yes)
    trials.start([trial for _, trial in planned], store, configured.budget_usd(None), output.say)

    def tried() -> dict[tuple[str, str], Run]:
        return {(e.offer.provider, e.offer.instance_type): t.run for e, t in planned if t.run}

    def enough(_: Any) -> bool:
        now = logic.requoted([e for e, _ in planned], tried(), billing, history)
        known = [e for e in now if e.grade == "measured"]
        waiting = {logic.place_of(e.offer) for e, t in planned if t.open}
        return logic.settled(known, [e for e in now if logic.place_of(e.offer) in waiting])

    try:
        all_trials = [trial for _, trial in planned]
        tell = jobs.TrialsLine(max_usd)
        trials.watch(all_trials, store, every, time.sleep, output.say, enough, tell)
    except KeyboardInterrupt:
        output.say("Detached: the trials go on, each under its cap. See: trainfare jobs")
        ctx.exit(INTERRUPTED)
    now = logic.requoted(ranked, tried(), billing, history)
    _answer(run, now, planned, store, results, as_json)


def _share(max_usd: Decimal, top: int) -> Decimal:
    """The cap of one of `top` trials, in whole cents. Raises UsageError where it is none."""
    cent = Decimal("0.01")
    cap = (max_usd / top).quantize(cent, ROUND_FLOOR)
    if cap < cent:
        raise UsageError(
            f"--max-usd {max_usd} is less than a cent for each of {top} trials. Give "
            f"{top * cent} at least, or try fewer with --top."
        )
    return cap


def _check_set_up(offers: Sequence[Offer], configured: settings.Settings) -> None:
    """Before the measuring: can any cloud of these offers be sent a job? Raises NoAnswerError."""
    from cloud.settings import for_a_job, from_table

    problems = []
    for provider in sorted({offer.provider for offer in offers}):
        try:
            for_a_job(from_table(provider, configured.table(provider)))
        except UsageError as error:
            problems.append(f"! {PROVIDER_NAMES[provider]}: {error}")
    if offers and len(problems) == len({offer.provider for offer in offers}):
        for problem in problems:
            output.say(problem)
        raise NoAnswerError("No offer can be tried; the reasons are above.")


def _planned(
    pairs: list[tuple[Estimate, Estimate]],
    top: int,
    cap: Decimal,
    travels: "Source",
    configured: settings.Settings,
    anew_in: Store | None,
) -> list[tuple[Estimate, "Trial"]]:
    """The trials of the best offers whose cloud is set up; what is left out is told once.

    `pairs` are the estimates of the whole job and of its trial, the best offer first. With the
    store `anew_in` each is one that is not there yet.
    """
    from cloud.again import once_more
    from cloud.cap import least_usd
    from cloud.launch import Order
    from cloud.registry import plan_packed
    from cloud.settings import from_table
    from cloud.source import pack
    from cloud.trials import Trial

    clouds, found, refused = jobs.Clouds(configured), [], dict[str, str]()
    for whole, short in pairs:
        offer = whole.offer
        packed = pack(short.job, travels)
        try:
            own = from_table(offer.provider, configured.table(offer.provider))
            request = plan_packed(packed, offer, own, cap)
            client = clouds.of(offer.provider)
            if anew_in is not None:
                request, _ = once_more(client, packed, offer, own, request, anew_in)
        except OverBudgetError:
            least = least_usd(offer, short.job.nodes)
            reason = f"a trial there needs a cap of ${least}, and --max-usd leaves ${cap} to each"
            refused.setdefault(f"{reason} of {top}", offer.instance_type)
            continue
        except TrainfareError as error:
            refused.setdefault(str(error), offer.instance_type)
            continue
        order = Order(
            request=request,
            archive=packed.archive,
            source_digest=packed.digest,
            estimate=short,
        )
        found.append((whole, Trial(client, order)))
        if len(found) == top:
            break
    for reason, instance in refused.items():
        output.say(f"! {instance} is not tried: {reason}")
    if not found:
        raise NoAnswerError("No offer can be tried; the reasons are above.")
    return found


def _ask(planned: list[tuple[Estimate, "Trial"]], max_usd: Decimal, yes: bool) -> None:
    for estimate, trial in planned:
        offer, cap = estimate.offer, trial.order.request
        output.say(
            f"  {PROVIDER_NAMES[offer.provider]} {offer.instance_type} in {offer.region}: at most "
            f"${cap.max_usd}, stopped by the service after {cap.max_seconds} s"
        )
    if not yes:
        output.ask_to_spend(max_usd, "the trials")


def _answer(
    run: Run,
    estimates: list[Estimate],
    planned: list[tuple[Estimate, "Trial"]],
    store: Store,
    results: Path | str | None,
    as_json: bool,
) -> None:
    """Keep the new ranking as a quote, and show it with what the trials cost."""
    outcomes = [trial.outcome for _, trial in planned if trial.outcome is not None]
    store.add(
        Quote(
            quote_id=new_id(run.workload.name),
            captured_at=utc_now(),
            run_id=run.run_id,
            verdict=run.verdict,
            estimates=tuple(estimates[:SHOWN]),
            ranked=len(estimates),
        )
    )
    if as_json:
        output.print_json(
            estimates=[estimate_row(e) for e in estimates],
            trials=[jobs.outcome_row(outcome) for outcome in outcomes],
        )
        return
    from results.lines import launch_line
    from results.tables import cost_tables

    for outcome in outcomes:
        output.print_line(jobs.outcome_line(outcome))
    output.print_fitting(*cost_tables(list(enumerate(estimates[:SHOWN], start=1))))
    first = estimates[0]
    where = None if results is None else str(results)
    output.print_line(launch_line(first, capping.enough_usd(first), where))
