"""The gateway's API: client, requests, outcomes, errors. Knows HTTP; knows nothing of an app."""

from grok_api.catalogue import MODELS, limits_for, offered
from grok_api.client import BASE_URL, VideoClient
from grok_api.download import Download
from grok_api.errors import (
    ApiError,
    AuthError,
    BadRequest,
    BlockedAddress,
    ConnectionLost,
    InvalidRequest,
    LinkGone,
    Malformed,
    NotFound,
    NotSent,
    NoVideo,
    QuotaError,
    RateLimited,
    ServerError,
    TooLarge,
    UnknownAnswer,
)
from grok_api.images import data_uri
from grok_api.limits import Limits
from grok_api.outcomes import KINDS, Done, Expired, Failed, Kind, Moderated, Outcome, Pending
from grok_api.redact import redact
from grok_api.request import VideoRequest
from grok_api.waiting import wait

__all__ = [
    "BASE_URL",
    "KINDS",
    "MODELS",
    "ApiError",
    "AuthError",
    "BadRequest",
    "BlockedAddress",
    "ConnectionLost",
    "Done",
    "Download",
    "Expired",
    "Failed",
    "InvalidRequest",
    "Kind",
    "Limits",
    "LinkGone",
    "Malformed",
    "Moderated",
    "NoVideo",
    "NotFound",
    "NotSent",
    "Outcome",
    "Pending",
    "QuotaError",
    "RateLimited",
    "ServerError",
    "TooLarge",
    "UnknownAnswer",
    "VideoClient",
    "VideoRequest",
    "data_uri",
    "limits_for",
    "offered",
    "redact",
    "wait",
]
