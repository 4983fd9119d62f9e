"""A job of one second's cost or many, on any of the three clouds, ready to be launched."""

import functools
from dataclasses import replace
from decimal import Decimal
from typing import Any

from fakes.clouds import Cloud

PLACES: dict[str, dict[str, Any]] = {
    "aws": {"service": "sagemaker", "region": "us-east-1", "instance_type": "ml.g5.xlarge"},
    "gcp": {"service": "vertex", "region": "us-central1", "instance_type": "g2-standard-8"},
    "azure": {"service": "azureml", "region": "eastus", "instance_type": "Standard_NC4as_T4_v3"},
}
GPUS = {"aws": "A10G", "gcp": "L4", "azure": "T4"}
ARCHIVE = b"an archive"


@functools.cache
def _archive(workload: Any) -> bytes:
    """What travels: of a built-in workload the same for every job."""
    from cloud.source import pack
    from results.records import Job

    return pack(Job(workload=workload, epochs=1, samples_per_epoch=1)).archive


@functools.cache
def an_order(
    cloud: Cloud,
    max_usd: str = "5",
    rate: str = "1",
    name: str = "cnn",
    allocation: str = "on_demand",
    nodes: int = 1,
    max_wait_seconds: int | None = None,
) -> Any:
    """An order at `rate` dollars an hour; the same arguments make the same job.

    Made once: packing the source is slow, and an order is never changed.
    """
    from cloud.launch import Order
    from cloud.registry import plan_packed
    from cloud.source import Packed
    from results.records import Estimate, Job, Offer, UsdInterval, Workload
    from results.statistics import Interval

    workload = Workload(
        name=name, reference="cnn", model="CNN", input_shape=(1, 28, 28), batch_size=64,
        precision="fp32", samples_per_epoch=60000, sample_unit="image",
    )  # fmt: skip
    job = Job(workload=workload, epochs=3, samples_per_epoch=60000, nodes=nodes)
    offer = Offer(
        provider=cloud.provider, vcpus=4, memory_gib=16.0, accelerator=GPUS[cloud.provider],
        accelerator_count=1.0, accelerator_memory_gib=16.0, allocation=allocation,
        usd_per_hour=Decimal(rate), basis="published", as_of="2026-06-18", source="test",
        **PLACES[cloud.provider],
    )  # type: ignore[arg-type]  # fmt: skip
    seconds, usd = Interval(low=600.0, mid=700.0, high=900.0), Decimal(rate) / 4
    estimate = Estimate(
        job=job, offer=offer, items=(), epoch_seconds=seconds, seconds=seconds,
        usd=UsdInterval(low=usd, mid=usd, high=usd), grade="projected",
    )  # fmt: skip
    packed = Packed(job=job, archive=_archive(replace(workload, name="cnn")))
    request = plan_packed(
        packed, offer, cloud.settings(), Decimal(max_usd), max_wait_seconds=max_wait_seconds
    )
    return Order(request=request, archive=ARCHIVE, source_digest="ab" * 32, estimate=estimate)
