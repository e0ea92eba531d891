"""The sample accounts of a rehearsal. Their passwords stand on the sign-in screen."""

from __future__ import annotations

from typing import Any, Final

PASSWORDS: Final = {"demo": "demo", "guest": "guest"}
"""User names and passwords, in the order of the sign-in screen."""

CREDENTIALS: Final[dict[str, Any]] = {
    "usernames": {
        "demo": {
            "first_name": "Demo",
            "roles": ["producer", "admin"],
            "password": "$2b$12$d4zs17nmDNyRh8BatHiloeMZj9EK.RiW9f1ZB5eaj5So/INa5FYS6",
        },
        "guest": {
            "first_name": "Guest",
            "roles": ["producer"],
            "password": "$2b$12$SpC.srsHbYVpVM3TywvgSOzfDn0k12oq7QELkz4OWf3aWyI72OIrO",
        },
    }
}
"""The same accounts in the format of secrets.toml's `[credentials]`; for rehearsals only."""
