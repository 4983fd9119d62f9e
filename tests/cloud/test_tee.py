"""What the training says is passed on and kept; its end is the job's end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cloud import tee
from cloud.tee import run_and_keep

ROOT = Path(tee.__file__).parents[1]
RUN = """
import os, sys
from pathlib import Path
from cloud.tee import run_and_keep
command = [sys.executable, "-uc", sys.argv[1]]
sys.exit(run_and_keep(command, os.environ, Path.cwd(), Path(sys.argv[2])))
"""


def kept(script: str, log: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", RUN, script, str(log)], cwd=ROOT, capture_output=True, timeout=60
    )
    return done.returncode, done.stdout.decode()


def test_both_streams_are_passed_on_and_kept(tmp_path: Path) -> None:
    log = tmp_path / "out" / "log-node0.txt"
    script = "import sys; print('one'); sys.stderr.write('two\\n'); sys.exit(3)"
    assert kept(script, log) == (3, "one\ntwo\n")
    assert log.read_text() == "one\ntwo\n"
    assert kept("print('again')", log)[0] == 0
    assert log.read_text() == "one\ntwo\nagain\n"  # after an interruption the log goes on


def test_a_signal_is_passed_on(tmp_path: Path) -> None:
    script = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('saved'), sys.exit(7)))\n"
        "print('ready')\n"
        "time.sleep(50)"
    )
    words = [sys.executable, "-c", RUN, script, str(tmp_path / "log")]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        running.send_signal(signal.SIGTERM)
        assert running.stdout.read() == "saved\n"
    assert running.returncode == 7


def test_a_killed_training_has_the_code_of_its_signal(tmp_path: Path) -> None:
    code, _ = kept("import os; os.kill(os.getpid(), 9)", tmp_path / "log")
    assert code == 137


def test_a_log_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    assert kept("print('on')", tmp_path / "taken" / "log") == (0, "on\n")
    assert kept("print('on')", Path("/dev/full")) == (0, "on\n")


def test_the_kept_log_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    monkeypatch.setattr(tee, "MAX_LOG_BYTES", 10)
    script = "import time\nfor _ in range(5): print('1234567'); time.sleep(.05)"
    code = run_and_keep([sys.executable, "-uc", script], os.environ, ROOT, tmp_path / "log")
    assert code == 0
    assert capfd.readouterr().out.count("1234567") == 5
    text = (tmp_path / "log").read_text()
    assert text.startswith("1234567\n")
    assert text.endswith("the log is not kept beyond this point\n")
    assert len(text) < 100
