"""Sends and fetches: fresh connections, total deadlines, the key to the API's own origin only."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase

from grok_api.addresses import Guard, is_loopback_host, origin, resolve
from grok_api.answers import Answer
from grok_api.connection import Line, LineAdapter
from grok_api.errors import ApiError, BlockedAddress, Malformed
from grok_api.reading import attempt, read_chunks
from grok_api.wire import Wire

MAX_JSON = 2 * 2**20  # bytes
MAX_REDIRECTS = 3
_AGENT = "grok-api/1.0"
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer whose body is still to come; `chunks` raises ApiError.

    `keyed`: the key went along, so that a refusal may be one of the key.
    """

    url: str
    keyed: bool
    status: int
    headers: dict[str, str] = field(repr=False)
    chunks: Iterator[bytes] = field(repr=False)


class Transport:
    """The way to one API, identified by `base_url`, with one key."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        session: requests.Session | None = None,
        connect_timeout: float = 5.0,
        guard: Guard | None = None,
    ) -> None:
        self.base_url = base_url
        self.loopback = is_loopback_host(urlsplit(base_url).hostname or "")
        self._origin = origin(base_url)
        self._key = api_key
        self._session = session
        self._connect_timeout = connect_timeout
        self._guard = guard or Guard(allow_loopback=self.loopback)

    def __repr__(self) -> str:
        return f"Transport({self.base_url!r})"

    def post(self, path: str, wire: Wire, deadline: float) -> Answer:
        """POST once, on a fresh connection, following no redirect. Raises ApiError."""
        body: dict[str, Any] = {"files": wire.files, "data": wire.fields}
        if wire.document is not None:
            body = {"data": wire.json_bytes()}
        elif not wire.files:
            # Without a file `requests` would send a form; this keeps it multipart.
            body = {"files": {name: (None, value) for name, value in wire.fields.items()}}
        with self._exchange("POST", self.base_url + path, True, deadline, body) as stream:
            return self._answer(stream)

    def get(self, path: str, deadline: float) -> Answer:
        """GET an answer of the API itself by `deadline` (monotonic seconds). Raises ApiError."""
        with self.fetch(self.base_url + path, deadline, leave=False) as stream:
            return self._answer(stream)

    @contextlib.contextmanager
    def fetch(self, url: str, deadline: float, *, leave: bool = True) -> Iterator[Stream]:
        """GET `url`, through at most three redirects, each checked anew. Raises ApiError.

        The key goes along only as long as nothing has left the API's own origin, and with a
        download only to addresses that are calls of the API. With `leave` False a redirect to
        another origin is Malformed.
        """
        own = self.is_own(url)
        for _ in range(MAX_REDIRECTS + 1):
            own = own and self.is_own(url)
            if not own:
                self._check(url)
            keyed = own and (not leave or _is_api(url))
            with self._exchange("GET", url, own, deadline, {}, keyed=keyed) as stream:
                target = stream.headers.get("location", "")
                if stream.status not in _REDIRECTS or not target:
                    yield stream
                    return
            url = _target(url, target)
            if not leave and not self.is_own(url):
                raise Malformed("The API sends its callers elsewhere.", http_status=stream.status)
        raise Malformed("The address redirects too often.", http_status=stream.status)

    def is_own(self, url: str) -> bool:
        """Say whether `url` is of the API's own scheme, host and port."""
        return origin(url) == self._origin

    def _check(self, url: str) -> None:
        where = origin(url)
        if where is None or where[0] not in (("https", "http") if self.loopback else ("https",)):
            raise BlockedAddress("The video's address is not plain https.", code="bad_address")

    @contextlib.contextmanager
    def _exchange(
        self,
        method: str,
        url: str,
        own: bool,
        deadline: float,
        body: dict[str, Any],
        *,
        keyed: bool = True,
    ) -> Iterator[Stream]:
        creating = method == "POST"
        resolver = resolve if own else self._guard.resolve
        with contextlib.ExitStack() as stack:
            line, session = None, self._session
            if session is None or not own:
                line = stack.enter_context(Line(deadline, self._connect_timeout, resolver))
                session = stack.enter_context(requests.Session())
                session.mount("https://", LineAdapter(line))
                session.mount("http://", LineAdapter(line))
                # A video is fetched directly; the API may lie behind the machine's proxy.
                session.trust_env = own and not self.loopback
                session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
            headers = {"User-Agent": _AGENT}
            if method == "POST" and isinstance(body.get("data"), bytes):
                headers["Content-Type"] = "application/json"
            left = max(deadline - time.monotonic(), 0.001)
            options: dict[str, Any] = {
                "timeout": (min(self._connect_timeout, left), left),
                "headers": headers,
                "auth": _Bearer(self._key if keyed else None),
                "allow_redirects": False,
                "stream": True,
                **body,
            }
            failure, response = attempt(
                lambda: session.request(method, url, **options), line, creating
            )
            if failure is not None or response is None:
                raise failure or ApiError("No answer.")
            stack.callback(response.close)
            given = {k.lower(): self._clean(v) for k, v in response.headers.items()}
            chunks = read_chunks(response, line, deadline, creating)
            yield Stream(url, keyed, response.status_code, given, chunks)

    def _answer(self, stream: Stream) -> Answer:
        """Read a body, up to the cap. A refusal counts even where its body breaks off."""
        body = bytearray()
        try:
            for chunk in stream.chunks:
                body += chunk
                if len(body) > MAX_JSON:
                    break
        except ApiError:
            if stream.status < 400:
                raise
        # Whoever echoes the key back shall not spread it.
        data = bytes(body[: MAX_JSON + 1]).replace(self._key.encode(), b"***")
        return Answer(stream.status, data, stream.headers)

    def _clean(self, value: str) -> str:
        return value.replace(self._key, "***")


class _Bearer(AuthBase):
    """Sets the key, or nothing; its presence keeps `requests` from asking .netrc."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.pop("Authorization", None)
        if self._key is not None:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request


def _target(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return ""


def _is_api(url: str) -> bool:
    """Say whether `url` is a call of the API: some gateways serve their CDN from the same host."""
    return "/v1/" in urlsplit(url).path
