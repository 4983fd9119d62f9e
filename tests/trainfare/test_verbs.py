"""What each verb prints: promised keys as JSON, readable lines otherwise."""

import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MEASUREMENT = {
    "workload", "phase", "device", "batch_size", "median_seconds", "low_seconds",
    "high_seconds", "samples_per_second", "verdict",
}  # fmt: skip
ESTIMATE = {
    "provider", "service", "region", "instance_type", "accelerator", "accelerator_count",
    "allocation", "usd_per_hour", "basis", "as_of", "grade", "seconds", "usd",
}  # fmt: skip
PHASES = {
    "load", "copy", "forward", "backward", "optimizer", "step", "epoch_start", "epoch", "evaluation"
}  # fmt: skip
Cli = Callable[..., Any]


def assert_readable(answer: Any) -> None:
    """Fits a pipe of 100 columns; only a command to copy is kept whole."""
    assert answer.code == 0, answer.err
    assert "\x1b" not in answer.out + answer.err
    for line in answer.out.splitlines():
        assert len(line) <= 100 or line.lstrip().startswith("trainfare "), line


def test_measure(measured: Path) -> None:
    (path,) = (measured / "trainfare-results" / "runs").iterdir()
    assert json.loads(path.read_text(encoding="utf-8"))["schema_version"]


@pytest.mark.parametrize(("python", "told"), [(platform.python_version(), True), ("3.0.0", False)])
def test_a_core_that_is_slower_than_in_the_records_is_told(
    cli: Cli, tmp_path: Path, python: str, told: bool
) -> None:
    (path,) = (tmp_path / "trainfare-results" / "runs").iterdir()
    plain = json.loads(path.read_text(encoding="utf-8"))
    assert 1e-6 < plain["core_probe_seconds"] < 0.01
    plain["core_probe_seconds"] = 1e-6  # as if this machine usually did it in no time
    plain["machine"]["python_version"] = python
    path.write_text(json.dumps(plain), encoding="utf-8")
    answer = cli("measure", "mlp", "--max-seconds", "1")
    assert answer.code == 0, answer.err
    words = "! contended: the core itself was slow in 100% of the blocks, as another"
    assert (words in answer.out) is told


