"""Asking after jobs: only the gateway's own words end one; all trouble passes."""

import itertools
from types import SimpleNamespace

import pytest

from grok_api import (
    AuthError,
    Done,
    NotFound,
    NotSent,
    Pending,
    RateLimited,
    ServerError,
)
from jobs.job import GIVE_UP_AFTER, OVERDUE_AFTER, State


def accepted(rig, prompt="a red kite", **more):
    """A job that the gateway has taken on; its first poll is due in 8 s."""
    job = rig.ask(prompt, **more)
    rig.step()
    assert rig.job(job).state is State.PENDING
    return job


def polled(rig, *answers):
    """Lets polls answer as told, the last one for ever; counts them."""
    left, times = list(answers), []

    def retrieve(_request_id, *, model):
        times.append(rig.clock.now)
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = SimpleNamespace(retrieve=retrieve, models=rig.client.models, create=rig.client.create)
    rig.worker = rig.new_worker(client=client)
    return times


# -- what the gateway says


PENDING = ["[forever]", "[forever] [progress]", "[forever] [inprogress]", "[forever] [nostatus]"]


@pytest.mark.parametrize("tags", [*PENDING, "[forever] [oddword]", "[forever] [empty202]"])
def test_still_pending(rig, gateway, tags):
    job = accepted(rig, f"{tags} a red kite")
    for _ in range(5):
        rig.step(8)
    now = rig.job(job)
    assert (now.state, now.reason, now.errors) == (State.PENDING, None, 0)
    assert len(gateway.calls(job.prompt, "poll")) == 5


def test_progress_is_shown(rig):
    job = accepted(rig)
    polled(rig, Pending("video_1", progress=40))
    rig.step(8)
    assert rig.job(job).progress == 40


@pytest.mark.parametrize(
    ("tag", "state", "reason"),
    [
        ("[moderated]", State.MODERATED, "moderated"),
        ("[moderatedurl]", State.MODERATED, "moderated"),
        ("[moderatedtext]", State.MODERATED, "moderated"),
        ("[fail]", State.FAILED, "failed"),
        ("[failreason]", State.FAILED, "failed"),
        ("[fail400]", State.FAILED, "failed"),
        ("[nourl]", State.FAILED, "failed"),
        ("[expired]", State.EXPIRED, "expired"),
    ],
)
def test_ends_in_every_shape(rig, gateway, tag, state, reason):
    job = accepted(rig, f"{tag} a red kite")
    for _ in range(4):
        rig.step(60)
    now = rig.job(job)
    assert (now.state, now.reason) == (state, reason)
    assert now.ended_at is not None
    assert now.request_id == gateway.request_id(job.prompt)
    assert (len(gateway.calls(job.prompt, "poll")), gateway.posts(job.prompt)) == (1, 1)


@pytest.mark.parametrize(
    "tag", ["", "[done202]", "[completed]", "[wrapped]", "[relative]", "[blanks]", "[usage]"]
)
def test_done_in_every_shape(rig, gateway, tag):
    job = accepted(rig, f"{tag} a red kite")
    now = rig.until(job, State.DONE)
    assert now.clip_bytes
    assert (now.cost_usd is not None) == (tag == "[usage]")
    assert gateway.posts(job.prompt) == 1


# -- trouble on the way


@pytest.mark.parametrize(
    "tag", ["[poll5xx]", "[pollhtml]", "[poll429]", "[polldrop]", "[poll404x2]"]
)
def test_trouble_passes(rig, gateway, tag):
    job = accepted(rig, f"{tag} a red kite")
    rig.step(8)
    now = rig.job(job)
    assert (now.state, now.errors) == (State.PENDING, 1)
    assert now.reason == ("rate_limited" if tag == "[poll429]" else "gateway_trouble")
    now = rig.until(job, State.DONE)
    assert (now.errors, now.reason) == (0, None)
    assert len(gateway.calls(job.prompt, "poll")) == 3


def test_polls_back_off_to_a_minute(rig):
    accepted(rig)
    times = polled(rig, ServerError("502"))
    for _ in range(300):
        rig.step(1)
    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert gaps[:6] == [8, 16, 32, 60, 60, 60]


def test_a_wish_to_wait_is_granted(rig):
    accepted(rig)
    times = polled(rig, RateLimited("slower", retry_after=45.0), Pending("video_1"))
    for _ in range(60):
        rig.step(1)
    assert times[1] - times[0] == 45


def test_an_hour_is_too_long_a_wish_for_a_poll(rig):
    job = accepted(rig)
    polled(rig, RateLimited("slower", retry_after=86_400.0))
    rig.step(8)
    assert rig.job(job).next_at == rig.clock.now + 600


@pytest.mark.parametrize("error", [ServerError("502"), NotFound("task_not_exist"), NotSent("dns")])
def test_trouble_for_hours_ends_nothing(rig, error):
    job = accepted(rig)
    polled(rig, error)
    for _ in range(6):
        rig.step(3 * 3600)
    assert rig.job(job).state is State.PENDING


def test_a_refused_key_ends_no_job_and_holds_submissions(rig, gateway):
    job = accepted(rig, "[poll401x1] a red kite")
    rig.step(8)
    now = rig.job(job)
    assert (now.state, now.reason) == (State.PENDING, "auth_error")
    assert now.next_at == rig.clock.now + 60
    assert rig.store.gateway_status().paused_kind == "auth_error"
    other = rig.ask(owner="bob")
    rig.step(30)
    assert gateway.posts(other.prompt) == 0
    rig.step(30)  # the check passes
    assert rig.store.gateway_status().paused_kind is None
    rig.until(job, State.DONE)
    rig.until(other, State.DONE)


