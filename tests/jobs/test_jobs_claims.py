"""Claims: who may take what and when, and whose word counts afterwards."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
import sqlalchemy as sa

from jobs.claims import DOWNLOAD_LEASE, SUBMIT_LEASE, Claims
from jobs.database import Database
from jobs.gate import CHECK_INTERVAL
from jobs.job import ENDED, OVERDUE_AFTER, NewJob, State
from jobs.store import Store
from jobs.tables import decisions, gateways, jobs

NOW = 1000.0
FAST = 1000.0
names = count()


@pytest.fixture
def store(database):
    return Store(database, "rehearsal")


@pytest.fixture
def claims(database):
    return Claims(database, "rehearsal")


def ask(store, owner="ada", at=NOW):
    return store.enqueue(NewJob(owner, "a red kite", 6, "480p"), f"token-{next(names)}", at)


def row(database, job):
    with database.read() as connection:
        query = sa.select(jobs).where(jobs.c.id == job.id)
        return connection.execute(query).one()


def put(database, job, **values):
    with database.write() as connection:
        connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(**values))


def send(claims, now=NOW):
    return claims.claim_submission(now, 100, FAST)


def accepted(store, claims, at=NOW, request_id="video_1"):
    """A job that the gateway has taken on."""
    job = ask(store, at=at)
    taken = send(claims, at)
    assert taken.id == job.id
    assert claims.accepted(job.id, request_id, at, at)
    return taken


def in_threads(number, work):
    barrier = threading.Barrier(number)

    def run(which):
        barrier.wait()
        return work(which)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


# -- taking a submission


def test_a_claim_is_committed_with_lease_fence_and_attempt(store, claims, database):
    job = ask(store)
    taken = send(claims, NOW + 1)
    found = row(database, job)
    assert (found.state, found.started_at) == ("submitting", NOW + 1)
    assert found.lease_until == NOW + 1 + SUBMIT_LEASE == NOW + 121
    assert (found.fence, found.attempts) == (1, 1) == (taken.fence, taken.attempts)
    assert found.version > job.version
    assert send(claims, NOW + 2) is None


def test_one_that_waits_is_not_taken_early(store, claims):
    ask(store, at=NOW + 5)
    assert send(claims, NOW + 4) is None
    assert send(claims, NOW + 5) is not None


def test_another_gateways_jobs_are_never_taken(store, claims, database):
    other = Claims(database, "https://other#1")
    job = ask(store)
    assert send(other) is None
    assert State.QUEUED not in other.due(NOW)
    send(claims)
    assert other.reap(NOW + 10_000) == 0
    claims.accepted(job.id, "video_1", NOW, NOW)
    assert other.claim_polls(NOW + 1, 8, 10) == []
    put(database, job, state="ready", next_at=NOW)
    assert other.claim_downloads(NOW + 1, 10) == []
    assert other.due(NOW + 10_000) == frozenset()


def test_a_cancelled_job_is_not_taken(store, claims):
    job = ask(store)
    assert store.cancel("ada", job.id, NOW)
    assert send(claims) is None


def test_a_job_cancelled_while_it_is_being_taken_is_not_sent(postgres):
    """PostgreSQL lets a cancel commit between the claim's look and its write."""
    store, claims = Store(postgres, "rehearsal"), Claims(postgres, "rehearsal")
    job = ask(store)
    cancelled = []

    def cancel_first(_connection, _cursor, statement, *_rest):
        if statement.startswith("UPDATE changes") and not cancelled:  # the claim has chosen
            cancelled.append(job)
            assert store.cancel("ada", job.id, NOW)

    sa.event.listen(postgres._engine, "before_cursor_execute", cancel_first)
    try:
        assert send(claims) is None
    finally:
        sa.event.remove(postgres._engine, "before_cursor_execute", cancel_first)
    assert cancelled
    assert row(postgres, job).state == "cancelled"


def test_people_take_turns(store, claims):
    for second in range(5):
        ask(store, "ada", NOW + second / 10)
    ask(store, "bob", NOW + 1)
    served = [send(claims, NOW + 2 + second).owner for second in range(6)]
    assert served == ["ada", "bob", "ada", "ada", "ada", "ada"]


def test_three_people_go_round(store, claims):
    for first, owner in enumerate(("ada", "bob", "eve")):
        for second in range(2):
            ask(store, owner, NOW + second + first / 10)
    served = [send(claims, NOW + 5 + second).owner for second in range(6)]
    assert served == ["ada", "bob", "eve"] * 2


