"""The studio of this process: its parts, put together once from the settings.

Screens and routes reach them through `current()`; tests put their own in place with `use()`.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Final

from jobs.archive import Archive, ArchiveUnusable
from jobs.database import Database, DatabaseUnusable
from jobs.gateway import gateway_name
from jobs.store import Store
from jobs.worker import Worker, worker_of
from people.accounts import AccountError, Accounts
from people.addresses import parse_proxies
from people.links import Links, SecretUnusable, load_secret
from people.samples import CREDENTIALS
from people.sessions import Sessions
from people.throttle import Throttle
from settings import ConfigurationError, Settings, read_secrets

log = logging.getLogger(__name__)

MEDIA: Final = "media"
LIVE: Final = "live"
"""What a signed address may be used for: clips and pictures, or a page's WebSocket."""

RECEIPT: Final = "receipt"
"""The query parameter that follows a sign-in, for hosts that drop cookies."""


@dataclass
class Studio:
    """One process's parts. `closed` names why nobody may come in, or is None."""

    settings: Settings
    database: Database
    store: Store
    archive: Archive
    accounts: Accounts
    sessions: Sessions
    throttle: Throttle
    links: Links
    closed: str | None = None
    worker: Worker | None = None

    @property
    def cookie_name(self) -> str:
        """The session cookie's name, one for each data folder.

        Browsers keep cookies by host and not by port: two studios on one machine would otherwise
        sign each other's people out.
        """
        return f"studio_session_{self.links.mark}"

    def open_for_the_first_person(self) -> None:
        """Lets people in once somebody was added while the studio was closed for want of any."""
        if self.closed == "no_people" and not self.settings.is_rehearsal and self.accounts.any():
            self.closed = None

    def wake(self) -> None:
        """Lets this process's worker, if it has one, look at the list at once."""
        if self.worker is not None:
            self.worker.wake()

    def close(self) -> None:
        if self.worker is not None:
            self.worker.stop()
        self.database.close()


_current: Studio | None = None


def use(studio: Studio | None) -> None:
    """Makes `studio` the one that `current()` returns."""
    global _current
    _current = studio


def current() -> Studio:
    """The studio of this process. Raises RuntimeError before the server has started."""
    if _current is None:
        raise RuntimeError("the studio is not open: start it with `streamlit run app.py`")
    return _current


def open_studio(settings: Settings) -> Studio:
    """Opens database, archive and people. Raises ConfigurationError with one sentence."""
    try:
        database = Database(settings.database)
        archive = Archive(settings.archive_folder)
        credentials = {} if settings.is_rehearsal else read_secrets().get("credentials", {})
        samples = CREDENTIALS if settings.is_rehearsal else {}
        accounts = Accounts(database, credentials, samples)
        secret = load_secret(settings.folder / "link-secret")
        parse_proxies(settings.proxies)
    except (DatabaseUnusable, ArchiveUnusable, AccountError, SecretUnusable) as error:
        raise ConfigurationError(str(error)) from None
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    except OSError as error:
        raise ConfigurationError(
            f"DATA_DIR: the folder {settings.data_dir} cannot be used ({error.strerror}). "
            "Name a folder that can be written."
        ) from None
    studio = Studio(
        settings=settings,
        database=database,
        store=Store(database, gateway_name(settings), settings.clips_per_day),
        archive=archive,
        accounts=accounts,
        sessions=Sessions(database, accounts, settings.session_days * 86400),
        throttle=Throttle(database),
        links=Links(secret),
    )
    studio.closed = _why_closed(studio)
    studio.sessions.tidy(time.time())
    archive.tidy(time.time())
    return studio


def hire_worker(studio: Studio, base_url: str, api_key: str) -> Worker:
    """A worker for the studio's jobs, not started yet. `base_url` is the gateway or the sandbox."""
    studio.worker = worker_of(
        studio.settings, studio.database, studio.archive, studio.store.gateway, base_url, api_key
    )
    return studio.worker


def _why_closed(studio: Studio) -> str | None:
    """Why nobody may come in: `no_people`, `key_missing`, or None."""
    settings = studio.settings
    if not settings.is_rehearsal:
        return None if studio.accounts.any() else "no_people"
    return "key_missing" if _was_real(settings) else None


def _was_real(settings: Settings) -> bool:
    """Whether this folder or configuration once had a key: then none is a mistake, not a rehearsal."""
    if settings.database_url or read_secrets().get("credentials"):
        return True
    path = settings.data_dir / "studio.sqlite3"
    if not path.is_file():
        return False
    database = Database(f"sqlite:///{path.resolve()}")
    try:
        return Store(database, "").has_any() or Accounts(database, {}).any()
    finally:
        database.close()
