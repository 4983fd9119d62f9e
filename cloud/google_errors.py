"""What Google's libraries raise, in the errors that all clouds share."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cloud import errors
from cloud.answers import (
    REFUSALS,
    UNREADABLE,
    is_page,
    refuse_page,
    unreadable,
    was_never_sent,
)


@contextmanager
def told(region: str) -> Iterator[None]:
    """Turn what Google's libraries raise into the errors that all clouds share.

    Parents are caught: REST and gRPC raise different children for the same answer.
    """
    from google.api_core import exceptions as google
    from google.auth import exceptions as auth
    from google.protobuf import json_format
    from requests import exceptions as http

    where = f"Google Cloud ({region})"
    try:
        yield
    except google.GoogleAPICallError as error:
        said = re.sub(r"^[A-Z]+ https?://\S+:\s", "", str(error.message))  # the call comes first
        raise _kind(error, said)(where, said) from None
    except (auth.RefreshError, auth.DefaultCredentialsError) as error:
        raise errors.CredentialsError(where, error) from None
    except (http.ConnectionError, auth.TransportError) as error:
        kind = errors.RegionError if was_never_sent(error) else errors.UnclearError
        raise kind(where, error) from None
    except (http.RequestException, google.GoogleAPIError, auth.GoogleAuthError) as error:
        raise errors.UnclearError(where, error) from None
    except (json_format.Error, *UNREADABLE) as error:
        raise unreadable(where, error) from None


def without_pages(session: Any, region: str) -> Any:
    """`session` of requests, which raises UnclearError for what is no answer of an API.

    A web page, the way to one, and a success that tells nothing: each answer is a JSON object.
    """

    def look(answer: Any, **_: Any) -> None:
        where = f"Google Cloud ({region})"
        if answer.is_redirect:  # requests would follow it, and take what is there for the answer
            raise errors.UnclearError(where, f"the answer is elsewhere (HTTP {answer.status_code})")
        refuse_page(where, answer.status_code, answer.content)
        if answer.ok and not answer.content.lstrip().startswith(b"{"):
            raise errors.UnclearError(where, "the answer is no JSON object")

    session.hooks["response"].append(look)
    return session


def raise_for(answer: Any) -> None:
    """The same for an answer that was asked for without a client of Google's."""
    if not answer.ok:
        from google.api_core import exceptions as google

        raise google.from_http_response(answer)  # type: ignore[no-untyped-call]


def _kind(error: Any, said: str) -> type[errors.CloudError]:
    code = int(error.code or 0)
    if is_page(getattr(error.response, "content", b"") or b""):
        return errors.UnclearError
    if code == 429:
        return errors.QuotaError if "quota" in said.lower() else errors.ThrottledError
    if code == 503 and "capacity" in said.lower():
        return errors.CapacityError
    if code == 409 or code not in REFUSALS:  # 409 is ABORTED: a name can be taken twice
        return errors.UnclearError
    if code == 400 and re.search(r"(unsupported|invalid|unknown) location", said.lower()):
        return errors.RegionError
    known = {401: errors.CredentialsError, 403: errors.PermissionDeniedError,
             404: errors.JobNotFoundError}  # fmt: skip
    return known.get(code, errors.ConfigurationError)
