"""How runs and quotes show themselves in a notebook: a sentence and a table, all of it escaped."""

from collections.abc import Iterable, Sequence
from html import escape

from results import units
from results.answer import answer
from results.names import PROVIDER_NAMES
from results.price_age import price_text
from results.records import Quote, Run
from results.rows import phase_key
from results.tables import instance_text, interval_text, share_text

SHOWN_OFFERS = 10


def record_html(record: object) -> str:
    """The display of a run or a quote. Raises TypeError for any other record."""
    if isinstance(record, Run):
        return run_html(record)
    if isinstance(record, Quote):
        return quote_html(record)
    raise TypeError(f"{type(record).__name__} has no display of its own")


def quote_html(quote: Quote) -> str:
    """The answer and its best offers."""
    rows = [
        (
            units.usd_range(e.usd),
            units.seconds_range(e.seconds),
            instance_text(e.offer),
            PROVIDER_NAMES[e.offer.provider],
            e.offer.region,
            e.grade,
            price_text(e.offer.basis, e.offer.as_of),
        )
        for e in quote.estimates[:SHOWN_OFFERS]
    ]
    columns = ("cost", "time", "instance", "service", "region", "evidence", "price")
    return _html(answer(quote, None), columns, rows)


def run_html(run: Run) -> str:
    """What was measured where, a row a phase."""
    step = run.measurement("step")
    rows = [
        (
            m.phase,
            units.seconds_text(m.seconds.mid),
            interval_text(m),
            share_text(m, step),
            m.verdict,
        )
        for m in sorted(run.measurements, key=phase_key)
    ]
    said = f"{run.workload.name} on {run.machine.device_name}, {run.captured_at}: {run.verdict}"
    return _html(said, ("phase", "median", "95% interval", "of step", "verdict"), rows)


def _html(said: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f"<p>{escape(said)}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
