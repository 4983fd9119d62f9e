"""What boto3 raises, in the errors that all clouds share."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cloud import errors
from cloud.answers import REFUSALS, UNREADABLE, refuse_page, unreadable

QUOTA = ("ResourceLimitExceeded", "LimitExceededException", "ServiceQuotaExceededException")
# The codes of botocore's own retries (botocore.retries.standard); they start nothing.
THROTTLED = (
    "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException",
    "RequestThrottled", "RequestThrottledException", "RequestLimitExceeded", "SlowDown",
    "BandwidthLimitExceeded",
)  # fmt: skip
SIGN_IN = (
    "ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId",
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired",
    "MissingAuthenticationToken", "RequestTimeTooSkewed",
)  # fmt: skip
DENIED = ("AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "403")
MISSING = ("ResourceNotFound", "ResourceNotFoundException", "NoSuchKey")
# RequestTimeout, InternalFailure, ServiceUnavailable, PriorRequestNotComplete, OperationAborted, …:
# whatever the status, they leave open what was done.
OPEN = re.compile(r"Timeout(Exception)?$|TimedOut|Internal|Unavailable|NotComplete|Aborted")


@contextmanager
def told(region: str) -> Iterator[None]:
    """Turn what boto3 raises into the errors that all clouds share."""
    from botocore import exceptions as boto
    from botocore.parsers import ResponseParserError

    where = f"AWS ({region})"
    try:
        yield
    except boto.ClientError as error:
        raise _kind(error)(where, error) from None
    except (
        boto.NoCredentialsError,
        boto.PartialCredentialsError,
        boto.TokenRetrievalError,
        boto.CredentialRetrievalError,
        boto.ProfileNotFound,
        boto.SSOError,
    ) as error:
        raise errors.CredentialsError(where, error) from None
    except (boto.NoRegionError, boto.EndpointConnectionError, boto.InvalidRegionError) as error:
        raise errors.RegionError(where, error) from None
    except (boto.ParamValidationError, boto.UnknownEndpointError) as error:
        raise errors.ConfigurationError(where, error) from None
    except boto.BotoCoreError as error:  # a lost connection, a timeout, a cut-off answer
        raise errors.UnclearError(where, error) from None
    except (ResponseParserError, *UNREADABLE) as error:
        # A KeyError too: botocore takes half of a JSON answer for an empty one.
        raise unreadable(where, error) from None


def without_pages(client: Any, region: str) -> Any:
    """`client`, which raises UnclearError where a web page comes in the place of an answer."""

    def look(response_dict: dict[str, Any], **_: Any) -> None:
        body = response_dict["body"]  # no bytes yet where it is a download
        if isinstance(body, bytes):
            refuse_page(f"AWS ({region})", response_dict["status_code"], body)

    client.meta.events.register("before-parse", look)
    return client


def _kind(error: Any) -> type[errors.CloudError]:
    code, said = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
    known = {
        **dict.fromkeys(QUOTA, errors.QuotaError),
        **dict.fromkeys(THROTTLED, errors.ThrottledError),
        **dict.fromkeys(SIGN_IN, errors.CredentialsError),
        **dict.fromkeys(DENIED, errors.PermissionDeniedError),
        **dict.fromkeys(MISSING, errors.JobNotFoundError),
        "ResourceInUse": errors.NameTakenError,
        "CapacityError": errors.CapacityError,
        "InsufficientInstanceCapacity": errors.CapacityError,
    }
    if code in known:
        return known[code]
    if code == "ValidationException" and "not found" in said.lower():
        return errors.JobNotFoundError
    if code == "404" and error.operation_name.startswith("Head"):  # such an answer has no body
        return errors.JobNotFoundError
    # botocore puts the status where it found no code.
    is_open = not code or code.isdigit() or OPEN.search(code) or status not in REFUSALS
    return errors.UnclearError if is_open else errors.ConfigurationError
