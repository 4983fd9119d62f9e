"""How one phase changed between two sets of runs of the same work, and how sure that is.

What a run can't know of itself is how much the next one will differ: the machine drifts between
runs by more than the blocks within one do. That spread is taken from repeated runs where there
are enough, else assumed, and it is part of every interval.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, variance
from typing import Any, Literal

from results.records import Measurement, Run
from results.statistics import Interval, median, median_interval, t_quantile

Change = Literal["same", "faster", "slower", "ambiguous"]

SAME_WITHIN = 0.02  # an interval inside ±2% is `same`: what a quiet measurement promises
# Standard deviation of a run's log median where too few repeats tell it. Measured on a 2-core
# virtual machine by benchmarks/run_to_run.py, six quiet runs each within two minutes: mlp 1.8%, cnn
# 5.9%, rnn 10.2%, together 6.9%.
ASSUMED_RUN_SPREAD = 0.07
MIN_REPEATS = 4  # degrees of freedom from which the repeats are believed
GROUPS = 10  # stretches of a run whose medians show how much it wandered
STRETCH_BLOCKS = 8  # fewer would show the noise of single blocks instead
Z95 = 1.96
BILLED_PHASES = ("step", "epoch")  # what a bill is made of: only these can be a regression
SOFTWARE = ("threads", "torch_version", "python_version", "cuda_version", "driver_version")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseChange:
    """One phase of one workload on both sides; `ratio` is candidate time / baseline time."""

    workload: str
    batch_size: int
    phase: str
    baseline_seconds: float  # a step or an epoch: geometric mean of the runs' medians
    candidate_seconds: float
    ratio: Interval
    change: Change
    contended: bool
    run_counts: tuple[int, int]
    repeats: int  # degrees of freedom of the run-to-run spread; 0: it was assumed
    run_spread: float  # standard deviation of a run's log median

    def is_regression(self, threshold: float) -> bool:
        """Whether all the interval of a billed phase lies above 1 + `threshold` (0.05: 5%)."""
        slower = self.change == "slower" and self.ratio.low > 1 + threshold
        return slower and self.phase in BILLED_PHASES


@dataclass(frozen=True, slots=True)
class Repeat:
    """A quiet run among others of the same work: its code and machine, and its log median."""

    code: tuple[Any, ...]
    log_seconds: float


@dataclass(frozen=True, slots=True)
class _Side:
    """One phase of the runs of one side; log seconds throughout."""

    medians: tuple[float, ...]  # one a run
    variances: tuple[float, ...]  # of each, as far as the run itself tells
    wandering: float  # largest standard deviation between the stretches of a run
    contended: bool
    lowest: float
    highest: float

    @property
    def mid(self) -> float:
        return fmean(self.medians)

    @property
    def within(self) -> float:
        """Variance of `mid` as far as the runs themselves tell."""
        return sum(self.variances) / len(self.variances) ** 2

    @property
    def within_dof(self) -> int:
        return len(self.medians) * (GROUPS - 1)


def phase_change(
    baseline: Sequence[Run],
    candidate: Sequence[Run],
    history: Iterable[Repeat],
    phase: str,
    confidence: float,
) -> PhaseChange:
    """The change of `phase` from the runs `baseline` to `candidate`, as `results.compare` says it.

    ratio = exp(mean log m of the candidate − mean log m of the baseline), m the median of a run's
    undisturbed blocks, with a t interval of `confidence`. Its variance is that of the stretches of
    each run (batch means; Law 2015, Simulation Modeling and Analysis, 5th ed., 9.5.3) plus the
    run-to-run spread. `history` are further runs of the same work, as `repeat` takes them: those of
    the same code tell that spread. Where a side is contended, the interval spans all blocks. So is
    one that gave way to other programs with one thread, beside one with other threads.
    """
    alike = len({run.machine.threads for run in (*baseline, *candidate)}) == 1
    a, b = _side(baseline, phase, alike), _side(candidate, phase, alike)
    contended = a.contended or b.contended
    known = [list(side.medians) for side in (a, b) if not side.contended]
    spread, repeats = run_spread([*known, *_repeats(history)])
    if repeats < MIN_REPEATS:
        spread, repeats = ASSUMED_RUN_SPREAD, 0
    mid = b.mid - a.mid
    if contended:
        low, high = min(mid, b.lowest - a.highest), max(mid, b.highest - a.lowest)
    else:
        reach = _reach(a, b, spread, repeats, confidence)
        low, high = mid - reach, mid + reach
    ratio = Interval(low=math.exp(low), mid=math.exp(mid), high=math.exp(high))
    first = baseline[0].workload
    return PhaseChange(
        workload=first.name,
        batch_size=first.batch_size,
        phase=phase,
        baseline_seconds=math.exp(a.mid),
        candidate_seconds=math.exp(b.mid),
        ratio=ratio,
        change=_verdict(ratio, a, b),
        contended=contended,
        run_counts=(len(a.medians), len(b.medians)),
        repeats=repeats,
        run_spread=spread,
    )


def _reach(a: _Side, b: _Side, spread: float, repeats: int, confidence: float) -> float:
    """Half the width of the interval of the log ratio."""
    runs, within = 1 / len(a.medians) + 1 / len(b.medians), a.within + b.within
    if repeats:  # their spread holds what happens within a run as well
        total, dof = max(within, spread**2 * runs), repeats
    else:
        # A run that wandered is no sign that the next one will not.
        total = within + max(spread, a.wandering, b.wandering) ** 2 * runs
        parts = sum(side.within**2 / side.within_dof for side in (a, b))
        dof = int(min(1e6, total**2 / parts)) if parts else 10**6  # Welch–Satterthwaite
    return t_quantile(0.5 + confidence / 2, dof) * math.sqrt(total)


def _verdict(ratio: Interval, a: _Side, b: _Side) -> Change:
    contended = a.contended or b.contended
    if not contended and abs(ratio.low - 1) <= SAME_WITHIN >= abs(ratio.high - 1):
        return "same"
    if ratio.low > 1 and not b.contended:
        return "slower"
    if ratio.high < 1 and not a.contended:
        return "faster"
    return "ambiguous"


def _side(runs: Sequence[Run], phase: str, threads_alike: bool) -> _Side:
    timed = [(run, m) for run in runs if (m := run.measurement(phase))]
    found = [m for _, m in timed]
    quiet = [m for r, m in timed if m.verdict == "quiet" and (threads_alike or not r.gave_way)]
    used = quiet or found  # a disturbed repeat says nothing where quiet ones do
    samples = [_log(s) for m in used for s in m.sample_seconds]
    stretches = [_stretches(m) for m in used]
    between = [variance(s) if s else 0.0 for s in stretches]
    return _Side(
        tuple(_log(median(m.sample_seconds)) for m in used),
        tuple(
            max(_independent_variance(m), v / max(1, len(s)))
            for m, v, s in zip(used, between, stretches, strict=True)
        ),
        math.sqrt(max(between)),
        not quiet,
        min(samples),
        max(samples),
    )


def _stretches(m: Measurement) -> list[float]:
    """Log medians of up to ten contiguous stretches, in the order of time; none of few blocks."""
    samples = m.sample_seconds
    count = min(GROUPS, len(samples) // STRETCH_BLOCKS)
    ends = [round(i * len(samples) / count) for i in range(count + 1)] if count > 1 else []
    return [_log(median(samples[a:b])) for a, b in pairwise(ends)]


def _independent_variance(m: Measurement) -> float:
    """Variance of the log median if its blocks were independent: by its order statistics."""
    found = median_interval(m.sample_seconds)
    return ((_log(found.high) - _log(found.low)) / (2 * Z95)) ** 2


def _log(seconds: float) -> float:
    return math.log(max(seconds, 1e-12))


def run_spread(groups: Iterable[Sequence[float]]) -> tuple[float, int]:
    """Pooled standard deviation of repeats and its degrees of freedom; (0, 0) without a repeat."""
    repeated = [group for group in groups if len(group) > 1]
    dof = sum(len(group) - 1 for group in repeated)
    if not dof:
        return 0.0, 0
    return math.sqrt(sum(map(_squares, repeated)) / dof), dof


def _squares(values: Sequence[float]) -> float:
    """Σ (x − mean)²; `statistics.variance` is exact and much slower, and a history takes many."""
    mean = fmean(values)
    return math.fsum((x - mean) ** 2 for x in values)


def repeat(run: Run, phase: str) -> Repeat | None:
    """What `run` adds to the run-to-run spread; None where it was disturbed or has no `phase`."""
    m = run.measurement(phase)
    if not m or m.verdict != "quiet" or m.seconds.mid <= 0:
        return None
    software = [getattr(run.machine, name) for name in SOFTWARE]
    code = (run.machine.commit, run.workload.source_digest)
    return Repeat((run.machine.device_name, *software, *code), _log(m.seconds.mid))


def repeats(runs: Iterable[Run], phase: str) -> list[Repeat]:
    """`repeat` of each run that has one."""
    return [found for run in runs if (found := repeat(run, phase))]


def _repeats(history: Iterable[Repeat]) -> list[list[float]]:
    """Log medians of runs of the same code on the same machine."""
    groups: dict[tuple[Any, ...], list[float]] = defaultdict(list)
    for one in history:
        groups[one.code].append(one.log_seconds)
    return list(groups.values())
