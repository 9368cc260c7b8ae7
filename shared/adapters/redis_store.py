"""Jobs in Redis. One script, `job_lanes.lua` with `job_store.lua`, makes every change; nothing is written beside it.

A job is a hash: its document (see `job_document`), and beside it the few fields that the script needs for its indexes.
A server that does not answer is `Transient` `store-away`; each command of ours may be re-sent by the client and does the
same twice as once, except that a job taken twice is offered again by the next sweep. A document that is not one of ours
is Final `store-unreadable`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice, product
from pathlib import Path
from typing import Any

import msgspec
import redis

from shared.adapters.callback_document import CallbackDocuments
from shared.adapters.job_document import JobDocuments
from shared.adapters.redis_answers import answering, readable, text_or_none
from shared.adapters.redis_client import Script
from shared.domain.job import Job, Kind, State, Window
from shared.ports import (
    CALLBACKS_KEPT,
    Callback,
    Change,
    Clock,
    HistoryLine,
    LaneView,
    Overdue,
    Page,
    Query,
    Result,
    Snapshot,
    Span,
    span_of,
)
from shared.sealing import Seal

_PARTS = ("job_lanes.lua", "job_store.lua")
_SCRIPT = "\n".join((Path(__file__).parent / part).read_text(encoding="utf-8") for part in _PARTS)
# Most loads change nothing, and the whole script takes its time to be set up.
_LOAD = """
    local t = redis.call('TIME')
    local now = string.format('%d.%06d', t[1], t[2])
    return function(key)
        local f = redis.call('HMGET', key, 'version', 'doc')
        return f[1] and {f[1], f[2], now}
    end
