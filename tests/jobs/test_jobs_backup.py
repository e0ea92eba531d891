"""The list and its files as one zip: from house to house, and what a bad zip cannot do."""

import hashlib
import io
import json
import os
import stat
import struct
import time
import zipfile

import pytest
import sqlalchemy as sa

from jobs import backup, rows, tables
from jobs.__main__ import main
from jobs.archive import Archive, clip_name, picture_name, poster_name
from jobs.database import Database
from jobs.job import NewJob, State
from jobs.store import Store

PICTURE = b"a picture"
PICTURE_NAME = hashlib.sha256(PICTURE).hexdigest() + ".png"
SIGNED = "https://user:pass@host.test/v.mp4?sig=SIGNED-CANARY#SIGNED-CANARY"
NEW = NewJob("ada", "a kite", 1, "480p")
ORDER = ("jobs", "decisions", "drafts")


def silent(_done, _of):
    pass


def everything(database):
    """All rows that travel, without what only means something in its own database."""
    return rows.read(database)


def fill(rig):
    """A finished video, one of each other state, a deleted one, a draft and decisions."""
    done = rig.ask("a kept kite", picture=PICTURE_NAME)
    rig.archive.put(picture_name(PICTURE_NAME), PICTURE)
    rig.archive.put(clip_name(done.id), b"a clip" * 1000)
    rig.archive.put(poster_name(done.id), b"a poster")
    kept = {"clip": clip_name(done.id), "poster": poster_name(done.id), "clip_bytes": 6000}
    facts = {"moderation_passed": True, "cost_usd": 0.3, "video_seconds": 1.04, "width": 848}
    rig.set(done, state=State.DONE, request_id="req-done", video_url=SIGNED, poster_url=SIGNED,
            attempts=1, **kept, **facts)  # fmt: skip
    found = {State.DONE: done}
    for state in State:
        if state is not State.DONE:
            found[state] = rig.ask(f"{state} 风筝", owner="bob")
            asked = {} if state in ("queued", "submitting") else {"request_id": f"req-{state}"}
            lease = {"lease_until": 5.0, "started_at": 4.0} if state == "submitting" else {}
            rig.set(found[state], state=state, video_url=SIGNED, **asked, **lease)
    gone = rig.ask("a deleted one")
    rig.set(gone, state=State.FAILED)
    rig.store.delete("ada", gone.id, rig.clock.now)
    rig.store.save_draft("bob", "picture", {"prompt": "half", "picture": PICTURE_NAME}, 7.5)
    return found


@pytest.fixture
def zipped(rig, tmp_path):
    """A backup of a full studio on SQLite."""
    fill(rig)
    path = tmp_path / "studio.zip"
    backup.export(rig.database, rig.archive, path, None, silent)
    return path


@pytest.fixture
def elsewhere(tmp_path):
    """Another house, on SQLite."""
    database = Database(f"sqlite:///{tmp_path / 'elsewhere' / 'studio.sqlite3'}")
    yield database, Archive(tmp_path / "elsewhere" / "archive")
    database.close()


def files(archive_folder):
    return {
        str(path.relative_to(archive_folder)): path.read_bytes()
        for path in archive_folder.rglob("*")
        if path.is_file()
    }


def is_empty(database, archive_folder):
    return not any(everything(database).values()) and not files(archive_folder)


# -- there and back


def test_from_one_database_to_the_other_and_back(both, postgres, sqlite, tmp_path, elsewhere):
    fill(both)
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    before, stood = everything(both.database), files(tmp_path / "archive")
    told = backup.export(both.database, both.archive, first, None, silent)
    assert told == {"jobs": 11, "decisions": 1, "drafts": 1, "files": 3, "missing": 0}
    other = sqlite if both.database is postgres else postgres
    house = Archive(tmp_path / "other")
    new = backup.restore(other, house, first, 9.0, silent)
    assert new == {"jobs": 11, "decisions": 1, "drafts": 1, "files": 3, "already_there": 0,
                   "missing": 0}  # fmt: skip
    backup.export(other, house, second, None, silent)
    backup.restore(elsewhere[0], elsewhere[1], second, 9.0, silent)
    assert files(tmp_path / "elsewhere" / "archive") == files(tmp_path / "other") == stood

    def without_time(found):
        return {
            name: sorted(
                [{**row, "next_at": 0} for row in found[name]],
                key=lambda row: str(sorted(row.items(), key=str)),
            )
            for name in ORDER
        }

    assert without_time(everything(other)) == without_time(before)
    assert without_time(everything(elsewhere[0])) == without_time(before)
    store = Store(elsewhere[0], both.store.gateway)
    assert store.draft("bob", "picture")["prompt"] == "half"
    store.ask_for_models(1.0)
    assert store.save_draft("zoe", "text", {}, 1.0) is None
    with elsewhere[0].read() as connection:
        assert not list(connection.execute(sa.select(tables.accounts)))


