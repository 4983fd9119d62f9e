"""What the services run under trainfare's tag, against what the records know.

Stops no job, but one of these very records that waited longer for its machines than was allowed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from cloud.client import Client, JobStatus, handle_of
from cloud.errors import CloudError, JobNotFoundError
from cloud.waiting import cancel_overdue
from cloud.watch import now_seconds
from results.jobs import JobHandle, JobIntent, JobState, Outcome
from results.records import Provider
from results.store import Store

Finding = Literal[
    "known", "adopted", "orphan", "double", "lost", "unsent", "overdue",
    "unclear", "elsewhere", "unplaced",
]  # fmt: skip
WORDS: dict[Finding, str] = {
    "known": "as recorded",
    "adopted": "its answer had been lost; recorded now",
    "orphan": "tagged by trainfare, but not in these records: started elsewhere, or records lost",
    "double": "a second job of a name that is recorded; cancel the one that is not wanted",
    "lost": "recorded, but its service knows it no longer",
    "overdue": "waited longer than --max-wait for its machines; cancelled now, nothing was billed",
    "unsent": "asked for, but never started; what it had reserved is free again",
    "unclear": "asked for, and no answer was kept: it may run. Look again in some minutes",
    "elsewhere": "of another account, project or workspace, so it can't be told from here",
    "unplaced": "asked for, and not found here, but whether this is the account that was asked is "
    "not known, so it is kept. Give the same trainfare submit again, which finds or starts it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One job, and how records and service agree on it."""

    finding: Finding
    job_name: str
    provider: Provider
    region: str
    service_id: str | None
    state: JobState | None


def regions_used(store: Store, provider: Provider, own: str | None) -> list[str]:
    """Every region in which the records have a job of `provider`, and the one of the settings."""
    kept: list[JobHandle | JobIntent] = [
        *store.newest_first(JobHandle),
        *store.newest_first(JobIntent),
    ]
    return sorted({k.region for k in kept if k.provider == provider} | ({own} if own else set()))


def reconcile(
    client: Client,
    store: Store,
    provider: Provider,
    regions: Iterable[str],
    now: Callable[[], float] = now_seconds,
) -> list[Found]:
    """Compare each region's list with the records, and mend what is certain.

    An answer that was lost is recorded; an intent that no service knows is withdrawn, once its
    absence can be believed, and only where the very account that was asked is asked again. Orphans
    and doubles are told, never touched. Raises CloudError.
    """
    found: list[Found] = []
    handles = {h.job_name: h for h in store.newest_first(JobHandle) if h.provider == provider}
    intents = {i.job_name: i for i in store.newest_first(JobIntent) if i.provider == provider}
    for region in regions:
        listed = list(client.jobs(region))
        for job in listed:
            one = _listed(job, handles, intents, store, provider)
            found.append(_in_time(one, job, client, handles, intents, now()))
        seen = {job.service_id for job in listed}
        names = {job.job_name for job in listed}
        for handle in handles.values():
            if handle.region == region and handle.service_id not in seen:
                found += _unlisted(client, handle, intents.get(handle.job_name), store)
        for intent in intents.values():
            unanswered = intent.job_name not in handles and intent.job_name not in names
            if intent.region == region and unanswered:
                found.append(_unanswered(client, intent, store))
    return found


def _listed(
    job: JobStatus,
    handles: dict[str, JobHandle],
    intents: dict[str, JobIntent],
    store: Store,
    provider: Provider,
) -> Found:
    handle = handles.get(job.job_name)
    if handle is None and job.job_name in intents:
        handles[job.job_name] = handle_of(job, provider)
        store.add(handles[job.job_name])
        return _found("adopted", job, provider)
    if handle is None:
        return _found("orphan", job, provider)
    return _found("known" if handle.service_id == job.service_id else "double", job, provider)


def _in_time(
    found: Found,
    job: JobStatus,
    client: Client,
    handles: dict[str, JobHandle],
    intents: dict[str, JobIntent],
    at_seconds: float,
) -> Found:
    """A job of the records that has waited too long is cancelled; no other is ever touched."""
    intent = intents.get(job.job_name)
    if found.finding not in ("known", "adopted") or intent is None:
        return found
    late = cancel_overdue(client, handles[job.job_name], job, intent, at_seconds)
    return replace(found, finding="overdue") if late else found


def _found(finding: Finding, job: JobStatus, provider: Provider) -> Found:
    return Found(
        finding=finding,
        job_name=job.job_name,
        provider=provider,
        region=job.region,
        service_id=job.service_id,
        state=job.state,
    )


def _unlisted(
    client: Client, handle: JobHandle, intent: JobIntent | None, store: Store
) -> list[Found]:
    """A list may be behind, so the job itself is asked for before it is called lost."""
    try:
        return [_found("known", client.status(handle), handle.provider)]
    except JobNotFoundError:
        if store.find(Outcome, handle.job_name) is not None:
            return []  # it was collected before its service forgot it
        if intent is not None and _is_there(client, intent) is False:
            return [_gone("elsewhere", handle, handle.service_id)]
        return [_gone("lost", handle, handle.service_id)]


def _unanswered(client: Client, intent: JobIntent, store: Store) -> Found:
    """Withdraw an intent only where its age lets an absence be believed, and twice asked."""
    age = datetime.now(UTC) - datetime.fromisoformat(intent.captured_at)
    if age.total_seconds() <= 2 * client.settles_after_seconds + 600:
        return _gone("unclear", intent, None)  # its call may be under way
    if client.find(intent.job_name, intent.region):
        return _gone("unclear", intent, None)  # the list was behind: it is adopted next time
    is_there = _is_there(client, intent)
    if not is_there:
        return _gone("unplaced" if is_there is None else "elsewhere", intent, None)
    store.discard(intent)
    return _gone("unsent", intent, None)


def _is_there(client: Client, intent: JobIntent) -> bool | None:
    """Whether the account that is asked here is the one of the intent; None: not known."""
    if intent.account is None:
        return None
    try:
        asked = client.asked_account(intent.region)
    except CloudError:
        return None
    return None if asked is None else asked == intent.account


def _gone(finding: Finding, kept: JobHandle | JobIntent, service_id: str | None) -> Found:
    return Found(
        finding=finding,
        job_name=kept.job_name,
        provider=kept.provider,
        region=kept.region,
        service_id=service_id,
        state=None,
    )
