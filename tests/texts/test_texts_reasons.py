"""Whatever the worker, a picture or a request can come to, a screen has a sentence for it.

The words that code writes (`reason=`, `code=`) are read from the source, so that a new one without
a sentence fails here and not on somebody's card.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from grok_api import InvalidRequest, VideoRequest, limits_for
from jobs.job import Job, State
from ui import explain, i18n, refusals

ROOT = Path(__file__).resolve().parents[2]
Pair = tuple[str, str]

NEEDS_NO_SENTENCE = {
    ("cancelled", "cancelled"): "the badge says it all, and the person did it",
    # The next poll, seconds later, fetches a fresh link and the state tells the rest.
    ("pending", "download_trouble"): "a fresh link is asked for",
    ("pending", "bad_clip"): "a fresh link is asked for",
    ("pending", "archive_trouble"): "a fresh link is asked for",
}


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "language", lambda: "en")


# -- which reasons a module writes

WRITES = {"end", "requeue", "later", "values", "_update"}
"""The calls (`jobs/claims.py`) that write a state and its reason into a job's row."""


@dataclass
class Frame:
    """A function, and what its parameters stand for where it is called."""

    function: ast.FunctionDef | None = None
    caller: Frame | None = None
    given: dict[str, ast.expr] = field(default_factory=dict)
    depth: int = 0


class Reasons:
    """Follows literals through the calls of one module to where a job's row is written."""

    def __init__(self, source: str, later: str = "pending") -> None:
        """`later` is the state of a job that this module puts off."""
        self._tree = ast.parse(source)
        self._later = later
        self._functions = {
            node.name: node for node in ast.walk(self._tree) if isinstance(node, ast.FunctionDef)
        }

    def pairs(self) -> set[Pair]:
        """State and reason of every write."""
        return {
            pair
            for function in self._functions.values()
            for call in self._calls(function)
            if isinstance(call.func, ast.Attribute) and call.func.attr in WRITES
            for frame in self._frames(function)
            for pair in product(self._states(call, frame), self._reasons(call, frame))
        }

    def literals(self) -> set[str]:
        """Every reason that stands literally beside the word, whoever gets it."""
        found: list[ast.expr | None] = []
        for node in ast.walk(self._tree):
            match node:
                case ast.keyword(arg="reason", value=value):
                    found.append(value)
                case ast.Dict(keys=keys, values=values):
                    named = zip(keys, values, strict=True)
                    found += [value for key, value in named if _text(key) == "reason"]
        return {_text(node) for node in found if isinstance(node, ast.Constant) and _text(node)}

    def _calls(self, function: ast.AST) -> Iterator[ast.Call]:
        return (node for node in ast.walk(function) if isinstance(node, ast.Call))

    def _frames(self, function: ast.FunctionDef, depth: int = 0) -> list[Frame]:
        """One frame for each way the function is reached inside the module."""
        names = [each.arg for each in function.args.args if each.arg != "self"]
        frames = []
        for caller in self._functions.values():
            for call in self._calls(caller) if depth < 4 and caller is not function else ():
                if isinstance(call.func, ast.Attribute) and call.func.attr == function.name:
                    if _text(call.func.value) != "self":
                        continue
                    given = dict(zip(names, call.args, strict=False))
                    given |= {each.arg: each.value for each in call.keywords if each.arg}
                    for above in self._frames(caller, depth + 1):
                        frames.append(Frame(function, above, given, above.depth + 1))
        return frames or [Frame(function)]

    def _states(self, call: ast.Call, frame: Frame) -> set[str]:
        attribute = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        named = [each.value for each in call.keywords if each.arg == "state"]
        if attribute == "end":
            named = call.args[1:2]
        if named:
            return self._values(named[0], frame)
        return {"requeue": {"queued"}, "later": {self._later}}.get(attribute, set())

    def _reasons(self, call: ast.Call, frame: Frame) -> set[str]:
        found: set[str] = set()
        for keyword in call.keywords:
            if keyword.arg == "reason":
                found |= self._values(keyword.value, frame)
            elif keyword.arg is None and isinstance(keyword.value, ast.Name):
                # Of several dictionaries of one name the last before the call is meant.
                above = self._assigned(keyword.value.id, frame)
                for value in [each for each in above if each.lineno < call.lineno][-1:]:
                    if isinstance(value, ast.Dict):
                        for key, entry in zip(value.keys, value.values, strict=True):
                            found |= self._values(entry, frame) if _text(key) == "reason" else set()
        return found

    def _assigned(self, name: str, frame: Frame) -> list[ast.expr]:
        assert frame.function is not None
        return [
            node.value
            for node in ast.walk(frame.function)
            if isinstance(node, ast.Assign) and [_text(each) for each in node.targets] == [name]
        ]

    def _values(self, node: ast.expr, frame: Frame) -> set[str]:
        """The literals that `node` may be; empty where only the running program knows."""
        match node:
            case ast.Constant(value=str() as text):
                return {text}
            case ast.Attribute(value=ast.Name(id="State"), attr=name):
                return {State[name].value}
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return (
                    self._values(body, frame) | _tested(test, _text(body))
                    | self._values(orelse, frame)
                )  # fmt: skip
            case ast.Call(func=ast.Name(id=name)) if name in self._functions:
                called = self._functions[name]
                returns = [each.value for each in ast.walk(called) if isinstance(each, ast.Return)]
                inside = Frame(called)
                return set().union(*(self._values(each, inside) for each in returns if each))
            case ast.Name(id=name) if name in frame.given and frame.caller is not None:
                return self._values(frame.given[name], frame.caller)
            case ast.Name(id=name):
                assigned = self._assigned(name, frame)
                if assigned:
                    return set().union(*(self._values(each, frame) for each in assigned))
                return self._narrowed(node, frame)
        return set()

    def _narrowed(self, name: ast.Name, frame: Frame) -> set[str]:
        """What `if name in {…}:` around `name` leaves of it."""
        found: set[str] = set()
        for branch in ast.walk(frame.function) if frame.function else ():
            if isinstance(branch, ast.If) and any(
                name is each for line in branch.body for each in ast.walk(line)
            ):
                found |= _tested(branch.test, name.id)
        return found


