"""The part of a step that does not grow with the batch, from times at several batch sizes."""

from collections.abc import Mapping
from typing import Final

MIN_BATCHES: Final = 3
# Eight times the batch in nearly the same time: what is timed is not the device.
FLAT_BATCHES: Final = 8
FLAT_GROWTH: Final = 1.05


def fixed_seconds(sweep: Mapping[int, float]) -> float | None:
    """`o` of `step = o + s·batch`, seconds, by least squares of relative errors.

    `sweep` maps batch size to seconds a step. None below three batch sizes; never negative, never
    above the shortest step.
    """
    if len(sweep) < MIN_BATCHES:
        return None
    w0 = w1 = w2 = y0 = y1 = 0.0
    for batch, seconds in sweep.items():
        weight = 1 / seconds**2
        w0, w1, w2 = w0 + weight, w1 + weight * batch, w2 + weight * batch**2
        y0, y1 = y0 + weight * seconds, y1 + weight * batch * seconds
    intercept = (y0 * w2 - y1 * w1) / (w0 * w2 - w1 * w1)
    return min(max(intercept, 0.0), *sweep.values())


def is_flat(sweep: Mapping[int, float]) -> bool:
    """Whether the step takes as long with eight times the batch: the host or the input sets it."""
    small, large = min(sweep), max(sweep)
    return large >= FLAT_BATCHES * small and sweep[large] <= FLAT_GROWTH * sweep[small]
