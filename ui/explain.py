"""What a card says: for every state and reason one headline, and one sentence with the next step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from jobs.job import Job, State
from ui.i18n import N_, _

Tone = Literal["calm", "good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A badge (`label`, `icon`, `tone`) and, where needed, what happened and what to do next."""

    label: str
    icon: str
    tone: Tone
    sentence: str = ""


_LABELS: Final[dict[State, tuple[str, str, Tone]]] = {
    State.QUEUED: (N_("Waiting its turn"), ":material/hourglass_empty:", "calm"),
    State.SUBMITTING: (N_("Being sent"), ":material/upload:", "calm"),
    State.PENDING: (N_("Being made"), ":material/motion_photos_on:", "calm"),
    State.READY: (N_("Being saved"), ":material/download:", "calm"),
    State.DONE: (N_("Done"), ":material/check_circle:", "good"),
    State.MODERATED: (N_("Blocked"), ":material/gpp_bad:", "warn"),
    State.FAILED: (N_("Failed"), ":material/error:", "bad"),
    State.EXPIRED: (N_("Expired"), ":material/event_busy:", "bad"),
    State.UNKNOWN: (N_("Outcome unknown"), ":material/help:", "warn"),
    State.CANCELLED: (N_("Cancelled"), ":material/cancel:", "calm"),
}

_SENTENCES: Final[dict[tuple[State, str], str]] = {
    (State.QUEUED, "unreachable"): N_(
        "The gateway cannot be reached right now. Nothing was sent; it is tried again by itself."
    ),
    (State.QUEUED, "rate_limited"): N_(
        "The gateway asked us to slow down. It is sent again by itself in a moment."
    ),
    (State.QUEUED, "auth_error"): N_(
        "The gateway refuses the key. Nothing was sent; this goes on once the key is put right."
    ),
    (State.QUEUED, "quota_error"): N_(
        "The gateway account has no credit left. Nothing was sent. Top it up, then press "
        "Credit added: go on."
    ),
    (State.PENDING, "gateway_trouble"): N_(
        "The gateway is having trouble answering. We keep asking; the video is not lost."
    ),
    (State.PENDING, "rate_limited"): N_(
        "The gateway asked us to slow down. We ask again a little later; the video is not lost."
    ),
    (State.PENDING, "auth_error"): N_(
        "The gateway refuses the key, so we cannot ask after this video. "
        "It goes on once the key is put right."
    ),
    (State.PENDING, "link_gone"): N_(
        "The video's link did not work. We are asking for a fresh one."
    ),
    (State.READY, "download_trouble"): N_(
        "The video is made, but could not be fetched yet. It is tried again by itself."
    ),
    (State.READY, "bad_clip"): N_(
        "The file that came was not a playable video. It is fetched again by itself."
    ),
    (State.READY, "archive_trouble"): N_(
        "The video is made, but our storage cannot be written. Tell whoever runs the studio; "
        "it is saved as soon as there is room."
    ),
    (State.PENDING, "download_trouble"): N_(
        "The video is made, but could not be fetched yet. We are asking for a fresh link."
    ),
    (State.PENDING, "bad_clip"): N_(
        "The file that came was not a playable video. We are asking for a fresh link."
    ),
    (State.PENDING, "archive_trouble"): N_(
        "The video is made, but our storage cannot be written. Tell whoever runs the studio; "
        "it is saved as soon as there is room."
    ),
    (State.MODERATED, "moderated"): N_(
        "The model's content check blocked this video. It may still be billed. "
        "The check is not always the same: try again, or say it differently."
    ),
    (State.FAILED, "failed"): N_(
        "The model could not make this video. Try again; if it fails again, simplify the prompt."
    ),
    (State.FAILED, "bad_request"): N_(
        "The gateway did not accept this request; its answer is below. Choose More and Make another, "
        "change it and send it."
    ),
    (State.FAILED, "too_big"): N_(
        "The request was too large for the gateway, most likely because of its picture. Nothing was "
        "made. Choose More and Make another, with a smaller picture or a link to it."
    ),
    (State.FAILED, "not_offered"): N_(
        "The gateway does not offer this model to this key right now. "
        "Whoever runs the studio: check the key's group at Dubrify, then try again."
    ),
    (State.FAILED, "turned_away"): N_(
        "Something before the gateway turned this request away, so nothing was made or charged. "
        "Try again; if it happens again, tell whoever runs the studio."
    ),
    (State.FAILED, "unreachable"): N_(
        "The gateway could not be reached in several tries. Nothing was sent and nothing is "
        "charged. Try again later."
    ),
    (State.FAILED, "rate_limited"): N_(
        "The gateway was too busy in several tries. Nothing is charged. Try again later."
    ),
    (State.FAILED, "picture_lost"): N_(
        "The picture for this video is no longer stored. Nothing was sent. "
        "Make another and add the picture again."
    ),
    (State.EXPIRED, "expired"): N_(
        "The gateway made this video but no longer has it. Try again to make a new one."
    ),
    (State.EXPIRED, "link_gone"): N_(
        "The gateway's link to this video was gone before it could be saved. "
        "Try again to make a new one."
    ),
    (State.EXPIRED, "download_trouble"): N_(
        "The video could not be fetched for a whole day. Try again to make a new one."
    ),
    (State.EXPIRED, "bad_clip"): N_(
        "What the gateway sent was not a playable video, for a whole day. "
        "Try again to make a new one."
    ),
    (State.EXPIRED, "archive_trouble"): N_(
        "Our storage could not be written for a whole day, and the gateway's link has ended. "
        "Try again once there is room."
    ),
    (State.UNKNOWN, "interrupted"): N_(
        "The studio was interrupted while sending this, so nobody knows whether it was accepted. "
        "It may have been charged, so it is not sent again by itself. Open What now? below."
    ),
    (State.UNKNOWN, "ambiguous"): N_(
        "The connection broke before the gateway's answer came, so nobody knows whether it was "
        "accepted. It may have been charged, so it is not sent again by itself. "
        "Open What now? below."
    ),
    (State.UNKNOWN, "no_answer"): N_(
        "The gateway has not finished this video in 24 hours. It may have been charged. Look for its "
        "request id at Dubrify, then open What now? below."
    ),
}