def _text(node: ast.AST | None) -> str:
    match node:
        case ast.Constant(value=str() as text) | ast.Name(id=text):
            return text
    return ""


def _tested(test: ast.expr, name: str) -> set[str]:
    match test:
        case ast.Compare(left=ast.Name(id=left), ops=[ast.In()], comparators=[ast.Set(elts=elts)]):
            return {_text(each) for each in elts} if left == name else set()
        case ast.Compare(left=ast.Name(id=left), ops=[ast.Eq()], comparators=[right]):
            return {_text(right)} if left == name else set()
    return set()


MODULES = sorted((ROOT / "jobs").glob("*.py"))


def reasons_of(path: Path) -> Reasons:
    return Reasons(path.read_text("utf-8"), "ready" if path.stem == "download" else "pending")


@pytest.fixture(scope="module")
def written() -> set[Pair]:
    """Every state and reason that the source of `jobs/` writes."""
    return set().union(*(reasons_of(path).pairs() for path in MODULES))


def job_in(state: str, reason: str) -> Job:
    values: dict[str, Any] = dict.fromkeys(each.name for each in fields(Job))
    return Job(**{**values, "state": State(state), "reason": reason, "gateway": "here"})


def test_the_source_is_read_right(written: set[Pair]) -> None:
    known = {
        ("failed", "picture_lost"), ("queued", "quota_error"), ("queued", "unreachable"),
        ("failed", "rate_limited"), ("failed", "not_offered"), ("pending", "auth_error"),
        ("pending", "gateway_trouble"), ("ready", "bad_clip"), ("expired", "link_gone"),
        ("pending", "link_gone"), ("unknown", "interrupted"), ("unknown", "no_answer"),
    }  # fmt: skip
    assert not known - written, "these are written, but the reader does not see them"
    literal = set().union(*(reasons_of(path).literals() for path in MODULES))
    followed = {reason for _, reason in written} | {reason for _, reason in NEEDS_NO_SENTENCE}
    unclear = literal - followed
    assert not unclear, f"the reader cannot tell in which state these are: {sorted(unclear)}"


def test_every_reason_has_its_sentence(written: set[Pair]) -> None:
    silent = {
        f"{state}/{reason}"
        for state, reason in written - NEEDS_NO_SENTENCE.keys()
        if not explain.explain(job_in(state, reason), 0.0, "here").sentence
    }
    assert not silent, f"ui/explain.py has no sentence for {sorted(silent)}"


def test_every_sentence_has_its_reason(written: set[Pair]) -> None:
    unread = {(state.value, reason) for state, reason in explain._SENTENCES} - written
    assert not unread, f"ui/explain.py explains what never happens: {sorted(unread)}"


@pytest.mark.parametrize("state", State)
def test_every_state_has_its_badge(state: State) -> None:
    said = explain.explain(job_in(state, ""), 0.0, "here")
    assert said.label
    assert said.icon


