"""The part of a step that does not grow with the batch, from times at several batch sizes."""

from collections.abc import Mapping
from typing import Final

from results.records import SweepPoint
from results.sweep import fit

# Eight times the batch in nearly the same time: what is timed is not the device.
FLAT_BATCHES: Final = 8
FLAT_GROWTH: Final = 1.05


def fixed_seconds(sweep: Mapping[int, float]) -> float | None:
    """`o` of `step = o + s·batch`, seconds; never above the shortest step (see results.sweep).

    `sweep` maps batch size to seconds a step. None below three batch sizes.
    """
    found = fit([SweepPoint(batch_size=b, step_seconds=(s,)) for b, s in sweep.items()])
    return min(found.overhead_seconds.mid, *sweep.values()) if found else None


def is_flat(sweep: Mapping[int, float]) -> bool:
    """Whether the step takes as long with eight times the batch: the host or the input sets it."""
    small, large = min(sweep), max(sweep)
    return large >= FLAT_BATCHES * small and sweep[large] <= FLAT_GROWTH * sweep[small]