def test_a_pending_video_goes_on_in_the_new_house(both, sqlite, tmp_path, clock, gateway):
    job = both.ask("[seconds:1] a moving kite")
    both.until(job, State.PENDING, by=0.1)
    request_id = both.job(job).request_id
    backup.export(both.database, both.archive, tmp_path / "a.zip", None, silent)
    new = type(both)(sqlite, tmp_path / "new", both.url, clock)
    if new.database is both.database:  # the same house emptied
        with sqlite.write() as connection:
            connection.execute(sa.delete(tables.jobs))
    backup.restore(sqlite, new.archive, tmp_path / "a.zip", clock.now, silent)
    time.sleep(1.1)
    kept = new.until(job, State.DONE)
    assert kept.request_id == request_id
    assert new.archive.has(kept.clip)
    assert gateway.posts(job.prompt) == 1


def test_how_each_state_arrives(rig, tmp_path, elsewhere):
    found = fill(rig)
    backup.export(rig.database, rig.archive, tmp_path / "a.zip", None, silent)
    backup.restore(*elsewhere, tmp_path / "a.zip", 1234.0, silent)
    store = Store(elsewhere[0], "rehearsal")
    same = {state: (state, rig.job(found[state]).reason) for state in State}
    lost = (State.UNKNOWN, "interrupted")
    moved = {State.QUEUED: lost, State.SUBMITTING: lost, State.READY: (State.PENDING, None)}
    for state, job in found.items():
        now = store.find(job.id)
        assert (now.state, now.reason) == (same | moved)[state]
        assert now.lease_until is None
        assert now.video_url == "https://host.test/v.mp4"
        assert not (state in (State.QUEUED, State.SUBMITTING) and now.is_adopted)
    assert store.find(found[State.READY].id).next_at == 1234.0
    assert store.find(found[State.READY].id).request_id == "req-ready"


def test_a_waiting_video_is_not_sent_by_the_new_house(rig, tmp_path, sqlite, gateway):
    job = rig.ask("a waiting kite")
    backup.export(rig.database, rig.archive, tmp_path / "a.zip", None, silent)
    with sqlite.write() as connection:
        connection.execute(sa.delete(tables.jobs))
    backup.restore(sqlite, rig.archive, tmp_path / "a.zip", rig.clock.now, silent)
    for _ in range(5):
        rig.step(8)
    assert rig.job(job).state is State.UNKNOWN
    assert gateway.posts(job.prompt) == 0


def test_one_persons_things(rig, tmp_path, elsewhere):
    fill(rig)
    rig.store.save_draft("ada", "text", {"prompt": "hers"}, 1.0)
    backup.export(rig.database, rig.archive, tmp_path / "a.zip", "bob", silent)
    backup.restore(*elsewhere, tmp_path / "a.zip", 1.0, silent)
    found = everything(elsewhere[0])
    assert {row["owner"] for name in ("jobs", "drafts") for row in found[name]} == {"bob"}
    assert found["decisions"] == []
    assert list(files(tmp_path / "elsewhere" / "archive")) == [picture_name(PICTURE_NAME)]


def test_what_is_there_is_left_alone(rig, zipped, tmp_path):
    (job,) = [job for job in rig.store.all("ada") if job.clip]
    with rig.database.write() as connection:
        connection.execute(sa.update(tables.jobs).values(prompt="changed since"))
    rig.archive.put(job.clip, b"another clip")
    before, stood = everything(rig.database), files(tmp_path / "archive")
    told = backup.restore(rig.database, rig.archive, zipped, 1.0, silent)
    assert told == {"jobs": 0, "decisions": 0, "drafts": 0, "files": 0, "already_there": 13,
                    "missing": 0}  # fmt: skip
    assert (everything(rig.database), files(tmp_path / "archive")) == (before, stood)


