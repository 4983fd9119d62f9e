"""Tables fit 80 and 100 columns with the longest names there are, and folds no word of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from estimators.catalog import load_offers
from results.accuracy_table import accuracy_table
from results.records import Offer
from results.tables import (
    PERFORMANCE_SPARE,
    cost_tables,
    per_unit,
    performance_table,
    price_table,
    unit_cost_table,
)
from tests.results.conftest import build_estimate, build_measurement, build_run, usd
from trainfare import output

Shown = Callable[..., list[str]]


@pytest.fixture(params=[80, 100])
def shown(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shown:
    """`shown(print_table, table)`: its lines in a console of that width, none wider."""
    width: int = request.param
    narrow = Console(width=width, highlight=False, emoji=False, markup=False)
    monkeypatch.setattr(output, "console", lambda: narrow)

    def lines(show: Callable[..., None], *given: Any) -> list[str]:
        show(*given)
        found = capsys.readouterr().out.splitlines()
        assert max(map(len, found)) <= width
        return found

    return lines


def longest_offers(count: int) -> list[Offer]:
    offers = [offer for offer in load_offers() if offer.allocation == "spot" or offer.accelerator]
    return sorted(offers, key=lambda o: -len(o.instance_type + o.region + o.allocation))[:count]


def rows_with(lines: list[str], texts: list[str]) -> int:
    return sum(any(text in line for text in texts) for line in lines)


def test_prices_of_the_longest_names(shown: Shown) -> None:
    offers = longest_offers(50)
    lines = shown(output.print_table, price_table(offers), "vCPU/GiB", "cloud")
    assert rows_with(lines, [o.instance_type for o in offers]) == 50 == len(lines) - 2
    assert all(line.split()[-1].startswith(("d", "d!")) for line in lines[2:])


@pytest.mark.parametrize("bars", [True, False])
def test_costs_of_the_longest_names(shown: Shown, bars: bool) -> None:
    estimates = [
        build_estimate(
            **{name: getattr(o, name) for name in Offer.__dataclass_fields__},
            usd=usd("100.11", "1000.22", "99000.33"),
        )
        for o in longest_offers(20)
    ]
    many = [(i, replace(e, job=replace(e.job, nodes=16))) for i, e in enumerate(estimates, 1201)]
    lines = shown(output.print_fitting, *cost_tables(many, (1201,), bars))
    assert rows_with(lines, [e.offer.instance_type for e in estimates]) == 20 == len(lines) - 3
    assert all("99,000" in line for line in lines[3:])
    lines = shown(output.print_table, unit_cost_table(many), per_unit(), "epoch")
    assert rows_with(lines, [e.offer.instance_type for e in estimates]) == 20


def test_bars_are_drawn_where_there_is_room(shown: Shown) -> None:
    lines = shown(output.print_fitting, *cost_tables([(1, build_estimate())], bars=True))
    assert "●" in lines[-1]


def test_phases(shown: Shown) -> None:
    names = ("optimizer", "epoch_start", "evaluation", "step", "epoch")
    blocks = {"block_seconds": (0.1,) * 1200, "disturbed": (True,) * 1000 + (False,) * 200}
    runs = [build_run(name="a-long-name", measurements=tuple(
        build_measurement(name, samples_per_repeat=64, **blocks) for name in names
    ))]  # fmt: skip
    lines = shown(output.print_table, performance_table(runs), *PERFORMANCE_SPARE)
    for name in names:
        assert rows_with(lines, [name.replace("_", " ")]) > 0
    assert rows_with(lines, ["contended"]) == len(names)


def test_where_nothing_fits_words_are_folded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(output, "console", lambda: Console(width=20))
    table = Table("one", "two")
    table.add_row("x" * 30, "y" * 30)
    output.print_table(table, "one")
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 20


def test_accuracy_of_the_longest_names(shown: Shown) -> None:
    row = {
        "provider": "azure",
        "instance_type": "Standard_NC24ads_A100_v4",
        "part": "data download",
        "jobs": 1234,
        "predicted": 1234.5,
        "actual": 123456.7,
        "error": 12.34,
        "held": 1200,
        "too_narrow": True,
    }
    lines = shown(output.print_table, accuracy_table([row], 1234), "jobs")
    assert "Standard_NC24ads_A100_v4" in lines[-1]
    assert "1200 of 1234" in lines[-1]
