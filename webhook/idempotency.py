"""`Idempotency-Key`: for a day, a request that is repeated under its key gets the jobs of the first one.

The key is claimed before anything is done, so that of two at once one does it; a request that fails gives it back.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import timedelta

from flask import request

from shared.domain.job import Job
from shared.errors import Conflict, Invalid
from webhook.parts import services

KEPT = timedelta(days=1)
CLAIMED = timedelta(minutes=1)  # should the claimer die
LONGEST = 255  # characters of a key


def once(body: object, act: Callable[[], Sequence[Job]]) -> Sequence[Job]:
    """What `act` gives, or the jobs that it gave before. Invalid when the key was used for another body."""
    key = request.headers.get("Idempotency-Key")
    if not key:
        return act()
    if len(key) > LONGEST:
        raise Invalid("idempotency-key-too-long", f"at most {LONGEST} characters", field="Idempotency-Key")
    place, mark = _place(key), _digest(json.dumps(body, sort_keys=True))
    claim = _entry(mark, None)
    if services().memory.swap(place, None, claim, CLAIMED):
        return _claimed(place, claim, mark, act)
    return _repeated(services().memory.get(place), mark)


def _claimed(place: str, claim: str, mark: str, act: Callable[[], Sequence[Job]]) -> Sequence[Job]:
    done, kept = None, None
    try:
        jobs = act()
        done, kept = _entry(mark, [job.id for job in jobs]), KEPT
        return jobs
    finally:
        services().memory.swap(place, claim, done, kept)


def _repeated(entry: str | None, mark: str) -> Sequence[Job]:
    first, ids = json.loads(entry) if entry else (mark, None)
    if first != mark:
        raise Invalid(
            "idempotency-key-reused", "the key was used for another request", field="Idempotency-Key"
        )
    if ids is None:
        raise Conflict("idempotency-key-in-use", "the first request under this key is still under way")
    found = [services().jobs.load(job_id) for job_id in ids]
    return [each.job for each in found if each]


def _place(key: str) -> str:
    """By token, too: keys of two operators are strangers."""
    token = request.headers.get("Authorization", "")
    return f"idempotency:{_digest(f'{token}/{key}')}"


def _entry(mark: str, ids: list[str] | None) -> str:
    return json.dumps([mark, ids])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
