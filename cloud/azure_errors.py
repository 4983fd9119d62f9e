"""What Azure's libraries raise, in the errors that all clouds share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cloud import errors


@contextmanager
def told() -> Iterator[None]:
    """Turn what Azure's libraries raise into the errors that all clouds share."""
    from azure.core import exceptions as azure

    where = "Azure ML"
    try:
        yield
    except azure.ClientAuthenticationError as error:
        denied = getattr(error, "status_code", None) == 403
        kind = errors.PermissionDeniedError if denied else errors.CredentialsError
        raise kind(where, error.message) from None
    except azure.HttpResponseError as error:
        raise _kind(error)(where, error.message) from None
    except azure.ServiceRequestError as error:  # it was never sent
        raise errors.RegionError(where, error) from None
    except azure.AzureError as error:  # no answer, or half of one
        raise errors.UnclearError(where, error) from None
    except ValueError as error:  # an answer that is no JSON
        raise errors.UnclearError(where, error) from None


def _kind(error: Any) -> type[errors.CloudError]:
    status, said = error.status_code or 0, str(error.message).lower()
    code = str(getattr(error.error, "code", "") or "")
    if status == 429:
        return errors.ThrottledError
    if "quota" in said or "QuotaExceeded" in code:
        return errors.QuotaError
    if "already exists" in said or status == 409:
        return errors.NameTakenError
    if status == 404 and code not in ("ResourceNotFound", "NotFound", "UserError", "BlobNotFound"):
        return errors.ConfigurationError  # no such workspace, group or subscription
    if "allocationfailed" in code.lower() or "capacity" in said:
        return errors.CapacityError
    known = {401: errors.CredentialsError, 403: errors.PermissionDeniedError,
             404: errors.JobNotFoundError}  # fmt: skip
    if status in known:
        return known[status]
    return errors.UnclearError if status >= 500 or not status else errors.ConfigurationError
