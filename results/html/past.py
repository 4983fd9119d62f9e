"""What happened before: step times over commits, and predictions against what jobs took."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from results import units
from results.change_text import change_range
from results.content import Content, PastJob
from results.history import History, HistoryPoint, histories
from results.html.section import UNKNOWN, Chart, Section, Table, rounded, shortened
from results.names import PROVIDER_NAMES
from results.phase_change import Change
from results.records import Run

MOST_RUNS = 100  # rows of the history table, the newest
MOST_DRAWN = 500  # runs of a series: to tell verdicts takes time by the square of their number
VERDICTS: tuple[Change, ...] = ("slower", "faster", "same", "ambiguous")  # as charts.js marks them


def past_sections(content: Content) -> list[Section]:
    """The history, and the accuracy of past predictions where there are any."""
    found = [history_section(content.runs), accuracy_section(content.jobs)]
    return [section for section in found if section]


def history_section(runs: Sequence[Run]) -> Section | None:
    """Step times over commits, each point with its verdict against the one before it."""
    timed = [run for run in runs if run.measurement("step") and _moment(run.captured_at)]
    found = [(_setting(timed, one), one) for one in histories(timed, MOST_DRAWN)]
    if not found:
        return None
    longest = max(len(one.points) for _, one in found)
    return Section(
        name="history",
        title="History",
        lead=_history_lead(found)
        if longest > 1
        else "Each workload was measured once so far; the next measurement begins a history.",
        chart=_history_chart(found) if longest > 1 else None,
        tables=[_history_table(found)],
    )


def _history_lead(found: Sequence[tuple[str, History]]) -> str:
    changes = Counter(p.change.change for _, one in found for p in one.points if p.change)
    told = ", ".join(f"{changes[name]:,} {name}" for name in VERDICTS if changes[name])
    older = sum(one.left_out for _, one in found)
    return (
        (
            f"The newest {MOST_DRAWN} runs of each; {older:,} older ones are left out. "
            if older
            else ""
        )
        + "Median step by commit, in percent of the first one of the same workload, settings and "
        f"machine, with 95% intervals. Against the commit before: {told} "
        "(▲ slower, ▼ faster, ● same, ○ ambiguous). Runs differ without any change of the code; "
        "what that alone may explain is ambiguous."
    )


def _setting(runs: Sequence[Run], one: History) -> str:
    run = next(run for run in runs if run.run_id == one.points[-1].run_ids[-1])
    w = run.workload
    together = f", {run.processes} processes" if run.processes > 1 else ""
    options = "".join(f", {name} {value}" for name, value in w.options)
    return f"{w.name}, batch {w.batch_size}, {w.precision}{options}, {run.machine.device_name}" + (
        together
    )


def _moment(captured_at: str) -> float | None:
    try:
        return datetime.fromisoformat(captured_at).timestamp()
    except ValueError:
        return None


def _history_chart(found: Sequence[tuple[str, History]]) -> Chart:
    series = []
    for name, one in found:
        first = one.points[0].seconds.mid
        if len(one.points) < 2:
            continue
        points = []
        for point in one.points:
            share = point.seconds.scaled(100 / first)
            change = point.change
            verdict = change.change if change else "first"
            said = f", {verdict}: {change_range(change)}" if change else ""
            text = f"{point.commit or 'no commit'}: {units.seconds_text(point.seconds.mid)}{said}"
            moment = 1000 * (_moment(point.captured_at) or 0.0)
            ends = map(rounded, (share.mid, share.low, share.high))
            points.append([moment, *ends, text, verdict])
        series.append({"name": name, "points": points})
    return {
        "kind": "lines",
        "label": "Step time in percent of the first run",
        "x": "time",
        "series": series,
    }


def _history_table(found: Sequence[tuple[str, History]]) -> Table:
    rows = [_history_row(name, point) for name, one in found for point in one.points]
    rows.sort(reverse=True)
    more = f", the newest {MOST_RUNS} of {len(rows):,}" if len(rows) > MOST_RUNS else ""
    return Table(
        caption=f"Median step by commit, change against the commit before{more}",
        columns=("measured (UTC)", "commit", "what", "runs", "median", "95% interval", "change",
                 "interval of the change", "verdict"),
        rows=rows[:MOST_RUNS],
        numbers=("runs", "median", "95% interval", "change", "interval of the change"),
    )  # fmt: skip


def _history_row(name: str, point: HistoryPoint) -> tuple[str, ...]:
    change, contended = point.change, " (contended)" if point.verdict == "contended" else ""
    return (
        point.captured_at[:16].replace("T", " "),
        point.commit or UNKNOWN,
        name,
        str(len(point.run_ids)),
        units.seconds_text(point.seconds.mid),
        units.seconds_range(point.seconds),
        units.change_text(change.ratio.mid) if change else "",
        change_range(change) if change else "",
        (change.change if change else "first") + contended,
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
