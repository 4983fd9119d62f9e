"""The place of a node, from samples of what the three services tell."""

import json
from pathlib import Path
from typing import Any

import pytest

from cloud.place import Place, find_place, output_folder
from results.errors import UsageError

# As SageMaker writes it; its own documents sort the hosts as text.
RESOURCE_CONFIG = {
    "current_host": "algo-2",
    "current_instance_type": "ml.g5.xlarge",
    "current_group_name": "homogeneousCluster",
    "hosts": ["algo-2", "algo-1"],
    "instance_groups": [
        {
            "instance_group_name": "homogeneousCluster",
            "instance_type": "ml.g5.xlarge",
            "hosts": ["algo-2", "algo-1"],
        }
    ],
    "network_interface_name": "eth0",
}
CLUSTER_SPEC: dict[str, Any] = {
    "cluster": {
        "workerpool0": ["cmle-training-workerpool0-ab-0:2222"],
        "workerpool1": [
            "cmle-training-workerpool1-ab-0:2222",
            "cmle-training-workerpool1-ab-1:2222",
        ],
    },
    "environment": "cloud",
    "task": {"type": "workerpool1", "index": 1},
    "job": "{...}",
}
AZURE = {
    "AZUREML_RUN_ID": "trainfare-cnn-0123456789ab",
    "MASTER_ADDR": "10.0.0.4",
    "MASTER_PORT": "6105",
    "WORLD_SIZE": "2",
    "NODE_RANK": "1",
    "RANK": "1",
    "LOCAL_RANK": "0",
}


def write(folder: Path, config: object) -> Path:
    path = folder / "resourceconfig.json"
    path.write_text(json.dumps(config))
    return path


def test_sagemaker(tmp_path: Path) -> None:
    assert find_place("sagemaker", {}, write(tmp_path, RESOURCE_CONFIG)) == Place(
        node_rank=1,
        node_count=2,
        main_address="algo-1",
        main_port=7777,
        network_interface="eth0",
    )


def test_sagemaker_nodes_agree_on_their_ranks(tmp_path: Path) -> None:
    hosts = [f"algo-{i}" for i in range(1, 13)]
    ranks = []
    for host in hosts:
        config = {"current_host": host, "hosts": hosts}
        place = find_place("sagemaker", {}, write(tmp_path, config))
        assert place.main_address == "algo-1"
        ranks.append(place.node_rank)
    assert sorted(ranks) == list(range(12))


@pytest.mark.parametrize(
    ("pool", "index", "rank"), [("workerpool0", 0, 0), ("workerpool1", 0, 1), ("workerpool1", 1, 2)]
)
def test_vertex(pool: str, index: int, rank: int) -> None:
    spec = CLUSTER_SPEC | {"task": {"type": pool, "index": index}}
    assert find_place("vertex", {"CLUSTER_SPEC": json.dumps(spec)}) == Place(
        node_rank=rank,
        node_count=3,
        main_address="cmle-training-workerpool0-ab-0",
        main_port=2222,
    )


def test_a_single_node_meets_itself_locally(tmp_path: Path) -> None:
    config = write(tmp_path, {"current_host": "algo-1", "hosts": ["algo-1"]})
    assert find_place("sagemaker", {}, config) == Place()
    spec = CLUSTER_SPEC | {
        "cluster": {"workerpool0": ["cmle-training-workerpool0-ab-0:2222"]},
        "task": {"type": "workerpool0", "index": 0},
    }
    assert find_place("vertex", {"CLUSTER_SPEC": json.dumps(spec)}) == Place()


@pytest.mark.parametrize("environ", [{}, {"CLUSTER_SPEC": ""}, {"CLUSTER_SPEC": "{}"}])
def test_vertex_without_a_cluster_is_one_node(environ: dict[str, str]) -> None:
    assert find_place("vertex", environ) == Place()


def test_azureml() -> None:
    assert find_place("azureml", AZURE) == Place(
        node_rank=1, node_count=2, main_address="10.0.0.4", main_port=6105
    )


def test_azureml_on_one_node_sets_nothing() -> None:
    assert find_place("azureml", {"AZUREML_RUN_ID": "x"}) == Place()


@pytest.mark.parametrize(
    ("service", "environ"),
    [
        ("sagemaker", {}),
        ("vertex", {"CLUSTER_SPEC": "not JSON"}),
        ("vertex", {"CLUSTER_SPEC": "[1]"}),
        ("vertex", {"CLUSTER_SPEC": '{"cluster": {"workerpool0": []}}'}),
        (
            "vertex",
            {
                "CLUSTER_SPEC": json.dumps(
                    CLUSTER_SPEC | {"task": {"type": "workerpool1", "index": 7}}
                )
            },
        ),
        ("azureml", AZURE | {"NODE_RANK": "2"}),
        ("azureml", {"WORLD_SIZE": "2"}),
        ("azureml", AZURE | {"MASTER_PORT": "x"}),
    ],
)
def test_what_makes_no_sense_is_told(service: str, environ: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not say which node"):
        find_place(service, environ, tmp_path / "missing.json")


def test_a_host_that_is_not_among_the_hosts_is_told(tmp_path: Path) -> None:
    config = write(tmp_path, {"current_host": "algo-9", "hosts": ["algo-1"]})
    with pytest.raises(UsageError, match="algo-9"):
        find_place("sagemaker", {}, config)


def test_an_unknown_service_is_told() -> None:
    with pytest.raises(UsageError, match=r"'sagemakr' is no service. Near: sagemaker"):
        find_place("sagemakr", {})


def test_where_the_result_goes(tmp_path: Path) -> None:
    assert output_folder("outputs", {}, tmp_path) == tmp_path / "outputs"
    assert output_folder("/gcs/b/output", {}, tmp_path) == Path("/gcs/b/output")
    elsewhere = {"SM_OUTPUT_DATA_DIR": "/opt/ml/elsewhere"}
    assert output_folder("/opt/ml/output/data", elsewhere, tmp_path) == Path("/opt/ml/elsewhere")
