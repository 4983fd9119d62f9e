"""Signals to a `trainfare measure` at the worst of moments, as processes."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from fakes import cli as cli_process

pytestmark = pytest.mark.slow

WORKLOAD = """
import os, signal
import torch
from torch.utils.data import DataLoader, TensorDataset
from bench import TorchWorkload

OWN, SENT = os.getpid(), []


def interrupt():
    if os.getpid() == OWN and os.path.exists("now") and not SENT:
        SENT.append(signal.SIGINT)
        open("sent", "w").close()
        os.kill(OWN, signal.SIGINT)


class Batches:
    def __init__(self, batch_size):
        self.left = 40

    def __iter__(self):
        return self

    def __next__(self):
        if not self.left:
            raise StopIteration
        self.left -= 1
        return torch.randn(8, 8), torch.randn(8, 8)

    def __del__(self):
        if MOMENT == "del":
            interrupt()


def loaded(batch_size):
    data = TensorDataset(torch.randn(320, 8), torch.randn(320, 8))
    return DataLoader(data, batch_size=batch_size, num_workers=WORKERS)


def factory():
    if MOMENT == "fork":
        os.register_at_fork(after_in_parent=interrupt)
    return TorchWorkload(
        name="small",
        model=torch.nn.Linear(8, 8),
        loss=torch.nn.MSELoss(),
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.01),
        batches=loaded if WORKERS else Batches,
        batch_size=8,
        samples_per_epoch=320,
    )
"""
Start = Callable[..., cli_process.Command]


@pytest.fixture
def start(tmp_path: Path, env: dict[str, str]) -> Iterator[Start]:
    """Start `trainfare measure` of a small workload, in a session of its own."""
    children: list[cli_process.Command] = []

    def started(*words: str, moment: str = "", workers: int = 0) -> cli_process.Command:
        text = f"MOMENT, WORKERS = {moment!r}, {workers}\n{WORKLOAD}"
        (tmp_path / "mine.py").write_text(text, encoding="utf-8")
        told = ("measure", f"{tmp_path}/mine.py:factory", *words)
        child = cli_process.start(told, tmp_path, env)
        children.append(child)
        return child

    yield started
    for child in children:
        child.kill()
    for pid in cli_process.left_running(tmp_path):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def none_left(folder: Path) -> bool:
    end = time.monotonic() + 10
    while cli_process.left_running(folder) and time.monotonic() < end:
        time.sleep(0.1)
    return not cli_process.left_running(folder)


def ends_by(child: cli_process.Command, number: signal.Signals, folder: Path) -> None:
    """It ends by the signal, with what was measured kept and no process left."""
    out, err = child.communicate(timeout=200)
    assert (child.returncode, out) == (128 + number, "")
    assert "marked partial" in err
    assert "Traceback" not in err
    partial_record(folder)
    assert none_left(folder)


def partial_record(folder: Path) -> dict[str, Any]:
    files = [path for path in folder.rglob("*.json") if ".cache" not in path.parts]
    (path,) = files
    assert path.parent.name == "runs"
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert kept["partial"] is True
    assert any(found["phase"] == "step" for found in kept["measurements"])
    return kept


@pytest.mark.parametrize(("moment", "workers"), [("del", 0), ("fork", 1)])
def test_ctrl_c_that_python_drops_ends_it_all_the_same(
    start: Start, tmp_path: Path, moment: str, workers: int
) -> None:
    child = start("--max-seconds", "20", moment=moment, workers=workers)
    child.wait_for("timing steps")
    (tmp_path / "now").touch()
    out, err = child.communicate(timeout=200)
    assert (tmp_path / "sent").exists()
    assert (child.returncode, out) == (130, "")
    assert "marked partial" in err
    assert "Traceback" not in err
    partial_record(tmp_path)
    assert none_left(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_keeps_what_was_measured(
    start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    child = start("--max-seconds", "60", workers=1)
    child.wait_for("timing steps")
    time.sleep(0.5)
    os.killpg(child.pid, number)  # as a closed terminal and a batch system do: workers get it too
    ends_by(child, number, tmp_path)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two processors")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_end_leaves_no_process_of_several(
    start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    child = start("--max-seconds", "1", "--processes", "2", workers=1)
    child.wait_for("together")
    # It, torchrun, and two that each started one.
    assert len(cli_process.left_running(tmp_path)) >= 6
    child.send_signal(number)
    ends_by(child, number, tmp_path)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two processors")
def test_a_second_ctrl_c_leaves_no_process_either(start: Start, tmp_path: Path) -> None:
    child = start("--max-seconds", "1", "--processes", "2")
    child.wait_for("together")
    child.send_signal(signal.SIGINT)
    time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=200)
    assert child.returncode == 130
    assert "Traceback" not in err
    partial_record(tmp_path)
    assert none_left(tmp_path)


def test_a_closed_terminal_keeps_what_was_measured(tmp_path: Path, env: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        # setsid: the terminal is the command's own, so that closing it sends SIGHUP.
        ["setsid", "--ctty", "--wait", sys.executable, "-m", "trainfare", "measure", "mlp"],
        cwd=tmp_path,
        env=env | {"TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    told = b""
    while b"timing steps" not in told:
        told += os.read(ours, 4096)
    os.close(ours)
    try:
        assert child.wait(timeout=120) == 128 + signal.SIGHUP
        partial_record(tmp_path)
    finally:
        child.kill()
