"""Backup and moving house: the list and its files in one zip, and back into a studio.

    manifest.json    jobs.jsonl  decisions.jsonl  drafts.jsonl    clips/…  posters/…  pictures/…

The manifest names each file with its size and sha256; nothing else is believed. No key, session,
password or signed link is in it. A zip that comes in may be anybody's: names, sizes and rows are
checked before anything is put in place.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import stat
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, NoReturn

from jobs import rows, tables
from jobs.archive import Archive
from jobs.database import Database
from jobs.rows import Rows

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"

LARGEST_FILE: Final = 200 * 2**20
"""Bytes of a clip, poster or picture at the most: what the download takes."""
LARGEST_TABLE: Final = 512 * 2**20
LARGEST_MANIFEST: Final = 64 * 2**20
LONGEST_ROW: Final = 2**20

_TABLES: Final = {f"{name}.jsonl": name for name in rows.TABLES}
_MEDIA: Final = re.compile(
    r"(?:clips/[0-9a-z]{20}\.mp4|posters/[0-9a-z]{20}\.webp"
    r"|pictures/[0-9a-f]{64}\.(?:jpg|png|webp))",
    re.ASCII,
)
_CHUNK: Final = 2**20
_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, LookupError, TypeError,
    AttributeError, RuntimeError, OverflowError,
)  # fmt: skip
"""What reading a damaged zip raises, deep inside."""

Told = Callable[[int, int], None]
"""Is told how many files are done, of how many."""


class BackupUnusable(Exception):
    """The file is no whole backup of ours: one sentence."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of the zip, by the manifest."""

    bytes: int
    sha256: str


# -- out


def export(
    database: Database, archive: Archive, target: Path, owner: str | None, told: Told
) -> dict[str, int]:
    """Writes the backup, whole or not at all; returns what is in it. Raises OSError."""
    found = rows.read(database, owner)
    names = {
        each: None for name in found for row in found[name] for each in rows.files_of(name, row)
    }
    names |= dict.fromkeys(_drafted(found))
    missing = 0
    with _replacing(target) as file, zipfile.ZipFile(file, "w") as packed:
        listed: dict[str, Mapping[str, Any]] = {}
        for name in rows.TABLES:
            entry = zipfile.ZipInfo(f"{name}.jsonl")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with packed.open(entry, "w", force_zip64=True) as out:
                lines = (json.dumps(row).encode() + b"\n" for row in found[name])
                listed[entry.filename] = _copy(lines, out)
        for number, name in enumerate(names, 1):
            try:
                source = archive.path(name).open("rb")
            except FileNotFoundError:  # deleted meanwhile, or lost
                missing += 1
            else:
                # Films and pictures are as small as they get.
                with source, packed.open(zipfile.ZipInfo(name), "w") as out:
                    listed[name] = _copy(iter(lambda: source.read(_CHUNK), b""), out)  # noqa: B023
            told(number, len(names))
        counts = {name: len(found[name]) for name in rows.TABLES}
        counts |= {"files": len(names) - missing}
        head = {"format": FORMAT, "schema": tables.SCHEMA, "made_at": time.time()}
        manifest = json.dumps({**head, "counts": counts, "files": listed})
        packed.writestr(MANIFEST, manifest, zipfile.ZIP_DEFLATED)
    return counts | {"missing": missing}


def _drafted(found: Rows) -> Iterator[str]:
    """Pictures that wait in drafts."""
    for row in found["drafts"]:
        try:
            picture = json.loads(row["fields"]).get("picture")
        except (ValueError, AttributeError, RecursionError):
            continue
        if isinstance(picture, str) and _MEDIA.fullmatch(f"pictures/{picture}"):
            yield f"pictures/{picture}"


def _copy(chunks: Iterator[bytes], out: IO[bytes]) -> dict[str, Any]:
    """Copies, and returns size and sha256."""
    size, digest = 0, hashlib.sha256()
    for chunk in chunks:
        out.write(chunk)
        digest.update(chunk)
        size += len(chunk)
    return {"bytes": size, "sha256": digest.hexdigest()}


@contextmanager
def _replacing(target: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name once it is whole; only its owner may read it."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")
    handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


# -- in


