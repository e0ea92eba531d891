"""Every setting: its name, default, meaning and unit. Read once by whoever starts a process.

A value comes from the environment, else from `secrets.toml` (`.streamlit/` of the working folder,
then of the home folder: where Streamlit itself looks), else from the default here.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

SECRETS_FILES = (Path(".streamlit/secrets.toml"), Path.home() / ".streamlit/secrets.toml")
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class ConfigurationError(Exception):
    """A setting that stops the start: one sentence that names it and its cure."""


class _SecretsFile(PydanticBaseSettingsSource):
    """The top-level values of the first `secrets.toml` that is there."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False  # `__call__` serves all fields at once

    def __call__(self) -> dict[str, Any]:
        values = read_secrets()
        return {name.lower(): value for name, value in values.items()}


def read_secrets() -> dict[str, Any]:
    """The parsed `secrets.toml`, or an empty dict where there is none.

    Raises ConfigurationError when the file is not TOML.
    """
    for path in SECRETS_FILES:
        if path.is_file():
            try:
                return tomllib.loads(path.read_text(encoding="utf-8"))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise ConfigurationError(
                    f"secrets.toml cannot be read ({error}). Mend that line, or start again from "
                    ".streamlit/secrets.example.toml."
                ) from None
    return {}


class Settings(BaseSettings):
    """The studio's settings; names in capitals are the environment's. Secrets never show in a repr."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True, frozen=True)

    # -- the gateway
    grok_api_key: SecretStr | None = Field(None, description="The gateway's key; none: rehearsal.")
    grok_api_base_url: str = Field("https://api.dubrify.com", description="The gateway's address.")
    grok_api_create_path: str | None = Field(
        None, description="Path that creates videos; default /v1/videos with one known fallback."
    )
    poll_interval: float | None = Field(
        None, ge=0.05, le=60, description="Seconds between two polls of one job; default 8."
    )
    max_in_flight: int = Field(5, ge=1, le=1000, description="Videos made at the same time.")
    submits_per_second: float = Field(1.0, gt=0, le=100, description="Submissions a second.")
    download_hosts: str = Field(
        "", description="Private hosts that clips may come from, separated by commas."
    )

    # -- where things are kept
    data_dir: Path = Field(Path("data"), description="Folder of database, clips and pictures.")
    database_url: str | None = Field(None, description="Default: SQLite in DATA_DIR.")
    archive_url: str | None = Field(None, description="Default: a folder in DATA_DIR.")
    worker: Literal["thread", "off"] = Field("thread", description="Where videos are worked on.")

    # -- limits and prices
    clips_per_day: int = Field(100, ge=1, description="Clips a person may ask for in 24 hours.")
    models: str = Field(
        "", description="Models to offer: names; or +name and -name to add to the key's own list."
    )
    prices: Annotated[dict[str, dict[str, Annotated[float, Field(ge=0)]]], NoDecode] = Field(
        {}, description="By model: dollars a second by resolution, and a picture's, for estimates."
    )

    # -- people
    session_days: float = Field(14, gt=0, le=365, description="Days a sign-in lasts.")
    trusted_proxies: str = Field(
        "", description="Addresses of proxies whose X-Forwarded-For counts, separated by commas."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _SecretsFile(settings_cls)

    @field_validator("grok_api_key")
    @classmethod
    def _blank_key_is_none(cls, value: SecretStr | None) -> SecretStr | None:
        return value if value and value.get_secret_value().strip() else None

    @field_validator("grok_api_base_url")
    @classmethod
    def _base_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if not parts.hostname or parts.scheme not in {"https", "http"}:
            raise ValueError("give an address such as https://api.dubrify.com")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
            raise ValueError("the key may only travel over https (http works on this machine only)")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _database_url(cls, value: str | None) -> str | None:
        if value and not value.startswith(("sqlite://", "postgresql+psycopg://")):
            raise ValueError("use sqlite:///… or postgresql+psycopg://…")
        return value

    @field_validator("archive_url")
    @classmethod
    def _archive_url(cls, value: str | None) -> str | None:
        if value and "://" in value and not value.startswith("file://"):
            raise ValueError("use a folder, as a path or as file:///…")
        return value

    @field_validator("prices", mode="before")
    @classmethod
    def _prices(cls, value: Any) -> Any:
        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError:
            raise ValueError('give JSON such as {"sora-2": {"1280x720": 0.1}}') from None

    @model_validator(mode="after")
    def _slow_enough(self) -> Settings:
        if self.poll_interval is not None and self.poll_interval < 5 and not self.is_loopback:
            raise ValueError("POLL_INTERVAL: under 5 seconds only with a gateway on this machine")
        return self

    @property
    def is_rehearsal(self) -> bool:
        """True without a key: the app then works on its own stand-in gateway."""
        return self.grok_api_key is None

    @property
    def is_loopback(self) -> bool:
        return self.is_rehearsal or urlsplit(self.grok_api_base_url).hostname in LOOPBACK_HOSTS

    @property
    def poll_seconds(self) -> float:
        """Seconds between polls: 8 as the gateway asks; rehearsals answer at once, so 2 there."""
        return self.poll_interval or (2.0 if self.is_rehearsal else 8.0)

    @property
    def folder(self) -> Path:
        """Where this mode keeps its things: rehearsals never share a folder with paid clips."""
        return self.data_dir / "rehearsal" if self.is_rehearsal else self.data_dir

    @property
    def database(self) -> str:
        """The database's URL. A rehearsal has its own, whatever DATABASE_URL says."""
        return self.rehearsal_database if self.is_rehearsal else self.real_database

    @property
    def real_database(self) -> str:
        """The database's URL outside rehearsals: people are added there before the key is set."""
        return self.database_url or _sqlite_in(self.data_dir)

    @property
    def rehearsal_database(self) -> str:
        return _sqlite_in(self.data_dir / "rehearsal")

    @property
    def archive_folder(self) -> Path:
        if self.archive_url and not self.is_rehearsal:
            return Path(self.archive_url.removeprefix("file://"))
        return self.folder / "archive"

    @property
    def storage_is_temporary(self) -> bool:
        """True on Streamlit Community Cloud while database or archive lie on its own disk."""
        on_community_cloud = Path("/mount/src").is_dir()
        database_is_elsewhere = (self.database_url or "").startswith("postgresql")
        archive = self.archive_url or ""
        archive_is_elsewhere = "://" in archive and not archive.startswith("file://")
        return on_community_cloud and not (database_is_elsewhere and archive_is_elsewhere)

    @property
    def allowed_download_hosts(self) -> tuple[str, ...]:
        return tuple(filter(None, (host.strip() for host in self.download_hosts.split(","))))

    @property
    def proxies(self) -> frozenset[str]:
        return frozenset(filter(None, (host.strip() for host in self.trusted_proxies.split(","))))


def _sqlite_in(folder: Path) -> str:
    return f"sqlite:///{(folder / 'studio.sqlite3').resolve()}"


def load(**overrides: Any) -> Settings:
    """The settings of this process. Raises ConfigurationError, naming the setting and the cure."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        name = str(first["loc"][0]).upper() if first["loc"] else ""
        reason = first["msg"].removeprefix("Value error, ")
        raise ConfigurationError(f"{name}: {reason}." if name else f"{reason}.") from None
