"""What a larger batch brings: throughput by batch size, and where it no longer grows."""

from collections.abc import Sequence

from results import units
from results.html.section import Section, Table, rounded
from results.lines import sweep_lines
from results.records import Run, SweepPoint
from results.sweep import fitting, samples_per_second, step_interval


def sweep_section(runs: Sequence[Run]) -> Section | None:
    """The newest batch sweep of each workload; None where there is none."""
    swept = {run.workload.name: run for run in runs if fitting(run.sweep)}
    if not swept:
        return None
    return Section(
        name="sweep",
        title="Batch size",
        lead=" ".join(f"{n}: {'; '.join(sweep_lines(run))}." for n, run in swept.items()),
        chart={
            "kind": "lines",
            "label": "Samples a second by batch size",
            "x": "log",
            "series": [{"name": name, "points": _drawn(run)} for name, run in swept.items()],
        },
        tables=[
            Table(
                caption="Throughput by batch size",
                columns=("workload", "batch", "step", "95% interval", "samples/s", "peak memory",
                         "remark"),
                rows=[_row(n, point) for n, run in swept.items() for point in run.sweep],
                numbers=("batch", "step", "95% interval", "samples/s", "peak memory"),
            )
        ],
    )  # fmt: skip


def _drawn(run: Run) -> list[list[float | str]]:
    points: list[list[float | str]] = []
    for point in fitting(run.sweep):
        seconds, size = step_interval(point), point.batch_size
        ends = (size / s for s in (seconds.mid, seconds.high, seconds.low))
        text = f"batch {size}: {units.digits(samples_per_second(point))} samples/s"
        points.append([size, *map(rounded, ends), text])
    return points


def _row(name: str, point: SweepPoint) -> tuple[str, ...]:
    memory = point.peak_memory_bytes
    fits = bool(point.step_seconds)
    return (
        name,
        str(point.batch_size),
        units.seconds_text(step_interval(point).mid) if fits else "",
        units.spread_text(step_interval(point)) if fits else "",
        units.digits(samples_per_second(point)) if fits else "",
        units.bytes_text(memory) if memory else "",
        point.problem or ("contended" if point.contended else ""),
    )
