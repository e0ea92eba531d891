"""From a finished video to a kept one: nothing but a whole, playable clip is called done."""

import errno
import hashlib
import itertools
import threading
from types import SimpleNamespace

import pytest
from PIL import Image
from sqlalchemy.exc import OperationalError

from grok_api import Done, LinkGone, NotFound, ServerError
from jobs.claims import DOWNLOAD_LEASE
from jobs.job import GIVE_UP_AFTER, State
from jobs.lane import Lane


def finished(rig, prompt="a red kite"):
    """A job whose video is ready to be fetched."""
    job = rig.ask(prompt)
    rig.step()
    (taken,) = rig.claims.claim_polls(rig.clock.step(8), 8, 10)
    outcome = rig.client.retrieve(taken.request_id)
    assert rig.claims.ready(taken, rig.clock.now, video_url=outcome.url)
    return job


def with_download(rig, download, retrieve=None):
    client = SimpleNamespace(download=download, retrieve=retrieve or rig.client.retrieve)
    rig.worker = rig.new_worker(client=client)


def failing(error):
    def download(_url, _path):
        raise error

    return download


def test_done_means_kept_whole_and_checked(both, gateway):
    job = finished(both)
    both.step()
    now = both.job(job)
    assert (now.state, now.kind, now.reason, now.errors) == (State.DONE, "done", None, 0)
    data = both.archive.path(now.clip).read_bytes()
    assert now.clip_sha256 == hashlib.sha256(data).hexdigest()
    assert now.clip_bytes == len(data)
    assert now.video_seconds == pytest.approx(1.0, abs=0.1)
    assert (now.width, now.height) == (848, 480)
    with Image.open(both.archive.path(now.poster)) as poster:
        assert poster.format == "WEBP"
    assert gateway.calls(job.prompt, "download") == ["sent"]
    assert list(both.archive.temporary(now.clip).parent.iterdir()) == []


def test_a_clip_without_a_poster_is_still_a_clip(rig, monkeypatch):
    def no_poster(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("jobs.clip.poster", no_poster)
    job = finished(rig)
    rig.step()
    now = rig.job(job)
    assert (now.state, now.poster) == (State.DONE, None)


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        ("[badclip]", "download_trouble"),
        ("[cutclip]", "bad_clip"),
        ("[cutlink]", "download_trouble"),
    ],
)
def test_what_is_no_clip_is_fetched_again(rig, gateway, tag, reason):
    job = finished(rig, f"{tag} a red kite")
    rig.step()
    now = rig.job(job)
    assert (now.state, now.reason, now.errors) == (State.READY, reason, 1)
    assert not rig.archive.has(f"clips/{job.id}.mp4")
    assert rig.until(job, State.DONE).clip
    assert (gateway.posts(job.prompt), len(gateway.calls(job.prompt, "download"))) == (1, 2)


def test_downloads_back_off_and_ask_for_a_fresh_link(rig):
    tries = []

    def download(_url, _path):
        tries.append(rig.clock.now)
        raise ServerError("502")

    asked = []

    def retrieve(_request_id, *, model):
        asked.append(rig.clock.now)
        return Done("https://cdn.invalid/2.mp4")

    job = finished(rig)
    with_download(rig, download, retrieve)
    for _ in range(120):
        rig.step(1)
    gaps = [later - sooner for sooner, later in itertools.pairwise(tries)]
    assert gaps[:5] == [2, 4, 8, 9, 32]  # the fourth by way of a poll; the count goes on
    assert asked[0] == tries[3] + 8
    assert rig.job(job).video_url == "https://cdn.invalid/2.mp4"
    assert rig.job(job).state in (State.READY, State.PENDING)


def test_a_day_of_trouble_expires_but_not_one_bad_moment(rig):
    job = finished(rig)
    with_download(rig, failing(ServerError("502")), failing_poll := lambda *_a, **_k: Done("x"))
    rig.clock.step(GIVE_UP_AFTER + 60)  # the studio was down for a day
    rig.step()
    assert rig.job(job).state is State.READY
    for _ in range(10):
        rig.step(60)
    now = rig.job(job)
    assert (now.state, now.reason) == (State.EXPIRED, "download_trouble")
    assert failing_poll


# -- links that are gone


def test_a_link_that_is_gone_is_asked_for_anew(rig, gateway):
    job = finished(rig, "[gone] a red kite")
    rig.step()
    now = rig.job(job)
    assert (now.state, now.reason) == (State.PENDING, "link_gone")
    assert now.next_at == rig.clock.now + 8
    assert rig.until(job, State.DONE).clip
    assert gateway.posts(job.prompt) == 1


def test_three_dead_links_are_the_end(rig, gateway):
    job = finished(rig, "[lost] a red kite")
    now = rig.until(job, State.EXPIRED)
    assert now.reason == "link_gone"
    assert gateway.calls(job.prompt, "download") == ["lost"] * 3
    assert gateway.posts(job.prompt) == 1


