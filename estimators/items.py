"""The lines of an estimate, and what they come to as a whole."""

import math
from collections.abc import Iterator
from decimal import Decimal

from estimators.billing.bill import STORED_USD, shares, usd_per_hour_of
from estimators.billing.rules import BillingRules
from estimators.timing import Timing
from results import phases
from results.errors import NoAnswerError
from results.names import PROVIDER_NAMES
from results.records import EstimateItem, Evidence, Job, Offer, UsdInterval
from results.statistics import Interval

NO_TIME = Interval(low=0, mid=0, high=0)  # of an item that runs beside the others
NO_USD = UsdInterval(low=Decimal(0), mid=Decimal(0), high=Decimal(0))


def usd_for(usd_per_hour: Decimal, seconds: float, nodes: int) -> Decimal:
    """usd_per_hour / 3600 × seconds × nodes, not rounded; multiplied first, so that it is exact."""
    return usd_per_hour * Decimal(seconds) * nodes / 3600


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


def items_of(job: Job, offer: Offer, timing: Timing, rules: BillingRules) -> Iterator[EstimateItem]:
    """The lines: phases that are waited for, then what is billed beside them."""
    nodes, around, billed = job.nodes, timing.around, timing.billed
    rate, share = usd_per_hour_of(offer, rules), around.billed_share
    who = PROVIDER_NAMES[offer.provider]
    for name, (seconds, evidence) in timing.phases.items():
        free = name in (*phases.START_UP, phases.UPLOAD) and name not in around.billed_names
        usd = NO_USD if free else _usd(rate, _times(seconds, share), nodes)
        yield _item(name, seconds, usd, phases.NOBODY if free else who, evidence)
    if idle_seconds := around.idle_seconds:
        idle = Interval(low=idle_seconds, mid=idle_seconds, high=idle_seconds)
        known = _known(rules.idle_seconds.confirmed)
        yield _item(phases.IDLE, idle, _usd(rate, idle, nodes), who, known)
    step = float(rules.granularity_seconds.value)
    least = max(0.0, float(rules.minimum_seconds.value) - billed.high)
    rounding = Interval(low=least, mid=least + step / 2, high=least + step)
    yield _item(phases.ROUNDING, rounding, _usd(rate, rounding, nodes), who, "assumed")
    disk = _usd(_disk_usd_per_hour(offer, rules), billed, nodes)
    yield _item(phases.DISK, NO_TIME, disk, who, _known(rules.disk_usd_per_gib_hour.confirmed))
    if rules.shared_usd_per_hour.value:
        shared = _usd(rules.shared_usd_per_hour.value * shares(nodes, rules), billed, 1)
        known_shared = _known(rules.shared_usd_per_hour.confirmed)
        yield _item(phases.SHARED, NO_TIME, shared, who, known_shared)
    egress = _egress_usd(rules).quantize(STORED_USD)
    spread = UsdInterval(low=egress, mid=egress, high=egress)
    yield _item(phases.EGRESS, NO_TIME, spread, who, "assumed")


def _known(confirmed: bool) -> Evidence:
    return "published" if confirmed else "assumed"


def _item(
    name: str, seconds: Interval, usd: UsdInterval, billed_by: str, evidence: Evidence
) -> EstimateItem:
    return EstimateItem(name=name, seconds=seconds, usd=usd, billed_by=billed_by, evidence=evidence)


def _times(seconds: Interval, share: Interval | None) -> Interval:
    if share is None:
        return seconds
    return Interval(
        low=seconds.low * share.low, mid=seconds.mid * share.mid, high=seconds.high * share.high
    )


def _usd(usd_per_hour: Decimal, seconds: Interval, nodes: int) -> UsdInterval:
    return UsdInterval(
        low=usd_for(usd_per_hour, seconds.low, nodes).quantize(STORED_USD),
        mid=usd_for(usd_per_hour, seconds.mid, nodes).quantize(STORED_USD),
        high=usd_for(usd_per_hour, seconds.high, nodes).quantize(STORED_USD),
    )
