"""Tasks in, predictions out: every row gets a verdict, whatever is in it."""

from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from estimators.hardware import accelerator
from estimators.step import StepTask, project_step
from estimators.task_files import TASK_COLUMNS, Known, read_known, read_rows, read_sweeps
from estimators.tasks import PREDICTION_COLUMNS, predict, unknown_names
from results.errors import UsageError

TASK = dict(
    zip(
        TASK_COLUMNS,
        ("t1", "train", "fp32", "a model", "32", "T4", "V100-SXM2", "3.5"),
        strict=True,
    )
)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_task_is_what_a_quote_projects() -> None:
    found = predict(TASK, Known())
    step = project_step(
        StepTask(
            mode="train",
            precision="fp32",
            source=accelerator("T4"),
            target=accelerator("V100"),
            seconds=32 * 0.0035,
        )
    ).seconds
    assert tuple(found) == PREDICTION_COLUMNS
    assert (found["task_id"], found["verdict"]) == ("t1", "ok")
    assert float(found["ms_per_sample"]) == pytest.approx(1000 * step.mid / 32)
    assert float(found["low80_ms_per_sample"]) == pytest.approx(1000 * step.low / 32)
    assert float(found["high80_ms_per_sample"]) == pytest.approx(1000 * step.high / 32)


@pytest.mark.parametrize("batch", ["", "nan", "32", "32.0"])
def test_the_batch_may_be_empty(batch: str) -> None:
    assert predict(TASK | {"batch": batch}, Known())["verdict"] == "ok"


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"source": "Voodoo 2"}, "unknown_device"),
        ({"target": ""}, "unknown_device"),
        ({"target": "Trainium"}, "not_projectable"),
        ({"source_ms_per_sample": "0"}, "no_time"),
        ({"source_ms_per_sample": "-1"}, "no_time"),
        ({"source_ms_per_sample": "nan"}, "no_time"),
        ({"source_ms_per_sample": "inf"}, "no_time"),
        ({"source_ms_per_sample": "fast"}, "no_time"),
        ({"source_ms_per_sample": "0.0005"}, "input_bound"),
        ({"source_ms_per_sample": "1e300"}, "no_time"),
        ({"source_ms_per_sample": "1e-320"}, "no_time"),
        ({"batch": "1e300"}, "bad_batch"),
        ({"batch": "0"}, "bad_batch"),
        ({"batch": "many"}, "bad_batch"),
        ({"batch": "1.5"}, "bad_batch"),
        ({"mode": "both"}, "unknown_mode"),
        ({"precision": "int8"}, "unknown_precision"),
    ],
)
def test_what_cannot_be_projected_says_why(change: dict[str, str], verdict: str) -> None:
    found = predict(TASK | change, Known())
    assert found["verdict"] == verdict
    assert found["ms_per_sample"] == found["low80_ms_per_sample"] == ""


def test_a_label_is_no_key() -> None:
    one, other = (predict(TASK | {"model": m}, Known()) for m in ("resnet50", "no such model"))
    assert one == other


def test_a_sweep_tells_the_host_part_and_a_flat_one_the_host(tmp_path: Path) -> None:
    header = "model,mode,precision,device,batch,ms_per_iter\n"
    rising = "".join(f"a model,train,fp32,T4,{b}.0,{5 + b}\n" for b in (16, 32, 64, 128))
    known = read_known(write(tmp_path / "s.csv", header + rising), None)
    assert known.sweeps["a model", "train", "fp32", accelerator("T4").chip][64] == 0.069
    short = TASK | {"source_ms_per_sample": "0.2"}
    assert predict(short, known) != predict(short, Known())
    flat = "".join(f"a model,train,fp32,T4,{b},7.{b}\n" for b in (16, 32, 64, 128))
    known = read_known(write(tmp_path / "f.csv", header + flat), None)
    assert predict(TASK, known)["verdict"] == "host_bound"
    assert predict(TASK | {"model": "another"}, known)["verdict"] == "ok"


