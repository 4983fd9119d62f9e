"""The lines of an estimate, and what they come to as a whole."""

import math
from collections.abc import Iterator
from decimal import Decimal

from estimators.billing.bill import shares, usd_per_hour_of
from estimators.billing.rules import BillingRules
from estimators.timing import Timing
from results import phases
from results.bill_lines import STORED_USD, BillLine, usd_for, usd_over
from results.errors import NoAnswerError
from results.names import PROVIDER_NAMES
from results.records import Evidence, Offer, UsdInterval
from results.statistics import Interval

NO_TIME = Interval(low=0, mid=0, high=0)  # of an item that runs beside the others
NO_USD = UsdInterval(low=Decimal(0), mid=Decimal(0), high=Decimal(0))


def whole_usd(offer: Offer, nodes: int, billed: Interval, rules: BillingRules) -> UsdInterval:
    """All that is billed by the hour, for the billed time rounded as the service does."""
    hourly = nodes * (usd_per_hour_of(offer, rules) + _disk_usd_per_hour(offer, rules))
    hourly += shares(nodes, rules) * rules.shared_usd_per_hour.value
    egress = _egress_usd(rules)

    def usd(seconds: float) -> Decimal:
        return (usd_for(hourly, _rounded(seconds, rules), 1) + egress).quantize(STORED_USD)

    return UsdInterval(low=usd(billed.low), mid=usd(billed.mid), high=usd(billed.high))


def _rounded(seconds: float, rules: BillingRules) -> float:
    step = float(rules.granularity_seconds.value)
    return math.ceil(max(seconds, float(rules.minimum_seconds.value)) / step) * step


def _disk_usd_per_hour(offer: Offer, rules: BillingRules) -> Decimal:
    rate = rules.disk_usd_per_gib_hour.value
    if not rules.job_disk_gib.value or offer.instance_type.startswith(rules.no_disk_families.value):
        return Decimal(0)
    if rate is None:
        raise NoAnswerError(f"no rate of its disk is known: {rules.disk_usd_per_gib_hour.source}")
    return rules.job_disk_gib.value * rate


def _egress_usd(rules: BillingRules) -> Decimal:
    size, rate = rules.egress_gib.value, rules.egress_usd_per_gib.value
    if size and rate is None:
        raise NoAnswerError(f"egress can't be priced: {rules.egress_usd_per_gib.source}")
    return size * (rate or Decimal(0))


def lines_of(nodes: int, offer: Offer, timing: Timing, rules: BillingRules) -> Iterator[BillLine]:
    """The lines: phases that are waited for, then what is billed beside them.

    Of the offer they need the service and what its disk costs, not the rate.
    """
    around, billed = timing.around, timing.billed
    share = around.billed_share
    who = PROVIDER_NAMES[offer.provider]
    for name, (seconds, evidence) in timing.phases.items():
        if name in (*phases.START_UP, phases.UPLOAD) and name not in around.billed_names:
            yield _fixed(name, NO_USD, phases.NOBODY, evidence, seconds)
        else:
            yield _timed(name, seconds, who, evidence, share)
    if idle_seconds := around.idle_seconds:
        idle = Interval(low=idle_seconds, mid=idle_seconds, high=idle_seconds)
        yield _timed(phases.IDLE, idle, who, _known(rules.idle_seconds.confirmed))
    step = float(rules.granularity_seconds.value)
    least = max(0.0, float(rules.minimum_seconds.value) - billed.high)
    rounding = Interval(low=least, mid=least + step / 2, high=least + step)
    yield _timed(phases.ROUNDING, rounding, who, "assumed")
    disk = usd_over(_disk_usd_per_hour(offer, rules), billed, nodes)
    yield _fixed(phases.DISK, disk, who, _known(rules.disk_usd_per_gib_hour.confirmed))
    if rules.shared_usd_per_hour.value:
        shared = usd_over(rules.shared_usd_per_hour.value * shares(nodes, rules), billed, 1)
        yield _fixed(phases.SHARED, shared, who, _known(rules.shared_usd_per_hour.confirmed))
    egress = _egress_usd(rules).quantize(STORED_USD)
    spread = UsdInterval(low=egress, mid=egress, high=egress)
    yield _fixed(phases.EGRESS, spread, who, "assumed")


def _known(confirmed: bool) -> Evidence:
    return "published" if confirmed else "assumed"


def _timed(
    name: str, seconds: Interval, who: str, evidence: Evidence, share: Interval | None = None
) -> BillLine:
    billed = share and _times(seconds, share)
    return BillLine(
        name=name, seconds=seconds, billed_seconds=billed, billed_by=who, evidence=evidence
    )


def _fixed(
    name: str, usd: UsdInterval, who: str, evidence: Evidence, seconds: Interval = NO_TIME
) -> BillLine:
    return BillLine(name=name, seconds=seconds, fixed_usd=usd, billed_by=who, evidence=evidence)


def _times(seconds: Interval, share: Interval) -> Interval:
    return Interval(
        low=seconds.low * share.low, mid=seconds.mid * share.mid, high=seconds.high * share.high
    )
