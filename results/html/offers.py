"""Time against cost of every offer: what the interactive chart and its table are drawn from."""

from collections.abc import Sequence
from typing import Any

from results import units
from results.all_offers import BriefEstimate, brief
from results.answer import answer
from results.content import Answer
from results.html.section import Table, rounded
from results.names import PROVIDER_NAMES
from results.price_age import price_text
from results.records import Estimate
from results.ticks import time_ticks, usd_ticks

MOST_OFFERS = 8000  # on one page: beyond it the file would pass 6 MB
STATIC_OFFERS = 15  # shown where scripts don't run
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
    ranked = item.ranked
    shown = ranked[:most]
    bills = _Bills(item.quote.estimates)
    return {
        "name": item.name,
        "answer": answer(item.quote, item.run),
        "offers": [_row(offer, bills.place(offer)) for offer in shown],
        "bills": bills.texts,
        "leftOut": len(ranked) - len(shown),
        "timeTicks": time_ticks(shown),
        "usdTicks": usd_ticks(shown),
    }


def _row(offer: BriefEstimate, bill: int | None) -> list[Any]:
    """In the order in which results/html/offers.js names the fields."""
    seconds, usd = offer.seconds, offer.usd
    return [
        *_texts(offer),
        offer.provider,
        offer.accelerator or "none",
        int(offer.allocation == "spot"),
        float(offer.usd_per_hour),
        *(rounded(x) for x in (seconds.low, seconds.mid, seconds.high)),
        *(rounded(float(x)) for x in (usd.low, usd.mid, usd.high)),
        bill,
    ]


class _Bills:
    """Itemised bills of the kept estimates; offers of the same instance elsewhere share one."""

    def __init__(self, kept: Sequence[Estimate]) -> None:
        self.texts = [_bill(estimate) for estimate in kept]
        self._own = {_key(brief(e), e.offer.region): i for i, e in enumerate(kept)}
        self._same = {_key(brief(e)): i for i, e in reversed(list(enumerate(kept)))}

    def place(self, offer: BriefEstimate) -> int | None:
        """Which bill is that of `offer`, or of the same instance where it is cheapest."""
        own = self._own.get(_key(offer, offer.region))
        return own if own is not None else self._same.get(_key(offer))


def _key(offer: BriefEstimate, region: str = "") -> tuple[object, ...]:
    return (offer.provider, offer.instance_type, offer.allocation, offer.nodes, region)


def _bill(estimate: Estimate) -> dict[str, Any]:
    items = [[i.name, units.usd_range(i.usd)] for i in estimate.items if i.usd.high]
    return {"region": estimate.offer.region, "items": items}


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
