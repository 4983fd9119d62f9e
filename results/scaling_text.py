"""What several processes reached together, as a row for JSON and as sentences."""

from results import units
from results.records import Run
from results.rows import Row, interval_row


def scaling_row(run: Run) -> Row | None:
    """What several processes reached together; None where it was not measured."""
    found = run.scaling
    if found is None:
        return None
    return {
        "processes": found.processes,
        "backend": found.backend,
        "threads": found.threads,
        "batch_size": found.batch_size,
        "efficiency_ratio": interval_row(found.efficiency),
        "speed_up_ratio": interval_row(found.speed_up),
        "rounds": len(found.disturbed),
        "disturbed_rounds": sum(found.disturbed),
        "foreign_cores": found.foreign_cores,
        "contended": found.contended,
        "stopped_because": found.stopped_because,
    }


def scaling_lines(run: Run) -> list[str]:
    """What several processes reached together, where that was measured."""
    found = run.scaling
    if found is None:
        return []
    share, cores = found.efficiency, found.foreign_cores
    lines = [
        f"{found.processes} processes by {found.backend}, "
        f"{units.counted(found.threads, 'thread')} each: "
        f"scaling efficiency {share.mid:.0%} ({share.low:.0%} to {share.high:.0%}), "
        f"{units.digits(found.speed_up.mid)} times the samples/s of one with as many threads"
    ]
    if found.contended:
        busy = "" if cores is None else f", others used {cores:.1f} cores"
        lines.append(
            f"! scaling is contended: {sum(found.disturbed)} of {len(found.disturbed)} rounds were "
            f"disturbed{busy}. Stop the other work and measure again."
        )
    return lines
