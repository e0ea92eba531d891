"""`python -m jobs`: what it prints, what it refuses, and its exit codes."""

import io
import json
import os
import signal
import sys
import time

import pytest
from PIL import Image

from jobs.__main__ import main
from jobs.database import Database
from jobs.job import State
from jobs.store import Store

MINUTE = 60


@pytest.fixture(autouse=True)
def settings_of_its_own(tmp_path, monkeypatch):
    for name in os.environ:
        if name.startswith(("GROK_API", "DATABASE_URL", "ARCHIVE_URL", "CLIPS_PER_DAY")):
            monkeypatch.delenv(name)
    monkeypatch.setattr("settings.SECRETS_FILES", ())
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys):
    """Runs a command: its exit code, its lines of output, and what it said on stderr."""

    def command(*arguments):
        try:
            code = main([str(one) for one in arguments])
        except SystemExit as left:
            code = left.code
        said = capsys.readouterr()
        return code, said.out.splitlines(), said.err

    return command


@pytest.fixture
def records(run):
    def command(*arguments):
        code, lines, _ = run(*arguments, "--json")
        assert code == 0
        return [json.loads(line) for line in lines]

    return command


@pytest.fixture
def file(tmp_path):
    def write(*lines, name="requests.jsonl"):
        path = tmp_path / name
        path.write_text("\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines))
        return path

    return write


def refusal(answer):
    """The one sentence of a command that did nothing."""
    code, lines, said = answer
    assert (code, lines) == (2, [])
    assert said.count("\n") == 1
    assert "Traceback" not in said
    return said


# -- asking


def test_a_prompt_becomes_a_queued_job(run, records):
    (told,) = records("enqueue", "a red kite", "--duration", 4, "--resolution", "720p",
                      "--aspect-ratio", "9:16", "--owner", "ada")  # fmt: skip
    assert told["state"] == "queued"
    assert (told["request_id"], told["clip"]) == (None, None)
    assert (told["prompt"], told["owner"]) == ("a red kite", "ada")
    assert (told["duration"], told["resolution"], told["aspect_ratio"]) == (4, "720p", "9:16")
    assert told["estimate_usd"] == pytest.approx(0.28)
    (listed,) = records("list")
    assert listed | {"new": True} == told
    assert records("show", told["id"]) == [listed]


def test_what_is_left_out_is_the_models_own_and_the_admins(records):
    (told,) = records("enqueue", "a red kite")
    assert (told["duration"], told["resolution"], told["owner"]) == (6, "480p", "admin")


def test_a_prompt_typed_twice_is_meant_twice(records):
    records("enqueue", "a red kite")
    records("enqueue", "a red kite")
    assert len(records("list")) == 2


def test_people_read_lines(run):
    code, (line,), said = run("enqueue", "a red\x1b[2J\nkite " + "x" * 100)
    assert code == 0
    assert "queued" in line
    assert line.endswith("…")
    assert line.isprintable()
    assert "GROK_API_KEY" in said  # a rehearsal says so
    job_id = line.split()[0]
    assert run("list")[1] == [line]
    shown = run("show", job_id)[1]
    assert any(one.startswith("prompt") for one in shown)
    assert all(one.isprintable() for one in shown)


def test_an_image_by_address(records):
    (told,) = records("enqueue", "a red kite", "--image", "https://example.org/a.jpg")
    assert told["image_url"] == "https://example.org/a.jpg"


def test_an_image_of_a_file_is_kept(records, tmp_path):
    data = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 40, 40)).save(data, "PNG")
    (tmp_path / "kite.png").write_bytes(data.getvalue())
    (told,) = records("enqueue", "a red kite", "--image", "kite.png")
    kept = tmp_path / "data" / "rehearsal" / "archive" / "pictures" / told["picture"]
    assert kept.is_file()
    assert told["image_url"] is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "prompt or --file"),
        (["x", "--file", "y"], "prompt or --file"),
        ([" "], "blank"),
        (["x" * 5000], "4096"),
        (["x\0y"], "NUL"),
        (["x", "--duration", "99"], "duration"),
        (["x", "--duration", "many"], "--duration"),
        (["x", "--resolution", "4k"], "resolution"),
        (["x", "--aspect-ratio", "5:1"], "aspect ratio"),
        (["x", "--model", "other"], "model"),
        (["x", "--image", "http://example.org/a.jpg"], "https"),
        (["x", "--image", "nowhere.png"], "cannot be read"),
        (["x", "--image", "data:image/png;base64,AAAA"], "image"),
        (["x", "--owner", " "], "owner"),
        (["--file", "nowhere.jsonl"], "could not be read"),
    ],
)
def test_what_is_wrong_is_one_sentence(run, options, words):
    assert words in refusal(run("enqueue", *options))
    assert run("list")[1] == []


