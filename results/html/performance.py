"""Where the time goes, how the block times spread, and what a larger batch brings."""

from collections.abc import Sequence

from results import units
from results.content import Content
from results.html.section import Chart, Section, Table, rounded, shortened
from results.records import Measurement, Run
from results.rows import phase_key
from results.statistics import median
from results.tables import interval_text, share_text

MOST_BLOCKS = 300  # drawn of one workload; the statistics use all
MOST_TOLD = 3  # workloads whose loading the lead tells, the largest shares
BLOCK_NUMBERS = ("blocks", "disturbed", "shortest", "median", "longest", "warm-up")


def time_section(runs: Sequence[Run]) -> Section:
    """Phases of a step, stacked, as shares of it or of their sum; the rest is called `other`."""
    timed = [run for run in runs if run.measurement("step")]
    said = "Phases as a share of the step, or of all phases where they take longer"
    loading = [text for _, text in sorted(filter(None, map(_loading, timed)), reverse=True)]
    return Section(
        name="time",
        title="Where the time goes",
        lead=". ".join([said, *loading[:MOST_TOLD]]) + ".",
        chart=_phase_chart(timed),
        tables=[_phase_table(runs)],
    )


def _loading(run: Run) -> tuple[float, str] | None:
    """The share, and a sentence that says it."""
    load, step = run.measurement("load"), run.measurement("step")
    if load is None or step is None:
        return None
    said = f"{run.workload.name} spends {share_text(load, step)} of a step loading data"
    return load.seconds.mid / step.seconds.mid, said


def _phases(run: Run) -> list[Measurement]:
    return [m for m in sorted(run.measurements, key=phase_key) if phase_key(m)[0] < 2]


def _phase_chart(runs: Sequence[Run]) -> Chart | None:
    names = list(dict.fromkeys(m.phase for run in runs for m in _phases(run)))
    if not names:
        return None
    series = []
    for name in [*names, "other"]:
        cells = [_share(run, name) for run in runs]
        series.append(
            {"name": name, "values": [c[0] for c in cells], "texts": [c[1] for c in cells]}
        )
    return {
        "kind": "stack",
        "label": "Share of the step in percent",
        "categories": shortened([run.workload.name for run in runs]),
        "series": series,
    }


def _share(run: Run, phase: str) -> tuple[float | None, str]:
    step = run.measurement("step")
    parts = sum(m.seconds.mid for m in _phases(run))
    # Disturbed phases may add up to more than the step, which was timed apart from them.
    whole = max(parts, step.seconds.mid if step else 0.0)
    if phase == "other":
        seconds = whole - parts
    else:
        found = run.measurement(phase)
        if found is None:
            return None, ""
        seconds = found.seconds.mid
    share = 100 * seconds / whole if whole else 0.0
    text = f"{units.seconds_text(seconds)}, {units.digits(share, 2)}%" if seconds else "nothing"
    return rounded(share), text


def _phase_table(runs: Sequence[Run]) -> Table:
    rows = []
    for run in runs:
        step = run.measurement("step")
        for m in sorted(run.measurements, key=phase_key):
            samples = m.samples_per_second
            rows.append((
                run.workload.name,
                m.phase,
                units.seconds_text(m.seconds.mid),
                interval_text(m),
                share_text(m, step),
                units.digits(samples) if samples else "",
                m.verdict,
            ))  # fmt: skip
    return Table(
        caption="Phases of the newest measurement of each workload",
        columns=("workload", "phase", "median", "95% interval", "of step", "samples/s", "verdict"),
        rows=rows,
        numbers=("median", "95% interval", "of step", "samples/s"),
    )


def blocks_section(runs: Sequence[Run]) -> Section:
    """Every block of the phase that the quote rests on, disturbed ones marked."""
    timed = [(run, m) for run in runs if (m := run.measurement("step") or run.measurement("epoch"))]
    points: list[list[float]] = []
    for place, (_, m) in enumerate(timed):
        mid = m.seconds.mid * m.steps_per_block
        pairs = list(zip(m.block_seconds, m.left_out, strict=True))
        for seconds, left_out in pairs[:: -(-len(pairs) // MOST_BLOCKS)] if mid else ():
            points.append([place, rounded(100 * seconds / mid), int(left_out)])
    bad = sum(sum(m.left_out) for _, m in timed)
    total = sum(len(m.disturbed) for _, m in timed)
    return Section(
        name="blocks",
        title="How steady the measurement was",
        lead="Each mark is a block of steps, in percent of the median. Other work, or a core that "
        f"was slow just then, disturbed {bad:,} of {total:,}; the statistics leave them out where "
        "enough others are left.",
        chart={
            "kind": "strip",
            "label": "Block time in percent of the median",
            "categories": shortened([f"{run.workload.name} · {m.phase}" for run, m in timed]),
            "points": points,
        }
        if points
        else None,
        tables=[_block_table(runs)],
    )


def _block_table(runs: Sequence[Run]) -> Table:
    rows = []
    for run in runs:
        for m in sorted(run.measurements, key=phase_key):
            each = [seconds / m.steps_per_block for seconds in m.block_seconds]
            times = [units.seconds_text(x) for x in (min(each), median(each), max(each))]
            warm_up = units.seconds_text(sum(m.warmup_seconds)) if m.warmup_seconds else ""
            counts = (str(len(each)), str(sum(m.left_out)))
            rows.append((run.workload.name, m.phase, *counts, *times, warm_up, m.verdict))
    return Table(
        caption="Blocks by phase: seconds a step or epoch, the disturbed ones included",
        columns=("workload", "phase", *BLOCK_NUMBERS, "verdict"),
        rows=rows,
        numbers=BLOCK_NUMBERS,
    )


def performance_sections(content: Content) -> list[Section]:
    """Those of the newest run of each workload that timed anything."""
    runs = [run for run in content.latest if run.measurements]
    return [time_section(runs), blocks_section(runs)] if runs else []
