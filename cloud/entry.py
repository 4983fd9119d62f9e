"""`python3 -m cloud.entry`: the first thing that runs in a job, on every node of every service.

Finds this node's place among the others, checks that the machine is the one that is paid for, and
becomes the training: plain, or under torchrun where there is more than one process. Needs only
Python and `results`.
"""

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from cloud.place import Place, find_place, output_folder
from results.errors import TrainfareError, UsageError

ROOT = Path(__file__).resolve().parent.parent  # where the archive was unpacked


def main(arguments: list[str] | None = None) -> NoReturn:
    """Become the training, or exit with the code of an error, told on stderr."""
    asked = _parser().parse_args(arguments)
    try:
        place = find_place(asked.service, os.environ)
        check(place, count_gpus(), asked)
        command = training_command(place, asked, output_folder(asked.out, os.environ, Path.cwd()))
    except TrainfareError as error:
        sys.stderr.write(f"trainfare: {error}\n")
        sys.exit(error.exit_code)
    _become(command, network_environment(place, os.environ))


def _become(command: list[str], environment: Mapping[str, str]) -> NoReturn:
    sys.stderr.write(f"trainfare: {shlex.join(command)}\n")
    sys.stderr.flush()
    os.chdir(ROOT)  # the workload's reference is relative to it
    # Replaced rather than started, so that the service's signal to stop reaches the training.
    os.execve(command[0], command, {**os.environ, **environment})  # noqa: S606


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cloud.entry", description=__doc__)
    parser.add_argument("--service", required=True)
    parser.add_argument("--workload", required=True)
    parser.add_argument("--out", required=True)
    for name in ("nodes", "epochs", "samples-per-epoch", "batch-size", "gpus"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE")
    return parser


def count_gpus() -> int:
    """GPUs that `nvidia-smi -L` lists; 0 where there is no such program or it fails."""
    try:
        listed = subprocess.run(
            ["nvidia-smi", "-L"], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())


def check(place: Place, gpus: int, asked: argparse.Namespace) -> None:
    """Raise UsageError, and so end a job early, where the machines are not those asked for."""
    if place.node_count != asked.nodes:
        raise UsageError(f"expected {asked.nodes} nodes, found {place.node_count}. Send it again.")
    if gpus != asked.gpus:
        raise UsageError(
            f"expected {asked.gpus} GPUs on this node, found {gpus}: training would not be what "
            "was priced. Compare the instance type and its driver with the offer."
        )


def training_command(place: Place, asked: argparse.Namespace, out: Path) -> list[str]:
    """`python -m bench.job …`, under torchrun with one process a GPU where several are to work."""
    processes = max(1, asked.gpus)
    python = [sys.executable]
    if place.node_count * processes > 1:
        python += ["-m", "torch.distributed.run"]
        python += ["--nnodes", str(place.node_count), "--nproc-per-node", str(processes)]
        python += ["--node-rank", str(place.node_rank)]
        python += ["--master-addr", place.main_address, "--master-port", str(place.main_port)]
    job = ["--workload", asked.workload, "--epochs", str(asked.epochs)]
    job += ["--samples-per-epoch", str(asked.samples_per_epoch)]
    job += ["--batch-size", str(asked.batch_size), "--out", str(out)]
    for option in asked.option:
        job += ["--option", option]
    return [*python, "-m", "bench.job", *job]


def network_environment(place: Place, environ: Mapping[str, str]) -> dict[str, str]:
    """The network interface for NCCL and Gloo, where the service names one and nobody else did."""
    names = ("NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME")
    if place.network_interface is None:
        return {}
    return {name: place.network_interface for name in names if name not in environ}


if __name__ == "__main__":
    main()
