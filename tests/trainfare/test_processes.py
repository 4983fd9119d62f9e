"""`trainfare measure --processes` as a process."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from fakes import cli as cli_process

pytestmark = pytest.mark.slow


def runs(folder: Path) -> list[dict[str, Any]]:
    paths = sorted((folder / "trainfare-results" / "runs").iterdir())
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


@pytest.fixture
def two_cores() -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("needs two processors")


@pytest.mark.usefixtures("two_cores")
def test_two_processes(cli: Any, tmp_path: Path) -> None:
    answer = cli("measure", "mlp", "--max-seconds", "2", "--processes", "2", "--json")
    assert answer.code == 0, answer.err
    row = answer.json["run"]["scaling"]
    assert (row["processes"], row["backend"]) == (2, "gloo")
    assert 0 < row["efficiency_ratio"]["low"] <= row["efficiency_ratio"]["mid"]
    assert row["threads"] * 2 <= len(os.sched_getaffinity(0))
    assert "warming up together" in answer.err
    kept = runs(tmp_path)[-1]
    assert kept["processes"] == 1  # its phases are those of one process: a quote may rest on it
    scaling = kept["scaling"]
    rounds = [scaling[name] for name in ("single_block_seconds", "parallel_block_seconds")]
    assert [len(seconds) for seconds in rounds] == [row["rounds"]] * 2
    assert row["rounds"] == len(scaling["disturbed"]) >= 2
    assert all(seconds > 0 for seconds in rounds[0])
    # Two that exchange gradients in each step are not faster than one that does not.
    assert row["efficiency_ratio"]["mid"] < 1.1
    assert scaling["stopped_because"] in ("time", "precise")
    assert scaling["batch_size"] == kept["workload"]["batch_size"]
    assert not cli_process.left_running(tmp_path)
    assert cli("quote", "mlp", "--json").code == 0


def test_more_processes_than_cores(cli: Any) -> None:
    answer = cli("measure", "mlp", "--processes", "1000")
    assert answer.code == 2
    assert "1000 processes need a core each" in answer.err
