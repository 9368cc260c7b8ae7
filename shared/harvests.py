"""Which camera's records are to be listed next: wishes, the schedule, and the claims of workers, on ports alone.

How each package of each camera stands is one small document in shared memory, changed by compare-and-swap alone; what
the changes mean stands in `domain.harvest`. Nothing here rides on the broker: whoever sweeps asks `due`.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from shared.domain import harvest, sifting
from shared.domain.camera import Camera
from shared.domain.effects import harvest as harvest_bell
from shared.domain.harvest import Course, Standing
from shared.domain.job import Lease
from shared.domain.records import Record
from shared.domain.retries import Backoff
from shared.domain.rhythm import SOON
from shared.errors import Invalid, Transient, Whose
from shared.ports import CameraStore, EffectQueue, RecordSource, SharedMemory
from shared.rhythms import Rhythm, Rhythms

LATE = timedelta(minutes=30)  # for what is published after a day's end
CALM = timedelta(hours=1)  # chapters come once an hour, so more nudges would cost calls and bring nothing
DAWN = timedelta(
    hours=2
)  # since midnight; in it a new day may be passed over once, if it is listed soon after
_TRIES = 50

log = logging.getLogger(__name__)

_standing = msgspec.json.Decoder(Standing)


@dataclass(frozen=True, slots=True)
class Subject:
    """One package of one camera at one vendor: what a harvest is of."""

    vendor: str
    camera: Camera
    package: str

    @property
    def key(self) -> str:
        """Its place in shared memory; also what spreads its time by chance."""
        return f"harvest:{self.vendor}:{self.camera.name}:{self.package}"


@dataclass(frozen=True, slots=True)
class Claim:
    """One day of a subject, for one worker, whose claim it is until the lease is over.

    `over`: the day, and the time for what comes late, had passed. `last`: perhaps nobody will list it again. `unsifted`: so
    many days are wanted that the vendor's calendar should be asked about these first.
    """

    subject: Subject
    day: date
    owner: str
    over: bool
    last: bool
    unsifted: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Harvests:
    """See the head of this file. `every` is the schedule's period, zero for none."""

    memory: SharedMemory
    cameras: CameraStore
    sources: Mapping[str, RecordSource]
    effects: EffectQueue
    now: Callable[[], datetime]
    every: timedelta
    lease: timedelta
    waits: Backoff

    def subjects(self, camera: str | None = None) -> Iterator[Subject]:
        """All there is to harvest, or all of one camera, in the cameras file's order."""
        for known in self.cameras.all():
            if camera in (None, known.name):
                for vendor, source in self.sources.items():
                    for package in source.packages(known):
                        yield Subject(vendor, known, package)

    def standing(self, subject: Subject) -> Standing:
        """How a subject stands."""
        return _read(self.memory.get(subject.key))

    def standings(self, camera: str | None = None) -> Sequence[tuple[Subject, Standing]]:
        """How all subjects stand, or all of one camera, in one look."""
        subjects = tuple(self.subjects(camera))
        texts = self.memory.get_many([subject.key for subject in subjects])
        return [(subject, _read(text)) for subject, text in zip(subjects, texts, strict=True)]

    def rhythm(self, vendor: str) -> Rhythm:
        """How often a vendor's cameras are listed at present; only looks."""
        return self._rhythms.look(vendor, _subjects_of(vendor, self.standings()))

    @property
    def _rhythms(self) -> Rhythms:
        return Rhythms(self.memory, self.sources, self.now, self.every)

    def wish(
        self, camera: str | None = None, since: date | None = None, until: date | None = None
    ) -> Sequence[tuple[Subject, Standing]]:
        """Want days, first and last included, of one camera or all; without days, those that the schedule follows.

        Invalid names the field.
        """
        if camera is not None and self.cameras.get(camera) is None:
            raise Invalid("camera-unknown", f"no camera is called {camera!r}", field="camera")
        subjects = tuple(self.subjects(camera))
        if camera is not None and not subjects:
            raise Invalid(
                "camera-without-records", f"no vendor in use lists records of {camera}", field="camera"
            )
        now = self.now()
        days = {vendor: self._days(vendor, since, until, now) for vendor in self.sources}
        wished = [(subject, self._wished(subject, days[subject.vendor], now)) for subject in subjects]
        for vendor in dict.fromkeys(subject.vendor for subject in subjects):
            self.effects.ring(harvest_bell(vendor))
        return wished

    def renew(self, record: Record) -> bool:
        """Want a record's day once more, for what its listing held is no longer good. False when nobody can list it."""
        for subject in self.subjects(record.camera):
            if (subject.vendor, subject.package) == (record.vendor, record.package):
                self._move(subject, lambda old: harvest.wish(old, [record.day], retry=False))
                self.effects.ring(harvest_bell(subject.vendor))
                return True
        return False

    def nudge(self, vendor: str, camera: str) -> bool:
        """Want a camera's day of today, because its vendor says that something happened there; heeded once in CALM.

        False when it was not heeded.
        """
        today = self.now().astimezone(self.sources[vendor].zone).date()
        subjects = [subject for subject in self.subjects(camera) if subject.vendor == vendor]
        heeded = [each for each in subjects if self.memory.swap(f"{each.key}:nudged", None, "1", CALM)]
        for subject in heeded:
            self._move(subject, lambda old: harvest.wish(old, [today], retry=False))
        if heeded:
            self.effects.ring(harvest_bell(vendor))
        return bool(heeded)

    def due(self) -> Mapping[str, int]:
        """How many subjects wait for a worker, by vendor."""
        now, found, due = self.now(), self.standings(), Counter[str]()
        rhythms = {
            vendor: self._rhythms.decide(vendor, _subjects_of(vendor, found)) for vendor in self.sources
        }
        for subject, standing in found:
            as_of_now = self._as_of(now, subject, standing, rhythms[subject.vendor])
            due[subject.vendor] += as_of_now.course(now) == Course.WANTED
        return +due  # without those that have none

    def take(self, vendor: str, owner: str) -> Claim | None:
        """The next day to list: the oldest of whichever subject was left alone for longest."""
        now, found = self.now(), self.standings()
        rhythm = self._rhythms.decide(vendor, _subjects_of(vendor, found))
        waiting = [
            (standing.at or datetime.min.replace(tzinfo=UTC), number, subject)
            for number, (subject, standing) in enumerate(found)
            if subject.vendor == vendor
            and self._as_of(now, subject, standing, rhythm).course(now) == Course.WANTED
        ]
        for _, _, subject in sorted(waiting, key=lambda each: each[:2]):
            if (claim := self._claim(subject, owner, now, rhythm)) is not None:
                return claim
        return None

    def beat(self, claim: Claim) -> bool:
        """Renew a claim; False when it is no longer this worker's, who should leave everything as it is."""
        until = self.now() + self.lease
        kept = self._move(claim.subject, lambda old: harvest.renewed(old, Lease(claim.owner, until)))
        return kept.lease == Lease(claim.owner, until)

    def give_back(self, dead: Callable[[str], bool]) -> int:
        """End the claims of owners that are no more; how many there were."""
        now = self.now()
        held = [(subject, standing.lease) for subject, standing in self.standings()]
        ended = [subject for subject, lease in held if lease and now < lease.until and dead(lease.owner)]
        for subject in ended:
            self._move(subject, lambda old: harvest.given_back(old, now, dead))
        return len(ended)

    def closes(self, claim: Claim, content: str) -> bool:
        """Whether the claimed day will be closed once it is said to be listed with this content."""
        return claim.last and harvest.closes(self.standing(claim.subject), claim.day, content)

    def listed(self, claim: Claim, content: str, detail: str = "", hours: Collection[int] = ()) -> None:
        """The claimed day was listed to its end, and all of it is kept. `hours`: those in which something was seen."""
        now = self.now()
        self._end(claim, lambda old: harvest.listed(old, claim.day, content, now, claim.over, detail, hours))

    def sifted(self, claim: Claim, empty: Collection[date]) -> None:
        """The unsifted days were asked about, and some were empty; the others are listed one by one."""
        now = self.now()
        self._end(claim, lambda old: sifting.sifted(old, claim.unsifted, empty, now))

    def failed(self, claim: Claim, code: str, detail: str, until: datetime | None = None) -> None:
        """The claimed day could not be listed; it waits, until then or for the growing wait."""
        now = self.now()
        self._end(
            claim,
            lambda old: harvest.failed(
                old,
                code,
                detail,
                now,
                until or now + harvest.wait_after(old, self.waits, claim.subject.key),
            ),
        )

    def _end(self, claim: Claim, change: Callable[[Standing], Standing]) -> None:
        def if_ours(old: Standing) -> Standing:
            return change(old) if old.lease and old.lease.owner == claim.owner else old

        self._move(claim.subject, if_ours)

    def _days(self, vendor: str, since: date | None, until: date | None, now: datetime) -> Sequence[date]:
        today = now.astimezone(self.sources[vendor].zone).date()
        if since is None and until is None:
            return ()
        first, last = since or until or today, until or today
        if last > today:
            raise Invalid("days-in-the-future", f"{last} is not over, nor begun", field="until")
        if first > last:
            raise Invalid("days-empty", "since must not lie after until", field="since")
        if first <= today - harvest.OLDEST:
            raise Invalid("days-too-old", f"at most {harvest.OLDEST.days} days back", field="since")
        return [first + timedelta(days=number) for number in range((last - first).days + 1)]

    def _wished(self, subject: Subject, days: Sequence[date], now: datetime) -> Standing:
        today = now.astimezone(self.sources[subject.vendor].zone).date()

        def change(old: Standing) -> Standing:
            slot = self._slot(subject, now)
            old = old if days else harvest.schedule(old, slot, today)
            return harvest.wish(old, days or (*old.followed, today))

        return self._move(subject, change)

    def _claim(self, subject: Subject, owner: str, now: datetime, rhythm: Rhythm) -> Claim | None:
        text = self.memory.get(subject.key)
        standing = self._as_of(now, subject, _read(text), rhythm)
        if standing.course(now) != Course.WANTED:
            return None
        claimed = harvest.claim(standing, Lease(owner, now + self.lease))
        if not self.memory.swap(subject.key, text, _written(claimed)):
            return None  # somebody was faster
        day = claimed.wanted[0]
        over = self._over(subject, day, now)
        last = harvest.is_last(claimed, day, over)
        unsifted = sifting.unsifted(claimed, lambda each: self._over(subject, each, now))
        return Claim(subject, day, owner, over, last, unsifted)

    def _over(self, subject: Subject, day: date, now: datetime) -> bool:
        end = datetime.combine(day + timedelta(days=1), time(), self.sources[subject.vendor].zone)
        return now >= end + LATE

    def _as_of(self, now: datetime, subject: Subject, standing: Standing, rhythm: Rhythm) -> Standing:
        """As it stands when the schedule has had its say, and a worker that never came back has had its time."""
        if standing.lease and now >= standing.lease.until:
            standing = harvest.overdue(standing, self.waits, subject.key)
        early = self._begun_within(LATE + harvest.offset(self.every, subject.key), subject, now)
        if not self.every or (early and standing.slot is not None):
            return standing  # a listing now would show an empty day, and the day before too early to close it
        slot, zone = self._slot(subject, now), self.sources[subject.vendor].zone
        last = slot if standing.slot is None else standing.slot
        length = rhythm.length(standing, harvest.begin_of(last, self.every, subject.key).astimezone(zone))
        dawn = length * self.every <= SOON and self._begun_within(DAWN, subject, now)
        return harvest.schedule(standing, slot, now.astimezone(zone).date(), length, dawn)

    def _begun_within(self, length: timedelta, subject: Subject, now: datetime) -> bool:
        """Whether the day of the vendor's clocks is no older than this."""
        zone = self.sources[subject.vendor].zone
        return (now - length).astimezone(zone).date() < now.astimezone(zone).date()

    def _slot(self, subject: Subject, now: datetime) -> int:
        return harvest.slot_of(now, self.every or timedelta(days=1), subject.key)

    def _move(self, subject: Subject, change: Callable[[Standing], Standing]) -> Standing:
        for _ in range(_TRIES):
            text = self.memory.get(subject.key)
            old = _read(text)
            new = change(old)
            if new == old or self.memory.swap(subject.key, text, _written(new)):
                return new
        raise Transient("store-contended", subject.key, whose=Whose.JOB)


def _subjects_of(vendor: str, found: Iterable[tuple[Subject, Standing]]) -> Iterator[Standing]:
    return (standing for subject, standing in found if subject.vendor == vendor)


def _read(text: str | None) -> Standing:
    """What cannot be read counts as nothing known: its days are listed once more, which loses nothing."""
    try:
        return _standing.decode(text) if text else Standing()
    except msgspec.DecodeError as error:
        log.warning("how a harvest stands cannot be read", extra={"detail": str(error)})
        return Standing()


def _written(standing: Standing) -> str:
    return msgspec.json.encode(standing).decode()