def test_the_cap_holds_over_threads_and_claims(store, database):
    for number in range(12):
        ask(store, f"owner-{number % 3}")
    many = [Claims(database, "rehearsal") for _ in range(4)]
    for second in range(4):
        in_threads(4, lambda n, s=second: many[n].claim_submission(NOW + s, 3, FAST))
    assert sum(job.state is State.SUBMITTING for job in store.of_everybody()) == 3


def test_the_rate_holds_over_threads_and_claims(store, database):
    for _ in range(12):
        ask(store)
    many = [Claims(database, "rehearsal") for _ in range(4)]
    found = in_threads(4, lambda n: many[n].claim_submission(NOW, 100, 2.0))
    assert sum(job is not None for job in found) == 1
    assert send(many[0], NOW + 0.49) is None
    found = in_threads(4, lambda n: many[n].claim_submission(NOW + 0.5, 100, 2.0))
    assert sum(job is not None for job in found) == 1


def test_overdue_jobs_leave_the_cap(store, claims):
    accepted(store, claims)
    ask(store)
    assert claims.claim_submission(NOW + OVERDUE_AFTER - 1, 1, FAST) is None
    assert claims.claim_submission(NOW + OVERDUE_AFTER, 1, FAST) is not None


def test_no_job_is_taken_twice(store, database):
    for _ in range(6):
        ask(store)
    many = [Claims(database, "rehearsal") for _ in range(4)]
    taken = []
    for second in range(6):
        found = in_threads(4, lambda n, s=second: send(many[n], NOW + s))
        taken += [job.id for job in found if job is not None]
    assert sorted(taken) == sorted(job.id for job in store.of_everybody())


def test_many_workers_start_on_a_new_list(database):
    for number in range(5):
        found = in_threads(4, lambda _, n=number: Claims(database, f"gateway-{n}"))
        assert len(found) == 4


# -- before and after the call


def test_a_job_is_sent_only_while_the_lease_covers_the_call(store, claims):
    ask(store)
    taken = send(claims)
    assert claims.may_send(taken, NOW + 44, 75)
    assert not claims.may_send(taken, NOW + 45, 75)
    claims.reap(NOW + 121)
    assert not claims.may_send(taken, NOW, 75)


def test_an_id_is_kept(store, claims, database):
    job = accepted(store, claims)
    found = row(database, job)
    assert (found.state, found.request_id, found.submitted_at) == ("pending", "video_1", NOW)
    assert (found.lease_until, found.errors, found.ended_at) == (None, 0, None)
    version = store.owners_changed_since(0)[0]
    assert claims.accepted(job.id, "video_1", NOW + 50, NOW + 58)  # written twice after a fault
    assert row(database, job).submitted_at == NOW
    assert store.owners_changed_since(version)[1] == frozenset()


def test_a_late_id_brings_an_unknown_job_to_life(store, claims, database):
    job = ask(store)
    send(claims)
    assert claims.reap(NOW + SUBMIT_LEASE) == 0
    assert claims.reap(NOW + SUBMIT_LEASE + 1) == 1
    found = row(database, job)
    assert (found.state, found.reason, found.ended_at) == ("unknown", "interrupted", NOW + 121)
    assert found.fence == 2
    assert claims.accepted(job.id, "video_1", NOW + 130, NOW + 138)
    found = row(database, job)
    assert (found.state, found.request_id, found.ended_at) == ("pending", "video_1", None)
    assert [polled.id for polled in claims.claim_polls(NOW + 138, 8, 10)] == [job.id]


def notes(database):
    with database.read() as connection:
        query = sa.select(decisions.c.who, decisions.c.what, decisions.c.job, decisions.c.detail)
        return [tuple(found) for found in connection.execute(query)]


def test_a_late_id_is_noted_where_a_person_gave_another(store, claims, database):
    job = ask(store)
    send(claims)
    claims.reap(NOW + 121)
    store.recover("ada", job.id, "video_of_a_mail", NOW + 125)
    for _ in range(2):
        assert not claims.accepted(job.id, "video_1", NOW + 130, NOW + 138)
    assert row(database, job).request_id == "video_of_a_mail"
    assert notes(database)[1:] == [("worker", "late answer", job.id, "video_1")]


def test_a_late_id_is_noted_where_a_person_deleted_the_job(store, claims, database):
    job = ask(store)
    send(claims)
    claims.reap(NOW + 121)
    store.delete("ada", job.id, NOW + 125)
    assert not claims.accepted(job.id, "video_1", NOW + 130, NOW + 138)
    assert row(database, job).state == "unknown"
    assert notes(database)[1:] == [("worker", "late answer", job.id, "video_1")]
    assert claims.claim_polls(NOW + 1000, 8, 10) == []


