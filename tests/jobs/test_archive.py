"""The local archive: names, whole files, nothing outside the folder."""

import os
from pathlib import Path

import pytest

from jobs import archive as module
from jobs.archive import Archive, ArchiveUnusable, clip_name, picture_name, poster_name

ID = "01j9zk3m4n5p6q7r8s9t"
SHA = "ab" * 32
CLIP = clip_name(ID)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def incoming(archive: Archive) -> list[Path]:
    return list(archive.temporary(CLIP).parent.iterdir())


def test_names():
    assert clip_name(ID) == f"clips/{ID}.mp4"
    assert poster_name(ID) == f"posters/{ID}.webp"
    assert picture_name(f"{SHA}.jpg") == f"pictures/{SHA}.jpg"


@pytest.mark.parametrize("job_id", ["", ".", "..", "../x", "a/b", "/etc", "a.b", "a\0", "a\n", "é"])
def test_a_name_is_made_of_a_job_id_only(job_id):
    with pytest.raises(ValueError, match="name"):
        clip_name(job_id)


HOSTILE = [
    "", "clips", "clips/", "../clips/a.mp4", "clips/../../a.mp4", "/etc/passwd", "clips//a.mp4",
    "clips/a.mp4\n", "clips/a.webp", "incoming/a.mp4", "pictures/short.jpg",
    f"pictures/{SHA}.svg", f"pictures/{SHA.upper()}.jpg", "clips/a\\..\\b.mp4", "clips/\u0661.mp4",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_else_is_a_name(archive, name):
    assert not archive.has(name)
    with pytest.raises(FileNotFoundError):
        archive.path(name)
    for write in (archive.temporary, archive.delete, lambda name: archive.put(name, b"x")):
        with pytest.raises(ValueError, match="name"):
            write(name)


def test_publishing_makes_a_whole_file_readable(archive):
    temporary = archive.temporary(CLIP)
    assert temporary.suffix == ".mp4"
    temporary.write_bytes(b"clip")
    assert not archive.has(CLIP)
    archive.publish(temporary, CLIP)
    assert archive.path(CLIP).read_bytes() == b"clip"
    assert not temporary.exists()


def test_temporaries_are_unique(archive):
    assert archive.temporary(CLIP) != archive.temporary(CLIP)


def test_only_temporaries_are_published(archive, tmp_path):
    stranger = tmp_path / "stranger.mp4"
    stranger.write_bytes(b"x")
    with pytest.raises(ValueError, match="incoming"):
        archive.publish(stranger, CLIP)
    link = archive.temporary(CLIP)
    link.symlink_to(stranger)
    with pytest.raises(OSError, match="symbolic"):
        archive.publish(link, CLIP)
    assert not archive.has(CLIP)


def test_publishing_syncs_the_file_before_and_the_folder_after_the_rename(archive, monkeypatch):
    steps = []
    replace, fsync = os.replace, os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (steps.append("sync"), fsync(handle)))
    monkeypatch.setattr(os, "replace", lambda *names: (steps.append("rename"), replace(*names)))
    archive.put(CLIP, b"clip")
    assert steps == ["sync", "rename", "sync"]


def test_putting_twice_keeps_the_last_and_leaves_nothing_behind(archive):
    archive.put(CLIP, b"one")
    archive.put(CLIP, b"two")
    assert archive.path(CLIP).read_bytes() == b"two"
    assert incoming(archive) == []


def test_a_failed_put_leaves_nothing_behind(archive, monkeypatch):
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        archive.put(CLIP, b"clip")
    assert not archive.has(CLIP)
    assert incoming(archive) == []


def test_deleting(archive):
    archive.put(CLIP, b"clip")
    archive.delete(CLIP)
    archive.delete(CLIP)
    assert not archive.has(CLIP)


def test_links_lead_nowhere(archive, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    secret = outside / f"{ID}.mp4"
    secret.write_bytes(b"secret")
    clips = tmp_path / "archive" / "clips"
    (clips / f"{ID}.mp4").symlink_to(secret)
    assert not archive.has(CLIP)
    archive.delete(CLIP)
    assert secret.exists()
    clips.rmdir()
    clips.symlink_to(outside)
    assert not archive.has(CLIP)
    with pytest.raises(OSError, match="outside"):
        archive.delete(CLIP)
    with pytest.raises(OSError, match="outside"):
        archive.put(CLIP, b"clip")
    assert secret.read_bytes() == b"secret"
    with pytest.raises(ArchiveUnusable, match="clips is a link"):
        Archive(tmp_path / "archive")


def test_the_folder_itself_may_be_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "archive").symlink_to(tmp_path / "disk")
    archive = Archive(tmp_path / "archive")
    archive.put(CLIP, b"clip")
    assert (tmp_path / "disk" / CLIP).exists()


def test_a_folder_that_cannot_be_made_is_said_in_one_sentence(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ArchiveUnusable, match=r"file/archive cannot be written \(.+ARCHIVE_URL"):
        Archive(tmp_path / "file" / "archive")


def test_a_folder_that_cannot_be_written_is_found_at_the_start(tmp_path, monkeypatch):
    def read_only(path: Path, data: bytes) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "write_bytes", read_only)
    with pytest.raises(ArchiveUnusable, match="Read-only"):
        Archive(tmp_path / "archive")


def test_health(archive, tmp_path, monkeypatch):
    assert archive.is_well()
    assert incoming(archive) == []
    monkeypatch.setattr(module, "LEAST_FREE", 1 << 60)
    assert not archive.is_well()
    monkeypatch.undo()
    (tmp_path / "archive").rename(tmp_path / "gone")
    assert not archive.is_well()


def test_tidying_removes_old_temporaries_only(archive):
    archive.put(CLIP, b"clip")
    old, fresh = archive.temporary(CLIP), archive.temporary(CLIP)
    for path in (old, fresh):
        path.write_bytes(b"part")
    now = fresh.stat().st_mtime + 10
    os.utime(old, (now - 86500, now - 86500))
    os.utime(archive.path(CLIP), (0, 0))
    assert archive.tidy(now) == 1
    assert incoming(archive) == [fresh]
    assert archive.has(CLIP)
