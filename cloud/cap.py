"""The hard cap: from the dollars a user allows to the seconds a service lets the job run.

A service stops a job after a time, not after an amount. Around that time it bills more: starting,
stopping, disk. All of it is counted here, before the job is sent, so that the bill for machines
and their disks stays within the cap even if the job never ends by itself. Not covered: storage in
buckets, logs, network traffic, and taxes.
"""

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from results.errors import OverBudgetError, RecordError, UsageError
from results.records import Offer, Provider

MIN_SECONDS = 60  # below this a job could not even start its first epoch
MIN_USD, MAX_USD = Decimal("0.01"), Decimal(10) ** 9
NODES_PER_SHARE = 50
MICRO = 10**6  # amounts are rounded to a millionth of a dollar, always against the user


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a service bills beside the rate of the instance, and how long it lets a job run."""

    start_seconds: int  # billed, perhaps before the service's own clock for the job runs
    stop_seconds: int  # billed after the time limit
    rounding_seconds: int  # the step in which time is billed
    disk_usd_per_hour: Decimal  # of one node
    shared_usd_per_hour: Decimal  # for every started 50 nodes
    longest_seconds: int
    longest_spot_seconds: int
    unseen_seconds: int  # of start and stop, outside of the times that the service tells of a job


TERMS: dict[Provider, Terms] = {
    # Stop: SIGTERM, then 120 s (botocore 1.44.5, StoppingCondition), and the upload, which is
    # billed too (TrainingEndTime): 60 s assumed, the result being one small file.
    # Start: image and source are loaded on billed time, and whether the limit counts that is not
    # said: 420 s assumed. Longest: 28 days (StoppingCondition).
    # Disk: 30 GB; $0.154 per GB-month is known for eu-west-1 only, so twice that is assumed, in
    # the shortest month (672 h), and also where an instance has NVMe and gets no volume.
    "aws": Terms(
        start_seconds=420,
        stop_seconds=120 + 60,
        rounding_seconds=1,
        disk_usd_per_hour=30 * Decimal("0.308") / 672,
        shared_usd_per_hour=Decimal(0),
        longest_seconds=28 * 86400,
        longest_spot_seconds=28 * 86400,
        unseen_seconds=0,  # billed from TrainingStartTime to TrainingEndTime
    ),
    # Start and stop are not published: 900 s assumed (one public log waited 14 minutes for the
    # image), and 60 s. Billing in steps of 30 s is known second-hand only, so it is assumed.
    # Disk: 100 GiB of SSD at $0.0002678 per GiB-hour (Google's price list). Longest: 7 days,
    # the default of `scheduling.timeout`; that more is allowed is not documented there.
    "gcp": Terms(
        start_seconds=900,
        stop_seconds=60,
        rounding_seconds=30,
        disk_usd_per_hour=100 * Decimal("0.0002678"),
        shared_usd_per_hour=Decimal(0),
        longest_seconds=7 * 86400,
        longest_spot_seconds=7 * 86400,
        unseen_seconds=900 + 60,
    ),
    # Start: boot of the nodes, 600 s assumed. Stop: 120 s idle before scale-down (the default of
    # a cluster), and 60 s assumed for the stop. Shared: load balancer, $0.33 a day for 50 nodes
    # (Azure's cost guide). The node's disk is part of the VM price. Longest: 21 days, and 7 on
    # low-priority nodes (Azure Machine Learning quotas, 2026-01-27).
    "azure": Terms(
        start_seconds=600,
        stop_seconds=120 + 60,
        rounding_seconds=1,
        disk_usd_per_hour=Decimal(0),
        shared_usd_per_hour=Decimal("0.33") / 24,
        longest_seconds=21 * 86400,
        longest_spot_seconds=7 * 86400,
        unseen_seconds=600 + 120 + 60,
    ),
}


def max_seconds(max_usd: Decimal, offer: Offer, nodes: int) -> int:
    """The longest time limit, in whole seconds, whose worst bill stays within `max_usd`.

    T = floor(3600 × max_usd / usd_per_hour of everything − start − stop − rounding), at most what
    the service allows. Exact arithmetic, rounded down. Raises UsageError for an amount that is
    none, OverBudgetError where less than 60 s are left.
    """
    if not (max_usd.is_finite() and MIN_USD <= max_usd <= MAX_USD):
        raise UsageError(
            f"--max-usd {max_usd} is no spending cap. Give an amount in dollars from 0.01 up, "
            "such as --max-usd 5."
        )
    terms, hourly = TERMS[offer.provider], _usd_per_hour(offer, nodes)
    allowed = Fraction(math.floor(Fraction(max_usd) * MICRO), MICRO)
    seconds = math.floor(3600 * allowed / hourly) - _reserve_seconds(terms)
    if seconds < MIN_SECONDS:
        least = least_usd(offer, nodes)
        raise OverBudgetError(
            f"--max-usd {max_usd} does not pay for one minute on {nodes} × "
            f"{offer.instance_type!r} in {offer.region!r}: with start and stop, which are billed "
            f"too, that can cost ${least}. Give --max-usd {least} or more."
        )
    return min(seconds, longest_seconds(offer))


def longest_seconds(offer: Offer) -> int:
    """After so long the service ends any job, whatever the cap."""
    terms = TERMS[offer.provider]
    return terms.longest_spot_seconds if offer.allocation == "spot" else terms.longest_seconds


def waits_within(offer: Offer) -> bool:
    """Whether waiting for machines counts against the time limit: MaxWaitTimeInSeconds of managed
    spot holds for both (botocore's model), and is set to the limit."""
    return offer.provider == "aws" and offer.allocation == "spot"


def least_usd(offer: Offer, nodes: int, seconds: int = 0) -> Decimal:
    """The smallest cap, in whole cents, that `max_seconds` takes for this offer, and under which
    it lets a job run for `seconds`.

    Raises as `worst_case_usd` does.
    """
    worst = worst_case_usd(max(MIN_SECONDS, seconds), offer, nodes)
    return _rounded_up(Fraction(worst), 100)


def worst_case_usd(seconds: int, offer: Offer, nodes: int) -> Decimal:
    """The most a job stopped after `seconds` can cost, rounded up to a millionth of a dollar.

    (seconds + start + stop + rounding) × (nodes × (rate + disk) + shared) / 3600, at the rate of
    the offer. Raises UsageError for fewer than one node, RecordError for an offer without a price.
    """
    billed = seconds + _reserve_seconds(TERMS[offer.provider])
    return _rounded_up(billed * _usd_per_hour(offer, nodes) / 3600, MICRO)


def billed_usd(seconds: float, offer: Offer, nodes: int, *, at_most: bool) -> Decimal:
    """What a job costs whose service tells of `seconds`, with its disks.

    seconds × (nodes × (rate + disk) + shared) / 3600; `at_most` adds what its service may bill
    outside of the times that it tells. Raises as `worst_case_usd` does.
    """
    terms = TERMS[offer.provider]
    more = terms.unseen_seconds + terms.rounding_seconds if at_most else 0
    return _rounded_up((Fraction(seconds) + more) * _usd_per_hour(offer, nodes) / 3600, MICRO)


def _reserve_seconds(terms: Terms) -> int:
    return terms.start_seconds + terms.stop_seconds + terms.rounding_seconds


def _usd_per_hour(offer: Offer, nodes: int) -> Fraction:
    if nodes < 1:
        raise UsageError(f"--nodes {nodes} is no number of machines. Give 1 or more.")
    if not offer.usd_per_hour.is_finite() or offer.usd_per_hour <= 0:
        raise RecordError(
            f"{offer.instance_type!r} in {offer.region!r} is listed at {offer.usd_per_hour} "
            "dollars an hour, which is no price. See: trainfare prices list"
        )
    terms = TERMS[offer.provider]
    shares = -(-nodes // NODES_PER_SHARE)
    return nodes * (
        Fraction(offer.usd_per_hour) + Fraction(terms.disk_usd_per_hour)
    ) + shares * Fraction(terms.shared_usd_per_hour)


def _rounded_up(usd: Fraction, parts: int) -> Decimal:
    """`usd` as a decimal of that many parts a dollar (a power of ten), never less than it is."""
    return Decimal(math.ceil(usd * parts)).scaleb(-(len(str(parts)) - 1))
