"""What an error's words mean. An HTTP status is looked at elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import get_args

from grok_api.vocabulary import CODES, SENTENCES, Meaning

_SENTENCES = [
    (meaning, re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE))
    for meaning, patterns in SENTENCES
]
_CODES = [(meaning, re.compile(rf"\b(?:{pattern})\b")) for meaning, pattern in CODES]
_ORDER: tuple[Meaning, ...] = get_args(Meaning)
_CODE_IN_TEXT = re.compile(r"\s*([a-z]+(?:[_.-][a-z]+)+)\s*(?::|$)", re.IGNORECASE)


def meanings(text: str, codes: Iterable[str]) -> list[Meaning]:
    """Return what the words and the codes may mean, the weightiest first."""
    text = text.replace("’", "'")
    # A message may be nothing but a code, or begin with one.
    named = _CODE_IN_TEXT.match(text)
    said = [*codes, named[1]] if named else codes
    normal = " ".join(re.sub(r"[^a-z0-9]+", "_", code.lower()).strip("_") for code in said)
    found = {meaning for meaning, pattern in _SENTENCES if pattern.search(text)}
    found |= {meaning for meaning, pattern in _CODES if pattern.search(normal)}
    return sorted(found, key=_ORDER.index)


def words(text: str) -> frozenset[str]:
    """Return the words of a list that is written with blanks."""
    return frozenset(text.split())