"""
_COMMITS_KEPT = 8 * 17  # characters: that many commit ids of 16, each after a space
_LONGEST_SPAN = timedelta(days=2)

_line = msgspec.json.Decoder(HistoryLine)
_span = msgspec.json.Decoder(Span)
_encode = msgspec.json.encode
_LINE_FIELDS = [field.name for field in fields(HistoryLine) if field.name != "count"]


class RedisJobStore:
    """`ports.JobStore` on a Redis client made with `decode_responses`. A `clock` is asked in the server's place."""

    def __init__(
        self,
        client: redis.Redis,
        prefix: str = "{gleaner}:",
        patience: timedelta = timedelta(seconds=30),
        clock: Clock | None = None,
        seal: Seal | None = None,
    ) -> None:
        self._client: Any = client  # its answers are typed as bytes or text; ours are text
        self._prefix = prefix
        self._patience = patience
        self._clock = clock
        self._documents = JobDocuments(seal)
        self._callbacks = CallbackDocuments(seal)
        self._script = Script(client, _SCRIPT)
        self._load = Script(client, _LOAD)

    def _run(self, operation: str, *texts: bytes | str, **arguments: object) -> Any:
        at = f"{self._clock.now().timestamp():.6f}" if self._clock else ""
        patience = self._patience.total_seconds()
        with answering():
            return self._script(operation, self._prefix, at, patience, _encode(arguments), *texts)

    def _key(self, *parts: str) -> str:
        return self._prefix + ":".join(parts)

    def now(self) -> datetime:
        """The server's clock, or the given one."""
        return _time(self._run("now"))

    def load(self, job_id: str) -> Snapshot | None:
        """The job as it is now, or None."""
        with answering():
            found = self._load(self._key("job", job_id))
        if not found:
            return None
        version, document, now = found
        job = self._documents.opened(self._documents.read(job_id, document))
        return Snapshot(job, int(version), self._clock.now() if self._clock else _time(now))

    def commit(self, change: Change) -> Result:
        """Save all, or nothing."""
        job, span = change.job, span_of(change)
        runner = f"{job.attempt}:{(job.current and job.current.stream_id) or ''}" if change.occupies else ""
        return Result(
            self._run(
                "commit",
                self._documents.written(job),
                _text(change.line),
                _encode(job.lanes),
                self._callbacks.written(change.callback) if change.callback else "",
                _encode(span) if span else "",
                id=job.id,
                version=change.version,
                commit=change.commit,
                commits_kept=_COMMITS_KEPT,
                state=job.state,
                kind=job.kind,
                camera=job.camera,
                wish=job.wish,
                queue=change.queue or "",
                urgency=change.urgency,
                claims=change.claims,
                waits=change.waits_for_room,
                runner=runner,
                give_up=job.give_up_at.timestamp(),
                updated=job.updated_at.timestamp(),
                due=_score(job.due_at),
                owed=_score(job.owed_at),
                start=job.window.start.timestamp(),
                closed={name: at.timestamp() for name, at in change.not_before.items()},
                fold=change.line.fold,
                callbacks_kept=CALLBACKS_KEPT,
            )
        )

    def note(self, job_id: str, line: HistoryLine) -> None:
        """Add to the history alone."""
        self._run("note", _text(line), id=job_id, fold=line.fold)

    def keep(self, job_id: str, callback: Callback) -> bool:
        """Keep what was refused."""
        return bool(
            self._run("keep", self._callbacks.written(callback), id=job_id, callbacks_kept=CALLBACKS_KEPT)
        )

    def callbacks(self, job_id: str) -> Sequence[Callback]:
        """Oldest first."""
        with answering():
            pipe = self._client.pipeline(transaction=True)
            for kind in ("callbacks", "refused"):
                pipe.lrange(self._key(kind, job_id), 0, -1)
            kept = merge(*pipe.execute(), key=lambda each: float(each.partition(" ")[0]))
        found = [self._callbacks.read(job_id, each) for each in kept]
        return tuple(callback for callback in found if callback)

    def take(self, queue: str) -> str | None:
        """The most urgent job of a queue."""
        return text_or_none(self._run("take", queue=queue))

    def take_owed(self, hold: timedelta) -> str | None:
        """A job whose debt is due."""
        return text_or_none(self._run("take_owed", hold=hold.total_seconds()))

    def overdue(self, limit: int) -> Overdue:
        """What a sweep has to look at."""
        jobs, waiting, debts = self._run("overdue", limit=limit)
        depths = {
            queue: int(depth) for queue, depth in zip(waiting[::2], waiting[1::2], strict=True) if int(depth)
        }
        return Overdue(tuple(jobs), depths, int(debts))

    def find(self, wish: str) -> str | None:
        """The job for a wish."""
        with answering():
            return text_or_none(self._client.hget(self._key("wishes"), wish))

    def list(self, query: Query) -> Page:
        """Jobs, newest first: ids are ULIDs, so their order is that of their making."""
        indexes = self._indexes(query)
        found: list[Job] = []
        before, batch = query.before, query.limit + 1
        with answering():
            while len(found) <= query.limit:
                ids = self._newest(indexes, before, batch)
                found += [job for job in self._many(ids) if query.wants(job)]
                if len(ids) < batch:
                    break
                before = ids[-1]
        page = tuple(map(self._documents.opened, found[: query.limit]))
        return Page(page, page[-1].id if len(found) > query.limit else None)

    def _indexes(self, query: Query) -> Sequence[str]:
        """Indexes that hold, between them, every job asked for, and none of them twice."""
        if not query.kind and (query.camera or not query.states):
            return [self._key("camera", query.camera) if query.camera else self._key("jobs")]
        camera = ("camera", query.camera) if query.camera else ()
        kinds, states = [query.kind] if query.kind else Kind, query.states or State
        return [self._key(*camera, "kind", kind, "state", state) for kind, state in product(kinds, states)]

    def _newest(self, indexes: Sequence[str], before: str | None, limit: int) -> Sequence[str]:
        """The newest ids of several indexes, in one look, so that no job moves from one to another meanwhile."""
        pipe = self._client.pipeline(transaction=True)
        for index in indexes:
            pipe.zrevrangebylex(index, f"({before}" if before else "+", "-", 0, limit)
        return list(islice(merge(*pipe.execute(), reverse=True), limit))

    def _many(self, ids: Sequence[str]) -> Iterator[Job]:
        pipe = self._client.pipeline(transaction=False)
        for job_id in ids:
            pipe.hget(self._key("job", job_id), "doc")
        found = zip(ids, pipe.execute(), strict=True)
        return (self._documents.read(job_id, document) for job_id, document in found if document)

    def history(self, job_id: str) -> Sequence[HistoryLine]:
        """Oldest first."""
        with answering():
            texts = self._client.lrange(self._key("history", job_id), 0, -1)
        with readable(f"the history of job {job_id}"):
            return tuple(_line.decode(text) for text in texts)

    def counts(self) -> Mapping[State, int]:
        """Jobs per state."""
        with answering():
            pipe = self._client.pipeline(transaction=False)
            for state, kind in product(State, Kind):
                pipe.zcard(self._key("kind", kind, "state", state))
            sizes = iter(pipe.execute())
        return {state: sum(islice(sizes, len(Kind))) for state in State}

    def lane(self, name: str) -> LaneView:
        """Who runs in a lane."""
        with answering():
            pipe = self._client.pipeline(transaction=True)
            pipe.hgetall(self._key("lane", name, "run"))
            pipe.zcard(self._key("lane", name, "wait"))
            pipe.get(self._key("lane", name, "closed"))
            runners, waiting, closed = pipe.execute()
        return LaneView(runners, waiting, _time(closed) if closed else None)

    def spans(self, camera: str, window: Window) -> Sequence[Span]:
        """What touches a window."""
        first, last = (window.start - _LONGEST_SPAN).timestamp(), window.end.timestamp()
        with answering():
            wishes = self._client.zrangebyscore(self._key("spans-by-start", camera), first, f"({last}")
            texts = self._client.hmget(self._key("spans", camera), wishes) if wishes else []
        with readable(f"the spans of camera {camera}"):
            spans = [_span.decode(text) for text in texts if text]
        touching = [span for span in spans if span.window.end > window.start]
        return tuple(sorted(touching, key=lambda span: (span.window.start, span.window.end)))

    def overdue_seconds(self) -> float:
        """The age of the oldest due."""
        return float(self._run("overdue_seconds"))

    def forget(self, before: datetime, limit: int) -> int:
        """Drop old ended jobs."""
        return int(self._run("forget", before=before.timestamp(), limit=limit))


def _text(line: HistoryLine) -> bytes:
    """A line without its count, which is the script's to keep."""
    return _encode({name: getattr(line, name) for name in _LINE_FIELDS})


def _score(at: datetime | None) -> float | None:
    return at.timestamp() if at else None


def _time(score: str) -> datetime:
    return datetime.fromtimestamp(float(score), UTC)
