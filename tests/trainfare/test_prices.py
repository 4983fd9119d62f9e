"""`bill`, `prices` and what `quote` answers, as a user starts them."""

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from estimators.snapshot import PACKAGED_OF
from tests.trainfare.test_mistakes import assert_told
from tests.trainfare.test_verbs import assert_readable

Cli = Callable[..., Any]
BILL = ("bill", "--provider", "aws", "--instance", "ml.g5.xlarge", "--region", "us-east-1")
ITEM = {"name", "quantity", "unit", "usd", "billed_by", "evidence"}


def test_bill_json(cli: Cli) -> None:
    words = (*BILL, "--seconds", "3723", "--nodes", "2", "--disk-gib", "50", "--json")
    found = cli(*words).json
    assert all(item.keys() >= ITEM for item in found["items"])
    assert found["total_usd"] == "2.916350"
    assert sum(Decimal(item["usd"]) for item in found["items"]) == Decimal(found["total_usd"])


def test_bill_at_a_rate_of_ones_own(cli: Cli) -> None:
    found = cli(*BILL, "--seconds", "3600", "--usd-per-hour", "1.23", "--json").json
    assert (found["total_usd"], found["basis"]) == ("1.230000", "given")
    assert found["items"][0]["evidence"] == "given"


@pytest.mark.parametrize("allocation", ["spot", "on_demand"])
def test_nothing_is_taken_off_a_rate_of_ones_own(cli: Cli, tmp_path: Path, allocation: str) -> None:
    text = "[billing.aws]\ncommitment_discount = 0.5\nspot_saving = 0.75\n"
    (tmp_path / "trainfare.toml").write_text(text, encoding="utf-8")
    words = ("--seconds", "3600", "--usd-per-hour", "1.23", "--allocation", allocation, "--json")
    found = cli(*BILL, *words).json
    assert found["total_usd"] == "1.230000"
    assert "as given, from which nothing is taken off" in found["items"][0]["note"]


def test_names_of_options_in_any_case(cli: Cli, tmp_path: Path) -> None:
    plain, loud = (
        cli("bill", "--provider", provider, "--instance", instance, "--region", region,
            "--allocation", allocation, "--seconds", "60", "--json").json
        for provider, instance, region, allocation in (
            ("aws", "ml.g5.xlarge", "us-east-1", "spot"),
            ("AWS", "ML.G5.xlarge", "US-East-1", "Spot"),
        )
    )  # fmt: skip
    assert plain == loud and plain["allocation"] == "spot"
    assert cli("report", "--format", "JSON", "--out", "r.json").code == 0
    assert (tmp_path / "r.json").exists()


def test_bill_as_text_and_in_euro(cli: Cli) -> None:
    answer = cli(*BILL, "--seconds", "3600")
    assert_readable(answer)
    assert "1.41" in answer.out and "trainfare prices refresh aws" in answer.out
    euro = cli(*BILL, "--seconds", "3600", "--currency", "EUR", "--rate", "0.5")
    assert "EUR" in euro.out and "0.71" in euro.out


def test_rules_of_ones_own(cli: Cli, tmp_path: Path) -> None:
    text = "[billing.aws]\nminimum_seconds = 60\ncommitment_discount = 0.5\nspot_saving = 0.75\n"
    (tmp_path / "trainfare.toml").write_text(text, encoding="utf-8")
    found = cli(*BILL, "--seconds", "1", "--json").json
    assert found["total_usd"] == "0.011750"  # half of $1.41 for a minute
    spot = cli(*BILL, "--seconds", "14400", "--allocation", "spot", "--json").json
    assert spot["total_usd"] == "1.410000"  # a quarter of four hours


