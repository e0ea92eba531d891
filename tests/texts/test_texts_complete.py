"""Every text has its translation, and each translation keeps what the program puts into the text.

After a change of texts: the one command in `locales/README.md`, then translate what came in empty.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from ui import i18n

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "locales" / "studio.pot"
SOURCES = ("ui", "pages")
TRANSLATIONS = sorted(i18n.LANGUAGES.keys() - {"en"})
RENEW = "run the command in locales/README.md"


def catalogue_path(language: str) -> Path:
    return ROOT / "locales" / language / "LC_MESSAGES" / "studio.po"


def read(path: Path, language: str | None = None) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language)


def texts_of(catalogue: Catalog) -> list[str]:
    return [message.id for message in catalogue if message.id]


@pytest.fixture(scope="module")
def marked() -> set[str]:
    """The texts that are marked in the source, found the way `pybabel extract` finds them."""
    found = {str(text) for folder in SOURCES for _, _, text, *_ in extract_from_dir(ROOT / folder)}
    assert len(found) > 50, "hardly any text was found: are the folders right?"
    return found


# -- the catalogues as a whole


def test_the_template_is_up_to_date(marked: set[str]) -> None:
    kept = set(texts_of(read(TEMPLATE)))
    assert not marked - kept, f"not in {TEMPLATE.name}; {RENEW}: {sorted(marked - kept)}"
    assert not kept - marked, f"no longer in the source; {RENEW}: {sorted(kept - marked)}"


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_every_text_is_translated(marked: set[str], language: str) -> None:
    catalogue = read(catalogue_path(language), language)
    missing = sorted(marked - set(texts_of(catalogue)))
    assert not missing, f"not in the catalogue; {RENEW}: {missing}"
    empty = [message.id for message in catalogue if message.id and not message.string]
    assert not empty, f"not translated yet: {empty}"
    fuzzy = [message.id for message in catalogue if message.id and message.fuzzy]
    assert not fuzzy, f"only guessed (fuzzy): check these and remove the mark: {fuzzy}"


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_no_translation_is_left_over(marked: set[str], language: str) -> None:
    catalogue = read(catalogue_path(language), language)
    gone = sorted({*texts_of(catalogue), *map(str, catalogue.obsolete)} - marked)
    assert not gone, f"no longer in the source; {RENEW}: {gone}"


@pytest.mark.parametrize(
    "path", [TEMPLATE, *map(catalogue_path, TRANSLATIONS)], ids=lambda p: p.name
)
def test_catalogues_make_small_diffs(path: Path) -> None:
    texts = texts_of(read(path))
    assert texts == sorted(texts), f"{path.name} is not sorted; {RENEW}"
    assert not re.search(r"^#: ", path.read_text(encoding="utf-8"), re.M), "it names source lines"


# -- each translation


def faults(text: str, translation: str) -> Iterator[str]:
    """What the translation has lost of the text, or has too much."""
    for what, pattern in {
        "%-placeholders": r"%[-\d.]*[a-z]",
        "backtick spans": r"`[^`]*`",
        "bold marks": r"\*\*",
        "names of settings and files": r"\b[A-Z]+(?:_[A-Z]+)+\b|[\w./]+\.toml|https?://",
    }.items():
        before, after = (
            Counter(re.findall(pattern, text)),
            Counter(re.findall(pattern, translation)),
        )
        if before != after:
            yield f"{what}: {dict(before)} became {dict(after)}"
    try:
        before, after = placeholders(text), placeholders(translation)
    except ValueError as error:
        yield f"cannot be formatted: {error}"
        return
    if before != after:
        yield f"placeholders: {sorted(before)} became {sorted(after)}"


def placeholders(text: str) -> set[str]:
    return {name for _, name, *_ in Formatter().parse(text) if name is not None}


def chinese_faults(text: str, translation: str) -> Iterator[str]:
    """What is not as Chinese is set: full-width punctuation, a space between scripts."""
    han, latin = r"[\u4e00-\u9fff]", r"[A-Za-z0-9{`%]"
    unlike = {
        "half-width punctuation beside a Chinese character": rf"{han}[,.;:!?()]|[,;:!?()]{han}",
        "no space between Chinese and Latin": rf"{han}(?:{latin})|[A-Za-z0-9}}`]{han}",
        "a space beside full-width punctuation": r"[，。；：！？（）“”、] | [，。；：！？（）“”、]",
        # Markdown does not end bold between a punctuation mark and a letter.
        "bold that ends after punctuation": r"\*\*[^*]+[，。；：！？）”]\*\*\w",
    }
    for what, pattern in unlike.items():
        if found := re.search(pattern, translation):
            yield f"{what}: {found[0]!r}"
    if text[-1] in ".?!:" and translation[-1] not in "。？！：":
        yield "the end of the sentence is missing"


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_translations_keep_placeholders_and_marks(language: str) -> None:
    wrong = {
        message.id: found
        for message in read(catalogue_path(language), language)
        if message.id and message.string and (found := [*faults(message.id, message.string)])
    }
    assert not wrong


def test_chinese_is_set_as_chinese() -> None:
    wrong = {
        message.id: found
        for message in read(catalogue_path("zh"), "zh")
        if message.id
        and message.string
        and (found := [*chinese_faults(message.id, message.string)])
    }
    assert not wrong


@pytest.mark.parametrize(
    ("text", "translation"),
    [
        ("{n} of {limit}", "{n}"),
        ("{n} of", "{N}"),
        ("{n} of", "{n"),
        ("%d s", "% 秒"),
        ("Set `KEY` now", "设置 KEY"),
        ("Set `KEY` now", "设置 `密钥`"),
        ("**Now**", "**现在*"),
        ("Raise CLIPS_PER_DAY", "调高 上限"),
    ],
)
def test_a_lost_placeholder_or_mark_is_found(text: str, translation: str) -> None:
    assert [*faults(text, translation)]
    assert not [*faults(text, text)]


@pytest.mark.parametrize(
    "translation", ["好,", "共{n} 个", "{n} 个MB", "**好。**的", "好， 的。", "没有句号"]
)
def test_chinese_that_is_set_badly_is_found(translation: str) -> None:
    assert [*chinese_faults("A sentence.", translation)]
    assert not [*chinese_faults("A sentence.", "共 {n} 个，`KEY` 和 **好**。")]


# -- the loader


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_the_loader_knows_every_translation(
    marked: set[str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(i18n, "language", lambda: language)
    catalogue = read(catalogue_path(language), language)
    assert {i18n._(text) for text in marked} == {catalogue[text].string for text in marked}


def test_without_a_catalogue_the_texts_are_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(i18n, "LOCALES", tmp_path)
    monkeypatch.setattr(i18n, "language", lambda: "zh")
    i18n._catalogue.cache_clear()
    try:
        assert i18n._("Generate video") == "Generate video"
    finally:
        i18n._catalogue.cache_clear()
