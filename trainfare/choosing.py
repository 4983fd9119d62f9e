"""What is meant to be launched: a line of the last quote, or an offer that is named."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results import shown
from results.errors import NoAnswerError, RecordError, UsageError
from results.records import Estimate, Job, Offer, Quote, Run, Workload
from results.store import Store
from trainfare import measuring, options, pricing, settings


def newest_quote(store: Store, reference: str) -> Quote:
    """The last quote of the workload. Raises UsageError where there is none, RecordError where it
    is damaged."""
    for quote in store.newest_first(Quote):
        if quote.estimates and quote.estimates[0].job.workload.reference == reference:
            return quote
    if store.problems:
        raise RecordError(f"{store.problems[0]} Quote anew: trainfare quote {reference}")
    raise UsageError(f"There is no quote for {reference!r} yet. First: trainfare quote {reference}")


def quoted_line(quote: Quote, place: int) -> Estimate:
    """Line `place` of it. Raises UsageError where there is none."""
    placed = dict(shown.placed(quote))
    if place in placed:
        return placed[place]
    known = ", ".join(str(place) for place in sorted(placed)[:8])
    more = ", …" if len(placed) > 8 else ""
    raise UsageError(
        f"--offer {place} is no line of the last quote for "
        f"{quote.estimates[0].job.workload.reference!r} that was kept. Known: {known}{more}."
    )


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Where, what and how much of it: all that an estimate needs beside a run."""

    offer: Offer
    asked: measuring.Asked
    size: dict[str, Any]  # epochs, samples_per_epoch (None: as measured), nodes
    run: Run | None = None  # that a quote rests on, if it still answers what is asked

    def job(self, run: Run) -> Job:
        """What is to be trained, of the workload as it was measured."""
        samples = self.size["samples_per_epoch"] or run.workload.samples_per_epoch
        return Job(workload=run.workload, **self.size | {"samples_per_epoch": samples})


def chosen(
    store: Store,
    configured: settings.Settings,
    workload: str,
    place: int | None,
    named: dict[str, Any],
    size: dict[str, Any],
    how: dict[str, Any],
) -> Chosen:
    """Line `place` of the last quote, but for what is typed; without one the offer that is `named`.

    Raises UsageError where neither is given, or both, NoAnswerError where no price is known.
    """
    if place is None:
        offer = named_offer(**named, configured=configured)
        return Chosen(
            offer=offer, asked=measuring.Asked(workload=workload, **how), size=size, run=None
        )
    if named["provider"] or named["instance"] or named["region"]:
        raise UsageError("Give --offer, or --provider, --instance and --region: not both.")
    typed, quote = options.typed(), newest_quote(store, workload)
    line = quoted_line(quote, place)
    offer = line.offer
    if typed & {"allocation", "price_files"}:
        named |= {"provider": offer.provider, "instance": offer.instance_type}
        named |= {"region": offer.region}
        if "allocation" not in typed:
            named["allocation"] = offer.allocation
        offer = named_offer(**named, configured=configured)
    asked = _asked(line.job.workload, how, typed)
    run = store.find(Run, quote.run_id)
    if run is None or typed & {"device", "threads"} or not measuring.is_answered_by(run, asked):
        run = None
    quoted = {name: getattr(line.job, name) for name in size if name not in typed}
    return Chosen(offer=offer, asked=asked, size=size | quoted, run=run)


def _asked(quoted: Workload, how: dict[str, Any], typed: frozenset[str]) -> measuring.Asked:
    """The measurement that led to the quote, but for what is typed."""
    as_then: dict[str, Any] = {**dict(quoted.options), "batch_size": quoted.batch_size}
    if quoted.data_root is not None:
        as_then["data_root"] = Path(quoted.data_root)
    kept = {name: value for name, value in as_then.items() if name not in typed}
    return measuring.Asked(workload=quoted.reference, **(how | kept))


def named_offer(
    provider: str | None,
    instance: str | None,
    region: str | None,
    allocation: str,
    price_files: tuple[Path, ...],
    configured: settings.Settings,
) -> Offer:
    """The priced offer; spot without a price of its own is bounded by the on-demand rate.

    Raises UsageError where a part of the name is missing, NoAnswerError where no price is known.
    """
    from estimators.catalog import find_offer, spot_ceiling_offer
    from estimators.lookup import known_allocation, known_provider

    if provider is None or instance is None:
        raise UsageError(
            "Say where: --offer N for a line of the last quote, or --provider and --instance."
        )
    whose, how = known_provider(provider), known_allocation(allocation)
    where = pricing.region_of(whose, region, configured)
    offers = pricing.catalog(price_files)
    try:
        return find_offer(offers, whose, instance, where, how)
    except NoAnswerError:
        if how != "spot":
            raise
        return spot_ceiling_offer(offers, whose, instance, where)
