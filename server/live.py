"""Live updates: one watcher a process, one WebSocket a page, and "changed" for one's own jobs only."""

from __future__ import annotations

import contextlib
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

LONGEST_HELLO: Final = 4000
"""Characters of a page's first message; a token and a number have a few hundred."""

GOING_AWAY: Final = 1001
POLICY_VIOLATION: Final = 1008


@dataclass(eq=False)
class Listener:
    """One connected page."""

    owner: str
    session_id: str
    changed: anyio.Event = field(default_factory=anyio.Event)
    version: int = 0


_UNKNOWN: Final = -1
"""The change number while nobody is connected."""


class Hub:
    """Tells connected pages that something of theirs changed, in this process or any other."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listeners: set[Listener] = set()
        self._version = _UNKNOWN

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    async def watch(self) -> None:
        """Follows the change number for ever."""
        while True:
            await anyio.sleep(LOOK_EVERY)
            if not self._listeners:
                self._version = _UNKNOWN
            if self._version == _UNKNOWN:  # the first page to connect says where to begin
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
            concerned = listener.owner in owners or "*" in owners
            if concerned and listener.version < newest:  # it may know already
                listener.version = newest
                listener.changed.set()

    async def serve(self, socket: WebSocket, owner: str, session_id: str, version: int) -> None:
        """Sends `{"version": n}` whenever something of `owner`'s changed, until either side ends.

        `version` is what the page shows. It comes back as the first message, or, where something
        changed since then, the number of that.
        """
        listener = Listener(owner, session_id, version=version)
        listener.changed.set()
        self._listeners.add(listener)
        try:
            newest, owners = await anyio.to_thread.run_sync(
                self._store.owners_changed_since, version
            )
            if self._version == _UNKNOWN:
                self._version = newest
            if owner in owners or "*" in owners:
                listener.version = max(listener.version, newest)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._send, socket, listener)
                # Receiving sees the other side go; what it says is of no interest.
                while (await socket.receive())["type"] != "websocket.disconnect":
                    pass
                tasks.cancel_scope.cancel()
        except* WebSocketDisconnect:
            pass
        except* SQLAlchemyError as group:
            names = {type(error).__name__ for error in group.exceptions}
            log.warning("the database did not answer: %s", ", ".join(names))
            await _close(socket, GOING_AWAY)
        finally:
            self._listeners.discard(listener)

    async def _send(self, socket: WebSocket, listener: Listener) -> None:
        while True:
            await listener.changed.wait()
            listener.changed = anyio.Event()
            still_in = await anyio.to_thread.run_sync(_is_alive, listener.session_id)
            if not still_in:
                await _close(socket, POLICY_VIOLATION)
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
    if not _is_own_origin(socket):
        await socket.close(POLICY_VIOLATION)
        return
    await socket.accept()
    try:
        with anyio.fail_after(10):
            token, version = _hello(await socket.receive_text())
    except (WebSocketDisconnect, TimeoutError):
        await _close(socket, POLICY_VIOLATION)
        return
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        await _close(socket, POLICY_VIOLATION)
        return
    try:
        session = await anyio.to_thread.run_sync(session_of_socket, socket, token)
    except SQLAlchemyError as error:
        log.warning("the database did not answer: %s", type(error).__name__)
        await _close(socket, GOING_AWAY)
        return
    if session is None:
        await _close(socket, POLICY_VIOLATION)
    elif _hub is None:
        await _close(socket, GOING_AWAY)
    else:
        await _hub.serve(socket, session.username, session.id, version)


def _hello(text: str) -> tuple[str, int]:
    """The token and the version a page begins with. Raises what odd words bring about."""
    if len(text) > LONGEST_HELLO:
        raise ValueError("too long")
    hello = json.loads(text)
    version = int(hello["version"])
    if not 0 <= version < 2**63:
        raise ValueError("not a change number")
    return str(hello["token"]), version


async def _close(socket: WebSocket, code: int) -> None:
    """Ends the connection; one that has ended already is fine."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        await socket.close(code)


def _is_own_origin(socket: WebSocket) -> bool:
    """Whether the page that connects is ours; only browsers say where a page is from."""
    origin = socket.headers.get("origin")
    if not origin:
        return True
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        return False
    forwarded = socket.headers.get("x-forwarded-host", "")
    return host in {socket.headers.get("host", ""), forwarded} - {""}
