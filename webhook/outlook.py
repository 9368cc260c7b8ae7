"""How vendors and the harvests of cameras stand: looked up once, told alike by the admin API and by the pages."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from shared.domain.harvest import Course, Standing
from shared.harvests import Subject
from shared.ports import Quota
from shared.rhythms import Rhythm
from webhook.parts import services

OK = "ok"
QUOTA_SPENT = "quota-spent"


@dataclass(frozen=True, slots=True)
class Stop:
    """No call goes out to a vendor: why, as a code and as a sentence, and until when at least.

    `look`: when the vendor is asked before that whether it serves again, if it is.
    """

    code: str
    reason: str | None
    until: datetime | None
    look: datetime | None = None


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor as it stands; `stop` is None as long as calls go out. `zone` is in whose times it is told."""

    name: str
    zone: tzinfo
    quotas: Sequence[Quota]
    stop: Stop | None
    rhythm: Rhythm | None = None  # of its harvests, if it has any


@dataclass(frozen=True, slots=True)
class Harvest:
    """How the harvest of one package of one camera stands, and what it is doing."""

    subject: Subject
    standing: Standing
    course: Course

    @property
    def trouble(self) -> str | None:
        """The code of what last went wrong, or None."""
        return None if self.standing.outcome == OK else self.standing.outcome

    @property
    def unread(self) -> bool:
        """Whether it went well but for some records, which could not be read."""
        return self.standing.outcome == OK and bool(self.standing.detail)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Harvests of one vendor that failed alike; what is told of them is the one that failed last."""

    code: str
    cameras: tuple[str, ...]
    last: Harvest


def vendors() -> list[Vendor]:
    """Everybody who can be asked for anything."""
    return [_vendor(name) for name in services().vendors]


def harvests() -> list[Harvest]:
    """All harvests, in the cameras file's order."""
    now = services().jobs.now()
    found = services().harvests.standings()
    return [Harvest(subject, standing, standing.course(now)) for subject, standing in found]


def last_of(found: Iterable[Harvest]) -> tuple[datetime | None, str | None]:
    """When a camera was last harvested, and with what outcome: of its packages' outcomes a trouble is told before an ok."""
    known = [each.standing for each in found if each.standing.at and each.standing.outcome]
    told = sorted(known, key=lambda standing: standing.outcome == OK)
    return max((each.at for each in known if each.at), default=None), told[0].outcome if told else None


def troubles(vendor: Vendor, found: Iterable[Harvest]) -> Iterator[Trouble]:
    """What went wrong with harvests of a vendor, but for what is only that its calls are stopped."""
    failed = [each for each in found if each.subject.vendor == vendor.name and each.trouble]
    for code in dict.fromkeys(each.trouble for each in failed):
        if code and (vendor.stop is None or vendor.stop.code != code):
            alike = [each for each in failed if each.trouble == code]
            names = dict.fromkeys(each.subject.camera.name for each in alike)
            yield Trouble(code, tuple(names), max(alike, key=_when))


def _when(found: Harvest) -> datetime:
    return found.standing.at or datetime.min.replace(tzinfo=UTC)


def _vendor(name: str) -> Vendor:
    source = services().record_sources.get(name)
    quotas = source.quotas() if source else ()
    rhythm = services().harvests.rhythm(name) if source and services().settings.harvest_every else None
    zone = source.zone if source else _zone()
    return Vendor(name, zone, quotas, _spent(quotas) or _open(name), rhythm)


def _zone() -> tzinfo:
    """Where there is no better one: that of the first camera."""
    return next((camera.zone for camera in services().cameras.all()), UTC)


def _spent(quotas: Iterable[Quota]) -> Stop | None:
    spent = sorted((quota for quota in quotas if quota.spent), key=lambda quota: quota.until)
    if not spent:
        return None
    reason = f"all {spent[-1].limit} calls that are allowed in a {spent[-1].span} are used up"
    return Stop(QUOTA_SPENT, reason, spent[-1].until)


def _open(name: str) -> Stop | None:
    state = services().circuits.get(name)
    if not state.open:
        return None
    look = state.until if state.until != state.over else None
    return Stop(state.code or "vendor-away", state.reason, state.over, look)
