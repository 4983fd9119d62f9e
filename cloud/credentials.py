"""Which sign-in each SDK would find here, by place alone: no secret is read, no call made."""

import os
from pathlib import Path

from results.records import Provider


def found(provider: Provider) -> str | None:
    """Where `provider`'s credentials come from, such as `environment`; None where none are found.

    The SDKs may find more than this: a machine's own identity is asked for over the network only
    when a job is submitted.
    """
    return {"aws": _aws, "gcp": _gcp, "azure": _azure}[provider]()


def _aws() -> str | None:
    if os.environ.get("AWS_ACCESS_KEY_ID"):
        return "environment"
    if os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE") or os.environ.get(
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
    ):
        return "identity of this container"
    default = Path.home() / ".aws"
    files = (
        os.environ.get("AWS_SHARED_CREDENTIALS_FILE", str(default / "credentials")),
        os.environ.get("AWS_CONFIG_FILE", str(default / "config")),
    )
    return next((file for file in files if Path(file).is_file()), None)


def _gcp() -> str | None:
    named = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if named:
        return named if Path(named).is_file() else None
    folder = os.environ.get("CLOUDSDK_CONFIG", str(Path.home() / ".config" / "gcloud"))
    file = Path(folder) / "application_default_credentials.json"
    return str(file) if file.is_file() else None


def _azure() -> str | None:
    if os.environ.get("AZURE_CLIENT_ID") and os.environ.get("AZURE_TENANT_ID"):
        return "environment"
    if os.environ.get("IDENTITY_ENDPOINT"):
        return "identity of this machine"
    folder = Path(os.environ.get("AZURE_CONFIG_DIR", str(Path.home() / ".azure")))
    return next(
        (
            str(f)
            for f in (folder / "msal_token_cache.json", folder / "azureProfile.json")
            if f.is_file()
        ),
        None,
    )
