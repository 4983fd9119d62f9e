"""Records whose figures a test can work out by hand."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from results.bill_lines import BillLine
from results.records import (
    Estimate,
    EstimateItem,
    GpuReading,
    Job,
    JobRequest,
    Machine,
    Measurement,
    Offer,
    Quote,
    Run,
    SweepPoint,
    UsdInterval,
    Workload,
)
from results.statistics import Interval


def span(low: float, mid: float, high: float) -> Interval:
    return Interval(low=low, mid=mid, high=high)


def usd(low: str, mid: str, high: str) -> UsdInterval:
    return UsdInterval(low=Decimal(low), mid=Decimal(mid), high=Decimal(high))


def build_workload(**given: Any) -> Workload:
    plain: dict[str, Any] = {
        "name": "cnn",
        "reference": "cnn",
        "model": "CNN",
        "input_shape": (1, 28, 28),
        "batch_size": 64,
        "precision": "fp32",
        "samples_per_epoch": 60000,
        "sample_unit": "image",
    }
    return Workload(**plain | given)


def build_machine(**given: Any) -> Machine:
    plain: dict[str, Any] = {
        "device": "cpu",
        "device_name": "Some CPU",
        "device_memory_bytes": None,
        "cpu_name": "Some CPU",
        "cpu_count": 4,
        "threads": 2,
        "memory_bytes": None,
        "platform": "Linux x86_64",
        "python_version": "3.12",
        "torch_version": "2.15",
    }
    return Machine(**plain | given)


def build_measurement(phase: str = "step", seconds: float = 0.1, **given: Any) -> Measurement:
    """Nine quiet blocks of one step or epoch each, all exactly `seconds` long."""
    blocks = given.setdefault("block_seconds", (seconds,) * 9)
    return Measurement(**{"phase": phase, "disturbed": (False,) * len(blocks)} | given)


def build_run(**given: Any) -> Run:
    """A run on a CPU; names of Workload's and Machine's fields go there, the others to the Run."""
    fields = {kind: kind.__dataclass_fields__.keys() for kind in (Workload, Machine)}
    parts = {
        kind: {key: given.pop(key) for key in names & given.keys()}
        for kind, names in fields.items()
    }
    plain: dict[str, Any] = {
        "run_id": "20261124T000000-cnn-000000",
        "captured_at": "2026-11-24T00:00:00+00:00",
        "workload": build_workload(**parts[Workload]),
        "machine": build_machine(**parts[Machine]),
        "measurements": (build_measurement(samples_per_repeat=64),),
    }
    return Run(**plain | given)


def build_offer(**given: Any) -> Offer:
    plain: dict[str, Any] = {
        "provider": "aws",
        "service": "sagemaker",
        "region": "us-east-1",
        "instance_type": "ml.g5.xlarge",
        "vcpus": 4,
        "memory_gib": 16.0,
        "accelerator": "A10G",
        "accelerator_count": 1.0,
        "accelerator_memory_gib": 24.0,
        "allocation": "on_demand",
        "usd_per_hour": Decimal("3.6"),
        "basis": "published",
        "as_of": "2026-07-30",
        "source": "a test",
    }
    return Offer(**plain | given)


def build_estimate(workload: Workload | None = None, **given: Any) -> Estimate:
    """Three epochs; names of Offer's fields go there, the others to the Estimate."""
    names = Offer.__dataclass_fields__.keys() & given.keys()
    offer = build_offer(**{key: given.pop(key) for key in names})
    plain: dict[str, Any] = {
        "job": Job(workload=workload or build_workload(), epochs=3, samples_per_epoch=60000),
        "offer": offer,
        "items": (),
        "epoch_seconds": span(80.0, 100.0, 120.0),
        "seconds": span(240.0, 360.0, 480.0),
        "usd": usd("0.24", "0.36", "0.48"),
        "grade": "projected",
    }
    return Estimate(**plain | given)


