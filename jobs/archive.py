"""Clips, posters and pictures in one local folder.

    clips/<job id>.mp4    posters/<job id>.webp    pictures/<sha256>.<extension>

A file stands under its name only once it is whole and on the disk: it is written in `incoming/` of
the same folder, synced and renamed. Readers go through `path` alone.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
from pathlib import Path
from typing import Final

KINDS: Final = ("clips", "posters", "pictures")
INCOMING: Final = "incoming"

LEAST_FREE: Final = 50 * 1024 * 1024
"""Bytes that must be free on the disk for the archive to be well: a few clips."""

_NAME: Final = re.compile(
    r"clips/[0-9A-Za-z][0-9A-Za-z_-]{0,63}\.mp4"
    r"|posters/[0-9A-Za-z][0-9A-Za-z_-]{0,63}\.webp"
    r"|pictures/[0-9a-f]{64}\.(?:jpg|png|webp)",
    re.ASCII,
)


class ArchiveUnusable(Exception):
    """The folder cannot be used: one sentence that names the setting and the cure."""


def clip_name(job_id: str) -> str:
    return _checked(f"clips/{job_id}.mp4")


def poster_name(job_id: str) -> str:
    return _checked(f"posters/{job_id}.webp")


def picture_name(picture: str) -> str:
    """The archive's name of what a job calls its picture: `<sha256>.<extension>`."""
    return _checked(f"pictures/{picture}")


class Archive:
    """The local folder; any number of processes and threads at a time.

    Methods that write raise ValueError for a name that is not of the three forms above, and OSError
    when the disk does not play along.
    """

    def __init__(self, folder: Path) -> None:
        """Creates the folder where it is missing. Raises ArchiveUnusable."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._folder = folder.resolve(strict=True)
            for part in (*KINDS, INCOMING):
                inner = self._folder / part
                inner.mkdir(exist_ok=True)
                if inner.is_symlink():  # renames must stay on one disk, and inside
                    raise OSError(errno.ELOOP, f"{part} is a link")
            self._probe()
        except OSError as error:
            raise ArchiveUnusable(
                f"The archive folder {folder} cannot be written ({error.strerror or error}): make "
                "it writable for this user, or point ARCHIVE_URL or DATA_DIR at a folder that is."
            ) from error

    # -- writing

    def temporary(self, name: str) -> Path:
        """A fresh path in `incoming/`, with `name`'s extension, to write before `publish`."""
        return self._folder / INCOMING / f"{secrets.token_hex(8)}-{Path(_checked(name)).name}"

    def publish(self, temporary: Path, name: str) -> None:
        """Puts a whole file under its name, replacing what stood there; it outlives a power cut.

        Raises ValueError unless `temporary` came from `temporary()`.
        """
        target = self._target(name)
        if temporary.parent != self._folder / INCOMING:
            raise ValueError("only a file of incoming/ can be published")
        handle = os.open(temporary, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(temporary, target)
        _sync_folder(target.parent)

    def put(self, name: str, data: bytes) -> None:
        """Writes and publishes `data`."""
        temporary = self.temporary(name)
        try:
            temporary.write_bytes(data)
            self.publish(temporary, name)
        finally:
            temporary.unlink(missing_ok=True)

    def delete(self, name: str) -> None:
        """Removes a file; a missing one is fine."""
        self._target(name).unlink(missing_ok=True)

    # -- reading

    def path(self, name: str) -> Path:
        """The file of that name, to read.

        Raises FileNotFoundError where there is none, which goes for a name of another form and for
        a link, too: nothing outside the folder can be read.
        """
        try:
            target = self._target(name)
        except (ValueError, OSError):
            raise FileNotFoundError(name) from None
        if not stat.S_ISREG(target.lstat().st_mode):
            raise FileNotFoundError(name)
        return target

    def has(self, name: str) -> bool:
        try:
            self.path(name)
        except FileNotFoundError:
            return False
        return True

    # -- upkeep

    def is_well(self) -> bool:
        """Whether a file can be written now and the disk has room for more."""
        try:
            self._probe()
            return shutil.disk_usage(self._folder).free > LEAST_FREE
        except OSError:
            return False

    def tidy(self, now: float, older_than: float = 86400.0) -> int:
        """Removes temporaries untouched for `older_than` seconds; returns how many.

        `now` is in seconds since the epoch, on the clock of the file system.
        """
        removed = 0
        for left in (self._folder / INCOMING).iterdir():
            try:
                if left.lstat().st_mtime < now - older_than:
                    left.unlink()
                    removed += 1
            except FileNotFoundError:  # published or tidied by another process meanwhile
                continue
        return removed

    def _probe(self) -> None:
        probe = self._folder / INCOMING / f"probe-{secrets.token_hex(8)}"
        try:
            probe.write_bytes(b"well")
        finally:
            probe.unlink(missing_ok=True)

    def _target(self, name: str) -> Path:
        """Where `name` stands. Raises OSError when its folder was swapped for a link."""
        target = self._folder / _checked(name)
        if target.parent.is_symlink():
            raise OSError(errno.ELOOP, "leads outside the archive")
        return target


def _checked(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise ValueError("not a name of the archive's")
    return name


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