def test_a_refused_key_ends_no_job_even_after_a_day(rig):
    job = accepted(rig)
    polled(rig, AuthError("wrong key"))
    for _ in range(9):
        rig.step(4 * 3600)
    assert rig.job(job).state is State.PENDING


def test_one_job_that_is_refused_for_ever_does_not_stop_the_others(rig, gateway):
    """Its polls pause the key again and again; the checks in between pass."""
    accepted(rig, "[poll401] a red kite")
    rig.step(8)
    others = [rig.ask(owner="bob") for _ in range(3)]
    for other in others:
        rig.until(other, State.DONE, by=1, steps=400)


# -- long ones


def test_an_overdue_job_is_asked_after_each_minute_and_may_still_land(both, gateway):
    job = accepted(both, "[poll5xx:30] a red kite")
    both.clock.step(OVERDUE_AFTER)
    for _ in range(10):
        before = len(gateway.calls(job.prompt, "poll"))
        for _ in range(6):
            both.step(10)
        assert len(gateway.calls(job.prompt, "poll")) - before == 1
    assert both.job(job).is_overdue(both.clock.now)
    assert both.until(job, State.DONE, by=60).clip
    assert gateway.posts(job.prompt) == 1


def test_the_first_trouble_of_an_overdue_job_waits_a_minute_too(rig):
    job = accepted(rig)
    polled(rig, ServerError("502"))
    rig.step(OVERDUE_AFTER + 1)
    assert rig.job(job).next_at == rig.clock.now + 60


def test_overdue_jobs_make_room(rig, gateway):
    for _ in range(5):
        accepted(rig, "[forever] a red kite")
        rig.clock.step(1)
    other = rig.ask(owner="bob")
    rig.step(30)
    assert gateway.posts(other.prompt) == 0
    rig.step(OVERDUE_AFTER)
    assert gateway.posts(other.prompt) == 1


@pytest.mark.parametrize(
    "answer", [Pending("video_1"), ServerError("502"), NotFound("task_not_exist")]
)
def test_after_a_day_it_is_unknown_but_only_once_asked(rig, answer):
    job = accepted(rig)
    times = polled(rig, answer)
    rig.clock.step(GIVE_UP_AFTER + 3600)
    assert rig.job(job).state is State.PENDING
    rig.step()
    now = rig.job(job)
    assert (now.state, now.reason, len(times)) == (State.UNKNOWN, "no_answer", 1)
    assert now.request_id
    for _ in range(5):
        rig.step(60)
    assert len(times) == 1


def test_after_a_day_a_video_still_lands(rig, gateway):
    job = accepted(rig)
    rig.clock.step(GIVE_UP_AFTER + 3600)
    assert rig.until(job, State.DONE).clip


def test_a_gateway_that_was_not_reached_was_not_asked(rig):
    """The machine comes back after two days, and its network a moment later."""
    job = accepted(rig)
    polled(rig, NotSent("no name"), NotSent("no name"), Done("https://cdn.invalid/1.mp4"))
    rig.clock.step(2 * GIVE_UP_AFTER)
    rig.step()
    assert rig.job(job).state is State.PENDING
    rig.step(60)
    rig.step(60)
    assert rig.job(job).state is State.READY


def test_a_recovered_job_has_another_day(rig):
    job = accepted(rig)
    polled(rig, Pending("video_1"))
    rig.step(GIVE_UP_AFTER + 60)
    assert rig.job(job).state is State.UNKNOWN
    assert rig.store.recover("ada", job.id, "video_2", rig.clock.now)
    rig.step()
    rig.step(8)
    now = rig.job(job)
    assert (now.state, now.request_id) == (State.PENDING, "video_2")


# -- more than one worker, and a database that goes away


def test_one_poll_an_interval_with_two_workers(both, gateway):
    job = accepted(both, "[forever] a red kite")
    workers = [both.new_worker(), both.new_worker()]
    for second in range(1, 41):
        now = both.clock.step(1)
        for worker in workers:
            worker.run_once(now)
        assert len(gateway.calls(job.prompt, "poll")) == second // 8


def test_an_answer_for_a_job_that_ended_meanwhile_changes_nothing(both):
    """A slow poll: the next one, of another worker, has seen the end, and its owner deleted it."""
    job = accepted(both)
    quick = both.new_worker(client=SimpleNamespace(retrieve=lambda *_a, **_k: Done("https://x/")))

    def slow(_request_id, *, model):
        quick.run_once(both.clock.step(8))
        both.set(job, state="done", ended_at=both.clock.now)
        assert both.store.delete("ada", job.id, both.clock.now)
        raise ServerError("502")

    client = SimpleNamespace(retrieve=slow)
    both.new_worker(client=client).run_once(both.clock.step(8))
    now = both.job(job)
    assert (now.state, now.errors, now.reason) == (State.DONE, 0, None)
    assert both.store.get("ada", job.id) is None


def test_what_breaks_in_a_poll_is_asked_again_in_the_next_slot(rig, gateway, monkeypatch):
    from sqlalchemy.exc import OperationalError

    def away(*_args, **_values):
        raise OperationalError("UPDATE", {}, Exception("gone"))

    job = accepted(rig)
    with monkeypatch.context() as patched:
        patched.setattr(rig.claims, "ready", away)
        rig.step(8)
    assert rig.job(job).state is State.PENDING
    rig.step(8)
    assert rig.job(job).state is not State.PENDING
    assert len(gateway.calls(job.prompt, "poll")) == 2
