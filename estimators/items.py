"""The lines of an estimate, and what they come to as a whole.

The times of a job are the same for all regions and rates of an instance type; so what a service
charges for them is worked out once, and each offer then only puts its rate to it.
"""

import math
from collections.abc import Iterator
from decimal import Decimal

from estimators import combine, notes
from estimators.billing.bill import shares, usd_per_hour_of
from estimators.billing.rules import BillingRules
from estimators.timing import Timing
from results import phases
from results.bill_lines import STORED_USD, BillLine, usd_over
from results.errors import NoAnswerError
from results.names import PROVIDER_NAMES
from results.records import Evidence, Offer, Provider, UsdInterval
from results.statistics import Interval

NO_TIME = Interval(low=0, mid=0, high=0)  # of an item that runs beside the others
ZERO = Decimal(0)
NO_USD = UsdInterval(low=ZERO, mid=ZERO, high=ZERO)


class Charges:
    """What a service bills of a job's times on one kind of machine, whatever the rate."""

    def __init__(self, timing: Timing, provider: Provider, nodes: int, rules: BillingRules) -> None:
        """Raises NoAnswerError where something that is used has no rate."""
        self.timing, self.rules = timing, rules
        self._nodes, self._who = nodes, PROVIDER_NAMES[provider]
        self._billed = _Billed(timing, rules)
        self._shared_usd_per_hour = rules.shared_usd_per_hour.value * shares(nodes, rules)
        self._egress = _egress_usd(rules)
        self.start_up_notes = notes.start_up(timing.around)
        self._lines: dict[Decimal, tuple[BillLine, ...]] = {}

    def whole_usd(self, offer: Offer) -> UsdInterval:
        """All that is billed by the hour, for the billed time rounded as the service does.

        Raises NoAnswerError where a disk is used whose rate is not known.
        """
        instances = self._nodes * usd_per_hour_of(offer, self.rules)
        beside = self._nodes * self._disk_usd_per_hour(offer) + self._shared_usd_per_hour
        low, mid, high = (
            (usd + self._egress).quantize(STORED_USD) for usd in self._billed.usd(instances, beside)
        )
        return UsdInterval(low=low, mid=mid, high=high)

    def lines(self, offer: Offer) -> tuple[BillLine, ...]:
        """Phases that are waited for, then what is billed beside them; the same for all offers
        whose disk costs the same."""
        disk = self._disk_usd_per_hour(offer)
        if disk not in self._lines:
            self._lines[disk] = (*self._phases(), *self._around(), *self._beside(disk))
        return self._lines[disk]

    def _phases(self) -> Iterator[BillLine]:
        beside = self.timing.around
        for name, (seconds, evidence) in self.timing.phases.items():
            if name in (*phases.START_UP, phases.UPLOAD) and name not in beside.billed_names:
                yield _fixed(name, NO_USD, phases.NOBODY, evidence, seconds)
            else:
                yield _timed(name, seconds, self._who, evidence, beside.billed_share)

    def _around(self) -> Iterator[BillLine]:
        """What the machines are billed for beyond the job's own phases."""
        rules = self.rules
        if idle_seconds := self.timing.around.idle_seconds:
            idle = Interval(low=idle_seconds, mid=idle_seconds, high=idle_seconds)
            share, evidence = self.timing.around.billed_share, rules.idle_seconds.evidence
            yield _timed(phases.IDLE, idle, self._who, evidence, share)
        step = float(rules.granularity_seconds.value)
        least = max(0.0, float(rules.minimum_seconds.value) - self._billed.longest_seconds)
        rounding = Interval(low=least, mid=least + step / 2, high=least + step)
        yield _timed(phases.ROUNDING, rounding, self._who, "assumed")

    def _beside(self, disk_usd_per_hour: Decimal) -> Iterator[BillLine]:
        """What does not go with the offer's rate."""
        rules, billed = self.rules, self._billed.whole
        disk = usd_over(disk_usd_per_hour, billed, self._nodes)
        yield _fixed(phases.DISK, disk, self._who, rules.disk_usd_per_gib_hour.evidence)
        if self._shared_usd_per_hour:
            shared = usd_over(self._shared_usd_per_hour, billed, 1)
            yield _fixed(phases.SHARED, shared, self._who, rules.shared_usd_per_hour.evidence)
        egress = self._egress.quantize(STORED_USD)
        usd = UsdInterval(low=egress, mid=egress, high=egress)
        yield _fixed(phases.EGRESS, usd, self._who, rules.egress_gib.evidence)

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


class _Billed:
    """The time that one node is billed for, rounded up as the service does.

    Managed spot saves of the instances alone: what is billed beside them has the `whole` time.
    """

    def __init__(self, timing: Timing, rules: BillingRules) -> None:
        step, least = float(rules.granularity_seconds.value), float(rules.minimum_seconds.value)

        def rounded(seconds: float) -> float:
            return math.ceil(max(seconds, least) / step) * step

        share, found = timing.around.billed_share, combine.interval_of(timing.billed)
        self.whole = Interval(
            low=rounded(found.low), mid=rounded(found.mid), high=rounded(found.high)
        )
        self.longest_seconds = found.high * (share.high if share else 1)
        # Of the instances and of what is beside them; empty where both have the whole time.
        self._apart: list[tuple[float, float]] = []
        if share:
            pairs = combine.pairs(timing.billed, combine.points(share))
            self._apart = [(rounded(all_of * part), rounded(all_of)) for all_of, part in pairs]

    def usd(self, instances: Decimal, beside: Decimal) -> Iterator[Decimal]:
        """Low, mid and high of the instances and of what is beside them, both USD an hour."""
        if not self._apart:
            hourly, seconds = instances + beside, self.whole
        else:
            part, hourly = float(beside / instances), instances
            seconds = combine.interval_of(
                sorted(own + part * all_of for own, all_of in self._apart)
            )
        return (hourly * Decimal(end) / 3600 for end in (seconds.low, seconds.mid, seconds.high))


def _egress_usd(rules: BillingRules) -> Decimal:
    size, rate = rules.egress_gib.value, rules.egress_usd_per_gib.value
    if size and rate is None:
        raise NoAnswerError(f"egress can't be priced: {rules.egress_usd_per_gib.source}")
    return size * (rate or ZERO)


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
