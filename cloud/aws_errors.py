"""What boto3 raises, in the errors that all clouds share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cloud import errors

QUOTA = ("ResourceLimitExceeded", "LimitExceededException", "ServiceQuotaExceededException")
THROTTLED = ("ThrottlingException", "Throttling", "TooManyRequestsException", "SlowDown")
SIGN_IN = (
    "ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId",
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired",
    "MissingAuthenticationToken", "RequestTimeTooSkewed",
)  # fmt: skip
DENIED = ("AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "403")
MISSING = ("ResourceNotFound", "ResourceNotFoundException", "NoSuchKey", "404")


@contextmanager
def told(region: str) -> Iterator[None]:
    """Turn what boto3 raises into the errors that all clouds share."""
    from botocore import exceptions as boto

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
    except KeyError as error:  # botocore takes half of a JSON answer for an empty one
        raise errors.UnclearError(where, f"the answer lacks {error}") from None
    except boto.BotoCoreError as error:  # a lost connection, a timeout, a cut-off answer
        raise errors.UnclearError(where, error) from None


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
    unreadable = code.isdigit()  # botocore puts the status where it found no code
    return errors.UnclearError if status >= 500 or unreadable else errors.ConfigurationError
