"""The process: its announcement, its ends, and what survives a kill."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests


def test_announces_where_it_listens(start: Any) -> None:
    sandbox = start()
    port = sandbox.announced["port"]
    assert sandbox.announced == {"sandbox": f"http://127.0.0.1:{port}", "port": port}
    assert requests.get(sandbox.url, timeout=5).status_code == 200


def test_jobs_and_counts_survive_a_kill(start: Any, tmp_path: Path, until: Any) -> None:
    options = ("--state", str(tmp_path / "state"), "--seconds", "1.2", "1.2")
    first = start(*options)
    ids = [first.accepted(f"cat {number}") for number in range(3)]
    first.poll(ids[0])
    first.kill()
    second = start(*options)
    assert second.poll(ids[0]).status_code == 200
    until(lambda: all("video" in second.poll(one).json() for one in ids))
    for one in ids:
        assert requests.get(second.video_url(one), timeout=20).content[4:8] == b"ftyp"
    counts = second.counts()
    assert (counts["creates"], counts["accepted"]) == (3, 3)
    assert len(counts["by_request_id"][ids[0]]["polls"]) >= 2


def test_a_job_dropped_and_killed_is_kept(start: Any, tmp_path: Path) -> None:
    options = ("--state", str(tmp_path), "--seconds", "0", "0")
    first = start(*options)
    try:
        first.create("a cat [drop]")
    except requests.ConnectionError:
        first.kill()
    jobs = start(*options).told("jobs")
    assert [job["prompt"] for job in jobs] == ["a cat [drop]"]


def test_a_missing_clip_is_rendered_again(start: Any, tmp_path: Path) -> None:
    sandbox = start("--state", str(tmp_path), "--seconds", "0", "0")
    url = sandbox.video_url(sandbox.accepted("a cat"))
    clip = requests.get(url, timeout=20).content
    for file in (tmp_path / "clips").glob("*.mp4"):
        file.unlink()
    assert requests.get(url, timeout=20).content == clip


def test_options_of_the_command_line(start: Any) -> None:
    sandbox = start(
        *("--key", "only-this", "--create-fault", "429:1", "--poll-fault", "progress"),
        *("--seconds", "90", "90", "--latency", "0.1", "--seed", "5"),
    )
    body = {"model": "grok-imagine-video", "prompt": "a cat"}
    assert sandbox.post(body).status_code == 401
    codes = [sandbox.post(body, key="only-this") for _ in range(2)]
    assert [answer.status_code for answer in codes] == [429, 200]
    pending = sandbox.poll(codes[1].json()["request_id"], key="only-this")
    assert pending.json() == {"status": "pending", "progress": "0%"}
    assert pending.elapsed.total_seconds() >= 0.1


def test_models_of_the_command_line(start: Any) -> None:
    sandbox = start("--models", "grok-imagine-video, sora-2-pro")
    assert sandbox.models() == ["grok-imagine-video", "sora-2-pro"]
    assert sandbox.sora("a cat").status_code == 503
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "sandbox", "--models", "sora-9"]
    wrong = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert wrong.returncode == 2
    assert "--models" in wrong.stderr


def test_a_state_folder_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    from sandbox.jobs import Book, Call

    with closing(sqlite3.connect(tmp_path / "sandbox.db")) as old:
        old.executescript(
            """
            CREATE TABLE jobs (
                id TEXT PRIMARY KEY, family TEXT, clip TEXT, prompt TEXT, duration INTEGER,
                width INTEGER, height INTEGER, accepted_at REAL, due_at REAL, picture BLOB,
                picture_host TEXT
            );
            CREATE TABLE calls (
                number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL, kind TEXT, result TEXT,
                status INTEGER, job TEXT, prompt TEXT, body BLOB, key TEXT
            );
            INSERT INTO jobs VALUES ('one', 'grok', 'c1', 'a cat', 6, 848, 480, 1, 2, NULL, '');
            """
        )
    for _ in range(2):  # opened again, it is as it should be
        book = Book(tmp_path / "sandbox.db")
        (job,) = book.jobs()
        book.close()
    assert (job.id, job.model, job.size) == ("one", "grok-imagine-video", (848, 480))
    book = Book(tmp_path / "sandbox.db")
    newer = replace(job, id="two", clip="c2", family="sora", model="sora-2")
    book.accept(newer, Call("create", "accepted", 200, 3.0, job="two", content_type="a/b"))
    assert book.job(id="two") == newer
    assert book.rows("SELECT content_type FROM calls")[0][0] == "a/b"
    book.close()


def test_seeded_work_times_repeat(start: Any) -> None:
    times = []
    for _ in range(2):
        sandbox = start("--seed", "7")
        sandbox.accepted("a cat")
        job = sandbox.told("jobs")[0]
        times.append(round(job["due_at"] - job["accepted_at"], 4))
    assert times[0] == times[1]
    assert 5 <= times[0] <= 10


def test_shared_clips_are_rendered_once(start: Any) -> None:
    sandbox = start("--seconds", "0", "0", "--shared-clips")
    assert sandbox.clip("a cat") == sandbox.clip("a dog")
    assert sandbox.clip("a cat", aspect_ratio="1:1") != sandbox.clip("a dog")


def test_sigterm_ends_it_within_a_second(start: Any) -> None:
    sandbox = start("--seconds", "0", "0")
    sandbox.create("a cat", duration=15, resolution="720p")
    busy = requests.Session()
    busy.get(sandbox.url, timeout=5)
    began = time.monotonic()
    sandbox.process.send_signal(signal.SIGTERM)
    sandbox.process.wait(3)
    assert time.monotonic() - began < 1
    busy.close()


def test_ends_when_its_parent_is_gone(start: Any) -> None:
    sandbox = start()
    sandbox.process.stdin.close()
    sandbox.process.wait(3)
    assert sandbox.process.returncode == 0


def test_imports_nothing_of_the_rest() -> None:
    code = (
        "import sys, json, sandbox.__main__;"
        "print(json.dumps(sorted({n.partition('.')[0] for n in sys.modules})))"
    )
    root = Path(__file__).parents[2]
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, check=True, text=True
    )
    loaded = set(json.loads(told.stdout))
    assert not loaded & {"grok_api", "jobs", "people", "server", "ui", "settings", "streamlit"}
    assert not loaded & {"requests", "httpx", "pandas", "pydantic", "sqlalchemy"}


def test_help_lists_every_tag() -> None:
    from sandbox.__main__ import parser
    from sandbox.faults import TAGS

    told = parser().format_help()
    assert all(f"[{name}]" in told for name in TAGS)
