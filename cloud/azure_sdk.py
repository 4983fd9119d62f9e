"""azure-ai-ml's MLClient as trainfare uses it: quiet, without telemetry, each call tried once."""

import json
import logging
import os
from functools import partial
from io import StringIO
from typing import Any
from urllib.parse import SplitResult, urlsplit

from cloud.answers import refuse_page
from cloud.azure_errors import without_pages
from cloud.errors import ConfigurationError
from cloud.settings import AzureSettings, for_a_job

ENDPOINT = "https://management.azure.com"
SCOPE = f"{ENDPOINT}/.default"
CURRENT_CLOUD = "AZUREML_CURRENT_CLOUD"  # the SDK's own setting for the clouds of governments
# One try: `cloud.patience` tries again, the same on all clouds.
ONCE: dict[str, Any] = {"retry_total": 0, "connection_timeout": 20, "read_timeout": 60}


def ml_client(settings: AzureSettings, credential: Any) -> Any:
    """The MLClient of the settings' workspace; it makes no call yet."""
    make = _quiet_sdk().MLClient
    place = for_a_job(settings)
    quiet: dict[str, Any] = {"enable_telemetry": False, "show_progress": False}
    quiet["raw_response_hook"] = without_pages
    if settings.endpoint is None:
        return make(credential, *place, **quiet, **ONCE)
    own, before = _own_cloud(settings.endpoint), os.environ.get(CURRENT_CLOUD)
    try:
        return make(_AzuresOwn(credential), *place, **own, **quiet, **ONCE)
    finally:  # it leaves the name there, which no other process could make anything of
        os.environ.pop(CURRENT_CLOUD, None)
        os.environ |= {CURRENT_CLOUD: before} if before else {}


def _own_cloud(endpoint: str) -> dict[str, Any]:
    """What MLClient takes for a cloud at another address: the public one, managed there.

    Its name is the address, because the SDK never changes what it knows under a name.
    """
    return {
        "cloud": endpoint,
        "cloud_metadata": {
            "azure_portal": "https://portal.azure.com/",
            "resource_manager": f"{endpoint}/",
            "active_directory": "https://login.microsoftonline.com/",
            "aml_resource_id": "https://ml.azure.com/",
            "storage_endpoint": "core.windows.net",
            "registry_discovery_endpoint": "https://eastus.api.azureml.ms/",
        },
        "raw_request_hook": partial(_stay_at, urlsplit(endpoint)),
    }


def _stay_at(there: SplitResult, request: Any) -> None:
    """Of a list, Azure names the next page by its own address: it is asked for at ours."""
    asked = request.http_request
    own = urlsplit(asked.url)._replace(scheme=there.scheme, netloc=there.netloc)
    asked.url = own.geturl()


class _AzuresOwn:
    """A credential for Azure itself, where MLClient would ask for one for the other address."""

    def __init__(self, credential: Any) -> None:
        self._credential = credential

    def get_token(self, *_: str, **options: Any) -> Any:
        """A token for Azure's own management, whichever was asked for."""
        return self._credential.get_token(SCOPE, **options)


def entity(kind: str, form: dict[str, Any]) -> Any:
    """The SDK's object of `form`, by its own `load_job` or `load_environment`; sends nothing.

    Raises ConfigurationError where the SDK finds a field unknown, missing or wrong.
    """
    load = getattr(_quiet_sdk(), f"load_{kind}")
    from azure.ai.ml.exceptions import MlException
    from marshmallow import ValidationError

    try:
        return load(StringIO(json.dumps(form)))
    except (MlException, ValidationError) as error:
        raise ConfigurationError("Azure ML", f"azure-ai-ml takes no such {kind}: {error}") from None


def _quiet_sdk() -> Any:
    """What is experimental in it, it tells on a handler of its own; what goes wrong, it raises."""
    import azure.ai.ml as sdk

    logger = logging.getLogger(sdk.__name__)
    if logger.level != logging.CRITICAL:  # to set one has every logger forget what it knows
        logger.setLevel(logging.CRITICAL)
    return sdk


def signed(base_url: str, credential: Any) -> Any:
    """Azure's plain HTTP client with the sign-in, for what MLClient has no public call for."""
    from azure.core import PipelineClient
    from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy

    policies = [RetryPolicy(retry_total=0), BearerTokenCredentialPolicy(credential, SCOPE)]
    return PipelineClient(base_url, policies=policies)


def answer_of(client: Any, path: str, **query: str) -> Any:
    """The JSON of one GET. Raises what Azure's libraries raise."""
    from azure.core.exceptions import ResourceNotFoundError
    from azure.core.rest import HttpRequest

    answer = client.send_request(HttpRequest("GET", client.format_url(path), params=query))
    refuse_page("Azure ML", answer.status_code, answer.content)
    if answer.status_code == 404:
        raise ResourceNotFoundError(response=answer)
    answer.raise_for_status()
    return answer.json()


def run_history(ml: Any, settings: AzureSettings, credential: Any) -> Any:
    """The client of the workspace's run history, at the address that the workspace tells.

    It is trusted with the sign-in as by the SDK itself; where to find it is asked without.
    """
    from azure.core import PipelineClient
    from azure.core.pipeline.policies import RetryPolicy

    place = ml.workspaces.get(settings.workspace).discovery_url
    unsigned: Any = PipelineClient(place, policies=[RetryPolicy(retry_total=0)])
    with unsigned:
        return signed(answer_of(unsigned, place)["api"], credential)