def test_measure_json(cli: Cli) -> None:
    answer = cli("measure", "mlp", "--max-seconds", "1", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["schema_version"]
    rows = answer.json["measurements"]
    assert all(row.keys() >= MEASUREMENT for row in rows)
    assert {"forward", "backward", "optimizer", "step"} <= {row["phase"] for row in rows} <= PHASES
    for row in rows:
        assert 0 < row["low_seconds"] <= row["median_seconds"] <= row["high_seconds"]


def test_measure_as_text(cli: Cli) -> None:
    answer = cli("measure", "rnn", "--max-seconds", "1")
    assert_readable(answer)
    for text in ("Performance: rnn", "optimizer", "parameters", "no NVIDIA GPU used"):
        assert text in answer.out
    assert "rnn: " in answer.err  # progress


def test_measure_tells_what_it_found_beside_times(cli: Cli) -> None:
    run = cli("measure", "rnn", "--max-seconds", "1", "--workers", "0", "--json").json["run"]
    epoch = run["predicted_epoch_seconds"]
    assert 0 < epoch["low"] <= epoch["mid"] <= epoch["high"]
    assert 0 < run["load_share"] < 1
    assert isinstance(run["remainder_seconds"], float)
    assert run["bytes_per_step"] > 0
    assert (run["joules_per_sample"], run["gpu_busy_share"], run["bound_by"]) == (None, None, None)


def test_a_batch_sweep(cli: Cli) -> None:
    words = ("measure", "mlp", "--batch-sizes", "400,100,200", "--max-seconds", "1")
    rows = cli(*words, "--json").json["run"]["sweep"]
    assert [row["batch_size"] for row in rows] == [100, 200, 400]
    assert all(row["step_seconds"]["mid"] > 0 and row["problem"] is None for row in rows)
    answer = cli(*words)
    assert_readable(answer)
    for text in ("Batch sweep: mlp", "batch ×", "largest batch that fits, of those tried: 400"):
        assert text in " ".join(answer.out.split())


def test_quote_json(cli: Cli) -> None:
    answer = cli("quote", "mlp", "--json", "--epochs", "3")
    assert answer.code == 0, answer.err
    rows = answer.json["estimates"]
    assert all(row.keys() >= ESTIMATE for row in rows)
    assert {row["provider"] for row in rows} == {"aws", "gcp", "azure"}
    mids = [row["usd"]["mid"] for row in rows]
    assert mids == sorted(mids)
    for row in rows:
        for figure in (row["seconds"], row["usd"]):
            assert 0 < figure["low"] <= figure["mid"] <= figure["high"]
    assert all(row.keys() >= MEASUREMENT for row in answer.json["measurements"])


def test_quote_as_text(cli: Cli) -> None:
    answer = cli("quote", "mlp")
    assert_readable(answer)
    for text in (
        "mlp · 10 epochs", "Performance", "Cost of the whole job, 80% intervals",
        "SageMaker", "Vertex AI", "Azure ML", "trainfare submit mlp --offer 1 --max-usd",
    ):  # fmt: skip
        assert text in answer.out


def test_quote_measures_nothing_twice(cli: Cli, tmp_path: Path) -> None:
    cli("quote", "mlp")
    cli("quote", "mlp", "--epochs", "2")
    assert len(list((tmp_path / "trainfare-results" / "runs").iterdir())) == 1


def test_filters_hold(cli: Cli) -> None:
    words = ("--provider", "gcp", "--gpu", "none", "--allocation", "spot")
    rows = cli("quote", "mlp", "--json", *words).json["estimates"]
    assert rows
    for row in rows:
        assert (row["provider"], row["accelerator"], row["allocation"]) == ("gcp", None, "spot")


def test_prices(cli: Cli) -> None:
    words = ("prices", "list", "--gpu", "T4", "--max-usd-per-hour", "1")
    answer = cli(*words)
    assert_readable(answer)
    offers = cli(*words, "--json").json["offers"]
    assert len(offers) > 0
    rates = [offer["usd_per_hour"] for offer in offers]
    assert rates == sorted(rates)
    assert rates[-1] <= 1
    assert f"{len(offers)} offers" in answer.err


def test_report(cli: Cli, tmp_path: Path) -> None:
    cli("quote", "mlp")
    told = cli("report")
    assert told.code == 0, told.err
    path = tmp_path / "trainfare-results" / "report.html"
    assert told.out == f"Report: {path.relative_to(tmp_path)}\n"
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "mlp, 10 epochs: $" in page
    assert len(page.encode()) < 6_000_000
    for name in ("r.md", "r.json"):  # the format as the file ends
        assert cli("report", "--out", name).code == 0
        assert "SageMaker" in (tmp_path / name).read_text(encoding="utf-8")
    answer = cli("report", "--format", "csv", "--out", "r.csv", "--json")
    assert [Path(file).name for file in answer.json["files"]] == ["r.csv", "r-measurements.csv"]
    assert (tmp_path / "r.csv").read_text(encoding="utf-8").count("\n") > 3


def test_doctor(cli: Cli) -> None:
    text = cli("doctor")
    assert_readable(text)
    assert {len(line) - len(line[24:].lstrip()) for line in text.out.splitlines()} == {24}
    assert "trainfare-results: 1 run, 0 quotes" in text.out
    found = cli("doctor", "--json").json
    assert {"packages", "devices", "credentials", "prices", "results"} <= found.keys()
    assert found["results"]["runs"] == 1
    assert found["credentials"] == {"aws": None, "gcp": None, "azure": None}
    identity = cli("doctor", "--json", IDENTITY_ENDPOINT="http://127.0.0.1:9/token").json
    assert identity["credentials"]["azure"] == "identity of this machine"


def test_doctor_tells_of_settings_that_cannot_be(cli: Cli, tmp_path: Path) -> None:
    text = '[aws]\nrole_arn = 3\n[azure]\nworkspace = "my-workspace"\n[budget]\nmax_usd = "much"\n'
    (tmp_path / "trainfare.toml").write_text(text, encoding="utf-8")
    answer = cli("doctor")
    assert_readable(answer)
    text = " ".join(answer.out.split())
    assert "! `[aws] role_arn` in trainfare.toml is 3, which has not the form expected" in text
    assert f"! {tmp_path}/trainfare.toml holds no budget" in text
    problems = cli("doctor", "--json").json["settings_problems"]
    assert [problem.split()[0] for problem in problems] == ["`[aws]", f"{tmp_path}/trainfare.toml"]


SUBMIT = {
    "aws": ("--instance", "ml.m5.xlarge", "--region", "us-east-1"),
    "gcp": ("--instance", "n1-standard-4", "--region", "us-central1"),
    "azure": ("--instance", "Standard_D16as_v5", "--region", "eastus"),
}


@pytest.mark.parametrize("allocation", ["on_demand", "spot"])
@pytest.mark.parametrize("provider", SUBMIT)
def test_dry_run(cli: Cli, configured: Path, provider: str, allocation: str) -> None:
    words = ("submit", "mlp", "--provider", provider, *SUBMIT[provider], "--max-usd", "50")
    words += ("--nodes", "2", "--allocation", allocation, "--dry-run")
    answer = cli(*words, "--json")
    assert answer.code == 0, answer.err
    assert answer.json["request"]
    assert answer.json["estimate"]["provider"] == provider
    assert 0 < answer.json["cap"]["max_usd"] <= 50
    assert answer.json["cap"]["max_seconds"] >= 60
    assert cli(*words, "--json").json["request"] == answer.json["request"]  # the very same
    text = cli(*words)
    assert text.code == 0
    assert "nothing was sent" in text.out
    assert "at worst" in text.out
    is_ceiling = (provider, allocation) == ("azure", "spot")  # in no price list
    assert ("ceiling: on-demand price, for no spot" in " ".join(text.out.split())) == is_ceiling


def test_the_command_that_a_quote_ends_with_shows_the_request(cli: Cli, configured: Path) -> None:
    text = cli("quote", "mlp", "--epochs", "1", "--provider", "aws", "--gpu", "none").out
    (command,) = (line.split() for line in text.splitlines() if line.endswith("--dry-run"))
    answer = cli(*command[1:])
    assert answer.code == 0, answer.err
    assert "nothing was sent" in answer.out


@pytest.mark.parametrize(
    "verb", ["measure", "compare", "advise", "quote", "prices", "submit", "report", "doctor"]
)
def test_help(cli: Cli, verb: str) -> None:
    answer = cli(verb, "--help")
    assert_readable(answer)
    assert "--" in answer.out
    assert verb in cli("--help").out


def test_version(cli: Cli) -> None:
    assert cli("--version").out.strip()[0].isdigit()
