"""Which node of how many this is, and where the first one listens, as each service tells it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results.errors import UsageError, near

RESOURCE_CONFIG = Path("/opt/ml/input/config/resourceconfig.json")
SAGEMAKER_PORT = 7777  # the one that AWS's own training toolkit uses between the hosts
LOCAL_PORT = 29500  # torchrun's default
SERVICES = ("sagemaker", "vertex", "azureml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A node among the nodes of a job; node 0 is the main one."""

    node_rank: int = 0
    node_count: int = 1
    main_address: str = "127.0.0.1"
    main_port: int = LOCAL_PORT
    network_interface: str | None = None


def find_place(
    service: str, environ: Mapping[str, str], resource_config: Path = RESOURCE_CONFIG
) -> Place:
    """This node's place, from what `service` tells. Raises UsageError where it makes no sense."""
    if service not in SERVICES:
        raise UsageError(f"{service!r} is no service. {near(service, SERVICES)}")
    try:
        if service == "sagemaker":
            return sagemaker_place(json.loads(resource_config.read_text(encoding="utf-8")))
        if service == "vertex":
            return vertex_place(json.loads(environ.get("CLUSTER_SPEC") or "{}"))
        return azureml_place(environ)
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{service} does not say which node this is: {type(error).__name__}: {error}. "
            "Send the job again; if it fails the same way, on one node."
        ) from None


def sagemaker_place(config: Mapping[str, Any]) -> Place:
    """From resourceconfig.json: `current_host`, `hosts` and `network_interface_name`."""
    hosts = sorted(config["hosts"])
    rank = hosts.index(config["current_host"])
    if len(hosts) == 1:
        return Place()
    return Place(
        node_rank=rank,
        node_count=len(hosts),
        main_address=hosts[0],
        main_port=SAGEMAKER_PORT,
        network_interface=config.get("network_interface_name"),
    )


def vertex_place(spec: Mapping[str, Any]) -> Place:
    """From CLUSTER_SPEC: pool 0 is node 0, replica i of pool 1 is node i + 1.

    The address and port are those listed for pool 0: the only ones Vertex AI says are open.
    """
    if not spec.get("cluster"):
        return Place()
    main, others = spec["cluster"]["workerpool0"], spec["cluster"].get("workerpool1", [])
    address, port = main[0].rsplit(":", 1)
    pool, index = spec["task"]["type"], int(spec["task"]["index"])
    rank = {"workerpool0": 0, "workerpool1": 1}[pool] + index
    if not 0 <= rank < len(main) + len(others):
        raise ValueError(f"node {rank} of {len(main) + len(others)}")
    if not others:
        return Place()
    return Place(
        node_rank=rank,
        node_count=len(main) + len(others),
        main_address=address,
        main_port=int(port),
    )


def azureml_place(environ: Mapping[str, str]) -> Place:
    """From what its PyTorch distribution sets: one process a node, so WORLD_SIZE counts nodes."""
    count = int(environ.get("WORLD_SIZE", "1"))
    if count == 1:
        return Place()
    rank = int(environ["NODE_RANK"])
    if not 0 <= rank < count:
        raise ValueError(f"node {rank} of {count}")
    return Place(
        node_rank=rank,
        node_count=count,
        main_address=environ["MASTER_ADDR"],
        main_port=int(environ["MASTER_PORT"]),
    )


def output_folder(asked: str, environ: Mapping[str, str], working_folder: Path) -> Path:
    """Where the result goes: SageMaker's own SM_OUTPUT_DATA_DIR, or else what was asked for."""
    return working_folder / (environ.get("SM_OUTPUT_DATA_DIR") or asked)
