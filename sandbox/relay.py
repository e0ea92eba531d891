"""Shapes that relays put around any family's answers."""

from __future__ import annotations

from sandbox.answers import Answer
from sandbox.jobs import Job

TICKS = 10_000_000_000  # one dollar


def wrapped(job: Job, base: str) -> Answer:
    data = {"task_id": job.id, "status": "SUCCESS", "progress": "100%", "fail_reason": ""}
    data["result_url"] = f"{base}{job.path}"
    return Answer(200, {"code": "success", "message": "", "data": data})


def failure(job: Job, base: str) -> Answer:
    data = {"task_id": job.id, "status": "FAILURE", "fail_reason": "upstream: generation failed"}
    return Answer(200, {"code": "success", "message": "", "data": data})


def usage(answer: Answer, dollars: float) -> Answer:
    return Answer(200, answer.body | {"usage": {"cost_in_usd_ticks": round(dollars * TICKS)}})


def blank_first(answer: Answer) -> Answer:
    return Answer(answer.status, " \n\n " + answer.encoded().decode())
