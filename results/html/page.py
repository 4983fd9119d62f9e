"""The page itself: one HTML file with its style, scripts and data, nothing fetched from anywhere.

What came from records is escaped by the template; the data for the charts is JSON in which `<`
can't end its element. A Content-Security-Policy admits only the scripts and the style written
here, by their hashes (docs/decisions/0051).
"""

import base64
import hashlib
import json
from importlib import resources
from typing import Any

from results.answer import answer
from results.content import Content
from results.html.energy import energy_section
from results.html.evidence import evidence_section, made_text
from results.html.money import money_section
from results.html.offers import offers_data, static_table
from results.html.past import past_sections
from results.html.performance import performance_sections
from results.html.section import Section
from results.html.sweep import sweep_section
from results.html.together import together_section

APP_SCRIPTS = ("theme.js", "offers.js", "table.js", "charts.js", "start.js")
FIRST_ANSWERS = 4  # of more, the others unfold: the chart belongs on the first screen
LINE_ENDS = {"\u2028": "\\u2028", "\u2029": "\\u2029"}


def html(content: Content) -> str:
    """The whole report as one self-contained HTML document."""
    from jinja2 import Environment, StrictUndefined

    sections = _sections(content)
    data = {
        "workloads": offers_data(content.answers),
        "charts": {s.name: s.chart for s in sections if s.chart},
    }
    style, library = _part("style.css"), _part("vendor/echarts.min.js")
    script = "(() => {\n'use strict';\n" + "\n".join(map(_part, APP_SCRIPTS)) + "})();\n"
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return page.from_string(_part("page.html.j2")).render(
        policy=_policy(style, library, script),
        style=style,
        library=library,
        script=script,
        data=data_text(data),
        made=made_text(content.made_at),
        sentences=[answer(item.quote, item.run) for item in content.answers],
        measured_only=[run.workload.name for run in content.latest if not _quoted(run, content)],
        static=[static_table(item) for item in content.answers],
        sections=sections,
        first=FIRST_ANSWERS,
        has_offers=bool(content.answers),
    )


def data_text(data: Any) -> str:
    """JSON that is safe inside a script element, whatever its strings hold."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    for char, escaped in LINE_ENDS.items():
        text = text.replace(char, escaped)
    return text


def _sections(content: Content) -> list[Section]:
    timed = performance_sections(content)
    found = [
        *timed[:1],
        money_section(content.answers),
        sweep_section(content.runs),
        together_section(content.runs),
        energy_section(content.runs),
        *timed[1:],
        *past_sections(content),
        evidence_section(content),
    ]
    return [section for section in found if section]


def _quoted(run: Any, content: Content) -> bool:
    return any(item.name == run.workload.name for item in content.answers)


def _part(name: str) -> str:
    return resources.files("results.html").joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, *scripts: str) -> str:
    allowed = " ".join(_hash(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
