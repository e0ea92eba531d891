"""Logging: one line an event on stderr, with every secret of the settings masked."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from settings import Settings

_MASK = "•••"
# What looks like a bearer token, a password in a URL or a signed query, whoever wrote it.
_PATTERNS = (
    re.compile(r"(?i)(bearer\s+)[^\s\"',;]+"),
    re.compile(r"(?i)([a-z][a-z0-9+.-]*://[^\s/:@]+:)[^\s/@]+(?=@)"),
    re.compile(r"(?i)([?&](?:x-amz-[a-z-]+|signature|sig|token|key|ticket|receipt)=)[^\s&\"']+"),
)


class Redaction(logging.Formatter):
    """A formatter that masks known secrets and what looks like one, tracebacks included."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = [secret for secret in secrets if len(secret) >= 4]

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, _MASK)
        for pattern in _PATTERNS:
            line = pattern.sub(rf"\1{_MASK}", line)
        return line


def set_up_logging(settings: Settings) -> None:
    """Puts the redacting formatter on our handler and on those of Streamlit and uvicorn."""
    formatter = Redaction(_secrets(settings))
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.StreamHandler())
    root.setLevel(logging.INFO)
    names = [name for name in logging.root.manager.loggerDict if name]
    for logger in [root, *map(logging.getLogger, names)]:
        for handler in logger.handlers:
            handler.setFormatter(formatter)
    for name in ("uvicorn.access", "httpx", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _secrets(settings: Settings) -> list[str]:
    found = [settings.grok_api_key.get_secret_value()] if settings.grok_api_key else []
    if settings.database_url:
        try:
            password = make_url(settings.database_url).password
        except ArgumentError:
            password = None
        found += [str(password)] if password else []
    return found
