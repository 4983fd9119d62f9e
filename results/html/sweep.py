"""What a larger batch brings: throughput by batch size, and where it no longer grows."""

from collections.abc import Sequence

from results import units
from results.html.section import Section, Table, rounded
from results.records import Run

LEAST_SIZES = 3
KNEE_SHARE = 0.9  # of the best throughput: from there on a larger batch brings little

Point = tuple[int, float, float, float]  # batch size; samples a second: middle, low, high


def sweep_section(runs: Sequence[Run]) -> Section | None:
    """Samples a second over the batch size of each workload that was run at several."""
    sweeps = sweep_points(runs)
    if not sweeps:
        return None
    knees = [f"{name}: {knee(points)}" for name, points in sweeps.items()]
    rows = [
        (name, str(size), units.digits(mid), f"{units.digits(low)}–{units.digits(high)}",
         f"{100 * mid / max(p[1] for p in points):.0f}%")
        for name, points in sweeps.items()
        for size, mid, low, high in points
    ]  # fmt: skip
    return Section(
        name="sweep",
        title="Batch size",
        lead=f"The smallest batch that reaches {KNEE_SHARE:.0%} of the highest throughput: "
        + ", ".join(knees)
        + ".",
        chart={
            "kind": "lines",
            "label": "Samples a second by batch size",
            "x": "log",
            "series": [{"name": name, "points": _drawn(points)} for name, points in sweeps.items()],
        },
        tables=[
            Table(
                caption="Throughput by batch size",
                columns=("workload", "batch", "samples/s", "95% interval", "of the highest"),
                rows=rows,
                numbers=("batch", "samples/s", "95% interval", "of the highest"),
            )
        ],
    )


def sweep_points(runs: Sequence[Run]) -> dict[str, list[Point]]:
    """The newest run at each batch size, of the same workload on the same device."""
    found: dict[str, dict[int, Point]] = {}
    for run in runs:
        step = run.measurement("step")
        samples = step.samples_per_repeat if step else None
        if step and samples and not run.partial and step.seconds.low:
            w, s = run.workload, step.seconds
            name = f"{w.name}, {w.precision}, {run.machine.device_name}"
            point = (w.batch_size, samples / s.mid, samples / s.high, samples / s.low)
            found.setdefault(name, {})[w.batch_size] = point
    return {n: sorted(by.values()) for n, by in found.items() if len(by) >= LEAST_SIZES}


def knee(points: Sequence[Point]) -> int:
    """The smallest batch size with at least `KNEE_SHARE` of the highest throughput."""
    highest = max(point[1] for point in points)
    return min(size for size, mid, _, _ in points if mid >= KNEE_SHARE * highest)


def _drawn(points: Sequence[Point]) -> list[list[float | str]]:
    return [
        [size, *map(rounded, (mid, low, high)), f"batch {size}: {units.digits(mid)} samples/s"]
        for size, mid, low, high in points
    ]
