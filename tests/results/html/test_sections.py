"""Sections say what their records say: shares, medians, changes, knees, held intervals, ages."""

from typing import Any

import pytest

from results.content import Content
from results.html.evidence import evidence_section
from results.html.money import money_section
from results.html.past import accuracy_section, history_section
from results.html.performance import blocks_section, time_section
from results.html.section import Section
from results.html.sweep import sweep_section
from results.records import SweepPoint
from tests.results.conftest import build_measurement, build_run
from tests.results.html.conftest import (
    CASES,
    MADE_AT,
    build_answer,
    full_content,
    past_job,
    phases,
)


def rows(section: Section | None, table: int = 0) -> list[dict[str, str]]:
    assert section is not None
    found = section.tables[table]
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def chart(section: Section | None) -> dict[str, Any]:
    assert section is not None
    assert section.chart is not None
    return section.chart


def test_phases_and_what_is_left_of_the_step() -> None:
    section = time_section([build_run(measurements=phases(0.1))])
    shares = {s["name"]: s["values"] for s in chart(section)["series"]}
    assert shares["load"] == [pytest.approx(19.6, abs=0.1)]
    assert sum(values[0] for values in shares.values()) == pytest.approx(100, abs=0.2)
    assert "cnn spends 20% of a step loading data" in section.lead
    assert [row["phase"] for row in rows(section)] == ["load", "forward", "backward", "step"]


def test_phases_that_add_up_to_more_than_the_step() -> None:
    parts = (build_measurement("load", 0.3), build_measurement("forward", 0.1))
    section = time_section([build_run(measurements=(*parts, build_measurement("step", 0.1)))])
    values = [s["values"] for s in chart(section)["series"]]
    assert values == [[75], [25], [0]]


def test_a_phase_that_another_workload_lacks_is_unknown() -> None:
    other = build_run(name="mlp", measurements=(build_measurement("step", 0.1),))
    section = time_section([build_run(measurements=phases()), other])
    assert chart(section)["series"][0]["values"][1] is None


def test_disturbed_blocks_are_marked() -> None:
    blocks = build_measurement(block_seconds=(0.1,) * 9 + (0.4,), disturbed=(False,) * 9 + (True,))
    section = blocks_section([build_run(measurements=(blocks,))])
    assert chart(section)["points"][-1] == [0, 400, 1]
    assert chart(section)["points"][0] == [0, 100, 0]
    assert "disturbed 1 of 10" in section.lead
    row = rows(section)[0]
    assert (row["blocks"], row["disturbed"], row["longest"]) == ("10", "1", "400 ms")


def test_very_many_blocks_are_thinned() -> None:
    many = build_measurement(block_seconds=(0.1,) * 5000)
    assert len(chart(blocks_section([build_run(measurements=(many,))]))["points"]) <= 300


def test_where_the_money_goes() -> None:
    section = money_section([build_answer()])
    assert [s["values"] for s in chart(section)["series"]] == [[50, 50, 50], [50, 50, 50]]
    assert chart(section)["categories"] == ["cnn · SageMaker", "cnn · Vertex AI", "cnn · Azure ML"]
    assert rows(section)[0] == {
        "workload": "cnn",
        "offer": "ml.g5.xlarge, us-east-1",
        "item": "start-up",
        "time": "1.0–4.0 min",
        "cost": "$0.05–0.20",
        "billed by": "SageMaker",
        "evidence": "assumed",
    }


def test_history_against_the_first_run_of_the_same() -> None:
    runs = [
        build_run(run_id=f"r{i}", captured_at=f"2026-11-0{i + 1}T00:00:00+00:00", commit=f"c{i}",
                  measurements=(build_measurement("step", seconds),))
        for i, seconds in enumerate((0.1, 0.12, 0.09))
    ]  # fmt: skip
    other = build_run(run_id="o", batch_size=8)
    section = history_section([*runs, other])
    (series,) = chart(section)["series"]
    assert [point[1] for point in series["points"]] == [100, 120, 90]
    changes = {row["commit"]: row["change"] for row in rows(section)}
    assert changes == {"c0": "", "c1": "+20.0%", "c2": "−25.0%", "unknown": ""}


def test_one_run_is_no_history_yet() -> None:
    section = history_section([build_run()])
    assert section is not None
    assert section.chart is None
    assert "once so far" in section.lead
    assert history_section([build_run(partial=True)]) is None


def test_predicted_against_actual() -> None:
    jobs = [past_job("a", "0.40"), past_job("b", "0.60"), past_job("c", None),
            past_job("d", "0.40", state="failed")]  # fmt: skip
    section = accuracy_section(jobs)
    assert section is not None
    assert section.lead.startswith("1 of 2 finished jobs")
    assert len(chart(section)["ranges"]) == 2
    assert chart(section)["ranges"][0][:3] == [pytest.approx(66.67), pytest.approx(133.3), 111.1]
    assert [row["billed"] for row in rows(section)] == ["$0.40", "$0.60", "unknown", "$0.40"]
    assert accuracy_section([]) is None


def test_the_knee() -> None:
    section = sweep_section(full_content().runs)
    assert [row["batch"] for row in rows(section)] == ["32", "64", "128"]
    assert [point[:2] for point in chart(section)["series"][0]["points"]] == [
        [32, 390.2], [64, 561.4], [128, 719.1],
    ]  # fmt: skip
    assert section is not None
    assert "no knee up to the largest" in section.lead
    failed = SweepPoint(batch_size=256, problem="out of memory")
    swept = build_run(sweep=(*full_content().runs[-1].sweep, failed))
    assert rows(sweep_section([swept]))[-1]["remark"] == "out of memory"
    assert sweep_section([build_run(), build_run(sweep=(failed,))]) is None


def test_what_each_figure_rests_on() -> None:
    section = evidence_section(full_content())
    figures = {row["figure"]: row for row in rows(section)}
    assert figures["step here"]["basis"] == "38 of 40 blocks undisturbed"
    assert figures["price of ml.g5.xlarge"]["basis"] == "a test"
    assert figures["price of ml.g5.xlarge"]["evidence"] == "published"
    assert any("bad.json" in note for note in section.notes)
    assumed = {row["what"]: row["of"] for row in rows(section, 2)}
    assert assumed["rests on: starts soon"] == "cnn on SageMaker, cnn on Vertex AI, cnn on Azure ML"
    assert assumed["left out: too small"] == "3 offers of cnn"


def test_warnings_are_all_told() -> None:
    notes = evidence_section(CASES["contended"]()).notes
    assert any("contended: other work" in note for note in notes)
    assert "cnn: the machine was busy" in notes
    lost = Content(made_at=MADE_AT, answers=(build_answer(),))
    gone = type(lost.answers[0])(quote=lost.answers[0].quote)
    told = evidence_section(Content(made_at=MADE_AT, answers=(gone,))).notes
    assert any("not among these records" in note for note in told)
