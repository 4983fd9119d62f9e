"""Jobs, offers and settings as the tests of all three services need them."""

import os
from decimal import Decimal
from typing import Any

import pytest

from cloud.settings import AwsSettings, AzureSettings, GcpSettings, Settings
from results.records import Job, Offer, Workload

PLACES: dict[str, dict[str, Any]] = {
    "aws": {"service": "sagemaker", "region": "us-east-1", "instance_type": "ml.g5.xlarge"},
    "gcp": {"service": "vertex", "region": "us-central1", "instance_type": "g2-standard-8"},
    "azure": {"service": "azureml", "region": "eastus", "instance_type": "Standard_NC4as_T4_v3"},
}
GPUS = {"aws": "A10G", "gcp": "L4", "azure": "T4"}


def a_job(**given: Any) -> Job:
    """A job of the CNN; names of Workload's fields go there, the others to the Job."""
    workload: dict[str, Any] = {
        "name": "cnn",
        "reference": "cnn",
        "model": "CNN",
        "input_shape": (1, 28, 28),
        "batch_size": 64,
        "precision": "fp32",
        "samples_per_epoch": 60000,
        "sample_unit": "image",
    }
    job = {key: given.pop(key) for key in ("epochs", "samples_per_epoch", "nodes") if key in given}
    return Job(
        workload=Workload(**(workload | given)), **({"epochs": 3, "samples_per_epoch": 60000} | job)
    )


def an_offer(provider: str = "aws", **given: Any) -> Offer:
    """One GPU of `provider` at one dollar an hour."""
    offer: dict[str, Any] = {
        "provider": provider,
        "vcpus": 4,
        "memory_gib": 16.0,
        "accelerator": GPUS[provider],
        "accelerator_count": 1.0,
        "accelerator_memory_gib": 16.0,
        "allocation": "on_demand",
        "usd_per_hour": Decimal("1"),
        "basis": "published",
        "as_of": "2026-06-18",
        "source": "test",
    }
    return Offer(**(offer | PLACES[provider] | given))


def some_settings(provider: str) -> Settings:
    """Complete settings of `provider`."""
    if provider == "aws":
        return AwsSettings(role_arn="arn:aws:iam::123456789012:role/trainer", bucket="my-bucket")
    if provider == "gcp":
        return GcpSettings(project="my-project-1", bucket="my-bucket")
    return AzureSettings(
        subscription_id="01234567-89ab-cdef-0123-456789abcdef",
        resource_group="my-group",
        workspace="my-workspace",
    )


@pytest.fixture(autouse=True)
def _no_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    """azure-ai-ml asks git five things of the folder around before each job, if git knows any."""
    monkeypatch.setenv("GIT_DIR", os.devnull)


@pytest.fixture(name="make_job")
def _make_job() -> Any:
    return a_job


@pytest.fixture(name="make_offer")
def _make_offer() -> Any:
    return an_offer


@pytest.fixture(name="settings_of")
def _settings_of() -> Any:
    return some_settings
