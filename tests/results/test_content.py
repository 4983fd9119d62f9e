"""A report is made of the newest answer of each workload and all runs; bad files are named."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from results.all_offers import all_offers
from results.answer import answer
from results.content import Answer, gather
from results.html.page import html
from results.records import Quote, Run
from results.store import Store, new_id
from tests.results.conftest import (
    Priced,
    build_estimate,
    build_measurement,
    build_quote,
    build_run,
    build_workload,
    usd,
)
from tests.results.html.conftest import past_job, scaling

NOW = "2026-11-24T12:00:00+00:00"


def quote_of(name: str, moment: str, **given: object) -> Quote:
    estimate = build_estimate(build_workload(name=name))
    return build_quote(estimate, quote_id=f"20261124T{moment}-{name}-000001", **given)


def test_the_newest_of_each_workload(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for name in ("mlp", "cnn"):
        store.add(build_run(run_id=f"20261124T000000-{name}-000000", name=name))
        for moment in ("000001", "000002"):
            store.add(quote_of(name, moment, run_id=f"20261124T000000-{name}-000000"))
    newest = quote_of("cnn", "000002")
    store.add(
        all_offers(newest, map(Priced, [*newest.estimates, build_estimate(region="eu-west-1")]))
    )
    found = gather(store, NOW)
    assert [a.quote.quote_id for a in found.answers] == [
        "20261124T000002-cnn-000001", "20261124T000002-mlp-000001",
    ]  # fmt: skip
    assert [a.run.workload.name for a in found.answers if a.run] == ["cnn", "mlp"]
    assert [len(a.ranked) for a in found.answers] == [2, 1]
    assert [run.workload.name for run in found.latest] == ["cnn", "mlp"]


def test_only_quotes_that_may_be_of_the_workload_are_opened(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add(build_run(name="cnn"))
    store.add(quote_of("cnn", "000001"))
    (tmp_path / "quotes" / "20261124T000009-mlp-000001.json").write_text("{", encoding="utf-8")
    assert gather(store, NOW).problems == ()
    (tmp_path / "quotes" / "20261124T000009-cnn-000002.json").write_text("{", encoding="utf-8")
    found = gather(store, NOW)
    assert len(found.answers) == 1
    assert "cnn-000002.json is left out" in found.problems[0]


def test_a_file_name_that_two_workloads_share(tmp_path: Path) -> None:
    """`a/b` and `a-b` look alike in an id; each still gets its own answer."""
    store = Store(tmp_path)
    for place, name in enumerate(("a/b", "a-b")):
        store.add(build_run(run_id=f"r{place}", name=name))
        quote = build_quote(build_estimate(build_workload(name=name)), quote_id=new_id(name))
        store.add(quote)
    assert sorted(a.name for a in gather(store, NOW).answers) == ["a-b", "a/b"]


def test_a_broken_file_of_offers_leaves_the_quote(tmp_path: Path) -> None:
    store = Store(tmp_path)
    quote = quote_of("cnn", "000001")
    store.add(build_run(name="cnn"))
    store.add(quote)
    Path(store.add(all_offers(quote, map(Priced, quote.estimates)))).write_text(
        "{}", encoding="utf-8"
    )
    found = gather(store, NOW)
    assert found.answers[0].offers is None
    assert len(found.answers[0].ranked) == 1
    assert len(found.problems) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"measurements": (build_measurement("step", block_seconds=(), disturbed=()),)},
        {"measurements": (build_measurement("step", 0.0),)},
        {"measurements": (build_measurement("load", -1.0),)},
        {"measurements": (build_measurement("step", disturbed=(False,)),)},
        {"measurements": (build_measurement("step", slowed=(False,)),)},
        {"measurements": (build_measurement("step", steps_per_block=0),)},
        {"scaling": scaling(single_block_seconds=(0.0,) * 20)},
        {"scaling": scaling(disturbed=())},
    ],
)
def test_runs_without_usable_times_are_named_and_left_out(
    tmp_path: Path, given: dict[str, Any]
) -> None:
    store = Store(tmp_path)
    store.add(build_run(run_id="bad", **given))
    store.add(build_run(run_id="good"))
    found = gather(store, NOW)
    assert [run.run_id for run in found.runs] == ["good"]
    assert len(found.problems) == 1
    assert found.problems[0].startswith("Run bad is left out: its ")
    assert "Run bad is left out" in html(found)


def test_jobs_with_what_was_predicted(tmp_path: Path) -> None:
    store = Store(tmp_path)
    job = past_job("a", "0.40")
    store.add(job.intent)
    store.add(job.outcome)
    store.add(past_job("nobody-asked", "0.10").outcome)
    assert [j.outcome.usd for j in gather(store, NOW).jobs] == [Decimal("0.40")]


def test_offers_in_brief_keep_time_cost_and_bill() -> None:
    estimate = build_estimate(usd=usd("0.1", "0.2", "0.3"))
    kept = all_offers(build_quote(estimate), [Priced(estimate)])
    (brief,) = kept.estimates
    assert (brief.usd, brief.seconds, brief.grade) == (estimate.usd, estimate.seconds, "projected")


def test_the_answer_in_one_sentence() -> None:
    quote = build_quote(build_estimate())
    run: Run = build_run()
    assert answer(quote, run) == (
        "cnn, 3 epochs: $0.24–0.48 on ml.g5.xlarge (SageMaker) in us-east-1, 4.0–8.0 min; "
        "price of 2026-07-30, projected from Some CPU."
    )
    spot = build_quote(build_estimate(allocation="spot", grade="measured"), verdict="contended")
    assert "ml.g5.xlarge spot (SageMaker)" in answer(spot, run)
    assert answer(spot, run).endswith("measured on Some CPU, disturbed by other work.")
    assert f"from run {quote.run_id}" in answer(quote, None)
    assert answer(build_quote(), None) == "No offer answers this quote."
    assert Answer(quote=quote).name == "cnn"
