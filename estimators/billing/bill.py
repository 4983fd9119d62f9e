"""The bill of a job that ran for a known time: rates × what the rules say is billed."""

from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from estimators.billing.rules import BillingRules, saved
from estimators.catalog import GIVEN, is_spot_ceiling
from results.bill_lines import STORED_USD
from results.bills import Bill, BillEvidence, BillItem
from results.errors import NoAnswerError, UsageError
from results.names import PROVIDER_NAMES
from results.records import Offer

MAX_SECONDS = Decimal(3_200_000_000)  # a hundred years
MAX_NODES, MAX_DISK_GIB, MAX_USD_PER_HOUR = 100_000, Decimal(10**6), Decimal(10**6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was used: seconds of training of each node, nodes, and GiB of disk of each node."""

    seconds: Decimal
    nodes: int = 1
    disk_gib: Decimal | None = None  # None: what the service adds by itself


def bill(offer: Offer, usage: Usage, rules: BillingRules) -> Bill:
    """The bill of `usage` on `offer`, each line to 1e-6 USD.

    instance = usd_per_hour / 3600 × seconds × nodes (SageMaker: DescribeTrainingJob,
    BillableTimeInSeconds × InstanceCount); seconds are rounded up to the service's granularity
    and minimum in a line of their own. Worked by hand for all three services in
    tests/estimators/billing. Raises UsageError for a usage that can't be and NoAnswerError where a
    rate is not known.
    """
    _check(offer, usage)
    rate, evidence, note = _rate(offer, rules)
    paid = Decimal(1)  # share of the rate
    if is_spot_ceiling(offer) and rules.spot_saving.value:
        paid -= rules.spot_saving.value[1]
        evidence, note = rules.spot_saving.evidence, saved(rules.spot_saving)
    used = usage.seconds * paid
    billed = billed_seconds(used, rules)
    items = [_time("instance", used, rate, usage, offer, evidence, note)]
    if billed > used:
        # What the rounding adds to the line above, so that both together never fall as time grows.
        more = _time("rounding", billed, rate, usage, offer, evidence, _rounded(billed, rules))
        quantity = more.quantity - items[0].quantity
        items.append(replace(more, quantity=quantity, usd=more.usd - items[0].usd))
    if idle := rules.idle_seconds.value:
        rule = rules.idle_seconds
        items.append(_time("idle", idle * paid, rate, usage, offer, rule.evidence, rule.source))
    hours = (billed_seconds(usage.seconds, rules) + idle) / 3600
    items += _disk(hours, usage, offer, rules)
    items += _shared(hours, usage, offer, rules)
    items += _egress(offer, rules)
    return Bill(items=tuple(items))


def billed_seconds(seconds: Decimal, rules: BillingRules) -> Decimal:
    """`seconds` rounded up to the granularity, at least the minimum."""
    step = rules.granularity_seconds.value
    least = max(seconds, rules.minimum_seconds.value)
    return step * (least / step).to_integral_value(ROUND_CEILING)


def shares(nodes: int, rules: BillingRules) -> Decimal:
    """How many load balancers so many nodes need."""
    return (nodes / rules.nodes_per_share.value).to_integral_value(ROUND_CEILING)


def _rounded(billed: Decimal, rules: BillingRules) -> str:
    return f"rounded up to {billed:f} s; {rules.granularity_seconds.source}"


def usd_per_hour_of(offer: Offer, rules: BillingRules) -> Decimal:
    """The rate after the user's own discount, which spot never gets, nor a rate that was given."""
    if offer.allocation == "spot" or offer.source == GIVEN:
        return offer.usd_per_hour
    return offer.usd_per_hour * (1 - rules.commitment_discount.value)


def _check(offer: Offer, usage: Usage) -> None:
    for value, highest, what, example in (
        (usage.seconds, MAX_SECONDS, "--seconds", "3600"),
        (usage.disk_gib or Decimal(0), MAX_DISK_GIB, "--disk-gib", "50"),
    ):
        if not value.is_finite() or not 0 <= value <= highest:
            raise UsageError(
                f"{what} {value} can't be billed. Give 0 to {highest}, such as {example}."
            )
    if not 1 <= usage.nodes <= MAX_NODES:
        raise UsageError(f"--nodes {usage.nodes} can't be billed. Give 1 to {MAX_NODES}.")
    rate = offer.usd_per_hour
    if not rate.is_finite() or not 0 < rate <= MAX_USD_PER_HOUR:
        raise UsageError(
            f"{rate} USD an hour is no rate. Give one above 0 and up to {MAX_USD_PER_HOUR} with "
            "--usd-per-hour."
        )


def _rate(offer: Offer, rules: BillingRules) -> tuple[Decimal, BillEvidence, str]:
    rate = usd_per_hour_of(offer, rules)
    if offer.source == GIVEN:
        return rate, "given", f"${rate:f} an hour as given, from which nothing is taken off"
    note = f"${offer.usd_per_hour:f} an hour as of {offer.as_of}"
    evidence: BillEvidence = offer.basis
    if rate != offer.usd_per_hour:
        note += f", less {rules.commitment_discount.value:.1%} ({rules.commitment_discount.source})"
    return rate, evidence, note


def _time(
    name: str,
    seconds: Decimal,
    rate: Decimal,
    usage: Usage,
    offer: Offer,
    evidence: BillEvidence,
    note: str,
) -> BillItem:
    quantity = seconds * usage.nodes
    usd = rate * quantity / 3600
    return _item(name, quantity, "instance-second", usd, offer, evidence, note)


def _disk(hours: Decimal, usage: Usage, offer: Offer, rules: BillingRules) -> list[BillItem]:
    size = rules.boot_disk_gib.value if usage.disk_gib is None else usage.disk_gib
    if not size:
        return []
    own = offer.instance_type.startswith(rules.no_disk_families.value)
    rule = rules.disk_usd_per_gib_hour
    rate = Decimal(0) if own else rule.value
    if rate is None:
        raise NoAnswerError(
            f"No rate of a disk is known for {PROVIDER_NAMES[offer.provider]}. Leave out "
            f"--disk-gib, or give disk_usd_per_gib_hour in [billing.{offer.provider}] of "
            "trainfare.toml."
        )
    note = rules.no_disk_families.source if own else rule.source
    evidence = "published" if own else rule.evidence
    quantity = size * usage.nodes * hours
    return [_item("disk", quantity, "GiB-hour", rate * quantity, offer, evidence, note)]


def _shared(hours: Decimal, usage: Usage, offer: Offer, rules: BillingRules) -> list[BillItem]:
    rule = rules.shared_usd_per_hour
    if not rule.value:
        return []
    quantity = shares(usage.nodes, rules) * hours
    usd = rule.value * quantity
    return [_item("load balancer", quantity, "hour", usd, offer, rule.evidence, rule.source)]


def _egress(offer: Offer, rules: BillingRules) -> list[BillItem]:
    size, rule = rules.egress_gib.value, rules.egress_usd_per_gib
    if not size:
        return []
    if rule.value is None:
        raise NoAnswerError(
            f"No rate of egress is known for {PROVIDER_NAMES[offer.provider]}: give "
            f"egress_usd_per_gib in [billing.{offer.provider}] of trainfare.toml too."
        )
    return [_item("egress", size, "GiB", size * rule.value, offer, rule.evidence, rule.source)]


def _item(
    name: str,
    quantity: Decimal,
    unit: str,
    usd: Decimal,
    offer: Offer,
    evidence: BillEvidence,
    note: str,
) -> BillItem:
    return BillItem(
        name=name,
        quantity=quantity,
        unit=unit,
        usd=usd.quantize(STORED_USD, ROUND_HALF_UP),
        billed_by=PROVIDER_NAMES[offer.provider],
        evidence=evidence,
        note=note,
    )
