"""Which answers can't be told apart by cost."""

import math
from collections.abc import Sequence
from typing import Protocol

from estimators.combine import Z90
from results.records import Job, Offer, UsdInterval
from results.statistics import Interval


class Answer(Protocol):
    """A job on an offer with its whole time and cost, itemised or not."""

    @property
    def job(self) -> Job: ...
    @property
    def offer(self) -> Offer: ...
    @property
    def seconds(self) -> Interval: ...
    @property
    def usd(self) -> UsdInterval: ...


def tied_with_best(answers: Sequence[Answer]) -> list[int]:
    """The places, from 0, of those that can't be told from the first, itself included."""
    return [place for place, one in enumerate(answers) if not is_cheaper(answers[0], one)]


def is_cheaper(one: Answer, other: Answer) -> bool:
    """Whether `one` is cheaper than `other` with at least 90% probability.

    Where both take the same time on the same service, every error is the same for both and the
    rate decides. Else the two errors are taken as independent, which calls rather too many tied
    than too few: with costs lognormal, P = Φ(ln(other/one) / √(σ² + σ²)), σ from the half of each
    interval that lies towards the other.
    """
    if one.usd.mid >= other.usd.mid:
        return False
    same = one.seconds == other.seconds and one.job.nodes == other.job.nodes
    if same and one.offer.provider == other.offer.provider:
        return True
    up = math.log(one.usd.high / one.usd.mid) / Z90
    down = math.log(other.usd.mid / other.usd.low) / Z90
    return math.log(other.usd.mid / one.usd.mid) >= Z90 * math.hypot(up, down)
