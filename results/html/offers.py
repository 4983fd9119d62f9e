"""Time against cost of every offer: what the interactive chart and its table are drawn from."""

from collections.abc import Sequence
from typing import Any

from results import units
from results.all_offers import BriefEstimate
from results.answer import answer
from results.content import Answer
from results.html.section import Table, rounded
from results.names import PROVIDER_NAMES
from results.price_age import price_text
from results.records import EstimateItem
from results.ticks import time_ticks, usd_ticks

MOST_OFFERS = 8000  # on one page: beyond it the file would pass 6 MB
STATIC_OFFERS = 15  # shown where scripts don't run
Lines = tuple[tuple[str, str], ...]  # name and time of each line, which many offers share
COLUMNS = (
    "", "cost", "time", "instance", "service", "region", "GPU", "$/h", "evidence", "price",
)  # fmt: skip


def offers_data(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """One entry a workload. A page of very many leaves out each one's most expensive offers."""
    most = max(50, MOST_OFFERS // max(1, len(answers)))
    return [_workload(item, most) for item in answers]


def static_table(item: Answer) -> Table:
    """The best offers as text."""
    rows = [
        (str(place), *_texts(offer))
        for place, offer in enumerate(item.ranked[:STATIC_OFFERS], start=1)
    ]
    return Table(
        caption=f"{item.name}: the cheapest offers",
        columns=COLUMNS,
        rows=rows,
        numbers=("", "cost", "time", "$/h"),
    )


def _workload(item: Answer, most: int) -> dict[str, Any]:
    itemised = item.itemised[:most]
    shown = [offer for offer, _ in itemised]
    bills: dict[Lines, int] = {}
    return {
        "name": item.name,
        "answer": answer(item.quote, item.run),
        "offers": [_row(offer, items, bills) for offer, items in itemised],
        "bills": list(bills),
        "leftOut": len(item.ranked) - len(shown),
        "timeTicks": time_ticks(shown),
        "usdTicks": usd_ticks(shown),
    }


def _row(offer: BriefEstimate, items: Sequence[EstimateItem], bills: dict[Lines, int]) -> list[Any]:
    """In the order in which results/html/offers.js names the fields."""
    seconds, usd = offer.seconds, offer.usd
    billed = [item for item in items if item.usd.high]
    lines = tuple(
        (i.name, units.seconds_range(i.seconds) if i.seconds.high else "") for i in billed
    )
    return [
        *_texts(offer),
        offer.provider,
        offer.accelerator or "none",
        int(offer.allocation == "spot"),
        float(offer.usd_per_hour),
        *(rounded(x) for x in (seconds.low, seconds.mid, seconds.high)),
        *(rounded(float(x)) for x in (usd.low, usd.mid, usd.high)),
        bills.setdefault(lines, len(bills)) if lines else None,
        [units.usd_range(item.usd) for item in billed],
    ]


def _texts(offer: BriefEstimate) -> tuple[str, ...]:
    spot = " spot" if offer.allocation == "spot" else ""
    gpu = f"{offer.accelerator_count:g}×{offer.accelerator}" if offer.accelerator else "none"
    return (
        units.usd_range(offer.usd),
        units.seconds_range(offer.seconds),
        f"{offer.nodes}×{offer.instance_type}{spot}"
        if offer.nodes > 1
        else offer.instance_type + spot,
        PROVIDER_NAMES[offer.provider],
        offer.region,
        gpu,
        units.usd_text(offer.usd_per_hour).removeprefix("$"),
        offer.grade,
        price_text(offer.basis, offer.as_of),
    )
