"""Runs and offers to project, with exact times where a test works them out by hand."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from estimators.catalog import load_offers
from results.records import Machine, Measurement, Offer, Run, Workload


def build_measurement(phase: str, seconds: float, blocks: int = 9, spread: float = 0.0) -> Any:
    middle = blocks // 2
    times = tuple(seconds * (1 + spread * (i - middle) / max(1, middle)) for i in range(blocks))
    return Measurement(phase=phase, block_seconds=times, disturbed=(False,) * blocks)


def build_run(
    device: str | None = None,
    step: float | None = 0.1,
    load: float | None = 0.0,
    epoch: float | None = None,
    batch: int = 64,
    samples: int = 6400,
    precision: Any = "tf32",
    threads: int = 2,
    peak_memory_bytes: int | None = None,
    spread: float = 0.0,
) -> Run:
    """A run on the GPU that the driver calls `device`, or on a CPU where that is None."""
    phases = [("step", step), ("load", load), ("epoch", epoch)]
    return Run(
        run_id="20261124T000000-cnn-000000",
        captured_at="2026-11-24T00:00:00+00:00",
        workload=Workload(
            name="cnn",
            reference="cnn",
            model="CNN",
            input_shape=(1, 28, 28),
            batch_size=batch,
            precision=precision,
            samples_per_epoch=samples,
            sample_unit="image",
        ),
        machine=Machine(
            device="cuda:0" if device else "cpu",
            device_name=device or "Some CPU",
            device_memory_bytes=None,
            cpu_name="Some CPU",
            cpu_count=threads,
            threads=threads,
            memory_bytes=None,
            platform="Linux x86_64",
            python_version="3.12",
            torch_version="2.15",
        ),
        measurements=tuple(
            build_measurement(name, s, spread=spread) for name, s in phases if s is not None
        ),
        peak_memory_bytes=peak_memory_bytes,
    )


def build_offer(accelerator: str | None = "T4", count: float = 1, **changes: Any) -> Offer:
    plain: dict[str, Any] = {
        "provider": "aws",
        "service": "sagemaker",
        "region": "us-east-1",
        "instance_type": "ml.test.xlarge",
        "vcpus": 8,
        "memory_gib": 32.0,
        "accelerator": accelerator,
        "accelerator_count": count if accelerator else 0.0,
        "accelerator_memory_gib": 16.0 if accelerator else None,
        "allocation": "on_demand",
        "usd_per_hour": Decimal("3.6"),
        "basis": "published",
        "as_of": "2026-07-30",
        "source": "a test",
    }
    return Offer(**plain | changes)


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Run]:
    return build_run


@pytest.fixture(scope="session")
def make_offer() -> Callable[..., Offer]:
    return build_offer


@pytest.fixture(scope="session")
def catalog() -> Sequence[Offer]:
    return load_offers()
