"""Reading a large store says how far it is, on a terminal, and leaves no trace of it."""

import sys
from itertools import islice
from pathlib import Path

import pytest

from results.records import Run
from tests.results.conftest import build_run
from trainfare import reading


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = reading.open_store(tmp_path)
    for i in range(6):
        store.add(build_run(run_id=f"r{i}"))
    return tmp_path


def clocked(monkeypatch: pytest.MonkeyPatch, seconds_a_record: float) -> None:
    """Make the clock go on by that much each time it is looked at: once a record."""
    clock = iter(i * seconds_a_record for i in range(100))
    monkeypatch.setattr(reading.time, "monotonic", lambda: next(clock))


def test_a_terminal_is_told_after_two_seconds(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    clocked(monkeypatch, 1.0)
    assert len(list(reading.open_store(folder).newest_first(Run))) == 6
    told = capsys.readouterr().err.split("\r\x1b[K")
    assert told == [
        "",
        "Reading runs: 3 of 6, about 3.00 s left",
        "Reading runs: 4 of 6, about 2.00 s left",
        "Reading runs: 5 of 6, about 1.00 s left",
        "",
    ]


def test_the_line_goes_where_the_reader_has_enough(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    clocked(monkeypatch, 3.0)
    assert len(list(islice(reading.open_store(folder).newest_first(Run), 3))) == 3
    assert capsys.readouterr().err.endswith("left\r\x1b[K")


@pytest.mark.parametrize(("terminal", "seconds"), [(True, 0.1), (False, 60.0)])
def test_silence_where_it_is_quick_and_in_a_pipe(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    terminal: bool,
    seconds: float,
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    clocked(monkeypatch, seconds)
    assert len(list(reading.open_store(folder).newest_first(Run))) == 6
    assert capsys.readouterr().err == ""
