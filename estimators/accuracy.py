"""Predicted against actual, for every job that was ever collected: error, and intervals that held.

Only what really happened is compared: the bill and the steps of jobs that succeeded, the start-up
of every job that reached its first step. What is unknown is not compared.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import comb
from typing import Literal

from estimators import combine
from results import phases
from results.jobs import JobIntent, Outcome
from results.records import EstimateItem, Provider
from results.statistics import Interval, median

Part = Literal["queue", "pull", "warm-up", "start-up", "steps", "dollars"]
PARTS: tuple[Part, ...] = ("queue", "pull", "warm-up", "start-up", "steps", "dollars")
PROMISED = 0.8  # of the actual values lie in their intervals
CHANCE = 0.05  # rarer than this by luck alone, and the intervals are called too narrow


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One part of one job: seconds, or USD where the part is `dollars`."""

    job_name: str
    provider: Provider
    instance_type: str
    part: Part
    predicted: Interval
    actual: float

    @property
    def error(self) -> float:
        """predicted / actual − 1: −0.3 where a third too little was predicted."""
        return self.predicted.mid / self.actual - 1

    @property
    def held(self) -> bool:
        """Whether the 80% interval held the actual value."""
        return self.predicted.low <= self.actual <= self.predicted.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """A part over several jobs, of one cloud or instance type or of all (None); medians."""

    provider: Provider | None
    instance_type: str | None
    part: Part
    jobs: int
    predicted: float
    actual: float
    error: float
    held: int

    @property
    def too_narrow(self) -> bool:
        """Whether so few held that luck does not explain it (binomial, one-sided 5%)."""
        return chance_of_at_most(self.held, self.jobs) < CHANCE


def chance_of_at_most(held: int, jobs: int) -> float:
    """P(X ≤ held) of a binomial with `jobs` trials at 0.8."""
    terms = (comb(jobs, k) * PROMISED**k * (1 - PROMISED) ** (jobs - k) for k in range(held + 1))
    return sum(terms)


def compare(intents: Iterable[JobIntent], outcomes: Iterable[Outcome]) -> list[Compared]:
    """Each part of each job for which both the prediction and the actual value are known."""
    ended = {outcome.job_name: outcome for outcome in outcomes}
    asked = {intent.job_name: intent for intent in intents}  # once, whoever asked for it
    return [
        found
        for intent in asked.values()
        if (outcome := ended.get(intent.job_name)) is not None
        for part in PARTS
        if (found := _compared(intent, outcome, part)) is not None
    ]


def _compared(intent: JobIntent, outcome: Outcome, part: Part) -> Compared | None:
    actual, predicted = _actual(outcome, part), _predicted(intent, part)
    if actual is None or actual <= 0 or predicted is None or predicted.mid <= 0:
        return None
    return Compared(
        job_name=outcome.job_name,
        provider=outcome.provider,
        instance_type=outcome.instance_type,
        part=part,
        predicted=predicted,
        actual=actual,
    )


def _actual(outcome: Outcome, part: Part) -> float | None:
    pull, start_up = outcome.pull_seconds, outcome.start_up_seconds
    started = {
        "queue": outcome.queued_seconds,
        "pull": pull,
        "warm-up": None if pull is None or start_up is None else start_up - pull,
        "start-up": start_up,
    }
    if part in started:
        return started[part]
    if outcome.state != "succeeded":
        return None  # steps that were not run and bills of half a job say nothing
    if part == "steps":
        return outcome.run_seconds
    return None if outcome.usd is None else float(outcome.usd)


def _predicted(intent: JobIntent, part: Part) -> Interval | None:
    if part == "dollars":
        usd = intent.estimate.usd
        return Interval(low=float(usd.low), mid=float(usd.mid), high=float(usd.high))
    found = [item.seconds for item in intent.estimate.items if part in _speaks_of(item)]
    if len(found) < 2 or part == "steps":  # steps and rework are wrong the same way
        return sum(found[1:], start=found[0]) if found else None
    return combine.interval_of(combine.independent_sum(found))


def _speaks_of(item: EstimateItem) -> tuple[Part, ...]:
    """The parts of a job that an item of its estimate belongs to.

    What nobody bills comes before the moment that services call the start; the pull, which is
    billed, and the warm-up together are the start-up.
    """
    if item.name in phases.START_UP:
        return ("queue",) if item.billed_by == phases.NOBODY else ("pull", "start-up")
    if item.name == phases.WARM_UP:
        return ("warm-up", "start-up")
    return ("steps",) if item.name in (phases.TRAINING, phases.REWORK) else ()


def summaries(compared: Sequence[Compared]) -> list[Accuracy]:
    """Each part over all jobs, then by cloud, then by instance type; groups of none left out."""
    places: list[tuple[Provider | None, str | None]] = [(None, None)]
    kinds = sorted({(c.provider, c.instance_type) for c in compared})
    for provider in dict.fromkeys(provider for provider, _ in kinds):
        places.append((provider, None))
        places += [kind for kind in kinds if kind[0] == provider]
    return [
        found
        for provider, instance_type in places
        for part in PARTS
        if (found := _summary(compared, provider, instance_type, part)) is not None
    ]


def _summary(
    compared: Sequence[Compared], provider: Provider | None, instance_type: str | None, part: Part
) -> Accuracy | None:
    group = [
        c
        for c in compared
        if c.part == part
        and provider in (None, c.provider)
        and instance_type in (None, c.instance_type)
    ]
    if not group:
        return None
    return Accuracy(
        provider=provider,
        instance_type=instance_type,
        part=part,
        jobs=len(group),
        predicted=median([c.predicted.mid for c in group]),
        actual=median([c.actual for c in group]),
        error=median([c.error for c in group]),
        held=sum(c.held for c in group),
    )
