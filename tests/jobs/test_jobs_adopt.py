"""Videos that were asked for elsewhere, brought in by their request id."""

import pytest

from grok_api import InvalidRequest, VideoRequest
from jobs.claims import Claims
from jobs.job import GIVE_UP_AFTER, NewJob, State
from jobs.store import LimitReached, Store

MODEL = "grok-imagine-video"


def made_elsewhere(rig, prompt="a red kite"):
    """A request id that another tool with this key has got."""
    return rig.client.create(VideoRequest(prompt, 1, "480p")).request_id


def test_an_adopted_video_is_fetched_and_kept(both):
    request_id = made_elsewhere(both)
    job = both.store.adopt("ada", request_id, MODEL, both.clock.now)
    assert (job.state, job.request_id, job.prompt) == (State.PENDING, request_id, "")
    assert (job.attempts, job.estimate_usd, job.gateway) == (0, 0.0, both.store.gateway)
    assert job.is_adopted
    (note,) = both.decisions()
    told = [note[name] for name in ("who", "what", "job", "detail", "at")]
    assert told == ["ada", "adopt", job.id, request_id, both.clock.now]
    kept = both.until(job, State.DONE)
    assert both.archive.has(kept.clip)
    assert both.archive.has(kept.poster)
    assert kept.width
    assert kept.video_seconds
    assert kept.attempts == 0


def test_nothing_is_ever_sent_for_it(rig, gateway):
    request_id = made_elsewhere(rig, "an adopted heron")
    rig.until(rig.store.adopt("ada", request_id, MODEL, rig.clock.now), State.DONE)
    assert gateway.posts("an adopted heron") == 1


@pytest.mark.parametrize("wrong", ["", " ", "two words", "é", "..", "x" * 513, "a\nb"])
def test_what_is_no_identifier_is_refused(rig, wrong):
    assert rig.store.adopt("ada", wrong, MODEL, rig.clock.now) is None
    assert rig.store.all("ada") == ()
    assert rig.decisions() == []


def test_a_strange_model_is_refused(rig):
    with pytest.raises(InvalidRequest):
        rig.store.adopt("ada", "req-1", "another", rig.clock.now)
    assert rig.store.all("ada") == ()


@pytest.mark.parametrize("state", [state for state in State if state is not State.CANCELLED])
@pytest.mark.parametrize("owner", ["ada", "bob"])
def test_an_id_that_is_here_is_refused(rig, state, owner):
    rig.set(rig.ask(owner="ada"), state=state, request_id="req-1")
    assert rig.store.adopt(owner, "req-1", MODEL, rig.clock.now) is None
    assert rig.decisions() == []


def test_twice_is_once(both):
    assert both.store.adopt("ada", "req-1", MODEL, both.clock.now)
    assert both.store.adopt("ada", "req-1", MODEL, both.clock.now) is None
    assert both.store.adopt("bob", "req-1", MODEL, both.clock.now) is None
    assert len(both.decisions()) == 1


def test_another_gateways_id_means_nothing_here(rig):
    rig.set(rig.ask(), state=State.DONE, request_id="req-1", gateway="another")
    assert rig.store.adopt("ada", "req-1", MODEL, rig.clock.now)


def test_ones_own_deleted_video_may_come_back_but_not_anothers(rig):
    job = rig.ask(owner="ada")
    rig.set(job, state=State.DONE, request_id="req-1")
    rig.store.delete("ada", job.id, rig.clock.now)
    assert rig.store.adopt("bob", "req-1", MODEL, rig.clock.now) is None
    assert rig.store.adopt("ada", "req-1", MODEL, rig.clock.now)


def test_it_is_not_counted_in_the_days_limit(both):
    store = Store(both.database, both.store.gateway, clips_per_day=1)
    for number in range(3):
        assert store.adopt("ada", f"req-{number}", MODEL, both.clock.now)
    both.store = store
    both.ask(owner="ada")
    with pytest.raises(LimitReached):
        both.ask(owner="ada")
    assert store.adopt("ada", "req-9", MODEL, both.clock.now), "adopting asks for nothing"


def test_it_holds_no_place_among_those_in_flight(both):
    for number in range(both.pace.max_in_flight):
        both.store.adopt("ada", f"no-such-{number}", MODEL, both.clock.now)
    job = both.ask(owner="bob")
    both.until(job, State.DONE, steps=10)


def test_an_id_that_the_gateway_does_not_know_is_asked_after_for_a_day(rig):
    job = rig.store.adopt("ada", "no-such-video", MODEL, rig.clock.now)
    rig.step(8)
    now = rig.job(job)
    assert (now.state, now.kind, now.reason) == (State.PENDING, "not_found", "gateway_trouble")
    rig.step(GIVE_UP_AFTER)
    assert (rig.job(job).state, rig.job(job).reason) == (State.UNKNOWN, "no_answer")


def test_a_wrong_one_can_be_taken_back_and_added_again(both):
    job = both.store.adopt("ada", "req-1", MODEL, both.clock.now)
    assert not both.store.cancel("bob", job.id, both.clock.now)
    assert both.store.cancel("ada", job.id, both.clock.now)
    assert both.job(job).state is State.CANCELLED
    assert both.store.adopt("ada", "req-1", MODEL, both.clock.now)


def test_what_was_sent_from_here_still_cannot_be_taken_back(rig):
    job = rig.ask("[forever] a red kite")
    rig.until(job, State.PENDING)
    assert not rig.store.cancel("ada", job.id, rig.clock.now)


def test_a_late_answer_does_not_wake_what_was_taken_back(rig):
    job = rig.store.adopt("ada", made_elsewhere(rig), MODEL, rig.clock.now)
    (claimed,) = rig.claims.claim_polls(rig.clock.now, 8.0, 5)
    rig.store.cancel("ada", job.id, rig.clock.now)
    assert not rig.claims.ready(claimed, rig.clock.now, video_url="https://host.test/v.mp4")
    assert rig.job(job).state is State.CANCELLED


def test_it_is_never_sent_again(rig):
    job = rig.store.adopt("ada", "req-1", MODEL, rig.clock.now)
    rig.set(job, state=State.UNKNOWN, reason="no_answer")
    assert rig.store.send_again("ada", job.id, "token", rig.clock.now) is None
    assert len(rig.store.all("ada")) == 1
    assert rig.store.recover("ada", job.id, made_elsewhere(rig), rig.clock.now)
    rig.until(job, State.DONE)


def test_recovering_never_brings_a_video_that_another_job_has(rig):
    now = rig.clock.now
    assert rig.store.adopt("bob", "grok_video_1", MODEL, now) is not None
    mine = rig.store.enqueue(NewJob("ada", "a kite", 6, "480p"), "token", now)
    claims = Claims(rig.database, rig.store.gateway)
    assert claims.claim_submission(now, 5, 1) is not None
    claims.reap(now + 1000)
    assert not rig.store.recover("ada", mine.id, "grok_video_1", now)
    assert rig.store.get("ada", mine.id).state is State.UNKNOWN
    assert rig.store.recover("ada", mine.id, "grok_video_2", now)
