"""The client: create a video, ask for it, fetch it. The only part that talks to the gateway."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Collection
from typing import TypeVar
from urllib.parse import urlsplit

import requests

from grok_api import catalogue, grok
from grok_api.addresses import Guard, is_loopback_host, origin
from grok_api.answers import NO_CHANNEL, Answer
from grok_api.documents import is_identifier
from grok_api.download import MAX_BYTES, TIMEOUT, Download, download
from grok_api.errors import ApiError, AuthError, InvalidRequest, NoVideo, ServerError
from grok_api.fields import absolute
from grok_api.models import read_models
from grok_api.outcomes import Done, Outcome
from grok_api.request import VideoRequest
from grok_api.transport import Transport

BASE_URL = "https://api.dubrify.com"
log = logging.getLogger(__name__)
T = TypeVar("T")


class VideoClient:
    """Speaks to one gateway with one key. Safe to share among threads.

    `create_path` fixes the path of the create call for models with more than one (Grok); None
    tries the document's, then the older one where the first answer proves that nothing was
    accepted. `retries` repeats GETs only: a POST is never repeated. Timeouts are seconds for a
    whole call. `allow_hosts` names private hosts that videos may be fetched from. A `session`
    of your own is used as it is for calls to the API; without one every call has a fresh
    connection.
    """

    def __init__(
        self,
        api_key: str,
        base_url: str = BASE_URL,
        *,
        create_path: str | None = None,
        retries: int = 2,
        session: requests.Session | None = None,
        connect_timeout: float = 5.0,
        create_timeout: float = 60.0,
        retrieve_timeout: float = 20.0,
        download_timeout: float = TIMEOUT,
        max_download: int = MAX_BYTES,
        allow_hosts: Collection[str] = (),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base_url = _base_url(base_url)
        self.create_path = create_path and "/" + create_path.strip().strip("/")
        self.retries = retries
        self._create_timeout = create_timeout
        self._retrieve_timeout = retrieve_timeout
        self._download_timeout = download_timeout
        self._max_download = max_download
        self._sleep = sleep
        self._working_paths: dict[str, str] = {}
        loopback = is_loopback_host(urlsplit(self.base_url).hostname or "")
        self._transport = Transport(
            self.base_url,
            _api_key(api_key),
            session=session,
            connect_timeout=connect_timeout,
            guard=Guard(tuple(allow_hosts), allow_loopback=loopback),
        )

    def __repr__(self) -> str:
        return f"VideoClient(base_url={self.base_url!r})"

    def create(self, request: VideoRequest) -> Outcome:
        """Submit one video, with one POST; return a Pending with its id, or another outcome.

        Raises InvalidRequest before anything is sent, and ApiError, whose `ambiguous` says
        that the job may have been accepted all the same.
        """
        request.validate()
        model = catalogue.translation(request.model)
        wire = model.encode(request)
        paths = model.CREATE_PATHS
        known = self.create_path or self._working_paths.get(request.model)
        known = known if len(paths) > 1 else None
        deadline = time.monotonic() + self._create_timeout
        first: ApiError | None = None
        for path in (known,) if known else paths:
            try:
                answer = self._transport.post(path, wire, deadline)
                outcome = model.read_created(answer, self.base_url, request.prompt)
            except ApiError as error:
                if known or not _unrouted(error):
                    raise
                # Where every path fails alike, the document's is the one to speak of.
                first = first or error
                continue
            self._working_paths[request.model] = path
            return outcome
        raise first or ApiError("The model has no create path.")

    def retrieve(self, request_id: str, *, model: str = grok.MODEL) -> Outcome:
        """Return the state of a job. Raises InvalidRequest for what is no id, and ApiError."""
        translation = catalogue.translation(model)
        if not isinstance(request_id, str) or not is_identifier(request_id.strip()):
            raise InvalidRequest(
                "The request id is blank or has characters that no id has.",
                field="request_id",
                code="bad_request_id",
            )
        request_id = request_id.strip()
        return self._patiently(
            translation.retrieve_path(request_id),
            lambda answer: translation.read_retrieved(answer, self.base_url, request_id),
        )

    def models(self) -> list[str]:
        """Return the ids of the models that the key may use; checks a key at no cost."""
        return self._patiently("/v1/models", read_models)

    def download(
        self, source: Outcome | str, path: str | os.PathLike[str], *, model: str = grok.MODEL
    ) -> Download:
        """Fetch a video to `path`, from an outcome, a request id (asked for first) or a URL.

        Raises NoVideo where the job has none (yet), what `download.download` raises, and
        OSError where the disk refuses. The key goes to the API's own origin only.
        """
        if isinstance(source, str):
            given = absolute(source, self.base_url)
            source = Done(given) if given else self.retrieve(source, model=model)
        if not isinstance(source, Done):
            raise NoVideo(f"The job has no video to fetch: {source.kind}.", outcome=source)
        return self._fetch(source.url, path)

    def download_poster(self, done: Done, path: str | os.PathLike[str]) -> Download:
        """Fetch the still picture of a finished video to `path`; raises as `download` does."""
        if done.poster_url is None:
            raise NoVideo("The video has no poster to fetch.", outcome=done)
        return self._fetch(done.poster_url, path, of="image/")

    def _fetch(self, url: str, path: str | os.PathLike[str], of: str = "video/") -> Download:
        return download(
            self._transport,
            url,
            path,
            of=of,
            timeout=self._download_timeout,
            max_bytes=self._max_download,
        )

    def _patiently(self, path: str, read: Callable[[Answer], T]) -> T:
        """GET and read; repeat what is passing while `retries` and the deadline allow."""
        deadline = time.monotonic() + self._retrieve_timeout
        attempt = 0
        while True:
            try:
                return read(self._transport.get(path, deadline))
            except ServerError as error:
                wait = error.retry_after or 0.25 * 2**attempt
                lasting = error.http_status == 501 or error.code == NO_CHANNEL
                late = time.monotonic() + wait >= deadline
                if attempt >= self.retries or lasting or late:
                    raise
                log.info("GET %s: %s, again in %.2f s", path, error.kind, wait)
            self._sleep(wait)
            attempt += 1


def _unrouted(error: ApiError) -> bool:
    """Say whether the address alone was refused: nothing was accepted, another may be right."""
    refused = error.http_status in (404, 405, 415, 501) or error.code == "invalid_api_platform"
    of_address = error.kind in ("not_found", "bad_request", "server_error")
    of_model = re.search(r"(?i)model|模型", f"{error.message} {error.code}")
    return refused and of_address and not error.ambiguous and not of_model


def _api_key(key: str) -> str:
    key = key.strip() if isinstance(key, str) else ""
    # Anything else could break out of the header, and would be shown in the refusal.
    if not re.fullmatch(r"[\x21-\x7e]{1,4096}", key):
        raise AuthError(
            "The API key is missing, or has characters that no key has.",
            sent=False,
            code="bad_api_key",
        )
    return key


def _base_url(url: str) -> str:
    url = url.strip().rstrip("/") if isinstance(url, str) else ""
    parts = urlsplit(url) if origin(url) else None
    if parts is None or parts.query or parts.fragment:
        raise InvalidRequest(
            "The API's address must be http(s)://host, without a user name or a query.",
            field="base_url",
            code="bad_base_url",
        )
    return url
