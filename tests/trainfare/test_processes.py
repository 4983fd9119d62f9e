"""`trainfare measure --processes` as a process."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

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
    answer = cli("measure", "mlp", "--max-seconds", "4", "--processes", "2", "--json")
    assert answer.code == 0, answer.err
    row = answer.json["run"]["scaling"]
    assert (row["processes"], row["backend"]) == (2, "gloo")
    assert 0 < row["efficiency_ratio"]["low"] <= row["efficiency_ratio"]["mid"]
    assert row["threads"] * 2 <= len(os.sched_getaffinity(0))
    kept = runs(tmp_path)[-1]
    assert kept["processes"] == 1  # its phases are those of one process: a quote may rest on it
    assert len(kept["scaling"]["single_block_seconds"]) == row["rounds"]
    assert cli("quote", "mlp", "--json").code == 0


@pytest.mark.usefixtures("two_cores")
def test_ctrl_c_keeps_what_was_measured(tmp_path: Path, env: dict[str, str]) -> None:
    words = ["measure", "mlp", "--max-seconds", "5", "--processes", "2"]
    child = subprocess.Popen(
        [sys.executable, "-m", "trainfare", *words],
        cwd=tmp_path,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    for line in child.stderr:
        if "together" in line:
            break
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=120)
    assert child.returncode == 130
    assert out == ""
    assert "marked partial" in err
    assert "Traceback" not in err
    (kept,) = runs(tmp_path)
    assert kept["partial"] is True
    assert kept["measurements"]


def test_more_processes_than_cores(cli: Any) -> None:
    answer = cli("measure", "mlp", "--processes", "1000")
    assert answer.code == 2
    assert "1000 processes need a core each" in answer.err
