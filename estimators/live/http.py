"""Getting JSON from a public address: retried, and checked before it is believed."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from estimators.live.pages import ExpiredTokenError
from estimators.live.row import FetchError

if TYPE_CHECKING:
    import requests

MAX_BYTES = 64 * 2**20  # of one answer; the largest real one is under 1 MiB
TIMEOUT_SECONDS = (10, 60)  # to connect, and between two bytes
RETRIES = 5
PATIENCE_SECONDS = 30.0  # of waiting between the retries of one request; Retry-After is obeyed
WAITS = 2 + 4 + 8 + 16  # urllib3 retries at once, then waits so many times its backoff factor

GONE = (400, 404, 410)  # what a page's link is answered with when it no longer leads on


class Getter:
    """Gets JSON objects, one after another, from one host."""

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._session = _session(patience_seconds)

    def get(self, address: str, **query: str) -> dict[str, Any]:
        """The object at `address`.

        Raises ExpiredTokenError where the request itself is refused or what it asks for is gone,
        and FetchError for whatever else goes wrong for good.
        """
        import requests

        host = urlsplit(address).hostname
        try:
            with self._session.get(
                address, params=query, timeout=TIMEOUT_SECONDS, stream=True, allow_redirects=False
            ) as answer:
                if answer.status_code != 200:
                    told = f"{host} answered {answer.status_code} {answer.reason}."
                    raise (ExpiredTokenError if answer.status_code in GONE else FetchError)(told)
                raw = _body(answer)
        except requests.RequestException as error:
            raise FetchError(f"{host} can't be read: {_reason(error)}.") from None
        return _object(raw, str(host))


def _session(patience_seconds: float) -> "requests.Session":
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    retry = Retry(
        total=RETRIES,
        backoff_factor=patience_seconds / WAITS,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=("GET",),
        raise_on_status=False,
    )
    session = requests.Session()
    session.headers["User-Agent"] = "trainfare"
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def _body(answer: "requests.Response") -> bytes:
    raw = b""
    for piece in answer.iter_content(2**16):
        raw += piece
        if len(raw) > MAX_BYTES:
            raise FetchError(f"{urlsplit(answer.url).hostname} sent over {MAX_BYTES} bytes.")
    return raw


def _object(raw: bytes, host: str) -> dict[str, Any]:
    import json
    from decimal import Decimal

    try:
        found = json.loads(raw, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise FetchError(f"{host} did not answer with JSON, but {raw[:40]!r}.") from None
    if not isinstance(found, dict):
        raise FetchError(f"{host} did not answer with a JSON object, but {raw[:40]!r}.")
    return found


def _reason(error: Exception) -> str:
    """The innermost reason in few words; requests wraps it three times."""
    inner: Any = error
    while inner.args and isinstance(inner.args[0], Exception):
        inner = inner.args[0]
    inner = getattr(inner, "reason", None) or inner
    return str(inner)[:160].rstrip(".")
