"""The job: our durable wish to get one thing into the archive, and all that happened to it.

Plain frozen values. Nothing here decides; `lifecycle` decides. Times are aware UTC datetimes, lengths are timedeltas,
sizes are bytes, progress is a fraction 0..1.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.changes import replace


class State(StrEnum):
    """Where a job stands. Each value's meaning, and who owes the next move, stands in `lifecycle.MEANINGS`."""

    WANTED = "wanted"
    SUBMITTING = "submitting"
    PREPARING = "preparing"
    READY = "ready"
    FETCHING = "fetching"
    ARCHIVED = "archived"
    EMPTY = "empty"
    FAILED = "failed"
    CANCELLED = "cancelled"


LIVE = frozenset({State.WANTED, State.SUBMITTING, State.PREPARING, State.READY, State.FETCHING})
ENDED = frozenset(State) - LIVE


class Kind(StrEnum):
    """What a job gets."""

    PLAYBACK = "playback"  # a window of recorded video, prepared by the vendor on request
    PICTURE = "picture"  # a record's picture, there from the start
    HLS = "hls"  # a record's video through the cloud, there from the start


OF_RECORDS = frozenset({Kind.PICTURE, Kind.HLS})


class Origin(StrEnum):
    """Who wished for it."""

    HAND = "hand"
    PLAN = "plan"
    FOLLOW = "follow"
    GAP = "gap"
    HARVEST = "harvest"


class FileState(StrEnum):
    """What we know of one file that a vendor named."""

    NOTED = "noted"  # named before the end: not fetched yet, it may still change
    OPEN = "open"  # to be fetched
    LANDED = "landed"  # its bytes are an asset
    SUPERSEDED = "superseded"  # another address took its place before the end: never fetched
    REFUSED = "refused"  # its bytes failed the check too often, or its host is forbidden for good
    GONE = "gone"  # the vendor no longer has it


class DebtKind(StrEnum):
    """What a job still owes the world; an ended job can owe, too."""

    WITHDRAW = "withdraw"  # tell the vendor that an attempt is no longer wanted
    ALERT = "alert"  # tell the operator that footage is lost
    VERDICT = "verdict"  # judge the window, once the grace for further files is over
    CHILDREN = "children"  # wish for the spans that are missing
    RENEW = "renew"  # have the record listed once more, for what led to its picture or its video is dead
    LINK = "link"  # tell the record where its picture has landed
    ASIDE = "aside"  # take an asset out of the archive's final names: longer footage is in its place, or it was rejected


class Verdict(StrEnum):
    """What an asset, or a whole window, turned out to be."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    UNVERIFIED = "unverified"
    ENCRYPTED = "encrypted"


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open span [start, end) of one camera's time."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long the window is."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Lane:
    """A device's, or a vendor's, room for running downloads."""

    name: str
    room: int


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's claim. `owner` names host, process and its start, so that a dead one can be told from a slow one."""

    owner: str
    until: datetime


@dataclass(frozen=True)  # without slots, for `changes.replace`
class Attempt:
    """One submission that the vendor accepted. `stream_id` is the vendor's handle: it repeats, so never an identity.

    `aliases`: other handles under which the vendor spoke of it. They are noted and decide nothing. `size`: bytes that it is
    said to come to, 0 where nobody knows; an estimate, good for nothing but the question whether there is room.
    """

    number: int
    accepted_at: datetime
    stream_id: str | None = None
    ended: bool = False  # the vendor said, or showed, that no more is coming
    aliases: tuple[str, ...] = ()
    size: int = 0


@dataclass(frozen=True, slots=True)
class Asset:
    """Bytes in the archive. `attempt` is the one that brought them; 0 where nobody knows. `early` as of their file."""

    id: str
    key: str
    camera: str
    kind: Kind
    start: datetime
    end: datetime
    size: int
    sha256: str
    verdict: Verdict
    content_type: str
    job: str
    duration_seconds: float | None = None
    attempt: int = 0
    early: bool = False


@dataclass(frozen=True)  # without slots, for `changes.replace`
class File:
    """One file that a vendor named for a job. `identity` is given by the vendor's folder; `address` is the latest.

    `early`: it was named before the end, so it may be anything, another camera's footage too.
    """

    identity: str
    address: str
    attempt: int
    state: FileState
    reason: str | None = None
    retry_at: datetime | None = None  # its own wait: one file's fault holds up no other
    kept: int = 0  # bytes of it that ever were on our disk
    total: int = 0  # bytes that its host said it has, where there was no room for them; 0: not known
    failures: int = 0  # faults in a row; reset by more bytes kept alone
    not_ready: int = 0  # answers "not there", in a row
    early: bool = False