def test_a_file_that_is_no_picture(run, tmp_path):
    (tmp_path / "kite.png").write_text("no picture")
    assert "image" in refusal(run("enqueue", "x", "--image", "kite.png"))
    assert not (tmp_path / "data" / "rehearsal" / "archive" / "pictures").exists()


# -- a file of requests


def test_a_file_in_its_order(records, file):
    path = file({"prompt": "one"}, "", {"prompt": "two", "duration": 3, "owner": "ada"})
    told = records("enqueue", "--file", path, "--duration", 5, "--owner", "bob")
    assert [(one["prompt"], one["duration"], one["owner"]) for one in told] == [
        ("one", 5, "bob"), ("two", 3, "ada"),
    ]  # fmt: skip
    assert [one["prompt"] for one in records("list")] == ["one", "two"]


def test_the_same_file_twice_asks_once(run, records, file):
    path = file({"prompt": "one"}, {"prompt": "two"}, {"prompt": "one"})
    first = records("enqueue", "--file", path)
    assert [one["new"] for one in first] == [True] * 3
    again = records("enqueue", "--file", path)
    assert [one["id"] for one in again] == [one["id"] for one in first]
    assert not any(one["new"] for one in again)
    assert "3 of 3" in run("enqueue", "--file", path)[2]
    # A file that has grown asks for what is new only; the order of a line's fields is no matter.
    grown = file({"prompt": "one"}, {"duration": 6, "prompt": "two"}, {"prompt": "one"},
                 {"prompt": "three"}, name="grown.jsonl")  # fmt: skip
    assert [one["new"] for one in records("enqueue", "--file", grown)] == [False] * 3 + [True]
    assert len(records("list")) == 4


def test_again_asks_again(records, file):
    path = file({"prompt": "one"})
    for _ in range(2):
        assert records("enqueue", "--file", path, "--again")[0]["new"]
    assert len(records("list")) == 2


def test_a_changed_price_is_no_new_request(records, file, monkeypatch):
    path = file({"prompt": "one"})
    records("enqueue", "--file", path)
    monkeypatch.setenv("PRICES", '{"grok-imagine-video": {"480p": 9}}')
    assert not records("enqueue", "--file", path)[0]["new"]


def test_bad_lines_are_named_and_nothing_is_written(run, file):
    path = file(
        {"prompt": "good"}, "{", "[1]", {"prompt": ""}, {"prompt": "x", "seconds": 3},
        {"prompt": "x", "duration": "6"}, {"prompt": 5}, {"duration": 6},
    )  # fmt: skip
    said = refusal(run("enqueue", "--file", path))
    assert "line 2: not JSON; line 3: not a JSON object; line 4:" in said
    assert 'line 5: unknown field "seconds"; line 6:' in said
    assert "and 2 more" in said
    assert "line 1" not in said
    assert run("list")[1] == []


@pytest.mark.parametrize(
    "line",
    [
        {"prompt": "x", "model": ["grok"]}, {"prompt": "x", "model": 5},
        {"prompt": "x", "owner": None}, {"prompt": "x", "image": 7},
        {"prompt": "x", "aspect_ratio": {}}, '{"prompt": "x", "duration": NaN}',
        '{"prompt": "\\ud800"}', '{"prompt": "x", "owner": "\\ud800"}', "[" * 100_000,
        '{"prompt": "x", "image": "a\\u0000b"}',
    ],
)  # fmt: skip
def test_strange_lines_are_refused_in_a_sentence(run, file, line):
    assert "line 1" in refusal(run("enqueue", "--file", file(line)))


def test_a_file_without_requests_and_one_that_is_no_text(run, file, tmp_path):
    assert "no requests" in refusal(run("enqueue", "--file", file("", " ")))
    (tmp_path / "latin").write_bytes(b'{"prompt": "\xe9"}')
    assert "UTF-8" in refusal(run("enqueue", "--file", "latin"))


