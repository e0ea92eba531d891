"""Clips, posters and pictures: who gets them, and how they are sent."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable

import pytest

import studio
from jobs.archive import picture_name
from jobs.job import Job
from tests.server.conftest import CLIP, NOBODY, POSTER, Served, Visitor


def test_the_owner_gets_clip_and_poster(served: Served, demo: Visitor, job: Job) -> None:
    clip = served.get(served.media(demo, job), demo)
    assert (clip.status_code, clip.content) == (200, CLIP)
    assert clip.headers["content-type"] == "video/mp4"
    assert clip.headers["cache-control"].startswith("private")
    assert clip.headers["accept-ranges"] == "bytes"
    assert "content-disposition" not in clip.headers

    poster = served.get(served.media(demo, job, "poster", "webp"), demo)
    assert (poster.status_code, poster.content) == (200, POSTER)
    assert poster.headers["content-type"] == "image/webp"


def test_a_download_is_named_after_the_job(served: Served, demo: Visitor, job: Job) -> None:
    saved = served.get(served.media(demo, job) + "?download=1", demo)
    assert saved.headers["content-disposition"] == f'attachment; filename="grok-{job.id}.mp4"'
    assert saved.headers["cache-control"].startswith("private")
    assert saved.content == CLIP


def test_the_extension_in_the_address_decides_nothing(
    served: Served, demo: Visitor, job: Job
) -> None:
    odd = served.get(served.media(demo, job, extension="html"), demo)
    assert odd.headers["content-type"] == "video/mp4"
    assert odd.headers["x-content-type-options"] == "nosniff"


# -- who does not


def refused(served: Served, path: str, visitor: Visitor) -> None:
    for method in ("GET", "HEAD"):
        for headers in ({}, {"Range": "bytes=0-9"}):
            answer = served.ask(method, path, visitor, headers=headers)
            assert answer.status_code == 404
            assert answer.headers["cache-control"] == "no-store"
            assert CLIP[:10] not in answer.content


def test_strangers_get_nothing(served: Served, demo: Visitor, guest: Visitor, job: Job) -> None:
    """Nobody, a made-up cookie, another person: by demo's address or by one of their own."""
    path = served.media(demo, job)
    made_up = Visitor({served.here.cookie_name: "made-up"})
    for visitor in (NOBODY, made_up, guest):
        refused(served, path, visitor)
    refused(served, served.media(guest, job), guest)
    refused(served, served.media(guest, job), demo)


def test_an_address_belongs_to_one_session(
    served: Served, demo: Visitor, sign_in: Callable[[str], Visitor], job: Job
) -> None:
    """Another sign-in of the same person has addresses of its own."""
    elsewhere = sign_in("demo")
    refused(served, served.media(demo, job), elsewhere)
    assert served.get(served.media(elsewhere, job), elsewhere).status_code == 200


def test_an_address_ends_with_its_session(served: Served, demo: Visitor, job: Job) -> None:
    path = served.media(demo, job)
    assert served.get(path, demo).status_code == 200
    assert demo.session is not None
    served.here.sessions.revoke(demo.session.id, time.time())
    refused(served, path, demo)


def test_an_expired_session_gets_nothing(
    served: Served, sign_in: Callable[..., Visitor], job: Job
) -> None:
    lifetime = served.here.settings.session_days * 86400
    old = sign_in("demo", time.time() - lifetime - 1)
    refused(served, served.media(old, job), old)


@pytest.mark.parametrize("variant", ["", "other", "../clip", "picture", "draft"])
def test_other_variants_are_not_there(
    served: Served, demo: Visitor, job: Job, variant: str
) -> None:
    refused(served, served.media(demo, job, variant), demo)


def test_forged_tokens_are_refused(served: Served, demo: Visitor, job: Job) -> None:
    assert demo.session is not None
    token = served.here.links.sign(studio.MEDIA, job.id, demo.session.id, "clip")
    body, _, signature = token.rpartition(".")
    other = base64.urlsafe_b64encode(f'["{job.id}","{demo.session.id}","poster"]'.encode())
    live = served.here.links.sign(studio.LIVE, job.id, demo.session.id, "clip")
    for forged in (
        f"{other.decode().rstrip('=')}.{signature}",
        f"{body}.{signature[::-1]}",
        f"{body}.",
        f"{body}.{signature}x",
        body,
        "x",
        "%00",
        "%FF%FE",
        "..%5c..%5cstudio.sqlite3",
        "a" * 5000,
        live,
    ):
        refused(served, f"/app/static/media/{forged}.mp4", demo)


