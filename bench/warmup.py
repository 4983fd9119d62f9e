"""Where warm-up ends: a change point in the sequence of block times, not a count."""

import math
from collections.abc import Sequence

from results.statistics import median

CLIP = 6.0  # robust standard deviations: one stray block must not make a change point of itself
# Of the CUSUM below: 500 blocks of steady noise passed it once in 4,000 simulations; with 2% stray
# blocks 3% did, nearly all for a stray block among the first three.
THRESHOLD = 4.5
MIN_CHANGE = 0.05  # a shift of the median smaller than this is drift, not warm-up
MIN_SPREAD = 0.01  # a clock that hardly varies must not make a change of nothing
MIN_BLOCKS = 8


def warmup_blocks(seconds: Sequence[float], disturbed: Sequence[bool] = ()) -> int:
    """How many of the first blocks belong to warm-up; at most half of them.

    Log times are centred and scaled by median and MAD of the second half, which is taken to be
    steady. The change point is where |Σ_{i≤k} z_i| / √(k·(1 − k/n)) is largest (CUSUM of a shift
    in mean; Page 1954, Csörgő & Horváth 1997), if that passes `THRESHOLD` and the medians before
    and after differ by 5%. What is left is searched again: compiling, searching for kernels and
    growing the allocator are steps of their own. Disturbed blocks do not count.
    """
    start, half = 0, len(seconds) // 2
    while len(seconds) - start >= MIN_BLOCKS:
        found = _change_point(seconds[start:], disturbed[start:])
        if found == 0 or start + found > half:
            break
        start += found
    return start


def _change_point(seconds: Sequence[float], disturbed: Sequence[bool]) -> int:
    """The block before which times changed most, or 0 where nothing passes the threshold."""
    flags = disturbed or (False,) * len(seconds)
    count, half = len(seconds), len(seconds) // 2
    logs = [math.log(max(s, 1e-9)) for s in seconds]
    steady = [x for x, bad in zip(logs[half:], flags[half:], strict=True) if not bad]
    if len(steady) < MIN_BLOCKS // 2:
        return 0
    centre = median(steady)
    spread = max(1.4826 * median([abs(x - centre) for x in steady]), MIN_SPREAD)
    best, where, total = THRESHOLD, 0, 0.0
    for k, (x, bad) in enumerate(zip(logs[:half], flags[:half], strict=True), start=1):
        total += 0.0 if bad else max(-CLIP, min(CLIP, (x - centre) / spread))
        score = abs(total) / math.sqrt(k * (1 - k / count))
        if score > best:
            best, where = score, k
    before = [x for x, bad in zip(logs[:where], flags[:where], strict=True) if not bad]
    if not before or abs(median(before) - centre) < math.log1p(MIN_CHANGE):
        return 0
    return where