def test_a_video_that_comes_at_once_is_kept_with_its_id(store, claims, database):
    job = ask(store)
    taken = send(claims)
    claims.reap(NOW + 121)
    assert claims.delivered(taken, NOW + 122, "video_1", video_url="https://cdn/1.mp4")
    found = row(database, job)
    assert (found.state, found.request_id, found.video_url) == (
        "ready", "video_1", "https://cdn/1.mp4",
    )  # fmt: skip
    assert found.submitted_at == NOW + 122
    assert not claims.delivered(taken, NOW + 123, None, video_url="https://cdn/2.mp4")
    assert row(database, job).video_url == "https://cdn/1.mp4"


def test_a_reaped_submission_is_not_put_back(store, claims, database):
    job = ask(store)
    taken = send(claims)
    claims.reap(NOW + 121)
    assert not claims.requeue(taken, NOW + 122)
    assert not claims.end(taken, State.FAILED, NOW + 122, kind="failed", reason="failed")
    assert row(database, job).state == "unknown"


def test_only_lost_leases_are_reaped(store, claims):
    accepted(store, claims)
    ask(store)
    send(claims, NOW + 60)
    assert claims.reap(NOW + 130) == 0
    assert claims.reap(NOW + 181) == 1
    assert claims.reap(NOW + 181) == 0


# -- fences


def stale_writes(claims, job, now):
    return [
        claims.end(job, State.FAILED, now, kind="failed", reason="failed"),
        claims.ready(job, now, video_url="https://cdn/stale.mp4"),
        claims.later(job, now, kind="server_error", reason="gateway_trouble"),
        claims.still_pending(job, 77),
        claims.requeue(job, now),
        claims.renew(job, now),
    ]


def test_a_stale_pollers_word_does_not_count(store, claims, database):
    accepted(store, claims)
    (slow,) = claims.claim_polls(NOW, 8, 10)
    (quick,) = claims.claim_polls(NOW + 8, 8, 10)
    before = row(database, slow)
    assert not any(stale_writes(claims, slow, NOW + 9))
    assert row(database, slow) == before
    assert claims.ready(quick, NOW + 9, video_url="https://cdn/1.mp4")


def test_a_stale_downloaders_word_does_not_count(store, claims, database):
    job = accepted(store, claims)
    put(database, job, state="ready", next_at=NOW)
    (slow,) = claims.claim_downloads(NOW, 10)
    (quick,) = claims.claim_downloads(NOW + DOWNLOAD_LEASE, 10)
    assert not any(stale_writes(claims, slow, NOW + 61))
    assert claims.end(quick, State.DONE, NOW + 62, kind="done", reason=None)


@pytest.mark.parametrize("state", sorted(ENDED))
def test_an_end_is_an_end(store, claims, database, state):
    """Even for whoever holds the right fence, and whether or not it was deleted meanwhile."""
    accepted(store, claims)
    (job,) = claims.claim_polls(NOW, 8, 10)
    put(database, job, state=state, ended_at=NOW)
    before = row(database, job)
    assert not any(stale_writes(claims, job, NOW + 1))
    assert row(database, job) == before
    if state is not State.UNKNOWN:
        assert not claims.accepted(job.id, "video_2", NOW + 1, NOW + 9)
    store.delete("ada", job.id, NOW + 2)
    assert not any(stale_writes(claims, job, NOW + 3))
    assert row(database, job).state == state


# -- polls and downloads


def test_a_claim_books_the_next_poll(store, claims, database):
    accepted(store, claims)
    assert claims.claim_polls(NOW - 0.1, 8, 10) == []
    (job,) = claims.claim_polls(NOW, 8, 10)
    assert row(database, job).next_at == NOW + 8
    assert claims.claim_polls(NOW + 7.9, 8, 10) == []
    assert len(claims.claim_polls(NOW + 8, 8, 10)) == 1


def test_one_poll_an_interval_however_many_ask(store, claims, database):
    for number in range(9):
        accepted(store, claims, NOW + number, f"video_{number}")
    many = [Claims(database, "rehearsal") for _ in range(4)]
    for round_ in range(5):
        at = NOW + 100 + 8 * round_
        found = in_threads(4, lambda n, at=at: many[n].claim_polls(at, 8, 5))
        found += in_threads(4, lambda n, at=at: many[n].claim_polls(at, 8, 5))
        polled = [job.id for jobs_ in found for job in jobs_]
        assert len(polled) == len(set(polled)) == 9


def test_no_more_polls_than_hands(store, claims):
    for number in range(7):
        accepted(store, claims, NOW + number, f"video_{number}")
    assert len(claims.claim_polls(NOW + 100, 8, 3)) == 3
    assert len(claims.claim_polls(NOW + 100, 8, 10)) == 4


def test_overdue_jobs_are_polled_once_a_minute(store, claims, database):
    accepted(store, claims)
    (job,) = claims.claim_polls(NOW + OVERDUE_AFTER, 8, 10)
    assert row(database, job).next_at == NOW + OVERDUE_AFTER + 60


