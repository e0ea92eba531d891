"""The database's tables. Times are seconds since the epoch; money is US dollars."""

from __future__ import annotations

import sqlalchemy as sa

SCHEMA = 1
"""The schema's number. It stands in the database from day one, so a later release can migrate."""

metadata = sa.MetaData()

# Double precision holds a microsecond of this century; PostgreSQL's plain FLOAT is the same.
_TIME = sa.Double

schema_version = sa.Table(
    "schema_version", metadata, sa.Column("number", sa.Integer, primary_key=True)
)

changes = sa.Table(
    "changes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String(20), primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("form_token", sa.Text, nullable=False, unique=True),
    sa.Column("gateway", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("prompt", sa.Text, nullable=False),
    sa.Column("duration", sa.Integer, nullable=False),
    sa.Column("resolution", sa.Text, nullable=False),
    sa.Column("aspect_ratio", sa.Text),
    sa.Column("image_url", sa.Text),
    sa.Column("picture", sa.Text),
    sa.Column("estimate_usd", sa.Double, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("kind", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Column("created_at", _TIME, nullable=False),
    sa.Column("started_at", _TIME),
    sa.Column("submitted_at", _TIME),
    sa.Column("ended_at", _TIME),
    sa.Column("next_at", _TIME, nullable=False),
    sa.Column("lease_until", _TIME),
    sa.Column("fence", sa.Integer, nullable=False, default=0),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("errors", sa.Integer, nullable=False, default=0),
    sa.Column("request_id", sa.Text),
    sa.Column("progress", sa.Integer),
    sa.Column("video_url", sa.Text),
    sa.Column("poster_url", sa.Text),
    # When the video's address probably ends: what ends first is fetched first.
    sa.Column("link_until", _TIME),
    sa.Column("video_seconds", sa.Double),
    sa.Column("moderation_passed", sa.Boolean),
    sa.Column("cost_usd", sa.Double),
    sa.Column("clip", sa.Text),
    sa.Column("clip_sha256", sa.Text),
    sa.Column("clip_bytes", sa.BigInteger),
    sa.Column("poster", sa.Text),
    sa.Column("width", sa.Integer),
    sa.Column("height", sa.Integer),
    sa.Column("version", sa.BigInteger, nullable=False),
    # A deleted job keeps its row: its form token, its cost and its place in the daily count.
    sa.Column("deleted_at", _TIME),
    sa.Index("jobs_of_owner", "owner", "created_at"),
    sa.Index("jobs_due", "state", "next_at"),
    sa.Index("jobs_turns", "gateway", "owner", "started_at"),
    sa.Index("jobs_changed", "version"),
)

gateways = sa.Table(
    "gateways",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("next_submit_at", _TIME, nullable=False, default=0.0),
    sa.Column("paused_kind", sa.Text),
    sa.Column("paused_detail", sa.Text),
    sa.Column("paused_at", _TIME),
    sa.Column("next_check_at", _TIME),
    # What `GET /v1/models` named, as a JSON list, and when it is asked again.
    sa.Column("models", sa.Text),
    sa.Column("next_models_at", _TIME, nullable=False, default=0.0),
    sa.Column("version", sa.BigInteger, nullable=False, default=0),
)

drafts = sa.Table(
    "drafts",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("form", sa.Text, primary_key=True),
    sa.Column("fields", sa.Text, nullable=False),
    sa.Column("saved_at", _TIME, nullable=False),
)

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", _TIME, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("job", sa.Text, nullable=False),
    sa.Column("detail", sa.Text),
)

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("username", sa.Text, primary_key=True),
    sa.Column("password", sa.Text, nullable=False),
    sa.Column("email", sa.Text),
    sa.Column("first_name", sa.Text),
    sa.Column("last_name", sa.Text),
    sa.Column("roles", sa.Text, nullable=False, default=""),
    sa.Column("created_at", _TIME, nullable=False),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    # The id of the first session of one sign-in: signing out ends all that share it.
    sa.Column("sign_in", sa.Text, nullable=False),
    sa.Column("token_sha256", sa.Text, nullable=False, unique=True),
    sa.Column("username", sa.Text, nullable=False),
    # A digest of the password's hash at sign-in: a changed password ends the session.
    sa.Column("password_mark", sa.Text, nullable=False),
    sa.Column("created_at", _TIME, nullable=False),
    sa.Column("expires_at", _TIME, nullable=False),
    sa.Column("revoked_at", _TIME),
    # True where the host drops cookies: the tab holds the token instead.
    sa.Column("cookieless", sa.Boolean, nullable=False, default=False),
    sa.Index("sessions_of_user", "username"),
    sa.Index("sessions_of_sign_in", "sign_in"),
)

tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("ticket_sha256", sa.Text, primary_key=True),
    sa.Column("username", sa.Text, nullable=False),
    sa.Column("password_mark", sa.Text, nullable=False),
    # The ticket's end; once it is claimed, its receipt's.
    sa.Column("expires_at", _TIME, nullable=False),
    sa.Column("session_id", sa.Text),
    # Emptied when the receipt is used.
    sa.Column("receipt_sha256", sa.Text, unique=True),
)

attempts = sa.Table(
    "sign_in_attempts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", _TIME, nullable=False),
    sa.Column("username", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Index("attempts_of_address", "address", "at"),
)
