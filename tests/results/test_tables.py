"""The tables hold what they should, one line a row, within 100 columns for the longest names."""

import io
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from estimators.catalog import load_offers
from results.records import Estimate, Measurement, Offer, Run, SweepPoint, UsdInterval
from results.statistics import Interval
from results.tables import (
    cost_table,
    performance_table,
    price_table,
    share_text,
    sweep_table,
    unit_cost_table,
)
from tests.results.conftest import usd

WIDTH = 100
MakeRun = Callable[..., Run]
MakeMeasurement = Callable[..., Measurement]
MakeEstimate = Callable[..., Estimate]
# Half a year old, whenever the test runs: the age is part of a row.
AS_OF = (datetime.now(UTC).date() - timedelta(days=180)).isoformat()


def shown(table: Table, width: int = WIDTH) -> list[str]:
    """The lines below the head, as a terminal of that width shows them."""
    out = io.StringIO()
    Console(file=out, width=width, markup=False, emoji=False, highlight=False).print(table)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert max(map(len, lines)) <= width
    ruler = next(i for i, line in enumerate(lines) if line.strip(" ─") == "" and "─" in line)
    return [line for line in lines[ruler + 1 :] if line.strip(" ─")]


def longest_offers() -> dict[str, Offer]:
    """Of each service the offer with the longest instance name, in its longest region."""
    found = {}
    for provider in ("aws", "gcp", "azure"):
        offers = [o for o in load_offers() if o.provider == provider]
        found[provider] = max(offers, key=lambda o: (len(o.instance_type), len(o.region)))
    return found


def estimate_on(offer: Offer, make_estimate: MakeEstimate, **given: Any) -> Estimate:
    own = {field.name: getattr(offer, field.name) for field in fields(Offer)}
    return make_estimate(**own | {"as_of": AS_OF} | given)


def numbered(estimates: Sequence[Estimate]) -> list[tuple[int, Estimate]]:
    return list(enumerate(estimates, start=101))


def test_performance(make_run: MakeRun, make_measurement: MakeMeasurement) -> None:
    phases = (
        make_measurement("epoch", 94.0, block_seconds=(94.0,), samples_per_repeat=60000),
        make_measurement("step", 0.1, samples_per_repeat=64),
        make_measurement("load", 0.025, samples_per_repeat=64),
    )
    rows = [line.split() for line in shown(performance_table([make_run(measurements=phases)]))]
    assert rows == [
        ["cnn", "cpu", "load", "25.0", "ms", "±0%", "25%", "9/9", "quiet"],
        ["cnn", "cpu", "other", "75.0", "ms", "75%"],
        ["cnn", "cpu", "step", "100", "ms", "±0%", "640", "9/9", "quiet"],
        ["cnn", "cpu", "epoch", "1.57", "min", "one", "only", "638", "1/1", "quiet"],
    ]


def test_the_epoch_is_foretold(make_run: MakeRun, make_measurement: MakeMeasurement) -> None:
    step = make_measurement("step", 0.1, bursts=(3, 3, 3), samples_per_repeat=64)
    run = make_run(measurements=(step,), samples_per_epoch=6400)
    row = shown(performance_table([run]))[-1]
    assert row.split()[2:] == [
        "epoch",
        "foretold",
        "10.0",
        "s",
        "±1.9%,",
        "80%",
        "640",
        "from",
        "steps",
    ]


def test_a_batch_sweep(make_run: MakeRun) -> None:
    points = (
        SweepPoint(batch_size=64, step_seconds=(0.1,) * 9, peak_memory_bytes=2**30),
        SweepPoint(batch_size=128, step_seconds=(0.15,) * 9, contended=True),
        SweepPoint(batch_size=256, problem="out of memory"),
    )
    rows = [" ".join(row.split()) for row in shown(sweep_table(make_run(sweep=points)))]
    assert rows == [
        "64 100 ms ±0% 640 1.00 GiB",
        "128 150 ms ±0% 853 unknown contended",
        "256 out of memory",
    ]


def test_disturbed_blocks_are_told(make_run: MakeRun, make_measurement: MakeMeasurement) -> None:
    noisy = make_measurement(disturbed=(True,) * 7 + (False,) * 2)
    (row,) = shown(performance_table([make_run(measurements=(noisy,))]))
    assert row.split()[-2:] == ["2/9", "contended"]


def test_the_share_of_the_step(make_measurement: MakeMeasurement) -> None:
    step, load = make_measurement("step", 0.1), make_measurement("load", 0.031)
    assert share_text(load, step) == "31%"
    assert share_text(load, None) == ""  # unknown, not 0%
    assert share_text(step, step) == share_text(make_measurement("epoch", 9.0), step) == ""


def test_cost(make_estimate: MakeEstimate) -> None:
    both = [make_estimate(as_of=AS_OF), make_estimate(as_of=AS_OF, allocation="spot")]
    first, second = shown(cost_table(numbered(both)))
    for text in ("101", "SageMaker", "ml.g5.xlarge", "us-east-1", "4.0–8.0 min"):
        assert text in first
    assert "$0.24–0.48" in first
    assert "spot" not in first
    assert "spot" in second


