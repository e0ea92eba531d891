"""A worker process killed at any instant: nothing is lost, nothing is paid for twice."""

import random
import signal
import time

import requests
import sqlalchemy as sa

from jobs import tables
from jobs.archive import Archive
from jobs.claims import Claims
from jobs.database import Database
from jobs.job import NewJob, State
from jobs.store import Store

JOBS = 20
KILLS = 10


def run_out(database, claims):
    """As if all leases had: those of submissions and of downloads."""
    claims.reap(time.time() + 1000)
    with database.write() as connection:
        ready = sa.update(tables.jobs).where(tables.jobs.c.state == State.READY)
        connection.execute(ready.values(next_at=0.0, fence=tables.jobs.c.fence + 1))


def test_killed_ten_times(processes, tmp_path):
    processes.start_gateway("--seconds", "0", "0.5", "--latency", "0.15", "--shared-clips")
    chance = random.Random(20)
    database = Database(f"sqlite:///{tmp_path / 'rehearsal' / 'studio.sqlite3'}")
    store, claims = Store(database, "rehearsal"), Claims(database, "rehearsal")
    # Every other one is accepted at once and answered later: a kill in between is a paid one.
    words = [f"kite {n}{' [slowanswer:0.2]' * (n % 2)}" for n in range(JOBS)]
    new = [(NewJob(f"owner-{n % 3}", word, 1, "480p"), word) for n, word in enumerate(words)]
    store.enqueue_all(new, time.time())

    interrupted: set[str] = set()
    for _ in range(KILLS):
        worker = processes.worker()
        time.sleep(chance.uniform(0.0, 0.7))
        worker.kill()
        worker.communicate()
        interrupted |= {job.id for job in store.of_everybody(state=State.SUBMITTING)}
        run_out(database, claims)

    worker = processes.worker()
    end = time.monotonic() + 40
    while left := [job for job in store.of_everybody() if job.is_live]:
        assert time.monotonic() < end, [(job.prompt, job.state, job.reason) for job in left]
        time.sleep(0.1)
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=20)
    assert worker.returncode == 0

    ends = {job.id: job.state for job in store.of_everybody()}
    database.close()
    assert len(ends) == JOBS
    assert set(ends.values()) <= {State.DONE, State.UNKNOWN}
    assert {job for job, state in ends.items() if state is State.UNKNOWN} <= interrupted

    creates = requests.get(f"{processes.url}/_sandbox/creates", timeout=10).json()
    posts = [create["prompt"] for create in creates]
    assert len(posts) == len(set(posts)), "paid for twice"
    archive = Archive(tmp_path / "rehearsal" / "archive")
    done = [job_id for job_id, state in ends.items() if state is State.DONE]
    assert all(archive.has(f"clips/{job_id}.mp4") for job_id in done)
    print(f"\n{KILLS} kills: {len(done)} done, {JOBS - len(done)} unknown, {len(posts)} posts, "
          f"{len(interrupted)} interrupted")  # fmt: skip
