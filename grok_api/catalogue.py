"""Which module speaks for which model. A new model is a module like `sora` and one word here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from grok_api import grok, sora
from grok_api.answers import Answer
from grok_api.errors import InvalidRequest
from grok_api.limits import Limits
from grok_api.outcomes import Outcome
from grok_api.wire import Wire

if TYPE_CHECKING:
    from grok_api.request import VideoRequest


class Translation(Protocol):
    """What a module offers for its models: constants and pure functions, no I/O."""

    @property
    def MODELS(self) -> Mapping[str, Limits]:  # noqa: N802 - a module's constant
        """The models' ids, each with its limits."""

    @property
    def TAKES_VERSIONS(self) -> bool:  # noqa: N802 - a module's constant
        """Whether "<id>-1.5" is spoken to as "<id>" is."""

    @property
    def CREATE_PATHS(self) -> tuple[str, ...]:  # noqa: N802 - a module's constant
        """The paths to create at; the next only where the one before proves not to be there."""

    def validate(self, request: VideoRequest, /) -> None:
        """Raise InvalidRequest; `validation.check_request` checks against limits."""

    def encode(self, request: VideoRequest, /) -> Wire:
        """Return the body of the create call, JSON or multipart."""

    def retrieve_path(self, request_id: str, /) -> str:
        """Return the path to poll."""

    def read_created(self, answer: Answer, base_url: str, prompt: str = "", /) -> Outcome:
        """Return the outcome of a create call; raise ApiError with `ambiguous` set."""

    def read_retrieved(self, answer: Answer, base_url: str, request_id: str, /) -> Outcome:
        """Return the outcome of a poll; raise ApiError."""


TRANSLATIONS: tuple[Translation, ...] = (grok, sora)
MODELS: Mapping[str, Translation] = {
    name: module for module in TRANSLATIONS for name in module.MODELS
}


def translation(model: str) -> Translation:
    """Return the module that speaks for `model`. Raises InvalidRequest bad_model."""
    return MODELS[_known(model)]


def limits_for(model: str = grok.MODEL) -> Limits:
    """Return what `model` is called, accepts and costs. Raises InvalidRequest bad_model."""
    name = _known(model)
    return MODELS[name].MODELS[name]


def offered(models: Iterable[str]) -> tuple[str, ...]:
    """Return those of our models that a list such as `VideoClient.models()` names, in our order.

    "grok-imagine-video-1.5" counts as "grok-imagine-video"; Sora's names must be exact.
    """
    named = {_ours(model) for model in models}
    return tuple(name for name in MODELS if name in named)


def _known(model: object) -> str:
    if (name := _ours(model)) is not None:
        return name
    raise InvalidRequest(
        f"The model must be one of {', '.join(MODELS)}.",
        field="model",
        code="bad_model",
        values={"actual": model, "allowed": tuple(MODELS)},
    )


def _ours(model: object) -> str | None:
    """Return the id in the catalogue that `model` is, or whose name it continues."""
    if not isinstance(model, str):
        return None
    if model in MODELS:
        return model
    families = (name for name, module in MODELS.items() if module.TAKES_VERSIONS)
    return next((name for name in families if model.startswith(f"{name}-")), None)
