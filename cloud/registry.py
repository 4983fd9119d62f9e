"""From a provider's name to its planner, imported only when asked for; and the one way to plan."""

from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol, cast

from cloud.cap import max_seconds
from cloud.client import Client
from cloud.job_key import job_name
from cloud.settings import SECTIONS, Settings
from cloud.source import FILE_ONLY, Packed, Source, digest, pack
from results.errors import UsageError, near
from results.records import Job, JobRequest, Offer, Provider

MODULES = {"aws": "cloud.sagemaker", "gcp": "cloud.vertex", "azure": "cloud.azureml"}
# Module and class of the client, and a package that it cannot do without.
CLIENTS: dict[Provider, tuple[str, str, str]] = {
    "aws": ("cloud.sagemaker_client", "SageMakerClient", "boto3"),
    "gcp": ("cloud.vertex_client", "VertexClient", "google.cloud.aiplatform_v1"),
    "azure": ("cloud.azureml_client", "AzureClient", "azure.ai.ml"),
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

    @staticmethod
    def waiting(request: dict[str, Any], max_wait_seconds: int) -> dict[str, Any]:
        """The request of a job that is cancelled if it waits longer for its machines."""

    @staticmethod
    def going_on(request: dict[str, Any], name: str, before: str) -> dict[str, Any]:
        """The request of job `name` with the checkpoints of the job `before`, where it has any."""


def planner(provider: str) -> Planner:
    """The module of `provider`. Raises UsageError for one that is not known."""
    if provider not in MODULES:
        raise UsageError(f"{provider!r} is no provider. {near(provider, MODULES)}")
    return cast(Planner, import_module(MODULES[provider]))


def client(settings: Settings) -> Client:
    """The client of the cloud these settings belong to; no call is made yet.

    Raises UsageError where a setting or the cloud's own packages are missing.
    """
    provider = SECTIONS[type(settings)]
    module, name, package = CLIENTS[provider]
    if not _is_installed(package):
        raise UsageError(
            f"{package!r} is not installed, and {provider} cannot be called without it. Install: "
            f"pip install 'trainfare[{provider}]'"
        )
    made: Client = getattr(import_module(module), name)(settings)
    return made


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # not even its parent
        return False


def plan_request(
    job: Job, offer: Offer, settings: Settings, max_usd: Decimal, source: Source = FILE_ONLY
) -> JobRequest:
    """Everything that would be sent for `job` on `offer`, and the most it can cost. Sends nothing.

    Raises UsageError for what cannot be sent, OverBudgetError where `max_usd` is too small.
    """
    return plan_packed(pack(job, source), offer, settings, max_usd)


def plan_packed(
    packed: Packed,
    offer: Offer,
    settings: Settings,
    max_usd: Decimal,
    repeat: int = 0,
    max_wait_seconds: int | None = None,
    goes_on_from: str | None = None,
) -> JobRequest:
    """`plan_request` of a job that is packed already, because its archive is to be sent.

    `repeat` counts deliberate repetitions of the same job: each has a name of its own. A spot job
    keeps its checkpoints at a place of its own, or at that of the job `goes_on_from`.
    """
    service = planner(offer.provider)
    if not isinstance(settings, service.SETTINGS):
        raise UsageError(
            f"{offer.instance_type!r} is rented from {offer.provider}, but the settings are those "
            f"of {SECTIONS[type(settings)]}. Give --provider {offer.provider}."
        )
    seconds = max_seconds(max_usd, offer, packed.job.nodes)
    identity = packed.digest if repeat == 0 else digest(f"{packed.digest} {repeat}".encode())
    request = service.plan(packed.job, offer, settings, seconds, identity)
    name = job_name(packed.job, offer, identity)
    if max_wait_seconds is not None:
        request = service.waiting(request, max_wait_seconds)
    if goes_on_from is not None:
        request = service.going_on(request, name, goes_on_from)
    return JobRequest(
        provider=offer.provider,
        service=service.SERVICE,
        job_name=name,
        request=request,
        max_usd=max_usd,
        max_seconds=seconds,
        max_wait_seconds=max_wait_seconds,
    )
