"""How long a job runs by the service's own clock, against which its time limit is held."""

from estimators import combine, timing
from estimators.items import NO_TIME
from results import phases
from results.records import Estimate
from results.statistics import Interval

# These go with the speed of the machine, so they are wrong the same way.
MOVING = (phases.WARM_UP, phases.TRAINING, phases.EVALUATION)


def running(estimate: Estimate, *, queued: bool = False) -> Interval:
    """Seconds that a time limit must leave to the job, as an 80% interval.

    No service publishes whether boot, image and data count against the limit, so those that it
    bills are taken to; waiting for machines is only where it is `queued` within the limit. Joined
    as in `estimators.timing`.
    """
    moving, beside, spot = NO_TIME, [], False
    for item in estimate.items:
        if item.name in MOVING:
            moving = moving + item.seconds
        elif item.name == phases.QUEUE:
            beside += [item.seconds] if queued else []
        elif item.name == phases.REWORK:
            spot = True
        elif item.name in phases.ORDER and item.billed_by != phases.NOBODY:
            beside.append(item.seconds)
    work = timing.with_rework(combine.points(moving)) if spot else combine.points(moving)
    return combine.interval_of(combine.plus(combine.independent_sum(beside), work))