def test_the_same_form_token_of_another_job(both, tmp_path, elsewhere):
    both.store.enqueue(NEW, "file-1", 5.0)
    backup.export(both.database, both.archive, tmp_path / "a.zip", None, silent)
    Store(elsewhere[0], "rehearsal").enqueue(NEW, "file-1", 6.0)
    assert backup.restore(*elsewhere, tmp_path / "a.zip", 1.0, silent)["jobs"] == 1
    assert len(everything(elsewhere[0])["jobs"]) == 2


def test_screens_hear_of_it(rig, zipped, elsewhere):
    store = Store(elsewhere[0], "rehearsal")
    version = elsewhere[0].change_number()
    backup.restore(*elsewhere, zipped, 1.0, silent)
    assert store.owners_changed_since(version)[1] == {"ada", "bob"}


def test_a_missing_file_is_counted(rig, tmp_path, elsewhere):
    done = fill(rig)[State.DONE]
    rig.archive.delete(clip_name(done.id))
    told = backup.export(rig.database, rig.archive, tmp_path / "a.zip", None, silent)
    assert (told["files"], told["missing"]) == (2, 1)
    assert backup.restore(*elsewhere, tmp_path / "a.zip", 1.0, silent)["missing"] == 1


def test_rows_are_of_one_moment(both, monkeypatch):
    """What is written between two reads is in neither."""
    fill(both)
    before = len(everything(both.database)["drafts"])
    real, reads = rows._columns, []

    def slow(name):
        reads.append(name)
        if name == "drafts":
            both.store.save_draft("late", "text", {}, 1.0)
        return real(name)

    monkeypatch.setattr(rows, "_columns", slow)
    assert len(everything(both.database)["drafts"]) == before
    assert reads.count("drafts") == 1


# -- no secrets


def test_no_secret_is_in_it(rig, tmp_path, monkeypatch):
    fill(rig)
    account = {"username": "ada", "password": "$2b$HASH-CANARY", "created_at": 1.0}
    session = {"id": "SESSION-CANARY", "sign_in": "SESSION-CANARY", "token_sha256": "TOKEN-CANARY",
               "username": "ada", "password_mark": "MARK-CANARY", "created_at": 1.0,
               "expires_at": 2.0}  # fmt: skip
    ticket = {"ticket_sha256": "TICKET-CANARY", "username": "ada", "password_mark": "MARK-CANARY",
              "expires_at": 2.0, "receipt_sha256": "RECEIPT-CANARY"}  # fmt: skip
    with rig.database.write() as connection:
        connection.execute(sa.insert(tables.accounts).values(account))
        connection.execute(sa.insert(tables.sessions).values(session))
        connection.execute(sa.insert(tables.tickets).values(ticket))
    monkeypatch.setenv("GROK_API_KEY", "KEY-CANARY")
    path = tmp_path / "a.zip"
    backup.export(rig.database, rig.archive, path, None, silent)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with zipfile.ZipFile(path) as packed:
        held = b"".join(packed.read(name) for name in packed.namelist())
        names = set(packed.namelist())
    assert b"a kept kite" in held
    for secret in (b"CANARY", b"pass@", b"test-key"):
        assert secret not in held
        assert secret not in path.read_bytes()
    assert {name.split("/")[0] for name in names} == {
        "manifest.json", "jobs.jsonl", "decisions.jsonl", "drafts.jsonl",
        "clips", "posters", "pictures",
    }  # fmt: skip


# -- bad zips


def parts_of(path):
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    return json.loads(parts.pop("manifest.json")), parts


def write(path, manifest, parts, *, true=True, compression=zipfile.ZIP_STORED):
    """A zip of these parts; `true`: the manifest's figures are made right."""
    if true:
        manifest = {**manifest, "files": {
            name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in parts.items()
        }}  # fmt: skip
    with zipfile.ZipFile(path, "w", compression) as packed:
        for name, data in {**parts, "manifest.json": json.dumps(manifest)}.items():
            packed.writestr(zipfile.ZipInfo(name), data, compression)
    return path


def refused(path, house, tmp_path):
    with pytest.raises(backup.BackupUnusable) as said:
        backup.restore(*house, path, 1.0, silent)
    assert is_empty(house[0], tmp_path / "elsewhere" / "archive")
    text = str(said.value)
    assert text.startswith("Nothing was imported: ")
    assert text.count(". ") == 0
    assert str(tmp_path) not in text
    return text


