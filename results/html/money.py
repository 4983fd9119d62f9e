"""Where the money goes: the itemised bill of the best offer of each service."""

from collections.abc import Sequence

from results import units
from results.content import Answer
from results.html.section import Chart, Section, Table, rounded, shortened
from results.names import PROVIDER_NAMES
from results.records import Estimate
from results.tables import instance_text

MOST_COLOURS = 8  # in the chart; smaller items are one
LEAST_PERCENT = 2
OTHERS = "all others"


def money_section(answers: Sequence[Answer]) -> Section | None:
    """Items stacked as shares of the middle cost; None where no bill is itemised."""
    best = [
        (item.name, estimate)
        for item in answers
        for estimate in item.best_of_each
        if estimate.items
    ]
    if not best:
        return None
    biggest = [f"{name}: {_biggest(estimate)}" for name, estimate in best[:1]]
    return Section(
        name="money",
        title="Where the money goes",
        lead="The bill of the cheapest offer of each service, as shares of its middle cost. "
        + ". ".join(biggest)
        + ".",
        chart=_chart(best),
        tables=[_table(best)],
    )


def _biggest(estimate: Estimate) -> str:
    item = max(estimate.items, key=lambda i: i.usd.mid)
    total = sum(i.usd.mid for i in estimate.items)  # as in the chart
    share = f" ({100 * item.usd.mid / total:.0f}%)" if total else ""
    return (
        f"{item.name} is the largest item of the cheapest offer{share}, and it is {item.evidence}"
    )


def _label(name: str, estimate: Estimate) -> str:
    return f"{name} · {PROVIDER_NAMES[estimate.offer.provider]}"


def _chart(best: Sequence[tuple[str, Estimate]]) -> Chart:
    names = list(dict.fromkeys(item.name for _, e in best for item in e.items))
    shares = {name: max((_cell(e, [name])[0] or 0.0) for _, e in best) for name in names}
    large = sorted(names, key=lambda name: -shares[name])[: MOST_COLOURS - 1]
    drawn = [[name] for name in names if name in large and shares[name] >= LEAST_PERCENT]
    small = [name for name in names if [name] not in drawn and shares[name]]
    series = []
    for group in [*drawn, small] if small else drawn:
        cells = [_cell(e, group) for _, e in best]
        series.append({
            "name": OTHERS if group is small else group[0],
            "values": [c[0] for c in cells],
            "texts": [c[1] for c in cells],
        })  # fmt: skip
    return {
        "kind": "stack",
        "label": "Share of the middle cost in percent",
        "categories": shortened([_label(name, e) for name, e in best]),
        "series": series,
    }


def _cell(estimate: Estimate, names: Sequence[str]) -> tuple[float | None, str]:
    """The share of the items of those names in percent, and what each costs."""
    items = [item for item in estimate.items if item.name in names]
    whole = sum(item.usd.mid for item in estimate.items)
    if not items or not whole:
        return None, ""
    usd = sum(item.usd.mid for item in items)
    told = [(f"{i.name} " if len(names) > 1 else "") + units.usd_range(i.usd) for i in items]
    return rounded(float(100 * usd / whole)), ", ".join(told)


def _table(best: Sequence[tuple[str, Estimate]]) -> Table:
    rows = [
        (
            name,
            f"{instance_text(e.offer)}, {e.offer.region}",
            item.name,
            units.seconds_range(item.seconds) if item.seconds.high else "",
            units.usd_range(item.usd),
            item.billed_by,
            item.evidence,
        )
        for name, e in best
        for item in e.items
    ]
    return Table(
        caption="Itemised bill of the cheapest offer of each service",
        columns=("workload", "offer", "item", "time", "cost", "billed by", "evidence"),
        rows=rows,
        numbers=("time", "cost"),
    )
