"""What happened before: step times over commits, and predictions against what jobs took."""

from collections.abc import Sequence
from datetime import datetime

from results import units
from results.content import Content, PastJob
from results.html.section import UNKNOWN, Chart, Section, Table, rounded, shortened
from results.names import PROVIDER_NAMES
from results.records import Run
from results.tables import interval_text

MOST_RUNS = 200  # rows of the history table, the newest


def past_sections(content: Content) -> list[Section]:
    """The history, and the accuracy of past predictions where there are any."""
    found = [history_section(content.runs), accuracy_section(content.jobs)]
    return [section for section in found if section]


def history_section(runs: Sequence[Run]) -> Section | None:
    """Step times of runs that measured the same thing on the same device, over time."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        if run.measurement("step") and not run.partial and _moment(run) is not None:
            groups.setdefault(_setting(run), []).append(run)
    if not groups:
        return None
    for group in groups.values():
        group.sort(key=lambda run: _moment(run) or 0.0)
    longest = max(len(group) for group in groups.values())
    lead = (
        "Median step of each run in percent of the first one of the same workload, batch, "
        "precision and device, with its 95% interval."
        if longest > 1
        else "Each workload was measured once so far; the next measurement begins a history."
    )
    return Section(
        name="history",
        title="History",
        lead=lead,
        chart=_history_chart(groups) if longest > 1 else None,
        tables=[_history_table(groups)],
    )


def _setting(run: Run) -> str:
    w = run.workload
    together = f", {run.processes} processes" if run.processes > 1 else ""
    options = "".join(f", {name} {value}" for name, value in w.options)
    return f"{w.name}, batch {w.batch_size}, {w.precision}{options}, {run.machine.device_name}" + (
        together
    )


def _moment(run: Run) -> float | None:
    try:
        return datetime.fromisoformat(run.captured_at).timestamp()
    except ValueError:
        return None


def _history_chart(groups: dict[str, list[Run]]) -> Chart:
    series = []
    for name, group in groups.items():
        first = group[0].measurement("step")
        points = []
        for run in group:
            m = run.measurement("step")
            if first is None or m is None or not first.seconds.mid:
                continue
            share = m.seconds.scaled(100 / first.seconds.mid)
            text = f"{run.machine.commit or 'no commit'}: {units.seconds_text(m.seconds.mid)}"
            moment = 1000 * (_moment(run) or 0.0)
            points.append([moment, *map(rounded, (share.mid, share.low, share.high)), text])
        if len(points) > 1:
            series.append({"name": name, "points": points})
    return {
        "kind": "lines",
        "label": "Step time in percent of the first run",
        "x": "time",
        "series": series,
    }


def _history_table(groups: dict[str, list[Run]]) -> Table:
    rows = []
    for name, group in groups.items():
        first = group[0].measurement("step")
        for run in group:
            m = run.measurement("step")
            if m is None or first is None:
                continue
            change = 100 * (m.seconds.mid / first.seconds.mid - 1) if first.seconds.mid else 0.0
            rows.append((
                run.captured_at[:16].replace("T", " "),
                run.machine.commit or UNKNOWN,
                name,
                units.seconds_text(m.seconds.mid),
                interval_text(m),
                "" if run is group[0] else f"{change:+.1f}%".replace("-", "−"),
                m.verdict,
            ))  # fmt: skip
    rows.sort(reverse=True)
    more = f", the newest {MOST_RUNS} of {len(rows):,}" if len(rows) > MOST_RUNS else ""
    return Table(
        caption=f"Median step of each run{more}",
        columns=("measured (UTC)", "commit", "what", "median", "95% interval", "change", "verdict"),
        rows=rows[:MOST_RUNS],
        numbers=("median", "95% interval", "change"),
    )


def accuracy_section(jobs: Sequence[PastJob]) -> Section | None:
    """Predicted intervals with what the job really cost; only jobs that succeeded count."""
    if not jobs:
        return None
    counted = [job for job in jobs if job.outcome.state == "succeeded" and job.outcome.usd]
    held = sum(_held(job) for job in counted)
    lead = (
        f"{held} of {len(counted)} finished jobs with a known bill cost what their 80% interval "
        "said. Dots are the bill, bars the interval, in percent of the predicted middle."
        if counted
        else "No job that succeeded has a known bill yet."
    )
    return Section(
        name="accuracy",
        title="Predicted against actual",
        lead=lead,
        chart=_accuracy_chart(counted) if counted else None,
        tables=[_accuracy_table(jobs)],
    )


def _held(job: PastJob) -> bool:
    usd, actual = job.intent.estimate.usd, job.outcome.usd
    return actual is not None and usd.low <= actual <= usd.high


def _accuracy_chart(jobs: Sequence[PastJob]) -> Chart:
    ranges = []
    for job in jobs:
        usd, actual = job.intent.estimate.usd, job.outcome.usd
        if actual is not None and usd.mid:
            ends = [rounded(float(100 * x / usd.mid)) for x in (usd.low, usd.high, actual)]
            text = f"predicted {units.usd_range(usd)}, billed {units.usd_text(actual)}"
            ranges.append([*ends, text])
    return {
        "kind": "range",
        "label": "Percent of the predicted middle cost",
        "categories": shortened([job.outcome.job_name for job in jobs]),
        "ranges": ranges,
    }


def _accuracy_table(jobs: Sequence[PastJob]) -> Table:
    rows = []
    for job in jobs:
        estimate, outcome = job.intent.estimate, job.outcome
        seconds = outcome.billed_seconds
        rows.append((
            outcome.job_name,
            f"{PROVIDER_NAMES[outcome.provider]} {outcome.instance_type}, {outcome.region}",
            outcome.state,
            units.seconds_range(estimate.seconds),
            UNKNOWN if seconds is None else units.seconds_text(seconds),
            units.usd_range(estimate.usd),
            UNKNOWN if outcome.usd is None else units.usd_text(outcome.usd),
            outcome.billed_basis or UNKNOWN,
        ))  # fmt: skip
    return Table(
        caption="Jobs that have ended",
        columns=("job", "where", "state", "predicted time", "billed time", "predicted cost",
                 "billed", "bill is"),
        rows=rows,
        numbers=("predicted time", "billed time", "predicted cost", "billed"),
    )  # fmt: skip
