"""The command line for accounts: `python -m people add | list | password | hash`."""

from __future__ import annotations

import argparse
import getpass
import sys
import time
from contextlib import closing

import settings
from jobs.database import Database, DatabaseUnusable
from people import passwords, samples
from people.accounts import AccountError, Accounts
from people.credentials import ROLES
from people.sessions import Sessions


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns the exit code; errors are one sentence on stderr."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "hash":
            print(passwords.make_hash(_ask_password()))
            return 0
        return _with_database(options)
    except (
        AccountError,
        passwords.PasswordError,
        settings.ConfigurationError,
        DatabaseUnusable,
    ) as error:
        print(error, file=sys.stderr)
    except (EOFError, KeyboardInterrupt):
        print("Nothing was changed.", file=sys.stderr)
    return 1


def _with_database(options: argparse.Namespace) -> int:
    current = settings.load()
    url = current.rehearsal_database if options.rehearsal else current.real_database
    with closing(Database(url)) as database:
        accounts = _accounts(database, options.rehearsal)
        if options.command == "list":
            _list(accounts)
        elif options.command == "add":
            _add(accounts, options)
        else:
            sessions = Sessions(database, accounts, current.session_days * 24 * 3600)
            _change_password(accounts, sessions, options.name)
    return 0


def _accounts(database: Database, rehearsal: bool) -> Accounts:
    """As the app has them: a rehearsal knows its samples and not the people of secrets.toml."""
    if rehearsal:
        return Accounts(database, {}, samples.CREDENTIALS)
    return Accounts(database, settings.read_secrets().get("credentials", {}))


def _add(accounts: Accounts, options: argparse.Namespace) -> None:
    name = accounts.check_new(options.name if options.name is not None else _ask_name())
    account = accounts.add(
        name,
        _ask_password(),
        options.email,
        options.first_name,
        options.last_name,
        options.role or (),
        now=time.time(),
    )
    where = " to the rehearsal" if options.rehearsal else ""
    print(f"Added {account.username} ({_words(account.roles)}){where}.")


def _list(accounts: Accounts) -> None:
    for name in accounts.names():
        if (account := accounts.find(name)) is not None:
            place = accounts.place(name)
            columns = (name, _words(account.roles), account.display_name, account.email, place)
            print("\t".join(columns))


def _change_password(accounts: Accounts, sessions: Sessions, name: str) -> None:
    name = accounts.check_changeable(name)
    accounts.set_password(name, _ask_password())
    sessions.revoke_all(name, time.time())
    print(f"Changed the password of {name}; open sessions have ended.")


def _ask_name() -> str:
    if not sys.stdin.isatty():
        raise AccountError("Give the user name: python -m people add NAME.")
    return input("User name: ")


def _ask_password() -> str:
    """A password, typed twice; one line of standard input where that is no terminal."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != password:
        raise AccountError("The two passwords differ.")
    return password


def _words(roles: frozenset[str]) -> str:
    return ", ".join(role for role in ROLES if role in roles)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m people", description="Who may sign in.")
    commands = parser.add_subparsers(dest="command", required=True)

    place = argparse.ArgumentParser(add_help=False)
    place.add_argument(
        "--rehearsal", action="store_true", help="accounts of the rehearsal, not the real ones"
    )

    add = commands.add_parser("add", parents=[place], help="add an account to the database")
    add.add_argument("name", nargs="?", help="user name; asked for where it is missing")
    add.add_argument("--email", default="")
    add.add_argument("--first-name", default="")
    add.add_argument("--last-name", default="")
    add.add_argument(
        "--role",
        action="append",
        choices=ROLES,
        help="may be given more than once; default: producer",
    )
    commands.add_parser("list", parents=[place], help="list the accounts")
    change = commands.add_parser(
        "password", parents=[place], help="change a password and end that person's sessions"
    )
    change.add_argument("name", help="user name")
    commands.add_parser("hash", help="print a password's hash for secrets.toml")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
