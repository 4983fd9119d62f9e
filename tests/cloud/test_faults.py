"""What goes wrong, on every cloud: nothing is lost, nothing is paid twice, each error says what to
do. The service is asked what it did; that a call was made proves nothing."""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from fakes.clouds import BUCKET, Cloud
from fakes.engine import Run
from fakes.orders import an_order
from fakes.web import Fault

from cloud import errors
from cloud.launch import launch
from cloud.outcome import outcome
from cloud.reconcile import reconcile
from results.errors import OverBudgetError, TrainfareError, UsageError
from results.jobs import JobHandle, JobIntent
from results.store import Store

FIND = {"aws": "DescribeTrainingJob", "gcp": "ListCustomJobs", "azure": "GetJob"}
READ = {"aws": "DescribeTrainingJob", "gcp": "GetCustomJob", "azure": "GetJob"}
STOP = {"aws": "StopTrainingJob", "gcp": "CancelCustomJob", "azure": "CancelJob"}
UPLOAD = {"aws": "S3Put", "gcp": "GcsPost", "azure": "BlobPut"}
ALWAYS = 10_000


@dataclass(frozen=True)
class Case:
    """A fault at one call, and what the first attempt comes to; the second always finds one job."""

    name: str
    call: str  # create, find, read, upload
    kind: str
    times: int = 1
    error: type[TrainfareError] | None = None  # None: the first attempt survives it
    jobs: int = 1  # at the service after the first attempt


CASES = [
    Case("quota", "create", "quota", error=errors.QuotaError, jobs=0),
    Case("throttled once", "create", "throttled"),
    Case("throttled for good", "create", "throttled", ALWAYS, errors.ThrottledError, 0),
    Case("500 at the create", "create", "server"),
    Case("503 at the create", "create", "unavailable"),
    Case("500 for good", "create", "server", ALWAYS, errors.UnclearError, 0),
    Case("lost before the create", "create", "lost_before"),
    Case("answer lost after the create was accepted", "create", "lost_after"),
    Case("half of the answer to the create", "create", "cut"),
    Case("signed out at the create", "create", "signed_out", ALWAYS, errors.CredentialsError, 0),
    Case("signed out in the middle", "read", "signed_out", ALWAYS, errors.CredentialsError),
    Case("signed out before", "find", "signed_out", ALWAYS, errors.CredentialsError, 0),
    Case("unknown key", "find", "unknown_key", ALWAYS, errors.CredentialsError, 0),
    Case("permission", "create", "denied", error=errors.PermissionDeniedError, jobs=0),
    Case("no such role", "create", "bad_role", error=errors.ConfigurationError, jobs=0),
    Case("no capacity", "create", "capacity", error=errors.CapacityError, jobs=0),
    Case("clock skew", "create", "skewed", ALWAYS, errors.CredentialsError, 0),
    Case("upload throttled", "upload", "throttled"),
    Case("upload lost", "upload", "lost_before"),
    Case("upload accepted, answer lost", "upload", "lost_after"),
    Case("upload not allowed", "upload", "denied", error=errors.PermissionDeniedError, jobs=0),
    Case("upload fails for good", "upload", "server", ALWAYS, errors.UnclearError, 0),
    Case("500 when looking", "find", "server"),
    Case("lost when looking", "find", "lost_before"),
    Case("half of the answer when looking", "find", "cut"),
    Case("500 when reading back", "read", "unavailable"),
    Case("lost when reading back", "read", "lost_before"),
    Case("throttled when reading back", "read", "throttled", 3),
]


