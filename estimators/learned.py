"""The phases before the training as past jobs of the same cloud went through them."""

from collections.abc import Sequence
from dataclasses import replace

from estimators import combine
from estimators.calibrate import History, Part
from estimators.timing import Around
from results import phases
from results.records import Offer


def learned(beside: Around, offer: Offer, history: History) -> Around:
    """`beside` with what is believed of queue, pull and import blended with what past jobs took.

    A service tells when billing began, so the phases before it are learned together, and so are
    those after it until the job's own process ran; each keeps its share of the middle, and they
    stay one quantity: apart, their sum would seem surer than what jobs took.
    """
    found = dict(beside.phases)
    billed = [name for name in phases.START_UP if name in beside.billed_names and name in found]
    before = [name for name in phases.START_UP if name in found and name not in billed]
    parts: tuple[tuple[Part, Sequence[str]], ...] = (("queue", before), ("pull", billed))
    together = []
    for part, names in parts:
        if not names:
            continue
        believed = [found[name][0] for name in names]
        total = combine.interval_of(combine.independent_sum(believed))
        blended, jobs = history.calibrated(part, offer, total)
        if jobs:
            together.append(tuple(names))
            for name, own in zip(names, believed, strict=True):
                share = own.mid / sum(interval.mid for interval in believed)
                found[name] = (blended.scaled(share), "measured")
    importing, jobs = history.calibrated("warm-up", offer, beside.importing[0])
    now = replace(beside, phases=found, together=tuple(together))
    return replace(now, importing=(importing, "measured")) if jobs else now
