"""The command line's options, and its exit codes by kind."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from grok_api import catalogue, grok, waiting
from grok_api.client import BASE_URL
from grok_api.limits import Limits
from grok_api.outcomes import Kind
from grok_api.validation import either

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
  GROK_API_CREATE_PATH   default: the document's path, then the older one (Grok)"""


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
    _add_model(retrieve)
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
    command.epilog = f"models:\n{_models()}\n\n{_EPILOG}"
    add = command.add_argument
    add("prompt", help="what should be seen")
    add("--duration", type=int, help="whole seconds")
    add("--resolution", "--size", help="such as 720p, or a size in pixels such as 1280x720")
    add("--aspect-ratio", help="such as 16:9")
    add("--image", metavar="URL_OR_FILE", help="the first frame")
    _add_model(command)


def _add_model(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--model", default=grok.MODEL, help=f"{either(list(catalogue.MODELS))} (%(default)s)"
    )


def _models() -> str:
    lines: list[str] = []
    for model in catalogue.MODELS:
        said = _allowed(catalogue.limits_for(model))
        lines += [f"  {model}", *(f"    {name:<13} {text}" for name, text in said)]
    return "\n".join(lines)


def _allowed(limits: Limits) -> list[tuple[str, str]]:
    """Return what a model accepts, as words by the name of the option."""
    image = "a file" if not limits.image_urls else "an https URL or a file"
    if limits.image_exact_size:
        image += ", of exactly the resolution's pixels"
    if limits.people_refused:
        image += ", without people"
    ratios = "none: the resolution has it"
    if limits.aspect_ratios:
        ratios = f"{either(limits.aspect_ratios)} ({limits.default_aspect_ratio})"
    return [
        ("prompt", f"at most {limits.prompt_bytes} bytes of UTF-8"),
        ("duration", f"{either(limits.durations)} ({limits.default_duration})"),
        ("resolution", f"{either(limits.resolutions)} ({limits.default_resolution})"),
        ("aspect ratio", ratios),
        ("image", image),
    ]


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e6:
        raise ValueError(text)
    return value
