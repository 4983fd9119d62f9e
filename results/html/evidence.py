"""How sure one can be: evidence, basis and age of every figure, machine, versions, warnings."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from results import units
from results.answer import basis_text
from results.content import Answer, Content
from results.html.section import UNKNOWN, Section, Table
from results.lines import facts_lines, gpu_line, known
from results.names import PROVIDER_NAMES
from results.price_age import STALE_DAYS, age_days, is_stale
from results.records import Run
from results.tables import instance_text, interval_text
from results.warnings import warning_lines


def evidence_section(content: Content) -> Section:
    """Tables of what each figure rests on, and every warning as a note."""
    warnings = list(_warnings(content))
    nothing = "Nothing speaks against these figures" if content.runs else "Nothing is measured yet"
    count = units.counted(len(warnings), "warning") if warnings else nothing
    tables = [
        Table(
            caption="What each figure rests on",
            columns=("workload", "figure", "value", "evidence", "basis", "age"),
            rows=[row for item in content.answers for row in _figures(item, content.made_at)],
            numbers=("value",),
        ),
        Table(
            caption="Machines and versions",
            columns=("what", "value", "of"),
            rows=_machines(content.latest),
        ),
        Table(
            caption="Assumptions and offers left out",
            columns=("what", "of"),
            rows=_assumed(content.answers),
        ),
    ]
    return Section(
        name="sure",
        title="How sure this is",
        lead=f"{count}. Times and costs of jobs are 80% intervals, measured times have 95% ones.",
        tables=[table for table in tables if table.rows],
        notes=warnings,
    )


def _warnings(content: Content) -> Iterator[str]:
    for run in content.latest:
        name = run.workload.name
        yield from (f"{name}: {line.removeprefix('! ')}" for line in warning_lines(run))
    for item in content.answers:
        if item.run is None:
            yield f"{item.name}: the measurement behind its quote is not among these records."
    firsts = [item.quote.estimates[0].offer for item in content.answers]
    stale = {f"{instance_text(o)} ({o.as_of})": None for o in firsts if is_stale(o.as_of)}
    if stale:
        yield f"Prices over {STALE_DAYS} days old, to check before launching: {', '.join(stale)}."
    yield from content.problems


def _figures(item: Answer, made_at: str) -> Iterator[tuple[str, ...]]:
    run = item.run
    step = run and (run.measurement("step") or run.measurement("epoch"))
    if run and step:
        blocks = f"{step.left_out.count(False)} of {len(step.left_out)} blocks undisturbed"
        value = f"{units.seconds_text(step.seconds.mid)} ({interval_text(step)})"
        age = _age(run.captured_at, made_at)
        yield (item.name, f"{step.phase} here", value, f"measured, {step.verdict}", blocks, age)
    for best in item.best_of_each:
        offer = best.offer
        where = instance_text(offer)
        quoted = _age(item.quote.captured_at, made_at)
        basis = basis_text(item.quote, run)
        time, cost = units.seconds_range(best.seconds), units.usd_range(best.usd)
        yield (item.name, f"time on {where}", time, best.grade, basis, quoted)
        yield (item.name, f"cost on {where}", cost, best.grade, "time × price", quoted)
        price = f"{units.usd_text(offer.usd_per_hour)} an hour"
        days = f"{age_days(offer.as_of)} d" + (" (stale)" if is_stale(offer.as_of) else "")
        yield (item.name, f"price of {where}", price, offer.basis, offer.source, days)


def _age(then: str, now: str) -> str:
    try:
        passed = datetime.fromisoformat(now) - datetime.fromisoformat(then)
    except (ValueError, TypeError):
        return UNKNOWN
    return units.age_text(passed.total_seconds())


def _machines(runs: Sequence[Run]) -> list[tuple[str, str, str]]:
    """Each fact once, with the workloads that it holds for."""
    found: dict[tuple[str, str], list[str]] = {}
    for run in runs:
        for fact in _machine(run).items():
            found.setdefault(fact, []).append(run.workload.name)
    rows = [(what, value, ", ".join(names)) for (what, value), names in found.items()]
    return sorted(rows, key=lambda row: list(_machine(runs[0])).index(row[0]))


def _machine(run: Run) -> dict[str, str]:
    m = run.machine
    memory = f"memory {known(m.memory_bytes, units.bytes_text)}"
    return {
        "device": f"{m.device_name} ({m.device})",
        "processor": f"{m.cpu_name}, {units.counted(m.cpu_count, 'CPU')}, "
        f"{units.counted(m.threads, 'thread')}, {memory}",
        "GPU": gpu_line(run),
        "versions": ", ".join(
            f"{what} {version}"
            for what, version in (
                ("torch", m.torch_version),
                ("Python", m.python_version),
                ("CUDA", m.cuda_version),
                ("driver", m.driver_version),
            )
            if version
        ),
        "platform": m.platform,
        "load before": known(m.load_average, lambda x: f"{x:.2f}"),
        "commit": m.commit or UNKNOWN,
        "measured": f"{run.captured_at} as {run.run_id}",
        "work": "; ".join(line for line in facts_lines(run) if line != gpu_line(run)),
    }


def _assumed(answers: Sequence[Answer]) -> list[tuple[str, str]]:
    """Each text once, with all that it holds for."""
    found: dict[str, list[str]] = {}
    for item in answers:
        for best in item.best_of_each:
            for text in best.assumptions:
                name = f"{item.name} on {PROVIDER_NAMES[best.offer.provider]}"
                found.setdefault(f"rests on: {text}", []).append(name)
        for reason, count in item.quote.left_out:
            found.setdefault(f"left out: {reason}", []).append(f"{count:,} offers of {item.name}")
    return [(text, ", ".join(names)) for text, names in found.items()]


def made_text(made_at: str) -> str:
    """`24 November 2026, 12:00 UTC`; the text itself where it is no time."""
    try:
        made = datetime.fromisoformat(made_at).astimezone(UTC)
    except ValueError:
        return made_at
    return f"{made.day} {made:%B %Y, %H:%M} UTC"
