"""`python -m people`, as a person runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.database import Database
from people import passwords
from people.__main__ import main
from people.accounts import Accounts
from people.sessions import Sessions

ROOT = Path(__file__).parents[2]
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def people(tmp_path: Path) -> Command:
    """Runs the command line in an empty folder, with `typed` as its standard input."""
    unset = {"GROK_API_KEY", "DATABASE_URL", "DATA_DIR"}
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment |= {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}

    def run(*arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "people", *arguments]
        return subprocess.run(
            command, input=typed, cwd=tmp_path, env=environment, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip

    return run


def test_adds_lists_and_changes_a_password(people: Command, tmp_path: Path, now: float) -> None:
    added = people("add", "Lin", "--role", "viewer", "--first-name", "小林", typed="storyboard\n")
    assert (added.returncode, added.stderr) == (0, "")
    assert added.stdout == "Added lin (viewer).\n"
    assert people("list").stdout == "lin\tviewer\t小林\t\tdatabase\n"

    database = Database(f"sqlite:///{tmp_path / 'data' / 'studio.sqlite3'}")
    accounts = Accounts(database, {})
    assert accounts.verify("lin", "storyboard")
    sessions = Sessions(database, accounts, 3600)
    claimed = sessions.claim_ticket(sessions.issue_ticket("lin", now), now)
    assert claimed is not None

    changed = people("password", "lin", typed="shot-list-7\n")
    assert (changed.returncode, changed.stderr) == (0, "")
    assert accounts.verify("lin", "shot-list-7")
    assert sessions.resume(claimed.token, now) is None
    database.close()


def test_a_refusal_is_one_sentence(people: Command) -> None:
    refused = people("add", "lin", typed="short\n")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr == "The password needs at least 8 characters.\n"


def test_makes_a_hash_while_secrets_hold_a_plain_password(people: Command, tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    secrets = '[credentials.usernames.bob]\npassword = "hunter2-hunter2"\n'
    (tmp_path / ".streamlit" / "secrets.toml").write_text(secrets)
    refused = people("list")
    assert refused.returncode == 1
    assert "credentials.usernames.bob" in refused.stderr
    assert "hunter2" not in refused.stderr + refused.stdout
    made = people("hash", typed="hunter2-hunter2\n")
    assert (made.returncode, made.stderr) == (0, "")
    assert passwords.matches("hunter2-hunter2", made.stdout.strip())


class Terminal:
    """Stands in for a keyboard."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The answers a person types at a terminal, first one first, in an empty folder."""
    answers: list[str] = []

    def answer(_question: str) -> str:
        if not answers:
            raise EOFError
        return answers.pop(0)

    for name in ("GROK_API_KEY", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr("settings.SECRETS_FILES", ())
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", answer)
    monkeypatch.setattr("getpass.getpass", answer)
    return answers


def test_asks_at_a_terminal_and_adds_to_the_rehearsal(
    typed: list[str], cheap_hashes: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed += ["Lin", "storyboard", "storyboard"]
    assert main(["add", "--rehearsal"]) == 0
    assert capsys.readouterr().out == "Added lin (producer) to the rehearsal.\n"
    assert main(["list", "--rehearsal"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "demo\tproducer, admin\tDemo\t\tsample",
        "guest\tproducer\tGuest\t\tsample",
        "lin\tproducer\tlin\t\tdatabase",
    ]
    assert (tmp_path / "data" / "rehearsal" / "studio.sqlite3").exists()
    assert not (tmp_path / "data" / "studio.sqlite3").exists()


@pytest.mark.parametrize(
    ("arguments", "answers", "sentence"),
    [
        (["add", "lin"], ["storyboard", "storybored"], "The two passwords differ.\n"),
        (["add"], [], "Nothing was changed.\n"),
        (["add", "a b"], [], "User names have 1 to 64"),
        (["password", "demo", "--rehearsal"], [], "demo is a sample account"),
        (["password", "nobody"], [], "There is no account of that name.\n"),
    ],
)
def test_mistakes_at_a_terminal(
    typed: list[str],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    answers: list[str],
    sentence: str,
) -> None:
    typed += answers
    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith(sentence)


def test_a_database_that_cannot_be_opened_is_one_sentence(
    typed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://nowhere")
    assert main(["list"]) == 1
    assert capsys.readouterr().err.startswith("DATABASE_URL: use sqlite")
