"""`trainfare compare` as a process: sides, exit codes, histories, mistakes."""

import json
from pathlib import Path
from typing import Any

import pytest

CHANGE = {
    "workload", "batch_size", "phase", "baseline_seconds", "candidate_seconds", "ratio", "change",
    "contended", "regression",
}  # fmt: skip


@pytest.fixture
def slower(cli: Any, tmp_path: Path) -> Any:
    """The command line beside a newer record whose steps, all quiet, take twice as long."""
    folder = tmp_path / "trainfare-results" / "runs"
    (path,) = folder.iterdir()
    run = json.loads(path.read_text(encoding="utf-8"))
    for name, factor, commit in (
        ("20300101T000000-mlp-a", 1, "a"),
        ("20300102T000000-mlp-b", 2, "b"),
    ):
        run |= {"run_id": name, "captured_at": f"{name[:4]}-01-{name[6:8]}T00:00:00+00:00"}
        run["machine"]["commit"] = commit * 12
        for measurement in run["measurements"]:
            measurement["block_seconds"] = [factor * 0.001 + i * 1e-6 for i in range(50)]
            measurement["disturbed"] = [False] * 50
            measurement["slowed"] = []
        (folder / f"{name}.json").write_text(json.dumps(run), encoding="utf-8")
    return cli


def test_json(slower: Any) -> None:
    answer = slower("compare", "latest~1", "latest", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["schema_version"]
    rows = {row["phase"]: row for row in answer.json["changes"]}
    assert all(row.keys() >= CHANGE for row in rows.values())
    assert rows["step"]["change"] == "slower"
    assert 1 < rows["step"]["ratio"]["low"] <= rows["step"]["ratio"]["mid"]
    assert rows["step"]["regression"] is None


def test_text(slower: Any) -> None:
    answer = slower("compare", "mlp~1", "mlp")
    assert answer.code == 0, answer.err
    assert all(len(line) <= 100 for line in answer.out.splitlines())
    for text in ("slower", "forward", "assumed to differ by 7%"):
        assert text in answer.out


def test_only_a_real_regression_is_exit_code_1(slower: Any) -> None:
    answer = slower("compare", "latest~1", "latest", "--fail-above", "5%")
    assert answer.code == 1
    assert "slower by more than 5%: mlp step" in answer.err
    assert "Traceback" not in answer.err
    assert slower("compare", "latest~1", "latest", "--fail-above", "150%").code == 0
    assert slower("compare", "latest", "latest~1", "--fail-above", "5%", "--json").code == 0
    same = slower("compare", "a" * 12, "20300101", "--fail-above", "0%", "--json")
    assert same.code == 0
    assert all(row["regression"] is False for row in same.json["changes"])


def test_history(slower: Any) -> None:
    points = slower("compare", "--history", "mlp", "--json").json["points"]
    assert [p["commit"] for p in points][-2:] == ["a" * 12, "b" * 12]
    assert points[-1]["change"] == "slower"
    text = slower("compare", "--history", "mlp")
    assert text.code == 0
    assert "mlp: step by commit" in text.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("latest",), "two sides, 1 given"),
        (("nothing", "latest"), "'nothing' means no run"),
        (("latest~1", "latest", "--fail-above", "5"), "as 5%"),
        (("latest~1", "latest", "--history", "mlp"), "takes no runs"),
        (("--history", "cnn"), "No run of 'cnn'"),
        (("--history", "mlp", "--phase", "stop"), "Near: step"),
    ],
)
def test_mistakes(slower: Any, words: tuple[str, ...], says: str) -> None:
    answer = slower("compare", *words)
    assert answer.code == 2
    assert says in answer.err
    assert "Traceback" not in answer.err
    assert answer.out == ""
