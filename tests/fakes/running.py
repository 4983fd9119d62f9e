"""Runs what was submitted, as the service would: each node a process, with its own description."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any


def run_vertex(request: dict[str, Any], archive: bytes, folder: Path, port: int) -> list[int]:
    """Every replica of a Vertex AI job at once; `folder` stands for /gcs. Exit codes by rank."""
    return [process.wait(240) for process in start_vertex(request, archive, folder, port)]


def start_vertex(
    request: dict[str, Any], archive: bytes, folder: Path, port: int
) -> "list[subprocess.Popen[bytes]]":
    """The processes of `run_vertex`, which still run; each has its log in a folder of its own."""
    pools = request["jobSpec"]["workerPoolSpecs"]
    nodes = [
        (f"workerpool{i}", k) for i, p in enumerate(pools) for k in range(int(p["replicaCount"]))
    ]
    cluster = {
        f"workerpool{i}": [f"127.0.0.1:{port}"] * int(p["replicaCount"])
        for i, p in enumerate(pools)
    }
    started: list[subprocess.Popen[bytes]] = []
    for pool, index in nodes:
        spec = pools[int(pool[-1])]["containerSpec"]
        words = [*spec["command"], *spec["args"]]
        task = {"cluster": cluster, "task": {"type": pool, "index": index}}
        started.append(_start(words, archive, folder, f"{pool}-{index}",
                              {"CLUSTER_SPEC": json.dumps(task)}))  # fmt: skip
    return started


def run_azure(
    request: dict[str, Any], archive: bytes, folder: Path, port: int, **image: str
) -> list[int]:
    """Every node of an Azure ML job at once, each with its source where Azure ML puts inputs, and
    its own folder to start in. `image`: what the image's own environment says. Exit codes by rank.
    """
    count = request["job"]["resources"]["instance_count"]
    nodes = []
    for rank in range(count):
        own = folder / f"node-{rank}"
        own.mkdir()
        source = own / "source.tar.gz"
        source.write_bytes(archive)
        command = request["job"]["command"].replace("${{inputs.source}}", str(source))
        command = command.replace("/tmp/trainfare", str(own / "unpacked"))  # noqa: S108
        told = _azure_distribution(request["job"].get("distribution"), rank, count, port)
        nodes.append(_process(["bash", "-c", command], own, image | told))
    return [node.wait(240) for node in nodes]


def _azure_distribution(
    asked: dict[str, Any] | None, rank: int, count: int, port: int
) -> dict[str, str]:
    """What Azure ML's PyTorch distribution tells each of its processes; nothing without one."""
    if asked is None:
        return {}
    assert asked == {"type": "pytorch", "process_count_per_instance": 1}
    told = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": count}
    told |= {"NODE_RANK": rank, "RANK": rank, "LOCAL_RANK": 0}
    return {name: str(value) for name, value in told.items()}


def _start(
    words: list[str], archive: bytes, folder: Path, node: str, more: dict[str, str]
) -> "subprocess.Popen[bytes]":
    """One container: its own place to unpack, and the bucket that all of them share."""
    own = Path(tempfile.mkdtemp(prefix=f"{node}-", dir=folder))
    placed = [word.replace("/tmp/trainfare", str(own / "unpacked")) for word in words]  # noqa: S108
    placed = [word.replace("/gcs/", f"{folder}/gcs/") for word in placed]
    source = next(Path(word) for word in placed if word.endswith("source.tar.gz"))
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_bytes(archive)
    return _process(placed, own, more)


def _process(words: list[str], folder: Path, more: dict[str, str]) -> "subprocess.Popen[bytes]":
    """Without this checkout on its path: what is not in the archive is not there."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    kept_names = ("LANG", "LD_LIBRARY_PATH", "OMP_NUM_THREADS")
    kept = {k: v for k, v in os.environ.items() if k in kept_names}
    env = kept | {"PATH": path, "HOME": str(folder), "TRAINFARE_OFFLINE": "1"} | more
    with (folder / "log.txt").open("wb") as log:
        return subprocess.Popen(words, cwd=folder, env=env, stdout=log, stderr=log)
