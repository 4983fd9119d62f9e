"""Which answers say what a service did, through the real SDKs: a table for each cloud, and what
becomes of a job whose create call was answered so."""

import json
from pathlib import Path
from typing import Any

import pytest
from fakes.clouds import Cloud
from fakes.orders import an_order
from fakes.web import Answer, Fault

from cloud import errors
from cloud.answers import is_page, was_never_sent
from cloud.launch import launch
from results.jobs import JobHandle, JobIntent
from results.store import Store

PAGE = b"""<!DOCTYPE html>
<html><head><title>Bad gateway</title><style>p {color: red}</style></head><body>
<h1>The upstream&nbsp;server</h1><p>gave no answer: no capacity, quota, job not found</p>
<script>var token = "secretsecret";</script></body></html>"""
JSON = {"Content-Type": "application/json"}
CALLS = {
    "aws": {"create": "CreateTrainingJob", "status": "DescribeTrainingJob", "jobs": "Search",
            "cancel": "StopTrainingJob"},
    "gcp": {"create": "CreateCustomJob", "status": "GetCustomJob", "jobs": "ListCustomJobs",
            "cancel": "CancelCustomJob", "logs": "ListEntries"},
    "azure": {"create": "CreateJob", "status": "GetJob", "run": "GetRun", "jobs": "ListJobs",
              "cancel": "CancelJob"},
}  # fmt: skip


def page(status: int) -> Answer:
    return Answer(status, PAGE, {"Content-Type": "text/html; charset=utf-8"})


def aws(status: int, code: str) -> Answer:
    return Answer(status, json.dumps({"__type": code, "message": "words"}).encode(), JSON)


def gcp(status: int, code: str, words: str = "words") -> Answer:
    told = {"error": {"code": status, "status": code, "message": words}}
    return Answer(status, json.dumps(told).encode(), JSON)


def azure(status: int, code: str, words: str = "words") -> Answer:
    return Answer(status, json.dumps({"error": {"code": code, "message": words}}).encode(), JSON)


# On every cloud: what a gateway, a proxy or a lost half can make of an answer.
OPEN = {
    **{f"page {status}": page(status) for status in (200, 401, 403, 404, 407, 408, 502, 503, 504)},
    **{f"empty {status}": Answer(status, b"", JSON) for status in (408, 425, 499, 500, 502, 504)},
    "empty 200": Answer(200, b"", JSON),
    "half 200": Answer(200, b'{"name": "trainf', JSON),
    "list 200": Answer(200, b"[]", JSON),
    "null 200": Answer(200, b"null", JSON),
    "no fields 200": Answer(200, b"{}", JSON),
    "another form 500": Answer(500, b'{"error": "upstream"}', JSON),
    "a list 500": Answer(500, b'[{"error": {"code": 500}}]', JSON),
    "redirected": Answer(302, b"", {"Location": "/login"}),
}
Table = dict[str, tuple[Answer, type[errors.CloudError]]]
OWN: dict[str, Table] = {
    "aws": {
        **{
            f"{code} {status}": (aws(status, code), errors.UnclearError)
            for status, code in [
                (400, "RequestTimeout"), (408, "RequestTimeoutException"), (400, "InternalFailure"),
                (500, "InternalServerException"), (400, "ServiceUnavailable"),
                (400, "PriorRequestNotComplete"), (409, "OperationAborted"), (504, "Whatever"),
            ]
        },
        "ThrottledException": (aws(400, "ThrottledException"), errors.ThrottledError),
        "RequestLimitExceeded": (aws(503, "RequestLimitExceeded"), errors.ThrottledError),
        "ValidationException": (aws(400, "ValidationException"), errors.ConfigurationError),
        "AccessDeniedException": (aws(400, "AccessDeniedException"), errors.PermissionDeniedError),
        "ResourceLimitExceeded": (aws(400, "ResourceLimitExceeded"), errors.QuotaError),
        "ResourceInUse": (aws(400, "ResourceInUse"), errors.NameTakenError),
        "UnknownOperationException": (
            aws(404, "UnknownOperationException"), errors.ConfigurationError,
        ),
    },
    "gcp": {
        "CANCELLED": (gcp(499, "CANCELLED"), errors.UnclearError),
        "ABORTED": (gcp(409, "ABORTED"), errors.UnclearError),
        "UNKNOWN": (gcp(500, "UNKNOWN"), errors.UnclearError),
        "DEADLINE_EXCEEDED": (gcp(504, "DEADLINE_EXCEEDED"), errors.UnclearError),
        "DATA_LOSS": (gcp(500, "DATA_LOSS"), errors.UnclearError),
        "another form 400": (Answer(400, b'{"error": "x"}', JSON), errors.UnclearError),
        "INVALID_ARGUMENT": (gcp(400, "INVALID_ARGUMENT"), errors.ConfigurationError),
        "OUT_OF_RANGE": (gcp(400, "OUT_OF_RANGE"), errors.ConfigurationError),
        "PERMISSION_DENIED": (gcp(403, "PERMISSION_DENIED"), errors.PermissionDeniedError),
        "no capacity": (gcp(503, "UNAVAILABLE", "no capacity here"), errors.CapacityError),
    },
    "azure": {
        "RequestTimeout": (azure(408, "RequestTimeout"), errors.UnclearError),
        "GatewayTimeout": (azure(504, "GatewayTimeout", "over its capacity"), errors.UnclearError),
        "ServiceError": (azure(500, "ServiceError", "quota service: no answer"),
                         errors.UnclearError),
        "no JSON": (Answer(201, b"created", JSON), errors.UnclearError),
        "204": (Answer(204), errors.UnclearError),
        "UserError": (azure(400, "UserError"), errors.ConfigurationError),
        "QuotaExceeded": (azure(400, "QuotaExceeded"), errors.QuotaError),
        "AuthorizationFailed": (azure(403, "AuthorizationFailed"), errors.PermissionDeniedError),
        "Conflict": (azure(409, "Conflict"), errors.NameTakenError),
    },
}  # fmt: skip


