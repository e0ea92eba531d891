"""The translation for grok-imagine-video: request to wire, answer to outcome, no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from grok_api import states
from grok_api.answers import Answer
from grok_api.limits import Limits
from grok_api.outcomes import Outcome
from grok_api.validation import check_request
from grok_api.wire import Wire

if TYPE_CHECKING:
    from grok_api.request import VideoRequest

MODEL = "grok-imagine-video"

# From the API document; the prompt's bytes, the picture's size and types and the prices are xAI's.
LIMITS = Limits(
    title="Grok Imagine Video",
    durations=tuple(range(1, 16)),
    default_duration=6,
    resolutions=("480p", "720p"),
    default_resolution="480p",
    aspect_ratios=("16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3"),
    default_aspect_ratio="16:9",
    prompt_bytes=4096,
    image_bytes=10 * 2**20,
    image_types=("image/png", "image/jpeg", "image/webp"),
    image_urls=True,
    image_exact_size=False,
    people_refused=False,
    second_prices={"480p": 0.05, "720p": 0.07},
    picture_price=0.002,
    link_hours=24,
)
MODELS = {MODEL: LIMITS}
TAKES_VERSIONS = True

# The document's path, then the one that the vendor's openapi.json still names.
CREATE_PATHS = ("/v1/videos", "/v1/videos/generations")


def validate(request: VideoRequest, /) -> None:
    """Raise InvalidRequest."""
    check_request(request, LIMITS)


def encode(request: VideoRequest, /) -> Wire:
    """Return the JSON body. Everything that has differing defaults elsewhere is sent always."""
    document: dict[str, object] = {
        "model": request.model,
        "prompt": request.prompt,
        "duration": request.duration,
        "resolution": request.resolution,
    }
    ratio = request.aspect_ratio
    if request.image is None:
        ratio = ratio or LIMITS.default_aspect_ratio
    else:
        # A top-level `image_url` would be ignored, and billed.
        document["image"] = {"url": request.image}
    # A picture keeps its own ratio unless one is chosen: xAI stretches it otherwise.
    if ratio is not None:
        document["aspect_ratio"] = ratio
    return Wire(document)


def retrieve_path(request_id: str, /) -> str:
    """Return the path to poll."""
    return f"/v1/videos/{quote(request_id, safe='')}"


def read_created(answer: Answer, base_url: str, prompt: str = "", /) -> Outcome:
    """Return what a create call brought; raise ApiError, `ambiguous` where it may be accepted."""
    return states.read(answer, base_url, creating=True, prompt=prompt)


def read_retrieved(answer: Answer, base_url: str, request_id: str, /) -> Outcome:
    """Return the state of a job; raise ApiError. Done without any URL is a failure."""
    return states.read(answer, base_url, request_id=request_id)
