"""The translation for sora-2 and sora-2-pro: request to wire, answer to outcome, no I/O."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from grok_api import states
from grok_api.addresses import origin
from grok_api.answers import Answer
from grok_api.images import decode_data_uri
from grok_api.limits import Limits
from grok_api.outcomes import Done, Outcome
from grok_api.validation import check_request
from grok_api.wire import Wire

if TYPE_CHECKING:
    from grok_api.request import VideoRequest

# OpenAI's; the picture's largest size is ours, for none is published.
_SORA_2 = Limits(
    title="Sora 2",
    durations=(4, 8, 12),
    default_duration=4,
    resolutions=("720x1280", "1280x720"),
    default_resolution="720x1280",
    aspect_ratios=(),
    default_aspect_ratio=None,
    prompt_bytes=32_000,
    image_bytes=10 * 2**20,
    image_types=("image/png", "image/jpeg", "image/webp"),
    image_urls=False,
    image_exact_size=True,
    people_refused=True,
    second_prices={"720x1280": 0.10, "1280x720": 0.10},
    picture_price=0.0,
    link_hours=1,
    # OpenAI announced the end of its API for this day; gateways may serve it longer.
    notice="shutdown_2026_09_24",
)
_SORA_2_PRO = replace(
    _SORA_2,
    title="Sora 2 Pro",
    resolutions=("720x1280", "1280x720", "1024x1792", "1792x1024"),
    second_prices={"720x1280": 0.30, "1280x720": 0.30, "1024x1792": 0.50, "1792x1024": 0.50},
)
MODELS = {"sora-2": _SORA_2, "sora-2-pro": _SORA_2_PRO}
TAKES_VERSIONS = False

CREATE_PATHS = ("/v1/videos",)

_CONTENT = re.compile(r"https?://[^/]+(?:/[^?#]*)?/v1/videos/[^/?#]+/content/?(?:\?variant=video)?")


def validate(request: VideoRequest, /) -> None:
    """Raise InvalidRequest."""
    check_request(request, MODELS[request.model])


def encode(request: VideoRequest, /) -> Wire:
    """Return the multipart body; the picture goes as a file."""
    fields = {
        "model": request.model,
        "prompt": request.prompt,
        "seconds": str(request.duration),
        "size": request.resolution,
    }
    if request.image is None:
        return Wire(fields=fields)
    mime, data = decode_data_uri(request.image, MODELS[request.model])
    name = f"input_reference.{mime.removeprefix('image/')}"
    return Wire(fields=fields, files={"input_reference": (name, data, mime)})


def retrieve_path(request_id: str, /) -> str:
    """Return the path to poll."""
    return f"/v1/videos/{quote(request_id, safe='')}"


def read_created(answer: Answer, base_url: str, prompt: str = "", /) -> Outcome:
    """Return what a create call brought; raise ApiError, `ambiguous` where it may be accepted."""
    return _at_home(states.read(answer, base_url, creating=True, prompt=prompt), base_url)


def read_retrieved(answer: Answer, base_url: str, request_id: str, /) -> Outcome:
    """Return the state of a job; raise ApiError. Done without a URL is fetched as content."""
    content = _content(base_url, request_id)
    outcome = states.read(answer, base_url, request_id=request_id, content_url=content)
    return _at_home(outcome, base_url)


def _content(base_url: str, request_id: str) -> str:
    return f"{base_url}{retrieve_path(request_id)}/content"


def _at_home(outcome: Outcome, base_url: str) -> Outcome:
    """Return `outcome` with its poster, and with a content call addressed to the API itself.

    A relay may name the call by a host of its own, perhaps "localhost", where the key never goes.
    """
    if not isinstance(outcome, Done) or outcome.request_id is None:
        return outcome
    content, url = _content(base_url, outcome.request_id), outcome.url
    if _CONTENT.fullmatch(url) and origin(url) != origin(base_url):
        url = content
    return replace(outcome, url=url, poster_url=f"{content}?variant=thumbnail")