def test_a_download_is_leased_and_renewed(store, claims, database):
    job = accepted(store, claims)
    put(database, job, state="ready", next_at=NOW)
    (taken,) = claims.claim_downloads(NOW, 10)
    assert claims.claim_downloads(NOW + 59, 10) == []
    assert claims.renew(taken, NOW + 40)
    assert claims.claim_downloads(NOW + 99, 10) == []
    assert len(claims.claim_downloads(NOW + 100, 10)) == 1
    assert not claims.renew(taken, NOW + 101)


def test_nothing_new_is_no_change(store, claims, database):
    accepted(store, claims)
    (job,) = claims.claim_polls(NOW, 8, 10)
    version = database.change_number()
    assert claims.still_pending(job, None)
    assert database.change_number() == version
    assert claims.still_pending(job, 30)
    assert store.owners_changed_since(version) == (version + 1, {"ada"})
    assert row(database, job).progress == 30


# -- the key


def paused(database):
    with database.read() as connection:
        found = connection.execute(sa.select(gateways).where(gateways.c.name == "rehearsal")).one()
    return found.paused_kind


@pytest.mark.parametrize("kind", ["auth_error", "quota_error"])
def test_a_pause_holds_submissions_and_tells_everybody(store, claims, database, kind):
    ask(store)
    version = database.change_number()
    claims.pause(kind, "the gateway's words", NOW)
    assert store.owners_changed_since(version) == (version + 1, {"*"})
    assert store.gateway_status().paused_detail == "the gateway's words"
    for second in range(0, 100_000, 10_000):
        assert send(claims, NOW + second) is None
    store.resume_gateway("root", NOW + 1)
    if kind == "quota_error":
        assert send(claims, NOW + 2) is not None
    else:
        assert send(claims, NOW + 2) is None
        assert claims.claim_key_check(NOW + 1)
        claims.resume()
        assert send(claims, NOW + 2) is not None
    assert notes(database) == [("root", "resume", "rehearsal", None)]
    assert "*" in store.owners_changed_since(version + 1)[1]


def test_a_pause_does_not_stop_polls(store, claims):
    accepted(store, claims)
    claims.pause("auth_error", "", NOW)
    assert len(claims.claim_polls(NOW + 8, 8, 10)) == 1


def test_one_check_a_minute_however_many_ask(database):
    many = [Claims(database, "rehearsal") for _ in range(4)]
    assert not many[0].claim_key_check(NOW)
    many[0].pause("auth_error", "", NOW)
    assert not many[0].claim_key_check(NOW + CHECK_INTERVAL - 1)
    for minute in (1, 2):
        at = NOW + CHECK_INTERVAL * minute
        assert sum(in_threads(4, lambda n, at=at: many[n].claim_key_check(at))) == 1
    many[1].resume()
    assert not many[0].claim_key_check(NOW + 1000)


def test_each_refusal_does_not_put_the_check_off(store, claims, database):
    claims.pause("auth_error", "first", NOW)
    version = database.change_number()
    claims.pause("auth_error", "again", NOW + 59)
    assert database.change_number() == version
    assert claims.claim_key_check(NOW + 60)


def test_a_check_of_the_key_does_not_bring_money(claims, database):
    claims.pause("quota_error", "no credit", NOW)
    claims.pause("auth_error", "a poll was refused", NOW + 1)
    assert not claims.claim_key_check(NOW + 1000)
    claims.resume()
    assert paused(database) == "quota_error"


def test_the_slowest_wish_holds(store, claims):
    ask(store)
    claims.slow_down(NOW + 30)
    claims.slow_down(NOW + 5)
    assert send(claims, NOW + 29) is None
    assert send(claims, NOW + 30) is not None


# -- the list under threads


def test_writers_wait_for_each_other(tmp_path):
    """Two Database objects on one SQLite file, as two processes have them."""
    url = f"sqlite:///{tmp_path / 'studio.sqlite3'}"
    first, second = Database(url), Database(url)
    stores = [Store(first, "rehearsal", 1000), Store(second, "rehearsal", 1000)]
    many = [Claims(first, "rehearsal"), Claims(second, "rehearsal")]

    def work(number):
        for turn in range(8):
            ask(stores[number % 2], f"owner-{number}")
            job = send(many[number % 2], NOW + turn)
            if job is not None:
                many[number % 2].accepted(job.id, f"video-{job.id}", NOW, NOW)
            many[number % 2].claim_polls(NOW + turn, 8, 5)

    in_threads(6, work)
    assert len(stores[0].of_everybody()) == 48
    first.close()
    second.close()
