"""The answer in one sentence: what the job costs, where, how long, and what that rests on."""

from results import units
from results.names import PROVIDER_NAMES
from results.records import Quote, Run


def answer(quote: Quote, run: Run | None) -> str:
    """`cnn, 10 epochs: $0.31–0.44 on …, 22–31 min; price of 2025-06-16, projected from …`.

    Speaks of the first offer, the cheapest. `run` is the measurement behind it, if it is known.
    """
    if not quote.estimates:
        return "No offer answers this quote."
    best = quote.estimates[0]
    job, offer = best.job, best.offer
    name, epochs = job.workload.name, "1 epoch" if job.epochs == 1 else f"{job.epochs:,} epochs"
    spot = " spot" if offer.allocation == "spot" else ""
    nodes = f"{job.nodes} × " if job.nodes > 1 else ""
    return (
        f"{name}, {epochs}: {units.usd_range(best.usd)} on {nodes}{offer.instance_type}{spot} "
        f"({PROVIDER_NAMES[offer.provider]}) in {offer.region}, {units.seconds_range(best.seconds)}"
        f"; price of {offer.as_of}, {basis_text(quote, run)}."
    )


def basis_text(quote: Quote, run: Run | None) -> str:
    """`projected from Some CPU`, and whether the measurement was disturbed."""
    verb = {"measured": "measured on", "calibrated": "calibrated by past jobs, from"}
    grade = quote.estimates[0].grade
    device = run.machine.device_name if run else f"run {quote.run_id}"
    disturbed = ", disturbed by other work" if quote.verdict == "contended" else ""
    return f"{verb.get(grade, f'{grade} from')} {device}{disturbed}"
