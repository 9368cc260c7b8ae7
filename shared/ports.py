"""What we need from the world, as Protocols. Every port has a real adapter and a memory twin, and one contract suite.

A port raises `Transient` or `Final` (see `shared.errors`) and nothing else. Times are aware UTC datetimes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import BinaryIO, Protocol
from zoneinfo import ZoneInfo

from shared.domain.camera import Camera
from shared.domain.descriptor import MediaDescriptor
from shared.domain.effects import Ring
from shared.domain.events import Sighting
from shared.domain.job import Asset, Job, Kind, Lane, Origin, State, Verdict, Window
from shared.domain.media import MediaFacts
from shared.domain.records import Record

# -- the clock ---------------------------------------------------------------------------------------------------------


class Clock(Protocol):
    """Now. Hand-moved in tests."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


# -- jobs --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A job as it was at `now`, which is the store's own clock, so that hosts that disagree do not matter."""

    job: Job
    version: int
    now: datetime


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of a job's history; `count` says how often it happened, `at` and `attempt` when last."""

    at: datetime
    event: str
    came_from: State
    went_to: State
    attempt: int
    reason: str | None = None
    detail: str | None = None
    late: bool = False
    count: int = 1

    @property
    def fold(self) -> str:
        """A line with the fold of one of the last two is that line with a count: a rhythm does not flood the history."""
        return f"{self.event}|{self.came_from}|{self.went_to}|{self.reason}|{self.late}"


CALLBACKS_KEPT = 8  # with a job: of those that changed it, and of those that were refused


