"""The command line's options, and its exit codes by kind."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from grok_api import grok, waiting
from grok_api.client import BASE_URL
from grok_api.outcomes import Kind

EXIT: Mapping[Kind, int] = {
    "done": 0,
    "bad_request": 2,
    "pending": 3,
    "moderated": 4,
    "failed": 5,
    "expired": 6,
    "auth_error": 7,
    "quota_error": 8,
    "rate_limited": 9,
    "not_found": 10,
    "server_error": 11,
    "malformed": 12,
    "unknown": 13,
}
DISK_ERROR = 14
INTERRUPTED = 130

_EPILOG = f"""exit codes:
  0    done (create: accepted)
  2    the request or the command is wrong
  3    still running; check again with: python -m grok_api retrieve ID
  4    moderated         5   failed          6   expired
  7    key refused       8   no money        9   too fast
  10   not found         11  server error    12  malformed answer   13  unknown
  {DISK_ERROR}   the file could not be written
  {INTERRUPTED}  interrupted; a job that was created runs on

environment:
  GROK_API_KEY           the key (needed)
  GROK_API_BASE_URL      default {BASE_URL}
  GROK_API_CREATE_PATH   default: the document's path, then the older one"""


def parser() -> argparse.ArgumentParser:
    """Return the parser; the parsed `command` is generate, create, retrieve or models."""
    made = argparse.ArgumentParser(
        prog="python -m grok_api",
        description="Make videos, and fetch them. Prints JSON lines; progress goes to stderr.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    generate = _command(commands, "generate", "create a video, wait for it, save it")
    create = _command(commands, "create", "create a video and print its id")
    for command in (generate, create):
        _add_request(command)
    generate.add_argument("--out", type=Path, default=Path("video.mp4"), metavar="FILE")
    generate.add_argument("--interval", type=_seconds, default=waiting.INTERVAL, help="seconds")
    generate.add_argument("--timeout", type=_seconds, default=waiting.TIMEOUT, help="seconds")
    retrieve = _command(commands, "retrieve", "ask for a video once")
    retrieve.add_argument("request_id", metavar="ID")
    retrieve.add_argument("--download", action="store_true", help="save the video, as ID.mp4")
    retrieve.add_argument("--out", type=Path, metavar="FILE", help="save the video there")
    retrieve.add_argument("--model", default=grok.MODEL)
    _command(commands, "models", "list the key's models; checks the key at no cost")
    return made


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    text: str,
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=text,
        description=text,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_request(command: argparse.ArgumentParser) -> None:
    low, high = min(grok.LIMITS.durations), max(grok.LIMITS.durations)
    command.add_argument("prompt", help=f"at most {grok.LIMITS.prompt_bytes} bytes of UTF-8")
    command.add_argument(
        "--duration", type=int, default=grok.LIMITS.default_duration, help=f"seconds, {low}–{high}"
    )
    command.add_argument(
        "--resolution",
        default=grok.LIMITS.default_resolution,
        help=" or ".join(grok.LIMITS.resolutions),
    )
    command.add_argument("--aspect-ratio", help=", ".join(grok.LIMITS.aspect_ratios))
    command.add_argument("--image", metavar="URL_OR_FILE", help="the first frame")
    command.add_argument("--model", default=grok.MODEL)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e6:
        raise ValueError(text)
    return value
