"""Between answers and sockets: reading a limited body, sending, and cutting a connection."""

from __future__ import annotations

import hashlib
from asyncio import Transport
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.answers import BAD_KEY, NO_KEY, Answer

DRAINED = 8  # bodies are read up to so many times the limit: a sender sees 413, not a broken pipe
TRANSPORT = "sandbox.transport"


def keep_transport(scope: Scope, send: Send) -> None:
    """Hand the socket's transport on, where the server shows it, so that a fault can cut it."""
    scope[TRANSPORT] = getattr(getattr(send, "__self__", None), "transport", None)


def response(answer: Answer) -> Response:
    return Response(
        answer.encoded(), answer.status, dict(answer.headers), media_type=answer.media_type
    )


async def read_body(request: Request, limit: int) -> tuple[bytes, bool]:
    """The body, and whether it was cut off at the limit."""
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        body += chunk[: max(0, limit - len(body))]
        if size > limit * DRAINED:
            break
    return bytes(body), size > limit


def token(request: Request) -> str:
    """The key sent, blank when there is none."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def key_refusal(sent: str, valid: str | None) -> Answer | None:
    if not sent:
        return NO_KEY
    if valid is not None:
        return None if sent == valid else BAD_KEY
    return BAD_KEY if sent == "wrong-key" or sent.startswith("bad") else None


def fingerprint(key: str) -> str | None:
    """Tells keys apart without keeping them."""
    return hashlib.sha256(key.encode()).hexdigest()[:8] if key else None


class Cut(Response):
    """Sends the first bytes of an answer, perhaps none, and ends the connection."""

    def __init__(self, start: bytes = b"", promised: int = 0, media_type: str = "video/mp4"):
        super().__init__(status_code=200, media_type=media_type)
        self.start, self.promised = start, promised

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport: Transport | None = scope.get(TRANSPORT)
        if self.start or transport is None:
            self.headers["content-length"] = str(self.promised or 1000)
            opening: dict[str, Any] = {"type": "http.response.start", "status": 200}
            await send(opening | {"headers": self.raw_headers})
            await send({"type": "http.response.body", "body": self.start, "more_body": True})
        if transport is not None:
            transport.close()
            while (await receive())["type"] != "http.disconnect":
                pass
