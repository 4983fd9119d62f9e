"""A job that is deliberately started once more: its name, and the checkpoint it goes on from."""

from cloud.patience import Patient
from cloud.registry import plan_packed
from cloud.settings import Settings
from cloud.source import Packed
from results.jobs import JobIntent
from results.records import JobRequest, Offer
from results.store import Store

CUT_SHORT = ("failed", "stopped", "timed_out")


def once_more(
    client: Patient,
    packed: Packed,
    offer: Offer,
    settings: Settings,
    planned: JobRequest,
    store: Store,
) -> tuple[JobRequest, str | None]:
    """`planned` under the first name that is not taken, and the job whose checkpoint it goes on
    from.

    That is the last one of the same job if it was a spot job and ended before it was through, as on
    Vertex AI where its machine is taken. After one that succeeded or still runs it begins anew.
    """
    unfinished: str | None = None
    repeat = 0
    while True:
        found = client.find(planned.job_name, offer.region)
        if not found and store.find(JobIntent, planned.job_name) is None:
            return planned, unfinished
        if found:
            is_cut_short = offer.allocation == "spot" and found[-1].state in CUT_SHORT
            unfinished = (unfinished or planned.job_name) if is_cut_short else None
        repeat += 1
        planned = plan_packed(
            packed, offer, settings, planned.max_usd, repeat, planned.max_wait_seconds, unfinished
        )
