"""A job that is interrupted goes on where it was, and tells how far it is."""

import json
import os
import pickle
import signal
import socket
import time
from pathlib import Path

import pytest
import torch
from fakes import cli

from bench import checkpoint, job, parallel, training
from bench.checkpoint import Checkpoints, Position
from bench.disturbance import Block
from results import codec, heartbeat
from results.heartbeat import Heartbeat
from results.records import Run
from results.store import Store

ROOT = Path(job.__file__).parents[1]
WORDS = ["--workload", "rnn", "--samples-per-epoch", "640", "--batch-size", "32"]
SLOW = """
import time
from bench.workloads import mlp
class Slow:
    name, samples_per_epoch, samples_per_step = "slow", 100, 1
    def prepare(self, device, batch_size, threads):
        self.samples_per_step = batch_size or 1
        self.done = 0
    def step(self, mark):
        time.sleep(0.01)
        self.done += 1
    def synchronize(self): ...
    def state(self): return {"done": self.done}
    def load_state(self, state): self.done = state["done"]
    def evaluate(self): return {"steps_of_training": self.done}
def make(): return Slow()
"""


SAVES_OFTEN = """
import sys
from bench import checkpoint, job
checkpoint.EVERY_SECONDS, checkpoint.SAVE_SHARE = 0.0, 1e9
sys.exit(job.main())
"""


def only_run(folder: Path) -> Run:
    (run,) = Store(folder).newest_first(Run)
    return run


@pytest.fixture(autouse=True)
def _always_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", 0.0)
    monkeypatch.setattr(checkpoint, "SAVE_SHARE", 1e9)


def test_a_restart_goes_on_from_the_last_whole_epoch(tmp_path: Path, capsys) -> None:
    words = [*WORDS, "--checkpoints", str(tmp_path / "kept")]
    assert job.main([*words, "--epochs", "2", "--out", str(tmp_path / "a")]) == 0
    first = only_run(tmp_path / "a").measurement("epoch").block_seconds
    capsys.readouterr()
    assert job.main([*words, "--epochs", "3", "--out", str(tmp_path / "b")]) == 0
    said = capsys.readouterr().out
    assert "going on after 2 epochs and 0 steps" in said
    assert "epoch 3 of 3" in said
    assert "epoch 1 of 3" not in said
    run = only_run(tmp_path / "b")
    assert run.measurement("epoch").block_seconds[:2] == first
    assert run.epochs_trained == 3
    assert run.warnings == ("went on from a checkpoint 1 time",)


def test_weights_and_optimizer_are_those_that_were_saved(tmp_path: Path) -> None:
    words = [*WORDS, "--epochs", "1", "--checkpoints", str(tmp_path), "--out", str(tmp_path)]
    assert job.main(words) == 0
    saved = torch.load(tmp_path / checkpoint.NAME, weights_only=True)
    found = Checkpoints(tmp_path, saved["identity"]).load("cpu")
    assert found is not None
    weights = found[1]["model"]
    assert all(torch.equal(weights[name], saved["state"]["model"][name]) for name in weights)
    assert found[1]["optimizer"]["param_groups"][0]["lr"] == 0.01


@pytest.mark.slow
def test_a_signal_to_stop_saves_and_the_next_attempt_finishes(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    words = ("--workload", f"{tmp_path}/slow.py:make")
    words += ("--samples-per-epoch", "100", "--batch-size", "1", "--epochs", "2")
    words += ("--checkpoints", str(tmp_path / "kept"), "--out", str(tmp_path / "out"))
    first = cli.Command(words, ROOT, {**os.environ}, module="bench.job")
    first.wait_for("epoch 1 of 2")
    time.sleep(0.3)
    first.send_signal(signal.SIGTERM)
    said, _ = first.communicate(60)
    assert "told to stop" in said
    assert first.returncode == training.STOPPED
    assert not list(Store(tmp_path / "out").newest_first(Run))
    second = cli.Command(words, ROOT, {**os.environ}, module="bench.job")
    said, err = second.communicate(60)
    assert second.returncode == 0, err
    assert "going on after 0 epochs and" in said
    assert dict(only_run(tmp_path / "out").metrics) == {"steps_of_training": 200}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "cannot be read"),
        (b"PK\x03\x04 half a file", "cannot be read"),
        (pickle.dumps({"identity": {}}), "cannot be read"),
        (None, "that of another job"),
    ],
    ids=["empty", "torn", "plain pickle", "foreign"],
)
def test_a_checkpoint_that_does_not_fit_is_told_and_training_begins_anew(
    tmp_path: Path, capsys, content: bytes | None, says: str
) -> None:
    path = tmp_path / checkpoint.NAME
    if content is None:
        Checkpoints(tmp_path, {"workload": "cnn"}).save(Position(), {})
    else:
        path.write_bytes(content)
    words = [*WORDS, "--epochs", "1", "--checkpoints", str(tmp_path), "--out", str(tmp_path)]
    assert job.main(words) == 0
    assert says in capsys.readouterr().out
    assert only_run(tmp_path).warnings == ()


