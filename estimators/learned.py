"""The phases before the training as past jobs of the same cloud went through them."""

from collections.abc import Sequence
from dataclasses import replace

from estimators.calibrate import History, Part
from estimators.timing import Around
from results import phases
from results.records import Offer
from results.statistics import Interval


def learned(beside: Around, offer: Offer, history: History) -> Around:
    """`beside` with what is believed of queue, pull and import blended with what past jobs took.

    A service tells when billing began, so the phases before it are learned together, and so are
    those after it until the job's own process ran; each keeps its share of the middle.
    """
    found = dict(beside.phases)
    billed = [name for name in phases.START_UP if name in beside.billed_names and name in found]
    before = [name for name in phases.START_UP if name in found and name not in billed]
    parts: tuple[tuple[Part, Sequence[str]], ...] = (("queue", before), ("pull", billed))
    for part, names in parts:
        if not names:
            continue
        believed = [found[name][0] for name in names]
        total = sum(believed[1:], start=believed[0])
        blended, jobs = history.calibrated(part, offer, total)
        if jobs:
            for name, own in zip(names, believed, strict=True):
                found[name] = (_share(blended, own, total), "measured")
    importing, jobs = history.calibrated("warm-up", offer, beside.importing[0])
    if not jobs:
        return replace(beside, phases=found)
    return replace(beside, phases=found, importing=(importing, "measured"))


def _share(blended: Interval, own: Interval, total: Interval) -> Interval:
    return blended.scaled(own.mid / total.mid)
