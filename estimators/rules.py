"""The rules of projection, each a pure function to factors on time or to seconds.

Intervals are 80% ones; two of them are multiplied end by end, which is never too narrow.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from estimators.assumptions import (
    CPU_FACTOR,
    CPU_JOBS_SHARE,
    CPU_TO_GPU_SPEEDUP,
    EFFICIENCY,
    SAME_GPU_SPREAD,
    SHORTEST_GPU_STEP_SECONDS,
    UNKNOWN_EFFICIENCY_LOW,
)
from results.statistics import Interval

SAME_DEVICE = Interval(low=1 - SAME_GPU_SPREAD, mid=1, high=1 + SAME_GPU_SPREAD)


def times(seconds: Interval, factor: Interval) -> Interval:
    """seconds × factor, end by end."""
    return Interval(
        low=seconds.low * factor.low,
        mid=seconds.mid * factor.mid,
        high=seconds.high * factor.high,
    )


def hull(kept: Interval, other: Interval) -> Interval:
    """The middle of `kept`, with ends that span both."""
    return Interval(low=min(kept.low, other.low), mid=kept.mid, high=max(kept.high, other.high))


def cpu_factor(
    threads: int, vcpus: float, cores: float | None = None, scaling: float | None = None
) -> Interval:
    """Time on `vcpus` over time measured with `threads`, at unknown speed of a thread.

    Fewer processors: × threads/vcpus, at worst × threads/`cores` where two vCPUs are one core.
    More: no gain in the middle, at best a proportional one. Where own runs told how the job scales
    with threads, the middle is (threads/vcpus)^`scaling`. Both ends are ×/÷ `CPU_FACTOR` wider.
    """
    share = threads / vcpus
    worst = threads / min(vcpus, cores or vcpus)
    return Interval(
        low=min(1.0, share) / CPU_FACTOR,
        mid=max(1.0, share) if scaling is None else share**scaling,
        high=max(1.0, worst) * CPU_FACTOR,
    )


def moved_by_own_runs(rule: Interval, factors: Sequence[float]) -> Interval:
    """`rule` moved by how much longer than it has it own runs took, and narrowed.

    The rule counts as much as one run: the middle moves by the (1 + n)th root of the product of
    `factors`, the ends come closer by √(1 + n) on the log scale, yet not closer than
    `CPU_JOBS_SHARE` of it, as jobs differ in how two processors compare.
    """
    count = 1 + len(factors)
    mid = rule.mid * math.exp(sum(math.log(factor) for factor in factors) / count)
    left = max(1 / math.sqrt(count), CPU_JOBS_SHARE) if factors else 1.0
    return Interval(
        low=mid * math.pow(rule.low / rule.mid, left),
        mid=mid,
        high=mid * math.pow(rule.high / rule.mid, left),
    )


def gpu_from_cpu_seconds(
    step_seconds: Interval, fraction: float, speedups: Sequence[float] = ()
) -> Interval:
    """A step on a GPU from the step on a CPU: 0.4 to 107 times as fast, whatever the GPU.

    The middle is the geometric one, 6.5 times, yet never below the shortest training step known
    of any GPU unless the CPU is faster still. `speedups` of other jobs between the two devices
    count as much each as that middle; the interval shrinks by √(1 + n) on the log scale. A
    `fraction` of a GPU is that much slower.
    """
    slowest, fastest = (math.log(speedup) for speedup in CPU_TO_GPU_SPEEDUP)
    known = [(slowest + fastest) / 2, *(math.log(speedup) for speedup in speedups)]
    middle = sum(known) / len(known)
    reach = (fastest - slowest) / 2 / math.sqrt(len(known))
    floor = min(step_seconds.mid, SHORTEST_GPU_STEP_SECONDS)
    mid = max(step_seconds.mid / (math.exp(middle) * fraction), floor)
    low = step_seconds.low / (math.exp(middle + reach) * fraction)
    high = step_seconds.high / (math.exp(middle - reach) * fraction)
    return Interval(low=min(low, mid), mid=mid, high=max(mid, high))


def efficiency(processes_per_node: int, nodes: int) -> Interval:
    """What each of N processes achieves of a single one's speed: p10, median, 1.

    Between the published 2, 4 and 8 it is linear in log2(N); beyond 8 or between machines the
    median is held and the low end is assumed.
    """
    processes = processes_per_node * nodes
    _, mid, low = EFFICIENCY[-1]
    for (n0, mid0, low0), (n1, mid1, low1) in pairwise(EFFICIENCY):
        if n0 <= processes <= n1:
            along = math.log2(processes / n0) / math.log2(n1 / n0)
            mid, low = mid0 + along * (mid1 - mid0), low0 + along * (low1 - low0)
            break
    if nodes > 1 or processes > EFFICIENCY[-1][0]:
        low = min(low, UNKNOWN_EFFICIENCY_LOW)
    return Interval(low=low, mid=mid, high=1.0)


def parallel_factor(processes_per_node: int, nodes: int) -> Interval:
    """1 / efficiency: how much longer a step takes when N processes share the work."""
    found = efficiency(processes_per_node, nodes)
    return Interval(low=1 / found.high, mid=1 / found.mid, high=1 / found.low)
