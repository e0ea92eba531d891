"""`/healthz` and the headers that every answer carries."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa

import studio
from jobs.job import Job
from tests.browser.running import App
from tests.server.conftest import UNREACHABLE, Served, Visitor, until


@pytest.fixture
def worker(here: studio.Studio) -> Iterator[None]:
    hired = studio.hire_worker(here, UNREACHABLE, "key")
    hired.start()
    until(lambda: hired.is_well, "the worker goes round")
    yield
    hired.stop()


def test_well(served: Served, worker: None) -> None:
    answer = served.get("/healthz")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    found = answer.json()
    assert [found[part] for part in ("database", "archive", "worker")] == ["well"] * 3
    assert found["mode"] == "rehearsal"


def test_the_archive_is_gone(served: Served, worker: None) -> None:
    shutil.rmtree(served.here.settings.archive_folder)
    answer = served.get("/healthz")
    assert (answer.status_code, answer.json()["archive"]) == (503, "cannot be written")


def test_the_database_does_not_answer(
    served: Served, worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> int:
        raise sa.exc.OperationalError("select", {}, Exception("away"))

    monkeypatch.setattr(served.here.database, "change_number", away)
    answer = served.get("/healthz")
    assert (answer.status_code, answer.json()["database"]) == (503, "does not answer")


def test_the_worker_stands_still(
    served: Served, worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    hired = served.here.worker
    assert hired is not None
    monkeypatch.setattr(hired, "_clock", lambda: time.time() + 3600)
    hired._stopping.set()
    hired.last_step = time.time()
    answer = served.get("/healthz")
    assert (answer.status_code, answer.json()["worker"]) == (503, "stands still")


def test_no_worker_where_there_should_be_one(served: Served) -> None:
    answer = served.get("/healthz")
    assert (answer.status_code, answer.json()["worker"]) == (503, "not started")


# -- headers


def assert_guarded(answer: requests.Response) -> None:
    policy = {
        name: set(values)
        for name, *values in map(str.split, answer.headers["content-security-policy"].split(";"))
    }
    assert policy["default-src"] == {"'self'"}
    assert policy["img-src"] == {"'self'", "data:", "blob:"}
    assert policy["media-src"] == {"'self'", "blob:"}
    assert policy["object-src"] == {"'none'"}
    assert policy["form-action"] == policy["base-uri"] == {"'self'"}
    assert "*" not in policy["frame-ancestors"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_every_answer_of_ours_is_guarded(served: Served, demo: Visitor, job: Job) -> None:
    for path in (
        "/healthz",
        "/app/session/open?ticket=x",
        "/app/session/close",
        served.media(demo, job),
        "/app/static/media/x.mp4",
        "/nowhere",
    ):
        for method in ("GET", "HEAD", "POST", "OPTIONS"):
            assert_guarded(served.ask(method, path, demo))
    part = served.get(served.media(demo, job), demo, headers={"Range": "bytes=0-1"})
    assert part.status_code == 206
    assert_guarded(part)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The application itself, with Streamlit's own addresses."""
    running = App(tmp_path_factory.mktemp("app")).start()
    yield running
    running.stop()
    assert "Traceback" not in running.log


def test_every_answer_of_streamlits_is_guarded(app: App) -> None:
    page = requests.get(app.url, timeout=10)
    script = page.text.partition('src="')[2].partition('"')[0]
    for path in ("/", "/library", "/nowhere", "/_stcore/health", "/_stcore/host-config", script):
        answer = requests.get(f"{app.url}/{path.lstrip('./')}", timeout=10)
        assert answer.status_code == 200, path
        assert_guarded(answer)
    for path in ("/media/nothing.mp4", "/app/static/../../studio.py", "/_stcore/upload_file/x/y"):
        assert_guarded(requests.get(app.url + path, timeout=10))


def test_nothing_but_media_lies_below_static(app: App) -> None:
    for path in (
        "/app/static/router.py",
        "/app/static/../app.py",
        "/app/static/%2e%2e/app.py",
        "/app/static/media/../../../app.py",
        "/app/static/media/%2e%2e%2f%2e%2e%2fapp.py",
    ):
        answer = requests.get(app.url + path, timeout=10)
        assert "import" not in answer.text, path


def test_the_application_says_how_it_is(app: App) -> None:
    assert requests.get(f"{app.url}/healthz", timeout=10).status_code == 200
    moved = Path(f"{app.data_dir}/rehearsal/archive-moved")
    archive = app.data_dir / "rehearsal" / "archive"
    archive.rename(moved)
    ill = requests.get(f"{app.url}/healthz", timeout=10)
    moved.rename(archive)
    assert (ill.status_code, ill.json()["archive"]) == (503, "cannot be written")
    assert requests.get(f"{app.url}/healthz", timeout=10).status_code == 200


def test_it_ends_when_it_is_told_to(new_folder: Callable[[], Path]) -> None:
    running = App(new_folder()).start()
    began = time.monotonic()
    running.stop()
    assert time.monotonic() - began < 8
    assert "Traceback" not in running.log


@pytest.fixture
def new_folder(tmp_path: Path) -> Callable[[], Path]:
    return lambda: tmp_path / "app"