@pytest.mark.parametrize(
    ("words", "told", "code"),
    [
        ((*BILL[:-3], "ml.g5.xlarg", *BILL[-2:], "--seconds", "1"), "Near: ml.g5.xlarge", 2),
        ((*BILL[:-1], "eu-west-3", "--seconds", "1"), "Known regions: ap-northeast-1", 3),
        ((*BILL, "--seconds", "-1"), "--seconds -1", 2),
        ((*BILL, "--seconds", "nan"), "nan", 2),
        ((*BILL, "--seconds", "1e99"), "--seconds", 2),
        ((*BILL, "--seconds", "1", "--nodes", "0"), "--nodes 0", 2),
        ((*BILL, "--seconds", "1", "--usd-per-hour", "0"), "--usd-per-hour", 2),
        ((*BILL, "--seconds", "1", "--currency", "EUR"), "--rate", 2),
        ((*BILL[:-2], "--seconds", "1"), "--region", 2),
        (("prices", "show", "ml.g5.xlarg"), "Near: ml.g5.xlarge", 2),
        (("prices", "diff", "a.csv", "b.csv"), "a.csv", 2),
        (("prices", "refresh", "ibm"), "ibm", 2),
        (("quote", "mlp", "--deadline", "soon"), "soon", 2),
        (("quote", "mlp", "--budget", "0"), "--budget", 2),
        (("quote", "mlp", "--max-nodes", "5000"), "--max-nodes 5000", 2),
        (("quote", "mlp", "--min-memory", "-1"), "-1", 2),
        (("quote", "mlp", "--deadline", "1s"), "90% sure to end within 1.00 s", 3),
        (("quote", "mlp", "--budget", "0.000001"), "90% sure to cost at most $0.000001", 4),
        (("quote", "mlp", "--providers", "aws,ibm"), "ibm", 2),
        (("quote", "--reprint", "1999"), "1999", 2),
        (("quote", "mlp", "--reprint", "1999"), "mlp", 2),
    ],
)
def test_one_sentence(cli: Cli, words: tuple[str, ...], told: str, code: int) -> None:
    assert_told(cli(*words), told, code)


@pytest.mark.parametrize(
    "text",
    [
        "[billing.aws]\ngranularity = 1\n",
        "[billing]\nx = 1\n",
        "[prices]\nx = 'y'\n",
        "[prices]\nazure = 1\n",
        "[prices]\npatience_seconds = -1\n",
        "[prices]\npatience_seconds = nan\n",
        "[prices]\npatience_seconds = true\n",
        "[prices]\npatience_seconds = 'long'\n",
    ],
)
def test_broken_rules(cli: Cli, tmp_path: Path, text: str) -> None:
    (tmp_path / "trainfare.toml").write_text(text, encoding="utf-8")
    assert_told(cli(*BILL, "--seconds", "1"), "trainfare.toml")


def test_show_and_list(cli: Cli) -> None:
    answer = cli("prices", "show", "ml.g5.xlarge")
    assert_readable(answer)
    assert "us-east-2" in answer.out and "eu-west-1" in answer.out and "proxy" in answer.out
    assert len(cli("prices", "show", "ml.g5.xlarge", "--json").json["offers"]) == 8
    words = ("--gpu", "T4", "--region", "eu-west-1", "--max-usd-per-hour", "2", "--json")
    one = cli("prices", "list", "--instance", "ml.g4dn.xlarge", "--region", "eu-west-1")
    assert one.err == "1 offer. '!' marks a price older than 90 days.\n"
    for offer in cli("prices", "list", *words).json["offers"]:
        assert offer["accelerator"] == "T4" and offer["usd_per_hour"] <= 2


def test_diff(cli: Cli, tmp_path: Path) -> None:
    text = PACKAGED_OF["azure"].read_text(encoding="utf-8")
    (tmp_path / "old.csv").write_text(text, encoding="utf-8")
    lines = text.replace(",0.526,", ",0.6,", 1).splitlines(keepends=True)
    (tmp_path / "new.csv").write_text("".join(lines[:-1]), encoding="utf-8")
    answer = cli("prices", "diff", "old.csv", "new.csv")
    assert_readable(answer)
    assert "+14.1%" in answer.out
    assert "1 changed, 0 new, 1 gone, 402 as before" in answer.out
    found = cli("prices", "diff", "old.csv", "new.csv", "--json").json
    assert found["changed"][0]["new_usd_per_hour"] == 0.6
    assert len(found["removed"]) == 1


