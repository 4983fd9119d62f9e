"""What a job left is checked before anything of it is kept; times come from its own heartbeats."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloud.client import JobStatus
from cloud.collect import read_left, with_times
from results import codec, heartbeat
from results.heartbeat import Heartbeat
from results.jobs import Outcome
from results.records import Job, Machine, Measurement, Run

BEGAN = 1_789_997_600.0  # 2026-09-21T13:33:20+00:00


def a_run(job: Job, **given: Any) -> Run:
    machine = Machine(
        device="cpu", device_name="x", device_memory_bytes=None, cpu_name="x", cpu_count=4,
        threads=2, memory_bytes=None, platform="Linux", python_version="3.12", torch_version="2.13",
    )  # fmt: skip
    workload = replace(job.workload, samples_per_epoch=job.samples_per_epoch)
    epoch = Measurement(phase="epoch", block_seconds=(60.0, 50.0), disturbed=(False, False))
    plain: dict[str, Any] = {
        "run_id": "20260921T133000-cnn-000000",
        "captured_at": "2026-09-21T13:40:00+00:00",
        "workload": workload,
        "machine": machine,
        "measurements": (epoch,),
    }
    return Run(**plain | given)


def left(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_runs_and_logs_are_taken(tmp_path: Path, make_job: Any) -> None:
    job = make_job()
    run = a_run(job)
    left(tmp_path, f"runs/{run.run_id}.json", codec.dumps(run))
    left(tmp_path, "log-node0.txt", b"hello \xff\n")
    left(tmp_path, "log-node1.txt", b"world\n")
    left(tmp_path, "checkpoints/checkpoint.pt", b"\x80\x04")  # nothing else is even opened
    found = read_left(tmp_path, job)
    assert found.runs == (run,)
    assert dict(found.logs) == {"log-node0.txt": "hello \ufffd\n", "log-node1.txt": "world\n"}
    assert found.refused == ()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda text: text[:50], "not JSON"),
        (lambda text: b"\x80\x04\x95", "not UTF-8"),
        (lambda text: text.replace('"kind": "Run"', '"kind": "Outcome"'), "expected a Run record"),
        (lambda text: text.replace("133000-cnn-0", "133000-cnn-1"), "it holds the record"),
        (lambda text: text.replace('"batch_size": 64', '"batch_size": 65'), "not of this job"),
        (lambda text: text.replace('"name": "cnn"', '"name": "other"'), "not of this job"),
        (lambda text: text.replace("60.0", "-1e400"), "expected a number"),
        (lambda text: text.replace('"machine"', '"__class__": 1, "machine"'), "unknown field"),
    ],
)
def test_what_is_no_run_of_this_job_is_refused_by_name(
    tmp_path: Path, make_job: Any, spoil: Callable[[str], Any], says: str
) -> None:
    job = make_job()
    good = a_run(job, run_id="20260921T133000-cnn-000009")
    left(tmp_path, f"runs/{good.run_id}.json", codec.dumps(good))
    bad = a_run(job)
    left(tmp_path, f"runs/{bad.run_id}.json", spoil(codec.dumps(bad)))
    found = read_left(tmp_path, job)
    assert found.runs == (good,)
    (sentence,) = found.refused
    assert sentence.startswith(f"{bad.run_id}.json is refused: ")
    assert says in sentence


def test_a_record_that_is_there_twice_counts_once(tmp_path: Path, make_job: Any) -> None:
    job = make_job()
    run = a_run(job)
    for folder in ("a/runs", "b/runs"):
        left(tmp_path, f"{folder}/{run.run_id}.json", codec.dumps(run))
    found = read_left(tmp_path, job)
    assert found.runs == (run,)
    assert "repeats" in found.refused[0]


def status(**given: Any) -> JobStatus:
    plain: dict[str, Any] = {
        "job_name": "trainfare-cnn-0",
        "region": "us-east-1",
        "service_id": "x",
        "output_uri": "s3://b/x",
        "state": "succeeded",
        "max_seconds": 3600,
        "nodes": 1,
        "started_at_seconds": BEGAN,
        "ended_at_seconds": BEGAN + 600,
    }
    return JobStatus(**plain | given)


def an_outcome() -> Outcome:
    return Outcome(
        job_name="trainfare-cnn-0",
        captured_at="2026-09-21T14:00:00+00:00",
        provider="aws",
        region="us-east-1",
        instance_type="ml.g5.xlarge",
        nodes=1,
        state="succeeded",
    )


def log(first: str, started: str = "2026-09-21T13:35:00+00:00", **given: Any) -> str:
    beat = Heartbeat(
        captured_at=first, epoch=1, epochs=2, steps_done=0, steps_total=20, started_at=started,
        training_seconds=0.0,
    )  # fmt: skip
    last = replace(beat, captured_at="2026-09-21T13:40:00+00:00", steps_done=10, **given)
    return f"pulling\n{heartbeat.line(beat)}\n{heartbeat.line(last)}\n"


def test_start_up_is_from_billing_to_the_first_step(make_job: Any) -> None:
    text = log("2026-09-21T13:36:20+00:00", training_seconds=70.0)
    found = with_times(an_outcome(), status(), text, (a_run(make_job()),))
    assert (found.start_up_seconds, found.pull_seconds, found.run_seconds) == (180.0, 100.0, 110.0)


def test_a_job_that_was_stopped_knows_what_it_trained(make_job: Any) -> None:
    text = log("2026-09-21T13:36:20+00:00", training_seconds=70.0)
    found = with_times(an_outcome(), status(state="stopped"), text, ())
    assert found.run_seconds == 70.0


@pytest.mark.parametrize(
    ("first", "start_up"),
    [
        ("2026-09-21T13:33:00+00:00", 0.0),  # a clock that is 20 s behind
        ("2026-09-21T13:00:00+00:00", None),  # half an hour behind
        ("2026-09-21T14:30:00+00:00", None),  # after the end
        ("yesterday", None),
        ("9999-99-99", None),
    ],
)
def test_clocks_that_disagree_leave_it_unknown(first: str, start_up: float | None) -> None:
    found = with_times(an_outcome(), status(), log(first, started=first), ())
    assert found.start_up_seconds == found.pull_seconds == start_up


def test_without_heartbeats_or_a_start_nothing_is_known() -> None:
    for text, now in (("no heartbeat", status()), (log("x"), status(started_at_seconds=None))):
        found = with_times(an_outcome(), now, text, ())
        assert found.start_up_seconds is None
        assert found.pull_seconds is None


def test_the_outcome_is_still_json() -> None:
    json.loads(codec.dumps(with_times(an_outcome(), status(), "", ())))
