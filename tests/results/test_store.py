"""Files are written whole or not at all, and one bad file never hides the others."""

import errno
import json
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import results
from results import codec
from results.errors import TrainfareError, UsageError
from results.reading import MAX_RECORD_BYTES
from results.records import Quote, Run
from results.store import Store, new_id, utc_now, write_atomically

MakeRun = Callable[..., Run]
ROOT = Path(results.__file__).parents[1]


def everything_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def fail_at(monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException) -> None:
    """Let the disk fail at `step` of writing a file, after half the text is in it."""
    if step == "mkdir":
        monkeypatch.setattr(Path, "mkdir", _raising(error))
    elif step == "open":
        monkeypatch.setattr(Path, "open", _raising(error))
    elif step == "write":
        really_open = Path.open

        def opened(path: Path, *args: Any, **kwargs: Any) -> Any:
            file = really_open(path, *args, **kwargs)
            really_write = file.write

            def write_half(text: str) -> int:
                really_write(text[: len(text) // 2])
                file.flush()
                raise error

            file.write = write_half  # type: ignore[method-assign]
            return file

        monkeypatch.setattr(Path, "open", opened)
    else:
        names = {"fsync": "fsync", "rename": "replace", "link": "link"}
        monkeypatch.setattr(os, names[step], _raising(error))


def _raising(error: BaseException) -> Callable[..., Any]:
    def raise_it(*_args: Any, **_kwargs: Any) -> Any:
        raise error

    return raise_it


@contextmanager
def files_no_larger_than(limit: int) -> Iterator[None]:
    """A real limit of the system: writing more fails with EFBIG."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_what_is_added_is_found(tmp_path: Path, make_run: MakeRun, make_quote: Any) -> None:
    store = Store(tmp_path / "not" / "yet" / "there")
    run, quote = make_run(), make_quote()
    path = store.add(run)
    assert store.add(quote).parent.name == "quotes"
    assert (path.parent.name, path.name) == ("runs", f"{run.run_id}.json")
    assert list(store.newest_first(Run)) == [run]
    assert list(store.newest_first(Quote)) == [quote]
    assert store.problems == []
    assert path.read_text(encoding="utf-8").endswith("}\n")


def test_the_newest_comes_first(tmp_path: Path, make_run: MakeRun) -> None:
    store = Store(tmp_path)
    ids = ["20261124T000000-cnn-ffffff", "20261125T000000-abc-000000", "20251124T000000-x-000000"]
    for run_id in ids:
        store.add(make_run(run_id=run_id))
    assert [run.run_id for run in store.newest_first(Run)] == sorted(ids, reverse=True)


def test_an_empty_store_has_no_problem(tmp_path: Path) -> None:
    store = Store(tmp_path / "missing")
    assert list(store.newest_first(Run)) == []
    assert store.problems == []
    assert not store.folder.exists()  # reading makes no folder


@pytest.mark.parametrize("step", ["open", "write", "fsync", "rename"])
@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EACCES, "Permission denied"),
        OSError(errno.EIO, "Input/output error"),
        KeyboardInterrupt(),
    ],
    ids=["full", "forbidden", "broken", "interrupted"],
)
def test_a_fault_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    path = tmp_path / "report.md"
    write_atomically(path, "old")
    with monkeypatch.context() as patch:
        fail_at(patch, step, error)
        with pytest.raises((UsageError, KeyboardInterrupt)) as caught:
            write_atomically(path, "new" * 10_000)
    assert isinstance(caught.value, KeyboardInterrupt) == isinstance(error, KeyboardInterrupt)
    assert path.read_text() == "old"
    assert everything_in(tmp_path) == ["report.md"]
    write_atomically(path, "new")
    assert path.read_text() == "new"


@pytest.mark.parametrize("step", ["mkdir", "open", "write", "fsync", "link"])
def test_a_full_disk_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_run: MakeRun, step: str
) -> None:
    fail_at(monkeypatch, step, OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(UsageError) as caught:
        Store(tmp_path).add(make_run())
    path = tmp_path / "runs" / f"{make_run().run_id}.json"
    assert str(caught.value) == (
        f"Cannot write {path}: No space left on device. Free some space, or name another one "
        "(--results DIR or --out)."
    )


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EPERM])
def test_a_read_only_folder_is_found_before_the_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    fail_at(monkeypatch, "open", OSError(number, os.strerror(number)))
    with pytest.raises(UsageError) as caught:
        Store(tmp_path).check_writable()
    assert f"Cannot write {tmp_path}" in str(caught.value)
    assert f"{os.strerror(number)}. Make the folder writable" in str(caught.value)
    assert "--results DIR" in str(caught.value)


def test_a_real_limit_of_the_disk(tmp_path: Path, make_run: MakeRun) -> None:
    store = Store(tmp_path)
    store.add(make_run())
    before = everything_in(tmp_path)
    with files_no_larger_than(100), pytest.raises(UsageError, match="File too large"):
        store.add(make_run(warnings=("new" * 10_000,)))
    assert everything_in(tmp_path) == before
    assert list(store.newest_first(Run)) == [make_run()]


def test_a_file_where_the_folder_should_be(tmp_path: Path, make_run: MakeRun) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    store = Store(taken)
    with pytest.raises(UsageError, match=r"^Cannot write .*taken"):
        store.check_writable()
    with pytest.raises(UsageError, match=r"^Cannot write .*taken"):
        store.add(make_run())
    assert taken.read_text() == "mine"


def test_a_folder_where_the_file_should_be(tmp_path: Path) -> None:
    (tmp_path / "report.md" / "inside").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"^Cannot write .*report\.md: Is a directory"):
        write_atomically(tmp_path / "report.md", "text")
    assert everything_in(tmp_path) == ["report.md", "report.md/inside"]


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    Store(tmp_path / "new").check_writable()
    assert everything_in(tmp_path) == ["new"]


BAD: dict[str, tuple[Callable[[str], str | bytes], str]] = {
    "empty": (lambda _text: "", "not JSON"),
    "truncated": (lambda text: text[: len(text) // 2], "not JSON"),
    "binary": (lambda _text: b"\x89PNG\r\n\xff\xfe", "not UTF-8 text"),
    "latin-1": (lambda text: text.replace("cnn", "größe").encode("latin-1"), "not UTF-8 text"),
    "foreign": (lambda _text: '{"name": "package"}', "expected a Run record, found None"),
    "quote": (lambda text: text.replace('"Run"', '"Quote"'), "expected a Run record"),
    "newer": (
        lambda text: text.replace('"schema_version": 1', '"schema_version": 2'),
        "schema_version is 2, this trainfare reads 1 to 1",
    ),
    "extra": (lambda text: text.replace("{", '{"colour": "red", ', 1), "unknown field 'colour'"),
    "missing": (lambda text: text.replace('"run_id": ', '"partial": false, "gone": '), "gone"),
    "mistyped": (lambda text: text.replace('"threads": 2', '"threads": "two"'), "machine.threads"),
    "nan": (lambda text: text.replace("0.1", "NaN", 1), "expected a number, found 'nan'"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named_and_the_others_are_read(
    tmp_path: Path, make_run: MakeRun, name: str
) -> None:
    store = Store(tmp_path)
    run = make_run()
    older = make_run(run_id="20200101T000000-cnn-000000")
    good = store.add(run)
    store.add(older)
    spoil, reason = BAD[name]
    spoilt = spoil(good.read_text(encoding="utf-8"))
    content = spoilt if isinstance(spoilt, bytes) else spoilt.encode()
    assert content != good.read_bytes()
    path = good.with_name("20270101T000000-cnn-000000.json")
    path.write_bytes(content)
    assert list(store.newest_first(Run)) == [run, older]
    (problem,) = store.problems
    assert problem.startswith(f"{path} is left out: ")
    assert reason in problem
    assert problem.endswith(".")
    assert "\n" not in problem
    assert path.read_bytes() == content  # it is left as it is


def test_a_huge_file_is_not_even_read(tmp_path: Path, make_run: MakeRun) -> None:
    store = Store(tmp_path)
    path = store.add(make_run()).with_name("20270101T000000-huge-000000.json")
    path.touch()
    os.truncate(path, 2**40)  # sparse: it would not fit in memory
    assert list(store.newest_first(Run)) == [make_run()]
    assert store.problems == [f"{path} is left out: larger than {MAX_RECORD_BYTES} bytes."]


def test_what_cannot_be_opened_is_named(tmp_path: Path, make_run: MakeRun) -> None:
    store = Store(tmp_path)
    folder = store.add(make_run()).parent
    (folder / "a.json").mkdir()
    (folder / "b.json").symlink_to(folder / "gone")
    (folder / "c.json").symlink_to(folder / "c.json")
    assert list(store.newest_first(Run)) == [make_run()]
    reasons = {Path(p.split(" is left out: ")[0]).name: p for p in store.problems}
    assert reasons.keys() == {"a.json", "b.json", "c.json"}
    assert reasons["a.json"].endswith("Is a directory.")
    assert reasons["b.json"].endswith("No such file or directory.")


def test_half_written_files_of_others_are_no_records(tmp_path: Path, make_run: MakeRun) -> None:
    store = Store(tmp_path)
    folder = store.add(make_run()).parent
    (folder / f".{make_run().run_id}.json.abcd.tmp").write_text("{")  # as a killed process leaves
    assert list(store.newest_first(Run)) == [make_run()]
    assert store.problems == []


OVERWRITE = """
import sys
from pathlib import Path
from results.store import write_atomically
path, letter, size = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(200):
    write_atomically(path, letter * size)
"""

ADD = """
import sys
from dataclasses import replace
from pathlib import Path
from results import codec
from results.records import Run
from results.store import Store, new_id
run = codec.loads(sys.argv[2], Run)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(100):
    Store(Path(sys.argv[1])).add(replace(run, run_id=new_id("cnn")))
"""


@contextmanager
def at_once(script: str, *argument_lists: list[str]) -> Iterator[list[subprocess.Popen[str]]]:
    """A process for each list of arguments, all let go at the same moment."""
    with_pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    processes = [
        subprocess.Popen([sys.executable, "-c", script, *arguments], **with_pipes)  # type: ignore[call-overload]
        for arguments in argument_lists
    ]
    try:
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        yield processes
    finally:
        for process in processes:
            process.communicate(timeout=60)


def test_a_reader_beside_two_writers_sees_whole_files(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    whole = {"a": 1_000, "b": 3_000_000}
    seen = set()
    with at_once(OVERWRITE, *([str(path), k, str(size)] for k, size in whole.items())) as writers:
        while any(writer.poll() is None for writer in writers):
            if path.exists():
                text = path.read_text()
                assert text == text[:1] * whole[text[:1]]
                seen.add(text[:1])
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen
    assert everything_in(tmp_path) == ["report.md"]


def test_two_processes_add_at_once_and_nothing_is_lost(tmp_path: Path, make_run: MakeRun) -> None:
    with at_once(ADD, *[[str(tmp_path), codec.dumps(make_run())]] * 2) as writers:
        pass
    assert [writer.returncode for writer in writers] == [0, 0]
    store = Store(tmp_path)
    assert len({run.run_id for run in store.newest_first(Run)}) == 200
    assert store.problems == []
    assert len(everything_in(tmp_path)) == 201


def test_ids_tell_time_and_name() -> None:
    first = new_id("cnn")
    assert re.fullmatch(r"\d{8}T\d{6}-cnn-[0-9a-f]{6}", first)
    assert abs((utc_of(first) - datetime.now(UTC)).total_seconds()) < 60
    assert len({new_id("cnn") for _ in range(100)}) == 100


def utc_of(record_id: str) -> datetime:
    return datetime.strptime(record_id[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)


@given(st.text() | st.sampled_from(["../../etc/passwd", "a\\b:c*?", "\x00", "..", "数" * 300]))
def test_any_name_gives_a_plain_file_name(name: str) -> None:
    found = f"{new_id(name)}.json"
    assert Path(found).name == found
    assert not found.startswith(".")
    assert not set(found) & set('/\\:*?"<>|\0\n')
    assert len(f".{found}.01234567.tmp".encode()) <= 255


def test_an_id_without_any_letter_is_still_a_name() -> None:
    assert re.fullmatch(r"\d{8}T\d{6}-run-[0-9a-f]{6}", new_id("../.."))


def test_utc_now() -> None:
    found = datetime.fromisoformat(utc_now())
    assert found.utcoffset() is not None
    assert found.microsecond == 0
    assert abs((found - datetime.now(UTC)).total_seconds()) < 60


def test_a_record_is_one_json_object(tmp_path: Path, make_run: MakeRun) -> None:
    plain = json.loads(Store(tmp_path).add(make_run()).read_text(encoding="utf-8"))
    assert plain["kind"] == "Run"


def test_what_goes_wrong_is_an_error_of_ours() -> None:
    assert issubclass(UsageError, TrainfareError)
