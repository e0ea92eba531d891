"""A submission's answers, over real HTTP: what is known goes on, what is not is never repeated."""

import itertools
import threading
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import OperationalError

from grok_api import (
    Done,
    Expired,
    Failed,
    Moderated,
    NotSent,
    Pending,
    RateLimited,
    ServerError,
    VideoClient,
)
from jobs.archive import picture_name
from jobs.job import State
from jobs.submit import BACKOFF

SHA = "ab" * 32


class Scripted:
    """A client that answers as told, for what the sandbox cannot say."""

    def __init__(self, *answers):
        self.answers, self.posts = list(answers), 0

    def create(self, _request):
        self.posts += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer() if callable(answer) else answer


def scripted(rig, *answers):
    client = Scripted(*answers)
    rig.worker = rig.new_worker(client=client)
    return client


# -- accepted


@pytest.mark.parametrize("tag", ["", "[id]", "[taskid]", "[created202]", "[nopath]"])
def test_an_accepted_job_is_pending_with_its_id(both, gateway, tag):
    job = both.ask(f"{tag} a red kite")
    both.step()
    now = both.job(job)
    assert now.state is State.PENDING
    assert now.request_id == gateway.request_id(job.prompt)
    assert (now.submitted_at, now.next_at) == (both.clock.now, both.clock.now + 8)
    assert gateway.calls(job.prompt, "create").count("accepted") == 1
    assert list(both.journal.entries()) == []


def test_what_was_asked_for_is_what_is_sent(rig, gateway, tmp_path):
    rig.archive.put(picture_name(f"{SHA}.jpg"), b"\xff\xd8\xff\xe0 not quite a picture")
    client = scripted(rig, Pending("video_1"))
    asked = []
    client.create = lambda request: asked.append(request) or Pending("video_1")
    rig.ask("from a picture", picture=f"{SHA}.jpg", aspect_ratio="9:16")
    rig.step()
    (request,) = asked
    assert request.image.startswith("data:image/jpeg;base64,")
    assert (request.duration, request.resolution, request.aspect_ratio) == (1, "480p", "9:16")


# -- nobody knows

AMBIGUOUS = ["[drop]", "[5xx]", "[html]", "[502after]", "[dropfirst]"]


@pytest.mark.parametrize("tag", AMBIGUOUS)
def test_an_answer_that_tells_nothing_is_unknown_and_never_repeated(both, gateway, tag):
    job = both.ask(f"{tag} a red kite")
    for _ in range(20):
        both.step(60)
    now = both.job(job)
    assert (now.state, now.reason, now.attempts) == (State.UNKNOWN, "ambiguous", 1)
    assert now.ended_at is not None
    assert gateway.posts(job.prompt) == 1


def test_a_read_that_takes_too_long_is_unknown_and_never_repeated(rig, gateway):
    job = rig.ask("[slowanswer:1] a red kite")
    rig.worker = rig.new_worker(
        client=VideoClient("test-key", gateway.url, retries=0, create_timeout=0.3)
    )
    for _ in range(20):
        rig.step(60)
    assert rig.job(job).state is State.UNKNOWN
    assert gateway.calls(job.prompt, "create") == ["accepted"]


@pytest.mark.parametrize("tag", ["[drop]", "[502after]"])
def test_a_person_may_find_the_id_and_the_clip_lands(rig, gateway, tag):
    job = rig.ask(f"{tag} a red kite")
    rig.step()
    assert rig.store.recover("ada", job.id, gateway.request_id(job.prompt), rig.clock.now)
    assert rig.until(job, State.DONE).clip
    assert gateway.posts(job.prompt) == 1


def test_a_person_may_send_again_and_that_is_one_more(rig, gateway):
    job = rig.ask("[dropfirst] a red kite")
    rig.step()
    again = rig.store.send_again("ada", job.id, f"resend-{job.id}", rig.clock.now)
    assert rig.until(again, State.DONE).prompt == job.prompt
    assert rig.job(job).state is State.UNKNOWN
    assert gateway.posts(job.prompt) == 2


def test_whatever_breaks_after_sending_began_is_unknown(rig):
    client = scripted(rig, MemoryError("while reading the answer"))
    job = rig.ask()
    for _ in range(5):
        rig.step(60)
    assert rig.job(job).state is State.UNKNOWN
    assert client.posts == 1


# -- refused in words


