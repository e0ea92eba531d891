"""Which module speaks for which model. A new model is a module like `grok` and one entry here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from grok_api import grok
from grok_api.answers import Answer
from grok_api.errors import InvalidRequest
from grok_api.limits import Limits
from grok_api.outcomes import Outcome
from grok_api.wire import Wire

if TYPE_CHECKING:
    from grok_api.request import VideoRequest


class Translation(Protocol):
    """What a model's module offers: pure functions, no I/O.

    A model whose videos are fetched from the API itself answers `Done` with the relative
    address of its content; the client makes it absolute and sends the key along.
    """

    @property
    def LIMITS(self) -> Limits: ...  # noqa: N802 - a module's constant

    @property
    def CREATE_PATHS(self) -> tuple[str, ...]: ...  # noqa: N802 - a module's constant

    def validate(self, request: VideoRequest, /) -> None:
        """Raise InvalidRequest."""

    def encode(self, request: VideoRequest, /) -> Wire:
        """Return the body of the create call, JSON or multipart."""

    def retrieve_path(self, request_id: str, /) -> str:
        """Return the path to poll."""

    def read_created(self, answer: Answer, base_url: str, prompt: str = "", /) -> Outcome:
        """Return the outcome of a create call; raise ApiError with `ambiguous` set."""

    def read_retrieved(self, answer: Answer, base_url: str, request_id: str, /) -> Outcome:
        """Return the outcome of a poll; raise ApiError."""


MODELS: Mapping[str, Translation] = {grok.MODEL: grok}


def translation(model: str) -> Translation:
    """Return the module for `model`, or for the family that its name continues.

    "grok-imagine-video-1.5" is spoken to as "grok-imagine-video". Raises InvalidRequest.
    """
    if isinstance(model, str):
        for name, module in MODELS.items():
            if model == name or model.startswith(f"{name}-"):
                return module
    raise InvalidRequest(
        f"The model must be one of {', '.join(MODELS)}.",
        field="model",
        code="bad_model",
        values={"actual": model, "allowed": tuple(MODELS)},
    )
