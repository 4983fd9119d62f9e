"""Records against what the services run: orphans are found, foreign jobs are left alone."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.clouds import Cloud
from fakes.orders import an_order

from cloud.errors import UnclearError
from cloud.launch import launch
from cloud.patience import Patient
from cloud.reconcile import Found, reconcile, regions_used
from cloud.registry import client
from results.errors import UsageError
from results.jobs import JobHandle, JobIntent
from results.store import Store

LONG_AGO = "2026-01-01T00:00:00+00:00"
ACCOUNTS = {
    "aws": "123456789012",
    "gcp": "projects/my-project-1",
    "azure": "/subscriptions/01234567-89ab-cdef-0123-456789abcdef/resourcegroups/my-group"
    "/providers/microsoft.machinelearningservices/workspaces/my-workspace",
}


def findings(cloud: Cloud, store: Store, asked: Patient | None = None) -> dict[str, str]:
    found: list[Found] = reconcile(
        asked or cloud.client(), store, an_order(cloud).request.provider, [an_order(cloud).region]
    )
    return {one.job_name: one.finding for one in found}


def test_a_planted_orphan_is_told_and_a_foreign_job_is_not_touched(
    cloud: Cloud, tmp_path: Path
) -> None:
    store, other = Store(tmp_path / "mine"), Store(tmp_path / "another")
    mine = launch(cloud.client(), an_order(cloud), store)
    orphan = launch(cloud.client(), an_order(cloud, name="orphan"), other)
    foreign = launch(cloud.client(), an_order(cloud, name="foreign"), other)
    untagged = cloud.fake.jobs.named(foreign.handle.job_name)
    untagged.tags.clear()
    assert findings(cloud, store) == {
        mine.handle.job_name: "known",
        orphan.handle.job_name: "orphan",
    }
    assert len(cloud.alive()) == 3


def test_a_lost_answer_is_recorded(cloud: Cloud, tmp_path: Path) -> None:
    store = Store(tmp_path)
    order = an_order(cloud)
    store.add(order.intent())
    launch(cloud.client(), order, Store(tmp_path / "its answer got lost"))
    assert findings(cloud, store) == {order.request.job_name: "adopted"}
    assert store.find(JobHandle, order.request.job_name) is not None
    assert findings(cloud, store) == {order.request.job_name: "known"}


def test_a_job_that_its_service_forgot_is_called_lost(cloud: Cloud, tmp_path: Path) -> None:
    made = launch(cloud.client(), an_order(cloud), Store(tmp_path))
    cloud.fake.jobs.clear()
    assert findings(cloud, Store(tmp_path)) == {made.handle.job_name: "lost"}


def test_a_list_that_is_behind_loses_nothing(cloud: Cloud, tmp_path: Path) -> None:
    made = launch(cloud.client(), an_order(cloud), Store(tmp_path))
    cloud.fake.jobs.hidden_until[made.handle.service_id] = cloud.clock.now + 1e6
    assert findings(cloud, Store(tmp_path)) == {made.handle.job_name: "known"}


def test_an_intent_is_withdrawn_only_when_it_is_old(cloud: Cloud, tmp_path: Path) -> None:
    store, order = Store(tmp_path), an_order(cloud)
    store.add(order.intent())
    assert findings(cloud, store) == {order.request.job_name: "unclear"}
    assert store.find(JobIntent, order.request.job_name) is not None
    store.discard(order.intent())
    store.add(long_ago(cloud))
    assert findings(cloud, store) == {order.request.job_name: "unsent"}
    assert store.find(JobIntent, order.request.job_name) is None


def long_ago(cloud: Cloud) -> JobIntent:
    """What was asked in the tests' own account, long enough ago for an absence to count."""
    intent: JobIntent = an_order(cloud).intent(ACCOUNTS[cloud.provider])
    return replace(intent, captured_at=LONG_AGO)


@pytest.fixture
def elsewhere(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Patient:
    """A client in another account, project or workspace; on AWS only the sign-in is another."""
    own: Any = cloud.settings()
    if cloud.provider == "gcp":
        own = replace(own, project="another-project")
    elif cloud.provider == "azure":
        own = replace(own, workspace="another-workspace")
    else:
        import boto3

        role = "arn:aws:iam::999999999999:role/visitor"
        sts = boto3.Session().client("sts", region_name="us-east-1")
        held = sts.assume_role(RoleArn=role, RoleSessionName="visit")["Credentials"]
        monkeypatch.setitem(os.environ, "AWS_ACCESS_KEY_ID", held["AccessKeyId"])
        monkeypatch.setitem(os.environ, "AWS_SECRET_ACCESS_KEY", held["SecretAccessKey"])
        monkeypatch.setitem(os.environ, "AWS_SESSION_TOKEN", held["SessionToken"])
    return Patient(client(own), cloud.clock.pause)


def test_an_absence_elsewhere_says_nothing(
    cloud: Cloud, tmp_path: Path, elsewhere: Patient
) -> None:
    store, order = Store(tmp_path), an_order(cloud)
    name = order.request.job_name
    store.add(long_ago(cloud))
    assert findings(cloud, store, elsewhere) == {name: "elsewhere"}
    assert store.find(JobIntent, name) is not None
    if cloud.provider != "aws":  # there the settings name the account, and find the job here
        with pytest.raises(UsageError, match=r"asked for before in .*--again"):
            launch(elsewhere, order, store)


def test_a_job_of_another_account_is_not_lost(
    cloud: Cloud, tmp_path: Path, elsewhere: Patient
) -> None:
    store = Store(tmp_path)
    made = launch(cloud.client(fresh=True), an_order(cloud), store)
    kept = store.find(JobIntent, made.handle.job_name)
    assert kept is not None
    assert kept.account == ACCOUNTS[cloud.provider]
    cloud.fake.jobs.clear()
    assert findings(cloud, store, elsewhere) == {made.handle.job_name: "elsewhere"}


def test_an_absence_is_not_believed_where_the_account_is_not_known(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, name = Store(tmp_path), an_order(cloud).request.job_name
    store.add(replace(long_ago(cloud), account=None))  # as records were before
    assert findings(cloud, store) == {name: "unplaced"}
    store.discard(long_ago(cloud))
    store.add(long_ago(cloud))

    def no_answer(_: str) -> str:
        raise UnclearError("STS", "no answer")

    monkeypatch.setattr(cloud.client().client, "asked_account", no_answer)
    assert findings(cloud, store) == {name: "unplaced"}
    assert store.find(JobIntent, name) is not None
    launch(cloud.client(), an_order(cloud), store)  # the way out that is told
    assert findings(cloud, store) == {name: "known"}


def test_a_second_job_of_the_name_is_told(clouds: dict[str, Cloud], tmp_path: Path) -> None:
    cloud = clouds["gcp"]  # the only service that takes a name twice
    made = launch(cloud.client(), an_order(cloud), Store(tmp_path))
    cloud.client().create(an_order(cloud).request, an_order(cloud).region)
    found = reconcile(cloud.client(), Store(tmp_path), "gcp", [made.handle.region])
    assert sorted(one.finding for one in found) == ["double", "known"]
    assert len(cloud.alive()) == 2


@pytest.mark.parametrize("own", [None, "eu-west-1"])
def test_every_region_that_was_used(clouds: dict[str, Cloud], tmp_path: Path, own: str) -> None:
    store = Store(tmp_path)
    store.add(an_order(clouds["aws"]).intent())
    store.add(an_order(clouds["gcp"]).intent())
    assert regions_used(store, "aws", own) == sorted({"us-east-1"} | ({own} if own else set()))
