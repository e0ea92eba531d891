"""Which models a person may choose from: what the key's gateway lists, and what the settings say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from grok_api import MODELS, limits_for, offered
from settings import Settings

DEFAULT: Final = next(iter(MODELS))


def title(model: str) -> str:
    """What people call the model; its own name where the catalogue knows it no longer."""
    return limits_for(model).title if model in MODELS else model


def usable(settings: Settings, listed: Sequence[str] | None) -> tuple[str, ...]:
    """Models to offer, in the catalogue's order, never none.

    `listed` is what the gateway's `GET /v1/models` named, None before it has answered. The setting
    MODELS is a list that stands instead of it, or adds (`+sora-2`) and takes away (`-sora-2`).
    """
    words = [word.strip() for word in settings.models.split(",") if word.strip()]
    names = {word for word in words if word[0] not in "+-"}
    if not names:
        names = set(offered(listed) if listed is not None else (DEFAULT,))
    names |= {word[1:] for word in words if word[0] == "+"}
    names -= {word[1:] for word in words if word[0] == "-"}
    return tuple(name for name in MODELS if name in names) or (DEFAULT,)