@dataclass(frozen=True, slots=True)
class Debt:
    """One thing owed, and from when on. A withdrawal names the attempt and the handle it is for; `key` names an asset."""

    kind: DebtKind
    due_at: datetime
    attempt: int = 0
    stream_id: str | None = None
    key: str = ""


@dataclass(frozen=True)  # without slots, for `changes.replace`
class Job:
    """See the head of this file. `wish` is the key by which a second wish for the same thing is recognised."""

    id: str
    kind: Kind
    vendor: str
    camera: str
    window: Window
    wish: str
    origin: Origin
    created_at: datetime
    updated_at: datetime
    give_up_at: datetime
    due_at: datetime | None
    state: State = State.WANTED
    reason: str | None = None
    detail: str | None = None
    parent: str | None = None
    generation: int = (
        0  # how many parents there are above it: what is missing of what was missing comes to an end
    )
    record: str | None = None  # the record whose picture, or whose footage, this is
    on_hold: bool = False

    attempt: int = 0  # numbers each PrepareStarted; names its callback token; never capped
    charged: int = 0  # the last attempt number that is accounted for
    attempts: int = 0  # submissions that were charged; capped
    postponed: int = 0  # submissions that the vendor turned away for now
    unexplained: tuple[int, ...] = ()  # attempts that were perhaps sent, and nobody is left to tell
    waits: int = 0  # postponements in a row, whoever caused them; they stretch the wait
    failures: int = 0  # failed submissions in a row
    crashes: int = 0  # claims in a row that never returned; reset by a slice that did
    unanswered: int = 0  # asks in a row without an answer
    claim: int = 0  # numbers each FetchStarted: the fence against a worker that outlived its lease

    current: Attempt | None = None
    lanes: tuple[Lane, ...] = ()
    lease: Lease | None = None
    retry_at: datetime | None = None
    unknown_until: datetime | None = None
    last_news: datetime | None = None
    last_rise: datetime | None = None
    asked_at: datetime | None = None
    asking: bool = False  # somebody should ask the vendor how the current attempt stands
    finalising_since: datetime | None = None
    perhaps_since: datetime | None = None  # when the vendor first said what may be the end
    usable_until: datetime | None = None
    progress: float | None = None
    fetching: str = ""  # identity of the file under way
    kept: int = 0  # bytes of the file under way that are on our disk
    files: tuple[File, ...] = ()
    assets: tuple[Asset, ...] = ()
    debts: tuple[Debt, ...] = ()
    verdict: Verdict | None = None
    missing: tuple[Window, ...] = ()  # what the device holds of the window and did not deliver
    once_more: int = (
        0  # the last attempt before the whole window was asked for once more, for it had come short
    )
    aside: tuple[Asset, ...] = ()  # what landed and did not stay

    @property
    def live(self) -> bool:
        """Whether something may still come of it."""
        return self.state in LIVE

    @property
    def of_record(self) -> bool:
        """Whether this is part of a record: there from the start, and where it is, is said anew by each listing."""
        return self.kind in OF_RECORDS

    @property
    def owed_at(self) -> datetime | None:
        """When the earliest debt is due, or None when nothing is owed."""
        return min((debt.due_at for debt in self.debts), default=None)

    @property
    def log_fields(self) -> dict[str, object]:
        """The fields of every log line about this job."""
        return {"job": self.id, "camera": self.camera, "vendor": self.vendor, "attempt": self.attempt}

    def file(self, identity: str) -> File | None:
        """The file of that identity, if the job has heard of it."""
        return next((file for file in self.files if file.identity == identity), None)

    def files_in(self, *states: FileState) -> tuple[File, ...]:
        """The files in any of these states, in the order in which they were heard of."""
        return tuple(file for file in self.files if file.state in states)

    def with_file(self, file: File) -> "Job":
        """The job with this file put in, or put in the place of the one of the same identity."""
        if self.file(file.identity) is None:
            return replace(self, files=(*self.files, file))
        return replace(
            self, files=tuple(file if old.identity == file.identity else old for old in self.files)
        )
