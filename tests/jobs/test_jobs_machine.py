"""Two workers that may stop anywhere, a person who decides, a clock that jumps: what never happens.

Workers are played call by call, so that every interleaving of claims, POSTs, answers, frozen
processes and late writes can come up, on the real store and claims.
"""

import shutil
import tempfile
from pathlib import Path

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from jobs import tables
from jobs.claims import Claims
from jobs.database import Database
from jobs.job import ENDED, NewJob, State
from jobs.store import Store

CAP = 3


class Lists(RuleBasedStateMachine):
    """`held` are pieces of work a worker has claimed and not finished: a crash forgets them."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="machine-"))
        self.database = Database(f"sqlite:///{self.folder / 'studio.sqlite3'}")
        connection = self.database._engine.raw_connection()
        connection.execute("PRAGMA synchronous=OFF")  # no power is cut here
        connection.close()
        self.store = Store(self.database, "rehearsal", 1000)
        self.workers = [Claims(self.database, "rehearsal") for _ in range(2)]
        self.now = 1000.0
        self.asked = 0
        self.posts = {}  # job id → POSTs that may have arrived
        self.given = {}  # job id → request ids the gateway gave out and somebody has read
        self.sending = []  # (worker, claimed job): the last look is passed, the POST is under way
        self.claimed = []  # (worker, claimed job): before the last look
        self.polling = []
        self.fetching = []
        self.ended = {}  # job id → state, as first seen
        self.woken = set()  # ids that a late answer or a person brought back
        self.resent = 0

    def teardown(self):
        self.database.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @initialize()
    def begin(self):
        for owner in ("ada", "bob"):
            self.ask(owner)

    @rule(data=st.data())
    def something_happens(self, data):
        """One of the things that can happen now; no step is spent on what would do nothing."""
        states = {State(job.state) for job in self.rows() if job.deleted_at is None}
        at_rest = states - {State.PENDING, State.READY, State.SUBMITTING}
        weights = {
            self.wait: 1,
            self.crash: 1 if self.claimed or self.sending else 0,
            self.ask: 2 if State.QUEUED not in states else 0,
            self.decide: 3 if at_rest - {State.QUEUED} else 1 if at_rest else 0,
            self.claim: 3 if State.QUEUED in states else 0,
            self.look_and_post: 5 if self.claimed else 0,
            self.reap: 2 if State.SUBMITTING in states else 0,
            self.accepted: 4 if self.sending else 0,
            self.refused: 1 if self.sending else 0,
            self.claim_polls: 2 if State.PENDING in states else 0,
            self.answer_poll: 3 if self.polling else 0,
            self.claim_downloads: 2 if State.READY in states else 0,
            self.end_download: 3 if self.fetching else 0,
        }
        what = data.draw(st.sampled_from([act for act, n in weights.items() for _ in range(n)]))
        self.draw = lambda values: data.draw(st.sampled_from(values))
        what()

    # -- people

    def ask(self, owner=None):
        self.asked += 1
        new = NewJob(owner or self.draw(["ada", "bob"]), "x", 1, "480p")
        self.store.enqueue(new, f"token-{self.asked}", self.now)

    def decide(self):
        at_rest = [State.PENDING, State.READY, State.SUBMITTING]
        job = self.draw([job for job in self.rows() if job.state not in at_rest])
        what = self.draw(["cancel", "delete", "recover", "recover", "send again"])
        if what == "cancel" and self.store.cancel(job.owner, job.id, self.now):
            assert job.id not in self.posts
        elif what == "delete":
            self.store.delete(job.owner, job.id, self.now)
        elif what == "recover":
            if self.store.recover(job.owner, job.id, f"pasted-{job.id}", self.now):
                self.woken.add(job.id)
        elif what == "send again":
            before = len(self.rows())
            self.store.send_again(job.owner, job.id, f"resend-{job.id}", self.now)
            self.resent += len(self.rows()) - before

    def wait(self):
        self.now += self.draw([8.0, 50.0, 130.0])

    # -- submissions

    def claim(self):
        who = self.draw([0, 1])
        job = self.workers[who].claim_submission(self.now, CAP, 10.0)
        self.now += 0.1
        if job is not None:
            assert job.id not in self.posts, "claimed after it may have been sent"
            self.claimed.append((who, job))

    def look_and_post(self):
        """The last look and the POST's start; a worker may have slept since the claim."""
        who, job = self.take(self.claimed)
        if self.workers[who].may_send(job, self.now, 75):
            self.posts[job.id] = self.posts.get(job.id, 0) + 1
            self.sending.append((who, job))
        else:
            self.workers[who].requeue(job, self.now)

    def accepted(self):
        who, job = self.take(self.sending)
        request_id = f"video-{job.id}"
        self.given.setdefault(job.id, set()).add(request_id)
        before = self.row(job.id)
        if self.workers[who].accepted(job.id, request_id, self.now, self.now + 8):
            if before.state in ENDED:
                self.woken.add(job.id)
            assert self.row(job.id).request_id == request_id

    def refused(self):
        who, job = self.take(self.sending)
        what = self.draw(["unknown", "failed", "not sent", "moderated"])
        if what == "not sent":
            if self.workers[who].requeue(job, self.now + 5, errors=1):
                self.posts.pop(job.id)  # the proof: it never arrived
        else:
            self.workers[who].end(job, State(what), self.now, kind=what, reason=what)

    def reap(self):
        if self.draw([False, True]):
            self.now += 130.0  # all who hold one are frozen meanwhile
        self.workers[self.draw([0, 1])].reap(self.now)

    def crash(self):
        """The process is gone; what it had read of the network goes with it."""
        who = self.draw([0, 1])
        for held in (self.claimed, self.sending, self.polling, self.fetching):
            held[:] = [one for one in held if one[0] != who]

    # -- polls and downloads

    def claim_polls(self):
        self.now += 8.0
        who = self.draw([0, 1])
        jobs = self.workers[who].claim_polls(self.now, 8.0, 2)
        assert all(job.request_id for job in jobs)
        assert all(self.row(job.id).next_at >= self.now + 8 for job in jobs)
        self.polling += [(who, job) for job in jobs]

    def answer_poll(self):
        who, job = self.take(self.polling)
        claims = self.workers[who]
        what = self.draw(["ready", "ready", "pending", "failed", "unknown", "later"])
        if what == "pending":
            claims.still_pending(job, 50)
        elif what == "ready":
            claims.ready(job, self.now, video_url="https://cdn/1.mp4", errors=0)
        elif what == "later":
            claims.later(job, self.now + 30, kind="server_error", reason="gateway_trouble")
        else:
            claims.end(job, State(what), self.now, kind=what, reason=what)

    def claim_downloads(self):
        self.now += self.draw([0.0, 61.0])
        who = self.draw([0, 1])
        self.fetching += [(who, job) for job in self.workers[who].claim_downloads(self.now, 1)]

    def end_download(self):
        who, job = self.take(self.fetching)
        claims = self.workers[who]
        what = self.draw(["done", "later", "again", "renew"])
        if what == "done":
            claims.end(job, State.DONE, self.now, kind="done", reason=None)
        elif what == "later":
            claims.later(job, self.now + 2, kind="server_error", reason="download_trouble")
        elif what == "again":
            why = {"kind": "not_found", "reason": "link_gone"}
            claims.later(job, self.now + 8, state=State.PENDING, **why)
        else:
            claims.renew(job, self.now)

    # -- what never happens

    @invariant()
    def all_holds(self):
        rows = self.rows()
        assert len(rows) == self.asked + self.resent
        assert all(number == 1 for number in self.posts.values()), "sent twice"
        assert sum(job.state == State.SUBMITTING for job in rows) <= CAP
        for job in rows:
            if job.id in self.posts:
                assert job.state not in (State.QUEUED, State.CANCELLED), "may be sent twice"
            if job.state in (State.PENDING, State.READY):
                assert job.request_id
                assert job.deleted_at is None
            self.check_end(job)
        self.check_ids({job.id: job.request_id for job in rows})

    def check_end(self, job):
        """An end stays; only `unknown` may come back, by a person's paste or a late answer."""
        before = self.ended.get(job.id)
        if before is not None and job.state != before:
            assert before == State.UNKNOWN, (before, job.state)
            assert job.id in self.woken
        if job.state in ENDED:
            self.ended[job.id] = job.state
        else:
            self.ended.pop(job.id, None)

    def check_ids(self, ids):
        """An id stands in its row, or among the decisions where a person had decided otherwise."""
        missing = [
            request_id
            for job_id, given in self.given.items()
            for request_id in given
            if ids[job_id] != request_id
        ]
        if missing:
            with self.database.read() as connection:
                details = connection.execute(sa.select(tables.decisions.c.detail)).scalars()
                noted = " ".join(filter(None, details))
            assert all(request_id in noted for request_id in missing), "an id is lost"

    def take(self, held):
        one = self.draw(held)
        held.remove(one)
        return one

    def rows(self):
        with self.database.read() as connection:
            query = sa.select(tables.jobs).order_by(tables.jobs.c.created_at, tables.jobs.c.id)
            return connection.execute(query).all()

    def row(self, job_id):
        (found,) = [job for job in self.rows() if job.id == job_id]
        return found


TestLists = Lists.TestCase
TestLists.settings = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
