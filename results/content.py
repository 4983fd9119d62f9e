"""What a report is made of: the newest answer of each workload and all that went before it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from results.all_offers import AllOffers, BriefEstimate, brief
from results.errors import RecordError
from results.jobs import JobIntent, Outcome
from results.records import Estimate, EstimateItem, Quote, Run
from results.shown import best_of_each
from results.store import Store

T = TypeVar("T", Quote, Run)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A quote, the run it rests on and every offer it ranked; what is not on record is None."""

    quote: Quote
    run: Run | None = None
    offers: AllOffers | None = None

    @property
    def name(self) -> str:
        """The workload's."""
        return self.quote.estimates[0].job.workload.name

    @property
    def best_of_each(self) -> list[Estimate]:
        """The cheapest of each service."""
        kept = self.quote.estimates
        return [kept[place] for place in best_of_each(kept, 1)]

    @property
    def ranked(self) -> Sequence[BriefEstimate]:
        """All offers in order, or those kept in the quote where the others are not on record."""
        if self.offers and self.offers.estimates:
            return self.offers.estimates
        return [brief(estimate) for estimate in self.quote.estimates]

    @property
    def itemised(self) -> list[tuple[BriefEstimate, tuple[EstimateItem, ...]]]:
        """All of `ranked` with their bills; an empty one where it is not on record.

        Records of older versions have the bills of the best offers only, with the quote.
        """
        kept = {brief(estimate): estimate.items for estimate in self.quote.estimates}
        own = self.offers.items if self.offers else lambda _: ()
        return [(offer, own(offer) or kept.get(offer, ())) for offer in self.ranked]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastJob:
    """What was predicted when the money was allowed, and what came of it."""

    intent: JobIntent
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Everything a report shows, whatever its format."""

    made_at: str  # ISO 8601, UTC
    runs: tuple[Run, ...] = ()  # all of them, the oldest first
    answers: tuple[Answer, ...] = ()  # the newest of each workload, with at least one estimate
    jobs: tuple[PastJob, ...] = ()  # the oldest first
    problems: tuple[str, ...] = ()  # records that could not be read

    @property
    def latest(self) -> list[Run]:
        """The newest run of each workload, in the order in which they were first measured."""
        return list({run.workload.name: run for run in self.runs}.values())


def gather(store: Store, made_at: str) -> Content:
    """Read the store. Files that can't be read are named in `problems`, never hidden."""
    runs = tuple(reversed(list(_runs(store))))
    by_id = {run.run_id: run for run in runs}
    answers = []
    for name in dict.fromkeys(run.workload.name for run in runs):
        quote = _newest_quote(store, name)
        if quote:
            run, offers = by_id.get(quote.run_id), _offers(store, quote)
            answers.append(Answer(quote=quote, run=run, offers=offers))
    jobs = tuple(_jobs(store))
    return Content(
        made_at=made_at,
        runs=runs,
        answers=tuple(answers),
        jobs=jobs,
        problems=tuple(store.problems),
    )


def _runs(store: Store) -> Iterator[Run]:
    """Those whose times can be used: a job, or somebody by hand, may have written any record."""
    for run in store.newest_first(Run):
        flaw = _flaw(run)
        if flaw is None:
            yield run
        else:
            store.problems.append(f"Run {run.run_id} is left out: {flaw}.")


def _flaw(run: Run) -> str | None:
    for m in run.measurements:
        lengths = {len(m.block_seconds), len(m.disturbed), len(m.slowed or m.disturbed)}
        fits = len(lengths) == 1 and m.steps_per_block > 0
        if not m.block_seconds or not fits or min(m.block_seconds) < 0:
            return f"its {m.phase} has no usable times"
        if m.phase in ("step", "epoch") and m.seconds.mid <= 0:
            return f"its {m.phase} took no time"
    together = run.scaling
    if together:
        rounds = (together.single_block_seconds, together.parallel_block_seconds)
        even = {len(times) for times in rounds} == {len(together.disturbed)}
        if not together.disturbed or not even or min(map(min, rounds)) <= 0:
            return "its scaling has no usable times"
    return None


def _newest_quote(store: Store, name: str) -> Quote | None:
    found = (q for q in store.newest_first(Quote, name) if q.estimates)
    return next((q for q in found if q.estimates[0].job.workload.name == name), None)


def _offers(store: Store, quote: Quote) -> AllOffers | None:
    try:
        return store.find(AllOffers, quote.quote_id)
    except RecordError as error:  # the quote is whole without it
        store.problems.append(str(error))
        return None


def _jobs(store: Store) -> Iterator[PastJob]:
    intents = {intent.job_name: intent for intent in store.newest_first(JobIntent)}
    outcomes: Sequence[Outcome] = sorted(store.newest_first(Outcome), key=lambda o: o.captured_at)
    for outcome in outcomes:
        if outcome.job_name in intents:
            yield PastJob(intent=intents[outcome.job_name], outcome=outcome)
