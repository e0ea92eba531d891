"""The body of a call as it goes over the wire, without the sending."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Wire:
    """A body: either a JSON object, or multipart `fields` and `files`.

    A file is (name, bytes, MIME type).
    """

    document: Mapping[str, object] | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, tuple[str, bytes, str]] = field(default_factory=dict)

    def json_bytes(self) -> bytes:
        """Return the JSON object in UTF-8."""
        return json.dumps(self.document, ensure_ascii=False, allow_nan=False).encode()
