"""What a model is called, accepts and costs. Forms, estimates, validation and tests read the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is to be known of one model before anything is sent.

    Durations are whole seconds, `…_bytes` bytes, `image_types` MIME types, prices US dollars.
    """

    title: str
    """What people call the model."""
    durations: tuple[int, ...]
    default_duration: int
    resolutions: tuple[str, ...]
    """Labels ("720p"), or sizes in pixels ("1280x720")."""
    default_resolution: str
    aspect_ratios: tuple[str, ...]
    """Empty where the resolution decides it: then none may be sent."""
    default_aspect_ratio: str | None
    prompt_bytes: int
    """Of the prompt in UTF-8."""
    image_bytes: int
    image_types: tuple[str, ...]
    image_urls: bool
    """Whether a picture may be given as an https URL; a data URI always may."""
    image_exact_size: bool
    """Whether a picture must have exactly the pixels of the resolution."""
    people_refused: bool
    """Whether pictures that show people are turned away by the model's moderation."""
    second_prices: Mapping[str, float] = field(hash=False)
    """The vendor's list price of a second, by resolution; the gateway's own may differ."""
    picture_price: float
    """What a picture given with the prompt adds."""
    link_hours: float
    """How long a finished video's address lives as a rule."""
    notice: str | None = None
    """The code of something a screen should say beside the model."""
