"""A tale: one job, a clock moved by hand, and the events that befall it, told in the order in which they come."""

from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain import events as e
from shared.domain import lifecycle
from shared.domain.effects import CONTROL
from shared.domain.job import Asset, DebtKind, FileState, Job, Lease, State, Verdict
from shared.domain.lifecycle import Moved, Stayed
from shared.domain.retries import Policy
from shared.domain.rules.moving import Late
from tests.builders import NOON, POLICY, a_job

Told = Moved | Stayed | Late


def a_file(name: str = "clip", address: str = "") -> e.Sighting:
    """A file that a vendor names."""
    return e.Sighting(name, address or f"http://media.example/{name}.mp4")


def an_asset(job: Job, identity: str, seconds: float | None = 300.0) -> Asset:
    """What a file of that identity becomes in the archive."""
    return Asset(
        id=f"asset-of-{identity}",
        key=f"{job.camera}/{identity}.mp4",
        camera=job.camera,
        kind=job.kind,
        start=job.window.start,
        end=job.window.end,
        size=1000,
        sha256="0" * 64,
        verdict=Verdict.COMPLETE,
        content_type="video/mp4",
        job=job.id,
        duration_seconds=seconds,
    )


class Tale:
    """Tells one job's story. Whatever is told, a live job is due and an ended one is not."""

    def __init__(self, job: Job | None = None, policy: Policy = POLICY, at: datetime = NOON) -> None:
        self.policy, self.at = policy, at
        self.job = job or a_job()
        self.told: list[tuple[e.Event, Told]] = []

    def tell(self, *events: e.Event) -> Told:
        """Let events happen now; the answer to the last of them."""
        for event in events:
            answer = lifecycle.advance(self.job, event, self.at, self.policy)
            self.told.append((event, answer))
            self.job = self.job if isinstance(answer, Late) else answer.job
            assert (self.job.due_at is None) == (not self.job.live)
        return self.told[-1][1]

    def wait(self, seconds: float) -> None:
        """Let time pass. Every clock that runs out strikes, as the sweep would let it; what can be claimed is left alone."""
        until = self.at + timedelta(seconds=seconds)
        while (strikes := self._strikes()) is not None and strikes <= until:
            self.at = max(self.at, strikes)
            assert not isinstance(self.tell(e.DeadlinePassed()), Late), "a clock that ran out did nothing"
        self.at = until

    def _strikes(self) -> datetime | None:
        offered = lifecycle.queue(self.job) not in (None, CONTROL)
        return self.job.give_up_at if offered else self.job.due_at

    # -- what happens often --------------------------------------------------------------------------------------------

    def claim(self, seconds: float = 120) -> Told:
        """A worker claims the job to submit it."""
        return self.tell(e.PrepareStarted(Lease("worker", self.at + timedelta(seconds=seconds))))

    def submit(self, stream_id: str | None = "stream", *files: e.Sighting) -> Told:
        """A worker submits the job, and the vendor says yes."""
        assert isinstance(self.claim(), Moved)
        return self.tell(e.Submitted(self.job.attempt, stream_id, files))

    def turned_away(self) -> Told:
        """The vendor turns the attempt away, for the device is busy."""
        wait = timedelta(seconds=30)
        return self.tell(
            e.Postponed("device-busy", attempt=self.job.attempt, asked=True, wait=wait, lane="device")
        )

    def unanswered(self) -> None:
        """The vendor does not answer when asked, until the attempt is given up."""
        for _ in range(self.policy.unanswered):
            self.wait(self.policy.silence.total_seconds())
            assert self.job.asking
            assert self.job.current
            self.tell(e.AskFailed(self.job.current.number))

    def fetch(self, seconds: float = 120) -> Told:
        """A worker claims the job to fetch its next file."""
        return self.tell(e.FetchStarted(Lease("worker", self.at + timedelta(seconds=seconds))))

    def wait_and_fetch(self) -> None:
        """As soon as it is due, a worker claims the job to fetch its next file."""
        self.wait(max(self.seconds_until_due(), 0))
        assert isinstance(self.fetch(), Moved)

    def keep(self, size: int) -> Told:
        """The worker says that bytes are safe."""
        return self.tell(e.Kept(self.job.claim, size, self.at + timedelta(seconds=120)))

    def land(self, identity: str = "", claim: int | None = None) -> Told:
        """The file under way, or one of a name, lands."""
        identity = identity or self.job.fetching
        asset = an_asset(self.job, identity)
        return self.tell(e.AssetLanded(identity, asset, self.job.claim if claim is None else claim))

    def fetch_and_land(self) -> Told:
        """The next file comes home."""
        assert isinstance(self.fetch(), Moved)
        return self.land()

    def change(self, **fields: object) -> None:
        """Begin elsewhere."""
        self.job = replace(self.job, **fields)  # type: ignore[arg-type]

    # -- how it stands -------------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """Where the job stands."""
        return self.job.state

    @property
    def attempts(self) -> int:
        """Charged submissions."""
        return self.job.attempts

    @property
    def owes(self) -> list[tuple[DebtKind, int]]:
        """What is owed, and for which attempt."""
        return [(debt.kind, debt.attempt) for debt in self.job.debts]

    def files(self, state: FileState) -> list[str]:
        """The files in a state, by name."""
        return [file.identity for file in self.job.files_in(state)]

    def seconds_until_due(self) -> float:
        """How long until somebody looks at the job again."""
        assert self.job.due_at
        return (self.job.due_at - self.at).total_seconds()


def told_until(state: State) -> Tale:
    """A tale that has come to a state in the usual way, with one submission where one is needed."""
    tale = Tale()
    ways = {
        State.WANTED: (),
        State.SUBMITTING: (tale.claim,),
        State.PREPARING: (tale.submit,),
        State.READY: (tale.submit, lambda: tale.tell(e.Prepared(1, (a_file(),)))),
    }
    ways[State.FETCHING] = (*ways[State.READY], tale.fetch)
    ways[State.ARCHIVED] = (*ways[State.FETCHING], tale.land)
    ways[State.EMPTY] = (tale.claim, lambda: tale.tell(e.NoFootage(1)))
    ways[State.FAILED] = (tale.claim, lambda: tale.tell(e.Refused(1, "vendor-error")))
    ways[State.CANCELLED] = (tale.submit, lambda: tale.tell(e.CancelRequested()))
    for step in ways[state]:
        step()
    assert tale.state == state
    return tale


def ready(*names: str) -> Tale:
    """A tale of a job with some files to fetch."""
    tale = told_until(State.PREPARING)
    tale.tell(e.Prepared(1, tuple(a_file(name) for name in names)))
    return tale
