"""Checks a request against a model's limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from grok_api.errors import InvalidRequest
from grok_api.images import check_image
from grok_api.limits import Limits

if TYPE_CHECKING:
    from grok_api.request import VideoRequest


def check_request(request: VideoRequest, limits: Limits) -> None:
    """Raise InvalidRequest for the first mistake in the order of the fields."""
    _check_prompt(request.prompt, limits)
    _check_duration(request.duration, limits)
    _check_choice("resolution", request.resolution, limits.resolutions)
    if request.aspect_ratio is not None:
        _check_choice("aspect_ratio", request.aspect_ratio, limits.aspect_ratios)
    if request.image is not None:
        check_image(request.image, limits, request.resolution)


def either(choices: Sequence[int] | Sequence[str]) -> str:
    """Return choices in words: "1–15" for whole numbers without a gap, else "4, 8 or 12"."""
    numbers = [one for one in choices if isinstance(one, int)]
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[0] + len(choices))):
        return f"{numbers[0]}–{numbers[-1]}"
    *most, last = (str(one) for one in choices)
    return f"{', '.join(most)} or {last}" if most else last


def _check_prompt(prompt: object, limits: Limits) -> None:
    """Raise InvalidRequest: prompt_not_text, prompt_blank or prompt_too_long (UTF-8 bytes)."""
    try:
        size = len(prompt.encode()) if isinstance(prompt, str) else -1
    except UnicodeEncodeError:
        size = -1
    if not isinstance(prompt, str) or size < 0:
        raise InvalidRequest("The prompt is not text.", field="prompt", code="prompt_not_text")
    if not prompt.strip():
        raise InvalidRequest("The prompt is blank.", field="prompt", code="prompt_blank")
    if size > limits.prompt_bytes:
        raise InvalidRequest(
            f"The prompt has {size} bytes; {limits.prompt_bytes} are allowed.",
            field="prompt",
            code="prompt_too_long",
            values={"actual": size, "limit": limits.prompt_bytes, "unit": "bytes"},
        )


def _check_duration(duration: object, limits: Limits) -> None:
    """Raise InvalidRequest duration_out_of_range for all but an allowed whole number."""
    # bool is an int in Python, and True would be sent as `true`.
    if type(duration) is not int or duration not in limits.durations:
        low, high = min(limits.durations), max(limits.durations)
        raise InvalidRequest(
            f"The duration must be a whole number of seconds: {either(limits.durations)}.",
            field="duration",
            code="duration_out_of_range",
            values={"actual": duration, "min": low, "max": high, "allowed": limits.durations},
        )


def _check_choice(field: str, value: object, allowed: tuple[str, ...]) -> None:
    """Raise InvalidRequest `bad_<field>` for a value that is not among `allowed`."""
    if not isinstance(value, str) or value not in allowed:
        name = field.replace("_", " ")
        raise InvalidRequest(
            f"The {name} must be {either(allowed)}." if allowed else f"The model takes no {name}.",
            field=field,
            code=f"bad_{field}",
            values={"actual": value, "allowed": allowed},
        )