def test_other_troubles_are_no_dead_links(rig):
    """Two bad answers and then one dead link must not look like three dead links."""
    job = finished(rig)
    with_download(rig, failing(ServerError("502")))
    rig.step()
    rig.step(60)
    assert rig.job(job).errors == 2
    with_download(rig, failing(LinkGone("404")))
    rig.step(60)
    assert (rig.job(job).state, rig.job(job).reason) == (State.PENDING, "link_gone")
    rig.worker = rig.new_worker()
    assert rig.until(job, State.DONE).clip


def test_a_dead_link_of_a_job_without_an_id_is_the_end(rig):
    job = finished(rig)
    rig.set(job, request_id=None)
    with_download(rig, failing(LinkGone("404")))
    rig.step()
    assert (rig.job(job).state, rig.job(job).reason) == (State.EXPIRED, "link_gone")


# -- the archive


def test_a_full_disk_keeps_trying_and_loses_nothing(rig, gateway, monkeypatch):
    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    job = finished(rig)
    with monkeypatch.context() as patched:
        patched.setattr(rig.archive, "publish", full)
        for _ in range(12):
            rig.step(60)
        now = rig.job(job)
        assert now.state in (State.READY, State.PENDING)
        assert now.reason == "archive_trouble"
        assert "No space" in now.detail
    assert rig.until(job, State.DONE).clip
    assert gateway.posts(job.prompt) == 1


def test_an_archive_that_is_away_keeps_trying_for_days(rig, gateway, tmp_path):
    job = finished(rig)
    clips = tmp_path / "archive" / "incoming"
    clips.rename(tmp_path / "away")
    clips.write_text("a file in its place")
    for _ in range(15):
        rig.step(3 * 3600)
    assert rig.job(job).state in (State.READY, State.PENDING)
    clips.unlink()
    (tmp_path / "away").rename(clips)
    assert rig.until(job, State.DONE, by=60).clip
    assert gateway.posts(job.prompt) == 1


@pytest.mark.parametrize(
    ("error", "state"),
    [(ServerError("502"), State.PENDING), (NotFound("task_not_exist"), State.EXPIRED)],
)
def test_a_made_video_is_given_up_only_where_the_gateway_no_longer_has_it(rig, error, state):
    """The archive was away for a day, and the gateway has trouble when asked for a fresh link."""
    job = finished(rig)
    rig.set(job, state="pending", reason="archive_trouble")

    def retrieve(_request_id, *, model):
        raise error

    with_download(rig, failing(error), retrieve)
    rig.step(GIVE_UP_AFTER + 60)
    assert rig.job(job).state is state


# -- leases


def test_a_download_whose_process_died_is_taken_up(both):
    job = finished(both)
    assert both.claims.claim_downloads(both.clock.now, 10)
    both.step(DOWNLOAD_LEASE - 1)
    assert both.job(job).state is State.READY
    both.step(1)
    assert both.job(job).state is State.DONE


def test_a_long_download_is_nobody_elses(rig):
    """A live worker renews the lease of what it is fetching."""
    job = finished(rig)
    begun, go_on = threading.Event(), threading.Event()

    def download(url, path):
        begun.set()
        assert go_on.wait(20)
        return rig.client.download(url, path)

    with_download(rig, download)
    rig.worker._download_lane = Lane("download", 3)
    rig.step()
    assert begun.wait(20)
    other = rig.new_worker(client=SimpleNamespace(download=failing(ServerError("twice"))))
    for _ in range(10):
        rig.step(20)
        other.run_once(rig.clock.now)
    assert (rig.job(job).state, rig.job(job).errors) == (State.READY, 0)
    go_on.set()
    assert rig.worker._download_lane.drain(20)
    assert rig.job(job).state is State.DONE


def test_two_that_kept_the_same_clip_agree(rig):
    """A frozen download wakes up after another process has kept the clip."""
    job = finished(rig)

    def download(url, path):
        rig.new_worker().run_once(rig.clock.step(DOWNLOAD_LEASE + 1))
        assert rig.job(job).state is State.DONE
        return rig.client.download(url, path)

    with_download(rig, download)
    rig.step()
    now = rig.job(job)
    data = rig.archive.path(now.clip).read_bytes()
    assert now.clip_sha256 == hashlib.sha256(data).hexdigest()


def test_a_database_that_is_away_at_the_end_costs_a_download_more(rig, gateway, monkeypatch):
    def away(*_args, **_values):
        raise OperationalError("UPDATE", {}, Exception("gone"))

    job = finished(rig)
    with monkeypatch.context() as patched:
        patched.setattr(rig.claims, "end", away)
        rig.step()
    assert rig.job(job).state is State.READY
    rig.step(DOWNLOAD_LEASE)
    assert rig.job(job).state is State.DONE
    assert len(gateway.calls(job.prompt, "download")) == 2