def plan(cloud: Cloud, case: Case) -> None:
    """Put the fault where it belongs on this cloud."""
    p = cloud.provider
    call = {"create": cloud.create_call, "find": FIND[p], "read": READ[p], "upload": UPLOAD[p]}
    # Where one call does both, the first is the look and the second the reading back.
    skip = 1 if case.call == "read" and FIND[p] == READ[p] else 0
    faults = cloud.store_faults if case.call == "upload" else cloud.fake.faults
    faults.planned = [Fault(call[case.call], case.kind, case.times, skip)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_survived(cloud: Cloud, case: Case, tmp_path: Path) -> None:
    store, order = Store(tmp_path), an_order(cloud)
    plan(cloud, case)
    if case.error is None:
        launch(cloud.client(), order, store)
    else:
        with pytest.raises(case.error) as caught:
            launch(cloud.client(), order, store)
        assert "secret" not in str(caught.value)
        assert str(caught.value).endswith(caught.value.todo)  # type: ignore[attr-defined]
        unclear = case.call == "create" and case.error is errors.UnclearError
        kept = store.find(JobIntent, order.request.job_name)
        assert (kept is not None) == (case.jobs == 1 or unclear)
    assert len(cloud.fake.jobs.all) == case.jobs
    cloud.fake.faults.clear()
    cloud.store_faults.clear()
    made = launch(cloud.client(), order, store)
    assert len(cloud.fake.jobs.all) == 1
    assert store.find(JobHandle, order.request.job_name) == made.handle
    assert made.handle.service_id == cloud.fake.jobs.all[0].service_id
    assert store.problems == []


def test_a_list_that_is_behind_after_a_lost_answer(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, jobs = an_order(cloud), cloud.fake.jobs
    cloud.fake.faults.planned = [Fault(cloud.create_call, "lost_after")]
    add = jobs.add

    def hidden(job: object) -> object:
        made = add(job)  # type: ignore[arg-type]
        jobs.hidden_until[made.service_id] = cloud.clock.now + 100
        return made

    monkeypatch.setattr(jobs, "add", hidden)
    launch(cloud.client(), order, Store(tmp_path))
    assert len(jobs.all) == 1


def test_another_stop_setting_is_noticed_and_the_job_stopped(cloud: Cloud, tmp_path: Path) -> None:
    cloud.fake.jobs.changed_limit = 7 * 86400
    store, order = Store(tmp_path), an_order(cloud)
    with pytest.raises(OverBudgetError, match="stopped at once"):
        launch(cloud.client(), order, store)
    assert cloud.alive() == []
    assert store.find(JobHandle, order.request.job_name) is not None


def test_the_stop_setting_is_read_back_by_whoever_comes_next(cloud: Cloud, tmp_path: Path) -> None:
    cloud.fake.jobs.changed_limit = 7 * 86400
    store, order = Store(tmp_path), an_order(cloud)
    plan(cloud, Case("", "read", "server", ALWAYS))
    with pytest.raises(errors.UnclearError):
        launch(cloud.client(), order, store)
    assert len(cloud.alive()) == 1
    cloud.fake.faults.clear()
    with pytest.raises(OverBudgetError, match="stopped at once"):
        launch(cloud.client(), order, store)
    assert cloud.alive() == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS], ids=["full", "read-only"])
@pytest.mark.parametrize("at", [0, 1], ids=["before the create", "after the create"])
def test_a_disk_that_takes_nothing(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, at: int
) -> None:
    store, order, left, link = Store(tmp_path), an_order(cloud), [at], os.link

    def fails(source: str, target: str) -> None:
        if left[0] == 0:
            raise OSError(number, os.strerror(number))
        left[0] -= 1
        link(source, target)

    monkeypatch.setattr(os, "link", fails)
    with pytest.raises(UsageError, match="Cannot write"):
        launch(cloud.client(), order, store)
    assert len(cloud.fake.jobs.all) == at
    monkeypatch.undo()
    made = launch(cloud.client(), order, store)
    assert len(cloud.fake.jobs.all) == 1
    assert store.find(JobHandle, order.request.job_name) == made.handle


def ended(cloud: Cloud, store: Store, run: Run, change: Callable[[Cloud], None]) -> str:
    """The state of a job that met `change` while it ran; the same again starts no other."""
    cloud.fake.jobs.next_run = run
    made = launch(cloud.client(), an_order(cloud), store)
    cloud.clock.pause(200)
    change(cloud)
    cloud.clock.pause(5000)
    status = cloud.client().status(made.handle)
    again = launch(cloud.client(), an_order(cloud), store)
    assert (again.is_new, len(cloud.fake.jobs.all)) == (False, 1)
    intent = store.find(JobIntent, made.handle.job_name)
    assert intent is not None
    came = outcome(status, intent)
    assert came.usd is not None
    assert 0 < came.usd <= intent.max_usd
    return came.state


def test_stopped_from_outside(cloud: Cloud, tmp_path: Path) -> None:
    def stop(there: Cloud) -> None:
        there.fake.jobs.all[0].stop_asked = there.clock.now

    assert ended(cloud, Store(tmp_path), Run(), stop) == "stopped"


