"""One HTTP exchange's connections: a deadline for the whole, and proof of what was never sent."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from grok_api.addresses import SocketAddress

Resolver = Callable[[str, int], list[tuple[int, SocketAddress]]]


class Line:
    """The way to a server for one exchange that must end by `deadline` (monotonic seconds).

    `requests` limits single reads only, so that a server which drips bytes holds it for ever:
    at the deadline the sockets are shut, whoever is reading. `connected` stays False until a
    connection, with its TLS, stands: up to then nothing of the request was sent.
    """

    def __init__(self, deadline: float, connect_timeout: float, resolver: Resolver) -> None:
        self.deadline = deadline
        self.connect_timeout = connect_timeout
        self.dialled = False
        self.connected = False
        self.expired = False
        self._resolver = resolver
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(max(self.remaining(), 0.0), self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Line:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        with self._lock:
            for one in self._sockets:
                one.close()
            self._sockets.clear()

    def remaining(self) -> float:
        """Return the seconds left."""
        return self.deadline - time.monotonic()

    def _expire(self) -> None:
        with self._lock:
            self.expired = True
            for one in self._sockets:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def dial(self, host: str, port: int) -> socket.socket:
        """Connect to the first address that answers, of those the resolver gives."""
        self.dialled = True
        failure: OSError = OSError("the name has no address")
        for family, where in self._resolver(host, port):
            patience = min(self.connect_timeout, self.remaining())
            if patience <= 0:
                raise TimeoutError("no time left to connect")
            made = socket.socket(family, socket.SOCK_STREAM)
            try:
                made.settimeout(patience)
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                made.connect(where)
            except OSError as error:
                made.close()
                failure = error
                continue
            self._keep(made)
            return made
        raise failure

    def _keep(self, made: socket.socket) -> None:
        # A duplicate, since TLS takes the original over; a shutdown reaches the connection
        # through either.
        with self._lock:
            if self.expired:
                made.close()
                raise TimeoutError("no time left to send")
            self._sockets.append(socket.socket(fileno=os.dup(made.fileno())))


class LineAdapter(HTTPAdapter):
    """Sends one session's requests over a `Line`."""

    def __init__(self, line: Line) -> None:
        self._pools = _pools(line)
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        made = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            made.pool_classes_by_scheme = self._pools
        return made


def _pools(line: Line) -> dict[str, Any]:
    """Return urllib3 pool classes whose connections dial through `line`."""

    def dial(connection: HTTPConnection) -> socket.socket:
        host = connection._dns_host
        try:
            return line.dial(host, connection.port or connection.default_port)
        except TimeoutError as error:
            raise ConnectTimeoutError(connection, f"{host}: {error}") from error
        except OSError as error:
            raise NewConnectionError(connection, f"{host}: {error}") from error

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return dial(self)

        def connect(self) -> None:
            super().connect()
            line.connected = True

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return dial(self)

        def connect(self) -> None:
            super().connect()
            line.connected = True

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