@dataclass(frozen=True, slots=True)
class Callback:
    """What a vendor sent about an attempt, as it came; `truncated`: not all of it.

    `refused` is the code of the refusal, or None: it changed the job. `at` is the store's to give, when it keeps it.
    """

    attempt: int
    content_type: str
    body: bytes
    truncated: bool = False
    refused: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A job's new value, to be saved only if its version is still `version` (0: it must not exist yet).

    `commit` makes a re-sent change harmless. `claims`: this takes a place in the job's lanes, and is refused when there
    is none. `waits_for_room`: while queued, the job waits for such a place. `not_before` closes lanes, by name, until a
    time. `outcome` is what the camera's index is to say of the window; None: nothing new, or the job is about no window.
    `callback` is what brought the change, to be kept with the job.
    """

    job: Job
    version: int
    commit: str
    line: HistoryLine
    queue: str | None
    occupies: bool
    outcome: str | None
    urgency: float
    claims: bool = False
    waits_for_room: bool = False
    not_before: Mapping[str, datetime] = field(default_factory=dict)
    callback: Callback | None = None


class Result(StrEnum):
    """What became of a change."""

    SAVED = "saved"
    CONFLICT = "conflict"  # somebody was faster: load, advance, try again
    NO_ROOM = "no-room"  # a lane is full or closed: the job waits there and will be offered again
    EXISTS = "exists"  # a job of the same wish is there already


@dataclass(frozen=True, slots=True)
class Overdue:
    """What a sweep found: jobs whose clock has run out, how many `take` would give of each queue, how many debts are due."""

    jobs: tuple[str, ...]
    waiting: Mapping[str, int]
    debts: int


@dataclass(frozen=True, slots=True)
class Query:
    """Which jobs to list, newest first. `before` is the last id of the page before."""

    states: frozenset[State] = frozenset()
    camera: str | None = None
    kind: Kind | None = None
    origin: Origin | None = None
    start: datetime | None = None
    end: datetime | None = None
    limit: int = 50
    before: str | None = None

    def wants(self, job: Job) -> bool:
        """Whether a job is among those asked for, the page apart. `start` and `end` bound what its window touches."""
        return (
            (not self.states or job.state in self.states)
            and self.camera in (None, job.camera)
            and self.kind in (None, job.kind)
            and self.origin in (None, job.origin)
            and (self.start is None or job.window.end > self.start)
            and (self.end is None or job.window.start < self.end)
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Jobs, and the cursor of the next page or None."""

    jobs: tuple[Job, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Span:
    """What a camera's index says about a window; it outlives the job, so it keeps what the job got."""

    window: Window
    outcome: str
    job: str
    assets: tuple[Asset, ...] = ()
    verdict: Verdict | None = None


def span_of(change: Change) -> Span | None:
    """What a change says about its job's window, or None when it says nothing about any."""
    job = change.job
    return Span(job.window, change.outcome, job.id, job.assets, job.verdict) if change.outcome else None


@dataclass(frozen=True, slots=True)
class LaneView:
    """A lane's runners ({job: "attempt:stream id"}), how many wait at it, and until when it is closed.

    A job waits at its first lane, its device's, whichever of its lanes has no room.
    """

    runners: Mapping[str, str]
    waiting: int
    not_before: datetime | None

    def holds(self, stream_id: str, but: str) -> bool:
        """Whether a job other than `but` runs under this stream id."""
        return any(job != but and who.partition(":")[2] == stream_id for job, who in self.runners.items())


class JobStore(Protocol):
    """Saves jobs, and everything that must change together with a job, in one step.

    Invariant: exactly the live jobs are in `due`. Sending the same change twice is the same as once. Places in lanes go
    round: to the device that was given one least recently, and of its jobs to the most urgent.
    """

    def now(self) -> datetime:
        """The store's clock."""
        ...

    def load(self, job_id: str) -> Snapshot | None:
        """The job as it is now, or None."""
        ...

    def commit(self, change: Change) -> Result:
        """Save the job, its indexes, due, debts, lanes, span, place in a queue and history: all, or nothing."""
        ...

    def note(self, job_id: str, line: HistoryLine) -> None:
        """Add to the history alone: late news. Silently nothing for a job that has left."""
        ...

    def keep(self, job_id: str, callback: Callback) -> bool:
        """Keep a callback that was refused with its job. False for a job that has left."""
        ...

    def callbacks(self, job_id: str) -> Sequence[Callback]:
        """What was kept with a job, the last `CALLBACKS_KEPT` of each kind, in the order in which they came.

        What no key in force opens counts as absent.
        """
        ...

    def take(self, queue: str) -> str | None:
        """The next job of a queue for which there is room, most urgent first within a device; it holds its places.

        Lost if not claimed until the next sweep, which offers it again and gives its places to whose turn it is.
        """
        ...

    def take_owed(self, hold: timedelta) -> str | None:
        """A job with a debt that is due; nobody else gets it for `hold`."""
        ...

    def overdue(self, limit: int) -> Overdue:
        """At most `limit` jobs whose due has come and that no queue is for; the others are put into their queues.

        What waits for room in a lane is not looked at: it costs a sweep nothing.
        """
        ...

    def find(self, wish: str) -> str | None:
        """The id of the job for a wish, as long as that job is listed."""
        ...

    def list(self, query: Query) -> Page:
        """Jobs, newest first."""
        ...

    def history(self, job_id: str) -> Sequence[HistoryLine]:
        """What happened to a job, capped, in the order in which it first happened; `at` is when it last did."""
        ...

    def counts(self) -> Mapping[State, int]:
        """How many jobs stand in each state."""
        ...

    def lane(self, name: str) -> LaneView:
        """Who runs in a lane."""
        ...

    def spans(self, camera: str, window: Window) -> Sequence[Span]:
        """The index of a camera where it touches a window."""
        ...

    def overdue_seconds(self) -> float:
        """How long the most overdue job has been waiting for somebody to look at it; 0 when none is.

        A job that waits for room is not overdue; but when there is room and nobody comes for work, that counts, from the
        first sweep that saw it.
        """
        ...

    def forget(self, before: datetime, limit: int) -> int:
        """Drop at most `limit` jobs that ended before a time and owe nothing; how many were dropped."""
        ...


# -- records -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """A record as we keep it. `revision` counts from 1; `told` is the last one that was acknowledged.

    `picture` is where the vendor last said its picture is, `picture_key` the asset once that has landed; `jobs` are those
    that were made of it, `closing` the one whose picture is that of the closed day, `video` the one that
    brings its video.
    """

    record: Record
    revision: int
    told: int = 0
    picture: Sighting | None = None
    picture_key: str | None = None
    jobs: tuple[str, ...] = ()
    closing: str | None = None
    video: str | None = None


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """Which records to list, newest first. `text` is looked for in summaries, whatever its case; `before` is a cursor."""

    camera: str | None = None
    day: date | None = None
    tag: str | None = None
    text: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    limit: int = 50
    before: str | None = None

    def wants(self, record: Record) -> bool:
        """Whether a record is among those asked for, the page apart. `start` and `end` bound when it was created."""
        told = (record.summary, *(chapter.summary for chapter in record.chapters))
        tags = (*record.tags, *(tag for chapter in record.chapters for tag in chapter.tags))
        return (
            self.camera in (None, record.camera)
            and self.day in (None, record.day)
            and (self.tag is None or self.tag in tags)
            and (self.text is None or any(self.text.casefold() in summary.casefold() for summary in told))
            and (self.start is None or record.created_at >= self.start)
            and (self.end is None or record.created_at < self.end)
        )


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Records, and the cursor of the next page or None."""

    entries: tuple[RecordEntry, ...]
    next: str | None


class RecordStore(Protocol):
    """Keeps records, and hands out every revision until it is acknowledged. Doing anything twice is the same as once."""

    def upsert(
        self, record: Record, picture: Sighting | None, media: MediaDescriptor | None = None
    ) -> RecordEntry:
        """Keep a record as it was just listed; a revision more only if its content differs from what is kept.

        What is no content (the vendor's id, an address, a descriptor, an end of life) is kept up to date without one.
        """
        ...

    def untold(self, limit: int) -> Sequence[RecordEntry]:
        """Records with a revision that nobody has acknowledged, the longest waiting first."""
        ...

    def acknowledge(self, record_id: str, revision: int, jobs: Sequence[str]) -> None:
        """A revision was told, and these jobs exist for it; a newer revision stays to be told."""
        ...

    def link(self, record_id: str, picture_key: str) -> None:
        """The record's picture has landed under this key. Silently nothing for a record that has left."""
        ...

    def close(self, record_id: str, job_id: str) -> None:
        """This job is for the picture of the record's closed day; nothing when one was named before, or it has left."""
        ...

    def film(self, record_id: str, job_id: str) -> None:
        """This job is for the record's video; nothing when one was named before, or the record has left."""
        ...

    def media(self, record_id: str) -> MediaDescriptor | None:
        """How the record's media are reached, as last listed; None when nothing readable is known. Never to be shown."""
        ...

    def load(self, record_id: str) -> RecordEntry | None:
        """The record as it is now, or None."""
        ...

    def list(self, query: RecordQuery) -> RecordPage:
        """Records, newest first by the newest of what they tell."""
        ...

    def forget(self, before: datetime, limit: int) -> int:
        """Drop at most `limit` told records that tell of nothing since a time; how many were dropped."""
        ...


# -- shared memory -----------------------------------------------------------------------------------------------------


class SharedMemory(Protocol):
    """Small things that all processes must agree on."""

    def get(self, key: str) -> str | None:
        """The value, or None."""
        ...

    def get_many(self, keys: Sequence[str]) -> Sequence[str | None]:
        """The value of each, or None, in one look."""
        ...

    def swap(self, key: str, old: str | None, new: str | None, ttl: timedelta | None = None) -> bool:
        """Put `new` in the place of `old` (None: absent); False when it was not `old`."""
        ...

    def hold(self, name: str, owner: str, ttl: timedelta) -> bool:
        """Take or renew a lease; False when somebody else has it."""
        ...

    def release(self, name: str, owner: str) -> None:
        """Give a lease back; nothing when it is not this owner's."""
        ...

    def holder(self, name: str) -> str | None:
        """Who has a lease, or None."""
        ...

    def count(self, limits: Mapping[str, int | None], ttl: timedelta) -> str | None:
        """Add one to each of these counters, or to none: the key of the first that has reached its limit, else None.

        A counter is read by `get` as a number, and lasts `ttl` beyond its last increment.
        """
        ...


# -- doorbells ---------------------------------------------------------------------------------------------------------


class EffectQueue(Protocol):
    """Announces; may lose. It never blocks for long and never raises: what it loses, the sweep makes up."""

    def ring(self, bell: Ring) -> None:
        """Ring one doorbell."""
        ...


# -- cameras -----------------------------------------------------------------------------------------------------------


class CameraStore(Protocol):
    """The cameras, as the owner's file has them now."""

    def get(self, name: str) -> Camera | None:
        """One camera, or None."""
        ...

    def all(self) -> Sequence[Camera]:
        """All of them, in the file's order."""
        ...


# -- vendors -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Submission:
    """A vendor's yes. Sizes are bytes; None or 0 means that the vendor does not know."""

    stream_id: str | None
    files: tuple[Sighting, ...] = ()
    duration_seconds: float | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class News:
    """What a vendor said about a running attempt, by callback or when asked: a hint, never a fact.

    `progress` is a fraction, or None when the number says nothing in a known unit. `ended`: no more is coming.
    `perhaps_ended`: this is how the end looks, but also something else.
    """

    stream_id: str | None = None
    progress: float | None = None
    ended: bool = False
    files: tuple[Sighting, ...] = ()
    perhaps_ended: bool = False


class PlaybackSource(Protocol):
    """A vendor that makes a window of recorded video available on request."""

    def lanes(self, camera: Camera) -> tuple[Lane, ...]:
        """The lanes that a download of this camera occupies: its device's own, then those shared with other devices.

        Invalid when the camera is not this vendor's.
        """
        ...

    def submit(self, camera: Camera, window: Window, callback_url: str) -> Submission:
        """Ask for a window. AnswerUnknown when it may have been taken; Nothing; Transient; Final."""
        ...

    def recordings(self, camera: Camera, window: Window) -> tuple[Window, ...] | None:
        """What the device holds of a window, in order of time, clipped to it, not overlapping.

        () when it recognisably holds nothing. None when that cannot be told: the vendor cannot be asked, did not answer in
        its short time, or not in a form that is known. Raises nothing but Invalid for a camera that is not this vendor's.
        """
        ...

    def ask(self, stream_id: str) -> News:
        """How a running attempt stands. Gone when the vendor no longer knows the stream."""
        ...

    def withdraw(self, camera: Camera, stream_id: str) -> None:
        """Say that an attempt is no longer wanted. Best effort, with a short time-out of its own."""
        ...

    def read_callback(self, body: bytes, content_type: str) -> News:
        """What a callback says. Invalid, with the field's name, when it cannot be read. No I/O but shared memory."""
        ...

    def probe(self) -> None:
        """Raises unless the vendor answers at all; occupies nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Listed:
    """One record as a listing has it, where its picture is, if it has one, and how its media are reached."""

    record: Record
    picture: Sighting | None = None
    media: MediaDescriptor | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A row, or a part of one, that could not be read. `fault` is a sentence; `row` the row as JSON, without its secrets."""

    fault: str
    row: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a listing, without what earlier pages held."""

    records: tuple[Listed, ...]
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class Quota:
    """Calls of one span ("day", "month") at a vendor, until that span ends; `forecast` is what they will come to.

    `kept`: how many of the limit no listing may use; they are for tokens and probes.
    """

    span: str
    used: int
    limit: int | None
    until: datetime
    forecast: int
    kept: int = 0

    @property
    def left(self) -> int | None:
        """How many calls listings may still make; None for any number."""
        return None if self.limit is None else max(0, self.limit - self.kept - self.used)

    @property
    def spent(self) -> bool:
        """Whether our own limit is reached: no listing goes out any more."""
        return self.left == 0


@dataclass(frozen=True, slots=True)
class Discovered:
    """A camera that a vendor's account has. `section` is its part of the cameras file; None: `label` says what was unreadable.

    `known` is the name under which the cameras file already has it.
    """

    label: str
    section: Mapping[str, str | tuple[str, ...]] | None = None
    known: str | None = None


class RecordSource(Protocol):
    """A vendor that lists records."""

    @property
    def zone(self) -> ZoneInfo:
        """In whose calendar days it lists."""
        ...

    def packages(self, camera: Camera) -> tuple[str, ...]:
        """What it can list of a camera; nothing when the camera is not this vendor's."""
        ...

    def wants_video(self, camera: Camera) -> bool:
        """Whether the owner wants the video of this camera's records, too; False when the camera is not this vendor's."""
        ...

    def listing(self, camera: Camera, package: str, day: date, thorough: bool = False) -> Iterator[Listing]:
        """All records of a day, page by page: only one that was read to its end is whole.

        `thorough`: nothing will be listed after this, so take nothing for the end but the end, whatever it costs.
        Transient, with `whose` trouble it is and perhaps `until` when; Final when this camera cannot be listed as it is.
        """
        ...

    def about(self, message: bytes, cameras: Sequence[Camera]) -> tuple[str, ...]:
        """The names of those cameras that a message pushed by the vendor is about: a hint, for it proves nothing."""
        ...

    def days(self, camera: Camera, package: str, since: date, until: date) -> frozenset[date] | None:
        """Which of these days, first and last included, hold something; None when that cannot be told.

        Transient when no call goes through to the vendor now. It cannot show that a day has changed.
        """
        ...

    def discover(self, known: Sequence[Camera]) -> Iterator[Discovered]:
        """The cameras of the account, those in the cameras file among them. Raises as `listing` does."""
        ...

    def quotas(self) -> Sequence[Quota]:
        """What of the vendor's patience is used up."""
        ...

    def probe(self) -> None:
        """Raises unless the vendor answers at all."""
        ...


# -- media and the archive ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Download:
    """An open answer. `start` is where its bytes begin (0 when it begins anew), `total` the whole length if known.

    `validator` is a strong one, fit for If-Range, or None. `chunks` raises Transient when the body breaks off.
    """

    start: int
    total: int | None
    validator: str | None
    chunks: Iterator[bytes]


class MediaSource(Protocol):
    """The one guarded way to bytes behind an address that a vendor named."""

    def open(
        self, address: str, start: int, validator: str | None, public: bool = False
    ) -> AbstractContextManager[Download]:
        """Bytes from `start` on. Gone (404, 410), Transient (host not allowed, host away, 5xx), Refused.

        `public`: whoever named the address may name any public host, not only those of the allow-list.
        """
        ...


class VideoSource(Protocol):
    """An owner's code that brings the video of a record of one vendor, in a process of its own."""

    def open(
        self, asset_id: str, claim: int, descriptor: MediaDescriptor, window: Window
    ) -> AbstractContextManager[Download]:
        """The whole video, from its start and without a validator. Until it is there its chunks are empty, a few a minute.

        What it needs on the disk meanwhile counts as the asset's unfinished bytes. Gone when another listing may help; Transient,
        `flow-spent` when the account's flow is used up; Refused when it is not to be had at all.
        """
        ...


# Refused when the bytes are not whole media of that kind; Transient when this machine could not look at them.
MediaCheck = Callable[[BinaryIO, Kind], MediaFacts]


class Spool(Protocol):
    """The unfinished bytes of one asset; ours alone until closed."""

    @property
    def size(self) -> int:
        """Bytes kept so far."""
        ...

    @property
    def validator(self) -> str | None:
        """The validator under which they were fetched."""
        ...

    @property
    def total(self) -> int | None:
        """How many there will be, as it was said when they began; None when nothing was said."""
        ...

    def restart(self, validator: str | None, total: int | None = None) -> None:
        """Drop what is there and begin anew."""
        ...

    def write(self, chunk: bytes) -> None:
        """Append."""
        ...

    def keep(self) -> None:
        """Put everything written so far safely on disk."""
        ...

    def open(self) -> BinaryIO:
        """Read it from the start."""
        ...


class Archive(Protocol):
    """Where assets live. Publishing is all-or-nothing and repeatable; the sidecar comes last: it is the commit mark.

    Keys are relative paths with `/`. A key without a sidecar has not landed.
    """

    def spool(self, asset_id: str, claim: int = 0) -> AbstractContextManager[Spool]:
        """A spool of an asset, for one owner at a time; Transient `spool-busy` when somebody else has it.

        Who comes by a later `claim` than that owner's gets one of his own all the same, with what the other one kept and
        could be resumed. Nothing that the other one does from then on is of any effect, and it lands nothing.
        """
        ...

    def publish(self, spool: Spool, key: str, sidecar: Mapping[str, object]) -> None:
        """Land the spool's bytes under `key`, then its sidecar. The same again changes nothing."""
        ...

    def reject(self, spool: Spool, key: str, sidecar: Mapping[str, object]) -> None:
        """Keep the spool's bytes aside, where no final name is."""
        ...

    def set_aside(self, key: str, reason: str) -> None:
        """Take a landed asset from its final name to where rejected bytes are kept, its sidecar first, and say there why.

        The same again changes nothing, and neither does a key under which nothing landed.
        """
        ...

    def sidecar(self, key: str) -> Mapping[str, object] | None:
        """The sidecar of a landed asset, or None."""
        ...

    def landed(self, stem: str) -> Mapping[str, object] | None:
        """The sidecar of the landed asset whose key is this stem and any extension, or None."""
        ...

    def describe(self, key: str, description: Mapping[str, object]) -> bool:
        """Put a record's description under its own key, whole or not at all, in place of an older one.

        False when the very same stood there already, and nothing was written.
        """
        ...

    def description(self, key: str) -> Mapping[str, object] | None:
        """What `describe` has put under a key, or None."""
        ...

    def size(self, key: str) -> int:
        """Bytes of a landed asset. NotFound."""
        ...

    def read(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Bytes [start, stop) of a landed asset, in pieces. NotFound."""
        ...

    def free_bytes(self) -> int:
        """Room that is left; whatever was written is off it at once."""
        ...

    def unfinished(self) -> Mapping[str, int]:
        """The spools that are there, and how many bytes each holds, 0 for what a death left beside one.

        None but those whose ids are made as `planning.asset_id` does: whatever else lies there is not ours.
        """
        ...

    def discard(self, asset_id: str) -> None:
        """Drop everything that is unfinished of an asset; Transient `spool-busy` while somebody has it."""
        ...
