"""What to ask for: one video."""

from __future__ import annotations

from dataclasses import dataclass, field

from grok_api import catalogue, grok


@dataclass(frozen=True, slots=True)
class VideoRequest:
    """A wish for one video, in the words of the API document.

    `prompt` is at most 4,096 UTF-8 bytes; `duration` whole seconds, 1–15; `resolution` 480p or
    720p; `aspect_ratio` one of seven, or None for 16:9 (for the picture's own ratio where
    there is a picture); `image` an https URL, or a `data:image/…;base64,` URI of at most
    10 MiB.
    """

    prompt: str
    duration: int = grok.LIMITS.default_duration
    resolution: str = grok.LIMITS.default_resolution
    aspect_ratio: str | None = None
    image: str | None = field(default=None, repr=False)
    model: str = grok.MODEL

    def validate(self) -> None:
        """Raise InvalidRequest for the first mistake in the order of the fields."""
        catalogue.translation(self.model).validate(self)