def test_a_new_reason_is_found() -> None:
    source = """
class Steps:
    def step(self, job):
        if kind in {"a", "b"}:
            self._put(job, kind)
        else:
            self._stop(job, State.FAILED, why(kind))
    def _put(self, job, reason):
        more = {"reason": reason}
        self.claims.requeue(job, 1, **more)
    def _stop(self, job, state, reason):
        write(lambda: self.claims.end(job, state, 0, reason=reason))
    def _wait(self, job):
        reason = kind if kind in {"slow"} else "other"
        self.claims.later(job, 1, reason=reason)
def why(kind):
    return "c" if kind else "d"
"""
    assert Reasons(source, "ready").pairs() == {
        ("queued", "a"), ("queued", "b"), ("failed", "c"), ("failed", "d"),
        ("ready", "slow"), ("ready", "other"),
    }  # fmt: skip
    assert not explain.explain(job_in("failed", "a new one"), 0.0, "here").sentence


# -- what is refused before it is sent


def refused_codes(source: str) -> dict[str, set[str]]:
    """Each code of a PictureRefused, and the values that come with it every time."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id="PictureRefused"), args=[code], keywords=values):
                names = {each.arg for each in values if each.arg}
                found[_text(code)] = found.get(_text(code), names) & names
    return found


PICTURE_CODES = refused_codes((ROOT / "jobs" / "picture.py").read_text("utf-8"))
PICTURE_CODES |= {"storage": set()}  # ui/request_form.py, when the archive cannot be written


@pytest.mark.parametrize("code", PICTURE_CODES)
def test_every_refused_picture_has_its_sentence(code: str) -> None:
    assert code in refusals._PICTURE, f"ui/refusals.py has no sentence for {code}"
    sentence = refusals.picture_refusal(code, dict.fromkeys(PICTURE_CODES[code], 12))
    assert "{" not in sentence


def test_every_sentence_about_pictures_has_its_code() -> None:
    assert not refusals._PICTURE.keys() - PICTURE_CODES.keys()


def request(**values: Any) -> VideoRequest:
    return VideoRequest(**{"prompt": "a cat", **values})


REQUESTS = {
    "prompt_blank": request(prompt=" "),
    "prompt_too_long": request(prompt="猫" * limits_for().prompt_bytes),
    "prompt_not_text": request(prompt="\ud800"),
    "duration_out_of_range": request(duration=99),
    "bad_resolution": request(resolution="8k"),
    "bad_aspect_ratio": request(aspect_ratio="5:1"),
    "bad_image": request(image="http://example.com/cat.png"),
}


NOT_OF_A_FORM = {
    "bad_model": "the form names the model",
    "bad_request_id": "checked by the screen itself",
    "bad_api_key": "of the client",
    "bad_base_url": "of the client",
    "no_folder": "of the command line",
    "image_must_be_uploaded": "only of models that no form offers",
    "image_wrong_size": "only of models that no form offers",
}
"""Codes that no sentence is needed for, and why."""


def request_codes() -> set[str]:
    """The codes of every InvalidRequest in the client."""
    codes: set[str] = set()
    for path in (ROOT / "grok_api").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[choice, *_]) if name.endswith(
                    "check_choice"
                ):
                    codes.add(f"bad_{_text(choice)}")
                case ast.Call(func=ast.Name(id="InvalidRequest"), keywords=values):
                    codes |= {_text(each.value) for each in values if each.arg == "code"}
    return codes - {""} - NOT_OF_A_FORM.keys()


def test_every_request_code_is_tried() -> None:
    assert request_codes() == REQUESTS.keys()


@pytest.mark.parametrize("code", REQUESTS)
def test_every_refused_request_has_its_sentence(code: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        REQUESTS[code].validate()
    assert refused.value.code == code
    assert code in refusals._REQUEST, f"ui/refusals.py has no sentence for {code}"
    assert "{" not in refusals.request_refusal(refused.value)


# -- how the sentences are written


SENTENCES = [
    *explain._SENTENCES.values(), *explain._ADOPTED.values(), explain._NOT_KNOWN, explain._OVERDUE, explain._OTHER_GATEWAY,
    *refusals._REQUEST.values(), *refusals._PICTURE.values(),
]  # fmt: skip


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: sentence[:40])
def test_sentences_end(sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sentence.endswith((".", "?"))
    monkeypatch.setattr(i18n, "language", lambda: "zh")
    assert i18n._(sentence).endswith(("。", "？"))