def test_preempted(cloud: Cloud, tmp_path: Path) -> None:
    run = Run(train_seconds=100, fails="The replica workerpool0-0 was preempted.")
    assert ended(cloud, Store(tmp_path), run, lambda _: None) == "failed"


def test_the_answer_to_a_cancel_is_lost(cloud: Cloud, tmp_path: Path) -> None:
    made = launch(cloud.client(), an_order(cloud), Store(tmp_path))
    cloud.fake.faults.planned = [Fault(STOP[cloud.provider], "lost_after")]
    cloud.client().cancel(made.handle)
    assert cloud.alive() == []


def test_a_list_cut_in_the_middle_hides_no_job(cloud: Cloud, tmp_path: Path) -> None:
    store = Store(tmp_path)
    for i in range(5):
        launch(cloud.client(), an_order(cloud, name=f"job{i}"), store)
    listing = {"aws": "Search", "gcp": "ListCustomJobs", "azure": "ListJobs"}[cloud.provider]
    for kind in ("cut", "lost_before", "unavailable", "throttled"):
        cloud.fake.faults.planned = [Fault(listing, kind, skip=1)]
        order = an_order(cloud)
        found = reconcile(cloud.client(), store, order.request.provider, [order.region])
        assert [one.finding for one in found] == ["known"] * 5


def test_an_endpoint_that_nobody_listens_at(cloud: Cloud, tmp_path: Path) -> None:
    from dataclasses import replace

    from cloud.patience import Patient
    from cloud.registry import client

    scheme = "https" if cloud.provider == "azure" else "http"
    nowhere = replace(cloud.settings(), endpoint=f"{scheme}://127.0.0.1:9")
    with pytest.raises(errors.RegionError, match=r"endpoint.*trainfare\.toml"):
        launch(Patient(client(nowhere), cloud.clock.pause), an_order(cloud), Store(tmp_path))


def put_result(cloud: Cloud, handle: JobHandle, data: bytes) -> None:
    """Leave one file where the job leaves its own."""
    if cloud.provider == "azure":
        folder = f"azureml/ExperimentRun/dcid.{handle.job_name}/outputs"
        cloud.fake.blobs[f"{folder}/runs/a.json"] = data
    elif cloud.provider == "gcp":
        key = handle.output_uri.removeprefix(f"gs://{BUCKET}/") + "runs/a.json"
        cloud.client().client._files.blob(key).upload_from_string(data)
    else:
        import io
        import tarfile

        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            entry = tarfile.TarInfo("runs/a.json")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
        key = handle.output_uri.removeprefix(f"s3://{BUCKET}/") + "output.tar.gz"
        cloud.client().client._service("s3", handle.region).put_object(
            Bucket=BUCKET, Key=key, Body=packed.getvalue()
        )


@pytest.mark.parametrize("kind", ["cut", "lost_before"])
def test_a_download_that_ends_early_is_no_download(cloud: Cloud, tmp_path: Path, kind: str) -> None:
    made = launch(cloud.client(), an_order(cloud), Store(tmp_path / "records"))
    data = os.urandom(200_000)
    put_result(cloud, made.handle, data)
    call = {"aws": "S3Get", "gcp": "GcsGet", "azure": "BlobGet"}[cloud.provider]
    faults = cloud.store_faults
    faults.planned = [Fault(call, kind, skip=0 if cloud.provider == "aws" else 1)]
    half = tmp_path / "half" / "runs" / "a.json"
    try:
        cloud.client().fetch(made.handle, tmp_path / "half")
    except TrainfareError:
        assert not half.exists()
    else:  # Azure's library asks again for what is missing
        assert half.read_bytes() == data
    faults.clear()
    cloud.client().fetch(made.handle, tmp_path / "whole")
    assert (tmp_path / "whole" / "runs" / "a.json").read_bytes() == data


def test_a_cancel_that_is_refused_while_it_runs_is_told(cloud: Cloud, tmp_path: Path) -> None:
    made = launch(cloud.client(), an_order(cloud), Store(tmp_path))
    cloud.clock.pause(200)
    cloud.fake.faults.planned = [Fault(STOP[cloud.provider], "bad_role")]
    with pytest.raises(errors.ConfigurationError):
        cloud.client().cancel(made.handle)
    assert len(cloud.alive()) == 1