def restore(
    database: Database, archive: Archive, source: Path, now: float, told: Told
) -> dict[str, int]:
    """Adds what the backup has and this studio has not; returns the counts.

    Files come first, rows after them in one transaction; where either fails, nothing stays.
    Raises BackupUnusable and OSError.
    """
    if not stat.S_ISREG(source.stat().st_mode):
        _damaged("it is not a file")
    with source.open("rb") as file:
        with _reading():
            packed = zipfile.ZipFile(file)
            listed = _manifest(packed)
            found = {name: _rows(packed, f"{name}.jsonl", listed) for name in rows.TABLES}
            _unique(found)
        there = rows.known_jobs(database)
        fresh = [row for row in found["jobs"] if row["id"] not in there]
        wanted = dict.fromkeys(each for row in fresh for each in rows.files_of("jobs", row))
        wanted |= dict.fromkeys(_drafted(found))
        missing = sum(name not in listed for name in wanted)
        names = [name for name in wanted if name in listed and not _stands(archive, name, listed)]
        waiting: dict[str, Path] = {}
        put: list[str] = []
        try:
            for number, name in enumerate(names, 1):
                waiting[name] = archive.temporary(name)
                _unpack(packed, name, listed[name], waiting[name])
                told(number, len(names))
            for name, temporary in waiting.items():
                if not archive.has(name):
                    put.append(name)
                archive.publish(temporary, name)
            new = rows.write(database, found, now)
        except BaseException:
            for name in put:
                archive.delete(name)
            raise
        finally:
            for temporary in waiting.values():
                temporary.unlink(missing_ok=True)
    known = sum(len(found[name]) - new[name] for name in rows.TABLES)
    return {**new, "files": len(names), "already_there": known, "missing": missing}


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        _damaged("it is damaged or not a backup", error)


def _damaged(why: str, cause: BaseException | None = None) -> NoReturn:
    raise BackupUnusable(f"Nothing was imported: the file cannot be used, {why}.") from cause


def _manifest(packed: zipfile.ZipFile) -> dict[str, Listed]:
    """What the zip holds, if it holds just what the manifest says."""
    entries = packed.infolist()
    names = [entry.filename for entry in entries]
    with packed.open(MANIFEST) as file:
        text = file.read(LARGEST_MANIFEST + 1)
    if len(text) > LARGEST_MANIFEST:
        raise ValueError("a manifest without end")
    told = json.loads(text)
    if told["format"] != FORMAT or not 1 <= told["schema"] <= tables.SCHEMA:
        _damaged("it was written by another release; import it with that release or a newer one")
    listed = {
        name: Listed(int(each["bytes"]), str(each["sha256"]))
        for name, each in told["files"].items()
    }
    if len(set(names)) != len(names) or set(names) != {MANIFEST, *listed}:
        raise ValueError("other names than the manifest's")
    for entry in entries:
        name = entry.filename
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError("packed strangely")
        if name == MANIFEST:
            continue
        most = LARGEST_TABLE if name in _TABLES else LARGEST_FILE
        if name not in _TABLES and _MEDIA.fullmatch(name) is None:
            raise ValueError("a strange name")
        if not 0 <= listed[name].bytes <= most or entry.file_size != listed[name].bytes:
            raise ValueError("a strange size")
    if not _TABLES.keys() <= listed.keys():
        raise ValueError("a table is missing")
    return listed


def _rows(packed: zipfile.ZipFile, name: str, listed: Mapping[str, Listed]) -> list[rows.Row]:
    digest, size, found = hashlib.sha256(), 0, []
    with packed.open(name) as file:
        while line := file.readline(LONGEST_ROW + 1):
            digest.update(line)
            size += len(line)
            if size > listed[name].bytes or len(line) > LONGEST_ROW:
                raise ValueError("longer than it says")
            found.append(rows.checked(_TABLES[name], json.loads(line, parse_constant=_no_number)))
    if digest.hexdigest() != listed[name].sha256:
        raise ValueError("not what was packed")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _unique(found: Rows) -> None:
    for name, columns in {"jobs": ("id",), "drafts": ("owner", "form")}.items():
        keys = {tuple(row[column] for column in columns) for row in found[name]}
        if len(keys) != len(found[name]):
            raise ValueError("rows that come twice")


def _stands(archive: Archive, name: str, listed: Mapping[str, Listed]) -> bool:
    """Whether the file need not be brought: pictures are named after what they hold."""
    if not archive.has(name):
        return False
    if name.startswith("pictures/"):
        return True
    with archive.path(name).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == listed[name].sha256


def _unpack(packed: zipfile.ZipFile, name: str, expected: Listed, target: Path) -> None:
    """Writes one file to a temporary, no more of it than the manifest says, and checks it."""
    digest, left = hashlib.sha256(), expected.bytes
    with target.open("xb") as out, _unpacking(name), packed.open(name) as file:
        while chunk := file.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise ValueError("longer than it says")
            digest.update(chunk)
            out.write(chunk)
    named = Path(name).stem if name.startswith("pictures/") else expected.sha256
    if left != 0 or not digest.hexdigest() == expected.sha256 == named:
        _damaged(f"{name} is damaged")


@contextmanager
def _unpacking(name: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        _damaged(f"{name} is damaged", error)