STRANGE_NAMES = [
    "../evil.mp4", "/etc/evil", "clips/../../evil.mp4", "clips/..mp4", "clips\\evil.mp4",
    "clips/a/b.mp4", "clips/", "incoming/evil.mp4", "pictures/evil.png", "accounts.jsonl",
    "clips/0123456789abcdefghjk.html", "clips/0123456789abcdefghjk.mp4\n", "C:/evil.mp4",
]  # fmt: skip


@pytest.mark.parametrize("name", STRANGE_NAMES)
def test_a_strange_name_is_refused(zipped, elsewhere, tmp_path, name):
    manifest, parts = parts_of(zipped)
    refused(write(tmp_path / "b.zip", manifest, parts | {name: b"evil"}), elsewhere, tmp_path)
    assert not list(tmp_path.rglob("*evil*"))


def changed(name):
    """Changes to the first job's row that make the zip a bad one."""
    return {
        "strange state": {"state": "done'; --"},
        "strange id": {"id": "../../../../etc/x"},
        "another's clip": {"clip": "clips/0123456789abcdefghjk.mp4"},
        "a path as clip": {"clip": "../../etc/passwd"},
        "a path as picture": {"picture": "../../etc/passwd"},
        "a path as request id": {"request_id": "a b"},
        "pending without id": {"state": "pending", "request_id": None},
        "no prompt": {"prompt": None},
        "a number as prompt": {"prompt": 5},
        "half a character": {"prompt": "\ud800"},
        "a NUL": {"prompt": "a\0b"},
        "a huge number": {"duration": 2**40},
        "a truth as number": {"duration": True},
        "a text as number": {"duration": "5"},
        "not a number": {"created_at": float("nan")},
        "endless": {"created_at": float("inf")},
        "new column": {"evil": 1},
    }[name]


CHANGES = [
    "strange state", "strange id", "another's clip", "a path as clip", "a path as picture",
    "a path as request id", "pending without id", "no prompt", "a number as prompt",
    "half a character", "a NUL", "a huge number", "a truth as number", "a text as number",
    "not a number", "endless", "new column",
]  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_strange_row_is_refused(zipped, elsewhere, tmp_path, name):
    manifest, parts = parts_of(zipped)
    lines = parts["jobs.jsonl"].splitlines()
    lines[0] = json.dumps({**json.loads(lines[0]), **changed(name)}).encode()
    parts["jobs.jsonl"] = b"\n".join(lines)
    refused(write(tmp_path / "b.zip", manifest, parts), elsewhere, tmp_path)


@pytest.mark.parametrize("line", [b"{", b"[]", b"5", b"\xff", b"{}", b"[" * 100_000])
@pytest.mark.parametrize("table", ORDER)
def test_a_strange_line_is_refused(zipped, elsewhere, tmp_path, table, line):
    manifest, parts = parts_of(zipped)
    parts[f"{table}.jsonl"] += line + b"\n"
    refused(write(tmp_path / "b.zip", manifest, parts), elsewhere, tmp_path)


@pytest.mark.parametrize("fields", ["5", "{", "[]", "null"])
def test_a_strange_draft_is_refused(zipped, elsewhere, tmp_path, fields):
    manifest, parts = parts_of(zipped)
    row = {"owner": "ada", "form": "text", "fields": fields, "saved_at": 1.0}
    parts["drafts.jsonl"] = json.dumps(row).encode()
    refused(write(tmp_path / "b.zip", manifest, parts), elsewhere, tmp_path)


def test_rows_that_come_twice_are_refused(zipped, elsewhere, tmp_path):
    manifest, parts = parts_of(zipped)
    parts["jobs.jsonl"] += parts["jobs.jsonl"].splitlines()[0] + b"\n"
    refused(write(tmp_path / "b.zip", manifest, parts), elsewhere, tmp_path)


@pytest.mark.parametrize(
    "told",
    [
        {"format": 2}, {"format": None}, {"schema": tables.SCHEMA + 1}, {"schema": "1"},
        {"schema": 0}, {"files": None}, {"files": {}}, {"files": {"clips/x.mp4": {}}},
    ],
)  # fmt: skip
def test_a_strange_manifest_is_refused(zipped, elsewhere, tmp_path, told):
    manifest, parts = parts_of(zipped)
    path = write(tmp_path / "b.zip", manifest | told, parts, true="files" not in told)
    refused(path, elsewhere, tmp_path)