@pytest.mark.parametrize(
    ("tag", "state", "reason"),
    [
        ("[413]", State.FAILED, "too_big"),
        ("[nochannel]", State.FAILED, "not_offered"),
        ("[firewall]", State.FAILED, "turned_away"),
        ("[moderated400]", State.MODERATED, "moderated"),
        ("[nested]", State.MODERATED, "moderated"),
    ],
)
def test_a_refusal_ends_the_job(rig, gateway, tag, state, reason):
    job = rig.ask(f"{tag} a red kite")
    for _ in range(3):
        rig.step(60)
    now = rig.job(job)
    assert (now.state, now.reason) == (state, reason)
    assert gateway.posts(job.prompt) == 1


def test_a_request_that_no_gateway_takes_is_not_sent(rig, gateway):
    job = rig.ask(aspect_ratio="5:1")
    rig.step()
    now = rig.job(job)
    assert (now.state, now.reason) == (State.FAILED, "bad_request")
    assert gateway.posts(job.prompt) == 0


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Moderated("no", cost_usd=0.25, request_id="video_1"), State.MODERATED),
        (Failed("no", request_id="video_1"), State.FAILED),
        (Expired(request_id="video_1"), State.EXPIRED),
    ],
)
def test_an_end_at_once_keeps_its_id_and_cost(rig, answer, state):
    scripted(rig, answer)
    job = rig.ask()
    rig.step()
    now = rig.job(job)
    assert (now.state, now.request_id) == (state, "video_1")
    assert now.cost_usd == getattr(answer, "cost_usd", None)


def test_a_video_at_once_is_ready_with_its_id(rig):
    scripted(rig, Done("https://cdn.invalid/1.mp4", seconds=1.0, request_id="video_1"))
    job = rig.ask()
    rig.step()
    now = rig.job(job)
    assert (now.state, now.request_id, now.submitted_at) == (
        State.READY, "video_1", rig.clock.now,
    )  # fmt: skip
    assert now.video_url == "https://cdn.invalid/1.mp4"


# -- the key


@pytest.mark.parametrize("tag", ["[key]", "[key400]"])
def test_a_refused_key_holds_everything_until_a_check_passes(both, gateway, tag):
    gateway.set(create_fault=tag.strip("[]"))
    first, second = both.ask(), both.ask(owner="bob")
    both.step()
    assert (both.job(first).state, both.job(first).reason) == (State.QUEUED, "auth_error")
    assert both.store.gateway_status().paused_kind == "auth_error"
    for _ in range(3):  # within the minute nothing is sent, not even a check
        both.step(19)
    assert gateway.posts(first.prompt) + gateway.posts(second.prompt) == 1
    gateway.set(create_fault=None)
    both.step(3)  # the check: the key is good again
    assert both.store.gateway_status().paused_kind is None
    both.until(first, State.DONE)
    both.until(second, State.DONE)
    assert both.job(first).attempts == 2


def test_while_the_check_fails_nothing_is_sent(rig, gateway):
    gateway.set(key="another-key")
    job = rig.ask()
    for _ in range(10):
        rig.step(60)
    assert rig.job(job).state is State.QUEUED
    assert rig.job(job).attempts == 1
    gateway.set(key=None)
    rig.until(job, State.DONE)


@pytest.mark.parametrize("tag", ["[quota]", "[quota429]"])
def test_without_money_nothing_is_sent_until_a_person_resumes(rig, gateway, tag):
    job = rig.ask(f"{tag} a red kite")
    other = rig.ask(owner="bob")
    for _ in range(12):
        rig.step(600)
    assert (rig.job(job).state, rig.job(job).reason) == (State.QUEUED, "quota_error")
    assert gateway.posts(job.prompt) == 1
    assert gateway.posts(other.prompt) == 0
    rig.store.cancel("ada", job.id, rig.clock.now)
    rig.store.resume_gateway("root", rig.clock.now)
    rig.until(other, State.DONE)


# -- too fast, and not sent


def test_a_gateway_that_asks_to_wait_is_given_that_time(rig, gateway):
    job = rig.ask("[429] a red kite")
    rig.step()
    now = rig.job(job)
    assert (now.state, now.reason, now.errors) == (State.QUEUED, "rate_limited", 1)
    assert now.next_at == rig.clock.now + 1  # its Retry-After
    other = rig.ask(owner="bob")
    rig.step(0.9)
    assert gateway.posts(other.prompt) == 0  # all of them wait
    rig.until(job, State.DONE)
    rig.until(other, State.DONE)
    assert gateway.calls(job.prompt, "create") == ["429", "accepted"]


