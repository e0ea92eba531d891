"""Texts in the person's language: gettext catalogues, English in the code.

The language is the person's choice, else the browser's. `_` marks and translates; `N_` only marks.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

import streamlit as st
from babel.dates import format_datetime
from babel.messages.pofile import read_po
from babel.numbers import format_currency

LANGUAGES: Final = {"en": "English", "zh": "简体中文"}
LOCALES: Final = Path(__file__).resolve().parent.parent / "locales"
_BABEL_LOCALES: Final = {"en": "en_US", "zh": "zh_Hans_CN"}


def language() -> str:
    """The language of this run: `en` or `zh`."""
    chosen = st.session_state.get("language")
    if chosen in LANGUAGES:
        return str(chosen)
    return "zh" if (st.context.locale or "").lower().startswith("zh") else "en"


def _(message: str) -> str:  # the name every gettext tool knows
    """`message` in the person's language."""
    return _catalogue(language()).get(message) or message


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for it
    """Marks `message` for translation at a later time."""
    return message


@cache
def _catalogue(code: str) -> dict[str, str]:
    path = LOCALES / code / "LC_MESSAGES" / "studio.po"
    if code == "en" or not path.is_file():
        return {}
    with path.open("rb") as file:
        catalogue = read_po(file, locale=code)
    return {str(entry.id): str(entry.string) for entry in catalogue if entry.id and entry.string}


def plain(words: str) -> str:
    """Words somebody typed, for a label that Streamlit would read as Markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!:|<>~$^])", r"\\\1", words)


def money(dollars: float) -> str:
    """`$0.30`; under ten cents with three digits."""
    digits = "¤#,##0.00" if dollars >= 0.1 else "¤#,##0.000"
    return format_currency(dollars, "USD", digits, locale="en_US", currency_digits=False)


def moment(seconds: float) -> str:
    """A time (seconds since the epoch) in the browser's own time zone."""
    zone = st.context.timezone or "UTC"
    when = datetime.fromtimestamp(seconds, UTC)
    return format_datetime(when, "medium", tzinfo=zone, locale=_BABEL_LOCALES[language()])


def ago(seconds: float, now: float) -> str:
    """How long ago, in words: a minute or more, rounded down."""
    passed = max(now - seconds, 0.0)
    if passed < 60:
        return _("just now")
    if passed < 3600:
        return _("{n} min ago").format(n=int(passed // 60))
    if passed < 86400:
        return _("{n} h ago").format(n=int(passed // 3600))
    return moment(seconds)
