"""Records in Redis. One script, `record_store.lua`, makes every change; nothing is written beside it.

A record is a hash: its document as JSON, the digest of its content, and what became of it. Where its picture is may be
a signed address, and how its media are reached holds keys, so both lie there sealed; what no key in force opens counts as absent. Each command may be re-sent
by the client and does the same twice as once. Errors are those of `redis_answers`.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import redis

from shared.adapters.redis_answers import answering, readable
from shared.adapters.redis_client import Script
from shared.domain.descriptor import MediaDescriptor
from shared.domain.events import Sighting
from shared.domain.record_order import mark, place
from shared.domain.records import LONGEST_GROWTH, Record, content
from shared.errors import Final
from shared.ports import RecordEntry, RecordPage, RecordQuery
from shared.sealing import Seal

_SCRIPT = (Path(__file__).parent / "record_store.lua").read_text(encoding="utf-8")
_FIELDS = ("doc", "revision", "told", "picture", "address", "picture_key", "jobs", "closing", "video")
_ID_FROM = 27  # of a place: what stands before it is an instant and a hyphen
_MOST_AT_ONCE = 500

_record = msgspec.json.Decoder(Record)
_media = msgspec.json.Decoder(MediaDescriptor)
_encode = msgspec.json.encode

log = logging.getLogger(__name__)


class RedisRecordStore:
    """`ports.RecordStore` on a Redis client made with `decode_responses`.

    A listing without a picture, or without a descriptor, says nothing about a known one: the old one stays.
    """

    def __init__(self, client: redis.Redis, prefix: str, seal: Seal) -> None:
        self._client: Any = client  # its answers are typed as bytes or text; ours are text
        self._prefix = prefix
        self._seal = seal
        self._script = Script(client, _SCRIPT)

    def _run(self, operation: str, **arguments: object) -> Any:
        with answering():
            return self._script(operation, self._prefix, _encode(arguments))

    def _key(self, *parts: str) -> str:
        return self._prefix + ":".join(parts)

    def upsert(
        self, record: Record, picture: Sighting | None, media: MediaDescriptor | None = None
    ) -> RecordEntry:
        """Keep a record; a revision more only if its content differs."""
        found = self._run(
            "upsert",
            id=record.id,
            camera=record.camera,
            place=place(record),
            digest=content(record),
            doc=_encode(record).decode(),
            picture=picture.identity if picture else None,
            address=self._seal.close(picture.address) if picture else None,
            media=self._seal.close(_encode(media).decode()) if media else None,
            fields=_FIELDS,
        )
        return self._decoded(record.id, found)

    def untold(self, limit: int) -> Sequence[RecordEntry]:
        """What nobody has acknowledged, the longest waiting first. One that cannot be read is logged and left out."""
        return tuple(islice(self._untold(limit), limit))

    def _untold(self, batch: int) -> Iterator[RecordEntry]:
        first = 0
        while ids := self._waiting(first, batch):
            first += batch
            for record_id, found in self._present(ids):
                try:
                    yield self._decoded(record_id, found)
                except Final as error:
                    fields = {"record": record_id, "code": error.code, "detail": error.detail}
                    log.warning("a record cannot be read, so it cannot be told", extra=fields)

    def _waiting(self, first: int, batch: int) -> Sequence[str]:
        with answering():
            ids: Sequence[str] = self._client.zrange(self._key("untold"), first, first + batch - 1)
            return ids

    def acknowledge(self, record_id: str, revision: int, jobs: Sequence[str]) -> None:
        """A revision was told; nothing for a record that has left."""
        self._run("acknowledge", id=record_id, revision=revision, jobs=list(jobs))

    def link(self, record_id: str, picture_key: str) -> None:
        """The picture has landed."""
        self._run("link", id=record_id, picture_key=picture_key)

    def close(self, record_id: str, job_id: str) -> None:
        """The job for the picture of the closed day; the first one named stays."""
        self._run("name", id=record_id, job=job_id, place="closing")

    def film(self, record_id: str, job_id: str) -> None:
        """The job for the video; the first one named stays."""
        self._run("name", id=record_id, job=job_id, place="video")

    def media(self, record_id: str) -> MediaDescriptor | None:
        """The descriptor; None also for one that no key in force opens, or that cannot be read."""
        with answering():
            sealed = self._client.hget(self._key("record", record_id), "media")
        text = self._seal.open(sealed) if sealed else None
        try:
            return _media.decode(text) if text else None
        except msgspec.DecodeError:
            log.warning("a record's media descriptor cannot be read", extra={"record": record_id})
            return None

    def load(self, record_id: str) -> RecordEntry | None:
        """The record as it is now, or None."""
        return next((self._decoded(*each) for each in self._present([record_id])), None)

    def list(self, query: RecordQuery) -> RecordPage:
        """Newest first; the cursor is the place of the last one listed."""
        matching = list(islice(self._matching(query), query.limit + 1))
        page, more = matching[: query.limit], len(matching) > query.limit
        entries = tuple(self._opened(record, found) for _, record, found in page)
        return RecordPage(entries, page[-1][0] if more else None)

    def _matching(self, query: RecordQuery) -> Iterator[tuple[str, Record, Sequence[Any]]]:
        """Looks at no more than a page where all are wanted, and at more at once the rarer they are."""
        before, batch = query.before, query.limit + 1
        while places := self._newest(query, before, batch):
            spots = {spot[_ID_FROM:]: spot for spot in places}
            for record_id, found in self._present([*spots]):
                record = _read(record_id, found)
                if query.wants(record):
                    yield spots[record_id], record, found
            before, batch = places[-1], min(batch * 2, max(batch, _MOST_AT_ONCE))

    def _newest(self, query: RecordQuery, before: str | None, batch: int) -> Sequence[str]:
        index = self._key("records", query.camera) if query.camera else self._key("records")
        ends = [each for each in (before, query.end and mark(query.end + LONGEST_GROWTH)) if each]
        top, bottom = f"({min(ends)}" if ends else "+", f"[{mark(query.start)}" if query.start else "-"
        with answering():
            found: Sequence[str] = self._client.zrevrangebylex(index, top, bottom, 0, batch)
            return found

    def forget(self, before: datetime, limit: int) -> int:
        """Drop old records that were told, the oldest first."""
        return int(self._run("forget", before=mark(before), limit=limit, id_from=_ID_FROM + 1))

    def _present(self, ids: Sequence[str]) -> Iterator[tuple[str, Sequence[Any]]]:
        """The fields of those records that have not left meanwhile."""
        with answering():
            pipe = self._client.pipeline(transaction=False)
            for record_id in ids:
                pipe.hmget(self._key("record", record_id), _FIELDS)
            answers = pipe.execute()
        return ((each, found) for each, found in zip(ids, answers, strict=True) if found[0])

    def _decoded(self, record_id: str, found: Sequence[Any]) -> RecordEntry:
        return self._opened(_read(record_id, found), found)

    def _opened(self, record: Record, found: Sequence[Any]) -> RecordEntry:
        _, revision, told, picture, sealed, picture_key, jobs, closing, video = found
        address = self._seal.open(sealed) if sealed else None
        return RecordEntry(
            record,
            int(revision),
            int(told),
            Sighting(picture, address) if address else None,
            picture_key or None,
            tuple((jobs or "").split()),
            closing or None,
            video or None,
        )


def _read(record_id: str, found: Sequence[Any]) -> Record:
    """The record without its entry: cheap, for nothing is opened."""
    with readable(f"record {record_id}"):
        return _record.decode(found[0])