def test_standard_input(records, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"prompt": "one"}\n'))
    assert [one["prompt"] for one in records("enqueue", "--file", "-")] == ["one"]


def test_the_limit_of_a_day_is_all_or_none(run, records, file, monkeypatch):
    monkeypatch.setenv("CLIPS_PER_DAY", "2")
    path = file({"prompt": "one"}, {"prompt": "two"}, {"prompt": "three"})
    assert "CLIPS_PER_DAY" in refusal(run("enqueue", "--file", path))
    assert records("list") == []
    records("enqueue", "--file", file({"prompt": "one"}, {"prompt": "two"}, name="two.jsonl"))


# -- reading


def test_listing_by_owner_and_state(records, tmp_path):
    for owner in ("ada", "bob"):
        records("enqueue", "a red kite", "--owner", owner)
    database = Database(f"sqlite:///{tmp_path / 'data' / 'rehearsal' / 'studio.sqlite3'}")
    store = Store(database, "rehearsal")
    job = store.page("bob").jobs[0]
    store.cancel("bob", job.id, time.time())
    assert [one["owner"] for one in records("list", "--owner", "ada")] == ["ada"]
    assert [one["owner"] for one in records("list", "--state", "cancelled")] == ["bob"]
    assert records("list", "--owner", "ada", "--state", "cancelled") == []
    store.delete("bob", job.id, time.time())
    assert len(records("list")) == 1
    database.close()


def test_an_id_that_is_none(run):
    assert "no job" in refusal(run("show", "nothing"))
    assert "STATE" in refusal(run("list", "--state", "nothing")).upper()
    assert "usage" not in refusal(run("nothing"))


def test_trouble_with_settings_and_database_is_one_sentence(run, monkeypatch):
    monkeypatch.setenv("DATA_DIR", "/proc/nowhere")
    assert "database" in refusal(run("list"))
    monkeypatch.setenv("POLL_INTERVAL", "often")
    assert "POLL_INTERVAL" in refusal(run("list"))


# -- working


def test_a_worker_without_a_key_needs_a_sandbox_on_this_machine(run, monkeypatch):
    assert "--gateway" in refusal(run("worker"))
    for url in ("https://api.dubrify.com", "http://10.0.0.1:8502", "nonsense"):
        assert "sandbox" in refusal(run("worker", "--gateway", url))
    monkeypatch.setenv("GROK_API_KEY", "a-key")
    assert "GROK_API_BASE_URL" in refusal(run("worker", "--gateway", "http://127.0.0.1:1"))


def test_a_worker_works_tells_and_ends(processes, tmp_path):
    processes.start_gateway("--seconds", "0", "0", "--shared-clips")
    asking = processes.begin("jobs", "enqueue", "a red kite", "--duration", "1", "--json")
    (asked,) = map(json.loads, asking.communicate(timeout=MINUTE)[0].splitlines())
    processes.env["GROK_API_BASE_URL"] = processes.url  # as well as --gateway
    worker = processes.worker("--json")
    told = {}
    while told.get("state") != "done":
        told = json.loads(worker.stdout.readline())
        assert told["id"] == asked["id"]
    assert told["request_id"].startswith("grok_video_")
    assert os.path.getsize(told["clip"]) == told["clip_bytes"]
    worker.send_signal(signal.SIGINT)
    assert worker.communicate(timeout=MINUTE)[0] == ""
    assert worker.returncode == 0


def test_with_a_key_it_works_on_what_was_asked_for_with_it(processes, tmp_path):
    processes.start_gateway("--seconds", "0", "0", "--shared-clips")
    secret = "sk-canary-0123456789"
    processes.env |= {"GROK_API_KEY": secret, "GROK_API_BASE_URL": processes.url}
    asking = processes.begin("jobs", "enqueue", "a red kite [drop]", "--duration", "1")
    assert asking.communicate(timeout=MINUTE)[1] == ""
    worker = processes.worker("--json")
    told = {}
    while told.get("state") != State.UNKNOWN:
        told = json.loads(worker.stdout.readline())
    worker.send_signal(signal.SIGTERM)
    out, said = worker.communicate(timeout=MINUTE)
    assert worker.returncode == 0
    assert secret not in out + said
    assert not (tmp_path / "rehearsal").exists()
    data = (tmp_path / "studio.sqlite3").read_bytes()
    assert secret.encode() not in data
