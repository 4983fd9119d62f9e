"""A cap that is taken lets the job come to its end: by what it costs, and by its time."""

import re
import shlex
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cloud.cap import max_seconds
from results.errors import OverBudgetError
from results.records import Quote, Run
from results.store import Store
from trainfare import capping
from trainfare.commands import canary

Cli = Callable[..., Any]
INSTANCES = {
    "aws": ("--instance", "ml.m5.xlarge", "--region", "us-east-1"),
    "gcp": ("--instance", "n1-standard-4", "--region", "us-central1"),
    "azure": ("--instance", "Standard_D16as_v5", "--region", "eastus"),
}


@pytest.mark.parametrize("provider", INSTANCES)
def test_a_cap_that_pays_for_the_estimate_but_not_for_its_time(
    cli: Cli, configured: Path, provider: str
) -> None:
    words = ("submit", "mlp", "--provider", provider, *INSTANCES[provider], "--dry-run")
    words += ("--epochs", "20000")
    told = cli(*words, "--max-usd", "100", "--accept-risk", "--json").json
    cap = Decimal(str(told["estimate"]["usd"]["high"])).quantize(Decimal("0.01")) + Decimal("0.01")
    refused = cli(*words, "--max-usd", str(cap))
    said = " ".join(refused.err.split())
    assert (refused.code, refused.out) == (4, ""), refused.err
    assert f"--max-usd {cap} pays for the estimate, but" in said
    risky = cli(*words, "--max-usd", str(cap), "--accept-risk", "--json")
    assert risky.code == 0
    enough = re.search(r"Allow ([0-9.]+), or give --accept-risk", said)
    assert enough, said
    taken = cli(*words, "--max-usd", enough[1], "--json")
    assert taken.code == 0, taken.err
    items = {item["name"]: item["seconds"]["high"] for item in taken.json["estimate"]["items"]}
    trained = items["warm-up"] + items["training"]
    assert risky.json["cap"]["max_seconds"] < taken.json["cap"]["max_seconds"]
    assert taken.json["cap"]["max_seconds"] >= 0.99 * trained


@pytest.mark.parametrize("epochs", ["1", "30000"])
@pytest.mark.parametrize("allocation", ["on_demand", "spot"])
@pytest.mark.parametrize("provider", ["aws", "gcp", "azure"])
def test_every_command_that_a_quote_suggests_is_taken(
    cli: Cli, configured: Path, provider: str, allocation: str, epochs: str
) -> None:
    if (provider, allocation) == ("azure", "spot"):
        with configured.open("a", encoding="utf-8") as file:
            file.write("\n[billing.azure]\nspot_saving = 0.8\n")
    text = cli("quote", "mlp", "--provider", provider, "--allocation", allocation,
               "--epochs", epochs, "--region", INSTANCES[provider][-1]).out  # fmt: skip
    (command,) = (line for line in text.splitlines() if line.endswith("--dry-run"))
    answer = cli(*shlex.split(command)[1:])
    assert answer.code == 0, answer.err
    assert f", {epochs} epochs, " in answer.out
    assert f", {allocation.replace('_', ' ')}" in answer.out


@pytest.mark.parametrize("provider", ["aws", "gcp", "azure"])
def test_the_cap_of_every_line_of_a_quote_covers_its_time(
    cli: Cli, tmp_path: Path, provider: str
) -> None:
    words = ("--provider", provider, "--epochs", "30000", "--max-nodes", "2", "--json")
    assert cli("quote", "mlp", *words).code == 0
    (quote,) = Store(tmp_path / "trainfare-results").newest_first(Quote)
    assert {e.job.nodes for e in quote.estimates} == {1, 2}
    for line in quote.estimates:
        enough = capping.enough_usd(line)
        assert enough is not None
        capping.refuse_risk(enough, line)
        items = {item.name: item.seconds.high for item in line.items}
        allowed = max_seconds(enough, line.offer, line.job.nodes)
        assert allowed >= items["warm-up"] + items["training"]
        with pytest.raises(OverBudgetError):
            capping.refuse_risk(enough - Decimal("0.01"), line)


def test_the_command_that_a_canary_ends_with_is_taken(
    cli: Cli, configured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli("quote", "mlp", "--provider", "aws", "--gpu", "none", "--json").code == 0
    store = Store(tmp_path / "trainfare-results")
    (run,), (quote,) = store.newest_first(Run), store.newest_first(Quote)
    canary._answer(run, list(quote.estimates), [], store, None, as_json=False)
    said = capsys.readouterr().out.splitlines()
    (command,) = (line for line in said if line.endswith("--dry-run"))
    answer = cli(*shlex.split(command)[1:])
    assert answer.code == 0, answer.err


def test_a_job_longer_than_its_service_allows_is_refused(cli: Cli, configured: Path) -> None:
    words = ("submit", "mlp", "--provider", "gcp", *INSTANCES["gcp"], "--dry-run")
    words += ("--epochs", "100000000", "--max-usd", "1000000")
    refused = cli(*words)
    assert (refused.code, refused.out) == (2, ""), refused.err
    assert "Vertex AI ends any job after 7.00 d" in " ".join(refused.err.split())
    assert cli(*words, "--accept-risk").code == 0
    quoted = ("quote", "mlp", "--provider", "gcp", "--gpu", "none", "--epochs", "100000000")
    text = " ".join(cli(*quoted).out.split())
    assert "1 may run longer than Vertex AI lets any job run" in text
    assert "trainfare submit" not in text
