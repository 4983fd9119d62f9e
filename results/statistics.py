"""Statistics of raw times, in plain Python: `quote` starts without numpy."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import NormalDist


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A range with its best single value, all in the same unit."""

    low: float
    mid: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.mid <= self.high:  # also refuses NaN
            raise ValueError(f"interval out of order: {self.low}, {self.mid}, {self.high}")

    def scaled(self, factor: float) -> "Interval":
        """The interval times a non-negative `factor`."""
        return Interval(low=self.low * factor, mid=self.mid * factor, high=self.high * factor)

    def __add__(self, other: "Interval") -> "Interval":
        """End by end: as wide as if both were wrong the same way, so never too narrow."""
        return Interval(
            low=self.low + other.low, mid=self.mid + other.mid, high=self.high + other.high
        )


def median(values: Sequence[float]) -> float:
    """The middle value; the mean of the two middle ones for an even number."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("median of no values")
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def median_interval(values: Sequence[float], z: float = 1.96) -> Interval:
    """The median with its distribution-free 95% interval from order statistics.

    Ranks `n/2 ∓ z·√n/2` (normal approximation of the binomial; Conover, Practical Nonparametric
    Statistics, 3rd ed., 3.2). With fewer than six values the ends are the extremes, which cover
    the median with probability `1 − 2^(1−n)`: 94% for five, 75% for three, unknown for one.
    """
    ordered = sorted(values)
    n, mid = len(ordered), median(ordered)
    reach = z * math.sqrt(n) / 2
    low = max(0, math.floor(n / 2 - reach))
    high = min(n - 1, math.ceil(n / 2 + reach))
    return Interval(low=ordered[low], mid=mid, high=ordered[high])


def relative_half_width(interval: Interval) -> float:
    """(high − low) / (2·mid); infinite where the middle is zero."""
    return (interval.high - interval.low) / (2 * interval.mid) if interval.mid else math.inf


def bursts_interval(
    seconds: Sequence[float], left_out: Sequence[bool], bursts: Sequence[int]
) -> Interval | None:
    """Weighted geometric mean of the medians of bursts of blocks, with its 95% interval.

    With wᵢ the blocks of burst i (`bursts[i]` of all) that are not `left_out`, xᵢ the log of their
    median, m = Σwᵢxᵢ/Σwᵢ and B = (Σwᵢ)²/Σwᵢ² (Kish 1965; the number of bursts where all have as
    many): exp(m ∓ t(97.5%, B − 1)·√(Σwᵢ²(xᵢ − m)²/(Σwᵢ)²·B/(B − 1))), that of a mean of clusters.
    None where B is under two. The interval of the median of all blocks takes each for independent
    and so does not see that whole bursts were slow; and where half of them were, a few more or less
    move that median from one kind to the other.
    """
    ends = [0, *accumulate(bursts)]
    kept = [
        [s for s, out in zip(seconds[a:b], left_out[a:b], strict=True) if s > 0 and not out]
        for a, b in pairwise(ends)
    ]
    pairs = [(len(burst), math.log(median(burst))) for burst in kept if burst]
    total = sum(weight for weight, _ in pairs)
    count = total**2 / sum(weight**2 for weight, _ in pairs) if pairs else 0.0
    if count < 2:
        return None
    mean = sum(weight * x for weight, x in pairs) / total
    squares = sum((weight * (x - mean)) ** 2 for weight, x in pairs) / total**2
    reach = t_quantile(0.975, int(count) - 1) * math.sqrt(squares * count / (count - 1))
    return Interval(low=math.exp(mean - reach), mid=math.exp(mean), high=math.exp(mean + reach))


def t_quantile(probability: float, degrees: int) -> float:
    """The `probability` quantile (above 0.5) of Student's t with `degrees` ≥ 1 of freedom.

    Hill's expansion (1970, Algorithm 396, CACM 13:619–620), exact for one; within 0.2% of the true
    value for probabilities up to 0.9999 (tests/results/test_statistics.py). Raises ValueError.
    """
    if not 0.5 < probability < 1 or degrees < 1:
        raise ValueError(f"no t quantile for {probability} with {degrees} degrees of freedom")
    tail = 2 * (1 - probability)
    if degrees == 1:
        return 1 / math.tan(tail * math.pi / 2)
    a = 1 / (degrees - 0.5)
    b = 48 / (a * a)
    c = ((20700 * a / b - 98) * a - 16) * a + 96.36
    d = ((94.5 / (b + c) - 3) / b + 1) * math.sqrt(a * math.pi / 2) * degrees
    y = (d * tail) ** (2 / degrees)
    if y > 0.05 + a:
        x = NormalDist().inv_cdf(tail / 2)
        y = x * x
        if degrees < 5:
            c += 0.3 * (degrees - 4.5) * (x + 0.6)
        c = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + c
        y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x
        y = math.expm1(a * y * y)
    else:
        first = ((degrees + 6) / (degrees * y) - 0.089 * d - 0.822) * (degrees + 2) * 3
        y = ((1 / first + 0.5 / (degrees + 4)) * y - 1) * (degrees + 1) / (degrees + 2) + 1 / y
    return math.sqrt(degrees * y)
