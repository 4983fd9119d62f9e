"""From a provider's name to its planner, imported only when asked for; and the one way to plan."""

from decimal import Decimal
from importlib import import_module
from typing import Any, Protocol, cast

from cloud.cap import max_seconds
from cloud.client import Client
from cloud.job_key import job_name
from cloud.settings import SECTIONS, Settings
from cloud.source import FILE_ONLY, Packed, Source, pack
from results.errors import UsageError, near
from results.records import Job, JobRequest, Offer, Provider

MODULES = {"aws": "cloud.sagemaker", "gcp": "cloud.vertex", "azure": "cloud.azureml"}
CLIENTS: dict[Provider, tuple[str, str]] = {
    "aws": ("cloud.sagemaker_client", "SageMakerClient"),
    "gcp": ("cloud.vertex_client", "VertexClient"),
    "azure": ("cloud.azureml_client", "AzureClient"),
}


class Planner(Protocol):
    """What each service's module offers: `SERVICE`, `SETTINGS` and `plan`."""

    SERVICE: str
    SETTINGS: type[Settings]

    @staticmethod
    def plan(
        job: Job, offer: Offer, settings: Any, max_seconds: int, source_digest: str
    ) -> dict[str, Any]:
        """The request as it would be sent."""


def planner(provider: str) -> Planner:
    """The module of `provider`. Raises UsageError for one that is not known."""
    if provider not in MODULES:
        raise UsageError(f"{provider!r} is no provider. {near(provider, MODULES)}")
    return cast(Planner, import_module(MODULES[provider]))


def client(settings: Settings) -> Client:
    """The client of the cloud these settings belong to. Raises UsageError where one is missing."""
    module, name = CLIENTS[SECTIONS[type(settings)]]
    made: Client = getattr(import_module(module), name)(settings)
    return made


def plan_request(
    job: Job, offer: Offer, settings: Settings, max_usd: Decimal, source: Source = FILE_ONLY
) -> JobRequest:
    """Everything that would be sent for `job` on `offer`, and the most it can cost. Sends nothing.

    Raises UsageError for what cannot be sent, OverBudgetError where `max_usd` is too small.
    """
    return plan_packed(pack(job, source), offer, settings, max_usd)


def plan_packed(packed: Packed, offer: Offer, settings: Settings, max_usd: Decimal) -> JobRequest:
    """`plan_request` of a job that is packed already, because its archive is to be sent."""
    service = planner(offer.provider)
    if not isinstance(settings, service.SETTINGS):
        raise UsageError(
            f"{offer.instance_type!r} is rented from {offer.provider}, but the settings are those "
            f"of {SECTIONS[type(settings)]}. Give --provider {offer.provider}."
        )
    seconds = max_seconds(max_usd, offer, packed.job.nodes)
    return JobRequest(
        provider=offer.provider,
        service=service.SERVICE,
        job_name=job_name(packed.job, offer, packed.digest),
        request=service.plan(packed.job, offer, settings, seconds, packed.digest),
        max_usd=max_usd,
        max_seconds=seconds,
    )
