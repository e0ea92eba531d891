"""No words reach a screen past the catalogues: a literal in a call that shows it goes through `_`."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract

ROOT = Path(__file__).resolve().parents[2]
SCREENS = sorted(path for folder in ("ui", "pages") for path in (ROOT / folder).rglob("*.py"))

SAME_IN_EVERY_LANGUAGE = {
    "Grok Video Studio",
    "Language · 语言",
    "https://…",
    "make user",  # a command to type
}

LABELLED = (
    "text", "caption", "markdown", "write", "title", "header", "subheader", "code", "latex",
    "error", "warning", "info", "success", "toast", "badge", "button", "link_button",
    "download_button", "form_submit_button", "menu_button", "popover", "expander", "status",
    "spinner", "dialog", "metric", "progress", "tabs", "text_input", "text_area",
    "number_input", "slider", "select_slider", "selectbox", "multiselect", "radio", "checkbox",
    "toggle", "pills", "segmented_control", "file_uploader", "date_input", "time_input",
    "color_picker", "chat_input", "feedback",
)  # fmt: skip
"""Streamlit's calls whose first argument is shown; lists of options come second."""

SHOWN_ARGUMENTS: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(LABELLED, (0, 1)),
    # ours
    "heading": (0,),
    "copy_button": (1,),
    "elapsed": (3,),
    "Explanation": (0, 3),
}
SECOND_IS_NO_TEXT = {"link_button", "text_input", "text_area", "number_input", "slider", "markdown"}

SHOWN_KEYWORDS = {
    "label", "body", "help", "placeholder", "alt", "title", "caption", "text", "page_title",
    "options", "format_func",
}  # fmt: skip


def unmarked(source: str) -> Iterator[tuple[int, str]]:
    """Line and words of every literal that is shown as it stands."""
    tree = ast.parse(source)
    assigned = _assignments(tree)
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        for argument in _shown(call):
            for literal in _literals(argument, assigned, set()):
                if _has_words(literal) and literal not in SAME_IN_EVERY_LANGUAGE:
                    yield call.lineno, literal


def _shown(call: ast.Call) -> Iterator[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    for position in SHOWN_ARGUMENTS.get(name, ()):
        if position < len(call.args) and not (position and name in SECOND_IS_NO_TEXT):
            yield call.args[position]
    of_streamlit = (
        isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "st"
    )
    if name in SHOWN_ARGUMENTS or of_streamlit:
        yield from (each.value for each in call.keywords if each.arg in SHOWN_KEYWORDS)


def _assignments(tree: ast.AST) -> dict[str, list[ast.expr]]:
    """What each name of the module is set to, wherever that is."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found.setdefault(name, []).append(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found.setdefault(name, []).append(value)
    return found


def _literals(node: ast.expr, assigned: dict[str, list[ast.expr]], seen: set[str]) -> Iterator[str]:
    """The literals that may become the value of `node`; calls such as `_` are not looked into."""
    inner: list[ast.expr] = []
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(part.value if isinstance(part, ast.Constant) else "0" for part in parts)
        case ast.IfExp():
            inner = [node.body, node.orelse]
        case ast.BinOp():
            inner = [node.left, node.right]
        case ast.BoolOp():
            inner = node.values
        case ast.List() | ast.Tuple() | ast.Set():
            inner = node.elts
        case ast.Dict():
            inner = node.values
        case ast.Lambda():
            inner = [node.body]
        case ast.Call(func=ast.Attribute(value=ast.Constant() | ast.JoinedStr() as text)):
            inner = [text]
        case ast.Name(id=name) if name not in seen:
            seen.add(name)
            inner = assigned.get(name, [])
    for each in inner:
        yield from _literals(each, assigned, seen)


def _has_words(text: str) -> bool:
    without_markup = re.sub(r":material/\w+:|:[a-z-]+\[|https?://\S*(?=\))", "", text)
    return re.search(r"[^\W\d_]{2}", without_markup) is not None


@pytest.mark.parametrize("path", SCREENS, ids=lambda path: path.name)
def test_texts_are_marked(path: Path) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text!r}"
        for line, text in unmarked(path.read_text("utf-8"))
    ]
    assert not found, "shown, but not marked with `_`: " + "; ".join(found)


def extracted(source: str) -> set[object]:
    """What `pybabel extract` reads; before Python 3.12 that is nothing inside an f-string."""
    found = extract("python", io.BytesIO(source.encode()), DEFAULT_KEYWORDS)
    return {text for _, text, *_ in found}


def not_extractable(source: str, known: set[object]) -> Iterator[str]:
    """Calls of `_` and `N_` whose text never comes into a catalogue."""
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Name) and call.func.id in {"_", "N_"} and call.args:
            match call.args[0]:
                case ast.Constant(value=text) if text not in known:
                    yield f"{call.lineno}: {text!r}"
                case ast.JoinedStr() | ast.BinOp() as built:
                    yield f"{call.lineno}: {ast.unparse(built)}"


def test_marked_texts_can_be_extracted() -> None:
    sources = {path.relative_to(ROOT): path.read_text("utf-8") for path in SCREENS}
    known = set().union(*map(extracted, sources.values()))
    found = [
        f"{path}:{where}" for path in sources for where in not_extractable(sources[path], known)
    ]
    assert not found, "write a plain literal and format it afterwards: " + "; ".join(found)


@pytest.mark.parametrize("source", ['_(f"{n} left")', '_("a" + b)', "f\"{_('left')}\""])
def test_a_text_that_cannot_be_extracted_is_found(source: str) -> None:
    assert [*not_extractable(source, extracted(source))]
    good = '_("{n} " "left").format(n=1)'
    assert not [*not_extractable(good, extracted(good))]


@pytest.mark.parametrize(
    "source",
    [
        'st.text("Hello there")',
        'st.button(label="Go on")',
        'st.text_input(_("Name"), placeholder="Your name")',
        'st.error(f"Too long: {n}")',
        'st.caption("{n} left".format(n=1))',
        'st.radio(_("View"), ["Cards", "Table"])',
        'st.button("Stop" if busy else _("Go"))',
        'label = "Stop"\nst.button(label)',
        'st.pills(_("Move"), moves, format_func=lambda move: f"move {move}")',
        'copy_button("key", "Copy", text)',
        'frame.heading("Library", viewer)',
        'column.markdown(":material/movie: Hello")',
    ],
)
def test_an_unmarked_text_is_found(source: str) -> None:
    assert [*unmarked(source)]


@pytest.mark.parametrize(
    "source",
    [
        'st.text(_("Hello there"))',
        "st.text(job.prompt)",
        'st.markdown(":material/movie:", width="content")',
        'st.markdown(f":red[{counted}]")',
        'st.markdown(f"**{_(name)}**")',
        'st.title("Grok Video Studio")',
        'st.caption(_("{n} left").format(n=1))',
        'st.page_link("../pages/library.py", label=_("Library"))',
        'st.button(_("Go"), key="go", type="primary")',
    ],
)
def test_a_marked_text_is_not_complained_about(source: str) -> None:
    assert not [*unmarked(source)]
