"""The loop: what it does by itself, how it stops, and what it lives through."""

import threading
import time
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import OperationalError

from grok_api import Pending
from jobs.job import State
from jobs.lane import Lane
from jobs.worker import TICK, Pace, Worker


@pytest.fixture
def start(rig):
    """Starts workers with threads of their own on the machine's clock; stops them afterwards."""
    started = []

    def begin(client=None, **pace):
        pace = Pace(**{"poll_interval": 0.2, "submits_per_second": 50.0, **pace})
        worker = Worker(rig.claims, client or rig.client, rig.archive, pace, journal=rig.journal)
        started.append(worker)
        worker.start()
        return worker

    rig.clock.now = time.time()
    yield begin
    for worker in started:
        worker.stop()


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def test_jobs_go_through_by_themselves(rig, gateway, start):
    asked = [rig.ask(owner=f"owner-{n % 3}") for n in range(8)]
    worker, _ = start(), start()
    wait_for(lambda: all(rig.job(job).state is State.DONE for job in asked))
    assert [gateway.posts(job.prompt) for job in asked] == [1] * 8
    assert worker.is_well


def test_a_rate_of_fifty_is_not_held_to_two_a_second(rig, start):
    for _ in range(8):
        rig.ask("[forever] a red kite")
    begun = time.monotonic()
    start(max_in_flight=100)
    wait_for(lambda: all(job.state is State.PENDING for job in rig.store.of_everybody()))
    assert time.monotonic() - begun < 8 * TICK


def test_a_new_job_does_not_wait_for_the_tick(rig, monkeypatch, start):
    monkeypatch.setattr("jobs.worker.TICK", 30.0)
    worker = start()
    wait_for(lambda: worker.last_step)
    job = rig.ask("[forever] a red kite")
    worker.wake()
    wait_for(lambda: rig.job(job).state is State.PENDING)


def test_stopping_lets_a_submission_finish(rig, start):
    sending, answer = threading.Event(), threading.Event()

    def create(_request):
        sending.set()
        assert answer.wait(20)
        return Pending("video_1")

    job, other = rig.ask(), None
    worker = start(SimpleNamespace(create=create))
    assert sending.wait(20)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    wait_for(worker._stopping.is_set)
    other = rig.ask()
    answer.set()
    stopping.join(20)
    assert (rig.job(job).state, rig.job(job).request_id) == (State.PENDING, "video_1")
    assert rig.job(other).state is State.QUEUED


def test_a_claim_made_while_stopping_is_still_sent(rig, gateway, monkeypatch, start):
    """`stop` must not close the lane between a claim and its sending: that job would be lost."""
    claiming, go_on = threading.Event(), threading.Event()
    claim = rig.claims.claim_submission

    def slowly(*args):
        job = claim(*args)
        if job is not None:
            claiming.set()
            assert go_on.wait(20)
        return job

    monkeypatch.setattr(rig.claims, "claim_submission", slowly)
    job = rig.ask("[forever] a red kite")
    worker = start()
    assert claiming.wait(20)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    wait_for(worker._stopping.is_set)
    time.sleep(0.05)  # room for a wrong `stop` to go ahead
    go_on.set()
    stopping.join(20)
    assert not stopping.is_alive()
    assert rig.job(job).state is State.PENDING
    assert gateway.posts(job.prompt) == 1


def test_stopping_does_not_wait_for_a_long_download(rig, start):
    begun, go_on = threading.Event(), threading.Event()

    def download(_url, _path):
        begun.set()
        go_on.wait(30)
        raise OSError(5, "given up")

    job = rig.ask()
    client = SimpleNamespace(
        create=rig.client.create, retrieve=rig.client.retrieve, download=download
    )
    worker = start(client)
    assert begun.wait(20)
    before = time.monotonic()
    worker.stop()
    assert time.monotonic() - before < 5
    # Nor does the end of the process: no thread of the worker's keeps it alive.
    ours = [one for one in threading.enumerate() if one.name.startswith(("download", "worker"))]
    assert all(one.daemon for one in ours)
    assert rig.job(job).state is State.READY
    go_on.set()


def test_without_a_thread_nothing_is_lost(rig, gateway, monkeypatch):
    def no_thread(*_args):
        raise RuntimeError("can't start new thread")

    job = rig.ask()
    worker = rig.new_worker()
    with monkeypatch.context() as patched:
        patched.setattr(worker._submit_lane._executor, "submit", no_thread)
        with pytest.raises(RuntimeError):
            worker.run_once(rig.clock.now)
    assert rig.job(job).state is State.QUEUED
    assert worker._submit_lane.free == 5
    worker.run_once(rig.clock.step(2))
    assert gateway.posts(job.prompt) == 1


def test_a_database_that_goes_away_is_waited_for(rig, monkeypatch, start):
    real, left = rig.claims.due, [3]

    def due(now):
        if left[0]:
            left[0] -= 1
            raise OperationalError("SELECT", {}, Exception("gone"))
        return real(now)

    monkeypatch.setattr("jobs.worker.TICK", 0.01)
    monkeypatch.setattr(rig.claims, "due", due)
    job = rig.ask("[forever] a red kite")
    start()
    wait_for(lambda: rig.job(job).state is State.PENDING)


def test_a_bug_in_one_step_does_not_end_the_loop(rig, monkeypatch, start):
    real, left = rig.claims.due, [2]

    def due(now):
        left[0] -= 1
        if left[0] >= 0:
            raise KeyError("a bug")
        return real(now)

    monkeypatch.setattr("jobs.worker.TICK", 0.01)
    monkeypatch.setattr(rig.claims, "due", due)
    job = rig.ask("[forever] a red kite")
    start()
    wait_for(lambda: rig.job(job).state is State.PENDING)


def test_a_worker_that_stands_still_is_not_well(rig):
    assert not rig.worker.is_well
    worker = rig.new_worker()
    worker.last_step = rig.clock.now - 29
    assert worker.is_well
    rig.clock.step(2)
    assert not worker.is_well


def test_a_slow_check_of_the_key_does_not_hold_the_loop(rig, start):
    asked, answer = threading.Event(), threading.Event()

    def models():
        asked.set()
        answer.wait(20)
        return []

    rig.claims.pause("auth_error", "", time.time() - 1000)
    worker = start(SimpleNamespace(models=models))
    assert asked.wait(20)
    step = worker.last_step
    wait_for(lambda: worker.last_step != step)
    answer.set()
    wait_for(lambda: rig.store.gateway_status().paused_kind is None)


def test_a_lane_has_so_many_hands():
    go_on = threading.Event()
    lane = Lane("test", 2)
    for _ in range(2):
        lane.run(lambda: go_on.wait(20))
    assert lane.free == 0
    assert not lane.drain(0.01)
    go_on.set()
    assert lane.drain(20)
    assert lane.free == 2


def test_what_breaks_in_a_lane_frees_its_hand():
    lane = Lane("test", 1)

    def broken():
        raise ValueError("a bug")

    lane.run(broken)
    assert lane.drain(20)
    assert lane.free == 1
