"""What past jobs took beside their training, blended with what was believed before any ran.

The logarithm of a time is taken as normal with unknown middle and spread. The belief, an 80%
interval, counts as a few jobs; real jobs are added by the usual conjugate rule, so a few move the
interval little and many replace the belief. Jobs of the same cloud move a little what is believed
of an instance type, its own jobs the rest.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Self

from results.jobs import Outcome
from results.records import Offer
from results.statistics import Interval, median

BELIEF_JOBS = 3.0  # how many jobs the belief's middle is worth (assumed)
SPREAD_JOBS = 3.0  # and its width (assumed)
SIBLING_JOBS = 6.0  # at most, of all other instance types of the same cloud together (assumed)
RECENT = 50  # jobs that count: images and services change
FARTHEST = 3.0  # deviations from the others' median; a job farther out counts as if it lay there
Part = Literal["queue", "pull", "warm-up", "start-up"]  # the last is pull and warm-up together
Z80 = 1.2815515655446004  # of the 80% interval of a normal distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class _Believed:
    """What is believed of the log seconds of one more job: its middle and its variance."""

    mean: float
    jobs: float  # that the mean is worth
    freedom: float  # degrees of freedom of the variance
    variance: float  # from job to job
    bias: float = 0.0  # how far the mean may still be drawn towards what was believed at first

    def after(self, logs: Sequence[float]) -> "_Believed":
        """Updated by jobs; what lies far from their median is drawn in to three deviations.

        Mean and variance follow the conjugate rule (Gelman et al., Bayesian Data Analysis, 3.3),
        but for one thing: that the jobs lie far from the belief widens the interval by what the
        belief still draws the mean aside, not for good.
        """
        if not logs:
            return self
        middle, reach = median(logs), FARTHEST * math.sqrt(self.variance)
        near = [min(max(x, middle - reach), middle + reach) for x in logs]
        n, mean = len(near), sum(near) / len(near)
        jobs, freedom = self.jobs + n, self.freedom + n - 1
        squares = sum((x - mean) ** 2 for x in near)
        return _Believed(
            mean=(self.jobs * self.mean + n * mean) / jobs,
            jobs=jobs,
            freedom=freedom,
            variance=(self.freedom * self.variance + squares) / freedom,
            bias=self.jobs / jobs * math.hypot(self.bias, mean - self.mean),
        )

    @property
    def reach(self) -> float:
        """Half the width of the 80% interval of one more job, in log seconds."""
        return t80(self.freedom) * math.sqrt(self.variance * (1 + 1 / self.jobs) + self.bias**2)


def t80(freedom: float) -> float:
    """The 90% quantile of Student's t, by its expansion in 1/ν.

    Abramowitz and Stegun 26.7.5, three terms: within 0.2% of tables from ν = 3 up.
    """
    z = Z80
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )


def calibrated(belief: Interval, own: Sequence[float], siblings: Sequence[float] = ()) -> Interval:
    """The 80% interval of the next job's seconds, from the belief and from the jobs that ran.

    `own` are the seconds of jobs on the same instance type, `siblings` of the others of its cloud,
    each oldest first. Without any it is the belief itself. The belief's lopsidedness is kept.
    Raises ValueError where an end of the belief is not above zero.
    """
    if belief.low <= 0:
        raise ValueError(f"a time that may be {belief.low} s has no logarithm")
    down, up = math.log(belief.mid / belief.low), math.log(belief.high / belief.mid)
    half = (down + up) / 2
    if half == 0 or not (own or siblings):
        return belief
    first = _Believed(
        mean=math.log(belief.mid),
        jobs=BELIEF_JOBS,
        freedom=SPREAD_JOBS,
        variance=(half / t80(SPREAD_JOBS)) ** 2 / (1 + 1 / BELIEF_JOBS),
    )
    shared = first.after(_logs(siblings))
    extra = min(1.0, SIBLING_JOBS / max(shared.jobs - first.jobs, 1e-9))
    # However many siblings ran, an instance type may differ from them.
    shared = replace(
        shared,
        jobs=first.jobs + extra * (shared.jobs - first.jobs),
        freedom=first.freedom + extra * (shared.freedom - first.freedom),
    )
    now = shared.after(_logs(own))
    return Interval(
        low=math.exp(now.mean - now.reach * down / half),
        mid=math.exp(now.mean),
        high=math.exp(now.mean + now.reach * up / half),
    )


def _logs(seconds: Sequence[float]) -> list[float]:
    return [math.log(value) for value in seconds[-RECENT:] if value > 0]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Seconds that past jobs took before their first step, by part, cloud and instance type."""

    seconds: dict[tuple[Part, str, str], tuple[float, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> Self:
        """From every job that got so far, oldest first: how it ended says nothing of its start."""
        found: dict[tuple[Part, str, str], tuple[float, ...]] = {}
        for outcome in sorted(outcomes, key=lambda o: o.captured_at):
            for part, seconds in _parts(outcome).items():
                if seconds is not None and seconds > 0:
                    key = (part, outcome.provider, outcome.instance_type)
                    found[key] = (*found.get(key, ()), seconds)
        return cls(seconds=found)

    def knows(self, provider: str) -> bool:
        """Whether any job of that cloud is among them."""
        return any(place == provider for _, place, _ in self.seconds)

    def calibrated(self, part: Part, offer: Offer, belief: Interval) -> tuple[Interval, int]:
        """The seconds of `part` on `offer`, and how many jobs of its cloud they rest on."""
        own: tuple[float, ...] = ()
        siblings: tuple[float, ...] = ()
        for (kind, provider, instance_type), seconds in self.seconds.items():
            if (kind, provider) == (part, offer.provider):
                if instance_type == offer.instance_type:
                    own = seconds
                else:
                    siblings += seconds
        return calibrated(belief, own, siblings), len(own) + len(siblings)


def _parts(outcome: Outcome) -> dict[Part, float | None]:
    start_up, pull = outcome.start_up_seconds, outcome.pull_seconds
    return {
        "queue": outcome.queued_seconds,
        "pull": pull,
        "start-up": start_up,
        "warm-up": None if start_up is None or pull is None else start_up - pull,
    }


NO_HISTORY = History()
