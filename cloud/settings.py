"""The user's accounts, from the sections `[aws]`, `[gcp]` and `[azure]` of trainfare.toml.

Names and addresses only. Credentials are found by each SDK in its own usual places and have no
key here, so that a settings file can be shared.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import NamedTuple

from results.errors import UsageError, near
from results.records import Provider

FILE = "trainfare.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsSettings:
    """Section `[aws]`: where SageMaker finds the role and the bucket of a job."""

    role_arn: str | None = None
    bucket: str | None = None
    region: str | None = None
    endpoint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GcpSettings:
    """Section `[gcp]`: the project and bucket of a Vertex AI job."""

    project: str | None = None
    bucket: str | None = None
    service_account: str | None = None
    region: str | None = None
    endpoint: str | None = None
    logging_endpoint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureSettings:
    """Section `[azure]`: the workspace of an Azure ML job."""

    subscription_id: str | None = None
    resource_group: str | None = None
    workspace: str | None = None
    compute: str | None = None
    region: str | None = None
    endpoint: str | None = None
    storage_endpoint: str | None = None


Settings = AwsSettings | GcpSettings | AzureSettings
CLASSES: dict[Provider, type[Settings]] = {
    "aws": AwsSettings,
    "gcp": GcpSettings,
    "azure": AzureSettings,
}
SECTIONS: dict[type[Settings], Provider] = {kind: name for name, kind in CLASSES.items()}
FOR_A_JOB: dict[Provider, tuple[str, ...]] = {
    "aws": ("role_arn", "bucket"),
    "gcp": ("project", "bucket"),
    "azure": ("subscription_id", "resource_group", "workspace"),
}


class Rule(NamedTuple):
    """What a setting is for, an example of it, and the form it must have."""

    purpose: str
    example: str
    pattern: str


_S3_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_GCS_BUCKET = r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]"
_REGION = Rule("choose the region when --region is not given", "us-east-1", r"[a-z][a-z0-9-]+")
_ENDPOINT = Rule("reach the service at another address", "https://localhost:8443", r"https?://\S+")
# Forms: botocore's CreateTrainingJob model, Google's and Azure's naming rules.
RULES: dict[Provider, dict[str, Rule]] = {
    "aws": {
        "role_arn": Rule(
            "let SageMaker read the source and write the result",
            "arn:aws:iam::123456789012:role/trainfare",
            r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
        ),
        "bucket": Rule("hold the job's source and result", "my-bucket", _S3_BUCKET),
        "region": _REGION,
        "endpoint": _ENDPOINT,
    },
    "gcp": {
        "project": Rule(
            "own the job",
            "my-project-123",
            r"(?:[a-z][a-z0-9.-]*:)?[a-z][a-z0-9-]{4,28}[a-z0-9]|\d+",
        ),
        "bucket": Rule("hold the job's source and result", "my-bucket", _GCS_BUCKET),
        "service_account": Rule(
            "run the job as",
            "trainer@my-project-123.iam.gserviceaccount.com",
            r"[^@\s]+@[^@\s]+\.[^@\s]+",
        ),
        "region": _REGION._replace(example="us-central1"),
        "endpoint": _ENDPOINT,
        "logging_endpoint": _ENDPOINT._replace(purpose="read logs at another address"),
    },
    "azure": {
        "subscription_id": Rule(
            "find the workspace",
            "01234567-89ab-cdef-0123-456789abcdef",
            r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
        ),
        "resource_group": Rule("find the workspace", "my-group", r"[\w().-]{0,89}[\w()-]"),
        "workspace": Rule("hold and run the job", "my-workspace", r"[A-Za-z0-9][\w-]{2,32}"),
        "compute": Rule(
            "run on a cluster of yours instead of serverless compute",
            "gpu-cluster",
            r"[A-Za-z][A-Za-z0-9-]{1,31}",
        ),
        "region": _REGION._replace(example="westeurope"),
        "endpoint": _ENDPOINT,
        "storage_endpoint": _ENDPOINT._replace(purpose="reach the results at another address"),
    },
}


def from_table(provider: Provider, table: Mapping[str, object]) -> Settings:
    """The settings of one section of trainfare.toml. Raises UsageError naming the wrong key."""
    rules = RULES[provider]
    values: dict[str, str] = {}
    for key, value in table.items():
        if key not in rules:
            raise UsageError(
                f"`[{provider}] {key}` in {FILE} is no setting. {near(key, rules)} "
                "Credentials do not belong there: the cloud's own tools keep them."
            )
        rule = rules[key]
        if not isinstance(value, str) or not re.fullmatch(rule.pattern, value):
            raise UsageError(
                f"`[{provider}] {key}` in {FILE} is {value!r}, which has not the form expected. "
                f'Example: {key} = "{rule.example}"'
            )
        values[key] = value
    return CLASSES[provider](**values)


def for_a_job(settings: Settings) -> tuple[str, ...]:
    """The settings without which no job can be sent, in the order of `FOR_A_JOB`.

    Raises UsageError for the first that is missing.
    """
    section = SECTIONS[type(settings)]
    known = {field.name: getattr(settings, field.name) for field in fields(settings)}
    for name in FOR_A_JOB[section]:
        if known[name] is None:
            rule = RULES[section][name]
            raise UsageError(
                f"`[{section}] {name}` is missing in {FILE}; it is needed to {rule.purpose}. "
                f'Example: {name} = "{rule.example}"'
            )
    return tuple(known[name] for name in FOR_A_JOB[section])
