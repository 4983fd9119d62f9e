"""The report's other forms: JSON, pictures, data frames, notebooks, bars in a terminal."""

import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

import results
from results.bars import interval_bars
from results.content import Content
from results.errors import NoAnswerError, UsageError
from results.export import json_text
from results.plots import picture
from results.records import SCHEMA_VERSION
from results.statistics import Interval
from results.ticks import time_ticks, usd_ticks
from tests.results.conftest import build_estimate, build_quote, build_run, span, usd
from tests.results.html.conftest import MADE_AT, brief_offer, full_content

HOSTILE = "<script>alert(1)</script>"


def test_json() -> None:
    found = json.loads(json_text(full_content()))
    assert found["schema_version"] == SCHEMA_VERSION
    (answer,) = found["answers"]
    assert answer["sentence"].startswith("cnn, 3 epochs: $0.24–0.48")
    assert answer["estimates"][0]["usd"] == {"low": 0.24, "mid": 0.36, "high": 0.48}
    assert len(found["runs"]) == 6
    scaling = {run["run_id"]: run["scaling"] for run in found["runs"]}
    assert scaling["r0"] is None  # not measured
    assert scaling["swept"]["efficiency_ratio"]["mid"] == pytest.approx(0.8, rel=0.02)
    assert found["runs"][0]["measurements"][0]["phase"] == "load"
    assert [job["billed_usd"] for job in found["jobs"]] == [0.4, 0.6, None]
    assert found["problems"]
    assert json.loads(json_text(Content(made_at=MADE_AT)))["answers"] == []


def test_a_png_with_a_panel_a_workload() -> None:
    data = picture(full_content(), "png")
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    assert width > 1000
    assert height > 600


def test_an_svg_that_is_the_same_again_and_runs_nothing() -> None:
    content = full_content()
    page = picture(content, "svg").decode()
    assert "10 min" in page
    assert "$0.1" in page
    assert "SageMaker, spot" in page
    assert picture(content, "svg").decode() == page
    quote = build_quote(build_estimate(instance_type=HOSTILE))
    hostile = Content(made_at=MADE_AT, answers=(type(content.answers[0])(quote=quote),))
    drawn = picture(hostile, "svg").decode()
    assert "<script" not in drawn
    assert "&lt;script&gt;" in drawn


def test_nothing_to_draw() -> None:
    with pytest.raises(NoAnswerError, match="trainfare quote"):
        picture(Content(made_at=MADE_AT, runs=(build_run(),)), "png")


def test_data_frames() -> None:
    run, quote = build_run(), build_quote(build_estimate(), build_estimate())
    assert len(results.to_dataframe(run)) == 1
    assert list(results.to_dataframe(iter([quote, quote]))["mid_usd"]) == [0.36] * 4
    assert len(results.to_dataframe([])) == 0
    with pytest.raises(UsageError, match="Quote and Run"):
        results.to_dataframe([run, quote])
    with pytest.raises(UsageError, match="str"):
        results.to_dataframe(["run"])  # type: ignore[list-item]
    with pytest.raises(AttributeError):
        results.nothing  # noqa: B018


def test_notebooks_show_a_table_and_run_nothing() -> None:
    shown = build_quote(build_estimate(instance_type=HOSTILE))._repr_html_()
    assert "<td>$0.24–0.48</td>" in shown
    assert HOSTILE not in shown
    shown = build_run(name=HOSTILE)._repr_html_()
    assert "<td>step</td>" in shown
    assert HOSTILE not in shown


def test_bars_share_a_scale() -> None:
    assert interval_bars([span(1, 10, 100), span(10, 10, 10), span(100, 100, 100)], 9) == [
        "▕────●────▏",
        "    ▕●▏    ",
        "        ▕●▏",
    ]
    assert interval_bars([span(0, 1, 100)], 5) == ["▕●────▏"]
    assert interval_bars([span(5, 5, 5)], 5) == ["  ▕●▏  "]
    assert interval_bars([span(0, 0, 0)]) == [""]
    assert interval_bars([]) == []


@given(st.lists(st.tuples(*[st.floats(0, 1e12)] * 3), min_size=1), st.integers(3, 30))
def test_bars_are_of_one_width_with_ends_in_order(
    ends: list[tuple[float, float, float]], width: int
) -> None:
    sorted_ends = [sorted(e) for e in ends]
    bars = interval_bars([Interval(low=a, mid=b, high=c) for a, b, c in sorted_ends], width)
    for bar in bars:
        assert len(bar) in (0, width + 2)
        assert not bar or bar.index("▕") < bar.index("●") < bar.index("▏")


def test_ticks_are_whole_units_within_the_data() -> None:
    offers = [brief_offer(0, seconds=span(50, 100, 4000), usd=usd("0.03", "0.2", "20"))]
    assert [text for _, text in time_ticks(offers)] == [
        "10 s", "30 s", "1 min", "3 min", "10 min", "30 min", "1 h",
    ]  # fmt: skip
    assert [text for _, text in usd_ticks(offers)] == ["$0.01", "$0.1", "$1", "$10", "$100"]
    near = [brief_offer(0, seconds=span(250, 400, 1250))]
    assert [text for at, text in time_ticks(near) if at > 250] == [
        "5 min", "7 min", "10 min", "15 min", "20 min",
    ]  # fmt: skip
    few = [brief_offer(0, usd=usd("0.3", "0.4", "0.9"))]
    assert [text for _, text in usd_ticks(few)] == ["$0.1", "$0.2", "$0.5", "$1", "$2", "$5"]
    assert usd_ticks([]) == time_ticks([]) == []
    assert all(math.isfinite(at) for at, _ in usd_ticks(offers))
