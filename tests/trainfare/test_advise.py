"""`trainfare advise` as a process."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from fakes import cli as cli_process

ROW = {
    "name", "change", "gain", "speed_up_ratio", "saved_usd", "check", "check_note", "not_tried",
}  # fmt: skip


@pytest.mark.slow
def test_json(cli: Any, tmp_path: Path) -> None:
    answer = cli("advise", "rnn", "--max-seconds", "2", "--threads", "1", "--json")
    assert answer.code == 0, answer.err
    rows = {row["name"]: row for row in answer.json["advice"]}
    assert all(row.keys() >= ROW for row in rows.values())
    assert next(iter(rows)) == "nothing"
    assert rows["data in memory"]["check"]["passed"] is True
    found = rows["data in memory"]["speed_up_ratio"]
    assert 0 < found["low"] <= found["mid"] <= found["high"]
    assert rows["channels_last"]["not_tried"] == "the model has no two-dimensional convolution"
    assert answer.json["best_offer"]["accelerator"] is None  # measured on a CPU
    for row in rows.values():
        assert (row["saved_usd"] is not None) == (row["gain"] == "faster")
    (path,) = (tmp_path / "trainfare-results" / "advice").iterdir()
    assert json.loads(path.read_text(encoding="utf-8"))["kind"] == "Advice"
    assert "rnn: trying" in answer.err


@pytest.mark.slow
def test_text(cli: Any) -> None:
    answer = cli("advise", "mlp", "--max-seconds", "1", "--threads", "1")
    assert answer.code == 0, answer.err
    assert all(len(line) <= 100 for line in answer.out.splitlines())
    for text in (
        "against the plain job",
        "noise:",
        "not tried: data in memory",
        "saves: of the 10",
    ):
        assert text in answer.out


def test_mistakes(cli: Any) -> None:
    for words, says in ((("nosuch",), "is no workload"), (("mlp", "--epochs", "0"), "--epochs")):
        answer = cli("advise", *words)
        assert answer.code == 2
        assert says in answer.err
        assert "Traceback" not in answer.err


@pytest.mark.slow
def test_a_signal_to_end_is_its_exit_code(
    measured: Path, tmp_path: Path, env: dict[str, str]
) -> None:
    shutil.copytree(measured / "trainfare-results", tmp_path / "trainfare-results")
    child = cli_process.start(("advise", "mlp", "--max-seconds", "60"), tmp_path, env)
    child.wait_for("trying")
    child.send_signal(signal.SIGTERM)
    out, err = child.communicate(timeout=200)
    assert child.returncode == 143
    assert "interrupted" in err
    assert "Traceback" not in err
    assert bool(out) == ("marked partial" in err)
