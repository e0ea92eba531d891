"""Live updates: one watcher a process, one WebSocket a page, and "changed" for one's own jobs only."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
from sqlalchemy.exc import SQLAlchemyError
from starlette.websockets import WebSocket, WebSocketDisconnect

import studio
from jobs.store import Store
from server.cookie import session_of_socket

log = logging.getLogger(__name__)

LOOK_EVERY: Final = 0.2
"""Seconds between two looks at the change number; none while nobody is connected."""

AT_MOST_EVERY: Final = 0.5
"""Seconds between two messages to one page."""

GOING_AWAY: Final = 1001
POLICY_VIOLATION: Final = 1008


@dataclass(eq=False)
class Listener:
    """One connected page."""

    owner: str
    session_id: str
    changed: anyio.Event = field(default_factory=anyio.Event)
    version: int = 0


class Hub:
    """Tells connected pages that something of theirs changed, in this process or any other."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listeners: set[Listener] = set()
        self._version = -1

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    async def watch(self) -> None:
        """Follows the change number for ever."""
        while True:
            await anyio.sleep(LOOK_EVERY)
            if not self._listeners:
                self._version = -1
                continue
            try:
                await self._look()
            except SQLAlchemyError as error:
                log.warning("the database did not answer: %s", type(error).__name__)
                await anyio.sleep(1)

    async def _look(self) -> None:
        known = self._version
        newest, owners = await anyio.to_thread.run_sync(self._store.owners_changed_since, known)
        if newest == known:
            return
        self._version = newest
        for listener in self._listeners:
            if listener.owner in owners or "*" in owners:
                listener.version = newest
                listener.changed.set()

    async def serve(self, socket: WebSocket, owner: str, session_id: str, version: int) -> None:
        """Sends `{"version": n}` whenever something of `owner`'s changed, until either side ends.

        `version` is what the page shows: what changed since then is told at once.
        """
        listener = Listener(owner, session_id)
        self._listeners.add(listener)
        newest, owners = await anyio.to_thread.run_sync(self._store.owners_changed_since, version)
        if owner in owners or "*" in owners:
            listener.version = newest
            listener.changed.set()
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._send, socket, listener)
                # The receive loop sees the other side go; what it says is of no interest.
                while True:
                    await socket.receive_text()
        except* WebSocketDisconnect:
            pass
        finally:
            self._listeners.discard(listener)

    async def _send(self, socket: WebSocket, listener: Listener) -> None:
        while True:
            await listener.changed.wait()
            listener.changed = anyio.Event()
            still_in = await anyio.to_thread.run_sync(_is_alive, listener.session_id)
            if not still_in:
                await socket.close(POLICY_VIOLATION)
                return
            await socket.send_text(json.dumps({"version": listener.version}))
            await anyio.sleep(AT_MOST_EVERY)


_hub: Hub | None = None


def open_hub(store: Store) -> Hub:
    """The hub of this process, for `live` to serve from."""
    global _hub
    _hub = Hub(store)
    return _hub


def _is_alive(session_id: str) -> bool:
    return studio.current().sessions.get(session_id, time.time()) is not None


async def live(socket: WebSocket) -> None:
    """The route: same origin and a session, or nothing."""
    origin = socket.headers.get("origin")
    if origin and urlsplit(origin).netloc not in _own_hosts(socket):
        await socket.close(POLICY_VIOLATION)
        return
    await socket.accept()
    try:
        with anyio.fail_after(10):
            hello = json.loads(await socket.receive_text())
            token, version = str(hello["token"]), int(hello["version"])
    except (WebSocketDisconnect, TimeoutError):
        return
    except (ValueError, TypeError, KeyError):
        await socket.close(POLICY_VIOLATION)
        return
    session = await anyio.to_thread.run_sync(session_of_socket, socket, token)
    if session is None:
        await socket.close(POLICY_VIOLATION)
        return
    if _hub is None:
        await socket.close(GOING_AWAY)
        return
    await _hub.serve(socket, session.username, session.id, version)


def _own_hosts(socket: WebSocket) -> set[str]:
    forwarded = socket.headers.get("x-forwarded-host", "")
    return {socket.headers.get("host", ""), forwarded} - {""}