@dataclass(frozen=True)
class Priced:
    """An estimate as the ranking holds it: the bill apart from the rate."""

    estimate: Estimate

    job = property(lambda self: self.estimate.job)
    offer = property(lambda self: self.estimate.offer)
    grade = property(lambda self: self.estimate.grade)
    seconds = property(lambda self: self.estimate.seconds)
    usd = property(lambda self: self.estimate.usd)
    rate = property(lambda self: self.estimate.offer.usd_per_hour)
    lines_key = property(lambda self: (self.estimate.offer.instance_type,))

    def lines(self) -> tuple[BillLine, ...]:
        """The items as fixed amounts."""
        return tuple(
            BillLine(
                name=item.name,
                seconds=item.seconds,
                fixed_usd=item.usd,
                billed_by=item.billed_by,
                evidence=item.evidence,
            )
            for item in self.estimate.items
        )


def build_quote(*estimates: Estimate, **given: Any) -> Quote:
    plain: dict[str, Any] = {
        "quote_id": "20261124T000001-cnn-000001",
        "captured_at": "2026-11-24T00:00:01+00:00",
        "run_id": "20261124T000000-cnn-000000",
        "verdict": "quiet",
        "estimates": estimates,
    }
    return Quote(**plain | given)


def samples_of_each() -> dict[type, Any]:
    """One record of each type in which nothing is left empty."""
    gpu = GpuReading(
        utilization_percent=91.5,
        power_watts=None,
        sm_clock_mhz=1410.0,
        memory_used_bytes=2**30,
        sm_clock_max_mhz=1980.0,
        throttle_reasons=("software power cap",),
        other_processes=1,
    )
    point = SweepPoint(
        batch_size=128,
        step_seconds=(0.1, 0.2),
        contended=True,
        peak_memory_bytes=2**30,
        problem="x",
    )
    run = build_run(
        name="größe-数",
        parameter_count=421642,
        data_note="synthetic",
        options=(("image_size", "32"),),
        device="cuda:0",
        device_memory_bytes=2**34,
        load_average=0.25,
        measurements=(
            build_measurement("load", 0.02, warmup_seconds=(0.5, 0.25)),
            build_measurement(
                "step", block_seconds=(0.1, 0.3), disturbed=(True, False), steps_per_block=2
            ),
        ),
        gpu=gpu,
        bytes_per_step=10**6,
        energy_joules=1.5,
        energy_steps=3,
        sweep=(point,),
        metrics=(("accuracy", 0.98), ("test_loss", 0.1)),
        warnings=("busy",),
    )
    item = EstimateItem(
        name="train",
        seconds=span(240.0, 300.0, 360.0),
        usd=usd("0.24", "0.30", "0.36"),
        billed_by="SageMaker",
        evidence="projected",
    )
    estimate = build_estimate(run.workload, items=(item,), assumptions=("starts in 2 min",))
    request = JobRequest(
        provider="gcp",
        service="vertex",
        job_name="trainfare-cnn",
        request={"workerPoolSpecs": [{"replicaCount": 1}], "labels": None},
        max_usd=Decimal("0.50"),
        max_seconds=600,
    )
    quote = build_quote(estimate, left_out=(("needs more memory", 12),))
    records = (
        run, run.workload, run.machine, run.measurements[1], gpu, point, quote, estimate,
        estimate.job, estimate.offer, item, item.usd, item.seconds, request,
    )  # fmt: skip
    return {type(record): record for record in records}


@pytest.fixture(scope="session")
def make_measurement() -> Callable[..., Measurement]:
    return build_measurement


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Run]:
    return build_run


@pytest.fixture(scope="session")
def make_workload() -> Callable[..., Workload]:
    return build_workload


@pytest.fixture(scope="session")
def make_offer() -> Callable[..., Offer]:
    return build_offer


@pytest.fixture(scope="session")
def make_estimate() -> Callable[..., Estimate]:
    return build_estimate


@pytest.fixture(scope="session")
def make_quote() -> Callable[..., Quote]:
    return build_quote


@pytest.fixture(scope="session")
def samples() -> dict[type, Any]:
    return samples_of_each()
