"""What Azure's libraries raise, in the errors that all clouds share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cloud import errors
from cloud.answers import REFUSALS, UNREADABLE, is_page, refuse_page, unreadable, was_never_sent


@contextmanager
def told() -> Iterator[None]:
    """Turn what Azure's libraries raise into the errors that all clouds share."""
    from azure.core import exceptions as azure

    where = "Azure ML"
    try:
        yield
    except azure.HttpResponseError as error:  # what wrong credentials raise is one too
        raise _kind(error)(where, error.message) from None
    except azure.ServiceRequestError as error:
        unsent = was_never_sent(error.inner_exception)
        kind = errors.RegionError if unsent else errors.UnclearError
        raise kind(where, error) from None
    except azure.AzureError as error:  # no answer, or half of one
        raise errors.UnclearError(where, error) from None
    except UNREADABLE as error:
        raise unreadable(where, error) from None


def without_pages(answer: Any) -> None:
    """A `raw_response_hook`: raises UnclearError where a web page comes in place of an answer."""
    told = answer.http_response
    refuse_page("Azure ML", told.status_code, _body(told))


def _body(answer: Any) -> bytes:
    """What was read of it; nothing where it is a download that was not begun."""
    from azure.core.exceptions import AzureError

    try:
        read = answer.body() if hasattr(answer, "body") else answer.content
    except (AzureError, AttributeError):
        return b""
    return read if isinstance(read, bytes) else b""


def _kind(error: Any) -> type[errors.CloudError]:
    from azure.core.exceptions import ClientAuthenticationError

    status, said = error.status_code or 0, str(error.message).lower()
    code = str(getattr(error.error, "code", "") or "")
    if error.response is not None and is_page(_body(error.response)):
        return errors.UnclearError
    if isinstance(error, ClientAuthenticationError):
        return errors.PermissionDeniedError if status == 403 else errors.CredentialsError
    if status not in REFUSALS:  # such as 200 and no JSON
        return errors.UnclearError
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
    return known.get(status, errors.ConfigurationError)
