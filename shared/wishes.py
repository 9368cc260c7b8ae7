"""From a wish to jobs: one camera's span of time becomes jobs that exist once, whoever wishes again.

The job that is live or archived is returned, not doubled, from its span when it has left the list; one that ended
without an asset is tried again; `force` asks anew. Bad input is Invalid with the field's name, and nothing has changed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ulid import ULID

from shared.domain import planning
from shared.domain.camera import Camera
from shared.domain.changes import replace
from shared.domain.events import RetryRequested, Sighting
from shared.domain.job import File, FileState, Job, Kind, Origin, State, Window
from shared.domain.records import Record
from shared.domain.room import FASTEST
from shared.errors import Conflict, Invalid
from shared.ledger import Ledger
from shared.ports import CameraStore, PlaybackSource, RecordEntry, Span

_MOST_JOBS = 1000
VIDEO = Sighting("video", "")  # a record has one; what leads to it stands in the record's own entry alone


@dataclass(frozen=True, slots=True)
class Wishes:
    """Creates playback jobs. `sources` are the vendors that can be asked, by name, in order of preference."""

    ledger: Ledger
    cameras: CameraStore
    sources: dict[str, PlaybackSource]
    longest: timedelta

    def playback(
        self,
        camera: str,
        window: Window,
        origin: Origin = Origin.HAND,
        force: bool = False,
        parent: Job | None = None,
    ) -> tuple[Job, ...]:
        """The jobs that stand for this window, cut at aligned marks, new or not. Invalid names the field."""
        known = self.cameras.get(camera)
        if known is None:
            raise Invalid("camera-unknown", f"no camera is called {camera!r}", field="camera")
        now = self.ledger.jobs.now()
        _check(window, now)
        vendor = self._vendor(known)
        windows = planning.cut(window, self.longest, known.zone)
        if len(windows) > _MOST_JOBS:
            raise Invalid(
                "window-too-long", f"would become {len(windows)} jobs, at most {_MOST_JOBS}", field="end"
            )
        return tuple(self._one(known, vendor, each, origin, force, parent, now) for each in windows)

    def picture(self, entry: RecordEntry) -> Job | None:
        """The job for a record's picture, there from the start and so READY; None when there is nothing to get, and never was."""
        wish = planning.picture_wish(entry.record.camera, entry.record.id)
        if entry.picture is None or entry.picture_key:
            return self._listed(wish)
        return self._picture(entry, entry.picture, wish)

    def closing_picture(self, entry: RecordEntry) -> Job | None:
        """The job for the picture that a grown record has when its day is closed; None when there is nothing more to get.

        A first picture that is still on its way is that one: the listing that closes the day has renewed its address.
        """
        record = entry.record
        if entry.picture is None:
            return None
        first = self._listed(planning.picture_wish(record.camera, record.id))
        if first and first.live:
            return first
        return self._picture(entry, entry.picture, planning.closing_wish(record.camera, record.id))

    def video(self, entry: RecordEntry) -> Job | None:
        """The job for a record's video, there from the start and so READY."""
        size = min(entry.record.size or 0, FASTEST * int(_window(entry.record).length.total_seconds()))
        # Its bytes are on the disk twice for a while: as they were brought, and in the spool.
        file = File(VIDEO.identity, VIDEO.address, 0, FileState.OPEN, total=size * 2)
        return self._of(
            entry.record, Kind.HLS, file, planning.video_wish(entry.record.camera, entry.record.id)
        )

    def _picture(self, entry: RecordEntry, picture: Sighting, wish: str) -> Job | None:
        file = File(picture.identity, picture.address, 0, FileState.OPEN)
        return self._of(entry.record, Kind.PICTURE, file, wish)

    def _of(self, record: Record, kind: Kind, file: File, wish: str) -> Job | None:
        now = self.ledger.jobs.now()
        job = Job(
            id=str(ULID()).lower(),
            kind=kind,
            vendor=record.vendor,
            camera=record.camera,
            window=_window(record),
            wish=wish,
            origin=Origin.HARVEST,
            created_at=now,
            updated_at=now,
            give_up_at=now + self.ledger.policy.give_up,
            due_at=None,
            state=State.READY,
            record=record.id,
            usable_until=record.expires_at,
            files=(file,),
        )
        return self.ledger.create(job) or self._listed(wish)

    def _listed(self, wish: str) -> Job | None:
        found = self.ledger.jobs.load(self.ledger.jobs.find(wish) or "")
        return found.job if found else None

    def _vendor(self, camera: Camera) -> str:
        for name in self.sources:
            if name in camera.sections:
                return name
        raise Invalid(
            "camera-without-playback", f"{camera.name} has no section of a playback vendor", field="camera"
        )

    def _one(
        self,
        camera: Camera,
        vendor: str,
        window: Window,
        origin: Origin,
        force: bool,
        parent: Job | None,
        now: datetime,
    ) -> Job:
        wish = planning.wish(Kind.PLAYBACK, camera.name, window)
        job = Job(
            id=str(ULID()).lower(),
            kind=Kind.PLAYBACK,
            vendor=vendor,
            camera=camera.name,
            window=window,
            wish=wish,
            origin=origin,
            created_at=now,
            updated_at=now,
            give_up_at=now + self.ledger.policy.give_up,
            due_at=None,
            parent=parent.id if parent else None,
            generation=parent.generation + 1 if parent else 0,
            lanes=self.sources[vendor].lanes(camera),
        )
        if force:  # a wish of its own, so that neither job is mistaken for the other
            job = replace(job, wish=f"{wish}/{job.id}")
        elif held := self._held(job):
            return held
        return self.ledger.create(job) or self._existing(wish)

    def _held(self, wished: Job) -> Job | None:
        """The job that got this window and has left the list, as far as its span remembers it; it is not saved."""
        if self.ledger.jobs.find(wished.wish):
            return None
        for span in self.ledger.jobs.spans(wished.camera, wished.window):
            if span.window == wished.window and span.assets:
                found = self.ledger.jobs.load(span.job)
                return found.job if found else _remembered(wished, span)
        return None

    def _existing(self, wish: str) -> Job:
        job_id = self.ledger.jobs.find(wish)
        found = self.ledger.jobs.load(job_id) if job_id else None
        if found is None:
            raise Conflict(
                "wish-in-flux", "the job for this window was dropped at this very moment; ask again"
            )
        if found.job.live or found.job.assets or found.job.state == State.ARCHIVED:
            return found.job
        self.ledger.record(found.job.id, RetryRequested())
        again = self.ledger.jobs.load(found.job.id)
        return again.job if again else found.job


def _window(record: Record) -> Window:
    return Window(record.created_at, record.end)


def _remembered(wished: Job, span: Span) -> Job:
    return replace(
        wished,
        id=span.job,
        state=State.ARCHIVED,
        created_at=ULID.from_str(span.job.upper()).datetime,
        assets=span.assets,
        verdict=span.verdict,
    )


def _check(window: Window, now: datetime) -> None:
    if window.start >= window.end:
        raise Invalid("window-empty", "start must lie before end", field="start")
    if window.end > now:
        raise Invalid("window-in-the-future", "the window must be over", field="end")
