"""The model families. Another one is a module with such a class, listed below."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Protocol

from sandbox.answers import Answer
from sandbox.checks import Order
from sandbox.faults import Tags
from sandbox.forms import parts_of
from sandbox.grok import Grok
from sandbox.jobs import Job
from sandbox.sora import Sora


class Family(Protocol):
    """One model family's way to speak. Routes of its own go into `sandbox.app`."""

    name: str
    models: tuple[str, ...]
    owner: str
    has_content: bool
    """Whether clips can be had with the key, from `/v1/videos/{id}/content`."""
    refusals: Mapping[str, Answer]
    """What some tags answer at a create, instead of what they answer everywhere else."""
    clipless: frozenset[str]
    """The tags that end without a file to download."""

    def speaks(self, content_type: str) -> bool:
        """Whether a create of this content type that names no known model is for this family."""

    def read(self, content_type: str, body: bytes) -> Order:
        """Check a create as strictly as the documents read. Raises RefusedError."""

    def new_id(self) -> str: ...
    def created(self, job: Job, tags: Tags) -> Answer: ...
    def pending(self, job: Job, tags: Tags, share: float) -> Answer: ...
    def ended(self, job: Job, tags: Tags, base: str) -> Answer: ...

    def has_url(self, tags: Tags) -> bool:
        """Whether the clip can be had without a key, by a URL."""


FAMILIES: dict[str, Family] = {family.name: family for family in (Grok(), Sora())}
MODELS = tuple(model for family in FAMILIES.values() for model in family.models)


def model_named(content_type: str, body: bytes) -> str:
    """The model that a create asks for, blank when it cannot be told."""
    try:
        if content_type.lower().startswith("multipart/"):
            values = [p.data.decode() for p in parts_of(content_type, body) if p.name == "model"]
            return values[0] if values else ""
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    model = fields.get("model") if isinstance(fields, dict) else None
    return model if isinstance(model, str) else ""


def family_of(model: str, content_type: str) -> Family:
    """Who answers a create: whoever has the model, else whoever takes such bodies."""
    families = FAMILIES.values()
    return next(
        (family for family in families if model in family.models),
        next(family for family in families if family.speaks(content_type)),
    )
