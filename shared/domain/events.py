"""Events: past-tense facts that may move a job. `lifecycle.advance` says what each of them does in each state.

An event tells what happened and nothing about what to do. `attempt` names the submission it is about, `claim` the
fetch; an event about one that has been replaced is late, which is normal.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.camera import Short
from shared.domain.job import Asset, DebtKind, Lane, Lease, Window


@dataclass(frozen=True, slots=True)
class Sighting:
    """A vendor named a file: `identity` tells files apart, `address` is where its bytes are."""

    identity: str
    address: str


@dataclass(frozen=True, slots=True)
class PrepareStarted:
    """A worker has claimed the job and is about to ask the vendor. `lanes` are those it will occupy."""

    lease: Lease
    lanes: tuple[Lane, ...] = ()


@dataclass(frozen=True, slots=True)
class Submitted:
    """The vendor accepted the attempt. `size`: bytes that it says will come; 0 when it does not know."""

    attempt: int
    stream_id: str | None = None
    files: tuple[Sighting, ...] = ()
    size: int = 0


@dataclass(frozen=True, slots=True)
class AnswerLost:
    """The attempt was sent, and nobody knows what came of it."""

    attempt: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Progressed:
    """The vendor reported on a running attempt. `progress` is None when the number says nothing in a known unit.

    `perhaps_ended`: the report looks like the end, but also like something else.
    """

    attempt: int
    progress: float | None = None
    ended: bool = False
    stream_id: str | None = None
    files: tuple[Sighting, ...] = ()
    perhaps_ended: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """The end was reported together with a file: there is something to fetch."""

    attempt: int
    files: tuple[Sighting, ...]
    stream_id: str | None = None


@dataclass(frozen=True, slots=True)
class StreamGone:
    """The vendor no longer knows the stream: it has ended, well or badly."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Asked:
    """We asked, and any answer came: the vendor lives."""

    attempt: int


@dataclass(frozen=True, slots=True)
class AskFailed:
    """We asked, and no answer came. `vendor_away`: the vendor answers nobody, so it says nothing about this job."""

    attempt: int
    vendor_away: bool = False
    reason: str = "unanswered"


@dataclass(frozen=True, slots=True)
class PrepareFailed:
    """The vendor said no to this attempt, and another may fare better."""

    attempt: int
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """No for good: the vendor's, or, with `asked` false, our own before it was asked."""

    attempt: int
    reason: str
    detail: str = ""
    asked: bool = True


@dataclass(frozen=True, slots=True)
class NoFootage:
    """The vendor answered, recognisably, that it has nothing for this window.

    `asked`: it was asked for the footage itself; otherwise only for the list of what there is.
    """

    attempt: int
    detail: str = ""
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Postponed:
    """The world around the job is not ready; nothing is charged.

    `asked`: the vendor saw a submission and turned it away. `wait`: how long at least, None for the growing wait.
    `identity`: the one file that has to wait, and `total` how many bytes its host said it has, 0 when nobody said.
    `lane`: the lane that is closed for as long, whoever waits in it.
    """

    reason: str
    detail: str = ""
    attempt: int = 0
    claim: int = 0
    asked: bool = False
    wait: timedelta | None = None
    identity: str = ""
    total: int = 0
    lane: str = ""


@dataclass(frozen=True, slots=True)
class FetchStarted:
    """A worker has claimed the job and is about to fetch its next file."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes are safely on our disk: `size` of them in all. The heartbeat of a fetch, so it renews the lease."""

    claim: int
    size: int
    until: datetime


@dataclass(frozen=True, slots=True)
class SliceOver:
    """A worker gave the job back in good order, with more to do."""

    claim: int
    size: int


@dataclass(frozen=True, slots=True)
class AssetLanded:
    """A file's bytes were checked and are in the archive."""

    identity: str
    asset: Asset
    claim: int = 0


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """Fetching a file failed. `final`: its bytes were seen and refused."""

    claim: int
    identity: str
    reason: str
    detail: str = ""
    final: bool = False


@dataclass(frozen=True, slots=True)
class DownloadGone:
    """The address of a file leads to nothing."""

    claim: int
    identity: str


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """An operator no longer wants it."""


@dataclass(frozen=True, slots=True)
class RetryRequested:
    """An operator wants it tried again, with fresh counters."""


@dataclass(frozen=True, slots=True)
class HoldRequested:
    """An operator wants it left alone for now."""


@dataclass(frozen=True, slots=True)
class ReleaseRequested:
    """An operator wants it to go on."""


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The job's `due` has come: look at its clocks."""


@dataclass(frozen=True, slots=True)
class WorkerDied:
    """The process that held the job's claim is no more, so nobody need wait for its lease."""

    owner: str


@dataclass(frozen=True, slots=True)
class GraceOver:
    """The wait for further files is over.

    `short` is what the camera's owner wants to become of footage that is less than was wanted. `held` is what the device
    holds of the window, in order of time; None: that cannot be told.
    """

    short: Short = Short.FLAG
    held: tuple[Window, ...] | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """A debt was paid, or tried once where trying is all that is owed; `note` says how it went."""

    kind: DebtKind
    attempt: int = 0
    note: str = ""
    key: str = ""


Event = (
    PrepareStarted | Submitted | AnswerLost | Progressed | Prepared | StreamGone | Asked | AskFailed | PrepareFailed
    | Refused | NoFootage | Postponed | FetchStarted | Kept | SliceOver | AssetLanded | FetchFailed | DownloadGone
    | CancelRequested | RetryRequested | HoldRequested | ReleaseRequested | DeadlinePassed | WorkerDied | GraceOver | Settled
)  # fmt: skip
