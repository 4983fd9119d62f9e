"""Several threads beside other programs: they wait for each other, and no time can be told.

Beside one busy process a core an MLP's step takes 38 times as long with two threads and an RNN's
over 600 times, as each parallel part waits for a thread that has no processor. One thread loses a
sixth, and its undisturbed steps are within 5% of quiet ones (benchmarks/disturbance.py). Where the
number of threads was left to the framework, one is measured then, and the record says so.
"""

from collections.abc import Sequence

from bench import torch_facts
from bench.disturbance import Block, disturbed
from bench.session import Session
from results.measured import ONE_THREAD
from results.measurement import are_busy
from results.records import Measurement


def is_crowded(session: Session, blocks: Sequence[Block], others: float | None) -> bool:
    """Whether other programs (`others` processors of them) make the threads' times worthless."""
    if session.is_gpu or session.threads is not None or (torch_facts.threads() or 1) == 1:
        return False
    if not are_busy(others):  # less does not stop a pool of threads
        return False
    taken = Measurement(
        phase="step",
        block_seconds=tuple(b.seconds for b in blocks),
        disturbed=disturbed(blocks),
    )
    return taken.verdict == "contended"


def use_one_thread(session: Session) -> str:
    """Prepare the workload anew with one thread; the warning that goes into the record."""
    threads = torch_facts.threads()
    session.threads = 1
    session.prepare()
    return (
        f"{ONE_THREAD}, as {threads} did little but wait for each other beside other "
        f"programs; --threads {threads} insists"
    )
