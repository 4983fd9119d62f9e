"""The sentences around the tables: what was measured, what to beware of, what to do next."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from results import units
from results.names import PROVIDER_NAMES
from results.price_age import STALE_DAYS, is_stale
from results.records import Estimate, Quote, Run

T = TypeVar("T", int, float)


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


def quote_notes(run: Run, quote: Quote, tied: int) -> list[str]:
    """What the tables of one workload leave open, and how to launch its best offer."""
    notes = warning_lines(run)
    best = quote.estimates[0]
    if tied > 1:
        notes.append(f"offers 1 to {tied} can't be told apart by cost: their intervals overlap")
    notes.append(
        f"see the request that would launch 1 ({PROVIDER_NAMES[best.offer.provider]}): "
        f"{submit_command(best)}"
    )
    return notes


def shared_notes(quote: Quote, shown: Sequence[tuple[int, Estimate]]) -> list[str]:
    """What was assumed and left out; quotes made together share most of it."""
    notes = []
    if any(is_stale(e.offer.as_of) for _, e in shown):
        notes.append(f"! after a price: the list is over {STALE_DAYS} days old; check it first")
    notes += [f"{count} offers left out: {reason}" for reason, count in quote.left_out]
    notes += [f"assumed for the first offer: {text}" for text in quote.estimates[0].assumptions]
    return notes


def best_of_each(estimates: Sequence[Estimate], top: int) -> list[tuple[int, Estimate]]:
    """The `top` best instance types of each service, each where it is cheapest, with their places
    in the whole ranking."""
    counts: dict[str, set[tuple[str, str]]] = {}
    shown = []
    for place, estimate in enumerate(estimates, start=1):
        offer = estimate.offer
        seen = counts.setdefault(offer.provider, set())
        kind = (offer.instance_type, offer.allocation)
        if len(seen) < top and kind not in seen:
            seen.add(kind)
            shown.append((place, estimate))
    return shown


def submit_command(estimate: Estimate) -> str:
    """The command that shows the very request for this estimate, capped at its upper end."""
    offer, job = estimate.offer, estimate.job
    spot = " --allocation spot" if offer.allocation == "spot" else ""
    cap = units.ceiling_usd(estimate.usd.high)
    return (
        f"trainfare submit {job.workload.reference} --epochs {job.epochs} --provider "
        f"{offer.provider} --instance {offer.instance_type} --region {offer.region}{spot} "
        f"--max-usd {cap} --dry-run"
    )
