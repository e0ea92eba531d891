"""Reads the state of a video job from an answer, in all the shapes that gateways give it."""

from __future__ import annotations

from grok_api import fields
from grok_api.answers import Answer, failure, kind_by_status, kind_by_words
from grok_api.complaint import Complaint, complaint
from grok_api.documents import Decoded, decode, layers
from grok_api.errors import ApiError, Malformed
from grok_api.outcomes import Done, Expired, Failed, Moderated, Outcome, Pending
from grok_api.redact import redact
from grok_api.statuses import given_id, state_of


def read(
    answer: Answer,
    base_url: str,
    *,
    creating: bool = False,
    request_id: str | None = None,
    prompt: str = "",
    content_url: str | None = None,
) -> Outcome:
    """Return the outcome that an answer to a create call, or to a poll of `request_id`, tells.

    Relative addresses are resolved against `base_url`. `prompt` is what was sent: where an
    error repeats it, its words are not the gateway's. `content_url` is where a video that is
    done without an address is fetched; without it, that is a failure. Raises ApiError.
    """
    return _Reading(answer, base_url, creating, request_id, prompt, content_url).outcome()


class _Reading:
    """One answer, taken apart once and asked in the order that decides."""

    def __init__(
        self,
        answer: Answer,
        base_url: str,
        creating: bool,
        asked: str | None,
        prompt: str,
        content_url: str | None,
    ) -> None:
        self.answer = answer
        self.status = answer.status
        self.creating = creating
        self.decoded: Decoded = decode(answer.body)
        self.layers = layers(self.decoded.value)
        self.said: Complaint = complaint(self.decoded.value)
        if self.decoded.form == "text":
            self.said.remarks.append(self.decoded.text[:2000])
        elif self.decoded.form == "json" and isinstance(self.decoded.value, str):
            self.said.remarks.append(self.decoded.value[:2000])
        self.echoes = [prompt, *fields.echoes(self.layers)]
        self.given_id = given_id(self.layers, creating)
        self.id = asked or self.given_id
        self.word, self.state = state_of(self.layers)
        self.url = fields.video_url(self.layers, base_url, done=self.state == "done")
        self.content_url = content_url

    def outcome(self) -> Outcome:
        """Return the outcome: moderation first, then the job's state, then words, then HTTP."""
        if not self.layers:
            return self._without_document()
        if self._moderated():
            return self._as_moderated()
        match self.state:
            case "expired":
                return Expired(self.id)
            case "done":
                return self._finished()
            case "failed" if self._is_failed_job():
                return self._as_failed()
            case "pending" if self.status < 400 or not self.said.strong:
                return self._pending()
        return self._by_words()

    def _without_document(self) -> Outcome:
        if self._moderated():
            return self._as_moderated()
        empty = self.decoded.form == "empty" or self.decoded == Decoded("json")
        if empty and self.status == 202 and not self.creating and self.id:
            return Pending(self.id)
        raise self._error()

    def _moderated(self) -> bool:
        if self.state == "moderated":
            return True
        # Where a job is still in the making, false is the flag's empty value.
        if self.state != "pending" and fields.respects_moderation(self.decoded.value) is False:
            return True
        finished = self.url is not None and self.status < 400 and not self.said.strong
        settled = self.state == "pending" or finished
        found = self.said.meanings(self.echoes, remarks=not settled)
        return found[:1] == ["moderated"]

    def _finished(self) -> Outcome:
        if self.url:
            return self._done(self.url)
        # "success" may be said of the call; the next poll tells of the job.
        if self.creating and self.given_id and not self.said.strong:
            return self._pending()
        if self.status >= 400:
            raise self._error()
        if self.content_url and not self.said.strong:
            return self._done(self.content_url)
        return self._as_failed("The job is said to be done, but no video came with it.")

    def _is_failed_job(self) -> bool:
        if self.status < 400:
            return True
        if self.given_id or any("video" in layer or "object" in layer for layer in self.layers):
            return True
        # {"status": "error"} is how some servers head any refusal; not the state of a job.
        by_words = kind_by_words(self.status, self.decoded, self.said, self.echoes)
        worded = by_words not in (None, "bad_request")
        told = kind_by_status(self.status, self.decoded) != "bad_request"
        return not (self.word == "error" or worded or told)

    def _by_words(self) -> Outcome:
        if self.status >= 400:
            if self.url and self.state is None and not self.said.strong:
                return self._done(self.url)
            raise self._error()
        # Beside a new job's id, an address may be where the video will be.
        promised = self.creating and self.given_id is not None
        if self.url and self.state is None and not promised and not self._refused():
            return self._done(self.url)
        if not self._refused():
            return self._unsaid()
        kind = kind_by_words(self.said.status or self.status, self.decoded, self.said, self.echoes)
        if kind is None and self.said.status is not None:
            kind = kind_by_status(self.said.status, self.decoded)
        if kind == "moderated":
            return self._as_moderated()
        if self.state == "strange" or kind is None:
            return self._as_failed()
        raise failure(kind, self.answer, self.said, creating=self.creating)

    def _refused(self) -> bool:
        if self.said.strong:
            return True
        # A remark alone counts only where its words are plain, and nothing else is told.
        plain = kind_by_words(self.status, self.decoded, self.said, self.echoes)
        return plain is not None and self.state is None and self.given_id is None

    def _unsaid(self) -> Outcome:
        """Read an answer that names neither a known state nor an error."""
        made = next(
            (v for layer in self.layers if "video" in layer for v in [layer["video"]]), None
        )
        if self.state is None and isinstance(made, dict) and not self.creating:
            return self._finished()
        if self.given_id or (self.state == "strange" and not self.creating):
            return self._pending()
        if self.status == 202 and not self.creating and self.id and self.decoded.value == {}:
            return Pending(self.id)
        raise self._error()

    def _pending(self) -> Outcome:
        if self.creating and not self.given_id:
            raise Malformed(
                "The API took the request, it seems, but gave no id to ask for it.",
                http_status=self.status,
                ambiguous=True,
            )
        if not self.id:
            raise self._error()
        return Pending(self.id, fields.progress(self.layers), redact(self.word, 40))

    def _done(self, url: str) -> Done:
        return Done(
            url=url,
            seconds=fields.seconds(self.layers),
            respect_moderation=fields.respects_moderation(self.decoded.value),
            cost_usd=fields.cost_usd(self.layers),
            expires_at=fields.expires_at(self.layers),
            request_id=self.id,
        )

    def _as_moderated(self) -> Moderated:
        reason = redact(self.said.message) or "The content did not pass moderation."
        return Moderated(reason, self._code(), fields.cost_usd(self.layers), self.id)

    def _as_failed(self, message: str = "The job failed without an explanation.") -> Failed:
        return Failed(redact(self.said.message) or message, self._code(), self.id)

    def _code(self) -> str | None:
        return redact(self.said.code, 100) if self.said.code else None

    def _error(self) -> ApiError:
        kind = kind_by_words(self.status, self.decoded, self.said, self.echoes)
        if kind is None or kind == "moderated":
            kind = kind_by_status(self.status, self.decoded)
        return failure(kind, self.answer, self.said, creating=self.creating)