def test_a_wish_that_does_not_help_is_outdone(rig):
    """`Retry-After: 1` over and over must not use up five tries in five seconds."""
    client = scripted(rig, RateLimited("slower", retry_after=1.0))
    job = rig.ask()
    waits = []
    while rig.job(job).state is State.QUEUED:
        rig.step()
        if rig.job(job).state is State.QUEUED:
            waits.append(rig.job(job).next_at - rig.clock.now)
            rig.clock.step(waits[-1])
    assert waits == [1.0, *BACKOFF[1:]]
    assert (rig.job(job).state, rig.job(job).reason) == (State.FAILED, "rate_limited")
    assert client.posts == 6


def test_a_long_wish_is_granted_up_to_an_hour(rig):
    scripted(rig, RateLimited("slower", retry_after=86_400.0))
    job = rig.ask()
    rig.step()
    assert rig.job(job).next_at == rig.clock.now + 3600


def test_what_was_never_sent_is_tried_five_times_more(rig):
    rig.worker = rig.new_worker(client=VideoClient("test-key", "http://127.0.0.1:9", retries=0))
    job = rig.ask()
    started = rig.clock.now
    tried = []
    while rig.job(job).state is State.QUEUED:
        before = rig.job(job).attempts
        rig.step(1)
        if rig.job(job).attempts > before:
            tried.append(rig.clock.now - started)
    now = rig.job(job)
    assert (now.state, now.reason, now.attempts) == (State.FAILED, "unreachable", 6)
    assert now.ended_at is not None
    gaps = [later - sooner for sooner, later in itertools.pairwise(tried)]
    assert gaps == list(BACKOFF)


def test_once_it_can_be_sent_the_tries_are_forgotten(rig):
    scripted(rig, NotSent("refused"), NotSent("refused"), Pending("video_1"))
    job = rig.ask()
    now = rig.until(job, State.PENDING, by=15)
    assert (now.attempts, now.errors, now.reason) == (3, 0, None)


# -- before anything is sent


def test_a_lost_picture_fails_before_anything_is_sent(rig, gateway):
    job = rig.ask(picture=f"{SHA}.jpg")
    rig.step()
    assert (rig.job(job).state, rig.job(job).reason) == (State.FAILED, "picture_lost")
    assert gateway.posts(job.prompt) == 0


def test_a_picture_that_cannot_be_read_now_is_no_lost_job(rig, gateway, monkeypatch):
    rig.archive.put(picture_name(f"{SHA}.jpg"), b"\xff\xd8\xff\xe0")

    def broken(_path):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr("jobs.submit.data_uri_of", broken)
        job = rig.ask(picture=f"{SHA}.jpg")
        rig.step()
    assert rig.job(job).state is State.QUEUED
    assert gateway.posts(job.prompt) == 0


def test_a_database_that_is_away_at_the_last_look_is_no_lost_job(rig, gateway, monkeypatch):
    def away(*_args):
        raise OperationalError("SELECT", {}, Exception("gone"))

    job = rig.ask()
    with monkeypatch.context() as patched:
        patched.setattr(rig.claims, "may_send", away)
        rig.step()
    assert rig.job(job).state is State.QUEUED
    assert gateway.posts(job.prompt) == 0
    rig.until(job, State.DONE)


def test_a_lease_too_short_for_the_call_is_not_used(rig, gateway, monkeypatch):
    """The process slept between the claim and the last look."""
    job = rig.ask()
    request = rig.worker._submissions._request

    def slowly(job):
        rig.clock.step(50)
        return request(job)

    with monkeypatch.context() as patched:
        patched.setattr(rig.worker._submissions, "_request", slowly)
        rig.step()
    assert rig.job(job).state is State.QUEUED
    assert gateway.posts(job.prompt) == 0
    rig.until(job, State.DONE)
    assert gateway.posts(job.prompt) == 1


# -- the database is away afterwards


def flaky(rig, monkeypatch, name, times=3):
    """Makes a write fail so many times."""
    real, left = getattr(rig.claims, name), [times]

    def write(*args, **values):
        if left[0]:
            left[0] -= 1
            raise OperationalError("UPDATE", {}, Exception("gone"))
        return real(*args, **values)

    monkeypatch.setattr(rig.claims, name, write)
    return left


