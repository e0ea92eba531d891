"""The house's order, read from the source: who may import whom, and what each module may be."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]

MAY_IMPORT: dict[str, set[str]] = {
    "app": {"server"},
    "pages": {"ui", "studio", "people", "jobs", "grok_api", "settings"},
    "ui": {"studio", "people", "jobs", "grok_api", "settings"},
    "server": {"studio", "people", "jobs", "settings"},
    "studio": {"people", "jobs", "grok_api", "settings"},
    "people": {"jobs", "settings"},
    "jobs": {"grok_api", "settings"},
    "grok_api": set(),
    "sandbox": set(),  # so that it can disagree with a wrong client
    "settings": set(),
}
"""Which of our own parts each part may import, beside itself."""

NOT_THE_PRODUCT = {"tests", "benchmarks"}

LONGEST = 300
LONGER = {"jobs/picture.py", "jobs/store.py"}
"""Modules that have grown beyond that; none may reach `TOO_LONG`."""

TOO_LONG = 400

NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}

SQL = {"jobs/store.py", "jobs/claims.py", "jobs/database.py", "jobs/tables.py", "jobs/rows.py",
       "jobs/drafts.py", "jobs/gate.py"}  # fmt: skip
"""Beside `people/`, the modules that build SQL; `rows` carries whole tables from database to database."""

NETWORK = (
    "requests", "urllib3", "httpx", "aiohttp", "websockets", "socket", "urllib.request",
    "http.client", "ftplib", "smtplib",
)  # fmt: skip


@dataclass(frozen=True)
class Module:
    """One file of ours. `path` is relative to the root, with slashes."""

    path: str
    source: str

    @property
    def part(self) -> str:
        """The folder at the top, or the module itself where it stands there."""
        return PurePosixPath(self.path).parts[0].removesuffix(".py")

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).stem

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @cached_property
    def imports(self) -> list[tuple[int, str]]:
        """Line and full name of everything imported, inside functions too."""
        found: list[tuple[int, str]] = []
        for node in ast.walk(self.tree):
            match node:
                case ast.Import(names=names):
                    found += [(node.lineno, each.name) for each in names]
                case ast.ImportFrom(module=module, level=0, names=names):
                    found += [(node.lineno, f"{module}.{each.name}") for each in names]
                case ast.ImportFrom(module=module, names=names):
                    within = ".".join(filter(None, (self.part, module)))
                    found += [(node.lineno, f"{within}.{each.name}") for each in names]
        return found

    def imported(self, *packages: str) -> Iterator[tuple[int, str]]:
        """The imports from any of `packages`."""
        for line, name in self.imports:
            if any(name == package or name.startswith(f"{package}.") for package in packages):
                yield line, name


def modules(root: Path) -> Iterator[Module]:
    """Every module of the product."""
    for path in sorted(root.rglob("*.py")):
        relative = path.relative_to(root)
        hidden = any(part.startswith(".") for part in relative.parts)
        installed = (root / relative.parts[0] / "pyvenv.cfg").exists()
        if not hidden and not installed and relative.parts[0] not in NOT_THE_PRODUCT:
            yield Module(relative.as_posix(), path.read_text("utf-8"))


# -- the rules: each yields what is wrong with a module, as "line: what, and what instead"


def every_part_is_known(module: Module) -> Iterator[str]:
    if module.part not in MAY_IMPORT:
        yield f"`{module.part}` is new: say in MAY_IMPORT what it may import"


def imports_go_one_way(module: Module) -> Iterator[str]:
    allowed = MAY_IMPORT.get(module.part, set()) | {module.part}
    for line, name in module.imported(*MAY_IMPORT):
        if name.split(".")[0] not in allowed:
            yield f"{line}: `{module.part}` may not import {name}"


def only_screens_know_streamlit(module: Module) -> Iterator[str]:
    # The server's start is given the `st.App` that it belongs to.
    if module.part in {"pages", "ui", "app"} or module.path == "server/lifespan.py":
        return
    for line, name in module.imported("streamlit"):
        yield f"{line}: {name} belongs to pages/, ui/ and app.py"


def only_the_hasher_of_the_authenticator(module: Module) -> Iterator[str]:
    for line, name in module.imported("streamlit_authenticator"):
        if module.part != "people" or not name.endswith(".Hasher"):
            yield f"{line}: {name}: only people/ uses that package, and only its Hasher"


def sql_has_its_place(module: Module) -> Iterator[str]:
    if module.part == "people" or module.path in SQL:
        return
    for line, name in module.imported("sqlalchemy"):
        # Errors may be caught anywhere, and a URL may be taken apart.
        if not name.startswith("sqlalchemy.exc.") and name != "sqlalchemy.engine.make_url":
            yield f"{line}: {name}: SQL is built in {', '.join(sorted(SQL))} and people/"


def only_the_client_speaks_http(module: Module) -> Iterator[str]:
    if module.part != "grok_api":
        for line, name in module.imported("requests", "urllib3"):
            yield f"{line}: {name}: the gateway is called by grok_api only"


def no_network_in_a_script_run(module: Module) -> Iterator[str]:
    if module.part in {"ui", "pages"}:
        for line, name in module.imported(*NETWORK):
            yield f"{line}: {name}: Streamlit ends a running script at the next click"


def nothing_sleeps_where_people_wait(module: Module) -> Iterator[str]:
    if module.part not in {"ui", "pages", "server"}:
        return
    for line, name in module.imported("time.sleep"):
        yield f"{line}: {name} holds up a screen or the server's loop"
    for node in ast.walk(module.tree):
        match node:
            case ast.Attribute(value=ast.Name(id="time"), attr="sleep"):
                yield f"{node.lineno}: time.sleep holds up a screen or the server's loop"


def only_command_lines_print(module: Module) -> Iterator[str]:
    if module.name == "__main__":
        return
    for node in ast.walk(module.tree):
        match node:
            case ast.Call(func=ast.Name(id="print")):
                yield f"{node.lineno}: print(): log it"


def modules_are_short(module: Module) -> Iterator[str]:
    lines, most = len(module.source.splitlines()), TOO_LONG if module.path in LONGER else LONGEST
    if lines > most:
        yield f"{lines} lines, where {most} are the most: take it apart"


def names_say_something(module: Module) -> Iterator[str]:
    for part in PurePosixPath(module.path).with_suffix("").parts:
        if NAMES_THAT_SAY_NOTHING & set(part.lower().split("_")):
            yield f"`{part}` does not say what is in it: name it after what it does"


RULES: list[Callable[[Module], Iterable[str]]] = [
    every_part_is_known,
    imports_go_one_way,
    only_screens_know_streamlit,
    only_the_hasher_of_the_authenticator,
    sql_has_its_place,
    only_the_client_speaks_http,
    no_network_in_a_script_run,
    nothing_sleeps_where_people_wait,
    only_command_lines_print,
    modules_are_short,
    names_say_something,
]


@pytest.fixture(scope="module")
def house() -> list[Module]:
    found = list(modules(ROOT))
    assert {module.part for module in found} >= MAY_IMPORT.keys(), "a part of MAY_IMPORT is missing"
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_is_in_order(
    rule: Callable[[Module], Iterable[str]], house: list[Module]
) -> None:
    wrong = [f"{module.path}:{complaint}" for module in house for complaint in rule(module)]
    assert not wrong, "\n".join(wrong)


def test_no_module_is_let_off_that_has_become_short(house: list[Module]) -> None:
    short = {m.path for m in house if m.path in LONGER and len(m.source.splitlines()) <= LONGEST}
    gone = LONGER - {module.path for module in house}
    assert not short | gone, f"take these out of LONGER: {sorted(short | gone)}"


# -- each rule can fail, and lets pass what is allowed

WRONG: list[tuple[Callable[[Module], Iterable[str]], str, str]] = [
    (every_part_is_known, "extras/new.py", ""),
    (imports_go_one_way, "jobs/worker.py", "import ui.cards"),
    (imports_go_one_way, "jobs/worker.py", "def f():\n    from people.accounts import Account"),
    (imports_go_one_way, "people/links.py", "import studio"),
    (imports_go_one_way, "grok_api/client.py", "from settings import Settings"),
    (imports_go_one_way, "grok_api/client.py", "from jobs import job"),
    (imports_go_one_way, "sandbox/app.py", "import grok_api"),
    (imports_go_one_way, "sandbox/app.py", "import settings"),
    (imports_go_one_way, "server/live.py", "from ui.i18n import _"),
    (imports_go_one_way, "server/live.py", "from pages import create"),
    (imports_go_one_way, "ui/cards.py", "from server.live import hub"),
    (imports_go_one_way, "studio.py", "import ui.session"),
    (imports_go_one_way, "app.py", "from ui import router"),
    (imports_go_one_way, "settings.py", "import jobs"),
    (only_screens_know_streamlit, "jobs/store.py", "import streamlit as st"),
    (only_screens_know_streamlit, "server/live.py", "from streamlit.web import server"),
    (only_the_hasher_of_the_authenticator, "people/sign_in.py", "import streamlit_authenticator"),
    (
        only_the_hasher_of_the_authenticator,
        "ui/welcome.py",
        "from streamlit_authenticator.utilities import Hasher",
    ),
    (sql_has_its_place, "server/health.py", "import sqlalchemy as sa"),
    (sql_has_its_place, "jobs/poll.py", "from sqlalchemy import select"),
    (sql_has_its_place, "ui/cards.py", "from sqlalchemy.engine import Connection"),
    (only_the_client_speaks_http, "jobs/download.py", "import requests"),
    (no_network_in_a_script_run, "ui/cards.py", "from urllib.request import urlopen"),
    (no_network_in_a_script_run, "pages/create.py", "import httpx"),
    (nothing_sleeps_where_people_wait, "ui/live.py", "import time\ntime.sleep(1)"),
    (nothing_sleeps_where_people_wait, "server/live.py", "from time import sleep"),
    (only_command_lines_print, "jobs/store.py", "def f():\n    print('here')"),
    (modules_are_short, "jobs/new.py", "x = 1\n" * (LONGEST + 1)),
    (names_say_something, "jobs/utils.py", ""),
    (names_say_something, "ui/session_helpers.py", ""),
    (names_say_something, "server/common/cookie.py", ""),
]

RIGHT: list[tuple[Callable[[Module], Iterable[str]], str, str]] = [
    (imports_go_one_way, "ui/cards.py", "from grok_api import limits_for\nimport studio"),
    (imports_go_one_way, "ui/cards.py", "import uuid\nimport jobsite"),
    (only_screens_know_streamlit, "people/passwords.py", "import streamlit_authenticator"),
    (
        only_the_hasher_of_the_authenticator,
        "people/passwords.py",
        "from streamlit_authenticator.utilities import Hasher",
    ),
    (sql_has_its_place, "server/live.py", "from sqlalchemy.exc import SQLAlchemyError"),
    (sql_has_its_place, "people/sessions.py", "import sqlalchemy as sa"),
    (only_the_client_speaks_http, "grok_api/transport.py", "import requests"),
    (no_network_in_a_script_run, "ui/cards.py", "from urllib.parse import urlsplit"),
    (nothing_sleeps_where_people_wait, "jobs/submit.py", "import time\ntime.sleep(1)"),
    (only_command_lines_print, "people/__main__.py", "print('here')"),
    (modules_are_short, "jobs/new.py", "x = 1\n" * LONGEST),
    (names_say_something, "jobs/database.py", ""),
]


def _case(case: tuple[Callable[[Module], Iterable[str]], str, str]) -> str:
    rule, path, source = case
    return f"{rule.__name__}: {path}: {source.splitlines()[-1] if source else 'exists'}"


@pytest.mark.parametrize("case", WRONG, ids=_case)
def test_a_rule_finds_what_is_wrong(
    case: tuple[Callable[[Module], Iterable[str]], str, str], tmp_path: Path
) -> None:
    rule, path, source = case
    target = tmp_path / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(source, "utf-8")
    assert [complaint for module in modules(tmp_path) for complaint in rule(module)]


@pytest.mark.parametrize("case", RIGHT, ids=_case)
def test_a_rule_lets_pass_what_is_allowed(
    case: tuple[Callable[[Module], Iterable[str]], str, str],
) -> None:
    rule, path, source = case
    assert not [*rule(Module(path, source))]


def test_every_rule_is_tried() -> None:
    assert {rule for rule, *_ in WRONG} == set(RULES)
