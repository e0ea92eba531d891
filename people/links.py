"""Signed links to clips, posters and the live socket: whoever made one up is refused."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final, NamedTuple

from itsdangerous import BadData, URLSafeSerializer

_SECRET_BYTES: Final = 32
_LONGEST_TOKEN: Final = 1000


class Link(NamedTuple):
    """What a link is for."""

    job_id: str
    session_id: str
    variant: str


class SecretUnusable(Exception):
    """The file with the links' secret cannot be used; one sentence with the cure."""


class Links:
    """Signs and reads links. The same input gives the same token: a player keeps its source."""

    def __init__(self, secret: bytes) -> None:
        self._serializer = URLSafeSerializer(
            secret, signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        )
        self.mark: Final = hmac.digest(secret, b"mark", "sha256").hex()[:8]
        """Tells one studio from another, for names; gives nothing of the secret away."""

    def sign(self, purpose: str, job_id: str, session_id: str, variant: str = "") -> str:
        """A token for use in a URL's path or query."""
        token = self._serializer.dumps([job_id, session_id, variant], salt=purpose)
        return token.decode() if isinstance(token, bytes) else token

    def read(self, token: str, purpose: str) -> Link | None:
        """What the token was signed for, or None unless `sign` made it for this purpose.

        The caller still checks the session and whose job it is.
        """
        if len(token) > _LONGEST_TOKEN:
            return None
        try:
            link = Link(*self._serializer.loads(token, salt=purpose))
        except (BadData, TypeError, ValueError):
            return None
        # base64 has several spellings of one signature; only the one that was given out counts.
        return link if token == self.sign(purpose, *link) else None


def load_secret(path: Path) -> bytes:
    """The secret kept at `path`, made on first use; the same for every process that asks.

    Raises SecretUnusable.
    """
    try:
        if not path.exists():
            _create(path)
        secret = path.read_bytes()
    except OSError as error:
        raise SecretUnusable(
            f"The file {path.name} in DATA_DIR cannot be read or made ({error.strerror}). "
            "Check the folder's permissions."
        ) from None
    if len(secret) != _SECRET_BYTES:
        raise SecretUnusable(
            f"The file {path.name} in DATA_DIR is damaged. Delete it and start again: a new one is "
            "made, and open pages need a reload."
        )
    return secret


def _create(path: Path) -> None:
    """Writes the file whole or not at all; of several processes the first one's stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
