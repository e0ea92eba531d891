"""A gateway that knows only the API document: create, pending, done; clips from another origin.

It shares no code with the application or its sandbox, and writes down every request.
"""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

import av


@dataclass(frozen=True)
class Call:
    """One request as it came. `at` is in seconds on the monotonic clock; header names are lower."""

    at: float
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """One answer, perhaps with the address of another one."""

    status: int
    content_type: str
    body: bytes
    location: str | None = None


@dataclass
class StandIn:
    """Two origins: the API and, on a port of its own, the CDN."""

    key: str
    clip: bytes
    polls_until_done: int = 2
    api_calls: list[Call] = field(default_factory=list)
    cdn_calls: list[Call] = field(default_factory=list)
    api_url: str = ""
    cdn_url: str = ""

    def __post_init__(self) -> None:
        self._polls: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def posts(self) -> list[Call]:
        return [call for call in self.api_calls if call.method == "POST"]

    @property
    def polls(self) -> list[Call]:
        return [call for call in self.api_calls if call.path.startswith("/v1/videos/")]

    def reply(self, call: Call) -> Reply:
        """What the API answers."""
        status, document = self.answer(call)
        return Reply(status, "application/json", json.dumps(document).encode())

    def answer(self, call: Call) -> tuple[int, Any]:
        """Status and JSON of a call to the API."""
        with self._lock:
            self.api_calls.append(call)
            if call.headers.get("authorization") != f"Bearer {self.key}":
                return 401, {"error": {"message": "Invalid API key", "type": "auth_error"}}
            if (call.method, call.path) == ("POST", "/v1/videos"):
                request_id = f"grok_video_{len(self._polls) + 1:013d}"
                self._polls[request_id] = 0
                return 200, {"request_id": request_id}
            request_id = call.path.removeprefix("/v1/videos/")
            if call.method != "GET" or request_id not in self._polls:
                return 404, {"error": {"message": "Not found", "type": "not_found"}}
            self._polls[request_id] += 1
            if self._polls[request_id] < self.polls_until_done:
                return 200, {"status": "pending"}
        video = {
            "url": f"{self.cdn_url}/{request_id}.mp4",
            "duration": "6",
            "respect_moderation": "true",
        }
        return 200, {"model": "grok-imagine-video", "video": video}


T = TypeVar("T", bound=StandIn)


@contextmanager
def standing_in(key: str, kind: type[T] = StandIn) -> Iterator[T]:
    """Serves both origins on loopback ports."""
    gateway = kind(key, tiny_clip())

    class Api(_Handler):
        def respond(self, call: Call) -> None:
            self.reply(gateway.reply(call))

    class Cdn(_Handler):
        def respond(self, call: Call) -> None:
            gateway.cdn_calls.append(call)
            self.reply(Reply(200, "video/mp4", gateway.clip))

    servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for handler in (Api, Cdn)]
    gateway.api_url, gateway.cdn_url = (
        f"http://127.0.0.1:{server.server_address[1]}" for server in servers
    )
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield gateway
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def respond(self, call: Call) -> None:
        raise NotImplementedError

    def reply(self, answer: Reply) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.location:
            self.send_header("Location", answer.location)
        self.end_headers()
        self.wfile.write(answer.body)

    def _take(self) -> None:
        at = time.monotonic()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.respond(Call(at, self.command, self.path, headers, body))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _take  # noqa: N815 - the base class's names

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def tiny_clip(seconds: int = 6, width: int = 128, height: int = 72) -> bytes:
    """An mp4 of a grey that becomes lighter: H.264, ten frames a second."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(seconds * 10):
            frame = av.VideoFrame(width, height, "gray")
            frame.planes[0].update(bytes([60 + 2 * number]) * frame.planes[0].buffer_size)
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode())
    return out.getvalue()
