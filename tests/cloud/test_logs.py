"""A log that is followed: whole lines, each once, and nothing that was read is read again."""

from collections.abc import Callable
from typing import Any

import pytest
from fakes.clouds import Cloud
from fakes.left import say
from fakes.orders import an_order

from cloud.launch import launch
from cloud.patience import Patient
from results.jobs import JobHandle
from results.store import Store

Follow = Callable[[], list[str]]


@pytest.fixture
def handle(cloud: Cloud, tmp_path: Any) -> JobHandle:
    if cloud.provider == "gcp":
        cloud.fake.log_lines.clear()
    return launch(cloud.client(), an_order(cloud), Store(tmp_path)).handle


def looks(client: Patient, handle: JobHandle, seen: list[str]) -> list[str]:
    """What `logs --follow` shows anew at one look."""
    found = list(client.logs(handle, len(seen), whole_lines=True))
    seen += found
    return found


def test_each_line_comes_once(cloud: Cloud, handle: JobHandle) -> None:
    client, seen = cloud.client(), list[str]()
    say(cloud, handle, ["a", "b"])
    assert looks(client, handle, seen)[-2:] == ["a", "b"]
    assert looks(client, handle, seen) == []
    say(cloud, handle, ["b", "c"])
    assert looks(client, handle, seen) == ["b", "c"]
    assert list(cloud.client().logs(handle))[-4:] == ["a", "b", "b", "c"] == seen[-4:]


@pytest.mark.parametrize("cloud", ["azure"], indirect=True)
def test_a_line_that_is_being_written_waits_for_its_end(cloud: Cloud, handle: JobHandle) -> None:
    """Azure ML's log is a file that grows by bytes."""
    from fakes.azureml import CONTAINERS

    from cloud.azureml import ARTIFACTS, run_folder

    key = f"{CONTAINERS[ARTIFACTS]}/{run_folder(handle.job_name)}/user_logs/std_log.txt"
    client, seen = cloud.client(), list[str]()
    whole = "one\r\nzwölf\nbar 10%\rbar 20%\nlast".encode()
    shown = []
    for end in range(len(whole) + 1):
        cloud.fake.blobs[key] = whole[:end]
        shown += looks(client, handle, seen)
    assert shown == ["one", "zwölf", "bar 10%\rbar 20%"]
    assert list(client.logs(handle, len(seen))) == ["last"]  # once the job has ended


@pytest.mark.parametrize("cloud", ["gcp"], indirect=True)
def test_cloud_logging_is_asked_for_what_is_new(cloud: Cloud, handle: JobHandle) -> None:
    client, seen = cloud.client(), list[str]()
    cloud.fake.log_lines += [f"line {i}" for i in range(100)]
    cloud.fake.log_lines[90] = None  # it is listed late
    cloud.fake.entries_told = 0
    assert len(looks(client, handle, seen)) == cloud.fake.entries_told == 99
    cloud.fake.log_lines[90] = "late"
    cloud.fake.log_lines += ["new"]
    cloud.fake.entries_told = 0
    assert looks(client, handle, seen) == ["late", "new"]
    assert cloud.fake.entries_told == 62  # of the last minute


@pytest.mark.parametrize("cloud", ["aws"], indirect=True)
def test_cloudwatch_is_read_on_from_its_token(
    cloud: Cloud, handle: JobHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, seen, told = cloud.client(), list[str](), list[int]()
    looks(client, handle, seen)  # of the same job in another test
    say(cloud, handle, [f"line {i}" for i in range(50)])
    logs = client.client._service("logs", handle.region)
    plain = logs.get_log_events

    def get_log_events(**asked: Any) -> Any:
        page = plain(**asked)
        told.append(len(page["events"]))
        return page

    monkeypatch.setattr(logs, "get_log_events", get_log_events)
    assert len(looks(client, handle, seen)) == 50
    told.clear()
    say(cloud, handle, ["new"])
    assert looks(client, handle, seen) == ["new"]
    assert sum(told) == 1
