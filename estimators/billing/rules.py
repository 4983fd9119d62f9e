"""What a billing rule is: a value with its source, and whether anybody has confirmed it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Generic, Literal, TypeVar

from results import phases

T = TypeVar("T")

# What a job goes through that a service may bill or not; `BillingRules.billed_phases` names some.
PHASES: Final = (*phases.START_UP, phases.UPLOAD)
OWN_FILE: Final = "trainfare.toml"  # the source of a rule that the user gave
HOURS_PER_MONTH: Final = 730  # by which a monthly rate of storage is spread over hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[T]):
    """One rule of a service's bill."""

    value: T
    source: str
    confirmed: bool = True  # by the provider's own documents or a real bill

    @property
    def evidence(self) -> Literal["given", "published", "assumed"]:
        """How it is known."""
        if self.source == OWN_FILE:
            return "given"
        return "published" if self.confirmed else "assumed"


def known(value: T, source: str) -> Rule[T]:
    """A rule that is confirmed."""
    return Rule(value=value, source=source)


def assumed(value: T, source: str) -> Rule[T]:
    """A rule that nobody has confirmed."""
    return Rule(value=value, source=source, confirmed=False)


def saved(rule: Rule[tuple[Decimal, Decimal, Decimal] | None]) -> str:
    """What spot saves where it has no rate of its own, and how that is known; "" for nothing."""
    if rule.value is None:
        return ""
    how = f"given in {OWN_FILE}" if rule.source == OWN_FILE else f"assumed: {rule.source}"
    return f"{rule.value[1]:.1%} of the on-demand cost saved, {how}"


# Where a service is not known to differ.
NO_MINIMUM: Final = assumed(Decimal(0), "no minimum is documented")
NOT_SHARED: Final = known(Decimal(0), "nothing is shared between the nodes of a job")
ONE_NODE: Final = known(Decimal(1), NOT_SHARED.source)
NO_DISCOUNT: Final = known(Decimal(0), "list prices; a contract's discount is the user's to give")
NO_EGRESS: Final = assumed(Decimal(0), "results stay in a bucket of the job's own region")
NO_EGRESS_RATE: Final[Rule[Decimal | None]] = assumed(
    None, "no rate was found: give egress_usd_per_gib"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingRules:
    """How one service makes a bill from rates and times. Every field can be overridden in
    `trainfare.toml` by a section `[billing.aws]`, `[billing.gcp]` or `[billing.azure]`."""

    granularity_seconds: Rule[Decimal]  # time is rounded up to a multiple of it
    minimum_seconds: Rule[Decimal] = NO_MINIMUM
    billed_phases: Rule[tuple[str, ...]]  # of `PHASES`; training itself always is
    idle_seconds: Rule[Decimal]  # billed after the job, before the machines are given back
    disk_usd_per_gib_hour: Rule[Decimal | None]  # None: unknown
    boot_disk_gib: Rule[Decimal]  # of each node, there even if nobody asks for a disk
    job_disk_gib: Rule[Decimal]  # of each node, in jobs that trainfare launches
    no_disk_families: Rule[tuple[str, ...]]  # instances with disks of their own, billed no other
    shared_usd_per_hour: Rule[Decimal] = NOT_SHARED  # for every started `nodes_per_share` nodes
    nodes_per_share: Rule[Decimal] = ONE_NODE
    # Share of the on-demand cost that spot saves where there is no spot rate: 10%, 50% and 90%
    # points. None: nothing is known, so there is no price.
    spot_saving: Rule[tuple[Decimal, Decimal, Decimal] | None]
    # Share of the on-demand rate that the user's contract saves.
    commitment_discount: Rule[Decimal] = NO_DISCOUNT
    egress_gib: Rule[Decimal] = NO_EGRESS  # of results that leave the region
    egress_usd_per_gib: Rule[Decimal | None] = NO_EGRESS_RATE
