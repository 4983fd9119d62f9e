"""Jobs brought home from all three clouds: real SDKs, what lies there hostile or whole."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fakes.clouds import Cloud
from fakes.engine import Run as Plan
from fakes.left import leave, say
from fakes.orders import an_order
from fakes.web import Fault

from cloud import trials, watch
from cloud.collect import collect
from cloud.launch import launch
from results import codec, heartbeat
from results.errors import TrainfareError
from results.heartbeat import Heartbeat
from results.jobs import JobHandle, JobIntent, Outcome
from results.records import Run
from results.store import Store
from tests.cloud.test_collect import a_run


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Store:
    return Store(tmp_path / "records")


@pytest.fixture(name="said")
def _said() -> list[str]:
    return []


def started(cloud: Cloud, store: Store, **order: Any) -> tuple[JobHandle, JobIntent]:
    """A job of a name that no other test has, for buckets and logs outlive a test."""
    if cloud.provider == "gcp":
        cloud.fake.log_lines.clear()
    name = f"n{uuid.uuid4().hex}"
    made = launch(cloud.client(), an_order(cloud, name=name, **order), store)
    intent = store.find(JobIntent, made.handle.job_name)
    assert intent is not None
    return made.handle, intent


def at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=0).isoformat()


def beats(began: float, steps_done: int = 10) -> list[str]:
    """Of a job whose process began 90 s, and whose first step 120 s after billing did."""
    first = Heartbeat(
        captured_at=at(began + 120), epoch=1, epochs=2, steps_done=0, steps_total=20,
        started_at=at(began + 90), training_seconds=0.0,
    )  # fmt: skip
    last = replace(
        first, captured_at=at(began + 400), steps_done=steps_done, training_seconds=200.0
    )
    return ["hello", heartbeat.line(first), heartbeat.line(last)]


def left_by(intent: JobIntent, began: float, **more: bytes) -> tuple[Run, dict[str, bytes]]:
    run = a_run(intent.estimate.job)
    text = "".join(f"{line}\n" for line in beats(began))
    files = {f"runs/{run.run_id}.json": codec.dumps(run).encode(), "log-node0.txt": text.encode()}
    return run, files | more


def test_a_job_comes_home_whole_and_once(cloud: Cloud, store: Store, said: list[str]) -> None:
    handle, intent = started(cloud, store)
    client = cloud.client()
    assert collect(client, handle, intent, store, said.append) is None  # it has not ended
    began = cloud.clock.now + 60
    cloud.clock.pause(5000)
    run, files = left_by(intent, began)
    leave(cloud, handle, files)
    came = collect(client, handle, intent, store, said.append)
    assert came is not None
    assert (came.state, came.billed_seconds) == ("succeeded", 720)
    assert (came.queued_seconds, came.pull_seconds, came.start_up_seconds) == (60, 90, 120)
    assert came.run_seconds == 110
    assert came.run_ids == (run.run_id,)
    kept = store.find(Run, run.run_id)
    assert kept is not None
    assert kept.machine.instance_type == intent.estimate.offer.instance_type
    log = store.place.read(f"logs/{handle.job_name}/log-node0.txt").decode()
    assert log == files["log-node0.txt"].decode()
    assert collect(client, handle, intent, store, said.append) == came
    assert said == []
    assert store.problems == []


def test_a_way_out_is_refused_and_the_bill_is_kept(
    cloud: Cloud, store: Store, said: list[str], tmp_path: Path
) -> None:
    handle, intent = started(cloud, store)
    cloud.clock.pause(5000)
    _, files = left_by(intent, cloud.clock.now)
    # The emulator of Google's storage does not hold names with `..` between slashes.
    way_out = "NUL.json" if cloud.provider == "gcp" else "a/../../../../way-out.json"
    leave(cloud, handle, files | {way_out: b"{}"})
    came = collect(cloud.client(), handle, intent, store, said.append)
    assert came is not None
    assert came.usd is not None
    assert came.run_ids == ()
    assert "is no name for a file of a result" in said[0]
    assert not list(tmp_path.rglob("way-out*"))
    assert list(store.newest_first(Run)) == []


def test_a_forged_record_does_not_replace_one_that_is_there(
    cloud: Cloud, store: Store, said: list[str]
) -> None:
    handle, intent = started(cloud, store)
    run, files = left_by(intent, cloud.clock.now)
    mine = replace(run, epochs_trained=9)
    store.add(mine)
    cloud.clock.pause(5000)
    leave(cloud, handle, files)
    came = collect(cloud.client(), handle, intent, store, said.append)
    assert came is not None
    assert came.run_ids == ()
    assert "already holds another Run" in said[0]
    assert list(store.newest_first(Run)) == [mine]


def test_a_job_that_left_nothing_still_has_its_bill(
    cloud: Cloud, store: Store, said: list[str]
) -> None:
    cloud.fake.jobs.next_run = Plan(fails="ResourceExhausted: out of memory")
    handle, intent = started(cloud, store)
    say(cloud, handle, beats(cloud.clock.now + 60, steps_done=3))
    cloud.clock.pause(5000)
    came = collect(cloud.client(), handle, intent, store, said.append)
    assert came is not None
    assert came.state == "failed"
    assert "out of memory" in str(came.message)
    assert came.start_up_seconds == 120  # from the log that the service kept
    assert came.run_seconds == 200
    assert came.run_ids == ()


@pytest.mark.parametrize("kind", ["server", "throttled"])
def test_a_service_that_fails_now_is_asked_again(
    cloud: Cloud, store: Store, said: list[str], kind: str
) -> None:
    handle, intent = started(cloud, store)
    began = cloud.clock.now + 60
    cloud.clock.pause(5000)
    _, files = left_by(intent, began)
    leave(cloud, handle, files)
    for faults in (cloud.fake.faults, cloud.store_faults):
        faults.planned = [Fault("*", kind, times=2)]
    came = None
    for _ in range(4):
        try:
            came = collect(cloud.client(), handle, intent, store, said.append)
            break
        except TrainfareError:
            assert store.find(Outcome, handle.job_name) is None  # nothing half is kept
    assert came is not None
    assert len(came.run_ids) == 1


def test_it_is_followed_to_its_end_line_by_line(cloud: Cloud, store: Store) -> None:
    handle, intent = started(cloud, store, rate="3.6")
    say(cloud, handle, ["one", "two"])
    told: list[str] = []
    states = []
    for looks, (live, lines) in enumerate(
        watch.follow(cloud.client(), handle, intent, 100.0, cloud.clock.pause)
    ):
        told += lines
        states.append(live.status.state)
        if looks == 2:
            say(cloud, handle, beats(cloud.clock.now))
        assert live.max_usd == intent.max_usd
    assert states[0] == "pending"
    assert "running" in states
    assert states[-1] == "succeeded"
    assert told == ["one", "two", *beats(cloud.clock.now)[:1], *told[3:]]
    assert len(told) == 5  # no line twice, none lost
    assert live.usd_so_far is not None
    assert float(live.usd_so_far) == pytest.approx(0.72)


def test_trials_run_at_once_and_stop_when_enough_is_known(
    clouds: dict[str, Cloud], store: Store, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    all_trials = []
    for cloud in clouds.values():
        slow = cloud.provider == "azure"
        cloud.fake.jobs.next_run = Plan(train_seconds=50_000.0 if slow else 600.0)
        order = an_order(cloud, max_usd="50", name=f"n{uuid.uuid4().hex}")
        all_trials.append(trials.Trial(cloud.client(), order))
    trials.start(all_trials, store, None, said.append)
    for trial, cloud in zip(all_trials, clouds.values(), strict=True):
        assert trial.handle is not None
        _, files = left_by(trial.order.intent(), cloud.clock.now)
        renamed = {
            n.replace("-000000.json", f"-{cloud.provider}.json"): d for n, d in files.items()
        }
        for name, data in renamed.items():
            renamed[name] = data.replace(b"cnn-000000", f"cnn-{cloud.provider}".encode())
        leave(cloud, trial.handle, renamed)
    clock = clouds["aws"].clock
    monkeypatch.setattr(watch.time, "time", lambda: clock.now)
    costs: list[list[Decimal | None]] = []
    trials.watch(
        all_trials,
        store,
        60.0,
        clock.pause,
        said.append,
        lambda now: sum(t.run is not None for t in now) == 2,
        lambda now: costs.append([t.usd_so_far for t in now]),
    )
    for usd in zip(*costs, strict=True):
        known = [amount for amount in usd if amount is not None]
        assert known == sorted(known)  # it only grows
        assert len(known) > 1
        assert known[-1] > 0
    states = {t.order.request.provider: t.outcome.state for t in all_trials if t.outcome}
    assert states == {"aws": "succeeded", "gcp": "succeeded", "azure": "stopped"}
    assert [t.told_to_stop for t in all_trials] == [False, False, True]
    assert any("could not change the ranking" in line for line in said)
    assert all(not cloud.alive() for cloud in clouds.values())


def test_a_trial_that_is_refused_does_not_hinder_the_others(
    clouds: dict[str, Cloud], store: Store, said: list[str]
) -> None:
    refused, other = clouds["aws"], clouds["gcp"]
    refused.fake.faults.planned = [Fault(refused.create_call, "quota")]
    all_trials = [trials.Trial(c.client(), an_order(c)) for c in (refused, other)]
    trials.start(all_trials, store, None, said.append)
    assert [trial.open for trial in all_trials] == [False, True]
    assert "was not started" in said[0]
    trials.watch(all_trials, store, 60.0, other.clock.pause, said.append, lambda _: False)
    assert all_trials[1].outcome is not None