def test_a_file_that_was_changed_is_refused(zipped, elsewhere, tmp_path):
    manifest, parts = parts_of(zipped)
    for name in parts:
        worse = parts | {name: parts[name][:-1] + b"?"}
        refused(write(tmp_path / "b.zip", manifest, worse, true=False), elsewhere, tmp_path)


def test_a_picture_that_is_another_is_refused(zipped, elsewhere, tmp_path):
    manifest, parts = parts_of(zipped)
    parts[picture_name(PICTURE_NAME)] = b"another picture"
    refused(write(tmp_path / "b.zip", manifest, parts), elsewhere, tmp_path)


def test_a_file_too_large_or_too_few_is_refused(zipped, elsewhere, tmp_path, monkeypatch):
    manifest, parts = parts_of(zipped)
    for name in parts:
        worse = {each: data for each, data in parts.items() if each != name}
        refused(write(tmp_path / "b.zip", manifest, worse, true=False), elsewhere, tmp_path)
    monkeypatch.setattr(backup, "LARGEST_FILE", 5999)
    refused(zipped, elsewhere, tmp_path)


def test_a_bomb_goes_no_further_than_it_says(zipped, elsewhere, tmp_path, monkeypatch):
    manifest, parts = parts_of(zipped)
    (clip,) = [name for name in parts if name.startswith("clips/")]
    bomb = write(
        tmp_path / "b.zip", manifest, parts | {clip: bytes(50 * 2**20)}, true=False,
        compression=zipfile.ZIP_DEFLATED,
    )  # fmt: skip
    refused(bomb, elsewhere, tmp_path)
    # The same, with its own headers lying about the size: 50 MB that call themselves 6000 bytes.
    raw = bomb.read_bytes().replace(struct.pack("<L", 50 * 2**20), struct.pack("<L", 6000))
    bomb.write_bytes(raw)
    largest = []
    real = backup._unpack

    def watched(packed, name, expected, target):
        try:
            real(packed, name, expected, target)
        finally:
            largest.append(target.stat().st_size)

    monkeypatch.setattr(backup, "_unpack", watched)
    refused(bomb, elsewhere, tmp_path)
    assert max(largest) <= 6000


