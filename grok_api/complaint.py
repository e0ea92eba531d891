"""Gathers what an answer complains of: its error codes and sentences, from wherever they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from grok_api import documents
from grok_api.documents import ECHOES, WRAPPERS
from grok_api.vocabulary import Meaning
from grok_api.words import meanings, words

_CODES = frozenset({"code", "error_code", "errorCode", "err_code", "errcode", "status_code"})
# Said only where something is wrong, and said in good answers as well.
_ERRORS = words(
    """error errors err error_message errorMessage error_msg err_msg errmsg error_description
    fail_reason failReason failure_reason failureReason failed_reason failure exception
    detail details"""
)
_REMARKS = words("message msg reason status_message statusMessage status_msg")
_FINE = words(
    """success successful succeeded succeed ok okay none null nil true 0 1 200 201 202 done
    completed 成功 操作成功 请求成功 查询成功"""
) | {"", "no error", "task submitted"}
_QUOTED_PROMPT = re.compile(
    r"(?i)(\bprompt|提示词)\W{0,4}[\"'“「『`].{1,4096}?[\"'”」』`]", re.DOTALL
)
_MAX_TEXT = 4000  # characters searched for words
_MOST = 50  # codes, errors, remarks
_SHORTEST_ECHO = 12  # characters; a shorter prompt may well be one of the error's own words


@dataclass(slots=True)
class Complaint:
    """An answer's codes, its `errors` (what only errors say) and its `remarks`."""

    codes: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    refused: bool = False

    @property
    def strong(self) -> bool:
        """Say whether the answer itself calls this an error."""
        return self.refused or bool(self.codes or self.errors)

    @property
    def message(self) -> str:
        """Return the sentence for people, "" where there is none."""
        sentences = [*self.errors, *self.remarks, *self.codes]
        return next(iter(sentences), "")

    @property
    def code(self) -> str | None:
        """Return the innermost code, words before numbers."""
        worded = [code for code in self.codes if not code.isdigit()]
        return (worded or self.codes)[-1] if self.codes else None

    @property
    def status(self) -> int | None:
        """Return an HTTP error status that is given as a code in the body."""
        numbers = [int(code) for code in self.codes if re.fullmatch(r"[45]\d\d", code)]
        return numbers[0] if numbers else None

    def meanings(self, echoes: Iterable[str] = (), *, remarks: bool = True) -> list[Meaning]:
        """Return what the words may mean, the weightiest first; `echoes` are not the gateway's."""
        sentences = [*self.errors, *(self.remarks if remarks else ())]
        sentences += [code for code in self.codes if " " in code]
        text = "\n".join(sentences)[:_MAX_TEXT]
        for echo in echoes:
            if len(echo) >= _SHORTEST_ECHO:
                text = text.replace(echo, " ")
        return meanings(_QUOTED_PROMPT.sub(r"\1", text), self.codes)


def complaint(value: object) -> Complaint:
    """Gather what a decoded document complains of."""
    found = Complaint()
    _gather(value, found, error=False, near=True, depth=0)
    return found


def _gather(value: object, found: Complaint, *, error: bool, near: bool, depth: int) -> None:
    if depth > documents.MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict | list):
                _gather(item, found, error=error, near=near, depth=depth + 1)
            elif error:
                _say(item, found, error=True, depth=depth)
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        if name in ECHOES:
            continue
        if name in _CODES:
            _code(item, found, near=near)
        elif name in _ERRORS or (name in _REMARKS and near):
            _say(item, found, error=error or name in _ERRORS, depth=depth)
        elif name == "success" and near and documents.truth(item) is False:
            found.refused = True
        elif isinstance(item, dict | list):
            inner = near and (error or name in WRAPPERS)
            _gather(item, found, error=error, near=inner, depth=depth + 1)


def _code(value: object, found: Complaint, *, near: bool) -> None:
    if isinstance(value, bool) or not near or len(found.codes) >= _MOST:
        return
    if isinstance(value, int | float):
        if value < 0 or 400 <= value < 1e15:
            found.codes.append(str(int(max(value, -1e15))))
    elif isinstance(value, str) and value.strip().lower() not in _FINE:
        found.codes.append(value.strip()[:200])


def _say(value: object, found: Complaint, *, error: bool, depth: int) -> None:
    if isinstance(value, dict | list):
        before = len(found.codes) + len(found.errors) + len(found.remarks)
        _gather(value, found, error=error, near=True, depth=depth + 1)
        after = len(found.codes) + len(found.errors) + len(found.remarks)
        # An error in words that nobody foresaw is an error all the same.
        if error and after == before and isinstance(value, dict):
            known = _CODES | _ERRORS | _REMARKS
            found.refused |= any(bool(v) for k, v in value.items() if k not in known)
    elif value is True:
        found.refused |= error
    elif isinstance(value, str):
        _sentence(value.strip(), found, error=error, depth=depth)


def _sentence(text: str, found: Complaint, *, error: bool, depth: int) -> None:
    # Older relays put a finished video's address where the reason of a failure goes.
    if text.lower().rstrip(".!") in _FINE or re.fullmatch(r"https?://\S+", text):
        return
    head, brace, tail = text.partition("{")
    if brace:
        try:
            nested = documents.unfold(documents.parse("{" + tail))
        except (ValueError, RecursionError):
            nested = None
        if isinstance(nested, dict):
            _gather(nested, found, error=True, near=True, depth=depth + 1)
            text = head.strip()
    said = found.errors if error else found.remarks
    if text and len(said) < _MOST:
        said.append(text)
