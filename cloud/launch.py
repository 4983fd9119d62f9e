"""Starting a job once: intent, call, answer, in an order in which no crash loses or doubles one.

1. The intent is on the disk before any call. 2. The service is asked for a job of that name. 3. Not
before that is it created. 4. The answer is kept. 5. The stop setting is read back. Whatever ends
this in between, the same command again finds what is there and goes on (docs/decisions/0031).
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from cloud.budget import reserve
from cloud.client import JobStatus, handle_of
from cloud.errors import CloudError, NameTakenError, UnclearError
from cloud.patience import Patient
from results.errors import OverBudgetError, UsageError
from results.jobs import JobHandle, JobIntent
from results.records import Estimate, JobRequest
from results.store import Store, utc_now

LOOK_EVERY_SECONDS = 15.0
ATTEMPTS = 3  # at a create call whose answer was lost, each after the job was certainly not there


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be started: the request, what travels with it, the estimate that allowed it."""

    request: JobRequest
    archive: bytes
    source_digest: str
    estimate: Estimate

    @property
    def region(self) -> str:
        """Where it runs."""
        return self.estimate.offer.region

    def intent(self, account: str | None = None) -> JobIntent:
        """The record that is written before anything is sent, to whichever `account` it is."""
        asked = self.request
        return JobIntent(
            job_name=asked.job_name,
            captured_at=utc_now(),
            provider=asked.provider,
            region=self.region,
            request_digest=request_digest(asked),
            source_digest=self.source_digest,
            estimate=self.estimate,
            max_usd=asked.max_usd,
            max_seconds=asked.max_seconds,
            max_wait_seconds=asked.max_wait_seconds,
            account=account,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """The job as its service has it, and whether this call started it."""

    handle: JobHandle
    status: JobStatus
    is_new: bool


def request_digest(request: JobRequest) -> str:
    """The sha256 of the request's JSON form: one digit changed anywhere is another request."""
    return hashlib.sha256(json.dumps(request.request, sort_keys=True).encode()).hexdigest()


def launch(
    client: Patient,
    order: Order,
    store: Store,
    budget_usd: Decimal | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Launched:
    """Start `order`, or find it where it was started before. Spends at most its cap, once.

    Raises UsageError where the same name stands for another request, OverBudgetError where the
    budget does not hold it or the service took another stop setting, CloudError otherwise.
    """
    intent = order.intent(client.account)
    name = intent.job_name
    _refuse_another(store.find(JobIntent, name), intent)
    handle = store.find(JobHandle, name)
    if handle is not None:
        return Launched(handle=handle, status=_capped(client, handle, intent), is_new=False)
    mine = reserve(store, intent, budget_usd, client.pause)
    is_first = mine.beside is None
    try:
        _refuse_another(store.find(JobIntent, name), intent)  # of a process that was faster
        found = client.find(name, intent.region)
        if not found and not is_first:
            say(f"{name}: an earlier attempt was left without an answer; looking for its job …")
            found = _settled(client, mine)
        if not found:
            client.upload(order.request, intent.region, order.archive)
    except (CloudError, UsageError):
        _withdraw(store, mine)  # nothing was bought, so nothing stays reserved
        raise
    if found:
        made = _adopted(client, found, mine, store, is_ours=not is_first)
    else:
        made = _created(client, order, mine, store, say)
    # Others look for the first of its name, which its writer may have withdrawn meanwhile. What
    # was written beside it stays, so that at no moment the money is not held.
    _see_to(store, intent)
    return made


def _see_to(store: Store, intent: JobIntent) -> None:
    """Have the intent in the records, whatever was thought of it meanwhile."""
    if store.find(JobIntent, intent.intent_id) is None:
        store.put(intent)


def _withdraw(store: Store, mine: JobIntent) -> None:
    """Take back the own intent; where another process has started the job since, it stays."""
    store.discard(mine)
    if mine.beside is None and store.find(JobHandle, mine.job_name) is not None:
        _see_to(store, mine)


def _created(
    client: Patient,
    order: Order,
    intent: JobIntent,
    store: Store,
    say: Callable[[str], None],
) -> Launched:
    is_unclear = False  # whether an earlier call may have made the job
    for attempt in range(1, ATTEMPTS + 1):
        _see_to(store, intent)
        try:
            handle = client.create(order.request, intent.region)
        except NameTakenError:
            found = client.find(intent.job_name, intent.region)
            if not found:
                raise
            return _adopted(client, found, intent, store, is_ours=True)
        except UnclearError:
            say(f"{intent.job_name}: no clear answer; looking whether the job was started …")
            found = _settled(client, intent)
            if found:
                return _adopted(client, found, intent, store, is_ours=True)
            if attempt == ATTEMPTS:
                raise
            is_unclear = True
            continue
        except CloudError:
            # This very call was refused. What fails after it says nothing about the job.
            if not is_unclear:
                _withdraw(store, intent)
            raise
        older = _is_double(client, handle)
        if older:
            return _adopted(client, older, intent, store, is_ours=True)
        handle = _kept(store, handle)
        return Launched(handle=handle, status=_capped(client, handle, intent), is_new=True)
    raise AssertionError("unreachable")


def _kept(store: Store, handle: JobHandle) -> JobHandle:
    """The handle in the records: of two processes that know of one job the first has written it."""
    if store.put(handle):
        return handle
    kept = store.find(JobHandle, handle.job_name)
    if kept is None or kept.service_id != handle.service_id:
        store.add(handle)  # says what is wrong
    return kept or handle


def _settled(client: Patient, intent: JobIntent) -> list[JobStatus]:
    """The jobs of that name, once an absence can be believed."""
    waited = 0.0
    while True:
        found = client.find(intent.job_name, intent.region)
        if found or waited >= client.settles_after_seconds:
            return found
        client.pause(LOOK_EVERY_SECONDS)
        waited += LOOK_EVERY_SECONDS


def _adopted(
    client: Patient, found: list[JobStatus], intent: JobIntent, store: Store, *, is_ours: bool
) -> Launched:
    """Keep the oldest job of the name; one that others started is never stopped from here."""
    first = found[0]
    handle = handle_of(first, intent.provider)
    if not is_ours and first.max_seconds != intent.max_seconds:
        _withdraw(store, intent)
        raise UsageError(
            f"{first.job_name!r} is already at the service with another time limit "
            f"({first.max_seconds} s instead of {intent.max_seconds} s), from elsewhere. Give the "
            "same --max-usd as there, or --again for one more."
        )
    handle = _kept(store, handle)
    if not first.ended and first.max_seconds != intent.max_seconds:
        first = _capped(client, handle, intent)
    if is_ours:
        _stop_doubles(client, found[1:], intent)
    return Launched(handle=handle, status=first, is_new=False)


def _is_double(client: Patient, made: JobHandle) -> list[JobStatus]:
    """The jobs of the name, where another creator was faster on a service that takes a name twice.

    The oldest stays: each creator stops its own if it is not that one.
    """
    if client.settles_after_seconds == 0:
        return []
    found = client.find(made.job_name, made.region)
    if not found or found[0].service_id == made.service_id:
        return []
    client.cancel(made)
    return found[:1]


def _stop_doubles(client: Patient, doubles: list[JobStatus], intent: JobIntent) -> None:
    for job in doubles:
        if not job.ended:
            client.cancel(handle_of(job, intent.provider))


def _capped(client: Patient, handle: JobHandle, intent: JobIntent) -> JobStatus:
    """Read the stop setting back; stop the job at once where it is not what was asked for."""
    status = client.status(handle)
    if status.max_seconds != intent.max_seconds and not status.ended:
        client.cancel(handle)
        raise OverBudgetError(
            f"The service holds a time limit of {status.max_seconds} s for {handle.job_name!r}, "
            f"not the {intent.max_seconds} s that the cap of ${intent.max_usd} rests on, so the "
            "job was stopped at once. See what it cost: trainfare collect"
        )
    return status


def _refuse_another(kept: JobIntent | None, intent: JobIntent) -> None:
    if kept is not None and kept.account not in (None, intent.account):
        raise UsageError(
            f"{intent.job_name!r} was asked for before in {kept.account}, not in {intent.account}, "
            "so whether it runs can't be told from here. Set up trainfare.toml for that one to "
            "find it, or give --again to start one more."
        )
    if kept is not None and kept.request_digest != intent.request_digest:
        raise UsageError(
            f"{intent.job_name!r} was asked for before with other parameters (then at most "
            f"{_limits(kept)}; now {_limits(intent)}). Give the same as then to find it, or "
            "--again to start one more."
        )


def _limits(intent: JobIntent) -> str:
    wait = intent.max_wait_seconds
    waiting = "" if wait is None else f", {wait} s of waiting"
    return f"${intent.max_usd}, {intent.max_seconds} s{waiting}"