def once(cloud: Cloud, answer: Answer, kind: str = "instead", times: int = 1) -> None:
    cloud.fake.faults.planned = [Fault(cloud.create_call, kind, times, answer=answer)]


@pytest.mark.parametrize("name", OPEN)
def test_no_answer_of_the_services_own_is_clear(cloud: Cloud, tmp_path: Path, name: str) -> None:
    check_create(cloud, tmp_path, OPEN[name], errors.UnclearError)


@pytest.mark.parametrize(
    ("provider", "name"), [(provider, name) for provider, table in OWN.items() for name in table]
)
def test_each_code(clouds: dict[str, Cloud], tmp_path: Path, provider: str, name: str) -> None:
    answer, kind = OWN[provider][name]
    check_create(clouds[provider], tmp_path, answer, kind)


def check_create(cloud: Cloud, folder: Path, answer: Answer, kind: type[Exception]) -> None:
    """The error of the single call; then what a launch makes of the job that was started."""
    order, store = an_order(cloud), Store(folder)
    raw = cloud.client().client
    raw.upload(order.request, order.region, order.archive)
    once(cloud, answer)
    with pytest.raises(errors.CloudError) as caught:
        raw.create(order.request, order.region)
    assert type(caught.value) is kind
    assert_one_line(str(caught.value))
    assert cloud.fake.jobs.all == []
    if kind is errors.UnclearError:
        once(cloud, answer, "acted")
        made = launch(cloud.client(), order, store)
        (job,) = cloud.fake.jobs.all
        assert made.handle.service_id == job.service_id
        assert store.find(JobHandle, order.request.job_name) == made.handle


def assert_one_line(text: str) -> None:
    assert "<" not in text
    assert "\n" not in text
    assert "secret" not in text
    assert "color" not in text


def test_a_job_that_may_exist_stays_in_the_records(cloud: Cloud, tmp_path: Path) -> None:
    order, store = an_order(cloud), Store(tmp_path)
    once(cloud, page(504), times=1000)
    with pytest.raises(errors.UnclearError, match=r"web page .*HTTP 504.*The upstream server"):
        launch(cloud.client(), order, store)
    assert store.find(JobIntent, order.request.job_name) is not None


def test_a_refusal_after_an_unclear_answer_says_nothing_of_the_job(
    cloud: Cloud, tmp_path: Path
) -> None:
    order, store = an_order(cloud), Store(tmp_path)
    cloud.fake.faults.planned = [
        Fault(cloud.create_call, "instead", answer=page(504)),
        Fault(cloud.create_call, "denied"),
    ]
    with pytest.raises(errors.PermissionDeniedError):
        launch(cloud.client(), order, store)
    assert store.find(JobIntent, order.request.job_name) is not None


@pytest.mark.parametrize("status", [200, 403, 404, 502])
def test_a_page_is_no_answer_to_any_call(cloud: Cloud, tmp_path: Path, status: int) -> None:
    order = an_order(cloud)
    made = launch(cloud.client(), order, Store(tmp_path))
    raw: Any = cloud.client().client
    does = {
        "create": lambda: raw.create(order.request, order.region),
        "status": lambda: raw.status(made.handle),
        "run": lambda: raw.status(made.handle),
        "jobs": lambda: list(raw.jobs(order.region)),
        "cancel": lambda: raw.cancel(made.handle),
        "logs": lambda: list(raw.logs(made.handle)),
    }
    for name, call in CALLS[cloud.provider].items():
        cloud.fake.faults.planned = [Fault(call, "instead", answer=page(status))]
        with pytest.raises(errors.UnclearError, match="The upstream server gave no answer") as told:
            does[name]()
        assert_one_line(str(told.value))
    assert raw.find(order.request.job_name, order.region)[0].service_id == made.handle.service_id


@pytest.mark.parametrize("status", [403, 404, 502])
def test_a_page_is_no_answer_of_a_store(cloud: Cloud, tmp_path: Path, status: int) -> None:
    order = an_order(cloud)
    made = launch(cloud.client(), order, Store(tmp_path / "records"))
    raw: Any = cloud.client().client
    verbs = {"aws": ("S3Put", "S3Get"), "gcp": ("GcsPost", "GcsGet"), "azure": ("Blob*",) * 2}
    put, get = verbs[cloud.provider]
    cloud.store_faults.planned = [Fault(put, "instead", answer=page(status))]
    with pytest.raises(errors.UnclearError):
        raw.upload(order.request, order.region, order.archive)
    # Twice: Google's library also asks for the bucket, in a thread of its own.
    cloud.store_faults.planned = [Fault(get, "instead", times=2, answer=page(status))]
    with pytest.raises(errors.UnclearError):
        raw.fetch(made.handle, tmp_path / "result")


@pytest.mark.parametrize(
    ("body", "is_one"),
    [
        (PAGE, True),
        (b"\n<HTML lang='en'>", True),
        (b"<?xml version='1.0'?><!DOCTYPE html><html/>", True),
        (b"<?xml version='1.0'?><Error><Code>SlowDown</Code></Error>", False),
        (b'{"message": "<html>"}', False),
        (b"", False),
    ],
)
def test_a_page_is_told_from_an_answer(body: bytes, is_one: bool) -> None:
    assert is_page(body) == is_one


def test_a_connection_that_ended_may_have_carried_the_request() -> None:
    assert was_never_sent(OSError("NewConnectionError('nobody listens')"))
    assert not was_never_sent(ConnectionResetError(104, "Connection reset by peer"))
