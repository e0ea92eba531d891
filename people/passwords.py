"""Password hashes: streamlit-authenticator's `Hasher` (bcrypt), without its surprises."""

from __future__ import annotations

import hashlib
import logging
import re
from typing import Final

# The package around Hasher loads its screen components, which warn where no app runs.
_before = logging.root.manager.disable
logging.disable(logging.WARNING)
try:
    from streamlit_authenticator.utilities import Hasher
finally:
    logging.disable(_before)

MIN_CHARACTERS: Final = 8
MAX_BYTES: Final = 72
"""bcrypt reads no further, and refuses longer ones."""

UNKNOWN: Final = "$2b$12$bQEPRF8QeG6h5gCIsIXz7uYIXufvyXvDkufjw5gljYxrWzoXpiJKO"
"""Stands in for the hash of somebody unknown. It costs what a hash made by `make_hash` costs."""

# Under 4 bcrypt refuses; over 15 one check takes seconds.
_HASH: Final = re.compile(r"\$2[aby]\$(0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}")


class PasswordError(ValueError):
    """A password that cannot be taken: one sentence that says why."""


def make_hash(password: str) -> str:
    """The bcrypt hash of a new password. Raises PasswordError."""
    if len(password) < MIN_CHARACTERS:
        raise PasswordError(f"The password needs at least {MIN_CHARACTERS} characters.")
    if not _fits(password):
        raise PasswordError(
            f"The password may have at most {MAX_BYTES} bytes "
            f"({MAX_BYTES} Latin letters, or {MAX_BYTES // 3} Chinese characters)."
        )
    return str(Hasher.hash(password))


def matches(password: str, password_hash: str) -> bool:
    """Whether `password` made this hash. Always one bcrypt check, whatever was typed.

    What `make_hash` refuses as too long matches nothing.
    """
    fits = _fits(password)
    same = bool(Hasher.check_pw(password if fits else "", password_hash))
    return same and fits


def is_hash(text: str) -> bool:
    """Whether `text` is a bcrypt hash that can be checked in reasonable time."""
    return _HASH.fullmatch(text) is not None


def mark(password_hash: str) -> str:
    """A short digest of a hash, to see that a password was changed."""
    return hashlib.sha256(password_hash.encode()).hexdigest()[:16]


def _fits(password: str) -> bool:
    try:
        return len(password.encode()) <= MAX_BYTES
    except UnicodeEncodeError:  # half of a surrogate pair: no keyboard types it
        return False
