"""The models of azure-ai-ml: what a command job may hold."""

import functools
import warnings
from typing import Any


def unknown_fields(body: dict[str, Any]) -> list[str]:
    """Keys of a job's body that the SDK's models do not have; [] for a good command job."""
    models, deserialize = _sdk()
    job = deserialize(models.JobBase, body)
    if not isinstance(job.properties, models.CommandJob):
        return ["jobType"]
    return unknown_in(body, job, "body")


@functools.cache
def _sdk() -> tuple[Any, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the SDK warns of its own future
        from azure.ai.ml._restclient.arm_ml_service import models
        from azure.ai.ml._restclient.arm_ml_service._utils.model_base import _deserialize
    return models, _deserialize


def unknown_in(value: dict[str, Any], model: Any, where: str) -> list[str]:
    """Keys that the SDK's model of this place does not have; it would pass them on unread."""
    fields = {field._rest_name: name for name, field in model._attr_to_rest_field.items()}
    found = []
    for key, item in value.items():
        if key not in fields:
            found.append(f"{where}.{key}")
        elif isinstance(item, dict) and hasattr(
            inner := getattr(model, fields[key]), "_attr_to_rest_field"
        ):
            found += unknown_in(item, inner, f"{where}.{key}")
    return found
