"""The report in Markdown holds what was measured and quoted, and no name breaks out of its cell."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from results.compare import compare
from results.records import Estimate, Measurement, Quote, Run
from results.report import BEST_OFFERS, markdown

MakeRun = Callable[..., Run]
MakeEstimate = Callable[..., Estimate]
MakeQuote = Callable[..., Quote]
MADE_AT = "2026-11-24T12:00:00+00:00"
HOSTILE = "<script>alert(1)</script> | a & b\n## Title | <img src=x onerror=y>"


def table_rows(page: str) -> list[list[str]]:
    """Cells of every line of a table, split where Markdown splits them."""
    lines = [line for line in page.splitlines() if line.startswith("|")]
    return [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_the_page(make_run: MakeRun, make_quote: MakeQuote, make_estimate: MakeEstimate) -> None:
    page = markdown([make_run()], [make_quote(make_estimate())], MADE_AT)
    assert page.startswith(f"# What training costs\n\nMade {MADE_AT} by trainfare")
    assert page.endswith("\n")
    assert "## cnn: measured 2026-11-24T00:00:00+00:00" in page
    assert (
        "60,000 images an epoch, batch 64, fp32, on Some CPU (cpu, 2 threads, torch 2.15)" in page
    )
    assert "## cnn: 3 epochs of 60,000 samples, quoted 2026-11-24T00:00:01+00:00" in page
    *_, total, head, _, step, offers, _, offer = table_rows(page)
    assert total == ["total", "", "$0.24–0.48", "", "ends added up", ""]
    assert dict(zip(head, step, strict=True)) == {
        "phase": "step",
        "median": "100 ms",
        "95% interval": "100 ms to 100 ms",
        "samples/s": "640",
        "of step": "",
        "undisturbed": "9 of 9",
        "verdict": "quiet",
    }
    found = dict(zip(offers, offer, strict=True))
    assert (found["service"], found["instance"]) == ("SageMaker", "ml.g5.xlarge")
    assert (found["$/h"], found["time"], found["cost"]) == ("$3.60", "4.0–8.0 min", "$0.24–0.48")
    assert (found["$/epoch"], found["$/million samples"]) == ("$0.10", "$1.67")
    assert (found["samples/$"], found["evidence"]) == ("600,000", "projected")


def test_phases_in_order_with_their_share(
    make_run: MakeRun, make_measurement: Callable[..., Measurement]
) -> None:
    phases = (make_measurement("step", 0.1), make_measurement("load", 0.025))
    rows = table_rows(markdown([make_run(measurements=phases)], [], MADE_AT))[2:]
    assert [(row[0], row[4]) for row in rows] == [("load", "25%"), ("step", "")]
    assert rows[0][3] == ""  # samples a second are unknown, not 0


def test_disturbance_is_shown(
    make_run: MakeRun, make_measurement: Callable[..., Measurement]
) -> None:
    noisy = make_measurement(disturbed=(True,) * 8 + (False,))
    page = markdown([make_run(measurements=(noisy,), data_note="synthetic")], [], MADE_AT)
    assert table_rows(page)[2][5:] == ["1 of 9", "contended"]
    assert "contended." in page
    assert "The data is synthetic." in page


def test_only_the_best_offers(make_quote: MakeQuote, make_estimate: MakeEstimate) -> None:
    many = [
        make_estimate(instance_type=f"ml.n{i}", assumptions=("same", f"own {i}"))
        for i in range(BEST_OFFERS + 5)
    ]
    page = markdown([], [make_quote(*many, left_out=(("too small", 3),))], MADE_AT)
    rows = [row for row in table_rows(page) if len(row) == OFFER_COLUMNS][2:]
    assert [row[2] for row in rows] == [f"ml.n{i}" for i in range(BEST_OFFERS)]
    assert [row[0] for row in rows] == [str(i + 1) for i in range(BEST_OFFERS)]
    assert page.count("- same\n") == 1
    assert f"own {BEST_OFFERS - 1}" in page
    assert f"own {BEST_OFFERS}" not in page
    assert "3 left out: too small" in page


def test_a_stale_price_is_marked(make_quote: MakeQuote, make_estimate: MakeEstimate) -> None:
    fresh = make_estimate(as_of=datetime.now(UTC).date().isoformat())
    page = markdown([], [make_quote(make_estimate(as_of="2020"), fresh)], MADE_AT)
    stale_row, fresh_row = table_rows(page)[-2:]
    assert stale_row[-1].endswith(" d!")
    assert fresh_row[-1] == "published 0 d"


def test_a_quote_without_offers(make_quote: MakeQuote) -> None:
    assert "No offer answers this quote." in markdown([], [make_quote()], MADE_AT)
    assert markdown([], [], MADE_AT).count("\n") == 3


def test_the_sum_over_workloads_comes_first(
    make_quote: MakeQuote, make_estimate: MakeEstimate, make_workload: Any
) -> None:
    quotes = [make_quote(make_estimate(make_workload(name=name))) for name in ("cnn", "rnn")]
    rows = table_rows(markdown([], quotes, MADE_AT))
    assert [row[0] for row in rows[2:5]] == ["cnn", "rnn", "total"]
    assert rows[2][2:5] == ["$0.24–0.48", "4.0–8.0 min", "SageMaker ml.g5.xlarge, us-east-1"]
    assert rows[4][2] == "$0.48–0.96"


@pytest.mark.parametrize("name", ["n", "größe " * 20])
def test_it_fits_a_comment(
    make_run: MakeRun, make_quote: MakeQuote, make_estimate: MakeEstimate, make_workload: Any,
    name: str,
) -> None:  # fmt: skip
    runs = [make_run(name=f"{name}{i}") for i in range(200)]
    quotes = [
        make_quote(*[make_estimate(make_workload(name=run.workload.name))] * 15) for run in runs
    ]
    page = markdown(runs, quotes, MADE_AT)
    assert len(page.encode()) <= 60_000
    left = re.search(r"(\d+) more sections are left out", page)
    assert left
    assert page.count("\n## ") + int(left[1]) == 400
    assert "| total |" in page


def test_changes_against_a_base(
    make_run: MakeRun, make_measurement: Callable[..., Measurement]
) -> None:
    runs = [
        make_run(run_id=f"r{i}", measurements=(make_measurement("step", s, samples_per_repeat=64),))
        for i, s in enumerate((0.1, 0.2))
    ]
    page = markdown(runs[1:], [], MADE_AT, compare(runs[:1], runs[1:]))
    assert "Against the base: 1 slower." in page
    row = table_rows(page)[2]
    assert row[:5] == ["cnn", "step", "100 ms", "200 ms", "+100.0%"]
    assert row[6] == "slower"
    assert "Against the base" not in markdown(runs, [], MADE_AT)


SUMMARY_COLUMNS, PHASE_COLUMNS, OFFER_COLUMNS = 6, 7, 13
RUN_TEXTS = ["name", "sample_unit", "device_name", "torch_version", "data_note"]
OFFER_TEXTS = ["instance_type", "region"]


def assert_harmless(page: str) -> None:
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "a &amp; b" in page
    assert not re.search(r"^## Title", page, re.MULTILINE)
    assert {len(row) for row in table_rows(page)} <= {SUMMARY_COLUMNS, PHASE_COLUMNS, OFFER_COLUMNS}


@pytest.mark.parametrize("field", RUN_TEXTS)
def test_hostile_names_of_a_run(make_run: MakeRun, field: str) -> None:
    assert_harmless(markdown([make_run(**{field: HOSTILE})], [], MADE_AT))


def test_hostile_phases_warnings_and_metrics(
    make_run: MakeRun, make_measurement: Callable[..., Measurement]
) -> None:
    for given in (
        {"measurements": (make_measurement(HOSTILE),)},
        {"warnings": (HOSTILE,)},
        {"metrics": ((HOSTILE, 0.5),)},
    ):
        assert_harmless(markdown([make_run(**given)], [], MADE_AT))


@pytest.mark.parametrize("field", OFFER_TEXTS)
def test_hostile_names_of_an_offer(
    make_quote: MakeQuote, make_estimate: MakeEstimate, field: str
) -> None:
    page = markdown([], [make_quote(make_estimate(**{field: HOSTILE}))], MADE_AT)
    assert_harmless(page)


def test_hostile_names_of_a_quote(
    make_quote: MakeQuote, make_estimate: MakeEstimate, make_workload: Any
) -> None:
    estimate = make_estimate(make_workload(name=HOSTILE))
    assert_harmless(markdown([], [make_quote(estimate)], MADE_AT))
    assumed = make_estimate(assumptions=(HOSTILE,))
    assert_harmless(markdown([], [make_quote(assumed)], MADE_AT))
    left = make_quote(make_estimate(), left_out=((HOSTILE, 1),))
    assert_harmless(markdown([], [left], MADE_AT))
