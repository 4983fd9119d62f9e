"""From a running job to what the next quote learns of it, as a user types it, on all clouds."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fakes import cli as cli_process
from fakes.clouds import Cloud
from fakes.engine import Run as Plan
from fakes.left import leave, say

from results import codec
from results.jobs import JobHandle, JobIntent
from results.records import Measurement, Run
from results.store import Store
from tests.cloud.test_collect import a_run
from tests.cloud.test_collecting import beats
from tests.trainfare.test_submit import PASSED_ON, REGIONS, WHERE


def settings_of(cloud: Cloud) -> str:
    table = cloud.table | {"region": REGIONS[cloud.provider]}
    lines = [f"[{cloud.provider}]", *(f'{key} = "{value}"' for key, value in table.items())]
    return "\n".join(lines) + "\n"


def there() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k.startswith(PASSED_ON)}


@pytest.fixture
def trainfare(cli: Callable[..., Any], cloud: Cloud, tmp_path: Path) -> Callable[..., Any]:
    """`trainfare WORDS` with settings and sign-in that lead to the fakes."""
    (tmp_path / "trainfare.toml").write_text(settings_of(cloud), encoding="utf-8")
    return lambda *words: cli(*words, **there())


@contextmanager
def time_passes(cloud: Cloud) -> Iterator[None]:
    """The services' clock runs: a minute every twentieth of a second."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(0.05):
            cloud.clock.pause(60)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def started(trainfare: Callable[..., Any], cloud: Cloud, folder: Path) -> tuple[Any, JobIntent]:
    """A job that was just submitted, a name no other test has."""
    if cloud.provider == "gcp":
        cloud.fake.log_lines.clear()
    samples = str(10_000 + int(cloud.clock.now) % 1_000_000)
    words = ("submit", "mlp", *WHERE[cloud.provider], "--max-usd", "5", "--yes", "--json")
    answer = trainfare(*words, "--samples-per-epoch", samples)
    assert answer.code == 0, answer.err
    store, name = Store(folder / "trainfare-results"), answer.json["job_name"]
    handle, intent = store.find(JobHandle, name), store.find(JobIntent, name)
    assert handle is not None
    assert intent is not None
    return handle, intent


