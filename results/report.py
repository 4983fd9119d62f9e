"""The report in Markdown: what was measured, what it costs where, and how sure that is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal

from results import units
from results.compare import Comparison
from results.lines import facts_lines
from results.names import PROVIDER_NAMES
from results.phase_change import BILLED_PHASES, Change
from results.price_age import price_text
from results.records import Estimate, Quote, Run, UsdInterval
from results.rows import phase_key
from results.tables import instance_text, share_text

BEST_OFFERS = 15
MOST_BYTES = 60_000  # a comment on a pull request takes 65,536 characters
_LEFT_OUT = "\n\n{} more sections are left out, to keep within {:,} bytes: see `report.json`.\n"


def markdown(
    runs: Sequence[Run],
    quotes: Sequence[Quote],
    made_at: str,
    comparison: Comparison | None = None,
    base_quotes: Sequence[Quote] = (),
) -> str:
    """One page from the newest run and quote of each workload, `MOST_BYTES` at most.

    What is cheapest, the total and the changes against a base come first; sections that do not fit
    are left out from the end, and counted. Raw HTML in names is escaped.
    """
    head = f"# What training costs\n\nMade {made_at} by trainfare from its own records."
    changes = [_changes(comparison, _total_change(quotes, base_quotes))] if comparison else []
    parts = [head, *_summary(quotes), *changes, *map(_performance, runs), *map(_cost, quotes)]
    return _fitted(parts)


def _total_change(quotes: Sequence[Quote], base_quotes: Sequence[Quote]) -> str:
    """What all jobs cost against the same jobs quoted from the base, in the middle."""
    now = {_job_key(q): q.estimates[0] for q in quotes if q.estimates}
    before = {_job_key(q): q.estimates[0] for q in base_quotes if q.estimates}
    if not now:
        return ""
    if not now.keys() <= before.keys():
        return "Total cost at the base: unknown, for no quote of the same jobs rests on its runs."
    new, old = _total(list(now.values())), _total([before[key] for key in now])
    ratio = f"{units.change_text(float(new.mid / old.mid))} in the middle" if old.mid else "unknown"
    return (
        f"Total cost: {units.usd_range(new)}, at the base {units.usd_range(old)} ({ratio}), each "
        "at the prices of its own quote."
    )


def _job_key(quote: Quote) -> tuple[object, ...]:
    job = quote.estimates[0].job if quote.estimates else None
    return (job.workload.name, job.epochs, job.samples_per_epoch, job.nodes) if job else ()


def _total(estimates: Sequence[Estimate]) -> UsdInterval:
    return UsdInterval(
        low=sum((e.usd.low for e in estimates), Decimal(0)),
        mid=sum((e.usd.mid for e in estimates), Decimal(0)),
        high=sum((e.usd.high for e in estimates), Decimal(0)),
    )


def _changes(comparison: Comparison, total: str) -> str:
    """Steps and epochs, what a bill is made of, against the base, and the verdict on all."""
    billed = [c for c in comparison.changes if c.phase in BILLED_PHASES]
    verdicts = Counter(c.change for c in billed)
    order: tuple[Change, ...] = ("slower", "ambiguous", "faster", "same")
    verdict = ", ".join(f"{verdicts[name]} {name}" for name in order if verdicts[name])
    rows = [
        (
            c.workload,
            c.phase,
            units.seconds_text(c.baseline_seconds),
            units.seconds_text(c.candidate_seconds),
            units.change_text(c.ratio.mid),
            f"{units.change_text(c.ratio.low)} to {units.change_text(c.ratio.high)}",
            c.change + (" (contended)" if c.contended else ""),
        )
        for c in billed
    ]
    columns = ("workload", "phase", "base", "now", "change", "95% interval", "verdict")
    notes = "\n".join(f"- {_safe(note)}" for note in comparison.notes)
    head = f"Against the base: {verdict or 'no step or epoch to compare'}."
    table = _table(columns, rows) if rows else ""
    return "\n\n".join(part for part in (head, total, table, notes) if part)


def _fitted(parts: Sequence[str]) -> str:
    page, room = "", MOST_BYTES - len(_LEFT_OUT.encode()) - 20
    for place, part in enumerate(parts):
        longer = f"{page}\n\n{part}" if page else part
        if len(longer.encode()) > room:
            return page + _LEFT_OUT.format(len(parts) - place, MOST_BYTES)
        page = longer
    return page + "\n"


def _summary(quotes: Sequence[Quote]) -> list[str]:
    """The cheapest offer of each workload, and what all of them come to."""
    best = [quote.estimates[0] for quote in quotes if quote.estimates]
    if not best:
        return []
    rows: list[tuple[str, ...]] = [
        (
            e.job.workload.name,
            f"{e.job.epochs:,}",
            units.usd_range(e.usd),
            units.seconds_range(e.seconds),
            f"{PROVIDER_NAMES[e.offer.provider]} {instance_text(e.offer)}, {e.offer.region}",
            e.grade,
        )
        for e in best
    ]
    rows.append(("total", "", units.usd_range(_total(best)), "", "ends added up", ""))
    return [_table(("workload", "epochs", "cost", "time", "cheapest offer", "evidence"), rows)]


def _performance(run: Run) -> str:
    workload, here = run.workload, run.machine
    head = (
        f"## {_safe(workload.name)}: measured {run.captured_at}\n\n"
        f"{units.digits(workload.samples_per_epoch)} {_safe(workload.sample_unit)}s an epoch, "
        f"batch {workload.batch_size}, {workload.precision}, "
        f"on {_safe(here.device_name)} "
        f"({here.device}, {units.counted(here.threads, 'thread')}, "
        f"torch {_safe(here.torch_version)}): {run.verdict}."
    )
    if workload.data_note:
        head += f"\n\nThe data is {_safe(workload.data_note)}."
    head += "".join(f"\n\nWarning: {_safe(text)}" for text in run.warnings)
    step = run.measurement("step")
    rows = [
        (
            m.phase,
            units.seconds_text(m.seconds.mid),
            f"{units.seconds_text(m.seconds.low)} to {units.seconds_text(m.seconds.high)}",
            units.digits(m.samples_per_second) if m.samples_per_second else "",
            share_text(m, step),
            f"{m.left_out.count(False)} of {len(m.block_seconds)}",
            m.verdict,
        )
        for m in sorted(run.measurements, key=phase_key)
    ]
    columns = ("phase", "median", "95% interval", "samples/s", "of step", "undisturbed", "verdict")
    return "\n\n".join((head, _table(columns, rows), _safe("; ".join(facts_lines(run)))))


def _cost(quote: Quote) -> str:
    if not quote.estimates:
        return "No offer answers this quote."
    job = quote.estimates[0].job
    head = (
        f"## {_safe(job.workload.name)}: {job.epochs} epochs of "
        f"{job.samples_per_epoch:,} samples, quoted {quote.captured_at}\n\n"
        "Time and cost are 80% intervals of the whole job, start-up included; the columns by unit "
        "are the middle estimate of the running epochs alone. Prices are list prices in USD."
    )
    columns = (
        "", "service", "instance", "region", "allocation", "$/h", "time", "cost", "$/epoch",
        "$/million samples", "samples/$", "evidence", "price",
    )  # fmt: skip
    rows = [
        (
            str(place),
            PROVIDER_NAMES[e.offer.provider],
            e.offer.instance_type,
            e.offer.region,
            e.offer.allocation,
            units.usd_text(e.offer.usd_per_hour),
            units.seconds_range(e.seconds),
            units.usd_range(e.usd),
            units.usd_text(e.usd_per_epoch.mid),
            units.usd_text(e.usd_per_million_samples),
            units.count_text(float(e.samples_per_usd)),
            e.grade,
            price_text(e.offer.basis, e.offer.as_of),
        )
        for place, e in enumerate(quote.estimates[:BEST_OFFERS], start=1)
    ]
    seen = dict.fromkeys(a for e in quote.estimates[:BEST_OFFERS] for a in e.assumptions)
    tail = "Assumed:\n\n" + "\n".join(f"- {_safe(a)}" for a in seen) if seen else ""
    left = "; ".join(f"{count} left out: {_safe(reason)}" for reason, count in quote.left_out)
    return "\n\n".join(part for part in (head, _table(columns, rows), tail, left) if part)


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(columns)
    lines = [names, ["---"] * len(names), *([_safe(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _safe(text: str) -> str:
    """Text that neither HTML nor a Markdown table takes for its own."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return safe.replace("|", "\\|").replace("\n", " ")
