"""The sentences around the tables: what was measured, what to beware of, what to do next."""

import shlex
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import TypeVar

from results import sweep, units, utilisation
from results.names import PROVIDER_NAMES
from results.price_age import STALE_DAYS, is_stale
from results.records import Estimate, Offer, Provider, Quote, Run
from results.shown import placed
from results.utilisation import Peak
from results.warnings import warning_lines

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
        f"({here.device}, {units.counted(here.threads, 'thread')}, {run.verdict})",
    ]


def facts_lines(run: Run, peak: Peak | None = None) -> list[str]:
    """What a run found out beside times; the unknown is called unknown."""
    lines = [
        f"{known(run.workload.parameter_count, lambda n: f'{n:,}')} parameters, "
        f"{known(run.flops_per_step, units.count_text)} FLOPs and "
        f"{known(run.bytes_per_step, units.bytes_text)} read and written a step, "
        f"peak memory {known(run.peak_memory_bytes, units.bytes_text)}",
        gpu_line(run),
        *use_lines(run, peak),
        *step_lines(run),
        *sweep_lines(run),
    ]
    if run.metrics:
        scores = ", ".join(f"{name} {units.digits(value)}" for name, value in run.metrics)
        lines.append(f"after {run.epochs_trained} epochs: {scores}")
    return lines


def step_lines(run: Run) -> list[str]:
    """How long it took to settle, and why sampling ended."""
    step = run.measurement("step")
    if step is None:
        return []
    why = {
        "precise": "its 95% interval was narrow enough",
        "time": "its time was up (--max-seconds)",
        "interrupted": "it was interrupted",
        "count": "that many had been asked for",
    }[step.stopped_because]
    warm = f"{step.warmup_steps} steps, {units.seconds_text(sum(step.warmup_seconds))}"
    return [f"warm-up {warm if step.warmup_steps else 'none'}; timing of steps ended when {why}"]


def use_lines(run: Run, peak: Peak | None) -> list[str]:
    """Whether the GPU is the limit, and how near its peak the step comes, where that is known."""
    lines = []
    busy, bound = utilisation.gpu_busy_share(run), utilisation.bound_by(run)
    if busy is not None and bound is not None:
        lines.append(f"GPU at work for {busy:.0%} of a step: {bound}-bound")
    mfu = utilisation.model_flops_utilisation(run, peak) if peak else None
    moved = utilisation.bytes_per_second(run)
    if peak and mfu is not None and peak.flops_per_second:
        lines.append(f"MFU {mfu:.1%} of {peak.flops_per_second / 1e12:g} TFLOP/s ({peak.source})")
    if peak and moved is not None and peak.bytes_per_second:
        lines.append(
            f"moves {moved / 1e9:,.0f} GB/s, caches aside, of {peak.bytes_per_second / 1e9:g} GB/s"
        )
    joules = utilisation.joules_per_sample(run)
    if joules is not None:
        lines.append(f"energy {units.digits(joules)} J per {run.workload.sample_unit}")
    return lines


def sweep_lines(run: Run) -> list[str]:
    """What a batch sweep adds up to."""
    if not run.sweep:
        return []
    lines, fitted = [], sweep.fit(run.sweep)
    if fitted:
        over, slope = fitted.overhead_seconds, fitted.slope_seconds_per_sample
        lines.append(
            f"step = {units.seconds_text(over.mid)} ({units.seconds_range(over)}) + batch × "
            f"{units.seconds_text(slope.mid)} ({units.seconds_range(slope)}), 95% intervals"
        )
    largest, knee = sweep.largest_that_fits(run.sweep), sweep.knee(run.sweep)
    at = f"beyond {knee} no batch tried trains 5% faster" if knee else "no knee up to the largest"
    lines.append(f"largest batch that fits, of those tried: {largest or 'none'}; {at}")
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


def quote_notes(
    run: Run,
    quote: Quote,
    shown: Sequence[tuple[int, Estimate]],
    tied: Sequence[int],
    launch: str | None,
) -> list[str]:
    """What the tables of one workload leave open, and how to `launch` its best offer."""
    notes = warning_lines(run)
    if len(tied) > 1:
        notes.append(f"{_listed(tied)} can't be told apart by cost (less than 90% sure)")
    if set(quote.undominated) & {place for place, _ in shown}:
        notes.append(
            f"* no other offer is both cheaper and faster; {len(quote.undominated)} are so"
        )
    notes += _answers(quote)
    if launch is not None:
        notes.append(launch)
    notes.append(f"print this again at these prices: trainfare quote --reprint {quote.quote_id}")
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


def nearest_line(nearest: Estimate) -> str:
    """What comes closest to limits that nothing keeps, and what to do."""
    return (
        f"Nearest is {place_text(nearest)}: {units.seconds_range(nearest.seconds)}, "
        f"{units.usd_range(nearest.usd)}. Allow more, or more machines with --max-nodes."
    )


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
    """Old prices and what was left out; quotes made together share most of it."""
    notes = stale_lines([e.offer for _, e in shown])
    if explain:
        notes += [f"{count} offers left out: {reason}" for reason, count in quote.left_out]
    elif quote.left_out:
        notes.append(f"{sum(n for _, n in quote.left_out)} left out: --explain says why")
    return notes


def assumed_lines(quotes: Sequence[Quote]) -> list[str]:
    """What the first offer of each rests on, assumed, given or measured, each text once."""
    texts = dict.fromkeys(text for quote in quotes for text in quote.estimates[0].assumptions)
    head = "the first offer rests on:" if len(quotes) == 1 else "the first offers rest on:"
    return [head, *(f"  - {text}" for text in texts)] if texts else []


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


def launch_line(best: Estimate, cap_usd: Decimal | None, results: str | None) -> str:
    """The command that shows the very request of the first line of the last quote.

    `cap_usd` lets it come to its end; None where its service ends any job sooner. `results` is the
    store, where it was named.
    """
    whose = PROVIDER_NAMES[best.offer.provider]
    if cap_usd is None:
        return f"1 may run longer than {whose} lets any job run: choose a faster one to launch"
    where = f" --results {shlex.quote(results)}" if results else ""
    return (
        f"see the request that would launch 1 ({whose}): trainfare submit "
        f"{shlex.quote(best.job.workload.reference)} --offer 1 --max-usd {cap_usd:f}{where} "
        "--dry-run"
    )
