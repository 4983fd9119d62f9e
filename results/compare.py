"""Two sets of runs, a verdict a workload and phase: same, faster, slower or ambiguous."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from results.errors import RecordError, UsageError
from results.phase_change import (
    ASSUMED_RUN_SPREAD,
    BILLED_PHASES,
    MIN_REPEATS,
    SOFTWARE,
    PhaseChange,
    phase_change,
    repeats,
)
from results.records import Measurement, Run
from results.rows import phase_key

CONFIDENCE = 0.95  # of all steps and epochs of a comparison together
HARDWARE = ("device", "device_name", "device_memory_bytes", "cpu_name", "cpu_count", "platform")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Every phase that both sides have, and what could not be compared."""

    changes: tuple[PhaseChange, ...]
    notes: tuple[str, ...]

    def regressions(self, threshold: float) -> tuple[PhaseChange, ...]:
        """The changes that are regressions beyond `threshold`."""
        return tuple(c for c in self.changes if c.is_regression(threshold))


def compare(
    baseline: Sequence[Run],
    candidate: Sequence[Run],
    history: Iterable[Run] = (),
    across_machines: bool = False,
) -> Comparison:
    """Compare the runs of `candidate` with those of `baseline`, by workload and phase.

    Intervals hold with 95% for all steps and epochs together (Bonferroni). A disturbance only
    makes a time longer, so a contended candidate is never `slower` and a contended baseline never
    makes the other `faster`. Statistics: `results.phase_change`; error rates by simulation:
    tests/results/test_compare_errors.py. Raises UsageError for runs of different machines and where
    nothing can be compared.
    """
    _check_machines([*baseline, *candidate], across_machines)
    sides = _by_setting(baseline), _by_setting(candidate)
    both = [key for key in sides[0] if key in sides[1]]
    if not both:
        raise UsageError(_nothing_shared(*sides))
    chosen = {run.run_id for run in (*baseline, *candidate)}
    others = _by_setting(run for run in history if run.run_id not in chosen)
    pairs = [
        (sides[0][key], sides[1][key], repeats(others.get(key, []), phase), phase)
        for key in both
        for phase in _shared_phases(sides[0][key], sides[1][key])
    ]
    billed = sum(phase in BILLED_PHASES for *_, phase in pairs)
    confidence = 1 - (1 - CONFIDENCE) / max(1, billed)
    changes = tuple(phase_change(*pair, confidence) for pair in pairs)
    return Comparison(changes=changes, notes=tuple(_notes(*sides, changes)))


def setting(run: Run) -> tuple[Any, ...]:
    """What must agree for two times to be of the same work: the code and the machine may differ."""
    w = run.workload
    return (w.name, w.batch_size, w.precision, w.input_shape, w.options, run.processes)


def hardware(run: Run) -> tuple[Any, ...]:
    """What must agree for two runs to be of the same machine."""
    return tuple(getattr(run.machine, name) for name in HARDWARE)


def _by_setting(runs: Iterable[Run]) -> dict[tuple[Any, ...], list[Run]]:
    found: dict[tuple[Any, ...], list[Run]] = defaultdict(list)
    for run in runs:
        found[setting(run)].append(run)
    return found


def different_machines(runs: Sequence[Run]) -> str | None:
    """What tells the machines of `runs` apart, as a sentence; None where it is one machine."""
    first = runs[0]
    for run in runs[1:]:
        for name in HARDWARE:
            a, b = getattr(first.machine, name), getattr(run.machine, name)
            if a != b:
                return (
                    f"{first.run_id} and {run.run_id} are of different machines: {name} is '{a}' "
                    f"and '{b}'."
                )
    return None


def _check_machines(runs: Sequence[Run], across_machines: bool) -> None:
    found = different_machines(runs)
    if found and not across_machines:
        raise UsageError(f"{found} Compare runs of one machine, or add --across-machines.")


def _nothing_shared(*sides: dict[tuple[Any, ...], list[Run]]) -> str:
    texts = [", ".join(_name(runs[0]) for runs in side.values()) for side in sides]
    return (
        f"Nothing to compare: the first side has {texts[0]}, the second {texts[1]}. Compare runs "
        "of the same workload, batch size, precision and number of processes."
    )


def _name(run: Run) -> str:
    w = run.workload
    together = f", {run.processes} processes" if run.processes > 1 else ""
    return f"{w.name} (batch {w.batch_size}, {w.precision}{together})"


def _shared_phases(a: Sequence[Run], b: Sequence[Run]) -> list[str]:
    """Phases that every run of both sides timed, of repeats of equal size."""
    found = []
    for m in sorted(a[0].measurements, key=phase_key):
        others = [(run, run.measurement(m.phase)) for run in (*a, *b)]
        alike = (o is not None and o.samples_per_repeat == m.samples_per_repeat for _, o in others)
        if all(alike) and all(_took_time(run, o) for run, o in others if o):
            found.append(m.phase)
    return found


def _took_time(run: Run, measured: Measurement) -> bool:
    try:
        return measured.seconds.mid > 0
    except ValueError as error:  # a record that someone wrote by hand
        raise RecordError(
            f"Run {run.run_id} has no usable time of its {measured.phase} ({error}). Remove it."
        ) from None


def _notes(
    a: dict[tuple[Any, ...], list[Run]],
    b: dict[tuple[Any, ...], list[Run]],
    changes: Sequence[PhaseChange],
) -> Iterator[str]:
    """What the rows leave open, each with what to do."""
    for here, there, which in ((a, b, "first"), (b, a, "second")):
        for name in [_name(runs[0]) for key, runs in here.items() if key not in there]:
            yield f"only the {which} side has {name}"
    for name in SOFTWARE:
        sides = [sorted({str(getattr(r.machine, name)) for rs in x.values() for r in rs})
                 for x in (a, b)]  # fmt: skip
        if sides[0] != sides[1]:
            yield f"{name} differs: {', '.join(sides[0])} and {', '.join(sides[1])}"
    if any(c.contended for c in changes):
        yield (
            "! contended: other work disturbed it, so `slower` or `faster` may be that work. "
            "Stop it and measure again."
        )
    if not all(c.repeats or c.contended for c in changes):
        yield (
            f"runs are assumed to differ by {ASSUMED_RUN_SPREAD:.0%} (standard deviation) without "
            f"any change; {MIN_REPEATS + 1} runs of the same commit on this machine would tell. To "
            "see smaller changes, measure both sides several times, in turn."
        )
