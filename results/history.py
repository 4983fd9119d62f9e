"""The runs of one workload as a series over time and commits, for tables and plots."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from results.compare import hardware, setting
from results.errors import UsageError, near
from results.phase_change import PhaseChange, phase_change, repeats
from results.records import Run, Verdict
from results.statistics import Interval

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPoint:
    """All runs of one commit that follow each other; `seconds` is the 95% interval of the first."""

    captured_at: str  # of the first run
    commit: str | None
    run_ids: tuple[str, ...]
    seconds: Interval  # a step or epoch; from the lowest to the highest end over the runs
    verdict: Verdict
    change: PhaseChange | None  # against the point before; None for the first


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The series of one phase of a workload, oldest first, and how many runs did not belong."""

    workload: str
    phase: str
    points: tuple[HistoryPoint, ...]
    left_out: int  # older runs; those on another machine, of another setting, without the phase


def history(runs: Iterable[Run], workload: str, phase: str = "step") -> History:
    """The runs of `workload` on the machine and with the settings of its newest run, by commit.

    Each point's change is against the point before it, as `phase_change` tells it. Raises
    UsageError where there is no run of `workload`, or none that timed `phase`.
    """
    every = sorted((r for r in runs if not r.partial), key=lambda r: (r.captured_at, r.run_id))
    named = [r for r in every if workload in (r.workload.name, r.workload.reference)]
    if not named:
        known = {r.workload.name for r in every}
        hint = near(workload, known) if known else "There is no run yet."
        raise UsageError(f"No run of '{workload}'. {hint} Measure it: trainfare measure {workload}")
    timed = [r for r in named if _seconds(r, phase)]
    if not timed:
        phases = {m.phase for r in named for m in r.measurements}
        raise UsageError(f"No run of '{workload}' timed '{phase}'. {near(phase, phases)}")
    newest = timed[-1]
    kept = [r for r in timed if _alike(r) == _alike(newest)]
    return _series(kept, phase, left_out=len(named) - len(kept))


def histories(runs: Iterable[Run], most: int, phase: str = "step") -> list[History]:
    """The series of all that was measured: one a workload, setting and machine, as `history`.

    Each has its `most` newest runs, and counts the others as left out.
    """
    found: dict[object, list[Run]] = {}
    for run in sorted(runs, key=lambda r: (r.captured_at, r.run_id)):
        if not run.partial and _seconds(run, phase):
            found.setdefault(_alike(run), []).append(run)
    return [
        _series(alike[-most:], phase, left_out=max(0, len(alike) - most))
        for alike in found.values()
    ]


def _alike(run: Run) -> tuple[object, object]:
    return (setting(run), hardware(run))


def _series(kept: list[Run], phase: str, left_out: int) -> History:
    """The points of runs that can be compared, oldest first."""
    groups = _by_commit(kept)
    known = [repeats(group, phase) for group in groups]
    points = []
    for i, group in enumerate(groups):
        before = groups[i - 1] if i else None
        others = chain.from_iterable(known[: max(0, i - 1)] + known[i + 1 :])
        change = phase_change(before, group, others, phase, CONFIDENCE) if before else None
        points.append(_point(group, phase, change))
    return History(
        workload=kept[-1].workload.name,
        phase=phase,
        points=tuple(points),
        left_out=left_out,
    )


def _by_commit(runs: list[Run]) -> list[list[Run]]:
    """Neighbours of the same known commit and source; a run of an unknown one stands alone."""
    groups: list[list[Run]] = []
    for run in runs:
        last = groups[-1][-1] if groups else None
        if last and run.machine.commit and _code(last) == _code(run):
            groups[-1].append(run)
        else:
            groups.append([run])
    return groups


def _code(run: Run) -> tuple[str | None, str | None]:
    return (run.machine.commit, run.workload.source_digest)


def _seconds(run: Run, phase: str) -> Interval | None:
    found = run.measurement(phase)
    return found.seconds if found and found.block_seconds and found.seconds.mid > 0 else None


def _point(runs: list[Run], phase: str, change: PhaseChange | None) -> HistoryPoint:
    found = [m for m in (run.measurement(phase) for run in runs) if m]
    quiet = [m.seconds for m in found if m.verdict == "quiet"]
    used = quiet or [m.seconds for m in found]
    mid = sorted(s.mid for s in used)[len(used) // 2]
    return HistoryPoint(
        captured_at=runs[0].captured_at,
        commit=runs[0].machine.commit,
        run_ids=tuple(run.run_id for run in runs),
        seconds=Interval(low=min(s.low for s in used), mid=mid, high=max(s.high for s in used)),
        verdict="quiet" if quiet else "contended",
        change=change,
    )
