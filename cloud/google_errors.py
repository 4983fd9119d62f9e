"""What Google's libraries raise, in the errors that all clouds share."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cloud import errors


@contextmanager
def told(region: str) -> Iterator[None]:
    """Turn what Google's libraries raise into the errors that all clouds share.

    Parents are caught: REST and gRPC raise different children for the same answer.
    """
    from google.api_core import exceptions as google
    from google.auth import exceptions as auth
    from requests import exceptions as http

    where = f"Google Cloud ({region})"
    try:
        yield
    except google.GoogleAPICallError as error:
        said = re.sub(r"^[A-Z]+ https?://\S+:\s", "", str(error.message))  # the call comes first
        raise _kind(int(error.code or 0), said)(where, said) from None
    except (auth.RefreshError, auth.DefaultCredentialsError) as error:
        raise errors.CredentialsError(where, error) from None
    except (http.ConnectionError, auth.TransportError) as error:
        unreached = "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
        kind = errors.RegionError if unreached else errors.UnclearError
        raise kind(where, error) from None
    except (http.RequestException, google.GoogleAPIError, auth.GoogleAuthError) as error:
        raise errors.UnclearError(where, error) from None


def raise_for(answer: Any) -> None:
    """The same for an answer that was asked for without a client of Google's."""
    if not answer.ok:
        from google.api_core import exceptions as google

        raise google.from_http_response(answer)  # type: ignore[no-untyped-call]


def _kind(code: int, said: str) -> type[errors.CloudError]:
    if code == 429:
        return errors.QuotaError if "quota" in said.lower() else errors.ThrottledError
    if code == 503 and "capacity" in said.lower():
        return errors.CapacityError
    if code == 400 and re.search(r"(unsupported|invalid|unknown) location", said.lower()):
        return errors.RegionError
    known = {401: errors.CredentialsError, 403: errors.PermissionDeniedError,
             404: errors.JobNotFoundError, 409: errors.NameTakenError}  # fmt: skip
    if code in known:
        return known[code]
    return errors.UnclearError if code >= 500 or not code else errors.ConfigurationError
