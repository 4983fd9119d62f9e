"""Stores that are no folder: S3 as moto plays it, and fsspec's own memory."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from fakes import moto_server

import results
from results import codec
from results.errors import RecordError, UsageError
from results.jobs import JobIntent
from results.reading import MAX_RECORD_BYTES
from results.records import Run
from results.store import Store

MakeRun = Callable[..., Run]
ROOT = Path(results.__file__).parents[1]
pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
MANY, WRITERS = 1008, 8  # more than a page of a list
# Forks after the import of boto3: eight imports at once would take longer than the writing.
WRITE = """
import os, sys
from dataclasses import replace
import boto3
from results import codec
from results.records import Run
from results.store import Store
run, each = codec.loads(sys.argv[2], Run), int(sys.argv[3])
children = []
for writer in range(int(sys.argv[4])):
    child = os.fork()
    if not child:
        store = Store(sys.argv[1])
        for i in range(each):
            store.add(replace(run, run_id=f"20261124T000000-w{writer}-{i:06}"))
            if writer == 0 and i == 10:
                print(os.getpid(), flush=True)
        os._exit(0)
    children.append(child)
print("codes", *[os.waitstatus_to_exitcode(os.waitpid(c, 0)[1]) for c in children], flush=True)
"""


@pytest.fixture(name="server", scope="module")
def _server() -> str:
    return f"http://127.0.0.1:{moto_server.start()}"


@pytest.fixture(name="bucket")
def _bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder of the test's own, in a bucket found through boto3's own environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    boto3.Session().client("s3").create_bucket(Bucket="history")
    return f"s3://history/{uuid.uuid4().hex}"


@pytest.fixture(name="address", params=["s3", "memory"])
def _address(request: pytest.FixtureRequest) -> str:
    if request.param == "s3":
        address: str = request.getfixturevalue("bucket")
        return address
    return f"memory://{request.node.name}"


def put(address: str, name: str, data: bytes) -> None:
    """Lay an object there, past the store."""
    if address.startswith("s3"):
        key = f"{address.removeprefix('s3://history/')}/{name}"
        boto3.Session().client("s3").put_object(Bucket="history", Key=key, Body=data)
    else:
        import fsspec

        with fsspec.open(f"{address}/{name}", "wb") as file:
            file.write(data)


def test_what_is_added_is_found_newest_first(address: str, make_run: MakeRun) -> None:
    store = Store(address)
    store.check_writable()
    assert list(store.newest_first(Run)) == []
    runs = [make_run(run_id=f"2026112{day}T000000-cnn-000000") for day in (1, 3, 2)]
    kept = [store.add(run) for run in runs]
    assert kept[0] == f"{address}/runs/{runs[0].run_id}.json"
    assert [r.run_id[:8] for r in Store(address).newest_first(Run)] == [
        "20261123",
        "20261122",
        "20261121",
    ]
    assert store.find(Run, runs[0].run_id) == runs[0]
    assert store.find(Run, "20200101T000000-cnn-000000") is None
    assert store.local_folder is None


def test_a_record_is_never_changed(address: str, make_run: MakeRun) -> None:
    store = Store(address)
    store.add(make_run())
    store.add(make_run())  # the same again is the same
    with pytest.raises(RecordError, match=r"000000\.json already holds another Run"):
        store.add(make_run(epochs_trained=9))
    assert list(store.newest_first(Run)) == [make_run()]


def test_an_intent_can_be_discarded(address: str, make_estimate: Any) -> None:
    intent = JobIntent(
        job_name="trainfare-cnn-0123456789ab",
        captured_at="2026-11-24T00:00:00+00:00",
        provider="aws",
        region="us-east-1",
        request_digest="0",
        source_digest="0",
        estimate=make_estimate(),
        max_usd=Decimal(1),
        max_seconds=60,
    )
    store = Store(address)
    store.add(intent)
    assert store.find(JobIntent, intent.job_name) == intent
    store.discard(intent)
    store.discard(intent)
    assert store.find(JobIntent, intent.job_name) is None


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda text: text[:40], "not JSON"),
        (lambda text: b"\x80\x04\x95", "not UTF-8"),
        (lambda text: text.replace(b'"Run"', b'"Quote"'), "expected a Run record"),
        (lambda text: text, "it repeats the record of runs/20261124T000000-cnn-000000.json"),
        (lambda text: b" " * (MAX_RECORD_BYTES + 1), "larger than"),
    ],
    ids=["corrupt", "pickle", "foreign", "repeated", "huge"],
)
def test_a_bad_object_is_named_and_the_others_are_read(
    address: str, make_run: MakeRun, spoil: Any, says: str
) -> None:
    store = Store(address)
    store.add(make_run())
    put(address, "runs/20270101T000000-bad.json", spoil(codec.dumps(make_run()).encode()))
    put(address, "runs/.half.json.tmp", b"{")
    assert list(store.newest_first(Run)) == [make_run()]
    (problem,) = store.problems
    assert problem.startswith(f"{address}/runs/20270101T000000-bad.json is left out: ")
    assert says in problem


@pytest.mark.slow
def test_eight_writers_at_once_one_killed_none_lost_none_doubled(
    bucket: str, make_run: MakeRun
) -> None:
    words = [bucket, codec.dumps(make_run()), str(MANY // WRITERS), str(WRITERS)]
    with subprocess.Popen(
        [sys.executable, "-c", WRITE, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        os.kill(int(parent.stdout.readline()), signal.SIGKILL)  # in the middle of its records
        codes = parent.stdout.readline().split()[1:]
    assert codes == ["-9"] + ["0"] * (WRITERS - 1)
    store = Store(bucket)
    ids = [run.run_id for run in store.newest_first(Run)]
    assert store.problems == []
    assert len(ids) == len(set(ids))
    by_writer = [sum(f"-w{w}-" in i for i in ids) for w in range(WRITERS)]
    assert by_writer[1:] == [MANY // WRITERS] * (WRITERS - 1)
    killed = sorted(i for i in ids if "-w0-" in i)
    assert 11 <= len(killed) <= MANY // WRITERS
    assert killed == [f"20261124T000000-w0-{i:06}" for i in range(len(killed))]
    # Started again, it writes what is missing and doubles nothing.
    again = subprocess.run([sys.executable, "-c", WRITE, *words[:3], "1"], cwd=ROOT, check=False)
    assert again.returncode == 0
    names = store.place.names("runs")
    assert len(names) == len(set(names)) == MANY
    assert all(store.find(Run, Path(name).stem) for name in names if "-w0-" in name)


def test_many_writers_of_one_name_and_one_is_first(bucket: str, make_run: MakeRun) -> None:
    from concurrent.futures import ThreadPoolExecutor

    place = Store(bucket).place
    with ThreadPoolExecutor(8) as pool:
        first = list(pool.map(lambda n: place.create("runs/x.json", f"{n}"), range(40)))
    assert first.count(True) == 1
    assert place.read("runs/x.json") == str(first.index(True)).encode()


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("s3://", "names no bucket"),
        ("s3://key:secret@history/x", "name or password before '@'"),
        ("nonsense://x", "cannot be used as a store: "),
        ("ftp://127.0.0.1:1/x", "cannot be used as a store: "),  # it connects at once
        ("gs://bucket/x", "gcsfs"),
    ],
)
def test_an_address_that_cannot_be_used_is_one_sentence(address: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        Store(address)
    assert "secret" not in str(caught.value)


def test_a_missing_bucket_says_what_to_do(bucket: str, make_run: MakeRun) -> None:
    store = Store("s3://no-such-bucket/team")
    for failing in (lambda: store.add(make_run()), lambda: list(store.newest_first(Run))):
        with pytest.raises(UsageError, match="Create the bucket") as caught:
            failing()
        assert "\n" not in str(caught.value)


def test_a_folder_needs_neither_library(tmp_path: Path) -> None:
    script = "import sys; from results.store import Store; s = Store(sys.argv[1]); s.check_writable"
    script += "(); assert not {'fsspec', 'boto3'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, check=True)
