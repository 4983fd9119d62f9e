"""Data frames keep the unknown empty; CSV runs nothing in a spreadsheet."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.frames import csv_text, estimates_frame, measurements_frame
from results.records import Estimate, Measurement, Quote, Run

FORMULAS = [
    "=HYPERLINK(\"http://evil\",\"x\")", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1", "=", "-",
]  # fmt: skip


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_one_row_a_phase_of_every_run(
    make_run: Callable[..., Run], make_measurement: Callable[..., Measurement]
) -> None:
    both = (make_measurement("step", 0.1), make_measurement("load", 0.02))
    frame = measurements_frame([make_run(measurements=both), make_run(run_id="second")])
    assert list(frame["phase"]) == ["load", "step", "step"]
    assert list(frame["median_seconds"]) == [0.02, 0.1, 0.1]
    assert list(frame["run_id"])[2] == "second"


def test_one_row_an_offer(
    make_quote: Callable[..., Quote], make_estimate: Callable[..., Estimate]
) -> None:
    quote = make_quote(make_estimate(), make_estimate(region="eu-west-1"))
    frame = estimates_frame([quote, quote])
    assert len(frame) == 4
    assert list(frame["region"][:2]) == ["us-east-1", "eu-west-1"]
    assert frame["mid_usd"].sum() == pytest.approx(4 * 0.36)
    assert "usd" not in frame.columns


def test_no_record_no_row() -> None:
    assert len(measurements_frame([])) == 0
    assert csv_text(estimates_frame([])).strip() == ""


def test_the_unknown_is_empty_not_zero(
    make_run: Callable[..., Run], make_measurement: Callable[..., Measurement]
) -> None:
    both = (make_measurement("step", samples_per_repeat=64), make_measurement("load"))
    load, step = rows_of(csv_text(measurements_frame([make_run(measurements=both)])))
    assert load["samples_per_second"] == ""
    assert float(step["samples_per_second"]) == pytest.approx(640)


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_in_any_text_is_defused(samples: dict[type, Any], formula: str) -> None:
    frames = (measurements_frame([samples[Run]]), estimates_frame([samples[Quote]]))
    for frame in frames:
        text_columns = [name for name in frame.columns if isinstance(frame[name].iloc[0], str)]
        assert text_columns
        hostile = frame.copy()
        for name in text_columns:
            hostile[name] = formula
        found = rows_of(csv_text(hostile))
        assert len(found) == len(frame)
        for row in found:
            assert {row[name] for name in text_columns} == {f"'{formula}"}


def test_a_hostile_name_in_a_record_is_defused(
    make_run: Callable[..., Run],
    make_quote: Callable[..., Quote],
    make_estimate: Callable[..., Estimate],
) -> None:
    run = make_run(name="=cmd|' /C calc'!A0", device_name="@evil", data_note="+1")
    (row,) = rows_of(csv_text(measurements_frame([run])))
    assert row["workload"] == "'=cmd|' /C calc'!A0"
    assert (row["device_name"], row["data_note"]) == ("'@evil", "'+1")
    quote = make_quote(make_estimate(run.workload, instance_type="-1+1"))
    (row,) = rows_of(csv_text(estimates_frame([quote])))
    assert (row["workload"], row["instance_type"]) == ("'=cmd|' /C calc'!A0", "'-1+1")


@given(st.text(max_size=20))
def test_no_cell_of_text_starts_a_formula_and_harmless_text_stays(text: str) -> None:
    found = csv_text(pd.DataFrame([{"name": text, "end": "x"}]))
    cell = next(csv.reader(io.StringIO(found.split("\n", 1)[1], newline="")), [""])[0]
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_numbers_keep_their_sign() -> None:
    (row,) = rows_of(csv_text(pd.DataFrame([{"metric": -1.5, "count": -2}])))
    assert row == {"metric": "-1.5", "count": "-2"}


def test_separators_and_quotes_in_names_stay_in_their_cell(make_run: Callable[..., Run]) -> None:
    name = 'a,b;"c"\nd'
    (row,) = rows_of(csv_text(measurements_frame([make_run(name=name)])))
    assert row["workload"] == name
