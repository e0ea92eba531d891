"""A reverse proxy that drops the `Cookie` header, as some hosts do, and may add others."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def without_cookies(port: int) -> Iterator[str]:
    """Relays to the server on `port`; yields the proxy's own address."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)

    def accept() -> None:
        with suppress(OSError):  # closed below
            while True:
                taken, _ = listening.accept()
                threading.Thread(target=_serve, args=(taken, port), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.close()


def _serve(browser: socket.socket, port: int) -> None:
    with browser, suppress(OSError):
        head, rest = _read_head(browser)
        if not head:
            return
        with socket.create_connection(("127.0.0.1", port)) as server:
            server.sendall(_rewritten(head) + rest)
            back = threading.Thread(target=_relay, args=(server, browser), daemon=True)
            back.start()
            _relay(browser, server)
            back.join()


def _read_head(browser: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        more = browser.recv(65536)
        if not more:
            return b"", b""
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def _rewritten(head: bytes) -> bytes:
    """The request's head without its cookies, and with one request a connection."""
    first, *lines = head.split(b"\r\n")
    names = {line.partition(b":")[0].strip().lower(): line for line in lines}
    dropped = {b"cookie"} if b"upgrade" in names else {b"cookie", b"connection"}
    kept = [line for line in lines if line.partition(b":")[0].strip().lower() not in dropped]
    if b"upgrade" not in names:
        kept.append(b"Connection: close")
    return b"\r\n".join([first, *kept, b"", b""])


def _relay(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
