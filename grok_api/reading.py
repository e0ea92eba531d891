"""Runs a network call and reads its body, with what goes wrong turned into our errors."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator

import requests
from urllib3.exceptions import HTTPError

from grok_api.connection import Line
from grok_api.errors import ApiError
from grok_api.failures import connection_error

_CHUNK = 65_536
_NETWORK = (requests.RequestException, HTTPError, OSError, ValueError)


def attempt(
    call: Callable[[], requests.Response], line: Line | None, creating: bool
) -> tuple[ApiError | None, requests.Response | None]:
    # The error is returned and raised outside the `except`: inside, Python would attach the
    # original, and with it the prepared request and its key.
    try:
        return None, call()
    except _NETWORK as error:
        return connection_error(error, line, creating=creating), None


def read_chunks(
    response: requests.Response, line: Line | None, deadline: float, creating: bool
) -> Iterator[bytes]:
    late = "The API did not finish its answer in time."
    source = response.iter_content(_CHUNK)
    while True:
        failure: ApiError | None = None
        chunk = b""
        try:
            chunk = next(source, b"")
        except _NETWORK as error:
            failure = connection_error(error, line, creating=creating)
        if failure is None and (time.monotonic() > deadline or (line is not None and line.expired)):
            failure = connection_error(TimeoutError(late), line, creating=creating)
        if failure is not None:
            raise failure
        if not chunk:
            return
        yield chunk


class _WithoutQueries(logging.Filter):
    """Takes queries, which may be signatures, out of urllib3's debug lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                re.sub(r"\?\S*", "?…", one) if isinstance(one, str) else one for one in record.args
            )
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_WithoutQueries())
