"""The tables people read in a terminal, 100 columns wide at most."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from results import money, units
from results.bars import NARROW, WIDTH, usd_bars
from results.bills import Bill
from results.epoch import predicted_epoch
from results.names import PROVIDER_NAMES
from results.phases import NOBODY
from results.price_age import price_text
from results.records import Estimate, Measurement, Offer, Run
from results.rows import phase_key
from results.sweep import samples_per_second, step_interval
from results.table_style import plain_table, without
from results.utilisation import remainder_seconds, step_seconds

if TYPE_CHECKING:
    from rich.table import Table


# Columns that go first where a terminal is too narrow for all: the lines above the table say them.
PERFORMANCE_SPARE = ("device", "workload", "blocks")


def performance_table(runs: Sequence[Run], title: str = "Performance") -> "Table":
    """Phases of the runs: median, 95% interval, samples a second, share of the step, verdict."""
    table = plain_table(
        title, "workload", "device", "phase", "median", "95% interval", "samples/s", "of step",
        "blocks", "verdict", left=("workload", "device", "phase", "verdict"),
    )  # fmt: skip
    for run in runs:
        step = run.measurement("step")
        for m in sorted(run.measurements, key=phase_key):
            samples = m.samples_per_second if m.phase in ("step", "epoch") else None
            if m.phase == "step" and m.verdict == "quiet":
                _add_remainder(table, run)
            table.add_row(
                run.workload.name,
                run.machine.device,
                m.phase.replace("_", " "),
                units.seconds_text(m.seconds.mid),
                interval_text(m),
                units.digits(samples) if samples else "",
                share_text(m, step),
                f"{m.left_out.count(False)}/{len(m.block_seconds)}",
                m.verdict,
            )
        _add_predicted_epoch(table, run)
        table.add_section()
    return table


def _add_remainder(table: "Table", run: Run) -> None:
    """What the phases leave of the step."""
    left, step = remainder_seconds(run), step_seconds(run)
    if left is None or not step:
        return
    sign = "−" if left < 0 else ""
    share = f"{sign}{abs(100 * left / step):.0f}%"
    shown = sign + units.seconds_text(abs(left))
    table.add_row(run.workload.name, run.machine.device, "other", shown, "", "", share, "", "")


def _add_predicted_epoch(table: "Table", run: Run) -> None:
    """The epoch as the sampled steps foretell it."""
    epoch = predicted_epoch(run)
    if epoch is None:
        return
    rate = units.digits(run.workload.samples_per_epoch / epoch.mid)
    table.add_row(
        run.workload.name, run.machine.device, "epoch foretold", units.seconds_text(epoch.mid),
        f"{units.spread_text(epoch)}, 80%", rate, "", "", "from steps",
    )  # fmt: skip


def interval_text(measurement: Measurement) -> str:
    """`±1.4%`; fewer than six blocks give no 95% interval, only their own range; nor do contended
    ones."""
    count = len(measurement.block_seconds)
    if count == 1:
        return "one only"
    if measurement.verdict == "contended":
        return units.seconds_range(measurement.seconds)
    spread = units.spread_text(measurement.seconds)
    return spread if count >= 6 else f"{spread} of {count}"


def share_text(measurement: Measurement, step: Measurement | None) -> str:
    """`31%` of the step for a phase; nothing for the step and the epoch themselves."""
    if step is None or measurement.phase in ("step", "epoch", "epoch_start", "evaluation"):
        return ""
    return f"{100 * measurement.seconds.mid / step.seconds.mid:.0f}%"


def sweep_table(run: Run) -> "Table":
    """A batch sweep: step time, samples a second and memory by batch size."""
    table = plain_table(
        f"Batch sweep: {run.workload.name} on {run.machine.device}", "batch", "step",
        "95% interval", "samples/s", "peak memory", "", left=("",),
    )  # fmt: skip
    for point in run.sweep:
        if not point.step_seconds:
            table.add_row(str(point.batch_size), "", "", "", "", point.problem or "")
            continue
        seconds = step_interval(point)
        table.add_row(
            str(point.batch_size),
            units.seconds_text(seconds.mid),
            units.spread_text(seconds),
            units.digits(samples_per_second(point)),
            units.bytes_text(point.peak_memory_bytes) if point.peak_memory_bytes else "unknown",
            "contended" if point.contended else "",
        )
    return table


def instance_text(offer: Offer) -> str:
    """The instance type; what is rented on the spot market says so."""
    return offer.instance_type + (" spot" if offer.allocation == "spot" else "")


def cost_tables(
    estimates: Sequence[tuple[int, Estimate]], undominated: Sequence[int] = (), bars: bool = False
) -> tuple["Table", ...]:
    """`cost_table`, then narrower ones: with shorter bars and names of services, and without."""
    widths = (WIDTH, NARROW) if bars else ()
    drawn = [cost_table(estimates, undominated, w, short=w == NARROW) for w in widths]
    plain = [cost_table(estimates, undominated, short=short) for short in (False, True)]
    return (*drawn, *plain, without(plain[1], "cloud"))


def cost_table(
    estimates: Sequence[tuple[int, Estimate]],
    undominated: Sequence[int] = (),
    bars: int = 0,
    short: bool = False,
) -> "Table":
    """Numbered offers with the rate, and the time and cost of the whole job as 80% intervals; `*`
    marks those that no other beats in both time and cost. `bars` of that width draw costs as well;
    `short` calls services as the options of the command line do.

    The evidence has a column only where it differs; else the title says it once.
    """
    grades = {estimate.grade for _, estimate in estimates}
    title = "Cost of the whole job, 80% intervals" + (
        f", all {grades.pop()}" if len(grades) == 1 else ""
    )
    evidence = ("evidence",) if grades else ()
    drawing = ("range",) if bars else ()
    service = "cloud" if short else "service"
    table = plain_table(
        title, "", service, "instance", "where", per_hour(), "time", "cost", *drawing,
        *evidence, left=(service, "instance", "where", *drawing, "evidence"),
    )  # fmt: skip
    drawn = usd_bars([estimate.usd for _, estimate in estimates], max(1, bars))
    for (place, estimate), bar in zip(estimates, drawn, strict=True):
        offer, nodes = estimate.offer, estimate.job.nodes
        table.add_row(
            f"{place}*" if place in undominated else f"{place} " if undominated else str(place),
            offer.provider if short else PROVIDER_NAMES[offer.provider],
            f"{nodes}×{instance_text(offer)}" if nodes > 1 else instance_text(offer),
            offer.region,
            units.amount_text(offer.usd_per_hour),
            units.seconds_range(estimate.seconds),
            units.usd_range(estimate.usd),
            *((bar,) if bars else ()),
            *((estimate.grade,) if grades else ()),
        )
    return table


def per_hour() -> str:
    """The heading of a rate: `$/h`."""
    return f"{money.current().symbol.strip()}/h"


def per_unit() -> str:
    """The heading that says as much as the cost of a million samples: `samples/$`."""
    return f"samples/{money.current().symbol.strip()}"


def unit_cost_table(estimates: Sequence[tuple[int, Estimate]]) -> "Table":
    """The same offers: basis and age of the rate, and the cost by unit of work, start-up apart."""
    symbol = money.current().symbol.strip()
    table = plain_table(
        "Age of the rate, and cost by unit of work: start-up apart, middle estimate",
        "", "instance", "price", "epoch", f"{symbol}/epoch", f"{symbol}/M samples",
        per_unit(), left=("instance", "price"),
    )  # fmt: skip
    for place, estimate in estimates:
        table.add_row(
            str(place),
            instance_text(estimate.offer),
            price_text(estimate.offer.basis, estimate.offer.as_of),
            units.seconds_text(estimate.epoch_seconds.mid),
            units.amount_text(estimate.usd_per_epoch.mid),
            units.amount_text(estimate.usd_per_million_samples),
            units.count_text(float(estimate.samples_per_usd / money.current().per_usd)),
        )
    return table


def items_table(place: int, estimate: Estimate) -> "Table":
    """Every line of one estimate: who bills it and how it is known; ends of lines don't add up to
    those of the whole, as not everything goes wrong at once."""
    table = plain_table(
        f"Items of {place}, 80% intervals each", "", "time", "cost", "billed by", "evidence",
        left=("", "billed by", "evidence"),
    )  # fmt: skip
    for item in estimate.items:
        waits = item.seconds.high > 0
        table.add_row(
            item.name,
            units.seconds_range(item.seconds) if waits else "",
            "" if item.billed_by == NOBODY else units.usd_range(item.usd),
            item.billed_by,
            item.evidence,
        )
    table.add_section()
    whole = (units.seconds_range(estimate.seconds), units.usd_range(estimate.usd))
    table.add_row("whole job", *whole, "", "")
    return table


def bill_table(bill: Bill, offer: Offer) -> "Table":
    """The lines of a bill and their sum."""
    table = plain_table(
        f"Bill of {PROVIDER_NAMES[offer.provider]}: {instance_text(offer)} in {offer.region}",
        "", "quantity", "unit", money.current().symbol.strip(), "evidence",
        left=("", "unit", "evidence"),
    )  # fmt: skip
    *shown, total = units.usd_column([*(item.usd for item in bill.items), bill.total_usd])
    for item, usd in zip(bill.items, shown, strict=True):
        quantity = units.digits(float(item.quantity), 6)
        table.add_row(item.name, quantity, item.unit, usd, item.evidence)
    table.add_section()
    table.add_row("total", "", "", total, "")
    return table


def change_table(changes: Sequence[tuple[tuple[str, ...], Decimal, Decimal, Decimal]]) -> "Table":
    """Prices that differ between two lists: what is priced, before, now, and the change."""
    table = plain_table(
        "", "cloud", "instance", "region", "allocation", "$/h before", "now", "change",
        left=("cloud", "instance", "region", "allocation"),
    )  # fmt: skip
    for (provider, _, kind, region, allocation), old, new, ratio in changes:
        percent = f"{100 * (ratio - 1):+.1f}%"
        table.add_row(provider, kind, region, allocation, f"{old:.4f}", f"{new:.4f}", percent)
    return table


def price_table(offers: Sequence[Offer]) -> "Table":
    """Offers as a price list."""
    table = plain_table(
        "", "cloud", "instance", "region", "vCPU/GiB", "GPU", per_hour(), "price",
        left=("cloud", "instance", "region", "GPU", "price"),
    )  # fmt: skip
    for o in offers:
        gpu = f"{o.accelerator_count:g}×{o.accelerator}" if o.accelerator else ""
        table.add_row(
            o.provider,
            instance_text(o),
            o.region,
            f"{o.vcpus}/{o.memory_gib:g}",
            gpu,
            f"{o.usd_per_hour * money.current().per_usd:.4f}",
            price_text(o.basis, o.as_of),
        )
    return table
