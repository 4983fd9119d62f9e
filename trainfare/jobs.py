"""What the verbs that watch, end and collect jobs share: finding a job, its cloud, its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from results import units
from results.errors import NoAnswerError, UsageError, near
from results.jobs import JobHandle, JobIntent, Outcome
from results.names import PROVIDER_NAMES
from results.records import Provider
from results.rows import number
from results.store import Store
from trainfare import output, settings

if TYPE_CHECKING:
    from cloud.patience import Patient
    from cloud.trials import Trial
    from cloud.watch import Live

NEWEST = "last"
UNCLEAR = "no answer was kept: it may run. See what its service knows: trainfare jobs --reconcile"


@dataclass
class Known:
    """A job of the records, with what was asked and, once it is collected, what came of it."""

    handle: JobHandle
    intent: JobIntent
    outcome: Outcome | None

    @property
    def name(self) -> str:
        """The job's name, the same in the records and at the service."""
        return self.handle.job_name


def known_jobs(store: Store) -> list[Known]:
    """Every job that was started from these records, the newest first; bad records are told."""
    intents = {intent.job_name: intent for intent in store.newest_first(JobIntent)}
    outcomes = {outcome.job_name: outcome for outcome in store.newest_first(Outcome)}
    found = [
        Known(handle, intents[handle.job_name], outcomes.get(handle.job_name))
        for handle in store.newest_first(JobHandle)
        if handle.job_name in intents
    ]
    for problem in store.problems:
        output.say(f"! {problem}")
    return sorted(found, key=lambda job: job.handle.captured_at, reverse=True)


def unanswered(store: Store) -> list[JobIntent]:
    """What was asked for without an answer that was kept, the newest first: each may run."""
    answered = {handle.job_name for handle in store.newest_first(JobHandle)}
    found = {i.job_name: i for i in store.newest_first(JobIntent) if i.job_name not in answered}
    return list(found.values())


def find_job(store: Store, text: str) -> Known:
    """The job named `text`, or the only one whose name holds it; `last` is the newest.

    Raises NoAnswerError where there is no job at all, UsageError where none or several fit, or
    where no answer was kept.
    """
    jobs = known_jobs(store)
    if open_ones := [i.job_name for i in unanswered(store) if i.job_name == text]:
        raise UsageError(f"{open_ones[0]!r} was asked for, but {UNCLEAR}")
    if not jobs:
        raise NoAnswerError(f"{store.folder} holds no job. Start one with: trainfare submit")
    if text == NEWEST:
        return jobs[0]
    exact = [job for job in jobs if job.name == text]
    fitting = exact or [job for job in jobs if text in job.name]
    if len(fitting) == 1:
        return fitting[0]
    names = [job.name for job in fitting or jobs]
    what = "fits several jobs" if fitting else "is no job of these records"
    raise UsageError(f"{text!r} {what}. {near(text, names)} See: trainfare jobs")


class Clouds:
    """The clients of the clouds that are asked for, each made once."""

    def __init__(self, configured: settings.Settings) -> None:
        self._configured = configured
        self._made: dict[str, Patient] = {}

    def of(self, provider: Provider) -> "Patient":
        """The client of `provider`. Raises UsageError where a setting is missing."""
        if provider not in self._made:
            from cloud.patience import Patient
            from cloud.registry import client
            from cloud.settings import from_table

            own = from_table(provider, self._configured.table(provider))
            self._made[provider] = Patient(client(own))
        return self._made[provider]


def where(intent: JobIntent) -> str:
    """`1 × ml.g5.xlarge, SageMaker, us-east-1`."""
    offer, nodes = intent.estimate.offer, intent.estimate.job.nodes
    place = f"{PROVIDER_NAMES[offer.provider]}, {offer.region}"
    return f"{nodes} × {offer.instance_type}, {place}"


def outcome_row(outcome: Outcome) -> dict[str, Any]:
    """The outcome as JSON; amounts as numbers, None is unknown."""
    from results.codec import to_plain

    plain = cast(dict[str, Any], to_plain(outcome))
    amounts = {"usd": outcome.usd, "usd_per_hour": outcome.usd_per_hour}
    return plain | {key: None if value is None else number(value) for key, value in amounts.items()}


