"""How long a whole epoch takes, from sampled steps: predicted, not run."""

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise

from results.records import Measurement, Run
from results.statistics import Interval, median

MAX_GROUPS = 8
# The three slowest blocks count as no more than this many times the median, or they are the answer.
# Three, not all that are slow: where every fourth step waits for a loader, that is how an epoch is.
STRAYS, STRAY_RATIO = 3, 1.5
# What bursts are off the same steps in one stretch, as an epoch takes them, as a log: root mean
# square over the MLP, CNN and RNN (benchmarks/burst_bias.py).
METHOD_SPREAD, Z90 = 0.015, 1.282
# Student's t, 90th percentile by degrees of freedom: its two sides make an 80% interval.
_T90 = {1: 3.078, 2: 1.886, 3: 1.638, 4: 1.533, 5: 1.476, 6: 1.440, 7: 1.415}


def predicted_epoch(run: Run, undisturbed: bool = False) -> Interval | None:
    """Seconds of a whole epoch as an 80% interval, or None where steps were not taken in bursts.

    epoch = first step + (full batches − 1)·mean step + short last batch. The mean, not the median:
    an epoch is a sum, slow steps included. The first step holds what an epoch begins and
    ends with (workers, first batch). A short last batch takes between its share of a step and a
    whole one; the middle is used. `undisturbed` leaves out what was disturbed or slowed, for a
    machine where nothing is.

    The interval is that of a further burst (see `burst_interval`). Over real epochs of the seed's
    CNN its middle was as near as those epochs were to one another, and it held for 70–90% of them:
    benchmarks/epoch_prediction.py.
    """
    step = run.measurement("step")
    bursts = burst_means(step, undisturbed) if step else []
    if step is None or len(bursts) < 2:
        return None
    steps = run_steps(run)
    one = burst_interval(bursts)
    start = run.measurement("epoch_start")
    first = median(start.sample_seconds) if start and start.block_seconds else one.mid
    batch = run.workload.batch_size * run.processes
    rest = (run.workload.samples_per_epoch % batch) / batch
    last = (1 + rest) / 2 if rest else 1.0
    if steps == 1:
        return Interval(low=min(first, one.low), mid=first, high=max(first, one.high))
    seconds = one.scaled(steps - 2 + last)
    return Interval(low=seconds.low + first, mid=seconds.mid + first, high=seconds.high + first)


def run_steps(run: Run) -> int:
    """Steps an epoch of the run: ceil(samples / (batch × processes))."""
    return -(-run.workload.samples_per_epoch // (run.workload.batch_size * run.processes))


def burst_means(step: Measurement, undisturbed: bool = False) -> list[float]:
    """Mean seconds a step of each burst, neighbouring bursts merged into eight at most.

    The three slowest blocks count as at most 1.5 times the median, or as the fourth slowest
    (winsorised). From 45 steps of real epochs that was 0.9 and 1.5% off their total in the median,
    without and with loader workers; the plain mean 1.0 and 1.7, the median 1.7 and 2.2.
    """
    counts = step.bursts
    if not counts or sum(counts) != len(step.block_seconds):
        return []
    slowest = sorted(step.block_seconds)[-STRAYS - 1 :]
    limit = max(STRAY_RATIO * median(step.block_seconds), slowest[0])
    blocks = [
        None if undisturbed and bad else min(seconds, limit) / step.steps_per_block
        for seconds, bad in zip(step.block_seconds, step.left_out, strict=True)
    ]
    ends = list(accumulate(counts))
    groups = min(MAX_GROUPS, len(counts))
    cuts = [0] + [ends[round(len(ends) * (g + 1) / groups) - 1] for g in range(groups)]
    grouped = ([b for b in blocks[start:end] if b is not None] for start, end in pairwise(cuts))
    return [sum(group) / len(group) for group in grouped if group]


def burst_interval(means: Sequence[float]) -> Interval:
    """Mean step time as an 80% prediction interval for a further stretch like the bursts.

    mid = exp(mean of the log means); ends = mid·exp(∓√(t²·s²·(1 + 1/B) + z²·m²)), s the standard
    deviation of the B log means and t Student's 90th percentile for B − 1 degrees of freedom: the
    drift between bursts is in it. m is what bursts are off one stretch, z the normal 90th
    percentile. Needs two bursts.
    """
    count = len(means)
    logs = [math.log(m) for m in means]
    centre = sum(logs) / count
    spread = math.sqrt(sum((x - centre) ** 2 for x in logs) / (count - 1))
    drift = _T90.get(count - 1, 1.4) * spread * math.sqrt(1 + 1 / count)
    reach = math.hypot(drift, Z90 * METHOD_SPREAD)
    mid = math.exp(centre)
    return Interval(low=mid * math.exp(-reach), mid=mid, high=mid * math.exp(reach))