def test_the_grade_is_told_of_all_or_of_each(make_estimate: MakeEstimate) -> None:
    alike = numbered([make_estimate(), make_estimate()])
    assert "all projected" in str(cost_table(alike).title)
    assert not any("projected" in row for row in shown(cost_table(alike)))
    mixed = numbered([make_estimate(), make_estimate(grade="measured")])
    assert "projected" not in str(cost_table(mixed).title)
    first, second = shown(cost_table(mixed))
    assert "projected" in first
    assert "measured" in second


def test_unit_cost(make_estimate: MakeEstimate) -> None:
    (row,) = shown(unit_cost_table(numbered([make_estimate(as_of=AS_OF)])))
    assert " ".join(row.split()) == ("101 ml.g5.xlarge published 180 d! 1.67 min 0.10 1.67 600,000")


def test_prices(make_offer: Callable[..., Offer]) -> None:
    gpu, plain = shown(
        price_table(
            [
                make_offer(as_of=AS_OF, accelerator_count=0.5),
                make_offer(as_of=AS_OF, accelerator=None, usd_per_hour=Decimal("0.00012")),
            ]
        )
    )
    assert "0.5×A10G" in gpu
    assert "3.6000" in gpu
    assert "A10G" not in plain
    assert "0 ×" not in plain


def test_names_are_no_markup(make_run: MakeRun) -> None:
    (row,) = shown(performance_table([make_run(name="[red]a[/red]")]))
    assert "[red]a[/red]" in row


@pytest.mark.parametrize("provider", ["aws", "gcp", "azure"])
@pytest.mark.parametrize("grades", [("projected",), ("projected", "calibrated")])
@pytest.mark.parametrize(
    ("seconds", "usd"),
    [
        (Interval(low=240, mid=360, high=480), ("0.24", "0.36", "0.48")),
        (Interval(low=36000, mid=50000, high=86000), ("10.25", "40", "98.75")),
        (Interval(low=1e6, mid=1.1e6, high=1.9e6), ("1234", "2345", "9876")),
    ],
    ids=["minutes", "hours", "days"],
)
def test_the_longest_names_of_the_catalog_do_not_fold_in_costs(
    make_estimate: MakeEstimate,
    provider: str,
    grades: tuple[str, ...],
    seconds: Interval,
    usd: tuple[str, str, str],
) -> None:
    offer = longest_offers()[provider]
    low, mid, high = map(Decimal, usd)
    estimates = numbered(
        [
            estimate_on(
                offer,
                make_estimate,
                grade=grade,
                seconds=seconds,
                usd=UsdInterval(low=low, mid=mid, high=high),
            )
            for grade in grades
        ]
    )
    for table in (cost_table(estimates), unit_cost_table(estimates)):
        rows = shown(table)
        assert len(rows) == len(estimates)
        assert all(offer.instance_type in row for row in rows)


def test_the_best_of_three_services_fit_together(make_estimate: MakeEstimate) -> None:
    estimates = numbered([estimate_on(o, make_estimate) for o in longest_offers().values()])
    for table in (cost_table(estimates), unit_cost_table(estimates)):
        rows = shown(table)
        for row, (_, estimate) in zip(rows, estimates, strict=True):
            assert estimate.offer.instance_type in row


@pytest.mark.parametrize("provider", ["aws", "gcp", "azure", None])
def test_no_row_of_the_price_list_folds(provider: str | None) -> None:
    offers = [o for o in load_offers() if provider in (None, o.provider)]
    rows = shown(price_table(offers))
    assert len(rows) == len(offers)
    for row, offer in zip(rows, offers, strict=True):
        assert offer.instance_type in row
        assert offer.region in row


def test_performance_does_not_fold(make_run: MakeRun, make_measurement: MakeMeasurement) -> None:
    names = ("discriminator", "generator", "optimizer", "backward", "step", "epoch")
    blocks = tuple(0.5 + i / 1000 for i in range(1000))
    phases = [
        make_measurement(
            name, block_seconds=blocks, samples_per_repeat=10**6, disturbed=(True,) * 1000
        )
        for name in names
    ]
    runs = [make_run(name="my_model", device="cuda:0", measurements=phases)] * 2
    rows = shown(performance_table(runs))
    assert len(rows) == 12
    assert all("contended" in row for row in rows)


def test_costs_are_drawn_on_one_scale(make_estimate: MakeEstimate) -> None:
    cheap = make_estimate(usd=usd("1", "10", "100"))
    dear = make_estimate(usd=usd("100", "100", "100"))
    table = cost_table([(1, cheap), (2, dear)], bars=9)
    assert list(table.columns[7].cells) == ["▕────●────▏", "        ▕●▏"]
    assert len(table.columns) == len(cost_table([(1, cheap)]).columns) + 1
