"""Tells a request that was never sent from one that may have arrived."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import requests
from requests.exceptions import ContentDecodingError
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from grok_api.connection import Line
from grok_api.errors import ApiError, ConnectionLost, Malformed, NotSent

# Found before a connection is even tried.
_NOT_TRIED = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidProxyURL,
    requests.exceptions.ConnectTimeout,
)


def connection_error(error: BaseException, line: Line | None, *, creating: bool) -> ApiError:
    """Return the error for what the network did; the original is left out, for it holds the key.

    With a `line` of our own, whether a connection ever stood is known; without, it is read
    from the chain of causes, and in doubt the request counts as sent.
    """
    never_stood = line is not None and line.dialled and not line.connected
    if never_stood or never_sent(error):
        return NotSent(f"No connection to the API: {_say(error)}.")
    if line is not None and line.expired:
        return ConnectionLost("The API did not answer in time.", ambiguous=creating)
    if isinstance(error, ContentDecodingError):
        return Malformed("The answer's compression is broken.", ambiguous=creating)
    return ConnectionLost(f"The connection broke: {_say(error)}.", ambiguous=creating)


def never_sent(error: BaseException) -> bool:
    """Say whether the chain of causes proves that nothing was sent.

    A name that does not resolve, a refused or timed-out connect, a certificate that does not
    hold: all before the first byte. Every other error of TLS can come later as well.
    """
    if isinstance(error, _NOT_TRIED):
        return True
    proofs = (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError)
    return any(isinstance(one, proofs) for one in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    todo: list[object] = [error]
    seen: set[int] = set()
    while todo:
        one = todo.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        todo += [getattr(one, "reason", None), one.__cause__, *one.args]


def _say(error: BaseException) -> str:
    """Describe the innermost cause, without addresses, which may be signed."""
    inner = [one for one in _chain(error) if not isinstance(one, requests.RequestException)]
    for one in reversed(inner):
        if isinstance(one, OSError) and one.strerror:
            return one.strerror
    return type(inner[-1] if inner else error).__name__
