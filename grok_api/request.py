"""What to ask for: one video."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from grok_api import catalogue, grok
from grok_api.errors import InvalidRequest

_OWN: Any = object()  # stands for the model's own default until it is known


@dataclass(frozen=True, slots=True)
class VideoRequest:
    """A wish for one video, in the words of the API document; `limits_for(model)` has the limits.

    `duration` is whole seconds; `resolution` a label such as 720p, or a size in pixels such as
    1280x720; left out, both are the model's own defaults (6 and 480p for Grok). `aspect_ratio`
    None is the model's default (the picture's own ratio where there is a picture). `image` is a
    `data:image/…;base64,` URI, or an https URL where the model takes those.
    """

    prompt: str
    duration: int = _OWN
    resolution: str = _OWN
    aspect_ratio: str | None = None
    image: str | None = field(default=None, repr=False)
    model: str = grok.MODEL

    def __post_init__(self) -> None:
        try:
            limits = catalogue.limits_for(self.model)
        except InvalidRequest:  # told by `validate`
            limits = grok.LIMITS
        if self.duration is _OWN:
            object.__setattr__(self, "duration", limits.default_duration)
        if self.resolution is _OWN:
            object.__setattr__(self, "resolution", limits.default_resolution)

    def validate(self) -> None:
        """Raise InvalidRequest for the first mistake in the order of the fields."""
        catalogue.translation(self.model).validate(self)
