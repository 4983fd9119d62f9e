"""`submit --offer N` launches the very line of the quote, but for what is typed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]
DRY = ("--max-usd", "500", "--accept-risk", "--dry-run", "--json")
QUOTE = ("quote", "mlp", "--epochs", "3000", "--samples-per-epoch", "70000", "--max-nodes", "2")


def line_with_nodes(cli: Cli, nodes: int) -> tuple[int, dict[str, Any]]:
    """The place and the row of the first line of a new quote on so many machines."""
    answer = cli(*QUOTE, "--provider", "aws", "--allocation", "spot", "--json").json
    rows, kept = answer["estimates"], answer["quotes"][0]["undominated"]
    return next((p, rows[p - 1]) for p in kept if rows[p - 1]["nodes"] == nodes)


@pytest.mark.parametrize("nodes", [1, 2])
def test_the_very_line_is_launched(cli: Cli, configured: Path, nodes: int) -> None:
    place, row = line_with_nodes(cli, nodes)
    answer = cli("submit", "mlp", "--offer", str(place), *DRY)
    assert answer.code == 0, answer.err
    assert answer.json["estimate"] == row
    asked = json.dumps(answer.json["request"])
    for words in ('"--epochs", "3000"', '"--samples-per-epoch", "70000"', f'"--nodes", "{nodes}"'):
        assert words in asked
    assert answer.json["request"]["EnableManagedSpotTraining"] is True


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        (("--epochs", "10"), {"epochs": 10}),  # the default, but typed
        (("--nodes", "1", "--samples-per-epoch", "50000"),
         {"nodes": 1, "samples_per_epoch": 50000}),
        (("--allocation", "on_demand"), {"allocation": "on_demand"}),
    ],
)  # fmt: skip
def test_what_is_typed_goes_before_the_line(
    cli: Cli, configured: Path, words: tuple[str, ...], changed: dict[str, Any]
) -> None:
    place, row = line_with_nodes(cli, 2)
    answer = cli("submit", "mlp", "--offer", str(place), *words, *DRY)
    assert answer.code == 0, answer.err
    found = answer.json["estimate"]
    same = ("instance_type", "region", "epochs", "samples_per_epoch", "nodes", "allocation")
    assert {n: found[n] for n in same} == {n: row[n] for n in same} | changed
    assert found["usd"] != row["usd"]
    named = ("--provider", "aws", "--instance", row["instance_type"], "--region", row["region"])
    size = {"--epochs": "epochs", "--samples-per-epoch": "samples_per_epoch", "--nodes": "nodes"}
    size["--allocation"] = "allocation"
    given = [word for flag, name in size.items() for word in (flag, str(found[name]))]
    assert found == cli("submit", "mlp", *named, *given, *DRY).json["estimate"]


def test_the_batch_of_the_quote_though_another_was_measured_since(
    cli: Cli, configured: Path, tmp_path: Path
) -> None:
    quoted = cli("quote", "mlp", "--batch-size", "32", "--max-seconds", "1", "--provider", "aws")
    assert quoted.code == 0, quoted.err
    assert cli("measure", "mlp", "--batch-size", "16", "--max-seconds", "1").code == 0
    answer = cli("submit", "mlp", "--offer", "1", *DRY)
    assert answer.code == 0, answer.err
    assert '"--batch-size", "32"' in json.dumps(answer.json["request"])
    typed = cli("submit", "mlp", "--offer", "1", "--batch-size", "16", *DRY)
    assert '"--batch-size", "16"' in json.dumps(typed.json["request"])
    runs = list((tmp_path / "trainfare-results" / "runs").iterdir())
    assert len(runs) == 3  # nothing was measured for either


def test_a_quote_printed_again_is_not_launched_as_another(cli: Cli, tmp_path: Path) -> None:
    def launches(answer: Any) -> bool:
        assert answer.code == 0, answer.err
        return "trainfare submit mlp --offer 1" in answer.out

    first = cli("quote", "mlp", "--epochs", "3", "--results", "trainfare-results")
    assert launches(first)
    assert "--results trainfare-results --dry-run" in first.out
    (kept,) = (tmp_path / "trainfare-results" / "quotes").iterdir()
    assert launches(cli("quote", "--reprint", kept.stem))
    kept.rename(kept.with_name(f"20200101T000000-{kept.name}"))
    older = json.loads(kept.with_name(f"20200101T000000-{kept.name}").read_text())
    older["quote_id"] = f"20200101T000000-{kept.stem}"
    kept.with_name(f"20200101T000000-{kept.name}").write_text(json.dumps(older))
    cli("quote", "mlp")
    assert not launches(cli("quote", "--reprint", "20200101"))
