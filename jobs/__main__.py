"""The command line: `python -m jobs enqueue | list | show | worker | export | import`."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from types import FrameType
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

import settings
from grok_api import ApiError
from grok_api.addresses import is_loopback_host, origin
from jobs import backup, intake, report
from jobs.archive import Archive, ArchiveUnusable
from jobs.database import Database, DatabaseUnusable
from jobs.gateway import gateway_name
from jobs.job import State
from jobs.options import parser
from jobs.store import LimitReached, Store
from jobs.worker import worker_of

TELL_EVERY: Final = 1.0
"""Seconds between two lines about the progress of a backup."""

LOOK_EVERY: Final = 0.2
"""Seconds between two looks for a signal, and for changes to tell."""


class CommandError(Exception):
    """What stops a command: one sentence."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code; errors are one sentence on stderr."""
    options = parser().parse_args(arguments)
    try:
        chosen = settings.load()
        with closing(Database(chosen.database)) as database:
            store = Store(database, gateway_name(chosen), chosen.clips_per_day)
            _COMMANDS[options.command](options, chosen, database, store)
        return 0
    except (
        settings.ConfigurationError, DatabaseUnusable, ArchiveUnusable, ApiError,
        CommandError, intake.Refused, backup.BackupUnusable,
    ) as error:  # fmt: skip
        print(error, file=sys.stderr)
    except LimitReached as reached:
        print(
            f"Nothing was enqueued: with this there would be more than {reached.limit} clips in "
            "24 hours; raise CLIPS_PER_DAY or ask for fewer.",
            file=sys.stderr,
        )
    except SQLAlchemyError as error:
        print(f"The database did not answer ({type(error).__name__}).", file=sys.stderr)
    except OSError as error:
        print(f"A file could not be read or written ({error.strerror}).", file=sys.stderr)
    return 2


def _enqueue(
    options: argparse.Namespace, chosen: settings.Settings, _database: Database, store: Store
) -> None:
    if (options.prompt is None) == (options.file is None):
        raise CommandError("Give either a prompt or --file.")
    if options.file is None:
        try:
            asked = [intake.checked({**vars(options)}, chosen)]
        except intake.Refused as refusal:
            raise CommandError(f"Nothing was enqueued: {str(refusal).rstrip('.')}.") from None
    else:
        with _lines_of(options.file) as lines:
            asked = intake.read_file(lines, options, chosen)
    # A prompt typed anew is meant anew; a file may be run again after a fault.
    names = intake.tokens(asked, again=options.again or options.file is None)
    if any(one.picture for one in asked):
        intake.keep_pictures(asked, Archive(chosen.archive_folder))
    news = [one.new for one in asked]
    written = store.enqueue_all(list(zip(news, names, strict=True)), time.time())
    for job, new in written:
        if options.json:
            print(report.as_json(job, chosen.archive_folder, new=new))
        else:
            print(report.as_line(job) + ("" if new else "  (asked for before)"))
    known = sum(not new for _, new in written)
    if known:
        _note(f"{known} of {len(written)} were asked for before; --again asks for them once more.")
    if chosen.is_rehearsal:
        _note("Rehearsal: no GROK_API_KEY is set, so these cost nothing.")


@contextmanager
def _lines_of(path: object) -> Iterator[Iterator[str]]:
    if str(path) == "-":
        yield iter(sys.stdin)
        return
    try:
        with open(str(path), encoding="utf-8-sig") as file:
            yield file
    except UnicodeDecodeError:
        raise CommandError("Nothing was enqueued: the file is not UTF-8.") from None


def _list(
    options: argparse.Namespace, chosen: settings.Settings, _database: Database, store: Store
) -> None:
    state = State(options.state) if options.state else None
    for job in store.of_everybody(options.owner, state):
        print(report.as_json(job, chosen.archive_folder) if options.json else report.as_line(job))


def _show(
    options: argparse.Namespace, chosen: settings.Settings, _database: Database, store: Store
) -> None:
    job = store.find(options.id)
    if job is None:
        raise CommandError("There is no job with this id.")
    archive = chosen.archive_folder
    print(report.as_json(job, archive) if options.json else report.as_text(job, archive))


