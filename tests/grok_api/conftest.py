"""A scripted gateway over real HTTP on a loopback port."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from grok_api import VideoClient

KEY = "sk-canary-0123456789abcdef"


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass
class Gateway:
    """Answers by `script`: a function of the request that returns (status, headers, body).

    A script may also write to the handler itself and return None.
    """

    url: str = ""
    script: Callable[[Seen, BaseHTTPRequestHandler], Any] = lambda seen, handler: (404, {}, b"")
    seen: list[Seen] = field(default_factory=list)

    def answer(self, status: int, body: Any = b"", headers: dict[str, str] | None = None) -> None:
        """Answer everything alike."""
        self.script = lambda seen, handler: (status, headers or {}, body)

    def sequence(self, *answers: tuple[Any, ...]) -> None:
        """Answer one after the other; the last one for ever."""
        left = list(answers)

        def script(seen: Seen, handler: BaseHTTPRequestHandler) -> Any:
            status, body, *headers = left.pop(0) if len(left) > 1 else left[0]
            return status, headers[0] if headers else {}, body

        self.script = script


def encode(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode()


def _handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(self.command, self.path, headers, self.rfile.read(length))
            gateway.seen.append(seen)
            answer = gateway.script(seen, self)
            if answer is None:
                self.close_connection = True
                return
            status, headers, body = answer
            data = encode(body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers and status not in (204, 304):
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = _serve  # noqa: N815 - the names http.server asks for

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *args: Any) -> None:
        """Clients that hang up are part of the tests."""


@pytest.fixture(scope="session")
def _servers() -> Iterator[list[Gateway]]:
    running = []
    gateways = []
    for _ in range(2):
        gateway = Gateway()
        server = _Server(("127.0.0.1", 0), _handler(gateway))
        gateway.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        running.append((server, thread))
        gateways.append(gateway)
    yield gateways
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def gateway(_servers: list[Gateway]) -> Gateway:
    """The API."""
    return _fresh(_servers[0])


@pytest.fixture
def cdn(_servers: list[Gateway]) -> Gateway:
    """Another origin, where videos lie."""
    return _fresh(_servers[1])


def _fresh(gateway: Gateway) -> Gateway:
    gateway.seen = []
    gateway.answer(404)
    return gateway


@pytest.fixture
def client(gateway: Gateway) -> VideoClient:
    """A client that does not wait between tries."""
    return VideoClient(KEY, gateway.url, sleep=lambda _: None)
