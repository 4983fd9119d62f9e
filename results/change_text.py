"""Comparisons and histories as rows for JSON and as tables for a terminal."""

from typing import TYPE_CHECKING

from results import units
from results.compare import Comparison
from results.history import History, HistoryPoint
from results.phase_change import PhaseChange
from results.rows import Row, interval_row
from results.table_style import plain_table

if TYPE_CHECKING:
    from rich.table import Table


def change_rows(comparison: Comparison, threshold: float | None) -> list[Row]:
    """One row a phase; `ratio` is candidate time / baseline time, its ends a joint 95% interval."""
    return [_change_row(change, threshold) for change in comparison.changes]


def _change_row(change: PhaseChange, threshold: float | None) -> Row:
    return {
        "workload": change.workload,
        "batch_size": change.batch_size,
        "phase": change.phase,
        "baseline_seconds": change.baseline_seconds,
        "candidate_seconds": change.candidate_seconds,
        "ratio": interval_row(change.ratio),
        "change": change.change,
        "contended": change.contended,
        "baseline_runs": change.run_counts[0],
        "candidate_runs": change.run_counts[1],
        "run_spread_ratio": change.run_spread,
        "repeats": change.repeats,
        "regression": None if threshold is None else change.is_regression(threshold),
    }


def change_table(comparison: Comparison) -> "Table":
    """Both sides' medians, by how much the time changed and the verdict."""
    table = plain_table(
        "Change of time from the first to the second, 95% intervals",
        "workload", "phase", "first", "second", "runs", "change", "interval", "verdict",
        left=("workload", "phase", "verdict"),
    )  # fmt: skip
    before = None
    for c in comparison.changes:
        if before not in (None, (c.workload, c.batch_size)):
            table.add_section()
        before = (c.workload, c.batch_size)
        table.add_row(
            c.workload,
            c.phase,
            units.seconds_text(c.baseline_seconds),
            units.seconds_text(c.candidate_seconds),
            f"{c.run_counts[0]}/{c.run_counts[1]}",
            units.change_text(c.ratio.mid),
            change_range(c),
            c.change + (" (contended)" if c.contended else ""),
        )
    return table


def change_range(change: PhaseChange) -> str:
    """The 95% interval of a change: `−3.1% … +0.4%`."""
    return f"{units.change_text(change.ratio.low)} … {units.change_text(change.ratio.high)}"


def history_rows(history: History) -> list[Row]:
    """One row a point, oldest first; `ratio` is against the point before."""
    return [
        {
            "workload": history.workload,
            "phase": history.phase,
            "captured_at": point.captured_at,
            "commit": point.commit,
            "run_ids": list(point.run_ids),
            "seconds": interval_row(point.seconds),
            "verdict": point.verdict,
            "ratio": interval_row(point.change.ratio) if point.change else None,
            "change": point.change.change if point.change else None,
        }
        for point in history.points
    ]


def history_table(history: History) -> "Table":
    """The series with its steps up and down."""
    table = plain_table(
        f"{history.workload}: {history.phase} by commit, change against the line above",
        "when (UTC)", "commit", "runs", "median", "95% interval", "change", "interval", "verdict",
        left=("when (UTC)", "commit", "verdict"),
    )  # fmt: skip
    for point in history.points:
        table.add_row(
            point.captured_at[:16].replace("T", " "),
            point.commit or "unknown",
            str(len(point.run_ids)),
            units.seconds_text(point.seconds.mid),
            units.seconds_range(point.seconds),
            *_change_cells(point),
        )
    return table


def _change_cells(point: HistoryPoint) -> tuple[str, str, str]:
    change = point.change
    contended = " (contended)" if point.verdict == "contended" else ""
    if change is None:
        return "", "", contended.strip()
    return units.change_text(change.ratio.mid), change_range(change), change.change + contended
