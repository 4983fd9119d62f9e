"""The entry point: the training command it becomes, and when it would rather end the job."""

import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cloud import entry
from cloud.command import entry_command, unpack_command
from cloud.place import Place
from cloud.source import pack
from results.errors import UsageError

TWO = Place(
    node_rank=1, node_count=2, main_address="algo-1", main_port=7777, network_interface="eth0"
)


def asked(**given: Any) -> argparse.Namespace:
    values: dict[str, Any] = {
        "workload": "cnn",
        "nodes": 1,
        "epochs": 3,
        "samples_per_epoch": 60000,
        "batch_size": 64,
        "gpus": 0,
        "checkpoints": None,
        "option": [],
    }
    return argparse.Namespace(**(values | given))


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_one_process_needs_no_launcher() -> None:
    command = entry.training_command(Place(), asked(option=["image_size=32"]), Path("/out"))
    assert command == [
        sys.executable,
        *shlex.split(
            "-m bench.job --workload cnn --epochs 3 --samples-per-epoch 60000 --batch-size 64 "
            "--out /out --option image_size=32"
        ),
    ]


def test_several_nodes_and_gpus_are_launched_together() -> None:
    command = entry.training_command(TWO, asked(nodes=2, gpus=4), Path("/out"))
    launch = shlex.split(
        "-m torch.distributed.run --nnodes 2 --nproc-per-node 4 --node-rank 1 "
        "--master-addr algo-1 --master-port 7777 -m bench.job --workload cnn"
    )
    assert command[1 : 1 + len(launch)] == launch


def test_several_gpus_of_one_node_are_launched_too() -> None:
    command = entry.training_command(Place(), asked(gpus=8), Path("/out"))
    assert command[command.index("--nproc-per-node") + 1] == "8"


@pytest.mark.parametrize(
    ("script", "count"),
    [
        ('echo "GPU 0: Tesla T4 (UUID: GPU-1)"; echo "GPU 1: Tesla T4 (UUID: GPU-2)"', 2),
        ("echo 'No devices found.'", 0),
        ("exit 9", 0),
        (None, 0),
    ],
)
def test_gpus_are_counted_as_the_driver_lists_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, count: int
) -> None:
    if script is not None:
        program(tmp_path, "nvidia-smi", script)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert entry.count_gpus() == count


@pytest.mark.parametrize(("gpus", "nodes"), [(0, 2), (3, 2), (4, 1)])
def test_a_machine_that_was_not_asked_for_ends_the_job(gpus: int, nodes: int) -> None:
    with pytest.raises(UsageError, match="expected"):
        entry.check(TWO, gpus, asked(gpus=4, nodes=nodes))
    entry.check(TWO, 4, asked(gpus=4, nodes=2))


def test_the_network_interface_is_named_unless_somebody_did() -> None:
    assert entry.network_environment(TWO, {"NCCL_SOCKET_IFNAME": "ens5"}) == {
        "GLOO_SOCKET_IFNAME": "eth0"
    }
    assert entry.network_environment(Place(), {}) == {}


def test_a_whole_start_as_a_service_would_do_it(
    tmp_path: Path, make_job: Any, make_offer: Any
) -> None:
    """Unpack, enter, become the training: with a stand-in for bench.job that tells its words."""
    (tmp_path / "source.tar.gz").write_bytes(pack(make_job()).archive)
    (tmp_path / "bin").mkdir()
    target = tmp_path / "unpacked"
    program(tmp_path / "bin", "python3", f'exec {sys.executable} "$@"')
    offer = make_offer("azure", accelerator=None, accelerator_count=0.0)
    words = unpack_command("source.tar.gz") + entry_command(make_job(), offer, "outputs")
    words[2] = words[2].replace("/tmp/trainfare", str(target))  # noqa: S108
    # Stands in for the training, after unpacking and before entering.
    stand_in = f"printf 'import os, sys\\nprint(os.getcwd(), sys.argv[1:])' > {target}/bench/job.py"
    words[2] = words[2].replace("&& exec", f"&& {stand_in} && exec")
    environ = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}
    ran = subprocess.run(words, cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    told = ["--workload", "cnn", "--epochs", "3", "--samples-per-epoch", "60000"]
    told += ["--batch-size", "64", "--out", str(tmp_path / "outputs")]
    assert ran.stdout.strip() == f"{os.path.realpath(target)} {told}"


def test_an_error_is_one_line_and_an_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    counts = shlex.split("--nodes 2 --epochs 1 --samples-per-epoch 1 --batch-size 1 --gpus 0")
    with pytest.raises(SystemExit) as caught:
        entry.main(["--service", "vertex", "--workload", "cnn", "--out", "x", *counts])
    assert caught.value.code == 2
    assert capsys.readouterr().err == ("trainfare: expected 2 nodes, found 1. Send it again.\n")
