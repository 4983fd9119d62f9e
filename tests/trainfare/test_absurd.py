"""Absurd numbers, wherever they come in, end as an answer or as one sentence, never a traceback."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest

from estimators.billing.rules import BillingRules
from results.errors import RecordError, TrainfareError
from results.records import Quote
from results.store import read_file
from tests.trainfare.test_mistakes import assert_told
from trainfare.app import app

Cli = Callable[..., Any]
HUGE = "1" + "0" * 400
NUMBERS = (HUGE, "-1", "0", "1e309", "-1e309", "nan", "inf", "1e-400", "1e999999", "x", "")
AWS = ("--provider", "aws", "--instance", "ml.m5.xlarge", "--region", "us-east-1")
BILL = ("bill", *AWS, "--seconds", "60")
SUBMIT = ("submit", "mlp", *AWS, "--max-usd", "5", "--dry-run")
EURO = ("--currency", "EUR", "--rate")
BAD: tuple[Any, ...] = (
    None, "", "x", -1, 0, 3, True, [], {}, 10**400, 1e308, -1e308, 5e-324, "0", "-5", "1e400",
    "1e-400", "1e999999",
)  # fmt: skip


@pytest.fixture
def asked(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Ask in this process, in the folder of `cli`: fails for whatever is no answer and no
    mistake that the command line would show as one sentence."""
    assert cli
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRAINFARE_OFFLINE", "1")
    monkeypatch.setenv("TRAINFARE_PRICES", str(tmp_path / "prices"))

    def ask(*words: str) -> None:
        try:
            app.main(list(words), prog_name="trainfare", standalone_mode=False)
        except (TrainfareError, click.ClickException) as error:
            assert str(error) or isinstance(error, click.ClickException)

    return ask


@pytest.mark.parametrize(
    "words",
    [
        (*BILL[:-1],), (*BILL, "--nodes"), (*BILL, "--disk-gib"), (*BILL, "--usd-per-hour"),
        (*BILL, *EURO), (*BILL, "--json", *EURO), ("quote", "mlp", *EURO),
        ("quote", "mlp", "--epochs"), ("quote", "mlp", "--samples-per-epoch"),
        ("quote", "mlp", "--budget"), ("quote", "mlp", "--deadline"), ("quote", "mlp", "--top"),
        ("quote", "mlp", "--max-nodes"), ("quote", "mlp", "--min-memory"), ("quote", "--reprint"),
        ("prices", "list", "--max-usd-per-hour"), ("prices", "list", "--min-memory"),
        (*SUBMIT, "--nodes"), (*SUBMIT, "--epochs"), (*SUBMIT, "--max-usd"),
        (*SUBMIT, "--max-wait"), ("submit", "mlp", "--max-usd", "5", "--dry-run", "--offer"),
        ("project", "--target", "A10G", "--measurement"),
    ],
    ids=lambda words: f"{words[0]} {words[-1]}",
)  # fmt: skip
def test_options(asked: Callable[..., None], words: tuple[str, ...]) -> None:
    for number in NUMBERS:
        asked(*words, number)


@pytest.mark.parametrize("rule", [field.name for field in fields(BillingRules)])
def test_billing_rules(asked: Callable[..., None], tmp_path: Path, rule: str) -> None:
    more = ("1e-9999", "1e99999999999999999999", "9" * 5000, "true", '"x"', '["x"]', "1e9", "{}")
    for value in (*filter(None, NUMBERS), *more):
        text = f"[billing.aws]\n{rule} = {value}\n"
        (tmp_path / "trainfare.toml").write_text(text, encoding="utf-8")
        asked(*BILL)
        asked("quote", "mlp", "--providers", "aws", "--regions", "us-east-1", "--explain")


def test_numbers_that_no_rule_can_have(cli: Cli, tmp_path: Path) -> None:
    for value, told in (("9" * 5000, "is not TOML"), ("1e-9", "at least 0.000001")):
        text = f"[billing.aws]\ngranularity_seconds = {value}\n"
        (tmp_path / "trainfare.toml").write_text(text, encoding="utf-8")
        assert_told(cli(*BILL), told)


def paths(plain: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every value within, of a list that of its first."""
    items = plain.items() if isinstance(plain, dict) else ()
    if isinstance(plain, list):
        items = enumerate(plain[:1])  # type: ignore[assignment]  # pairs of another key
    for key, value in items:
        yield (*path, key)
        yield from paths(value, (*path, key))


def test_damaged_quotes(asked: Callable[..., None], cli: Cli, tmp_path: Path) -> None:
    """Every field of a quote, with every absurd value in its place: what is not refused when it is
    read is shown, and can be submitted from."""
    assert cli("quote", "mlp").code == 0
    (path,) = (tmp_path / "trainfare-results" / "quotes").iterdir()
    plain = json.loads(path.read_text(encoding="utf-8"))
    plain |= {"estimates": plain["estimates"][:1], "places": [1], "undominated": [1]}
    read, refused = 0, 0
    for where in paths(plain):
        for bad in BAD:
            damaged = deepcopy(plain)
            *above, last = where
            inner: Any = damaged
            for key in above:
                inner = inner[key]
            inner[last] = bad
            path.write_text(json.dumps(damaged), encoding="utf-8")
            try:
                read_file(path, Quote)
            except RecordError:
                refused += 1
                continue
            read += 1
            for more in (("--explain",), ("--json",)):
                asked("quote", "--reprint", plain["quote_id"], *more)
    assert refused > 5 * read > 0


@pytest.mark.parametrize(
    "words", [("quote", "--reprint", ""), ("submit", "mlp", "--offer", "1", "--max-usd", "5")]
)
def test_a_damaged_quote_is_told(
    cli: Cli, tmp_path: Path, configured: Path, words: tuple[str, ...]
) -> None:
    assert configured.exists()
    assert cli("quote", "mlp").code == 0
    (path,) = (tmp_path / "trainfare-results" / "quotes").iterdir()
    plain = json.loads(path.read_text(encoding="utf-8"))
    plain["estimates"][0]["job"]["nodes"] = 10**400
    path.write_text(json.dumps(plain), encoding="utf-8")
    named = [word or plain["quote_id"] for word in words]
    assert_told(cli(*named), f"{path.name} is left out: Quote.estimates[0].job.nodes is 1000000")
