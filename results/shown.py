"""Which offers of a quote are shown, and their places in the whole ranking."""

from collections.abc import Sequence
from typing import Protocol

from results.records import Estimate, Offer, Quote


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
