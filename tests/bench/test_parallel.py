"""Two gloo processes that train together, and all the ways in which they end."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from bench import parallel, stopping
from results.errors import NoAnswerError, UsageError

WORKLOAD = """
import os, signal, sys, time
import torch
from bench import TorchWorkload

STEPS = 0


def loss(outputs, targets):
    global STEPS
    STEPS += 1
    {mishap}
    return torch.nn.functional.mse_loss(outputs, targets)


def factory():
    return TorchWorkload(
        name="small",
        model=torch.nn.Linear(64, 64),
        loss=loss,
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.01),
        batches=lambda batch_size: ((torch.randn(batch_size, 64), torch.randn(batch_size, 64))
                                    for _ in range(100)),
        batch_size=8,
        samples_per_epoch=800,
    )
"""
MISHAPS = {
    "killed": "RANK == 1 and STEPS > 25 and os.kill(os.getpid(), signal.SIGKILL)",
    "raises": "RANK == 1 and STEPS > 25 and 1 / 0",
}

MEASURE = """
import sys
from bench import parallel
parallel.measure_scaling(sys.argv[1], 2, "cpu", 60.0, lambda text, _: print(text, flush=True))
"""


@pytest.fixture
def workload(tmp_path, monkeypatch):
    """The reference of a small workload; with `mishap` it goes wrong on one of the processes."""
    monkeypatch.chdir(tmp_path)

    def write(mishap="pass"):
        code = mishap.replace("RANK", 'int(os.environ.get("RANK", 0))')
        path = tmp_path / "mine.py"
        path.write_text(WORKLOAD.replace("{mishap}", code), encoding="utf-8")
        return f"{path}:factory"

    return write


def left_running(reference):
    """Processes of this test that still run, by their command lines."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if reference in text and str(os.getpid()) != path.parent.name:
            found.append(text)
    return found


def measured(reference, max_seconds=2.0, shown=None):
    told = [] if shown is None else shown
    return parallel.measure_scaling(
        reference, 2, "cpu", max_seconds, lambda text, share: told.append((text, share))
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mishap", "error", "says"),
    [
        ("killed", NoAnswerError, "Process 1 of 2 of .* was killed by signal 9"),
        ("raises", UsageError, "small: .* failed in .* with ZeroDivisionError"),
    ],
)
def test_a_process_that_dies_ends_all_with_one_sentence(workload, mishap, error, says):
    reference = workload(MISHAPS[mishap])
    with pytest.raises(error, match=says) as caught:
        measured(reference, 30.0)
    assert "\n" not in str(caught.value)
    assert not left_running(reference)


@pytest.mark.slow
def test_a_ctrl_c_that_python_drops_keeps_the_rounds_and_leaves_nothing(
    workload, tmp_path, monkeypatch
):
    reference, told, found, folder = workload(), [], [], tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))  # which is not ours

    class Dropping:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGINT)

    def lose(text, _share):
        told.append(text)
        if text.startswith("timing"):
            Dropping()

    with pytest.raises(stopping.Stopped), stopping.heeded():
        found.append(parallel.measure_scaling(reference, 2, "cpu", 60.0, lose))
    assert told[0] == "warming up together"
    assert [scaling.stopped_because for scaling in found] == ["interrupted"]
    assert found[0].efficiency.mid > 0
    assert not left_running(reference)
    assert not list(folder.iterdir())


@pytest.mark.slow
def test_ctrl_c_just_when_they_start_leaves_nothing_running(workload, monkeypatch):
    reference, started = workload(), []

    class Interrupted(subprocess.Popen):
        """Started, but not yet in the hands of who started it."""

        def __init__(self, *args, **how):
            super().__init__(*args, **how)
            started.append(self)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    with pytest.raises(stopping.Stopped), stopping.heeded():
        measured(reference, 20.0)
    try:
        assert not left_running(reference)
    finally:
        started[0].kill()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="Linux ends them with who started them")
def test_they_die_with_trainfare_however_it_dies(workload):
    reference = workload()
    measuring = subprocess.Popen(
        [sys.executable, "-c", MEASURE, reference], stdout=subprocess.PIPE, text=True
    )
    with measuring:
        assert measuring.stdout.readline() == "warming up together\n"
        # torchrun, and two that have each started one
        assert len(left_running(reference)) == 1 + 1 + 2 * 2
        measuring.kill()
    deadline = time.monotonic() + 10
    while left_running(reference) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left_running(reference)


def ended(folder, ends):
    """The error that tells how the processes ended."""
    for rank, code in ends:
        (folder / f"{parallel.END}{rank}").write_text(str(code), encoding="utf-8")
    return str(parallel._failure(folder, 4, "cnn"))


def test_the_first_cause_is_told_and_not_who_was_left_behind(tmp_path):
    found = ended(tmp_path, ((0, -6), (1, -9), (2, parallel.LEFT_BEHIND), (3, -15)))
    assert found.startswith("Process 1 of 4 of cnn was killed by signal 9")
    assert "memory enough" in found


def test_an_exit_code_of_its_own_is_told(tmp_path):
    found = ended(tmp_path, ((0, parallel.LEFT_BEHIND), (1, -6), (2, 7), (3, -15)))
    assert found.startswith("Process 2 of 4 of cnn ended with exit code 7")


def test_a_mistake_in_the_workload_is_that_mistake(workload, tmp_path):
    with pytest.raises(UsageError, match="'nosuch' is no workload"):
        measured("nosuch")