def outcome_line(outcome: Outcome) -> str:
    """`trainfare-cnn-… succeeded: $0.42 for 1,503 s billed (reported), trained 1,210 s`."""
    parts = []
    if outcome.usd is not None:
        billed = "" if outcome.billed_basis is None else f" ({outcome.billed_basis})"
        seconds = outcome.billed_seconds
        time = "" if seconds is None else f" for {units.seconds_text(seconds)} billed{billed}"
        parts.append(f"{units.usd_text(outcome.usd)}{time}")
    else:
        parts.append("cost unknown")
    if outcome.start_up_seconds is not None:
        parts.append(f"start-up {units.seconds_text(outcome.start_up_seconds)}")
    if outcome.run_seconds is not None:
        parts.append(f"trained {units.seconds_text(outcome.run_seconds)}")
    words = f" — {outcome.message}" if outcome.message else ""
    return f"{outcome.job_name} {outcome.state}: {', '.join(parts)}{words}"


def live_row(job: Known, live: "Live") -> dict[str, Any]:
    """A job that is not collected yet, as JSON."""
    beat = live.beat
    return {
        "job_name": job.name,
        "provider": job.handle.provider,
        "region": job.handle.region,
        "instance_type": job.intent.estimate.offer.instance_type,
        "nodes": job.intent.estimate.job.nodes,
        "state": live.status.state,
        "message": live.status.message,
        "running_seconds": live.running_seconds,
        "usd_so_far": None if live.usd_so_far is None else number(live.usd_so_far),
        "usd_at_end": None if live.usd_at_end is None else number(live.usd_at_end),
        "seconds_left": live.seconds_left,
        "waited_too_long": live.waited_too_long,
        "steps_done": None if beat is None else beat.steps_done,
        "steps_total": None if beat is None else beat.steps_total,
        "max_usd": number(live.max_usd),
    }


def unanswered_row(intent: JobIntent) -> dict[str, Any]:
    """What was asked for without an answer that was kept, as JSON."""
    return {
        "job_name": intent.job_name,
        "provider": intent.provider,
        "region": intent.region,
        "instance_type": intent.estimate.offer.instance_type,
        "nodes": intent.estimate.job.nodes,
        "state": None,
        "error": UNCLEAR,
        "max_usd": number(intent.max_usd),
        "collected": False,
    }


def live_line(live: "Live") -> str:
    """`running: epoch 3 of 10, $0.12 so far, 14 min left, $0.31 at the end (at most $0.50)`."""
    parts = []
    if live.waited_too_long:
        parts.append("cancelled now, for it waited longer than --max-wait")
    if live.beat is not None:
        share = live.beat.steps_done / live.beat.steps_total if live.beat.steps_total else 0.0
        parts.append(f"epoch {live.beat.epoch} of {live.beat.epochs} ({share:.0%})")
    if live.usd_so_far is not None:
        parts.append(f"{units.usd_text(live.usd_so_far)} so far")
    if live.seconds_left is not None:
        parts.append(f"about {units.seconds_text(live.seconds_left)} left")
    if live.usd_at_end is not None:
        parts.append(f"{units.usd_text(live.usd_at_end)} at the end")
    parts.append(f"at most ${live.max_usd}")
    return f"{live.status.state}: {', '.join(parts)}"


class TrialsLine:
    """Says what several trials cost so far, each time that it is another."""

    def __init__(self, max_usd: Decimal) -> None:
        self._max_usd, self._told = max_usd, ""

    def __call__(self, trials: "Sequence[Trial]") -> None:
        """Told after each look at the trials."""
        started = [trial for trial in trials if trial.handle is not None]
        running = sum(trial.open for trial in started)
        known = [usd for trial in started if (usd := trial.usd_so_far) is not None]
        left = [trial.live.seconds_left for trial in started if trial.live]
        parts = [f"{running} of {units.counted(len(started), 'trial')} not ended"]
        # A trial that waits for its machine has no cost that the service tells.
        parts.append(
            f"{units.usd_text(sum(known, Decimal(0)))} so far" if known else "cost not known yet"
        )
        if left and None not in left:
            parts.append(f"about {units.seconds_text(max(s for s in left if s is not None))} left")
        text = f"{', '.join(parts)} (at most ${self._max_usd})"
        if running and text != self._told:
            output.say(text)
        self._told = text


def detached(job: Known) -> str:
    """What Ctrl-C means while a job is watched."""
    return (
        f"Detached: {job.name} goes on and costs at most ${job.intent.max_usd}. "
        f"Watch it again: trainfare wait {job.name}; stop it: trainfare cancel {job.name}"
    )


def show_outcome(outcome: Outcome | None, as_json: bool) -> None:
    """The outcome of one job, as a line or as JSON."""
    if as_json:
        output.print_json(outcome=None if outcome is None else outcome_row(outcome))
    elif outcome is not None:
        output.print_line(outcome_line(outcome))
