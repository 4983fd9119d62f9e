"""Every rule has a source, and `trainfare.toml` overrides any of them."""

from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from estimators.billing.gcp import spot_usd_per_hour, training_usd_per_hour
from estimators.billing.rules import BillingRules, Rule
from estimators.billing.settings import DEFAULTS, from_table
from results.errors import RecordError

VALUES = {
    "billed_phases": ["queue", "image pull"],
    "no_disk_families": ["x."],
    "spot_saving": Decimal("0.5"),
    "commitment_discount": Decimal("0.3"),
}


@pytest.mark.parametrize("provider", DEFAULTS)
def test_every_rule_has_a_source(provider: Any) -> None:
    for field in fields(BillingRules):
        rule = getattr(DEFAULTS[provider], field.name)
        assert isinstance(rule, Rule)
        assert rule.source


@pytest.mark.parametrize("provider", DEFAULTS)
@pytest.mark.parametrize("name", [field.name for field in fields(BillingRules)])
def test_every_rule_can_be_overridden(provider: Any, name: str) -> None:
    value = VALUES.get(name, 7)
    found = from_table({provider: {name: value}})[provider]
    rule = getattr(found, name)
    assert rule.source == "trainfare.toml"
    assert rule.confirmed
    for other in DEFAULTS.keys() - {provider}:
        assert from_table({provider: {name: value}})[other] == DEFAULTS[other]


def test_one_saving_is_taken_as_certain() -> None:
    half = Decimal("0.5")
    assert from_table({"aws": {"spot_saving": half}})["aws"].spot_saving.value == (half,) * 3


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"ibm": {}}, "'ibm'"),
        ({"aws": 3}, "billing.aws"),
        ({"aws": {"granularity": 1}}, "granularity_seconds"),
        ({"aws": {"granularity_seconds": 0}}, "a number above 0"),
        ({"aws": {"minimum_seconds": -1}}, "a number from 0 up"),
        ({"aws": {"minimum_seconds": "60"}}, "a number from 0 up"),
        ({"aws": {"minimum_seconds": True}}, "a number from 0 up"),
        ({"aws": {"minimum_seconds": Decimal("NaN")}}, "a number from 0 up"),
        ({"aws": {"commitment_discount": 1}}, "a share"),
        ({"aws": {"billed_phases": ["lunch"]}}, "queue"),
        ({"aws": {"no_disk_families": "ml.g5"}}, "a list of names"),
    ],
)
def test_what_is_no_rule(table: dict[str, Any], told: str) -> None:
    with pytest.raises(RecordError, match=told):
        from_table(table)


def test_vertex_rates_from_compute_engine() -> None:
    """n1-standard-4 in us-central1: Compute Engine $0.189999, Vertex AI $0.218498…"""
    assert training_usd_per_hour(Decimal("2")) == Decimal("2.30")
    assert spot_usd_per_hour(Decimal("0.6"), Decimal("2")) == Decimal("0.90")


@pytest.mark.parametrize("provider", DEFAULTS)
def test_the_page_on_prices_tells_every_rule(provider: Any) -> None:
    page = Path(__file__).parents[3] / "docs" / "prices.md"
    rows = [line.split(" | ") for line in page.read_text(encoding="utf-8").splitlines()]
    told = {(row[0], row[3], row[4]) for row in rows if len(row) == 5}
    for field in fields(BillingRules):
        rule = getattr(DEFAULTS[provider], field.name)
        confirmed = "yes |" if rule.confirmed else "**no** |"
        assert (f"| `{field.name}`", rule.source, confirmed) in told