def test_a_bad_record_is_told_once(cli: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "trainfare-results" / "intents" / "bad.json"
    path.parent.mkdir()
    path.write_text("{", encoding="utf-8")
    answer = cli("jobs")
    assert answer.code == 0
    assert answer.err.count("bad.json is left out: not JSON") == 1


@pytest.mark.parametrize("cloud", ["gcp"], indirect=True)
def test_a_job_without_an_answer_is_shown_as_unclear(
    trainfare: Callable[..., Any], cloud: Cloud, tmp_path: Path
) -> None:
    handle, intent = started(trainfare, cloud, tmp_path)
    store = Store(tmp_path / "trainfare-results")
    lost = replace(intent, job_name="trainfare-lost-0123456789ab")
    store.add(lost)
    for words in (("jobs",), ("jobs", "--offline")):
        listed = trainfare(*words)
        assert listed.code == 0, listed.err
        lines = listed.out.splitlines()
        assert lines[:2] == [lost.job_name, "  1 × n1-standard-4, Vertex AI, us-central1"]
        assert lines[2].startswith("  unclear, at most $5: no answer was kept: it may run.")
        assert handle.job_name in lines
    assert "trainfare jobs --reconcile" in listed.out
    rows = trainfare("jobs", "--json").json["jobs"]
    assert (rows[0]["job_name"], rows[0]["state"]) == (lost.job_name, None)
    refused = trainfare("wait", lost.job_name)
    assert refused.code == 2
    assert "was asked for, but no answer was kept" in refused.err
    assert (
        f"{lost.job_name} (Vertex AI, us-central1, no job)\n  unclear: "
        in trainfare("jobs", "--reconcile").out
    )


@pytest.mark.parametrize("cloud", ["gcp"], indirect=True)  # all three: tests/cloud/test_collecting
def test_watched_collected_and_learned_from(
    trainfare: Callable[..., Any], cloud: Cloud, tmp_path: Path
) -> None:
    handle, intent = started(trainfare, cloud, tmp_path)
    name = handle.job_name
    began = cloud.clock.now + 60
    cloud.clock.pause(100)
    say(cloud, handle, beats(began))
    listed = trainfare("jobs")
    assert listed.code == 0, listed.err
    assert name in listed.out
    assert "running: epoch 1 of 2 (50%)" in listed.out
    assert "at most $5" in listed.out
    (row,) = trainfare("jobs", "--json").json["jobs"]
    assert (row["state"], row["steps_done"], row["collected"]) == ("running", 10, False)
    assert trainfare("logs", "last").out.splitlines()[0] == "hello"
    assert trainfare("logs", name, "--json").json["lines"] == beats(began)
    assert "still running" in trainfare("collect").out

    run = replace(a_run(intent.estimate.job), run_id=f"20260921T133000-{cloud.provider}-000000")
    log = "".join(f"{line}\n" for line in beats(began))
    files = {f"runs/{run.run_id}.json": codec.dumps(run).encode(), "log-node0.txt": log.encode()}
    leave(cloud, handle, files)
    with time_passes(cloud):
        waited = trainfare("wait", name, "--every", "0.3")
    assert waited.code == 0, waited.err
    assert f"{name} succeeded: $" in waited.out
    assert "start-up 2.00 min" in waited.out
    store = Store(tmp_path / "trainfare-results")
    assert store.find(Run, run.run_id) is not None
    assert (tmp_path / "trainfare-results" / "logs" / name / "log-node0.txt").read_text() == log
    assert trainfare("collect").out == "0 collected\n"

    table = trainfare("accuracy")
    assert table.code == 0, table.err
    assert "1 job collected" in table.out
    assert max(map(len, table.out.splitlines())) <= 100
    rows = trainfare("accuracy", "--json").json["accuracy"]
    assert {row["part"] for row in rows} == {
        "queue", "pull", "warm-up", "start-up", "steps", "dollars",
    }  # fmt: skip
    pull = next(row for row in rows if row["part"] == "pull")
    assert (pull["actual"], pull["jobs"]) == (90, 1)
    quoted = trainfare("quote", "mlp", "--provider", cloud.provider, "--json")
    assert quoted.code == 0, quoted.err
    evidence = {i["name"]: i["evidence"] for i in quoted.json["estimates"][0]["items"]}
    assert evidence["queue"] == "measured"


@pytest.mark.parametrize("cloud", ["azure"], indirect=True)
def test_cancelled_with_its_cost(
    trainfare: Callable[..., Any], cloud: Cloud, tmp_path: Path
) -> None:
    cloud.fake.jobs.next_run = Plan(train_seconds=1e7)
    handle, _ = started(trainfare, cloud, tmp_path)
    cloud.clock.pause(200)
    with time_passes(cloud):
        answer = trainfare("cancel", handle.job_name, "--every", "0.3")
    assert answer.code == 0, answer.err
    assert f"{handle.job_name} stopped: $" in answer.out
    assert cloud.alive() == []
    (row,) = trainfare("jobs", "--json", "--offline").json["jobs"]
    assert (row["state"], row["collected"]) == ("stopped", True)
    rows = trainfare("accuracy", "--json").json["accuracy"]
    assert {row["part"] for row in rows} == {"queue"}  # it never came to its first step
    again = trainfare("cancel", handle.job_name, "--json")
    assert again.json["outcome"]["state"] == "stopped"


@pytest.mark.parametrize("cloud", ["gcp"], indirect=True)
def test_a_job_that_waits_too_long_is_cancelled_and_told(
    trainfare: Callable[..., Any], cloud: Cloud
) -> None:
    cloud.fake.jobs.next_run = Plan(never_starts=True)
    now, cloud.clock.now = cloud.clock.now, time.time() - 7200
    try:
        words = ("submit", "mlp", *WHERE[cloud.provider], "--max-usd", "5", "--max-wait", "1h")
        asked = trainfare(*words, "--dry-run")
        assert "waits     at most 60.0 min for its machines" in asked.out
        assert trainfare(*words, "--yes").code == 0
        listed = trainfare("jobs")
        assert "cancelled now, for it waited longer than --max-wait" in listed.out
        assert cloud.alive() == []
        (row,) = trainfare("jobs", "--json").json["jobs"]
        assert (row["state"], row["waited_too_long"]) == ("stopped", False)
    finally:
        cloud.clock.now = now


@pytest.mark.parametrize("cloud", ["gcp"], indirect=True)
@pytest.mark.parametrize("words", [("wait",), ("logs", "--follow")])
def test_ctrl_c_detaches_and_the_job_goes_on(
    trainfare: Callable[..., Any],
    cloud: Cloud,
    tmp_path: Path,
    env: dict[str, str],
    words: tuple[str, ...],
) -> None:
    handle, _ = started(trainfare, cloud, tmp_path)
    command = (words[0], handle.job_name, *words[1:])
    watching = cli_process.start(command, tmp_path, env | there())
    watching.wait_for("pending")
    watching.send_signal(signal.SIGINT)
    _, said = watching.communicate(timeout=60)
    assert watching.returncode == 130
    assert f"Detached: {handle.job_name} goes on and costs at most $5." in said
    assert len(cloud.alive()) == 1


@pytest.mark.parametrize("cloud", ["aws"], indirect=True)
def test_a_job_that_failed_says_why_and_is_no_success(
    trainfare: Callable[..., Any], cloud: Cloud, tmp_path: Path
) -> None:
    cloud.fake.jobs.next_run = Plan(fails="ResourceExhausted: out of memory")
    handle, _ = started(trainfare, cloud, tmp_path)
    cloud.clock.pause(5000)
    answer = trainfare("wait", handle.job_name)
    assert answer.code == 1
    assert f"{handle.job_name} failed: $" in answer.out
    assert "out of memory" in " ".join(answer.out.split())


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("wait", "last"), 3, "holds no job"),
        (("accuracy",), 3, "holds no job that was collected"),
        (("logs", "x", "--follow", "--json"), 2, "Leave one out"),
        (("cancel",), 2, "Missing argument"),
    ],
)
def test_a_mistake_is_one_sentence(
    cli: Callable[..., Any], words: tuple[str, ...], code: int, says: str
) -> None:
    answer = cli(*words)
    assert answer.code == code
    assert says in answer.err
    assert "Traceback" not in answer.err
    assert answer.out == ""