_ADOPTED: Final[dict[State, str]] = {
    State.MODERATED: N_(
        "The model's content check blocked this video. It may have been billed where it was asked for."
    ),
    State.FAILED: N_("The gateway says that the model could not make this video."),
    State.EXPIRED: N_("The gateway no longer has this video, so it could not be saved."),
    State.UNKNOWN: N_(
        "The gateway has not delivered this video in 24 hours. Check its request id, "
        "then open What now? below."
    ),
}
"""What to say instead of a video that was not asked for here: it cannot be tried again."""

_NOT_KNOWN: Final = N_(
    "The gateway does not know this request id yet. We keep asking for a day. If the id or the "
    "model is not the right one, cancel this and add it again."
)
_OVERDUE: Final = N_(
    "This takes longer than usual. We keep asking every minute; the video still lands here."
)
_OTHER_GATEWAY: Final = N_(
    "This belongs to another key or gateway, and only those can finish it. "
    "Whoever runs the studio: set that key again until it is done."
)


def explain(job: Job, now: float, gateway: str) -> Explanation:
    """What to say about `job`. `gateway` is the one the studio works with now."""
    label, icon, tone = _LABELS[job.state]
    if job.is_live and job.gateway != gateway:
        return Explanation(_("Set aside"), ":material/key_off:", "warn", _(_OTHER_GATEWAY))
    sentence = _SENTENCES.get((job.state, job.reason or ""), "")
    if job.is_adopted:
        sentence = _ADOPTED.get(job.state, sentence)
        if job.state is State.PENDING and job.kind == "not_found":
            sentence = _NOT_KNOWN
    if not sentence and job.is_overdue(now):
        sentence = _OVERDUE
    return Explanation(_(label), icon, tone, _(sentence) if sentence else "")
