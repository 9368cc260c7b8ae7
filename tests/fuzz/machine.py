"""A machine that plays the whole world against the real table and the real commit script.

Two jobs share a device. Each has one vendor history; its reports are delivered in any order, doubled or dropped; workers
crash before or after they asked, outlive their leases, and every commit may be sent twice. At any instant the indexes
must agree with the jobs. Then the world becomes kind, and both jobs must end where their history says, with its files.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import redis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from shared.adapters.memory import HandClock, ListQueue, MemoryCameras, MemoryShared
from shared.adapters.memory_records import MemoryRecordStore
from shared.adapters.redis_store import RedisJobStore
from shared.domain import events as e
from shared.domain import lifecycle
from shared.domain.job import Asset, DebtKind, FileState, Job, Kind, Lease, State, Verdict
from shared.domain.lifecycle import Moved
from shared.domain.retries import Backoff, Policy
from shared.harvests import Harvests
from shared.ledger import Ledger
from shared.ports import Change, Result
from shared.sweep import Sweep
from tests.builders import DEVICE, NOON, a_job, a_window

# Caps so high that only the history decides the end.
POLICY = Policy(retries=10**6, failures=10**6, crashes=10**6, unanswered=10**6, give_up=timedelta(days=9999))
SECOND = timedelta(seconds=1)


def _file(name: str, attempt: int) -> e.Sighting:
    return e.Sighting(f"{name}#{attempt}", f"http://media/{name}/{attempt}")


@dataclass(frozen=True)
class History:
    """What a vendor will say about any attempt it accepts, and where that has to lead. X is never to be fetched."""

    end: State
    files: frozenset[str] = frozenset()
    reports: tuple[tuple[float, str, bool], ...] = ()  # progress, file or "", at the end
    turned_away: int = 0
    gone: bool = False  # asked after the end, the stream is gone
    droppable: bool = True


HISTORIES = {
    "plain": History(State.ARCHIVED, frozenset("A"), ((0.2, "", False), (0.7, "", False), (1.0, "A", True))),
    "early": History(
        State.ARCHIVED, frozenset("A"), ((0.1, "A", False), (0.7, "A", False), (1.0, "A", True))
    ),
    "changing": History(
        State.ARCHIVED, frozenset("B"), ((0.3, "X", False), (0.6, "B", False), (1.0, "B", True))
    ),
    "late file": History(
        State.ARCHIVED, frozenset("A"), ((1.0, "", True), (1.0, "", True), (1.0, "A", True)), gone=True
    ),
    "three files": History(
        State.ARCHIVED,
        frozenset("ABC"),
        ((0.5, "", False), (1.0, "A", True), (1.0, "B", True), (1.0, "C", True)),
        droppable=False,
    ),
    "busy": History(State.ARCHIVED, frozenset("A"), ((0.0, "", False), (1.0, "A", True)), turned_away=3),
    "refused": History(State.FAILED),
    "nothing there": History(State.EMPTY),
}


@dataclass
class Fate:
    """One job's part of the world: its history, what the vendor saw, and the reports still on their way."""

    history: History
    seen: int = 0
    turned_away: int = 0
    reports: list[tuple[int, tuple[float, str, bool]]] = field(default_factory=list)
    accepted: list[int] = field(default_factory=list)


class ResendingStore(RedisJobStore):
    """A client that may send a commit twice, as one does whose connection broke after the first.

    Journeys to the server are most of what a run costs. So none is made for the time, with which the script would answer as
    it was handed, and jobs are looked at along with whatever else is asked for.
    """

    resend = False

    def commit(self, change: Change) -> Result:
        result = super().commit(change)
        if self.resend and result == Result.SAVED:
            assert super().commit(change) == Result.SAVED
        return result

    def now(self) -> datetime:
        assert self._clock
        return self._clock.now()

    def look(
        self, ids: list[str], beside: Callable[[redis.client.Pipeline], object]
    ) -> tuple[list[Job], list[Any]]:
        """These jobs, and the answers to what else is put into the same pipeline."""
        pipe = self._client.pipeline(transaction=False)
        for job_id in ids:
            pipe.hget(self._key("job", job_id), "doc")
        beside(pipe)
        found = pipe.execute()
        documents, rest = found[: len(ids)], found[len(ids) :]
        return [self._documents.read(*each) for each in zip(ids, documents, strict=True)], rest


