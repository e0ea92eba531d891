"""How a sandbox behaves, whatever the prompts say."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sandbox.families import MODELS
from sandbox.faults import TAGS, At, Tags, named

MEGABYTE = 1024 * 1024
CREATE_SIDE = (At.REFUSE, At.ACCEPT, At.WORK)


@dataclass(frozen=True)
class Options:
    state: Path | None = None
    """Folder that keeps jobs and clips; a temporary one when None."""
    seconds: tuple[float, float] = (5.0, 10.0)
    """The work on a video takes between these."""
    key: str | None = field(default=None, repr=False)
    """The only valid key; None accepts any but `wrong-key` and those that begin with `bad`."""
    create_faults: Tags = field(default_factory=dict)
    poll_faults: Tags = field(default_factory=dict)
    latency: float = 0.0
    """Seconds before every answer."""
    seed: int | None = None
    shared_clips: bool = False
    """One plain clip for all videos of a size and length, rendered once: for load tests."""
    body_limit: int = 20 * MEGABYTE
    models: tuple[str, ...] = MODELS
    """The models that are listed and may be used; a create for another one is refused."""

    @property
    def faults(self) -> Tags:
        return self.create_faults | self.poll_faults

    def changed(self, values: dict[str, Any]) -> Options:
        """These options with some replaced, as sent by a test. Raises ValueError, TypeError."""
        changes: dict[str, Any] = {}
        for name, value in values.items():
            match name:
                case "seconds":
                    changes[name] = span(value)
                case "latency":
                    changes[name] = max(0.0, float(value))
                case "key":
                    changes[name] = None if value is None else str(value)
                case "create_fault":
                    changes["create_faults"] = create_fault(value or "")
                case "poll_fault":
                    changes["poll_faults"] = poll_fault(value or "")
                case "models":
                    changes[name] = MODELS if value is None else model_names(value)
                case _:
                    raise ValueError(f"unknown option: {name}")
        return replace(self, **changes)


def span(values: Any) -> tuple[float, float]:
    """Read [min, max] seconds. Raises ValueError, TypeError."""
    low, high = (float(value) for value in values)
    if not 0 <= low <= high:
        raise ValueError("seconds must be 0 <= min <= max")
    return low, high


def model_names(values: Any) -> tuple[str, ...]:
    """Read names of models, as a list or parted by commas. Raises ValueError, TypeError."""
    names = values.split(",") if isinstance(values, str) else list(values)
    names = [str(name).strip() for name in names]
    for name in names:
        if name not in MODELS:
            raise ValueError(f"unknown model {name!r}; known are {', '.join(MODELS)}")
    return tuple(dict.fromkeys(names))


def create_fault(text: str) -> Tags:
    """A fault of every create, as `name` or `name:N`. Raises ValueError."""
    return of_side(named(text), create=True)


def poll_fault(text: str) -> Tags:
    """A fault of every poll, end or download, as `name` or `name:N`. Raises ValueError."""
    return of_side(named(text), create=False)


def of_side(tags: Tags, *, create: bool) -> Tags:
    for name in tags:
        if (TAGS[name].at in CREATE_SIDE) != create:
            raise ValueError(f"{name!r} changes {TAGS[name].at}; use the other option")
    return tags