def test_a_load_state_that_leaves_is_told_with_its_place(tmp_path: Path, capsys, monkeypatch):
    words = [*WORDS, "--epochs", "1", "--checkpoints", str(tmp_path), "--out", str(tmp_path / "a")]
    assert job.main(words) == 0

    def leave(workload, state):
        raise SystemExit(4)

    monkeypatch.setattr("bench.workload.TorchWorkload.load_state", leave)
    assert job.main([*words[:-1], str(tmp_path / "b")]) == 0
    said = capsys.readouterr().out
    assert "load_state() of the workload failed in tests/bench/test_training.py, line" in said
    assert "with 'SystemExit: 4'; starting anew" in said


class Harmful:
    def __reduce__(self):
        return os.system, ("touch harmed",)


def test_nothing_in_a_checkpoint_is_run(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"identity": {}, "state": Harmful()}, tmp_path / checkpoint.NAME)
    with pytest.raises(ValueError, match="cannot be read"):
        Checkpoints(tmp_path, {}).load("cpu")
    assert not (tmp_path / "harmed").exists()


def test_a_fault_while_saving_leaves_the_old_one(tmp_path: Path, monkeypatch) -> None:
    kept = Checkpoints(tmp_path, {})
    kept.save(Position(epochs_done=[Block(1.0, 1.0, 0, None, 0.0)]), {})

    def fail(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        kept.save(Position(), {})
    found = kept.load("cpu")
    assert found is not None
    assert len(found[0].epochs_done) == 1
    assert [p.name for p in tmp_path.iterdir()] == [checkpoint.NAME]


def test_heartbeats_tell_how_far_it_is(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(training, "EVERY_SECONDS", 0.0)
    assert job.main([*WORDS, "--epochs", "2", "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    beats = [b for line in lines if (b := heartbeat.newest([line]))]
    assert beats[0].steps_done == 0
    assert beats[0].seconds_left is None
    assert [beats[-1].steps_done, beats[-1].steps_total, beats[-1].epoch] == [40, 40, 2]
    assert beats[-1].seconds_left == 0
    run = only_run(tmp_path)
    trained = sum(run.measurement("epoch").block_seconds)
    assert beats[-1].training_seconds == pytest.approx(trained)
    kept = codec.loads((tmp_path / "heartbeat.json").read_text(), Heartbeat)
    assert kept == beats[-1]
    assert heartbeat.newest(lines) == beats[-1]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-5],
        lambda text: text.replace('"steps_done": 1', '"steps_done": 1e99'),
        lambda text: text.replace('"steps_done": 1', '"steps_done": 11'),
        lambda text: text.replace('"training_seconds": 2.0', '"training_seconds": NaN'),
        lambda text: text.replace('"training_seconds": 2.0', '"training_seconds": -2.0'),
        lambda text: text + " " * 5000,
        lambda text: json.dumps({"kind": "Heartbeat"}),
    ],
)
def test_a_line_that_only_looks_like_a_heartbeat_is_none(change) -> None:
    beat = Heartbeat(
        captured_at="2026-11-24T00:00:00+00:00",
        epoch=1,
        epochs=2,
        steps_done=1,
        steps_total=10,
        started_at="2026-11-24T00:00:00+00:00",
        training_seconds=2.0,
    )
    line = heartbeat.line(beat)
    assert heartbeat.newest([f"2026 stdout {line}"]) == beat
    assert beat.seconds_left == 18.0
    assert heartbeat.newest([line, change(line)]) == beat
    assert heartbeat.newest([change(line)]) is None


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.mark.slow
@pytest.mark.enable_socket
def test_two_nodes_train_together_and_go_on_together(tmp_path: Path) -> None:
    """Two nodes as two torchruns with gloo; twice. As services start them: tests/cloud."""
    script = tmp_path / "often.py"
    script.write_text(SAVES_OFTEN)
    words = [*WORDS, "--checkpoints", str(tmp_path / "kept")]
    for attempt, epochs in enumerate((1, 2)):
        port = free_port()
        nodes = []
        for rank in (0, 1):
            launch = ["--nnodes", "2", "--nproc-per-node", "1", "--node-rank", str(rank)]
            launch += ["--master-addr", "127.0.0.1", "--master-port", str(port)]
            launch += [*parallel.STARTED["cpu"][:-1], str(script)]
            out = tmp_path / f"{attempt}-{rank}"
            told = (*launch, *words, "--epochs", str(epochs), "--out", str(out))
            environ = {**os.environ, "PYTHONPATH": str(ROOT), "GLOO_SOCKET_IFNAME": "lo"}
            nodes.append(cli.Command(told, ROOT, environ, module="torch.distributed.run"))
        said = ["".join(node.communicate(140)) for node in nodes]
        assert [node.returncode for node in nodes] == [0, 0], said
        assert ("going on after 1 epochs" in said[0]) == (attempt == 1)
    run = only_run(tmp_path / "1-0")
    assert (run.processes, run.epochs_trained) == (2, 2)
    assert not list(Store(tmp_path / "1-1").newest_first(Run))  # one record, of the first node
