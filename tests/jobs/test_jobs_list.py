"""What people do with jobs: asking, taking back, deleting, recovering, sending again; drafts."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from jobs.database import Database, DatabaseUnusable
from jobs.job import ENDED, LIVE, NewJob, State, new_id
from jobs.store import LimitReached, Store
from jobs.tables import jobs

NEW = NewJob("ada", "a red kite", 6, "480p")


@pytest.fixture
def store(database):
    return Store(database, "rehearsal", clips_per_day=5)


# -- asking


def test_a_form_makes_one_queued_row(store):
    job = store.enqueue(NEW, "token", 100.0)
    assert (job.state, job.created_at, job.next_at, job.fence) == (State.QUEUED, 100, 100, 0)
    assert store.get("ada", job.id) == job


def test_a_double_click_asks_once(store):
    first = store.enqueue(NEW, "token", 100.0)
    assert store.enqueue(NEW, "token", 100.5) == first
    assert store.page("ada").total == 1


def together(*works):
    """Runs them at the same moment, each in a thread; raises what they raise."""
    barrier = threading.Barrier(len(works))

    def run(work):
        barrier.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [done.result() for done in [pool.submit(run, work) for work in works]]


def test_a_double_click_in_two_processes_asks_once(store):
    for number in range(10):
        token = f"token-{number % 5}"
        found = together(*[lambda t=token: store.enqueue(NEW, t, 100.0)] * 4)
        assert len({job.id for job in found}) == 1
    assert store.page("ada").total == 5


def test_another_persons_token_is_nobody_elses(store):
    store.enqueue(NEW, "token", 100.0)
    with pytest.raises(sa.exc.IntegrityError):
        store.enqueue(NewJob("bob", "his own", 6, "480p"), "token", 100.0)
    assert store.page("bob").total == 0


def test_the_limit_of_a_day(store):
    for number in range(5):
        store.enqueue(NEW, f"token-{number}", 100.0 + number)
    with pytest.raises(LimitReached) as caught:
        store.enqueue(NEW, "one-more", 200.0)
    assert caught.value.limit == 5
    store.enqueue(NEW, "token-1", 200.0)  # the same form again is no new clip
    store.enqueue(NewJob("bob", "his", 6, "480p"), "his", 200.0)
    assert store.enqueue(NEW, "next-day", 100.0 + 24 * 3600).created_at == 100.0 + 24 * 3600


def test_the_limit_holds_for_threads(store):
    def ask(token):
        try:
            return store.enqueue(NEW, token, 100.0)
        except LimitReached:
            return None

    found = together(*[lambda n=n: ask(f"token-{n}") for n in range(12)])
    assert sum(job is not None for job in found) == 5 == store.page("ada").total


def test_cancelled_ones_do_not_count_and_deleted_ones_do(store, database):
    asked = [store.enqueue(NEW, f"token-{number}", 100.0) for number in range(5)]
    assert store.cancel("ada", asked[0].id, 101.0)
    store.enqueue(NEW, "in its place", 102.0)
    with database.write() as connection:
        connection.execute(sa.update(jobs).where(jobs.c.id == asked[1].id).values(state="done"))
    assert store.delete("ada", asked[1].id, 103.0)
    with pytest.raises(LimitReached):
        store.enqueue(NEW, "one more", 104.0)
    # The deleted row keeps its token as well: its form cannot be sent a second time.
    assert store.enqueue(NEW, "token-1", 105.0).id == asked[1].id


def test_all_or_none(store):
    many = [(NEW, f"token-{number}") for number in range(6)]
    with pytest.raises(LimitReached):
        store.enqueue_all(many, 100.0)
    assert store.page("ada") == (type(store.page("ada")))((), 0, 0)
    written = store.enqueue_all(many[:3], 100.0)
    assert [new for _, new in written] == [True] * 3
    assert [new for _, new in store.enqueue_all(many[:4], 101.0)] == [False] * 3 + [True]
    in_order = sorted((job for job, _ in written), key=lambda job: job.created_at)
    assert in_order == [job for job, _ in written]


# -- reading


def test_pages(store):
    asked = [store.enqueue(NEW, f"token-{number}", 100.0 + number) for number in range(5)]
    newest_first = [job.id for job in reversed(asked)]
    assert [job.id for job in store.page("ada", 1, 3).jobs] == newest_first[:3]
    assert [job.id for job in store.page("ada", 2, 3).jobs] == newest_first[3:]
    assert (store.page("ada", 1, 3).total, store.page("ada", 1, 3).version) == (5, 5)
    # Past the end there are none, and yet five in all.
    assert (store.page("ada", 9, 3).jobs, store.page("ada", 9, 3).total) == ((), 5)


def test_an_empty_page_knows_as_of_when(store):
    store.enqueue(NEW, "token", 100.0)
    page = store.page("bob")
    assert (page.jobs, page.total, page.version) == ((), 0, 1)
    assert store.owners_changed_since(page.version) == (1, frozenset())


def test_nobody_reads_or_changes_anothers(store, database):
    job = store.enqueue(NEW, "token", 100.0)
    assert store.get("bob", job.id) is None
    assert store.one("bob", job.id).jobs == ()
    assert not store.cancel("bob", job.id, 101.0)
    with database.write() as connection:
        connection.execute(sa.update(jobs).values(state="unknown"))
    assert store.delete("bob", job.id, 101.0) is None
    assert not store.recover("bob", job.id, "video_1", 101.0)
    assert store.send_again("bob", job.id, "again", 101.0) is None
    assert store.get("ada", job.id).state is State.UNKNOWN


# -- deciding, in every state


def put(database, job, state, **values):
    with database.write() as connection:
        connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(state=state, **values))


@pytest.mark.parametrize("state", State)
def test_what_may_be_decided_in_a_state(store, database, state):
    def fresh(name):
        job = store.enqueue(NEW, f"{state}-{name}", 100.0)
        put(database, job, state)
        return job

    assert store.cancel("ada", fresh("cancel").id, 101.0) == (state is State.QUEUED)
    assert (store.delete("ada", fresh("delete").id, 101.0) is not None) == (state in ENDED)
    assert store.recover("ada", fresh("recover").id, "id_1", 101.0) == (state is State.UNKNOWN)
    again = store.send_again("ada", fresh("again").id, f"{state}-resend", 101.0)
    assert (again is not None) == (state is State.UNKNOWN)
    assert (state in LIVE) != (state in ENDED)


def decided(database):
    with database.read() as connection:
        rows = connection.execute(sa.text("SELECT who, what, job, detail FROM decisions"))
        return [tuple(row) for row in rows]


def test_recovering_gives_the_id_and_says_who(store, database):
    job = store.enqueue(NEW, "token", 100.0)
    put(database, job, "unknown", fence=3, ended_at=110.0, reason="ambiguous")
    assert store.recover("ada", job.id, "video_1", 200.0)
    now = store.get("ada", job.id)
    assert (now.state, now.request_id, now.next_at) == (State.PENDING, "video_1", 200.0)
    assert (now.submitted_at, now.ended_at, now.reason) == (200.0, None, None)
    assert now.fence > 3
    assert decided(database) == [("ada", "recover", job.id, "video_1")]


def test_recovering_keeps_the_id_there_was(store, database):
    """A job unknown after a day has an id; a wrong paste must not lose it."""
    job = store.enqueue(NEW, "token", 100.0)
    put(database, job, "unknown", request_id="video_1", submitted_at=100.0)
    assert store.recover("ada", job.id, "video_2", 100_000.0)
    assert "video_1" in decided(database)[0][3]
    # It is asked after for a day from now, not given up at the first poll.
    assert store.get("ada", job.id).submitted_at == 100_000.0


@pytest.mark.parametrize("found", ["", " ", "two words", "a\nb", "ü", "..", "x" * 600])
def test_what_cannot_be_a_request_id_is_not_taken(store, database, found):
    job = store.enqueue(NEW, "token", 100.0)
    put(database, job, "unknown")
    assert not store.recover("ada", job.id, found, 101.0)
    assert store.get("ada", job.id).state is State.UNKNOWN


def test_sending_again_is_a_new_row_and_a_decision(store, database):
    job = store.enqueue(NEW, "token", 100.0)
    put(database, job, "unknown")
    again = store.send_again("ada", job.id, "again", 101.0)
    assert again.id != job.id
    assert (again.state, again.prompt, again.created_at) == (State.QUEUED, NEW.prompt, 101.0)
    assert store.get("ada", job.id).state is State.UNKNOWN
    assert decided(database) == [("ada", "send again", job.id, None)]


def test_sending_again_with_a_double_click_sends_once(store, database):
    job = store.enqueue(NEW, "token", 100.0)
    put(database, job, "unknown")
    found = together(*[lambda: store.send_again("ada", job.id, "again", 101.0)] * 3)
    assert len({again.id for again in found}) == 1
    assert store.page("ada").total == 2
    assert len(decided(database)) == 1


def test_sending_again_counts_and_leaves_no_trace_when_refused(store, database):
    for number in range(5):
        job = store.enqueue(NEW, f"token-{number}", 100.0)
    put(database, job, "unknown")
    with pytest.raises(LimitReached):
        store.send_again("ada", job.id, "again", 101.0)
    assert decided(database) == []


def test_a_picture_is_used_until_the_last_job_is_deleted(store, database):
    picture = "ab" * 32 + ".jpg"
    first, second = (
        store.enqueue(NewJob("ada", "x", 6, "480p", picture=picture), token, 100.0)
        for token in "ab"
    )
    for job in (first, second):
        assert store.picture_is_used(picture)
        assert store.cancel("ada", job.id, 101.0)
        assert store.delete("ada", job.id, 101.0)
    assert not store.picture_is_used(picture)


# -- change numbers


def test_each_change_is_seen_once_and_by_its_owner(store):
    assert store.owners_changed_since(0) == (0, frozenset())
    job = store.enqueue(NEW, "a", 100.0)
    assert store.owners_changed_since(0) == (1, {"ada"})
    store.enqueue(NEW, "a", 100.0)
    assert store.owners_changed_since(1) == (1, frozenset())
    store.enqueue(NewJob("bob", "his", 6, "480p"), "b", 100.0)
    assert store.owners_changed_since(1) == (2, {"bob"})
    assert store.owners_changed_since(0) == (2, {"ada", "bob"})
    store.cancel("ada", job.id, 101.0)
    assert store.owners_changed_since(2) == (3, {"ada"})
    assert not store.cancel("ada", job.id, 102.0)
    newest, owners = store.owners_changed_since(3)
    assert owners == frozenset()
    store.delete("ada", job.id, 103.0)
    assert store.owners_changed_since(newest)[1] == {"ada"}


def test_numbers_become_visible_in_order(store, database):
    """Whoever has seen number n has seen all changes up to n, whatever the threads do."""
    done = threading.Event()
    store = Store(database, "rehearsal", clips_per_day=1000)

    def watch():
        seen, version = set(), 0
        while True:
            last = done.is_set()
            version, owners = store.owners_changed_since(version)
            seen |= owners
            if last:
                return seen, version

    def write(name):
        for number in range(8):
            owner = f"{name}-{number}"
            store.enqueue(NewJob(owner, "x", 6, "480p"), owner, 100.0)

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        together(*[lambda n=n: write(n) for n in "abcd"])
        done.set()
        seen, version = watching.result()
    assert seen == {f"{name}-{number}" for name in "abcd" for number in range(8)}
    assert version == 32


# -- drafts and ids


def test_drafts(store):
    assert store.draft("ada", "create") == {}
    store.save_draft("ada", "create", {"prompt": "ein Drache ☁"}, 100.0)
    store.save_draft("ada", "create", {"prompt": "two"}, 101.0)
    store.save_draft("bob", "create", {"prompt": "his"}, 101.0)
    assert store.draft("ada", "create") == {"prompt": "two"}
    assert store.draft("ada", "picture") == {}


def test_two_tabs_save_a_first_draft(store):
    for number in range(5):
        form = f"form-{number}"
        together(*[lambda f=form: store.save_draft("ada", f, {"prompt": "x"}, 100.0)] * 4)
        assert store.draft("ada", form) == {"prompt": "x"}


def test_ids_sort_by_time():
    ids = [new_id(1_750_000_000 + second) for second in range(50)]
    assert ids == sorted(ids)
    assert len({new_id(1.0) for _ in range(1000)}) == 1000


# -- opening


def test_many_open_a_new_database_at_once(tmp_path):
    url = f"sqlite:///{tmp_path / 'new' / 'studio.sqlite3'}"
    for opened in together(*[lambda: Database(url)] * 8):
        assert opened.change_number() == 0
        opened.close()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://ada:very/secret@host:5432/studio",
        "postgresql+psycopg://ada:very-secret@host:port/studio",
        "postgresql+psycopg://ada:very-secret@127.0.0.1:1/studio",
        "sqlite:////proc/nowhere/studio.sqlite3",
    ],
)
def test_a_database_that_cannot_be_opened_says_so_without_the_password(url):
    with pytest.raises(DatabaseUnusable) as caught:
        Database(url)
    assert "DATABASE_URL" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_newer_releases_database_is_left_alone(tmp_path):
    url = f"sqlite:///{tmp_path / 'studio.sqlite3'}"
    opened = Database(url)
    with opened.write() as connection:
        connection.execute(sa.text("UPDATE schema_version SET number = 99"))
    opened.close()
    with pytest.raises(DatabaseUnusable, match="newer release"):
        Database(url)


def test_postgresql_has_a_clock_of_its_own(database):
    assert abs(database.clock_ahead()) < 1
