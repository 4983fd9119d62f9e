"""`trainfare submit` against the three fakes, as a user starts it, from the quote to the bill."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes.clouds import Cloud

WHERE = {
    "aws": ("--provider", "aws", "--instance", "ml.m5.xlarge", "--region", "us-east-1"),
    "gcp": ("--provider", "gcp", "--instance", "n1-standard-4", "--region", "us-central1"),
    "azure": ("--provider", "azure", "--instance", "Standard_D16as_v5", "--region", "eastus"),
}
REGIONS = {"aws": "us-east-1", "gcp": "us-central1", "azure": "eastus"}
PASSED_ON = ("AWS_", "GOOGLE_", "STORAGE_", "NO_GCE", "IDENTITY_", "REQUESTS_")


@pytest.fixture
def trainfare(cli: Callable[..., Any], cloud: Cloud, tmp_path: Path) -> Callable[..., Any]:
    """`trainfare WORDS` with settings and sign-in that lead to the fakes."""
    table = cloud.table | {"region": REGIONS[cloud.provider]}
    lines = [f"[{cloud.provider}]", *(f'{key} = "{value}"' for key, value in table.items())]
    (tmp_path / "trainfare.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    there = {k: v for k, v in os.environ.items() if k.startswith(PASSED_ON)}
    return lambda *words: cli(*words, **there)


def test_submitted_found_cancelled_and_reconciled(
    trainfare: Callable[..., Any], cloud: Cloud
) -> None:
    words = ("submit", "mlp", *WHERE[cloud.provider], "--max-usd", "5", "--yes", "--json")
    first = trainfare(*words)
    assert first.code == 0, first.err
    assert first.json["is_new"] is True
    assert "at worst  $5" in first.err
    again = trainfare(*words)
    assert (again.json["is_new"], again.json["job_name"]) == (False, first.json["job_name"])
    once_more = trainfare(*words, "--again")
    assert once_more.json["job_name"] != first.json["job_name"]
    other = trainfare("submit", "mlp", *WHERE[cloud.provider], "--max-usd", "6", "--yes")
    assert (other.code, "Traceback" in other.err) == (2, False)
    assert "--again" in other.err
    assert len(cloud.alive()) == 2
    found = trainfare("jobs", "--reconcile", "--json").json
    assert [one["finding"] for one in found["found"]] == ["known", "known"]
    doctor = trainfare("doctor", "--online", "--json").json["online"][cloud.provider]
    assert all(check["good"] for check in doctor), doctor


@pytest.mark.parametrize("cloud", ["aws"], indirect=True)
@pytest.mark.parametrize("words", [("submit", *WHERE["aws"]), ("canary", "--top", "1")])
def test_a_source_that_cannot_travel_is_told_before_the_measurement(
    trainfare: Callable[..., Any], words: tuple[str, ...]
) -> None:
    verb, *more = words
    answer = trainfare(verb, "rnn", *more, "--max-usd", "5", "--source", "nowhere")
    assert (answer.code, answer.out) == (2, "")
    assert "'nowhere'" in answer.err
    assert "timing steps" not in answer.err


def test_nothing_is_sent_without_a_yes(
    trainfare: Callable[..., Any], cloud: Cloud, tmp_path: Path
) -> None:
    refused = trainfare("submit", "mlp", *WHERE[cloud.provider], "--max-usd", "5")
    assert refused.code == 2
    assert "Spend up to $5? [y/N]" in refused.err
    assert "Nothing was sent" in refused.err
    assert cloud.fake.jobs.all == []
    assert not (tmp_path / "trainfare-results" / "intents").exists()


def test_an_answer_at_the_prompt_is_enough(
    trainfare: Callable[..., Any], cloud: Cloud, tmp_path: Path, env: dict[str, str]
) -> None:
    there = {k: v for k, v in os.environ.items() if k.startswith(PASSED_ON)}
    done = subprocess.run(
        [sys.executable, "-m", "trainfare", "submit", "mlp", *WHERE[cloud.provider],
         "--max-usd", "5"],
        cwd=tmp_path, env=env | there, input="y\n", capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "started, pending" in done.stdout
    assert len(cloud.alive()) == 1


def test_a_budget_over_all_jobs(
    trainfare: Callable[..., Any], cloud: Cloud, tmp_path: Path
) -> None:
    (tmp_path / "team.toml").write_text('max_usd = "7.50"\n', encoding="utf-8")
    words = ("submit", "mlp", *WHERE[cloud.provider], "--max-usd", "5", "--yes")
    assert trainfare(*words, "--budget-file", "team.toml").code == 0
    refused = trainfare(*words, "--epochs", "11", "--budget-file", "team.toml")
    assert refused.code == 4, refused.err
    assert "$7.50" in refused.err
    assert len(cloud.alive()) == 1


def test_the_offer_of_the_last_quote(trainfare: Callable[..., Any], cloud: Cloud) -> None:
    quoted = trainfare("quote", "mlp", "--provider", cloud.provider, "--json")
    assert quoted.code == 0, quoted.err
    best = quoted.json["estimates"][0]
    made = trainfare("submit", "mlp", "--offer", "1", "--max-usd", "5", "--yes", "--json")
    assert made.code == 0, made.err
    for key in ("instance_type", "region", "allocation", "usd_per_hour"):
        assert made.json["estimate"][key] == best[key]
    assert (
        "no line of the last quote"
        in trainfare("submit", "mlp", "--offer", "99999", "--max-usd", "5").err
    )


def test_a_cap_below_the_estimate_needs_a_word(trainfare: Callable[..., Any], cloud: Cloud) -> None:
    words = ("submit", "mlp", *WHERE[cloud.provider], "--epochs", "100000000", "--max-usd", "5")
    assert trainfare(*words, "--yes").code == 4
    assert cloud.fake.jobs.all == []
    assert trainfare(*words, "--yes", "--accept-risk").code == 0
    assert len(cloud.alive()) == 1
