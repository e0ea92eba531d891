"""The app built in Python, and who may steer it."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sandbox import Options, create_app


def call(app: Any, path: str, client: str | None) -> tuple[int, Any]:
    """One GET through ASGI, as if it came from this address."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"sandbox.test")],
        "client": (client, 1) if client else None,
        "server": ("sandbox.test", 80),
        "scheme": "http",
    }
    # In a thread of its own: browser tests leave a running loop in the main one.
    with ThreadPoolExecutor(1) as alone:
        alone.submit(lambda: asyncio.run(app(scope, receive, send))).result()
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(body)


@pytest.mark.parametrize("path", ["counts", "creates", "jobs", "config"])
def test_only_this_machine_may_look_inside(tmp_path: Path, path: str) -> None:
    app = create_app(Options(state=tmp_path))
    assert call(app, f"/_sandbox/{path}", "127.0.0.1")[0] == 200
    assert call(app, f"/_sandbox/{path}", "::1")[0] == 200
    for stranger in ("10.0.0.7", "unknown", None):
        assert call(app, f"/_sandbox/{path}", stranger)[0] == 403
    assert call(app, "/", "10.0.0.7")[0] == 200


def test_options_are_kept_whole_and_hide_the_key(tmp_path: Path) -> None:
    options = Options(state=tmp_path, key="very-secret")
    assert "very-secret" not in repr(options)
    changed = options.changed({"seconds": [1, 2], "create_fault": "429:2"})
    assert (changed.seconds, changed.faults, changed.key) == ((1, 2), {"429": 2}, "very-secret")
