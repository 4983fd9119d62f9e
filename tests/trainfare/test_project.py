"""`trainfare project`: files of tasks, one measurement, and what goes wrong."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from estimators.tasks import PREDICTION_COLUMNS
from results import units
from results.records import Run
from results.store import read_file
from tests.trainfare.conftest import Answer

Cli = Callable[..., Answer]
TASKS = """task_id,mode,precision,model,batch,source,target,source_ms_per_sample
a,train,fp32,m,32,T4,V100-SXM2,3.5
b,infer,half,m,,RTX 4090,RTX 3090,0.5
c,train,fp32,m,32,Voodoo 2,T4,3.5
"""


def test_tasks_become_predictions(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").write_text(TASKS, encoding="utf-8")
    answer = cli("project", "--tasks", "tasks.csv", "--out", "out.csv")
    assert answer.code == 0, answer.err
    first, second = answer.out.splitlines()[:2]
    assert first == "2 of 3 tasks projected (1 unknown_device): out.csv"
    assert second.startswith("'Voodoo 2' is no device of the hardware table.")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == PREDICTION_COLUMNS
    assert [row["verdict"] for row in rows] == ["ok", "ok", "unknown_device"]
    assert 0 < float(rows[0]["low80_ms_per_sample"]) < float(rows[0]["ms_per_sample"])
    again = cli("project", "--tasks", "tasks.csv", "--out", "out.csv", "--json")
    assert again.json == {
        "schema_version": 1,
        "file": "out.csv",
        "tasks": 3,
        "verdicts": {"ok": 2, "unknown_device": 1},
        "unknown_devices": ["Voodoo 2"],
        "unused_rows": 0,
    }
    over = cli("project", "--tasks", "tasks.csv", "--out", "./tasks.csv")
    assert over.code == 2 and "would overwrite" in over.err
    assert (tmp_path / "tasks.csv").read_text(encoding="utf-8") == TASKS


def on_gpu(folder: Path) -> str:
    """The folder's own record, as if it had come from a T4."""
    path = next((folder / "trainfare-results" / "runs").glob("*.json"))
    plain = json.loads(path.read_text(encoding="utf-8"))
    record = plain.get("record", plain)
    record["machine"] |= {"device": "cuda:0", "device_name": "Tesla T4"}
    path.write_text(json.dumps(plain), encoding="utf-8")
    return path.stem


def test_one_measurement_in_words(cli: Cli, tmp_path: Path) -> None:
    run_id = on_gpu(tmp_path)
    answer = cli("project", "--measurement", run_id, "--target", "A10G", "--explain")
    assert answer.code == 0, answer.err
    first = answer.out.splitlines()[0]
    gains = next(line for line in answer.out.splitlines() if line.startswith("A10G over"))
    assert "on A10G (80%:" in first and "projected" in first and "on T4" in first
    assert gains == "A10G over T4: sustained FLOP/s ×5.31, bandwidth ×1.88, multiprocessors ×2.00"
    assert max(map(len, answer.out.splitlines())) <= 100
    short = cli("project", "--measurement", "latest", "--target", "NVIDIA A10G")
    assert short.out.replace("\n", " ").strip() in answer.out.replace("\n", " ")
    found = cli("project", "--measurement", run_id[-6:], "--target", "a10g", "--json").json
    assert found["grade"] == "projected"
    seconds = found["step_seconds"]
    assert seconds["low"] < seconds["mid"] < seconds["high"]


def test_a_step_of_whole_epochs_is_told_from_one_by_itself(cli: Cli, tmp_path: Path) -> None:
    """`measure` shows the step alone; a job goes through whole epochs, and that is projected."""
    run = read_file(tmp_path / "trainfare-results" / "runs" / f"{on_gpu(tmp_path)}.json", Run)
    step = run.measurement("step")
    assert step is not None
    answer = cli("project", "--measurement", "latest", "--target", "A10G")
    told = " ".join(answer.out.split())
    alone = units.seconds_text(step.seconds.mid)
    assert told.endswith(f"in whole epochs, with their start and last batch ({alone} by itself)")


def test_from_a_cpu_it_advises_to_measure(cli: Cli) -> None:
    answer = cli("project", "--measurement", "latest", "--target", "A10G", "--explain")
    assert answer.code == 0
    assert "measure on a GPU" in answer.out.replace("\n ", "")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 2, "Give --measurement ID and --target DEVICE, or --tasks"),
        (("--tasks", "tasks.csv"), 2, "Give --measurement ID"),
        (("--tasks", "none.csv", "--out", "o.csv"), 2, "Cannot read none.csv"),
        (("--measurement", "latest", "--target", "A10X"), 2, "Near: A10, A10G"),
        (("--measurement", "latest", "--target", "Trainium"), 3, "another kind of accelerator"),
        (("--measurement", "nothing", "--target", "T4"), 2, "names no measurement"),
        (("--measurement", "", "--target", "T4"), 2, "Give --measurement ID"),
        (("--measurement", "latest", "--target", "T4", "--results", "none"), 3, "no measurement"),
    ],
)
def test_mistakes_are_one_sentence(cli: Cli, words: tuple[str, ...], code: int, says: str) -> None:
    answer = cli("project", *words)
    assert answer.code == code
    assert says in answer.err
    assert "Traceback" not in answer.err
    assert answer.out == ""
