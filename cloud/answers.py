"""Answers that leave open what a service did: a gateway's, a proxy's page, or half of one."""

import re

from cloud.errors import UnclearError

# By these HTTP itself refuses (RFC 9110, 6585, 7725), so nothing was done. Any other may come from
# a gateway that waited no longer (408, 499, 502, 504), or is no end (2xx, 3xx).
REFUSALS = frozenset({*range(400, 408), *range(409, 418), 422, 426, 428, 429, 431, 451})

# What an SDK stumbles over in an answer of another form than the service's.
UNREADABLE = (KeyError, ValueError, TypeError, AttributeError)

# How the libraries below the SDKs say that no connection was made, so nothing was sent.
_UNREACHED = ("NewConnectionError", "NameResolutionError", "ConnectTimeout", "VERIFY_FAILED")


def is_page(body: bytes) -> bool:
    """Whether it is a web page: no service tells anything about a job in one."""
    start = body[:2000].lstrip()
    return start.startswith(b"<") and bool(re.search(rb"(?i)<(?:!doctype\s+)?html\b", start))


def refuse_page(where: str, status: int, body: bytes) -> None:
    """Raise UnclearError where a web page came in the place of an answer."""
    if is_page(body):
        page = body[:20_000].decode(errors="replace")
        raise UnclearError(where, f"a web page came instead of an answer (HTTP {status}): {page}")


def unreadable(where: str, error: Exception) -> UnclearError:
    """The error for an answer that an SDK, or we, could not read."""
    return UnclearError(where, f"the answer cannot be read ({type(error).__name__}: {error})")


def was_never_sent(error: BaseException | None) -> bool:
    """Whether there was no connection by which a request could have arrived."""
    return any(mark in repr(error) for mark in _UNREACHED)
