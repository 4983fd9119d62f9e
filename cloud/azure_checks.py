"""What `doctor --online` asks of Azure ML: who one is, what exists, and what one may do there."""

import base64
import fnmatch
import json
from collections.abc import Callable
from typing import Any

from cloud import errors
from cloud.azure_errors import told
from cloud.azure_sdk import ENDPOINT, SCOPE, answer_of, signed
from cloud.checking import checked
from cloud.client import Check
from cloud.settings import AzureSettings

# Beside reading the workspace and its datastores; docs/clouds.md names the roles that hold them.
JOB_ACTIONS = tuple(
    f"Microsoft.MachineLearningServices/workspaces/{action}"
    for action in (
        "environments/versions/write",
        "jobs/read",
        "jobs/write",
        "jobs/cancel/action",
    )
)
BLOB_ACTIONS = tuple(
    f"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/{verb}"
    for verb in ("read", "write")
)


def checks(
    settings: AzureSettings, credential: Any, ml: Any, files: Callable[[], Any]
) -> list[Check]:
    """One line for each thing a job needs; what goes wrong is the answer and stops nothing."""
    there = signed(settings.endpoint or ENDPOINT, credential)

    def workspace() -> str:
        found = ml.workspaces.get(settings.workspace)
        return f"{found.name} in {found.location}"

    def jobs() -> str:
        return _may(there, ml.workspaces.get(settings.workspace).id, "actions", JOB_ACTIONS)

    def source() -> str:
        account = ml.workspaces.get(settings.workspace).storage_account
        return _may(there, account, "dataActions", BLOB_ACTIONS)

    calls: list[tuple[str, Callable[[], Any]]] = [
        ("signed in as", lambda: _who(credential, settings)),
        ("workspace", workspace),
        ("storage", lambda: files().get_container_properties().name),
        ("jobs", jobs),
        ("source and result", source),
    ]
    if settings.compute is not None:
        calls.append(("compute", lambda: _compute(ml.compute.get(settings.compute))))
    return [checked(name, call, told) for name, call in calls]


def _who(credential: Any, settings: AzureSettings) -> str:
    """From the token itself, which names its owner; nothing of it is shown or kept but that."""
    token = credential.get_token(SCOPE).token
    part = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        held = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) or "{}")
    except ValueError:
        held = {}
    who = held.get("upn") or held.get("unique_name") or held.get("appid") or held.get("oid")
    return f"{who or 'somebody'} in subscription {settings.subscription_id}"


def _compute(found: Any) -> str:
    """Only a cluster runs jobs on machines of one type and size; anything else is told as wrong."""
    if found.type != "amlcompute":
        raise errors.ConfigurationError(
            "Azure ML", f"compute {found.name!r} is of type {found.type}, not a cluster"
        )
    tier = str(found.tier or "dedicated").replace("_", " ")
    return f"{found.name}: up to {found.max_instances} × {found.size}, {tier}"


def _may(there: Any, resource: str, kind: str, needed: tuple[str, ...]) -> str:
    """`allowed`, by the permissions that Azure tells of who is signed in at `resource`.

    Source: Microsoft.Authorization, "Permissions - List For Resource", 2022-04-01. An action is
    held where one entry allows it and the same entry does not take it back.
    """
    path = f"{resource}/providers/Microsoft.Authorization/permissions"
    held = answer_of(there, path, **{"api-version": "2022-04-01"})["value"]
    taken = f"not{kind[0].upper()}{kind[1:]}"
    missing = [
        action
        for action in needed
        if not any(_in(action, one.get(kind)) and not _in(action, one.get(taken)) for one in held)
    ]
    if missing:
        raise errors.PermissionDeniedError("Azure ML", f"{', '.join(missing)} is missing")
    return "allowed"


def _in(action: str, patterns: list[str] | None) -> bool:
    """Whether one of Azure's patterns, in which `*` stands for anything, covers `action`."""
    return any(fnmatch.fnmatchcase(action.lower(), one.lower()) for one in patterns or [])
