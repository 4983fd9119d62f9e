"""Time against cost of every offer: what the interactive chart and its table are drawn from."""

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from results import units
from results.all_offers import BriefEstimate, brief
from results.answer import answer
from results.content import Answer
from results.html.section import Table, rounded
from results.names import PROVIDER_NAMES
from results.price_age import price_text

MOST_OFFERS = 8000  # on one page: beyond it the file would pass 6 MB
STATIC_OFFERS = 15  # shown where scripts don't run
COLUMNS = (
    "", "service", "instance", "region", "GPU", "$/h", "time", "cost", "evidence", "price",
)  # fmt: skip
TIME_TICKS = (
    1e-3, 1e-2, 0.1, 1, 10, 60, 600, 3600, 36000, 86400, 864000, 8640000, 86400000, 864000000,
)  # fmt: skip


def offers_data(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """One entry a workload. A page of very many leaves out each one's most expensive offers."""
    most = max(50, MOST_OFFERS // max(1, len(answers)))
    return [_workload(item, most) for item in answers]


def offers_of(item: Answer) -> Sequence[BriefEstimate]:
    """All that were ranked, or those kept in the quote where the others are not on record."""
    if item.offers and item.offers.estimates:
        return item.offers.estimates
    return [brief(e) for e in item.quote.estimates]


def static_table(item: Answer) -> Table:
    """The best offers as text."""
    rows = [
        (str(place), *_texts(offer))
        for place, offer in enumerate(offers_of(item)[:STATIC_OFFERS], start=1)
    ]
    return Table(
        caption=f"{item.name}: the cheapest offers",
        columns=COLUMNS,
        rows=rows,
        numbers=("", "$/h", "time", "cost"),
    )


def _workload(item: Answer, most: int) -> dict[str, Any]:
    ranked = offers_of(item)
    shown = ranked[:most]
    names = list(dict.fromkeys(name for offer in shown for name, _ in offer.items))
    places = {name: place for place, name in enumerate(names)}
    return {
        "name": item.name,
        "answer": answer(item.quote, item.run),
        "itemNames": names,
        "offers": [_row(offer, places) for offer in shown],
        "leftOut": len(ranked) - len(shown),
        "timeTicks": _time_ticks(shown),
        "usdTicks": _usd_ticks(shown),
    }


def _row(offer: BriefEstimate, places: dict[str, int]) -> list[Any]:
    """In the order in which results/html/offers.js names the fields."""
    seconds, usd = offer.seconds, offer.usd
    items = [part for name, mid in offer.items for part in (places[name], units.usd_text(mid))]
    return [
        *_texts(offer),
        offer.provider,
        offer.accelerator or "none",
        int(offer.allocation == "spot"),
        float(offer.usd_per_hour),
        *(rounded(x) for x in (seconds.low, seconds.mid, seconds.high)),
        *(rounded(float(x)) for x in (usd.low, usd.mid, usd.high)),
        items,
    ]


def _texts(offer: BriefEstimate) -> tuple[str, ...]:
    spot = " spot" if offer.allocation == "spot" else ""
    gpu = f"{offer.accelerator_count:g}×{offer.accelerator}" if offer.accelerator else "none"
    return (
        PROVIDER_NAMES[offer.provider],
        offer.instance_type + spot,
        offer.region,
        gpu,
        units.usd_text(offer.usd_per_hour).removeprefix("$"),
        units.seconds_range(offer.seconds),
        units.usd_range(offer.usd),
        offer.grade,
        price_text(offer.basis, offer.as_of),
    )


def _time_ticks(offers: Iterable[BriefEstimate]) -> list[tuple[float, str]]:
    """Where the time axis has its marks: whole units, not powers of ten seconds."""
    ends = [x for o in offers for x in (o.seconds.low, o.seconds.high) if x > 0]
    return [(at, _unit_text(at)) for at in TIME_TICKS if ends and min(ends) / 10 < at < max(ends)]


def _unit_text(seconds: float) -> str:
    for size, name in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            return f"{seconds / size:,.0f} {name}"
    return f"{seconds * 1000:.0f} ms"


def _usd_ticks(offers: Iterable[BriefEstimate]) -> list[tuple[float, str]]:
    ends = [float(x) for o in offers for x in (o.usd.low, o.usd.high) if x > 0]
    if not ends:
        return []
    first, last = math.floor(math.log10(min(ends))), math.ceil(math.log10(max(ends)))
    powers = [Decimal(1).scaleb(power) for power in range(first, last + 1)]
    return [(float(at), f"${at:,f}") for at in powers]
