"""Bodies of multipart/form-data, part by part, with exactly the bytes that came."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from typing import Any

from PIL import Image
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

MEDIA_TYPE = "multipart/form-data"


def media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


@dataclass
class Part:
    """One field. A file is a part with a file name; `type` is as its sender declared it."""

    name: str = ""
    file: str | None = None
    type: str = ""
    data: bytearray = field(default_factory=bytearray)

    def facts(self) -> Any:
        """The text of a field; the name, type, size, digest and pixels of a file."""
        if self.file is None:
            return self.data.decode("utf-8", "replace")
        return {
            "name": self.file,
            "type": self.type,
            "size": len(self.data),
            "sha256": hashlib.sha256(self.data).hexdigest(),
            "pixels": pixels(bytes(self.data)),
        }


def parts_of(content_type: str, body: bytes) -> list[Part]:
    """The parts in the order in which they came. Raises ValueError when the body is broken."""
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if media_type(content_type) != MEDIA_TYPE or not boundary:
        raise ValueError(f"the Content-Type is not {MEDIA_TYPE} with a boundary")
    reading = Reading()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": reading.begin,
                "on_header_field": reading.header_name,
                "on_header_value": reading.header_value,
                "on_header_end": reading.header_end,
                "on_part_data": reading.data,
                "on_end": reading.end,
            },
        )
        parser.write(body)
    except FormParserError as cause:
        raise ValueError(str(cause)) from cause
    if not reading.whole:
        raise ValueError("the closing boundary is missing")
    if not all(part.name for part in reading.parts):
        raise ValueError("a part has no name")
    return reading.parts


class Reading:
    """What the parser has told so far."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.header, self.value = bytearray(), bytearray()
        self.whole = False

    def begin(self) -> None:
        self.parts.append(Part())

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self.header += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]

    def header_end(self) -> None:
        part, name = self.parts[-1], self.header.lower()
        if name == b"content-disposition":
            options = parse_options_header(bytes(self.value))[1]
            part.name = options.get(b"name", b"").decode("utf-8", "replace")
            if (file := options.get(b"filename")) is not None:
                part.file = file.decode("utf-8", "replace")
        elif name == b"content-type":
            part.type = media_type(self.value.decode("latin-1"))
        self.header, self.value = bytearray(), bytearray()

    def data(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].data += data[start:end]

    def end(self) -> None:
        self.whole = True


def form_facts(content_type: str, body: bytes | None) -> dict[str, Any] | None:
    """Every field by name, one that came several times as a list; None when it is no form."""
    try:
        parts = parts_of(content_type, body or b"")
    except ValueError:
        return None
    told: dict[str, list[Any]] = {}
    for part in parts:
        told.setdefault(part.name, []).append(part.facts())
    return {name: facts[0] if len(facts) == 1 else facts for name, facts in told.items()}


def pixels(data: bytes) -> tuple[int, int] | None:
    """Width and height as stored, None when it is no picture."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