class World(RuleBasedStateMachine):
    """See the head of this file. `client`, `table` and the `first` job's history, if it is not any, are set by the tests."""

    client: redis.Redis
    table = lifecycle.TABLE
    first: str | None = None

    def __init__(self) -> None:
        super().__init__()
        self.client.flushdb()
        self.clock = HandClock(NOON)
        self.store = ResendingStore(self.client, "{w}:", clock=self.clock)
        self.ledger = Ledger(self.store, ListQueue(), POLICY, self.table)
        memory = MemoryShared(self.clock)
        harvests = Harvests(
            memory, MemoryCameras(), {}, ListQueue(), self.clock.now, SECOND, SECOND, Backoff(SECOND, SECOND)
        )
        retention = timedelta(days=9999)
        self.sweep = Sweep(self.ledger, memory, MemoryRecordStore(), harvests, SECOND, retention, "w")
        self.fates: dict[str, Fate] = {}
        self.holds = 0
        self.jobs: list[Job] = []  # as they were after the last step

    @rule(data=st.data())
    def act(self, data: st.DataObject) -> None:
        """One step of somebody who has something to do; time can always pass, and commits may always be sent twice."""
        self.store.resend = data.draw(st.booleans(), "sent twice")
        doable = [self.pass_some_time]
        doable += [self.prepare_somehow] * self.some(lambda job: job.state == State.WANTED)
        doable += [self.ask_somehow] * self.some(lambda job: job.asking)
        doable += [self.fetch_somehow] * self.some(lambda job: job.state == State.READY)
        doable += [self.settle_one] * self.some(lambda job: bool(job.debts))
        doable += [self.report] * 2 * any(fate.reports for fate in self.fates.values())
        doable += [self.hold_or_release] * (self.holds < 2)
        data.draw(st.sampled_from(doable), "who")(data)

    def some(self, condition: Callable[[Job], bool]) -> bool:
        """Whether a rule has something to do: a job that nobody holds, whose time has come, and of which this is true."""
        now = self.clock.now()
        return any(condition(job) and not job.on_hold and self._ripe(job, now) for job in self.jobs)

    def _ripe(self, job: Job, now: datetime) -> bool:
        return job.asking or bool(job.debts) or (job.due_at is not None and job.due_at <= now)

    @initialize(
        names=st.lists(st.sampled_from(sorted(HISTORIES)), min_size=2, max_size=2), room=st.integers(1, 2)
    )
    def wish(self, names: list[str], room: int) -> None:
        self.lanes = (replace(DEVICE, room=room),)
        for number, name in enumerate(names):  # ids seed the jitter: the same ones in each run
            wish = {"id": f"01jworld{number:018d}", "wish": f"playback/{number}"}
            job = a_job(**wish, lanes=self.lanes, window=a_window(minutes_ago=60 * 24, minutes=60 * 10))
            job = replace(job, give_up_at=NOON + POLICY.give_up)
            assert self.ledger.create(job)
            self.fates[job.id] = Fate(HISTORIES[name if number else self.first or name])

    def job(self, job_id: str) -> Job:
        found = self.store.load(job_id)
        assert found
        return found.job

    # -- our side ------------------------------------------------------------------------------------------------------

    def prepare_somehow(self, data: st.DataObject) -> None:
        self.prepare(data.draw(st.sampled_from([*["answer"] * 4, "lost", "crash before", "crash after"])))

    def prepare(self, how: str) -> None:
        job_id = self.store.take("sms")
        if job_id is None:
            return
        claimed = self.ledger.record(
            job_id, e.PrepareStarted(Lease("w", self.clock.now() + 30 * SECOND), self.lanes)
        )
        if isinstance(claimed, Moved) and how != "crash before":
            answer = self._submit(job_id, claimed.job.attempt)
            if how != "crash after":
                self.ledger.record(job_id, e.AnswerLost(claimed.job.attempt) if how == "lost" else answer)

    def _submit(self, job_id: str, attempt: int) -> e.Event:
        fate = self.fates[job_id]
        fate.seen += 1
        if fate.turned_away < fate.history.turned_away:
            fate.turned_away += 1
            return e.Postponed("device-busy", attempt=attempt, asked=True, wait=5 * SECOND, lane=DEVICE.name)
        if fate.history.end == State.FAILED:
            return e.Refused(attempt, "vendor-error")
        if fate.history.end == State.EMPTY:
            return e.NoFootage(attempt)
        fate.accepted.append(attempt)
        fate.reports += [(attempt, report) for report in fate.history.reports]
        return e.Submitted(attempt, f"stream-{attempt}")

    def ask_somehow(self, data: st.DataObject) -> None:
        self.ask(data.draw(st.booleans(), "answered"))

    def ask(self, answered: bool) -> None:
        job_id = self.store.take("control")
        if job_id is None:
            return
        job = self.job(job_id)
        if job.state == State.PREPARING and job.asking and job.current:
            self.ledger.record(job_id, self._told(job) if answered else e.AskFailed(job.current.number))

    def _told(self, job: Job) -> e.Event:
        """Asked, the vendor tells where its reports have got to."""
        assert job.current
        fate, number = self.fates[job.id], job.current.number
        waiting = [report for attempt, report in fate.reports if attempt == number]
        if waiting:
            return self._event(number, waiting[0])
        last = fate.history.reports[-1]
        return e.StreamGone(number) if fate.history.gone and not job.files else self._event(number, last)

    def fetch_somehow(self, data: st.DataObject) -> None:
        self.fetch(
            data.draw(st.sampled_from(["land", "slice", "crash", "fail", "not now", "not there", "outlive"]))
        )

    def fetch(self, how: str) -> None:
        job_id = self.store.take("fetch")
        if job_id is None:
            return
        claimed = self.ledger.record(job_id, e.FetchStarted(Lease("w", self.clock.now() + 30 * SECOND)))
        if not isinstance(claimed, Moved):
            return
        claim, identity = claimed.job.claim, claimed.job.fetching
        assert not identity.startswith("X"), "an address that changed before the end was fetched"
        if how == "outlive":
            self.pass_time(31)
        events = {
            "slice": e.SliceOver(claim, 5),
            "fail": e.FetchFailed(claim, identity, "media-http-5xx"),
            "not now": e.Postponed("media-host-away", claim=claim, identity=identity),
            "not there": None if how != "not there" else self._not_there(claimed.job),
        }
        if how in events:
            event = events[how]
            if event:
                self.ledger.record(job_id, event)
        elif how != "crash":
            self.ledger.record(job_id, e.AssetLanded(identity, _asset(claimed.job, identity), claim))

    def _not_there(self, job: Job) -> e.Event | None:
        """At most once in a row, or the file would be gone, which no history says."""
        file = job.file(job.fetching)
        return e.DownloadGone(job.claim, job.fetching) if file and file.not_ready == 0 else None

    def settle_one(self, data: st.DataObject) -> None:
        self.settle()

    def settle(self) -> None:
        job_id = self.store.take_owed(30 * SECOND)
        if job_id is None:
            return
        for debt in self.job(job_id).debts:
            if debt.due_at <= self.clock.now():
                judged = debt.kind == DebtKind.VERDICT
                self.ledger.record(job_id, e.GraceOver() if judged else e.Settled(debt.kind, debt.attempt))

    def pass_some_time(self, data: st.DataObject) -> None:
        self.pass_time(data.draw(st.sampled_from([1, 31, 91]), "seconds"))

    def pass_time(self, seconds: int) -> None:
        self.clock.move(seconds * SECOND)
        self.sweep.run()

    def hold_or_release(self, data: st.DataObject) -> None:
        self.holds += 1
        event = data.draw(st.sampled_from([e.HoldRequested(), e.ReleaseRequested()]))
        self.ledger.record(data.draw(st.sampled_from(sorted(self.fates))), event)

    # -- the vendor's reports ------------------------------------------------------------------------------------------

    def report(self, data: st.DataObject) -> None:
        fate_of = data.draw(st.sampled_from(["deliver", "deliver", "double", "drop"]))
        job_id = data.draw(st.sampled_from(sorted(job for job, fate in self.fates.items() if fate.reports)))
        fate = self.fates[job_id]
        place = data.draw(st.integers(0, len(fate.reports) - 1))
        attempt, report = fate.reports[place]
        if fate_of != "drop":
            self.ledger.record(job_id, self._event(attempt, report))
        if fate_of == "deliver" or (fate_of == "drop" and fate.history.droppable):
            del fate.reports[place]

    def _event(self, attempt: int, report: tuple[float, str, bool]) -> e.Event:
        progress, name, ended = report
        files = (_file(name, attempt),) if name else ()
        if ended and files:
            return e.Prepared(attempt, files, f"stream-{attempt}")
        return e.Progressed(attempt, progress, ended, f"stream-{attempt}", files)

    # -- what must always be true --------------------------------------------------------------------------------------

    @invariant()
    def the_indexes_agree_with_the_jobs(self) -> None:
        due, owed, waiting, runners, taken = self._look()
        jobs = self.jobs
        assert due == {job.id for job in jobs if job.live}
        assert owed == {job.id for job in jobs if job.debts}
        assert runners == {job.id for job in jobs if lifecycle.occupies(job)}
        assert waiting | taken <= {job.id for job in jobs if job.state == State.WANTED}
        assert not waiting & taken
        for job in jobs:
            self._check(job, self.fates[job.id].seen)

    def _look(self) -> list[set[str]]:
        """All jobs as they are now, into `jobs`; and the indexes: what is due, owed, waits, runs and was taken."""
        lane = f"{{w}}:lane:{DEVICE.name}"

        def indexes(pipe: redis.client.Pipeline) -> None:
            for name in ("{w}:due", "{w}:owed", f"{lane}:wait"):
                pipe.zrange(name, 0, -1)
            pipe.hkeys(f"{lane}:run")
            pipe.smembers(f"{lane}:taken")

        self.jobs, found = self.store.look(list(self.fates), indexes)
        return [set(each) for each in found]

    def _check(self, job: Job, seen: int) -> None:
        """Every submission is accounted for, and nothing of another camera has landed."""
        pending = job.state == State.SUBMITTING
        assert job.attempts + job.postponed <= seen
        assert seen <= job.attempts + job.postponed + len(job.unexplained) + pending
        assert not any(file.identity.startswith("X") for file in job.files_in(FileState.LANDED))

    def teardown(self) -> None:
        """The world becomes kind: everything still on its way arrives, everybody answers, and time passes."""
        if not self.fates:
            return
        self.store.resend = False
        for job_id in self.fates:
            self.ledger.record(job_id, e.ReleaseRequested())
        for _ in range(300):
            for job_id, fate in self.fates.items():
                while fate.reports:
                    self.ledger.record(job_id, self._event(*fate.reports.pop(0)))
            self.prepare("answer"), self.ask(answered=True)
            self.fetch("land"), self.settle()
            self._look()
            waited_for = any(job.live or job.debts for job in self.jobs)
            if not waited_for and not any(fate.reports for fate in self.fates.values()):
                break
            self.pass_time(31)
        self.the_indexes_agree_with_the_jobs()
        for job, (job_id, fate) in zip(self.jobs, self.fates.items(), strict=True):
            assert job.state == fate.history.end, f"{job.state} with {self.store.history(job_id)}"
            assert {asset.id.split("#")[0] for asset in job.assets} == fate.history.files
            assert not job.debts
        assert not self.store.lane(DEVICE.name).runners


def _asset(job: Job, identity: str) -> Asset:
    window = job.window
    return Asset(
        id=identity,
        key=f"{job.camera}/{identity}.mp4",
        camera=job.camera,
        kind=Kind.PLAYBACK,
        start=window.start,
        end=window.end,
        size=5,
        sha256="0" * 64,
        verdict=Verdict.COMPLETE,
        content_type="video/mp4",
        job=job.id,
        duration_seconds=window.length.total_seconds(),
    )