def test_one_provider_failing_leaves_the_others(cli: Cli, tmp_path: Path) -> None:
    nobody = "azure = 'http://127.0.0.1:9'\naws_public = 'http://127.0.0.1:9'\n"
    text = f"[prices]\npatience_seconds = 0\n{nobody}"
    (tmp_path / "trainfare.toml").write_text(text, encoding="utf-8")
    answer = cli("prices", "refresh", "azure", "aws", "--json")
    assert answer.code == 3
    assert [f["provider"] for f in answer.json["failed"]] == ["azure", "aws"]
    assert "Traceback" not in answer.err
    assert cli("prices", "list", "--gpu", "T4").code == 0


def test_a_damaged_snapshot_is_told(cli: Cli, tmp_path: Path) -> None:
    name = "azure-20261125T000000-0123456789abcdef.csv"
    (tmp_path / "kept").mkdir()
    shutil.copy(PACKAGED_OF["azure"], tmp_path / "kept" / name)
    answer = cli("prices", "list", "--gpu", "T4", TRAINFARE_PRICES=str(tmp_path / "kept"))
    assert answer.code == 0
    assert name in answer.err and "checksum" in answer.err


def test_constraints(cli: Cli) -> None:
    words = ("--deadline", "2h", "--budget", "50", "--max-nodes", "2", "--providers", "aws,gcp")
    found = cli("quote", "mlp", *words, "--regions", "us-east-1,us-central1", "--json").json
    rows = found["estimates"]
    assert {row["provider"] for row in rows} == {"aws", "gcp"}
    assert {row["region"] for row in rows} == {"us-east-1", "us-central1"}
    assert {row["nodes"] for row in rows} == {1, 2}
    assert all(row["seconds"]["high"] <= 7200 and row["usd"]["high"] <= 50 for row in rows)
    assert found["quotes"][0]["undominated"][0] == 1
    answer = cli("quote", "mlp", *words, "--explain")
    assert_readable(answer)
    for text in ("cheapest that is 90% sure", "fastest that is 90% sure", "Items of 1", "nobody",
                 "*", "offers left out:"):  # fmt: skip
        assert text in answer.out


def test_memory_and_spot(cli: Cli) -> None:
    words = ("--min-memory", "64", "--allocation", "spot", "--json")
    rows = cli("quote", "mlp", *words).json["estimates"]
    assert {row["allocation"] for row in rows} == {"spot"}
    assert {row["provider"] for row in rows} == {"aws", "gcp"}  # no low-priority price is known
    assert all(row["memory_gib"] >= 64 for row in rows)


def test_a_quote_reprints_to_the_cent_though_prices_moved_on(cli: Cli, tmp_path: Path) -> None:
    first = cli("quote", "mlp", "--json").json
    quote_id = first["quotes"][0]["quote_id"]
    dearer = tmp_path / "dearer.csv"
    lines = PACKAGED_OF["aws"].read_text(encoding="utf-8").splitlines(keepends=True)
    dearer.write_text(lines[0] + lines[-1].replace(",0.0", ",9.0"), encoding="utf-8")
    again = cli("quote", "--reprint", quote_id, "--prices", "dearer.csv", "--json").json
    assert len(again["estimates"]) >= 40
    assert all(row in first["estimates"] for row in again["estimates"])
    assert again["estimates"][0] == first["estimates"][0]
    text = cli("quote", "--reprint", quote_id[:22])
    assert_readable(text)
    assert text.out == cli("quote", "--reprint", quote_id).out
