"""How sure one can be: evidence, basis and age of every figure, machine, versions, warnings."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from results import units
from results.answer import basis_text
from results.content import Answer, Content
from results.html.section import UNKNOWN, Section, Table
from results.lines import best_of_each, facts_lines, gpu_line, known, warning_lines
from results.names import PROVIDER_NAMES
from results.price_age import STALE_DAYS, age_days, is_stale
from results.records import Run
from results.tables import instance_text, interval_text


def evidence_section(content: Content) -> Section:
    """Tables of what each figure rests on, and every warning as a note."""
    warnings = list(_warnings(content))
    count = "Nothing speaks against these figures" if not warnings else f"{len(warnings)} warnings"
    tables = [
        Table(
            caption="What each figure rests on",
            columns=("workload", "figure", "value", "known as", "basis", "age"),
            rows=[row for item in content.answers for row in _figures(item, content.made_at)],
            numbers=("value",),
        ),
        Table(
            caption="Machines and versions",
            columns=("workload", "what", "value"),
            rows=[row for run in content.latest for row in _machine(run)],
        ),
        Table(
            caption="Assumptions and offers left out",
            columns=("workload", "what", "text"),
            rows=list(_assumed(content.answers)),
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
        best = item.quote.estimates[0]
        if item.run is None:
            yield f"{item.name}: the measurement behind its quote is not among these records."
        if is_stale(best.offer.as_of):
            yield (
                f"{item.name}: the price of {instance_text(best.offer)} is of {best.offer.as_of}, "
                f"over {STALE_DAYS} days old. Check it before you launch."
            )
    yield from content.problems


def _figures(item: Answer, made_at: str) -> Iterator[tuple[str, ...]]:
    run = item.run
    step = run and (run.measurement("step") or run.measurement("epoch"))
    if run and step:
        blocks = f"{step.disturbed.count(False)} of {len(step.disturbed)} blocks undisturbed"
        value = f"{units.seconds_text(step.seconds.mid)} ({interval_text(step)})"
        age = _age(run.captured_at, made_at)
        yield (item.name, f"{step.phase} here", value, f"measured, {step.verdict}", blocks, age)
    for _, best in best_of_each(item.quote.estimates, 1):
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
    return units.age_text(max(0.0, passed.total_seconds()))


def _machine(run: Run) -> Iterator[tuple[str, str, str]]:
    m, name = run.machine, run.workload.name
    memory = known(m.memory_bytes, units.bytes_text)
    rows = {
        "device": f"{m.device_name} ({m.device})",
        "processor": f"{m.cpu_name}, {m.cpu_count} CPUs, {m.threads} threads, {memory}",
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
    yield from ((name, what, text) for what, text in rows.items())


def _assumed(answers: Sequence[Answer]) -> Iterator[tuple[str, str, str]]:
    for item in answers:
        for _, best in best_of_each(item.quote.estimates, 1):
            service = PROVIDER_NAMES[best.offer.provider]
            for text in best.assumptions:
                yield (item.name, f"assumed for {service}", text)
        for reason, count in item.quote.left_out:
            yield (item.name, f"{count:,} left out", reason)


def made_text(made_at: str) -> str:
    """`24 November 2026, 12:00 UTC`; the text itself where it is no time."""
    try:
        made = datetime.fromisoformat(made_at).astimezone(UTC)
    except ValueError:
        return made_at
    return f"{made.day} {made:%B %Y, %H:%M} UTC"
