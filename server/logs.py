"""Logging: one line an event on stderr, with every secret of the settings masked."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from settings import Settings

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

_MASK = "•••"
# What looks like a bearer token, a password in a URL or a signed query, whoever wrote it.
_PATTERNS = (
    re.compile(r"(?i)(bearer\s+)[^\s\"',;]+"),
    re.compile(r"(?i)([a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/]+(?=@)"),
    re.compile(
        r"(?i)([?&](?:x-amz-[a-z-]+|signature|sig|token|key|api_key|ticket|receipt)=)[^\s&\"']+"
    ),
)


class Redaction:
    """Masks known secrets, and what looks like one, in every log record when it is made.

    Formatters would not do: Streamlit gives each of its loggers a handler of its own, some of them
    long after the start.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted({secret for secret in secrets if len(secret) >= 4}, key=len)[::-1]
        self._tracebacks = logging.Formatter()

    def mask(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\1{_MASK}", text)
        return text

    def record(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        """A record whose message and traceback are masked: for `logging.setLogRecordFactory`."""
        record = logging.LogRecord(*args, **kwargs)
        try:
            message = record.getMessage()
        except Exception:  # the arguments do not fit; logging itself would print them as they are
            message = f"{record.msg} {record.args}"
        record.msg, record.args = self.mask(message), None
        if record.exc_info:
            record.exc_text = self.mask(self._tracebacks.formatException(record.exc_info))
        if record.stack_info:
            record.stack_info = self.mask(record.stack_info)
        return record


def set_up_logging(settings: Settings) -> None:
    """Masks secrets in all logs of this process, and gives ours and the present ones one form."""
    logging.setLogRecordFactory(Redaction(secrets_of(settings)).record)
    formatter = logging.Formatter(FORMAT)
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


def secrets_of(settings: Settings) -> list[str]:
    """What must never be printed: the gateway's key and the database's password."""
    found = [settings.grok_api_key.get_secret_value().strip()] if settings.grok_api_key else []
    if settings.database_url:
        try:
            password = make_url(settings.database_url).password
        except ArgumentError:
            password = None
        found += [str(password)] if password else []
    return found
