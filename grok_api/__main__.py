"""The command line: JSON lines on stdout, progress on stderr, an exit code by kind."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from grok_api import client as api
from grok_api import grok, waiting
from grok_api.catalogue import limits_for
from grok_api.errors import ApiError, AuthError, InvalidRequest, NoVideo
from grok_api.images import data_uri
from grok_api.options import DISK_ERROR, EXIT, INTERRUPTED, parser
from grok_api.outcomes import Done, Outcome, Pending
from grok_api.request import VideoRequest


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = parser().parse_args(arguments)
    running: list[str] = []
    try:
        code: int = _COMMANDS[options.command](_client(), options, running)
        return code
    except KeyboardInterrupt:
        if running:
            _note(
                f"Interrupted. The job runs on, and is paid; resume: {_resume(running[0], options)}"
            )
        else:
            _note("Interrupted before an id came. If a request was sent, it may run, and be paid.")
        return INTERRUPTED
    except ApiError as error:
        _print_error(error, running, options)
        if isinstance(error, NoVideo) and error.outcome is not None:
            return EXIT[error.outcome.kind]
        return EXIT[error.kind]
    except OSError as error:
        _note(f"The file could not be read or written: {error.strerror or type(error).__name__}.")
        if running:
            _note(f"The video can still be fetched: {_resume(running[0], options)} --out FILE")
        return DISK_ERROR


def _create(client: api.VideoClient, options: argparse.Namespace, running: list[str]) -> int:
    outcome = _submit(client, options, running)
    return 0 if isinstance(outcome, Pending) else EXIT[outcome.kind]


def _generate(client: api.VideoClient, options: argparse.Namespace, running: list[str]) -> int:
    # Found before anything is paid: the file must have a folder to go to.
    if not options.out.absolute().parent.is_dir():
        raise InvalidRequest("The folder of --out does not exist.", field="out", code="no_folder")
    outcome = _submit(client, options, running)
    if not isinstance(outcome, Pending):
        return _finish(client, outcome, options) if outcome.kind == "done" else EXIT[outcome.kind]
    outcome = waiting.wait(
        client,
        outcome,
        model=options.model,
        interval=options.interval,
        timeout=options.timeout,
        tell=_tell,
    )
    return _finish(client, outcome, options)


def _retrieve(client: api.VideoClient, options: argparse.Namespace, running: list[str]) -> int:
    running.append(options.request_id)
    if options.out is None and options.download:
        name = "".join(c if c.isalnum() else "_" for c in options.request_id)
        options.out = Path(f"{name}.mp4")
    return _finish(client, client.retrieve(options.request_id, model=options.model), options)


def _models(client: api.VideoClient, options: argparse.Namespace, running: list[str]) -> int:
    _print({"kind": "done", "models": client.models()})
    return 0


def _submit(client: api.VideoClient, options: argparse.Namespace, running: list[str]) -> Outcome:
    image: str | None = options.image
    if image and "://" not in image and not image.startswith("data:"):
        image = data_uri(Path(image).read_bytes())
    limits = limits_for(options.model)
    request = VideoRequest(
        options.prompt,
        limits.default_duration if options.duration is None else options.duration,
        limits.default_resolution if options.resolution is None else options.resolution,
        options.aspect_ratio,
        image,
        options.model,
    )
    outcome = client.create(request)
    if outcome.request_id:
        running.append(outcome.request_id)
    _print(_record(outcome))
    if isinstance(outcome, Pending):
        _note(
            f"Created {outcome.request_id}; to check again: {_resume(outcome.request_id, options)}"
        )
    return outcome


def _finish(client: api.VideoClient, outcome: Outcome, options: argparse.Namespace) -> int:
    record = _record(outcome)
    if isinstance(outcome, Done) and options.out is not None:
        try:
            clip = client.download(outcome, options.out)
        except (ApiError, OSError):
            # The address is of use even where the fetching failed.
            _print(record)
            raise
        record |= {"clip": str(clip.path), "bytes": clip.bytes, "sha256": clip.sha256}
        _note(f"Saved {clip.path} ({clip.bytes} bytes).")
    _print(record)
    if isinstance(outcome, Pending):
        _note(f"Still running; check again: {_resume(outcome.request_id, options)}")
    return EXIT[outcome.kind]


def _record(outcome: Outcome) -> dict[str, object]:
    fields = dataclasses.asdict(outcome)
    return {"request_id": fields.pop("request_id"), "kind": outcome.kind, **fields}


def _print_error(error: ApiError, running: list[str], options: argparse.Namespace) -> None:
    record: dict[str, object] = {"request_id": running[0] if running else None, "kind": error.kind}
    for name in ("message", "code", "http_status", "retry_after", "ambiguous"):
        record[name] = getattr(error, name)
    if isinstance(error, InvalidRequest):
        record["field"] = error.field
    _print(record)
    _note(error.message)
    if error.ambiguous:
        _note("The job may have been accepted, and may be paid. Do not simply repeat it.")
    elif running:
        _note(f"Check again: {_resume(running[0], options)}")


def _tell(news: Pending | ApiError) -> None:
    if isinstance(news, Pending):
        progress = "" if news.progress is None else f" {news.progress} %"
        _note(f"{news.status or 'pending'}{progress}")
    else:
        _note(f"{news.kind}, asking again: {news.message}")


def _resume(request_id: str, options: argparse.Namespace) -> str:
    model = "" if options.model == grok.MODEL else f" --model {options.model}"
    return f"python -m grok_api retrieve {request_id}{model}"


def _print(record: dict[str, object]) -> None:
    print(json.dumps(record), flush=True)


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _client() -> api.VideoClient:
    key = os.environ.get("GROK_API_KEY", "").strip()
    if not key:
        raise AuthError("No API key: set GROK_API_KEY.", sent=False, code="no_api_key")
    base_url = os.environ.get("GROK_API_BASE_URL", "").strip() or api.BASE_URL
    path = os.environ.get("GROK_API_CREATE_PATH", "").strip() or None
    return api.VideoClient(key, base_url, create_path=path)


_Run = Callable[[api.VideoClient, argparse.Namespace, list[str]], int]
_COMMANDS: Mapping[str, _Run] = {
    "generate": _generate,
    "create": _create,
    "retrieve": _retrieve,
    "models": _models,
}

if __name__ == "__main__":
    sys.exit(main())
