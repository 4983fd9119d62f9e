"""`python3 -m cloud.entry`: the first thing that runs in a job, on every node of every service.

Finds this node's place among the others, checks that the machine is the one that is paid for,
installs what the user asked for, and runs the training: plain, or under torchrun where there is
more than one process. What the training says is kept as `log-node<k>.txt` beside its records.
Needs only Python and `results`.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from cloud.install import install
from cloud.place import Place, find_place, output_folder
from cloud.tee import run_and_keep
from results.errors import TrainfareError, UsageError

ROOT = Path(__file__).resolve().parent.parent  # where the archive was unpacked
USERS_FOLDER = ROOT / "workload"
USERS_REQUIREMENTS = ROOT / "requirements.txt"


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the training and exit with its code, or with that of an error, told on stderr."""
    asked = _parser().parse_args(arguments)
    try:
        place = find_place(asked.service, os.environ)
        check(place, count_gpus(), asked)
        if USERS_REQUIREMENTS.is_file():
            install(USERS_REQUIREMENTS)
        out = output_folder(asked.out, os.environ, Path.cwd())
        command = training_command(place, asked, out)
    except TrainfareError as error:
        sys.stderr.write(f"trainfare: {error}\n")
        sys.exit(error.exit_code)
    environment = {
        **os.environ,
        **python_environment(os.environ),
        **network_environment(place, os.environ),
    }
    log = out / f"log-node{place.node_rank}.txt"
    # The workload's reference is relative to ROOT.
    sys.exit(run_and_keep(command, environment, ROOT, log))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cloud.entry", description=__doc__)
    parser.add_argument("--service", required=True)
    parser.add_argument("--workload", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--checkpoints", help="a folder that outlives an interruption")
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
    if asked.checkpoints is not None:
        job += ["--checkpoints", str(Path.cwd() / asked.checkpoints)]
    for option in asked.option:
        job += ["--option", option]
    return [*python, "-m", "bench.job", *job]


def python_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """PYTHONPATH with the user's folder last, so that it hides no package of ours."""
    found = [environ.get("PYTHONPATH") or str(ROOT)]
    # Unbuffered: what the user's code prints is seen when it is printed.
    return {"PYTHONUNBUFFERED": "1", "PYTHONPATH": os.pathsep.join([*found, str(USERS_FOLDER)])}


def network_environment(place: Place, environ: Mapping[str, str]) -> dict[str, str]:
    """The network interface for NCCL and Gloo, where the service names one and nobody else did."""
    names = ("NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME")
    if place.network_interface is None:
        return {}
    return {name: place.network_interface for name in names if name not in environ}


if __name__ == "__main__":
    main()
