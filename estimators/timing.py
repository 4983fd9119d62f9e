"""How long a job takes on a kind of machine, phase by phase, and how much of it is billed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from estimators import combine
from estimators.assumptions import (
    DATA_SECONDS,
    IMPORT_SECONDS,
    INPUT_BYTES,
    PROVISIONING_SECONDS,
    PULL_SECONDS,
    QUEUE_SECONDS,
    REWORK_SHARE,
    STATE_BYTES,
    TEST_SHARE,
    TRANSFER_SECONDS_PER_BYTE,
    UPLOAD_SECONDS,
    WARM_UP_STEPS,
)
from estimators.basis import Basis
from estimators.billing.rules import BillingRules
from results import phases
from results.records import Evidence, Job
from results.statistics import Interval

Phases = dict[str, tuple[Interval, Evidence]]  # seconds of each, and how they are known


@dataclass(frozen=True, kw_only=True)
class Around:
    """The phases around the training, which are the same on all machines of a service.

    `waited` and `billed` are points of what the user waits for and of what the service bills.
    Phases are independent of one another, but for those `together`: of them only the sum was
    seen, so they are long or short at the same time and their ends are added.
    """

    phases: Phases
    billed_names: tuple[str, ...]
    idle_seconds: float
    spot: bool
    importing: tuple[Interval, Evidence]  # from the start of Python to the first step
    billed_share: Interval | None  # of managed spot, where there is no spot rate
    together: tuple[tuple[str, ...], ...] = ()  # names of phases

    @cached_property
    def waited(self) -> combine.Points:
        return combine.independent_sum(self._apart(tuple(self.phases)))

    @cached_property
    def billed(self) -> combine.Points:
        names = tuple(name for name in self.phases if name in self.billed_names)
        return combine.independent_sum(self._apart(names), self.idle_seconds)

    def _apart(self, names: tuple[str, ...]) -> Iterator[Interval]:
        """The seconds of `names`, those of phases that go together as one."""
        first = {name: group[0] for group in self.together for name in group}
        sums: dict[str, Interval] = {}
        for name in names:
            key, seconds = first.get(name, name), self.phases[name][0]
            sums[key] = sums[key] + seconds if key in sums else seconds
        return iter(sums.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One job on one kind of machine. `waited` is from submission to the result, an 80% interval
    in seconds; `billed` are points of how long one node is billed, before rounding and before
    what managed spot saves of its rate."""

    training: Phases  # those that move together with the speed of the machine
    around: Around
    waited: Interval
    billed: combine.Points

    @property
    def phases(self) -> Phases:
        """All phases in the order in which a job goes through them."""
        all_of = {**self.around.phases, **self.training}
        return {name: all_of[name] for name in phases.ORDER if name in all_of}


def around(job: Job, rules: BillingRules, spot: bool, ceiling: bool) -> Around:
    """What happens around the training of `job`; `ceiling` for spot at the on-demand rate."""
    workload = job.workload
    data_bytes = math.prod(workload.input_shape) * INPUT_BYTES * job.samples_per_epoch
    found: Phases = {
        phases.QUEUE: (QUEUE_SECONDS, "assumed"),
        phases.PROVISIONING: (PROVISIONING_SECONDS, "assumed"),
        phases.PULL: (PULL_SECONDS, "assumed"),
        phases.DATA: (
            DATA_SECONDS + TRANSFER_SECONDS_PER_BYTE.scaled(data_bytes),
            "assumed",
        ),
        phases.UPLOAD: (UPLOAD_SECONDS, "assumed"),
    }
    if workload.parameter_count:
        state = TRANSFER_SECONDS_PER_BYTE.scaled(workload.parameter_count * STATE_BYTES)
        found[phases.CHECKPOINTS] = (state.scaled(job.epochs), "assumed")
        found[phases.UPLOAD] = (UPLOAD_SECONDS + state, "assumed")
    saving = rules.spot_saving.value if ceiling else None
    return Around(
        phases=found,
        billed_names=(*rules.billed_phases.value, phases.CHECKPOINTS),
        idle_seconds=float(rules.idle_seconds.value),
        spot=spot,
        importing=(IMPORT_SECONDS, "assumed"),
        billed_share=saving
        and Interval(low=1 - float(saving[2]), mid=1 - float(saving[1]), high=1 - float(saving[0])),
    )


def timing(
    base: Basis, job: Job, processes: int, epoch: Interval, measured: bool, beside: Around
) -> Timing:
    """The whole job of `processes` processes, from an epoch and the phases around it."""
    moving = _training(base, job, processes, epoch, measured, beside)
    speed = Interval(low=0, mid=0, high=0)
    for seconds, _ in moving.values():
        speed = speed + seconds  # they are wrong the same way, so end by end is right
    work = combine.points(speed)
    if beside.spot:
        work = with_rework(work)
        lost = _rework(moving[phases.TRAINING][0])
        moving[phases.REWORK] = (lost, "assumed")
    return Timing(
        training=moving,
        around=beside,
        waited=combine.interval_of(combine.plus(beside.waited, work)),
        billed=combine.plus(beside.billed, work),
    )


def _training(
    base: Basis, job: Job, processes: int, epoch: Interval, measured: bool, beside: Around
) -> Phases:
    steps = base.steps(job.samples_per_epoch, processes)
    importing, known = beside.importing
    found: Phases = {
        phases.WARM_UP: (importing + epoch.scaled(WARM_UP_STEPS / steps), known),
        phases.TRAINING: (
            epoch.scaled(job.epochs),
            "measured" if measured else "projected",
        ),
    }
    if base.run.metrics:
        forward = _forward_share(base)
        found[phases.EVALUATION] = (
            Interval(
                low=epoch.low * TEST_SHARE.low * forward,
                mid=epoch.mid * TEST_SHARE.mid * forward,
                high=epoch.high * TEST_SHARE.high * forward,
            ),
            "assumed",
        )
    return found


def _forward_share(base: Basis) -> float:
    """Loading and the forward pass as a share of a step; all of it where they were not timed."""
    step = base.run.measurement("step")
    forward = base.run.measurement("forward")
    if step is None or forward is None or not step.seconds.mid:
        return 1.0
    return min(1.0, forward.seconds.mid / step.seconds.mid + (base.load_share or 0.0))


def with_rework(work: combine.Points) -> combine.Points:
    """Work on spot capacity, some of which is done twice."""
    low, mid, high = (
        1 + share for share in (REWORK_SHARE.low, REWORK_SHARE.mid, REWORK_SHARE.high)
    )
    return combine.times(work, combine.points(Interval(low=low, mid=mid, high=high)))


def _rework(training: Interval) -> Interval:
    return Interval(
        low=training.low * REWORK_SHARE.low,
        mid=training.mid * REWORK_SHARE.mid,
        high=training.high * REWORK_SHARE.high,
    )
