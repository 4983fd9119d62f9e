"""A service on the loopback that answers as it is told and remembers what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from estimators.live.http import Getter
from estimators.live.pages import Source, pages
from estimators.live.row import LiveRow, agreed

SAMPLES = Path(__file__).parents[2] / "data" / "prices"
PROMPT = Getter(patience_seconds=0.001)  # retries at once
CUT = "cut"  # an answer that ends in the middle


@dataclass
class Asked:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Service:
    """`faults` are answered first, one a request; then `answer` makes the answer."""

    answer: Callable[[Asked], Any]
    faults: list[Any] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    address: str = ""

    def reply(self, asked: Asked) -> tuple[int, dict[str, str], bytes | str]:
        self.asked.append(asked)
        found = self.faults.pop(0) if self.faults else self.answer(asked)
        if isinstance(found, tuple):
            return found
        if isinstance(found, (bytes, str)):
            return 200, {}, found
        return 200, {}, json.dumps(found).encode()


class _Handler(BaseHTTPRequestHandler):
    service: Service

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        asked = Asked(self.path, dict(self.headers), self.rfile.read(length))
        status, headers, body = self.service.reply(asked)
        raw = b'{"Items": [' if body == CUT else body
        assert isinstance(raw, bytes)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw) + (1000 if body == CUT else 0)))
        self.end_headers()
        self.wfile.write(raw)
        if body == CUT:
            self.close_connection = True

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service of our own need not be spared."""
    monkeypatch.setattr("estimators.live.pages.PAUSE_SECONDS", 0)


@pytest.fixture
def serve() -> Iterator[Callable[..., Service]]:
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Callable[[Asked], Any], faults: list[Any] | None = None) -> Service:
        service = Service(answer, list(faults or []))
        handler = type("Handler", (_Handler,), {"service": service})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        service.address = f"http://127.0.0.1:{server.server_port}"
        return service

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def sample(name: str) -> Any:
    """A real answer."""
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


def rows_of_all(source: Source) -> list[LiveRow]:
    """Every page of every part, as rows that agree."""
    found = [piece for part in source.parts for page in pages(part) for piece in page.pieces]
    return list(agreed(source.rows(found)))


def silent(_text: str, _share: float) -> None:
    """No progress is shown in tests."""


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Snapshots of a test lie in its own folder."""
    monkeypatch.setenv("TRAINFARE_PRICES", str(tmp_path / "prices"))
    return tmp_path / "prices"
