"""What vendors called back to say about a job, as it came, and that sent through again: part of the admin API.

What a vendor sent is hostile: it is told as text without control characters, its secrets masked as in a log.
"""

import unicodedata
from datetime import tzinfo
from typing import Any

from flask import Blueprint

from shared.logs import redact
from shared.ports import Callback
from shared.receiving import Outcome, Replayed
from webhook import auth
from webhook.parts import find_job, home_of, services

Json = dict[str, Any]

replays = Blueprint("replays", __name__, url_prefix="/admin/jobs")
replays.before_request(auth.require_bearer)


@replays.get("/<job_id>/callbacks")
def list_callbacks(job_id: str) -> Json:
    """The last callbacks that changed the job or were refused, oldest first."""
    zone = home_of(find_job(job_id).job)
    return {"callbacks": [_callback(each, zone) for each in services().jobs.callbacks(job_id)]}


@replays.post("/<job_id>/replay")
def replay(job_id: str) -> Json:
    """Send them through again; what came of each."""
    job = find_job(job_id).job
    return {"callbacks": [_replayed(each, home_of(job)) for each in services().receiving.replay(job)]}


def _callback(kept: Callback, zone: tzinfo) -> Json:
    """A callback; `reason` is the code of a refusal, and `truncated` says that it was longer."""
    return {
        **_head(kept, zone),
        "outcome": Outcome.REFUSED if kept.refused else Outcome.NEWS,
        "reason": kept.refused,
        "content_type": _shown(kept.content_type.encode()),
        "body": _shown(kept.body),
        "truncated": kept.truncated,
    }


def _replayed(replayed: Replayed, zone: tzinfo) -> Json:
    """What came of a callback this time; `at` is when it came first. `reason` is a code, `detail` for people."""
    return {
        **_head(replayed.callback, zone),
        "outcome": replayed.outcome,
        "reason": replayed.reason,
        "detail": replayed.detail,
    }


def _head(kept: Callback, zone: tzinfo) -> Json:
    return {"at": kept.at and kept.at.astimezone(zone).isoformat(), "attempt": kept.attempt}


def _shown(raw: bytes) -> str:
    """Bytes as text for people: what is no text, or would do something to a terminal, is escaped."""
    return redact("".join(map(_escaped, raw.decode("utf-8", "backslashreplace"))))


def _escaped(letter: str) -> str:
    plain = letter in "\n\t" or unicodedata.category(letter)[0] != "C"
    return letter if plain else letter.encode("unicode_escape").decode()
