"""The submitted command, run for real from the archive that travels: it leaves a measured run."""

import socket
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fakes.containers import Containers, way_in
from fakes.running import run_azure, run_vertex

from cloud.registry import plan_packed
from cloud.source import pack
from results import codec
from results.records import Run

SMALL: dict[str, Any] = {
    "name": "mlp",
    "reference": "mlp",
    "model": "MLP",
    "epochs": 1,
    "input_shape": (64,),
    "batch_size": 32,
    "samples_per_epoch": 256,
}


def left_behind(folder: Path) -> Run:
    (path,) = folder.rglob("runs/*.json")
    return codec.loads(path.read_text(encoding="utf-8"), Run)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
@pytest.mark.enable_socket
def test_two_nodes_of_vertex_ai_as_two_processes(
    make_job: Any, make_offer: Any, settings_of: Any, tmp_path: Path
) -> None:
    offer = make_offer(
        "gcp", accelerator=None, accelerator_count=0.0, instance_type="n2-standard-8"
    )
    packed = pack(make_job(**SMALL, nodes=2))
    request = plan_packed(packed, offer, settings_of("gcp"), Decimal(5)).request
    codes = run_vertex(request, packed.archive, tmp_path, free_port())
    logs = [path.read_text(errors="replace")[-2000:] for path in tmp_path.glob("worker*/log.txt")]
    assert codes == [0, 0], logs
    assert left_behind(tmp_path / "gcs").processes == 2


@pytest.mark.slow
@pytest.mark.enable_socket
def test_two_nodes_of_azure_ml_as_two_processes(
    make_job: Any, make_offer: Any, settings_of: Any, tmp_path: Path
) -> None:
    offer = make_offer("azure", accelerator=None, accelerator_count=0.0)
    packed = pack(make_job(**SMALL, nodes=2))
    request = plan_packed(packed, offer, settings_of("azure"), Decimal(5)).request
    codes = run_azure(request, packed.archive, tmp_path, free_port())
    logs = [path.read_text(errors="replace")[-2000:] for path in tmp_path.glob("node-*/log.txt")]
    assert codes == [0, 0], logs
    run = left_behind(tmp_path / "node-0" / "outputs")
    assert (run.processes, run.workload.name) == (2, "mlp")
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("node-1/outputs/**/*")}
    assert left == {"node-1/outputs/log-node1.txt"}  # one record, of the first


@pytest.mark.slow
@pytest.mark.skipif(way_in() is None, reason="needs Linux namespaces: root, or unprivileged ones")
def test_two_nodes_of_sagemaker_as_two_processes(
    make_job: Any, make_offer: Any, settings_of: Any, tmp_path: Path
) -> None:
    offer = make_offer("aws", accelerator=None, accelerator_count=0.0, instance_type="ml.m5.large")
    packed = pack(make_job(**SMALL, nodes=2))
    request = plan_packed(packed, offer, settings_of("aws"), Decimal(5)).request
    nodes = Containers(request, packed.archive, tmp_path)
    assert nodes.run() == [0, 0], [nodes.log(host) for host in nodes.hosts]
    run = left_behind(nodes.ml() / "output" / "data")
    assert (run.processes, run.workload.name) == (2, "mlp")
    assert not list((nodes.ml("algo-2") / "output").rglob("*.json"))  # one record, of the first
    for rank, host in enumerate(nodes.hosts):
        assert (nodes.ml(host) / "output" / "data" / f"log-node{rank}.txt").stat().st_size