def test_a_request_id_is_kept_though_the_database_is_away(rig, gateway, monkeypatch):
    left = flaky(rig, monkeypatch, "accepted")
    job = rig.ask()
    rig.step()
    assert left == [0]
    assert rig.job(job).request_id == gateway.request_id(job.prompt)


@pytest.mark.parametrize(
    ("tag", "writes", "state"),
    [
        ("[key]", ("pause", "requeue"), State.QUEUED),
        ("[429]", ("slow_down", "requeue"), State.QUEUED),
        ("[drop]", ("end",), State.UNKNOWN),
        ("[413]", ("end",), State.FAILED),
    ],
)
def test_so_is_every_other_outcome(rig, monkeypatch, tag, writes, state):
    for name in writes:
        flaky(rig, monkeypatch, name)
    job = rig.ask(f"{tag} a red kite")
    rig.step()
    assert rig.job(job).state is state


def test_a_database_that_stays_away_leaves_the_id_in_the_journal(rig, gateway, monkeypatch):
    """The process ends before the database is back; the next one takes the id up."""
    now = [0.0]

    def slept(_seconds):
        now[0] += 60.0

    impatient = SimpleNamespace(monotonic=lambda: now[0], sleep=slept)
    job = rig.ask()
    with monkeypatch.context() as patched:
        patched.setattr("jobs.submit.time", impatient)
        flaky(rig, patched, "accepted", times=1000)
        rig.step()
    assert rig.job(job).state is State.SUBMITTING
    (entry,) = rig.journal.entries()
    assert (entry.job_id, entry.request_id) == (job.id, gateway.request_id(job.prompt))
    rig.clock.step(1000)
    rig.worker = rig.new_worker()
    rig.step()  # the lease ran out as well, and yet it is not unknown
    assert rig.job(job).request_id == entry.request_id
    assert list(rig.journal.entries()) == []
    assert rig.until(job, State.DONE)
    assert gateway.posts(job.prompt) == 1


def test_a_journal_that_cannot_be_written_stops_nothing(rig, gateway, tmp_path):
    (tmp_path / "journal").rmdir()
    (tmp_path / "journal").write_text("a file in its place")
    job = rig.ask()
    rig.step()
    assert rig.job(job).request_id == gateway.request_id(job.prompt)


def test_what_a_crash_cut_short_is_passed_over(rig, tmp_path):
    (tmp_path / "journal" / "half.json").write_text('{"job": "01')
    (tmp_path / "journal" / "other.json").write_text('["not", "ours"]')
    assert list(rig.journal.entries()) == []
    rig.step()


# -- a worker that slept past its lease


def test_an_answer_that_comes_after_the_lease_is_kept(both, gateway):
    """The POST is under way, the process is frozen; another one gives the job up meanwhile."""
    job = both.ask()
    other = both.new_worker()
    create = both.client.create

    def frozen(request):
        outcome = create(request)
        other.run_once(both.clock.step(200))
        assert both.job(job).state is State.UNKNOWN
        return outcome

    slow = both.new_worker(client=SimpleNamespace(create=frozen))
    slow.run_once(both.clock.now)
    now = both.job(job)
    assert (now.state, now.request_id) == (State.PENDING, gateway.request_id(job.prompt))
    both.until(job, State.DONE)
    assert gateway.posts(job.prompt) == 1


@pytest.mark.parametrize(
    "late", [ServerError("502", ambiguous=True), NotSent("refused"), RateLimited("slower")]
)
def test_any_other_late_word_changes_nothing(rig, late):
    job = rig.ask()
    other = rig.new_worker()

    def frozen(_request):
        other.run_once(rig.clock.step(200))
        raise late

    rig.new_worker(client=SimpleNamespace(create=frozen)).run_once(rig.clock.now)
    assert (rig.job(job).state, rig.job(job).reason) == (State.UNKNOWN, "interrupted")


def test_two_workers_send_each_job_once(both, gateway):
    asked = [both.ask(owner=f"owner-{n % 2}") for n in range(6)]
    workers = [both.new_worker() for _ in range(2)]
    for _ in range(20):
        now = both.clock.step(1)
        threads = [threading.Thread(target=one.run_once, args=(now,)) for one in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [gateway.posts(job.prompt) for job in asked] == [1] * 6
