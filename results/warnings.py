"""What makes the figures of a run worth less than they look, each with what to do."""

from collections.abc import Sequence

from results.measurement import are_busy
from results.records import Measurement, Run
from results.statistics import relative_half_width

BUSY_NEIGHBOURS = 0.25  # processors in use by others from which a person is told


def warning_lines(run: Run) -> list[str]:
    """Everything that makes the figures worth less than they look, each with what to do."""
    lines = [f"! {text}" for text in run.warnings]
    if run.workload.data_note:
        lines.insert(0, f"! the data is {run.workload.data_note}")
    contended = [m for m in run.measurements if m.verdict == "contended"]
    if run.partial:
        lines.append("! interrupted: this is what had been measured by then")
    step = run.measurement("step")
    others = step.others_processors if step and step.verdict == "quiet" else None
    if others is not None and others > BUSY_NEIGHBOURS:
        lines.append(
            f"! other programs kept {others:.1f} of {run.machine.cpu_count} processors busy: "
            "undisturbed steps were taken, but they share caches with those. Stop them and measure "
            "again where it matters."
        )
    if step and step.is_shared:
        lines.append(_slow_core(step))
    return lines + _contended(run, contended)


def _slow_core(step: Measurement) -> str:
    """That the core itself was slow at times, and what became of it."""
    longer = step.slowdown or 0.0
    took = f", which took {longer:.0%} longer" if longer > 0 else ""
    if step.verdict == "quiet":
        begin, end = "", "The step is that of the other blocks; an epoch here meets both."
    else:
        begin = "contended: "
        end = "Too few others are left to tell the step: measure again in a calmer hour."
    return (
        f"! {begin}the core itself was slow in {step.slowed_share:.0%} of the blocks{took}, as "
        f"another tenant of the host, heat or a power limit make it. {end}"
    )


def _contended(run: Run, contended: Sequence[Measurement]) -> list[str]:
    """One line on all phases that something else disturbed, with the numbers and what to do."""
    parts = [
        f"{m.phase.replace('_', ' ')} ({sum(m.disturbed)} of {len(m.disturbed)} blocks, "
        f"{m.lost_share:.0%} of the time{_apart(m)})"
        for m in contended
        if are_busy(m.others_processors) or not m.is_unsettled
    ]
    if not parts:
        return []
    todo = "Stop it and measure again"
    if not run.machine.is_gpu and run.machine.threads > 1:
        todo += "; or measure with --threads 1, which other work disturbs far less"
    return [f"! contended: other work on this machine disturbed {', '.join(parts)}. {todo}."]


def _apart(measurement: Measurement) -> str:
    told = measurement.by_bursts
    if told is None or not measurement.is_unsettled:
        return ""
    return f", bursts ±{relative_half_width(told):.0%} apart"
