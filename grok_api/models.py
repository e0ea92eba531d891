"""Reads the answer of GET /v1/models, which checks a key at no cost."""

from __future__ import annotations

from grok_api.answers import Answer, failure, kind_by_status, kind_by_words
from grok_api.complaint import complaint
from grok_api.documents import decode
from grok_api.errors import Malformed


def read_models(answer: Answer) -> list[str]:
    """Return the model ids, in the gateway's order; raise ApiError."""
    decoded = decode(answer.body)
    said = complaint(decoded.value)
    if decoded.form == "text":
        said.remarks.append(decoded.text[:2000])
    listed = _listed(decoded.value)
    if answer.status == 200 and listed is not None:
        return [name for item in listed if (name := _name(item))]
    kind = kind_by_words(answer.status, decoded, said)
    if kind is None or kind == "moderated":
        kind = kind_by_status(said.status or answer.status, decoded)
    if kind == "malformed":
        raise Malformed("The list of models cannot be read.", http_status=answer.status)
    raise failure(kind, answer, said, creating=False)


def _listed(value: object) -> list[object] | None:
    for _ in range(3):
        if isinstance(value, list):
            return value
        if not isinstance(value, dict):
            return None
        value = value.get("data", value.get("models"))
    return None


def _name(item: object) -> str:
    if isinstance(item, dict):
        item = item.get("id") or item.get("name")
    return item.strip() if isinstance(item, str) else ""