def test_a_deleted_job_is_gone_at_once(served: Served, demo: Visitor, job: Job) -> None:
    """Even while its files are still there."""
    path = served.media(demo, job)
    assert served.here.store.delete("demo", job.id, time.time()) is not None
    assert served.here.archive.has(str(job.clip))
    refused(served, path, demo)


def test_a_file_that_is_gone_is_not_found(served: Served, demo: Visitor, job: Job) -> None:
    served.here.archive.delete(str(job.clip))
    refused(served, served.media(demo, job), demo)
    assert served.get(served.media(demo, job, "poster", "webp"), demo).status_code == 200


def test_a_picture_without_a_job_is_shown_to_whoever_uploaded_it(
    served: Served, demo: Visitor, guest: Visitor
) -> None:
    picture = f"{hashlib.sha256(b'picture').hexdigest()}.jpg"
    served.here.archive.put(picture_name(picture), b"picture")
    assert demo.session is not None
    token = served.here.links.sign(studio.MEDIA, picture, demo.session.id, "draft")
    path = f"/app/static/media/{token}.jpg"
    answer = served.get(path, demo)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    refused(served, path, guest)
    refused(served, path, NOBODY)


# -- how it is sent


@pytest.mark.parametrize(
    ("asked", "sent", "content_range"),
    [
        ("bytes=0-9", CLIP[:10], "bytes 0-9/10240"),
        ("bytes=100-", CLIP[100:], "bytes 100-10239/10240"),
        ("bytes=-5", CLIP[-5:], "bytes 10235-10239/10240"),
        ("bytes=10000-99999", CLIP[10000:], "bytes 10000-10239/10240"),
    ],
)
def test_ranges_are_sent_in_part(
    served: Served, demo: Visitor, job: Job, asked: str, sent: bytes, content_range: str
) -> None:
    part = served.get(served.media(demo, job), demo, headers={"Range": asked})
    assert (part.status_code, part.content) == (206, sent)
    assert part.headers["content-range"] == content_range
    assert part.headers["content-length"] == str(len(sent))
    assert part.headers["cache-control"].startswith("private")


@pytest.mark.parametrize(
    ("asked", "status"), [("bytes=99999-", 416), ("bytes=a-b", 400), ("lines=1-2", 400)]
)
def test_impossible_ranges_are_refused(
    served: Served, demo: Visitor, job: Job, asked: str, status: int
) -> None:
    answer = served.get(served.media(demo, job), demo, headers={"Range": asked})
    assert answer.status_code == status


def test_a_range_of_an_older_file_brings_the_whole_new_one(
    served: Served, demo: Visitor, job: Job
) -> None:
    path = served.media(demo, job)
    etag = served.get(path, demo).headers["etag"]
    same = {"Range": "bytes=0-9", "If-Range": etag}
    other = {"Range": "bytes=0-9", "If-Range": '"another"'}
    assert served.get(path, demo, headers=same).status_code == 206
    whole = served.get(path, demo, headers=other)
    assert (whole.status_code, whole.content) == (200, CLIP)


def test_head_tells_the_size_and_sends_nothing(served: Served, demo: Visitor, job: Job) -> None:
    head = served.ask("HEAD", served.media(demo, job), demo)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(CLIP))


def test_nothing_is_taken(served: Served, demo: Visitor, job: Job) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert served.ask(method, served.media(demo, job), demo).status_code == 405


def test_where_cookies_are_dropped_the_signature_is_enough_until_sign_out(
    served: Served, job: Job
) -> None:
    sessions, now = served.here.sessions, time.time()
    claimed = sessions.claim_ticket(sessions.issue_ticket("demo", now), now)
    assert claimed is not None
    redeemed = sessions.redeem_receipt(claimed.receipt, now)
    assert redeemed is not None
    tab = Visitor({}, redeemed.session)
    path = served.media(tab, job)
    assert served.get(path, tab).status_code == 200
    sessions.revoke(redeemed.session.id, time.time())
    refused(served, path, tab)
