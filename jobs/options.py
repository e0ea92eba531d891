"""The command line's options."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from grok_api import MODELS, limits_for
from jobs.job import State
from jobs.models import DEFAULT

_FILE = """with --file: one JSON object a line, with "prompt" and any of "duration", "resolution",
"aspect_ratio", "image", "model", "owner"; the options stand in for what a line leaves out.
All lines are checked before any is written. A line that was asked for before is not asked for
again, also from another file, unless --again is given."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{message[:1].upper()}{message[1:]}; see {self.prog} --help.\n")


_EXPORT = """The zip holds jobs, decisions and drafts, and all clips, posters and pictures that they name.
Accounts are left out, because their password hashes are secrets: add people anew. No key, session
or signed link is in it, but prompts and pictures are: keep it as you keep the data folder."""

_IMPORT = """What is there already is left alone and counted. Videos in flight are asked after with the
same key only. What waited or was being sent becomes "Outcome unknown": it is never sent by itself,
because the studio that it came from may have sent it."""


def parser() -> argparse.ArgumentParser:
    """The parser; the parsed `command` is enqueue, list, show, worker, export or import."""
    made = _Parser(prog="python -m jobs", description="The list of videos, and its worker.")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    shared = _Parser(add_help=False)
    shared.add_argument("--json", action="store_true", help="JSON lines on standard output")

    enqueue = commands.add_parser(
        "enqueue",
        parents=[shared],
        help="ask for videos",
        epilog=_FILE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = enqueue.add_argument
    add("prompt", nargs="?", help="what should be seen")
    add("--file", type=Path, metavar="JSONL", help="requests, one a line; - is standard input")
    add("--again", action="store_true", help="also what was asked for before")
    add("--duration", type=int, help="seconds (default: the model's own)")
    add("--resolution", help="for example 480p, or 1280x720 for Sora (default: the model's own)")
    add("--aspect-ratio", help=", ".join(limits_for(DEFAULT).aspect_ratios))
    add("--image", metavar="URL_OR_FILE", help="the first frame")
    add("--model", default=DEFAULT, help=f"{', '.join(MODELS)} (default: %(default)s)")
    add("--owner", default="admin", metavar="NAME", help="whose videos (default: %(default)s)")

    listing = commands.add_parser("list", parents=[shared], help="list the jobs, oldest first")
    listing.add_argument("--owner", metavar="NAME", help="only this person's")
    listing.add_argument(
        "--state", choices=[state.value for state in State], metavar="STATE", help=", ".join(State)
    )

    show = commands.add_parser("show", parents=[shared], help="show one job")
    show.add_argument("id", metavar="ID")

    worker = commands.add_parser(
        "worker",
        parents=[shared],
        help="work on the jobs until SIGTERM or Ctrl+C; --json tells of every change",
    )
    worker.add_argument(
        "--gateway", metavar="URL", help="without a key: a running sandbox (python -m sandbox)"
    )

    export = commands.add_parser(
        "export", parents=[shared], help="write a backup of the list and its files", epilog=_EXPORT
    )
    export.add_argument("file", type=Path, metavar="FILE.zip")
    export.add_argument("--owner", metavar="NAME", help="only this person's")

    bring = commands.add_parser(
        "import", parents=[shared], help="add what a backup holds to this studio", epilog=_IMPORT
    )
    bring.add_argument("file", type=Path, metavar="FILE.zip")
    return made
