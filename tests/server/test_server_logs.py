"""No key and no password in any log line, whoever writes it."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.logger import get_logger

import settings
from server.logs import Redaction, secrets_of, set_up_logging

KEY = "canary-key-5d1b"
PASSWORD = "canary-password-77"
DATABASE = f"postgresql+psycopg://studio:{PASSWORD}@db.example.com/studio"


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[io.StringIO]:
    """What a handler writes that knows nothing of ours, after logging was set up."""
    chosen = settings.load(data_dir=tmp_path, grok_api_key=KEY, database_url=DATABASE)
    factory = logging.getLogRecordFactory()
    level = logging.getLogger().level
    set_up_logging(chosen)
    yield io.StringIO()
    logging.setLogRecordFactory(factory)
    logging.getLogger().setLevel(level)


def written(lines: io.StringIO, name: str) -> logging.Logger:
    logger = logging.getLogger(name)
    logger.propagate = False
    logger.handlers = [logging.StreamHandler(lines)]
    return logger


def no_canary(lines: io.StringIO) -> str:
    text = lines.getvalue()
    assert text
    assert "canary" not in text
    return text


def test_in_messages_and_arguments(lines: io.StringIO) -> None:
    logger = written(lines, "tests.messages")
    logger.error("the key is %s", KEY)
    logger.error(f"Authorization: Bearer {KEY}")
    logger.error("headers %r", {"Authorization": "Bearer canary-of-somebody-else"})
    logger.error("url %s", f"https://cdn.example.com/a.mp4?x=1&X-Amz-Signature={KEY[::-1]}canary")
    logger.error("url %s", "http://127.0.0.1/app/session/open?ticket=canary-ticket&next=/library")
    assert "next=/library" in no_canary(lines)


def test_in_tracebacks_and_their_causes(lines: io.StringIO) -> None:
    logger = written(lines, "tests.tracebacks")
    try:
        try:
            raise ValueError(f"refused: {KEY}")
        except ValueError as error:
            raise RuntimeError(f"connect to {DATABASE}") from error
    except RuntimeError:
        logger.exception("it failed", stack_info=True)
    text = no_canary(lines)
    assert "Traceback" in text
    assert "RuntimeError" in text


def test_in_addresses_of_databases(lines: io.StringIO) -> None:
    logger = written(lines, "tests.databases")
    logger.error("cannot connect to %s", DATABASE)
    logger.error("cannot connect to postgresql://somebody:canary%40word@db/x")
    logger.error("cannot connect to redis://:canary@cache:6379/0")
    assert "db.example.com" in no_canary(lines)


def test_where_the_arguments_do_not_fit(lines: io.StringIO) -> None:
    written(lines, "tests.misfits").error("%d videos", KEY)
    no_canary(lines)


def test_in_loggers_that_streamlit_makes_later(
    lines: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each has a handler of its own, made after the start, and passes nothing on."""
    later = get_logger("streamlit.made.later")
    later.handlers[0].stream = lines  # type: ignore[attr-defined]
    try:
        raise RuntimeError(KEY)
    except RuntimeError as error:
        later.error("Uncaught app execution", exc_info=error)
    no_canary(lines)


def test_a_part_of_another_secret_is_no_way_around() -> None:
    redaction = Redaction(["abcd", "abcdefgh", "x"])
    assert redaction.mask("abcdefgh abcd x") == "••• ••• x"


def test_what_the_settings_hold_is_known(tmp_path: Path) -> None:
    chosen = settings.load(data_dir=tmp_path, grok_api_key=f" {KEY}\n", database_url=DATABASE)
    assert secrets_of(chosen) == [KEY, PASSWORD]
    assert KEY not in repr(chosen)