def _work(
    options: argparse.Namespace, chosen: settings.Settings, database: Database, store: Store
) -> None:
    base_url, key = _gateway_of(options, chosen)
    _log_to_stderr([key, database.password])
    archive = Archive(chosen.archive_folder)
    worker = worker_of(chosen, database, archive, store.gateway, base_url, key)
    signals: list[int] = []

    def note_signal(number: int, _frame: FrameType | None) -> None:
        signals.append(number)
        signal.signal(number, signal.SIG_DFL)  # the second one ends at once

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, note_signal)
    told = database.change_number()
    worker.start()
    logging.getLogger("jobs").info("working on the jobs of %s", store.gateway.partition("#")[0])
    while not signals:
        time.sleep(LOOK_EVERY)
        if options.json:
            told = _tell(store, chosen, told)
    worker.stop()
    if options.json:
        _tell(store, chosen, told)


def _tell(store: Store, chosen: settings.Settings, told: int) -> int:
    """Prints the jobs that changed since change number `told`; returns the newest one."""
    try:
        for job in store.of_everybody(since=told):
            print(report.as_json(job, chosen.archive_folder), flush=True)
            told = job.version
    except SQLAlchemyError:
        logging.getLogger("jobs").warning("the database did not answer")
    return told


def _export(
    options: argparse.Namespace, chosen: settings.Settings, database: Database, _store: Store
) -> None:
    archive = Archive(chosen.archive_folder)
    counts = backup.export(database, archive, options.file, options.owner, _progress())
    _summary(options, "Exported", counts)


def _import(
    options: argparse.Namespace, chosen: settings.Settings, database: Database, _store: Store
) -> None:
    archive = Archive(chosen.archive_folder)
    counts = backup.restore(database, archive, options.file, time.time(), _progress())
    _summary(options, "Imported", counts)


def _progress() -> backup.Told:
    told = time.monotonic()

    def tell(done: int, of: int) -> None:
        nonlocal told
        if time.monotonic() - told >= TELL_EVERY:
            told = time.monotonic()
            _note(f"{done} of {of} files")

    return tell


def _summary(options: argparse.Namespace, done: str, counts: dict[str, int]) -> None:
    if options.json:
        print(json.dumps(counts))
        return
    parts = [f"{count} {name.replace('_', ' ')}" for name, count in counts.items()]
    print(f"{done}: {', '.join(parts)}.")
    if counts["missing"]:
        _note("The missing files are named by a row and were not found.")


def _gateway_of(options: argparse.Namespace, chosen: settings.Settings) -> tuple[str, str]:
    """The address to work with and the key for it."""
    if chosen.grok_api_key is not None:
        if options.gateway:
            raise CommandError("--gateway is for rehearsals; with a key set GROK_API_BASE_URL.")
        return chosen.grok_api_base_url, chosen.grok_api_key.get_secret_value()
    named = "grok_api_base_url" in chosen.model_fields_set
    url = options.gateway or (chosen.grok_api_base_url if named else None)
    if url is None:
        raise CommandError(
            "Set GROK_API_KEY, or for a rehearsal start `python -m sandbox` and give its address "
            "with --gateway."
        )
    where = origin(url)
    if where is None or not is_loopback_host(where[1]):
        raise CommandError("Without a key the gateway must be a sandbox on this machine.")
    return url, "no-key-needed"


def _log_to_stderr(secrets: Sequence[str]) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_Redacting(secrets))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


class _Redacting(logging.Formatter):
    """Writes neither key nor password, whatever a traceback quotes."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = [secret for secret in secrets if secret]

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def _note(text: str) -> None:
    print(text, file=sys.stderr)


_COMMANDS: Final = {
    "enqueue": _enqueue,
    "list": _list,
    "show": _show,
    "worker": _work,
    "export": _export,
    "import": _import,
}

if __name__ == "__main__":
    sys.exit(main())
