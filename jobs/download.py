"""Keeping one finished video: fetch, check, publish. A failed download repeats the download only."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from grok_api import ApiError, Done, LinkGone, VideoClient
from jobs import clip
from jobs.archive import Archive, clip_name, poster_name
from jobs.claims import Claims, should_give_up
from jobs.framing import still
from jobs.job import Job, State
from jobs.picture import PictureRefused

log = logging.getLogger(__name__)

TROUBLES: Final = frozenset({"download_trouble", "bad_clip", "archive_trouble", "link_gone"})
"""Reasons why a video that is made is not kept yet."""

SLOWEST: Final = 60.0
FRESH_LINK_EVERY: Final = 4
"""After so many failed downloads in a row the gateway is asked for the link again."""

DEAD_LINKS: Final = 3
"""So many links in a row that were gone mean that the content is."""


class Downloads:
    """The step from `ready` to `done`."""

    def __init__(
        self,
        claims: Claims,
        client: VideoClient,
        archive: Archive,
        poll_interval: float,
        clock: Callable[[], float],
    ) -> None:
        self._claims, self._client, self._archive = claims, client, archive
        self._poll_interval, self._clock = poll_interval, clock

    def step(self, job: Job) -> None:
        """Fetches `job`'s video once and writes what became of it."""
        temporary = self._archive.temporary(clip_name(job.id))
        try:
            self._client.download(str(job.video_url), temporary)
            facts = clip.check(temporary)
            poster = self._poster(job, temporary)
            self._archive.publish(temporary, clip_name(job.id))
        except LinkGone as error:
            self._link_gone(job, error)
        except ApiError as error:
            self._trouble(job, "download_trouble", error.kind, error.message)
        except clip.NotAClip as error:
            self._trouble(job, "bad_clip", "malformed", str(error))
        except OSError as error:
            log.error("job %s: the archive cannot be written: %s", job.id, error.strerror)
            self._trouble(job, "archive_trouble", "server_error", error.strerror or "")
        else:
            self._claims.end(
                job, State.DONE, self._clock(), kind="done", reason=None, detail=None, errors=0,
                clip=clip_name(job.id), clip_sha256=facts.sha256, clip_bytes=facts.bytes,
                video_seconds=facts.seconds, width=facts.width, height=facts.height, poster=poster,
            )  # fmt: skip
            log.info("job %s: kept, %d bytes", job.id, facts.bytes)
        finally:
            temporary.unlink(missing_ok=True)

    def _poster(self, job: Job, source: Path) -> str | None:
        """Makes the poster; a clip without one is still a clip."""
        target = self._archive.temporary(poster_name(job.id))
        try:
            if not self._given_poster(job, target):
                clip.poster(source, target)
            self._archive.publish(target, poster_name(job.id))
        except (clip.NotAClip, OSError) as error:
            log.warning("job %s: no poster: %s", job.id, type(error).__name__)
            return None
        finally:
            target.unlink(missing_ok=True)
        return poster_name(job.id)

    def _given_poster(self, job: Job, target: Path) -> bool:
        """Takes the still picture that some models offer; False where there is none to be had."""
        if job.poster_url is None:
            return False
        try:
            done = Done(str(job.video_url), poster_url=job.poster_url, request_id=job.request_id)
            self._client.download_poster(done, target)
            still(target)
        except (ApiError, PictureRefused) as error:
            log.info("job %s: no still picture: %s", job.id, type(error).__name__)
            return False
        return True

    def _link_gone(self, job: Job, error: ApiError) -> None:
        dead = job.errors + 1 if job.reason == "link_gone" else 1
        if job.request_id is None or dead >= DEAD_LINKS:
            why = {"kind": "expired", "reason": "link_gone", "detail": error.message}
            self._claims.end(job, State.EXPIRED, self._clock(), **why)
        else:
            self._ask_again(job, "link_gone", error.kind, error.message, errors=dead)

    def _trouble(self, job: Job, reason: str, kind: str, detail: str) -> None:
        now = self._clock()
        log.warning("job %s: %s: %s", job.id, reason, detail)
        # Where our own disk is the trouble the video is still there: that is never given up.
        again_and_again = (job.errors + 1) % FRESH_LINK_EVERY == 0
        if again_and_again and reason != "archive_trouble" and should_give_up(job, now):
            why = {"kind": "expired", "reason": reason, "detail": detail}
            self._claims.end(job, State.EXPIRED, now, **why)
        elif again_and_again and job.request_id:
            self._ask_again(job, reason, kind, detail)
        else:
            wait = min(2.0 * 2 ** min(job.errors, 5), SLOWEST)
            self._claims.later(job, now + wait, kind=kind, reason=reason, detail=detail)

    def _ask_again(self, job: Job, reason: str, kind: str, detail: str, **more: int) -> None:
        at = self._clock() + self._poll_interval
        why = {"kind": kind, "reason": reason, "detail": detail}
        self._claims.later(job, at, state=State.PENDING, **why, **more)
