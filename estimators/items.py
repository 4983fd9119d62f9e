"""The lines of an estimate, and what they come to as a whole.

The times of a job are the same for all regions and rates of an instance type; so what a service
charges for them is worked out once, and each offer then only puts its rate to it.
"""

import math
from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property

from estimators.billing.bill import STORED_USD, shares, usd_per_hour_of
from estimators.billing.rules import BillingRules
from estimators.timing import Timing
from results import phases
from results.errors import NoAnswerError
from results.names import PROVIDER_NAMES
from results.records import EstimateItem, Evidence, Offer, Provider, UsdInterval
from results.statistics import Interval

NO_TIME = Interval(low=0, mid=0, high=0)  # of an item that runs beside the others
ZERO = Decimal(0)
NO_USD = UsdInterval(low=ZERO, mid=ZERO, high=ZERO)
Seconds = tuple[Decimal, Decimal, Decimal]  # low, mid and high, of all nodes together
# A line of which only the rate is open: name, seconds, what of them is billed, who and evidence.
_Open = tuple[str, Interval, Seconds, str, Evidence]


class Charges:
    """What a service bills of a job's times on one kind of machine, whatever the rate."""

    def __init__(self, timing: Timing, provider: Provider, nodes: int, rules: BillingRules) -> None:
        """Raises NoAnswerError where something that is used has no rate."""
        self.timing, self.rules = timing, rules
        self._nodes, self._who = nodes, PROVIDER_NAMES[provider]
        self._rounded = _seconds(_rounded(timing.billed, rules), 1)
        shared = rules.shared_usd_per_hour.value * shares(nodes, rules)
        self._shared = _usd(shared, _seconds(timing.billed, 1)) if shared else None
        self._shared_usd_per_hour = shared
        self._egress = _egress_usd(rules)

    def whole_usd(self, offer: Offer) -> UsdInterval:
        """All that is billed by the hour, for the billed time rounded as the service does.

        Raises NoAnswerError where a disk is used whose rate is not known.
        """
        rate = usd_per_hour_of(offer, self.rules) + self._disk_usd_per_hour(offer)
        hourly = self._nodes * rate + self._shared_usd_per_hour
        return _usd(hourly, self._rounded, self._egress)

    def items(self, offer: Offer) -> tuple[EstimateItem, ...]:
        """The lines: phases that are waited for, then what is billed beside them."""
        rate, found = usd_per_hour_of(offer, self.rules), []
        for line in self._lines:
            if isinstance(line, EstimateItem):
                found.append(line)
            else:
                name, seconds, billed, who, evidence = line
                found.append(_item(name, seconds, _usd(rate, billed), who, evidence))
        disk = self._disk_usd_per_hour(offer)
        usd = _usd(disk, _seconds(self.timing.billed, self._nodes)) if disk else NO_USD
        how = self.rules.disk_usd_per_gib_hour.evidence
        found.append(_item(phases.DISK, NO_TIME, usd, self._who, how))
        return (*found, *self._beside)

    @cached_property
    def _lines(self) -> tuple[EstimateItem | _Open, ...]:
        return (*self._phases(), *self._around())

    def _phases(self) -> Iterator[EstimateItem | _Open]:
        beside = self.timing.around
        for name, (seconds, evidence) in self.timing.phases.items():
            if name in (*phases.START_UP, phases.UPLOAD) and name not in beside.billed_names:
                yield _item(name, seconds, NO_USD, phases.NOBODY, evidence)
            else:
                billed = _times(seconds, beside.billed_share)
                yield name, seconds, _seconds(billed, self._nodes), self._who, evidence

    def _around(self) -> Iterator[_Open]:
        """What the machines are billed for beyond the job's own phases."""
        rules = self.rules
        if idle_seconds := self.timing.around.idle_seconds:
            idle = Interval(low=idle_seconds, mid=idle_seconds, high=idle_seconds)
            how = rules.idle_seconds.evidence
            yield phases.IDLE, idle, _seconds(idle, self._nodes), self._who, how
        step = float(rules.granularity_seconds.value)
        least = max(0.0, float(rules.minimum_seconds.value) - self.timing.billed.high)
        rounding = Interval(low=least, mid=least + step / 2, high=least + step)
        yield phases.ROUNDING, rounding, _seconds(rounding, self._nodes), self._who, "assumed"

    @cached_property
    def _beside(self) -> tuple[EstimateItem, ...]:
        """What does not go with the offer's rate."""
        found = []
        if self._shared:
            how = self.rules.shared_usd_per_hour.evidence
            found.append(_item(phases.SHARED, NO_TIME, self._shared, self._who, how))
        egress = self._egress.quantize(STORED_USD)
        usd = UsdInterval(low=egress, mid=egress, high=egress)
        return (
            *found,
            _item(phases.EGRESS, NO_TIME, usd, self._who, self.rules.egress_gib.evidence),
        )

    def _disk_usd_per_hour(self, offer: Offer) -> Decimal:
        rules = self.rules
        size, rate = rules.job_disk_gib.value, rules.disk_usd_per_gib_hour.value
        if not size or offer.instance_type.startswith(rules.no_disk_families.value):
            return ZERO
        if rate is None:
            raise NoAnswerError(
                f"no rate of its disk is known: {rules.disk_usd_per_gib_hour.source}"
            )
        return size * rate


def _rounded(billed: Interval, rules: BillingRules) -> Interval:
    step = float(rules.granularity_seconds.value)
    least = float(rules.minimum_seconds.value)

    def up(seconds: float) -> float:
        return math.ceil(max(seconds, least) / step) * step

    return Interval(low=up(billed.low), mid=up(billed.mid), high=up(billed.high))


def _egress_usd(rules: BillingRules) -> Decimal:
    size, rate = rules.egress_gib.value, rules.egress_usd_per_gib.value
    if size and rate is None:
        raise NoAnswerError(f"egress can't be priced: {rules.egress_usd_per_gib.source}")
    return size * (rate or ZERO)


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


def _seconds(of_each: Interval, nodes: int) -> Seconds:
    return Decimal(of_each.low) * nodes, Decimal(of_each.mid) * nodes, Decimal(of_each.high) * nodes


def _usd(usd_per_hour: Decimal, seconds: Seconds, more: Decimal = ZERO) -> UsdInterval:
    """usd_per_hour × seconds / 3600 + more; multiplied first, so that it is exact."""
    low, mid, high = seconds
    return UsdInterval(
        low=(usd_per_hour * low / 3600 + more).quantize(STORED_USD),
        mid=(usd_per_hour * mid / 3600 + more).quantize(STORED_USD),
        high=(usd_per_hour * high / 3600 + more).quantize(STORED_USD),
    )
