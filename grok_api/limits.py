"""What a model accepts, and the checks against it. Forms, validation and tests read the same."""

from __future__ import annotations

from dataclasses import dataclass

from grok_api.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Limits:
    """What one model accepts. Durations are whole seconds, sizes bytes, types MIME types."""

    durations: tuple[int, ...]
    default_duration: int
    resolutions: tuple[str, ...]
    default_resolution: str
    aspect_ratios: tuple[str, ...]
    default_aspect_ratio: str
    prompt_bytes: int
    image_bytes: int
    image_types: tuple[str, ...]


def check_prompt(prompt: object, limits: Limits) -> None:
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


def check_duration(duration: object, limits: Limits) -> None:
    """Raise InvalidRequest duration_out_of_range for all but an allowed whole number."""
    # bool is an int in Python, and True would be sent as `true`.
    if type(duration) is not int or duration not in limits.durations:
        low, high = min(limits.durations), max(limits.durations)
        raise InvalidRequest(
            f"The duration must be a whole number of seconds from {low} to {high}.",
            field="duration",
            code="duration_out_of_range",
            values={"actual": duration, "min": low, "max": high, "allowed": limits.durations},
        )


def check_choice(field: str, value: object, allowed: tuple[str, ...]) -> None:
    """Raise InvalidRequest `bad_<field>` for a value that is not among `allowed`."""
    if not isinstance(value, str) or value not in allowed:
        raise InvalidRequest(
            f"The {field.replace('_', ' ')} must be one of {', '.join(allowed)}.",
            field=field,
            code=f"bad_{field}",
            values={"actual": value, "allowed": allowed},
        )
