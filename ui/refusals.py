"""Sentences for what cannot be sent: each says what is wrong and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from grok_api import InvalidRequest
from jobs.store import LimitReached
from ui.i18n import N_, _

_REQUEST: Final[Mapping[str, str]] = {
    "prompt_blank": N_("The prompt is empty. Say what should be seen."),
    "prompt_too_long": N_(
        "The prompt has {actual} bytes and the model takes {limit}. Shorten it a little "
        "(a Chinese character counts three)."
    ),
    "prompt_not_text": N_("The prompt contains characters that cannot be sent. Type it again."),
    "duration_out_of_range": N_("Choose one of these durations, in seconds: {allowed}."),
    "bad_resolution": N_("Choose one of these resolutions: {allowed}."),
    "bad_aspect_ratio": N_("Choose one of these aspect ratios: {allowed}."),
    "image_must_be_uploaded": N_("This model fetches no links. Upload the picture instead."),
    "image_wrong_size": N_(
        "That picture has {width} × {height} pixels; this model needs exactly {needed}. "
        "Crop or resize it and upload it again."
    ),
    "bad_image": N_(
        "That link cannot be used. Give a public https:// link to the picture, or upload it."
    ),
}

_OTHER: Final = N_("This request cannot be sent. Check each field and try again.")

_PICTURE: Final[Mapping[str, str]] = {
    "empty": N_("That file is empty. Choose another one."),
    "too_large": N_(
        "That picture has {megabytes} MB; the limit is {limit} MB. Save it smaller, for example as "
        "a JPEG, and upload it again."
    ),
    "heic": N_(
        "That is a {format} photo, which the model cannot read. Save it as JPEG first. For new photos "
        "on an iPhone choose Settings > Camera > Formats > Most Compatible."
    ),
    "not_a_picture": N_("That file does not contain a picture. Upload a PNG, JPEG or WebP."),
    "other_format": N_(
        "That is a {format} file, which the model cannot read. Upload a PNG, JPEG or WebP."
    ),
    "too_many_pixels": N_(
        "That picture has more than {limit} million pixels. Make it smaller and upload it again."
    ),
    "too_small": N_(
        "That picture is too small: it needs at least {least} pixels on each side. Choose a larger one."
    ),
    "too_narrow": N_("That picture is too long and narrow to make a video of. Crop it first."),
    "damaged": N_("That picture is damaged or cut off. Save it again and upload it anew."),
    "storage": N_(
        "The picture could not be stored. Tell whoever runs the studio; try again later."
    ),
}


def request_refusal(error: InvalidRequest) -> str:
    """What is wrong with a request, by the error's code."""
    allowed = error.values.get("allowed", ())
    choices = ", ".join(map(str, allowed)) if isinstance(allowed, tuple | list) else str(allowed)
    values = {name: _figure(value) for name, value in error.values.items()}
    values |= {"allowed": choices}
    return _(_REQUEST.get(error.code or "", _OTHER)).format(**values)


def picture_refusal(code: str, values: Mapping[str, Any]) -> str:
    """What is wrong with an upload, by the refusal's code."""
    figures = {name: _figure(value) for name, value in values.items()}
    return _(_PICTURE.get(code, _PICTURE["damaged"])).format(**figures)


def limit_refusal(reached: LimitReached) -> str:
    """What to do when the day's videos are used up."""
    return _(
        "You have asked for {n} videos in 24 hours, which is the limit here. "
        "Try again later, or ask whoever runs the studio to raise CLIPS_PER_DAY."
    ).format(n=reached.limit)


def _figure(value: object) -> object:
    return f"{value:,g}" if isinstance(value, int | float) and abs(value) < 1e6 else value
