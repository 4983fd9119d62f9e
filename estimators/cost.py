"""What a job takes and costs on one offer, item by item."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from estimators import notes, timing
from estimators.basis import Basis, basis
from estimators.billing.bill import usd_per_hour_of
from estimators.billing.settings import DEFAULTS, Billing
from estimators.calibrate import NO_HISTORY, History
from estimators.catalog import is_spot_ceiling
from estimators.items import Charges
from estimators.learned import learned
from estimators.past import NO_PAST, PastRuns
from estimators.project import Projection, processes_per_node, project_from
from estimators.there import NOWHERE
from results.bill_lines import BillLine
from results.errors import NoAnswerError, UsageError
from results.records import Estimate, Grade, Job, Offer, Run, UsdInterval
from results.statistics import Interval

MAX_SECONDS = 3.2e9  # a hundred years: beyond it the answer is not a number but no


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A job on an offer with its whole time and cost; `estimate` itemises it."""

    job: Job
    offer: Offer
    projection: Projection
    charges: Charges
    usd: UsdInterval

    @property
    def seconds(self) -> Interval:
        """From submission to the result."""
        return self.charges.timing.waited

    @property
    def grade(self) -> Grade:
        """Of the evidence of its time."""
        return self.projection.grade

    @property
    def rate(self) -> Decimal:
        """USD an hour of one node after the user's discount."""
        return usd_per_hour_of(self.offer, self.charges.rules)

    @property
    def lines_key(self) -> tuple[object, ...]:
        """The same for offers with the same `lines`; holds while the ranking does."""
        return (id(self.lines()), self.job.nodes)

    def lines(self) -> tuple[BillLine, ...]:
        """The bill apart from the rate."""
        return self.charges.lines(self.offer)

    def estimate(self) -> Estimate:
        """The record of it, with every item."""
        projection, rate = self.projection, self.rate
        unknown = () if self.job.workload.parameter_count else (notes.UNKNOWN_SIZE,)
        about = notes.of_offer(self.offer, self.charges.rules, self.charges.start_up_notes)
        return Estimate(
            job=self.job,
            offer=self.offer,
            items=tuple(line.item(rate, self.job.nodes) for line in self.lines()),
            epoch_seconds=projection.epoch_seconds,
            seconds=self.seconds,
            usd=self.usd,
            grade=self.grade,
            assumptions=(*projection.assumptions, *about, *unknown),
            billed_usd_per_hour=self._billed_usd_per_hour(),
        )

    def _billed_usd_per_hour(self) -> Decimal:
        """The rate after the user's discount, and after what managed spot saves in the middle."""
        saving, rate = self.charges.rules.spot_saving.value, self.rate
        return rate * (1 - saving[1]) if saving and is_spot_ceiling(self.offer) else rate


class Pricer:
    """Prices one job on many offers; what they share is worked out once."""

    def __init__(
        self, base: Basis, billing: Billing = DEFAULTS, history: History = NO_HISTORY
    ) -> None:
        self._base, self._billing, self._history = base, billing, history
        self._around: dict[object, timing.Around] = {}
        self._kinds: dict[object, tuple[Projection, Charges] | NoAnswerError] = {}
        self._charges: dict[object, Charges] = {}

    def price(self, job: Job, offer: Offer) -> Priced:
        """Time and cost of `job` on `offer`. Raises NoAnswerError where it can't be projected."""
        projection, charges = self._of_kind(job, offer)
        return Priced(
            job=job,
            offer=offer,
            projection=projection,
            charges=charges,
            usd=charges.whole_usd(offer),
        )

    def _of_kind(self, job: Job, offer: Offer) -> tuple[Projection, Charges]:
        """The same for all regions and rates of an instance type."""
        learned_of = offer.instance_type if self._history.knows(offer.provider) else None
        ceiling = is_spot_ceiling(offer)
        service = (offer.provider, offer.allocation, job.nodes, ceiling, learned_of)
        shape = (offer.vcpus, offer.memory_gib, offer.accelerator, offer.accelerator_count)
        key = (service, offer.instance_type, shape, offer.accelerator_memory_gib)
        found = self._kinds.get(key)
        if found is None:
            try:
                found = self._new(job, offer, service)
            except NoAnswerError as reason:
                found = reason
            self._kinds[key] = found
        if isinstance(found, NoAnswerError):
            raise found
        return found

    def _new(self, job: Job, offer: Offer, service: object) -> tuple[Projection, Charges]:
        """Instance types that take as long share the joining of their times too."""
        projection = project_from(self._base, offer, job.samples_per_epoch, job.nodes)
        epoch, measured = projection.epoch_seconds, projection.grade == "measured"
        if epoch.high * job.epochs > MAX_SECONDS:
            raise NoAnswerError("takes more than a hundred years")
        processes = processes_per_node(offer) * job.nodes
        key = (service, processes, epoch, measured)
        if key not in self._charges:
            beside, rules = self._beside(job, offer, service), self._billing[offer.provider]
            whole = timing.timing(self._base, job, processes, epoch, measured, beside)
            self._charges[key] = Charges(whole, offer.provider, job.nodes, rules)
        return projection, self._charges[key]

    def _beside(self, job: Job, offer: Offer, service: object) -> timing.Around:
        if service not in self._around:
            spot, rules = offer.allocation == "spot", self._billing[offer.provider]
            believed = timing.around(job, rules, spot, is_spot_ceiling(offer))
            self._around[service] = learned(believed, offer, self._history)
        return self._around[service]


def estimate(
    run: Run,
    job: Job,
    offer: Offer,
    billing: Billing = DEFAULTS,
    history: History = NO_HISTORY,
    there: Mapping[str, Run] = NOWHERE,
    past: PastRuns = NO_PAST,
) -> Estimate:
    """Time and cost of `job` on `offer`, from what `run` measured, as 80% intervals.

    `there` and `past` are as in `estimators.rank.rank`, which gives the same answer.
    usd = usd_per_hour / 3600 × seconds × nodes for each item, exact decimals to 1e-6 USD. The
    whole is joined by sampling (see `estimators.combine`), so its ends lie within the sums of the
    items' ends, and its middle above the sum of their middles, as the items are skewed. Raises
    NoAnswerError where the run cannot be projected onto the offer and UsageError for a job of
    nothing.
    """
    check_job(job)
    base = basis(there.get(offer.instance_type, run), past)
    return Pricer(base, billing, history).price(job, offer).estimate()


def check_job(job: Job) -> None:
    """Raises UsageError where a count of the job is below 1 or beyond all reason."""
    for count, what, option in (
        (job.epochs, "epochs", "--epochs"),
        (job.samples_per_epoch, "samples an epoch", "--samples-per-epoch"),
        (job.nodes, "nodes", "--nodes"),
    ):
        if not 1 <= count <= 10**12:
            raise UsageError(
                f"{count} {what} can't be trained. Give 1 to 1,000,000,000,000 with {option}."
            )