def test_own_runs_move_the_prediction(tmp_path: Path) -> None:
    runs = "model,mode,precision,batch,device,ms_per_sample\n" + "".join(
        f"m{i},train,fp32,32,{device},{ms}\n"
        for i in range(3)
        for device, ms in (("T4", 4.0), ("V100-SXM2", 4.0), ("Voodoo 2", 1.0))
    )
    known = read_known(None, write(tmp_path / "runs.csv", runs))
    before, after = predict(TASK, Known()), predict(TASK, known)
    assert float(after["ms_per_sample"]) > 1.2 * float(before["ms_per_sample"])
    width = [
        float(p["high80_ms_per_sample"]) / float(p["low80_ms_per_sample"]) for p in (after, before)
    ]
    assert width[0] < width[1]


def test_rows_that_say_nothing_are_passed_over(tmp_path: Path) -> None:
    text = (
        "model,mode,precision,device,batch,ms_per_iter\nm,train,fp32,T4,,1\nm,train,fp32,T4,8,x\n"
    )
    assert read_sweeps(write(tmp_path / "s.csv", text)) == {}


def test_rows_that_were_passed_over_are_counted(tmp_path: Path) -> None:
    sweeps = "model,mode,precision,device,batch,ms_per_iter\n" + "".join(
        f"m,train,fp32,{device},{batch},{ms}\n"
        for device, batch, ms in (("T4", 8, 1), ("T4", 8, "x"), ("T4", "", 1), ("Voodoo 2", 8, 1))
    )
    runs = "model,mode,precision,batch,device,ms_per_sample\n" + "".join(
        f"m,train,fp32,8,{device},{ms}\n" for device, ms in (("T4", 4), ("A10G", "inf"), ("T4", 0))
    )
    paths = write(tmp_path / "s.csv", sweeps), write(tmp_path / "r.csv", runs)
    assert read_known(*paths).unused_rows == 3 + 2


def test_unknown_names_are_told_once() -> None:
    rows = [TASK, TASK | {"target": "A10H"}, TASK | {"source": "A10H", "target": "Voodoo 2"}]
    assert unknown_names(rows) == ["A10H", "Voodoo 2"]


@pytest.mark.parametrize("ms", ["1e12", "0.001"])
@pytest.mark.parametrize("batch", ["1", "1000000000", ""])
def test_the_ends_of_what_is_allowed_give_finite_times(ms: str, batch: str) -> None:
    found = predict(TASK | {"source_ms_per_sample": ms, "batch": batch}, Known())
    low, mid, high = (float(found[f"{end}ms_per_sample"]) for end in ("low80_", "", "high80_"))
    assert found["verdict"] == "ok"
    assert 0 < low < mid < high < 1e15


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Cannot read"):
        read_rows(tmp_path / "none.csv", TASK_COLUMNS)
    with pytest.raises(UsageError, match=r"no column .*source_ms_per_sample"):
        read_rows(write(tmp_path / "a.csv", "task_id,mode\n1,train\n"), TASK_COLUMNS)
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="no CSV text in UTF-8"):
        read_rows(tmp_path / "b.csv", TASK_COLUMNS)
    assert read_rows(write(tmp_path / "c.csv", ",".join(TASK_COLUMNS)), TASK_COLUMNS) == []


def test_a_short_row_is_a_row(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", ",".join(TASK_COLUMNS) + "\nt1,train\n")
    assert [predict(row, Known())["verdict"] for row in read_rows(path, TASK_COLUMNS)] == [
        "unknown_precision"
    ]


def test_ten_thousand_tasks_at_once(benchmark: BenchmarkFixture) -> None:
    """Ten seconds are promised; about one is what it takes on a shared core."""
    known = Known()
    found = benchmark.pedantic(lambda: [predict(TASK, known) for _ in range(10_000)], rounds=1)
    assert {row["verdict"] for row in found} == {"ok"}
