"""Sentences for what cannot be sent: each says what is wrong and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from grok_api import InvalidRequest, limits_for
from ui.i18n import N_, _

_REQUEST: Final[Mapping[str, str]] = {
    "prompt_blank": N_("The prompt is empty. Say what should be seen."),
    "prompt_too_long": N_(
        "The prompt has {actual} bytes and the model takes {limit}. Shorten it a little "
        "(a Chinese character counts three)."
    ),
    "prompt_not_text": N_("The prompt holds letters that are not text. Type it anew."),
    "duration_out_of_range": N_("Choose a duration of {shortest} to {longest} whole seconds."),
    "bad_resolution": N_("Choose one of these resolutions: {resolutions}."),
    "bad_aspect_ratio": N_("Choose one of these aspect ratios: {ratios}."),
    "bad_image": N_(
        "That link cannot be used. Give a public https:// link to the picture, or upload it."
    ),
}

_PICTURE: Final[Mapping[str, str]] = {
    "empty": N_("That file is empty. Choose another one."),
    "too_large": N_(
        "That picture has {megabytes} MB; the limit is {limit} MB. Save it smaller, for example as "
        "a JPEG, and upload it again."
    ),
    "heic": N_(
        "That is a HEIC or AVIF photo, which the model cannot read. On an iPhone choose Settings > "
        "Camera > Formats > Most compatible, or save the photo as JPEG first."
    ),
    "not_a_picture": N_(
        "That file is not a picture, whatever its name says. Upload a PNG, JPEG or WebP."
    ),
    "other_format": N_(
        "That picture is a {format} file, which the model cannot read. Save it as PNG, JPEG or WebP."
    ),
    "too_many_pixels": N_(
        "That picture has {megapixels} million pixels; the limit is {limit}. Make it smaller and upload it again."
    ),
    "too_small": N_("That picture is too small to make a video of. Choose a larger one."),
    "too_narrow": N_("That picture is too long and narrow to make a video of. Crop it first."),
    "damaged": N_("That picture is damaged or cut off. Save it again and upload it anew."),
    "storage": N_(
        "The picture could not be stored. Tell whoever runs the studio; try again later."
    ),
}


def request_refusal(error: InvalidRequest) -> str:
    """What is wrong with a request, by the error's code."""
    limits = limits_for()
    values = {
        "actual": "",
        "shortest": min(limits.durations),
        "longest": max(limits.durations),
        "resolutions": ", ".join(limits.resolutions),
        "ratios": ", ".join(limits.aspect_ratios),
        **{name: _figure(value) for name, value in error.values.items()},
    }
    return _(_REQUEST.get(error.code or "", _REQUEST["bad_image"])).format(**values)


def picture_refusal(code: str, values: Mapping[str, Any]) -> str:
    """What is wrong with an upload, by the refusal's code."""
    return _(_PICTURE.get(code, _PICTURE["damaged"])).format(**values)


def _figure(value: object) -> object:
    return f"{value:,}" if isinstance(value, int) else value
