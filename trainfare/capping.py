"""Whether a spending cap lets a job come to its end: by what it may cost, and by its time."""

import math
from decimal import Decimal

from results import units
from results.errors import OverBudgetError, UsageError
from results.names import PROVIDER_NAMES
from results.records import Estimate

RISK = "or give --accept-risk: the cap still holds, but may end the job before its last epoch."


def enough_usd(answer: Estimate) -> Decimal | None:
    """The smallest cap, in whole cents, that covers the upper end of cost and of time alike.

    None where the service itself ends any job sooner.
    """
    from cloud.cap import least_usd, longest_seconds

    needed = needed_seconds(answer)
    if needed > longest_seconds(answer.offer):
        return None
    by_time = least_usd(answer.offer, answer.job.nodes, needed)
    return max(Decimal(units.ceiling_usd(answer.usd.high)), by_time)


def needed_seconds(answer: Estimate) -> int:
    """The upper end of how long the job runs by its service's clock."""
    from cloud.cap import waits_within
    from estimators.running import running

    return math.ceil(running(answer, queued=waits_within(answer.offer)).high)


def refuse_risk(cap: Decimal, answer: Estimate) -> None:
    """Raises OverBudgetError where `cap` may end the job too early, by cost or by the time limit
    that follows from it; UsageError where the service's own longest time may."""
    from cloud.cap import longest_seconds, max_seconds

    enough = enough_usd(answer)
    needed = units.seconds_text(needed_seconds(answer))
    if answer.usd.high > cap:
        allow = f"Allow {enough}, train" if enough else "Train"
        raise OverBudgetError(
            f"The job may cost up to {units.usd_text(answer.usd.high)} there, more than "
            f"--max-usd {cap:f}. {allow} fewer epochs, choose another offer with: "
            f"trainfare quote, {RISK}"
        )
    if enough is None:
        longest = units.seconds_text(longest_seconds(answer.offer))
        raise UsageError(
            f"The job may run for {needed} there, and {PROVIDER_NAMES[answer.offer.provider]} ends "
            f"any job after {longest}. Train fewer epochs, choose a faster offer with: trainfare "
            "quote, or give --accept-risk: it may then end before its last epoch."
        )
    if enough > cap:
        allowed = units.seconds_text(max_seconds(cap, answer.offer, answer.job.nodes))
        raise OverBudgetError(
            f"--max-usd {cap:f} pays for the estimate, but beside start and stop, which are billed "
            f"within it, it lets the job run for {allowed} only, and it may need {needed}. Allow "
            f"{enough}, {RISK}"
        )