def test_an_endless_line_is_refused(zipped, elsewhere, tmp_path):
    manifest, parts = parts_of(zipped)
    parts["jobs.jsonl"] = b" " * (backup.LONGEST_ROW + 2)
    refused(write(tmp_path / "b.zip", manifest, parts), elsewhere, tmp_path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_packing_is_refused(zipped, elsewhere, tmp_path, method):
    manifest, parts = parts_of(zipped)
    path = write(tmp_path / "b.zip", manifest, parts, compression=method)
    refused(path, elsewhere, tmp_path)


def test_a_name_that_comes_twice_is_refused(zipped, elsewhere, tmp_path):
    with zipfile.ZipFile(zipped, "a") as packed, pytest.warns(UserWarning, match="Duplicate"):
        packed.writestr("jobs.jsonl", b"")
    refused(zipped, elsewhere, tmp_path)


def test_cut_short_anywhere_it_is_refused(zipped, elsewhere, tmp_path):
    whole = zipped.read_bytes()
    for length in [0, 1, 100, *range(500, len(whole), len(whole) // 40), len(whole) - 1]:
        zipped.write_bytes(whole[:length])
        refused(zipped, elsewhere, tmp_path)


def test_a_byte_changed_anywhere_is_refused_or_harmless(zipped, elsewhere, tmp_path):
    whole = zipped.read_bytes()
    for place in range(0, len(whole), max(len(whole) // 150, 1)):
        zipped.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            backup.restore(*elsewhere, zipped, 1.0, silent)
        except (backup.BackupUnusable, OSError):
            assert is_empty(elsewhere[0], tmp_path / "elsewhere" / "archive")
        else:  # a byte that says nothing, such as a date
            found = everything(elsewhere[0])
            assert len(found["jobs"]) == 11
            with elsewhere[0].write() as connection:
                for name in rows.TABLES.values():
                    connection.execute(sa.delete(name))
            for name in files(tmp_path / "elsewhere" / "archive"):
                elsewhere[1].delete(name)


def test_nothing_stays_when_the_database_fails(zipped, elsewhere, tmp_path, monkeypatch):
    def broken(*_):
        raise sa.exc.OperationalError("insert", {}, Exception("gone"))

    monkeypatch.setattr(rows, "write", broken)
    with pytest.raises(sa.exc.OperationalError):
        backup.restore(*elsewhere, zipped, 1.0, silent)
    assert is_empty(elsewhere[0], tmp_path / "elsewhere" / "archive")


def test_nothing_stays_when_the_disk_is_full(zipped, elsewhere, tmp_path, monkeypatch):
    real, calls = Archive.publish, []

    def full(self, temporary, name):
        calls.append(name)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        real(self, temporary, name)

    monkeypatch.setattr(Archive, "publish", full)
    with pytest.raises(OSError, match="No space"):
        backup.restore(*elsewhere, zipped, 1.0, silent)
    assert is_empty(elsewhere[0], tmp_path / "elsewhere" / "archive")


def test_an_export_that_fails_leaves_the_old_one(rig, zipped, tmp_path, monkeypatch):
    before = zipped.read_bytes()
    fails = io.UnsupportedOperation("disk")
    monkeypatch.setattr(backup, "_copy", lambda *_: (_ for _ in ()).throw(fails))
    with pytest.raises(OSError, match="disk"):
        backup.export(rig.database, rig.archive, zipped, None, silent)
    assert zipped.read_bytes() == before
    assert not list(tmp_path.glob(".*.part"))


# -- the command


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.startswith(("GROK_API", "DATABASE_URL", "ARCHIVE_URL", "CLIPS_PER_DAY")):
            monkeypatch.delenv(name)
    monkeypatch.setattr("settings.SECRETS_FILES", ())
    monkeypatch.chdir(tmp_path)

    def command(house, *arguments):
        monkeypatch.setenv("DATA_DIR", str(tmp_path / house))
        try:
            code = main([str(each) for each in arguments])
        except SystemExit as left:
            code = left.code
        said = capsys.readouterr()
        return code, said.out.splitlines(), said.err

    return command


def test_the_command_moves_a_studio(run):
    run("old", "enqueue", "a red kite")
    code, lines, said = run("old", "export", "a.zip")
    assert (code, lines) == (
        0, ["Exported: 1 jobs, 0 decisions, 0 drafts, 0 files, 0 missing."]
    )  # fmt: skip
    assert said == ""
    code, lines, _ = run("new", "import", "a.zip", "--json")
    assert code == 0
    assert json.loads(lines[-1])["jobs"] == 1
    assert len(lines) == 1
    _, lines, _ = run("new", "list")
    assert "a red kite" in lines[0]
    assert json.loads(run("new", "import", "a.zip", "--json")[1][0])["already_there"] == 1


def test_progress_is_told_on_stderr(run, rig, tmp_path, monkeypatch):
    fill(rig)
    (tmp_path / "old" / "rehearsal").mkdir(parents=True)
    monkeypatch.setattr("jobs.__main__.TELL_EVERY", 0.0)
    monkeypatch.setenv("DATABASE_URL", "")
    (tmp_path / "archive").rename(tmp_path / "old" / "rehearsal" / "archive")
    rig.database.close()
    (tmp_path / "studio.sqlite3").rename(tmp_path / "old" / "rehearsal" / "studio.sqlite3")
    code, lines, said = run("old", "export", "a.zip", "--json")
    assert code == 0
    assert json.loads(lines[0])["files"] == 3
    assert said.splitlines()[-1] == "3 of 3 files"


@pytest.mark.parametrize("what", [None, b"", b"PK", b"not a zip at all", "folder"])
def test_a_wrong_file_is_one_sentence(run, tmp_path, what):
    path = tmp_path / "a.zip"
    if what == "folder":
        path.mkdir()
    elif what is not None:
        path.write_bytes(what)
    code, lines, said = run("new", "import", path)
    assert (code, lines) == (2, [])
    assert said.count("\n") == 1
    assert "Traceback" not in said
    assert run("new", "list")[1] == []


def test_a_folder_that_is_not_there_is_one_sentence(run, tmp_path):
    code, _, said = run("old", "export", tmp_path / "no" / "a.zip")
    assert code == 2
    assert said.count("\n") == 1


@pytest.mark.parametrize("command", ["export", "import"])
def test_the_help_says_what_is_left_out(run, command):
    code, lines, _ = run("old", command, "--help")
    text = " ".join(" ".join(lines).split())
    assert code == 0
    if command == "export":
        assert "Accounts are left out, because their password hashes are secrets" in text
