"""A cap over many jobs: what the records hold reserved, and how one more is let in.

A job is reserved by its intent, written before anything is sent. Each process writes its own and
then counts all: of those that go on, the last to write has counted every other, so together they
stay within the budget, on this machine or on many, without a lock (docs/decisions/0032).
"""

import random
from decimal import Decimal

from cloud.patience import Pause
from results import units
from results.errors import OverBudgetError, RecordError
from results.jobs import JobHandle, JobIntent, Outcome
from results.store import Store

TRIES = 12  # while others that are not certain yet take the room


def spoken_for(store: Store, *, sent_only: bool = False) -> Decimal:
    """USD that all jobs of the store may cost: of each what it did cost, or else its cap.

    `sent_only` leaves out intents that no service has answered yet, which may still be withdrawn.
    """
    ended = {o.job_name: o.usd for o in store.newest_first(Outcome) if o.usd is not None}
    sent = {h.job_name for h in store.newest_first(JobHandle)}
    intents = [i for i in store.newest_first(JobIntent) if i.job_name in sent or not sent_only]
    return sum((ended.get(i.job_name, i.max_usd) for i in intents), Decimal(0))


def reserve(store: Store, intent: JobIntent, budget_usd: Decimal | None, pause: Pause) -> bool:
    """Write `intent`, within the budget. True where it is new, False where it was there already.

    Raises OverBudgetError, and leaves nothing behind, where the budget does not hold it.
    """
    for attempt in range(TRIES):
        is_new = _added(store, intent)
        if budget_usd is None or spoken_for(store) <= budget_usd:
            return is_new
        if is_new:
            store.discard(intent)
        certain = spoken_for(store, sent_only=True)
        if certain + intent.max_usd > budget_usd:
            break
        pause(random.uniform(0, min(2.0, 0.05 * 2**attempt)))  # noqa: S311 - who goes first
    raise OverBudgetError(
        f"The budget of {units.usd_text(budget_usd or Decimal(0))} does not hold "
        f"{units.usd_text(intent.max_usd)} more: the jobs before may cost "
        f"{units.usd_text(spoken_for(store))}. Collect those that have ended (trainfare collect), "
        "which frees what they did not cost, or allow more."
    )


def _added(store: Store, intent: JobIntent) -> bool:
    """Whether this call wrote the intent, rather than another before it."""
    if store.find(JobIntent, intent.job_name) is not None:
        return False
    try:
        store.add(intent)
    except RecordError:
        return False
    return True
