"""A cap over many jobs: what the records hold reserved, and how one more is let in.

A job is reserved by its intent, written before anything is sent. Each process writes one of its
own, which no other takes away, and then counts all: of those that go on, the last to write has
counted every other, so together they stay within the budget, on this machine or on many, without a
lock (docs/decisions/0032).
"""

import random
import secrets
from dataclasses import replace
from decimal import Decimal

from cloud.cap import billed_usd
from cloud.patience import Pause
from results import units
from results.errors import OverBudgetError
from results.jobs import JobHandle, JobIntent, Outcome
from results.store import Store

TRIES = 12  # while others that are not certain yet take the room


def spoken_for(store: Store, *, sent_only: bool = False, but: str | None = None) -> Decimal:
    """USD that all jobs of the store may cost, each once; without the one named `but`.

    `sent_only` leaves out intents that no service has answered yet, which may still be withdrawn.
    """
    ended = {o.job_name: o for o in store.newest_first(Outcome)}
    sent = {h.job_name for h in store.newest_first(JobHandle)}
    held: dict[str, Decimal] = {}
    for intent in store.newest_first(JobIntent):
        name = intent.job_name
        if name != but and (name in sent or not sent_only):
            held[name] = max(held.get(name, Decimal(0)), held_usd(intent, ended.get(name)))
    return sum(held.values(), Decimal(0))


def held_usd(intent: JobIntent, came: Outcome | None) -> Decimal:
    """What one job may cost: its cap, until what it did cost is known.

    Then that with disks, and with the start, idle and rounding that its service may bill beside the
    time it tells; above the cap only where that time alone costs more.
    """
    if came is None or came.usd is None or came.billed_seconds is None:
        return intent.max_usd
    offer, nodes = intent.estimate.offer, max(came.nodes, intent.estimate.job.nodes)
    certain = billed_usd(came.billed_seconds, offer, nodes, at_most=False)
    most = billed_usd(came.billed_seconds, offer, nodes, at_most=True)
    return max(came.usd, certain, min(most, intent.max_usd))


def reserve(store: Store, intent: JobIntent, budget_usd: Decimal | None, pause: Pause) -> JobIntent:
    """Write `intent`, within the budget, and give it as it was written: as the first of its name,
    or beside that of another process.

    Raises OverBudgetError, and leaves nothing behind, where the budget does not hold it.
    """
    for attempt in range(TRIES):
        mine = _written(store, intent)
        if budget_usd is None or spoken_for(store) <= budget_usd:
            return mine
        store.discard(mine)
        certain = spoken_for(store, sent_only=True, but=intent.job_name)
        if certain + intent.max_usd > budget_usd:
            break
        pause(random.uniform(0, min(2.0, 0.05 * 2**attempt)))  # noqa: S311 - who goes first
    raise OverBudgetError(
        f"The budget of {units.usd_text(budget_usd or Decimal(0))} does not hold "
        f"{units.usd_text(intent.max_usd)} more: the jobs before may cost "
        f"{units.usd_text(spoken_for(store, but=intent.job_name))}. Collect those that have ended "
        "(trainfare collect), which frees what they did not cost, or allow more."
    )


def _written(store: Store, intent: JobIntent) -> JobIntent:
    """The intent, on the disk: two of one name never share a file, though they say the same."""
    if store.find(JobIntent, intent.job_name) is None and store.put(intent):
        return intent
    own = replace(intent, beside=secrets.token_hex(8))
    store.add(own)
    return own
