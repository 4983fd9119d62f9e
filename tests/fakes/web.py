"""A server in a thread, on loopback, that can be told to answer wrongly, late or not at all."""

import fnmatch
import http.client
import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass
class Clock:
    """Seconds since 1970 that pass only when told to, or when somebody waits."""

    now: float = 1_790_000_000.0

    def pause(self, seconds: float) -> None:
        """Wait: the clock moves, the test does not."""
        self.now += seconds


@dataclass(frozen=True)
class Request:
    """What came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: Any
    body: bytes
    target: str  # path and query as they came

    def json(self) -> Any:
        """The body as JSON; None where there is none."""
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True)
class Answer:
    """What goes out."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def as_json(value: Any, status: int = 200, **headers: str) -> Answer:
    """An answer in JSON."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    body = b"" if value is None else json.dumps(value).encode()
    return Answer(status, body, {"Content-Type": "application/json"} | given)


@dataclass
class Fault:
    """What goes wrong at calls whose name matches, the first `skip` left alone, `times` times.

    `kind`: an error that the service knows by name, or `lost_before` (the connection ends before
    the service acted), `lost_after` (it acted, but nobody hears), `cut` (half of the answer),
    `instead` (it did not act, `answer` comes) or `acted` (it did, and `answer` comes all the same).
    """

    call: str
    kind: str
    times: int = 1
    skip: int = 0
    answer: Answer = field(default_factory=lambda: Answer(502))


class Faults:
    """The faults that are planned, and a log of every call that came in."""

    def __init__(self) -> None:
        self.planned: list[Fault] = []
        self.calls: list[str] = []
        self._lock = threading.Lock()

    def take(self, call: str) -> Fault | None:
        """The fault that this call meets, if any; each is used up."""
        with self._lock:
            self.calls.append(call)
            for fault in self.planned:
                if fault.times > 0 and fnmatch.fnmatchcase(call, fault.call):
                    if fault.skip > 0:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None

    def clear(self) -> None:
        """Nothing goes wrong from now on."""
        self.planned.clear()
        self.calls.clear()


class Server:
    """Serves `handle` on 127.0.0.1; `name_of(request)` names a call for faults and the log."""

    def __init__(
        self,
        handle: Callable[[Request], Answer],
        name_of: Callable[[Request], str],
        refuse: Callable[[str], Answer],
        faults: Faults,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.handle, self.name_of, self.refuse, self.faults = handle, name_of, refuse, faults
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def _do(self) -> None:
                server._serve(self)

            def handle_expect_100(self) -> bool:
                self.send_response_only(100)
                self.end_headers()
                self.wfile.flush()
                return True

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = _do  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """Not on the terminal of the tests."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.port = self._http.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._http.shutdown()
        self._http.server_close()

    def _serve(self, connection: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(connection.path)
        query = {k: v[-1] for k, v in parse_qs(parts.query, keep_blank_values=True).items()}
        request = Request(
            connection.command,
            unquote(parts.path),
            query,
            connection.headers,
            _body(connection),
            connection.path,
        )
        fault = self.faults.take(self.name_of(request))
        kind = fault.kind if fault else None
        if kind == "lost_before":
            connection.close_connection = True
            connection.connection.close()
            return
        if fault is None or kind in ("lost_after", "cut", "acted"):
            answer = self.handle(request)
        elif kind != "instead":
            answer = self.refuse(fault.kind)
        if fault is not None and kind in ("acted", "instead"):
            answer = fault.answer
        if kind == "lost_after":
            connection.close_connection = True
            connection.connection.close()
            return
        self._send(connection, answer, cut=kind == "cut")

    @staticmethod
    def _send(connection: BaseHTTPRequestHandler, answer: Answer, *, cut: bool) -> None:
        head = connection.command == "HEAD"
        connection.send_response(answer.status)
        for name, value in answer.headers.items():
            connection.send_header(name, value)
        if "Content-Length" not in answer.headers:
            connection.send_header("Content-Length", str(len(answer.body)))
        connection.end_headers()
        if not head:
            connection.wfile.write(answer.body[: len(answer.body) // 2] if cut else answer.body)
        connection.wfile.flush()
        if cut:
            connection.close_connection = True


def _body(connection: BaseHTTPRequestHandler) -> bytes:
    if connection.headers.get("Transfer-Encoding", "").lower() != "chunked":
        return connection.rfile.read(int(connection.headers.get("Content-Length") or 0))
    body = b""
    while size := int(connection.rfile.readline().split(b";")[0], 16):
        body += connection.rfile.read(size)
        connection.rfile.readline()
    connection.rfile.readline()
    return body


def forward_to(port: int) -> Callable[[Request], Answer]:
    """Passes requests on to another server on loopback, so that faults can be put before it."""

    def forward(request: Request) -> Answer:
        there = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        skip = ("transfer-encoding", "content-length", "connection", "expect")
        headers = {k: v for k, v in request.headers.items() if k.lower() not in skip}
        there.request(request.method, request.target, body=request.body, headers=headers)
        got = there.getresponse()
        body = got.read()
        kept = {k: v for k, v in got.getheaders() if k.lower() not in (*skip, "server", "date")}
        if request.method == "HEAD" and got.getheader("Content-Length"):
            kept["Content-Length"] = str(got.getheader("Content-Length"))
        there.close()
        return Answer(got.status, body, kept)

    return forward
