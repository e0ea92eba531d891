"""Requests from the command line: read and checked, ready to be written."""

from __future__ import annotations

import argparse
import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from grok_api import ApiError, VideoRequest
from jobs.archive import Archive, picture_name
from jobs.job import NewJob
from jobs.picture import LARGEST_UPLOAD, Picture, PictureRefused, prepare
from jobs.pricing import estimate
from settings import Settings

NAMES: Final = ("prompt", "duration", "resolution", "aspect_ratio", "image", "model", "owner")
_OWN: Final = ("duration", "resolution")

MOST_NAMED: Final = 5
"""Bad lines named in one sentence; the rest are counted."""


class Refused(Exception):
    """Nothing was written; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One checked request and its picture, which is kept only once all are checked."""

    new: NewJob
    picture: Picture | None = None


def read_file(lines: Iterable[str], options: argparse.Namespace, settings: Settings) -> list[Asked]:
    """Reads JSON lines; blank ones are passed over. Raises Refused, naming the bad ones."""
    found: list[Asked] = []
    bad: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(checked(_values(line, options), settings))
        except Refused as refusal:
            bad.append(f"line {number}: {str(refusal).rstrip('.')}")
    if bad:
        more = f"; and {len(bad) - MOST_NAMED} more" if len(bad) > MOST_NAMED else ""
        raise Refused(f"Nothing was enqueued: {'; '.join(bad[:MOST_NAMED])}{more}.")
    if not found:
        raise Refused("Nothing was enqueued: the file has no requests.")
    return found


def _values(line: str, options: argparse.Namespace) -> dict[str, Any]:
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        raise Refused("not JSON") from None
    if not isinstance(given, dict):
        raise Refused("not a JSON object")
    if strange := [name for name in given if name not in NAMES]:
        raise Refused(f"unknown field {json.dumps(strange[0])[:60]}")
    defaults = {name: getattr(options, name) for name in NAMES if name != "prompt"}
    return {"prompt": None, **defaults, **given}


def checked(values: Mapping[str, Any], settings: Settings) -> Asked:
    """A request ready to be written. Raises Refused."""
    owner, image = values["owner"], values["image"]
    if not isinstance(owner, str) or not owner.strip() or not owner.isprintable():
        raise Refused("The owner must be a name")
    url, picture = _image(image)
    try:
        request = VideoRequest(
            prompt=values["prompt"],
            aspect_ratio=values["aspect_ratio"],
            image=picture.data_uri() if picture else url,
            model=values["model"],
            # Left out, they are the model's own.
            **{name: values[name] for name in _OWN if values[name] is not None},
        )
        request.validate()
    except ApiError as error:
        raise Refused(error.message) from None
    if "\0" in request.prompt:  # PostgreSQL keeps none
        raise Refused("The prompt has a NUL character")
    new = NewJob(
        owner=owner.strip(),
        prompt=request.prompt.strip(),
        duration=request.duration,
        resolution=request.resolution,
        aspect_ratio=request.aspect_ratio,
        image_url=url,
        picture=picture.name if picture else None,
        model=request.model,
        estimate_usd=estimate(
            settings,
            request.model,
            request.resolution,
            request.duration,
            picture=image is not None,
        ),
    )
    return Asked(new, picture)


def _image(image: object) -> tuple[str | None, Picture | None]:
    """The picture's address, or the picture of a file. Raises Refused."""
    if image is None:
        return None, None
    if not isinstance(image, str) or not image.strip() or image.startswith("data:"):
        raise Refused("The image must be a URL or the name of a file")
    if "://" in image:
        return image.strip(), None
    try:
        with Path(image).open("rb") as file:
            return None, prepare(file.read(LARGEST_UPLOAD + 1))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file's name"
        raise Refused(f"The image {json.dumps(image)[:100]} cannot be read ({reason})") from None
    except PictureRefused as refusal:
        raise Refused(f"The image cannot be used ({refusal.code.replace('_', ' ')})") from None


def keep_pictures(asked: Iterable[Asked], archive: Archive) -> None:
    """Puts the pictures into the archive. Raises OSError."""
    for one in asked:
        if one.picture is not None and not archive.has(picture_name(one.picture.name)):
            archive.put(picture_name(one.picture.name), one.picture.data)


def tokens(asked: Sequence[Asked], *, again: bool) -> list[str]:
    """The form tokens: the same for the same request, unless it is wanted `again`.

    Where a file has a request several times over, each of them counts.
    """
    seen: Counter[str] = Counter()
    made = []
    for one in asked:
        # The estimate is ours, not the person's: another price is no other request.
        wish = {
            field.name: getattr(one.new, field.name)
            for field in fields(NewJob)
            if field.name != "estimate_usd"
        }
        text = json.dumps(wish, sort_keys=True)
        seen[text] += 1
        digest = hashlib.sha256(f"{seen[text]} {text}".encode()).hexdigest()
        made.append(uuid.uuid4().hex if again else f"file-{digest}")
    return made