def test_canaries_are_tried_and_quoted_again(
    cli: Callable[..., Any], clouds: dict[str, Cloud], tmp_path: Path, env: dict[str, str]
) -> None:
    text = "".join(settings_of(cloud) for cloud in clouds.values())
    (tmp_path / "trainfare.toml").write_text(text, encoding="utf-8")
    words = ("canary", "mlp", "--top", "2", "--steps", "20", "--max-usd", "4", "--every", "0.3")
    refused = cli(*words, **there())
    assert refused.code == 2
    assert "Spend up to $4? [y/N]" in refused.err
    assert "Nothing was sent" in refused.err
    assert all(not cloud.fake.jobs.all for cloud in clouds.values())
    trying = cli_process.start((*words, "--yes", "--json"), tmp_path, env | there())
    store = Store(tmp_path / "trainfare-results")
    while len(handles := list(store.newest_first(JobHandle))) < 2 and trying.returncode is None:
        time.sleep(0.1)
    for number, handle in enumerate(handles):
        intent = store.find(JobIntent, handle.job_name)
        assert intent is not None
        epoch = Measurement(phase="epoch", block_seconds=(1.0,), disturbed=(False,))
        run = replace(
            a_run(intent.estimate.job),
            run_id=f"20260921T133000-trial-00000{number}",
            measurements=(epoch,),
        )
        files = {f"runs/{run.run_id}.json": codec.dumps(run).encode()}
        leave(clouds[handle.provider], handle, files)
    with time_passes(clouds["aws"]):
        out, _ = trying.communicate(timeout=120)
    assert trying.returncode == 0
    answer = json.loads(out)
    assert [trial["state"] for trial in answer["trials"]] == ["succeeded"] * 2
    tried = {trial["instance_type"] for trial in answer["trials"]}
    measured = {e["instance_type"] for e in answer["estimates"] if e["grade"] == "measured"}
    assert measured == tried
    # 20 steps in a second, a hundred an epoch: five seconds, whatever was projected before.
    for estimate in answer["estimates"]:
        if estimate["grade"] == "measured":
            assert estimate["epoch_seconds"]["mid"] == pytest.approx(5.0, rel=0.05)
    spent = sum(cloud.bill_usd(Decimal(2)) for cloud in clouds.values())
    assert spent <= 4
    found = cli("submit", "mlp", "--offer", "1", "--max-usd", "5", "--dry-run", **there())
    assert found.code == 0, found.err
    with time_passes(clouds["aws"]):
        for more, jobs in (((), 2), (("--again",), 4)):  # found where they were; started anew
            repeated = cli(*words, *more, "--yes", "--json", **there())
            assert repeated.code == 0, repeated.err
            assert sum(len(cloud.fake.jobs.all) for cloud in clouds.values()) == jobs
