"""The sentences around the tables: what was measured, what to beware of, what to do next."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from results import units
from results.names import PROVIDER_NAMES
from results.price_age import STALE_DAYS, is_stale
from results.records import Estimate, Offer, Provider, Quote, Run

T = TypeVar("T", int, float)

BASIS_WORDS = {
    "published": "a published rate",
    "billed": "a rate of a real bill",
    "proxy": "a stand-in rate",
    "derived": "a derived rate",
}


def headline(run: Run, quote: Quote, age_seconds: float) -> list[str]:
    """Two lines: the job, and the measurement it rests on."""
    job, workload, here = quote.estimates[0].job, run.workload, run.machine
    total = job.epochs * job.samples_per_epoch
    return [
        f"{workload.name} · {job.epochs} epochs of {job.samples_per_epoch:,} "
        f"{workload.sample_unit}s ({total:,} in all) · batch {workload.batch_size} · "
        f"{workload.precision}",
        f"  measured {units.age_text(age_seconds)} on this {here.device_name} "
        f"({here.device}, {here.threads} threads, {run.verdict})",
    ]


def facts_lines(run: Run) -> list[str]:
    """What a run found out beside times; the unknown is called unknown."""
    lines = [
        f"{known(run.workload.parameter_count, lambda n: f'{n:,}')} parameters, "
        f"{known(run.flops_per_step, lambda n: f'{n:,}')} FLOPs a step, "
        f"peak memory {known(run.peak_memory_bytes, units.bytes_text)}",
        gpu_line(run),
    ]
    if run.metrics:
        scores = ", ".join(f"{name} {units.digits(value)}" for name, value in run.metrics)
        lines.append(f"after {run.epochs_trained} epochs: {scores}")
    return lines


def gpu_line(run: Run) -> str:
    """What NVML said, or that there is no GPU to ask."""
    if not run.machine.is_gpu:
        return f"no NVIDIA GPU used: trained on {run.machine.device_name}"
    gpu = run.gpu
    if gpu is None:
        return "GPU: NVML told nothing"
    return (
        f"GPU: utilisation {known(gpu.utilization_percent, lambda v: f'{v:.0f}%')}, "
        f"power {known(gpu.power_watts, lambda v: f'{v:.0f} W')}, "
        f"clock {known(gpu.sm_clock_mhz, lambda v: f'{v:.0f} MHz')}, "
        f"memory {known(gpu.memory_used_bytes, units.bytes_text)}"
    )


def known(value: T | None, show: Callable[[T], str]) -> str:
    """The value as text, or `unknown`."""
    return "unknown" if value is None else show(value)


def warning_lines(run: Run) -> list[str]:
    """Everything that makes the figures worth less than they look, each with what to do."""
    lines = [f"! {text}" for text in run.warnings]
    if run.workload.data_note:
        lines.insert(0, f"! the data is {run.workload.data_note}")
    for measurement in run.measurements:
        if measurement.verdict == "contended":
            bad, all_blocks = sum(measurement.disturbed), len(measurement.disturbed)
            lines.append(
                f"! {measurement.phase} is contended: {bad} of {all_blocks} blocks were disturbed "
                "by other work on this machine. Stop it and measure again."
            )
    return lines


def quote_notes(
    run: Run, quote: Quote, shown: Sequence[tuple[int, Estimate]], tied: Sequence[int]
) -> list[str]:
    """What the tables of one workload leave open, and how to launch its best offer."""
    notes = warning_lines(run)
    if len(tied) > 1:
        notes.append(f"{_listed(tied)} can't be told apart by cost (less than 90% sure)")
    if set(quote.undominated) & {place for place, _ in shown}:
        notes.append(
            f"* no other offer is both cheaper and faster; {len(quote.undominated)} are so"
        )
    notes += _answers(quote)
    best = quote.estimates[0]
    notes.append(
        f"see the request that would launch 1 ({PROVIDER_NAMES[best.offer.provider]}): "
        f"{submit_command(best)}"
    )
    return notes


def _answers(quote: Quote) -> list[str]:
    """What answers a deadline or a budget: every offer that is left keeps it with 90%."""
    lines, first = [], quote.estimates[0]
    if quote.deadline_seconds is not None:
        lines.append(
            f"cheapest that is 90% sure to end within {units.seconds_text(quote.deadline_seconds)}:"
            f" 1, {place_text(first)}"
        )
    if quote.budget_usd is not None:
        place, fastest = min(placed(quote), key=lambda pair: (pair[1].seconds.mid, pair[0]))
        lines.append(
            f"fastest that is 90% sure to cost at most ${quote.budget_usd}: {place}, "
            f"{place_text(fastest)}"
        )
    return lines


def place_text(estimate: Estimate) -> str:
    """`2 × ml.g5.xlarge in us-east-1`."""
    offer, nodes = estimate.offer, estimate.job.nodes
    many = f"{nodes} × " if nodes > 1 else ""
    spot = " spot" if offer.allocation == "spot" else ""
    return f"{many}{offer.instance_type}{spot} in {offer.region}"


def _listed(places: Sequence[int]) -> str:
    *most, last = (str(place) for place in places)
    return f"{', '.join(most)} and {last}" if most else last


def shared_notes(
    quote: Quote, shown: Sequence[tuple[int, Estimate]], explain: bool = False
) -> list[str]:
    """What was assumed and left out; quotes made together share most of it."""
    notes = stale_lines([e.offer for _, e in shown])
    if explain:
        notes += [f"{count} offers left out: {reason}" for reason, count in quote.left_out]
    elif quote.left_out:
        notes.append(f"{sum(n for _, n in quote.left_out)} left out: --explain says why")
    notes += [f"assumed for the first offer: {text}" for text in quote.estimates[0].assumptions]
    return notes


def stale_lines(offers: Iterable[Offer]) -> list[str]:
    """A warning for each provider that has prices over 90 days old, with what to do."""
    oldest: dict[Provider, Offer] = {}
    for offer in offers:
        if is_stale(offer.as_of):
            found = oldest.get(offer.provider)
            oldest[offer.provider] = min(found or offer, offer, key=lambda o: o.as_of)
    return [
        f"! {PROVIDER_NAMES[provider]} is priced by {BASIS_WORDS[offer.basis]} from {offer.as_of}, "
        f"over {STALE_DAYS} days old: trainfare prices refresh {provider}"
        for provider, offer in oldest.items()
    ]


def placed(quote: Quote) -> list[tuple[int, Estimate]]:
    """The kept estimates with their places in the whole ranking."""
    places = quote.places or range(1, 1 + len(quote.estimates))
    return list(zip(places, quote.estimates, strict=True))


def shown_offers(quote: Quote, top: int) -> list[tuple[int, Estimate]]:
    """The best of each service; where time or money was limited or several machines tried, also
    the undominated ones that are each at least a tenth faster than the one before."""
    kept = placed(quote)
    chosen = set(best_of_each(quote.estimates, top))
    asked = quote.deadline_seconds is not None or quote.budget_usd is not None
    if asked or any(e.job.nodes > 1 for e in quote.estimates):
        fastest = float("inf")
        for index, (place, estimate) in enumerate(kept):
            if place in quote.undominated and estimate.seconds.mid <= 0.9 * fastest:
                fastest = estimate.seconds.mid
                chosen.add(index)
    return [kept[index] for index in sorted(chosen)]


class HasOffer(Protocol):
    """An answer on an offer, itemised or not."""

    @property
    def offer(self) -> Offer:
        """Where it would run."""
        ...


def best_of_each(answers: Sequence[HasOffer], top: int) -> list[int]:
    """The places, from 0, of the `top` best instance types of each service, each where it is
    cheapest."""
    counts: dict[str, set[tuple[str, str]]] = {}
    shown = []
    for place, answer in enumerate(answers):
        offer = answer.offer
        seen = counts.setdefault(offer.provider, set())
        kind = (offer.instance_type, offer.allocation)
        if len(seen) < top and kind not in seen:
            seen.add(kind)
            shown.append(place)
    return shown


def submit_command(estimate: Estimate) -> str:
    """The command that shows the very request for this estimate, capped at its upper end."""
    offer, job = estimate.offer, estimate.job
    spot = " --allocation spot" if offer.allocation == "spot" else ""
    nodes = f" --nodes {job.nodes}" if job.nodes > 1 else ""
    cap = units.ceiling_usd(estimate.usd.high)
    return (
        f"trainfare submit {job.workload.reference} --epochs {job.epochs} --provider "
        f"{offer.provider} --instance {offer.instance_type} --region {offer.region}{spot}"
        f"{nodes} --max-usd {cap} --dry-run"
    )
