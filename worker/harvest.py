"""List the next camera's records, keep each as it is, and have what is new told and fetched in the same round.

A day counts as listed only when its listing was read to its end and all of it is kept; what breaks off half-way leaves
the day wanted, and what was kept by then is kept. A camera's trouble holds up no other; a vendor's opens its circuit.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain

from shared.domain import events as e
from shared.domain.job import OF_RECORDS, Job, Kind, State
from shared.domain.records import content, digest, hours_of
from shared.errors import Final, GleanerError, Transient, Whose
from shared.harvests import Claim, Subject
from shared.ports import Listed, Listing, Query, RecordEntry, Unread
from shared.services import Services
from worker.closing import wish_for_closing_pictures
from worker.health import circuit_after_probe, shut
from worker.sift import sift
from worker.tell import tell_one
from worker.video import renew, wish_for_videos

SLICE = 120.0  # seconds; with the budget of a task before it and a page after it, it stays below the task's time limit
UNFIT = timedelta(days=1)  # before a camera that cannot be listed as it is set up is tried again
OWN_STOP = timedelta(minutes=5)  # after which a limit of ours is looked at again: somebody may have raised it
_AT_ONCE = 500
_SAID = 10  # rows that could not be read, of which it is said what is wrong with them

log = logging.getLogger(__name__)


class _Over(Exception):
    """The listing ended in trouble, or somebody else has the claim; it has been said."""


def harvest(services: Services, vendor: str) -> bool:
    """List one day of one camera. False when nobody waits for this vendor, it answers nobody, or no call is left."""
    source = services.record_sources[vendor]
    spent = any(quota.spent for quota in source.quotas())
    if spent or circuit_after_probe(services, vendor, source.probe).open:
        return False
    claim = services.harvests.take(vendor, services.owner)
    if claim is None:
        return False
    services.reach("harvest-claimed")
    if claim.unsifted:
        _sifted(services, claim)
        return True
    with suppress(_Over):
        _listed(services, claim)
    return True


def _listed(services: Services, claim: Claim) -> None:
    """List the claimed day, and keep what there is."""
    contents: dict[str, str] = {}
    hours: set[int] = set()
    zone = services.record_sources[claim.subject.vendor].zone
    unread: list[Unread] = []  # the first few of them
    lost: list[GleanerError] = []
    for page in _pages(services, claim):
        services.reach("harvest-page")
        contents |= {listed.record.id: content(listed.record) for listed in page.records}
        hours |= {hour for listed in page.records for hour in hours_of(listed.record, zone)}
        unread = [*unread, *page.unread][:_SAID]
        lost += [no for listed in page.records if (no := _kept(services, listed))]
    services.circuits.served(claim.subject.vendor)
    if lost:
        services.harvests.failed(claim, lost[0].code, lost[0].detail)
        return
    services.reach("harvest-read")
    _read_to_its_end(services, claim, contents, unread, hours)


def _read_to_its_end(
    services: Services, claim: Claim, contents: dict[str, str], unread: list[Unread], hours: set[int]
) -> None:
    """What follows from a whole listing."""
    if claim.last and not unread:  # no other listing is sure to be whole
        _say_gone(services, claim, contents)
    services.quarantine.listed(claim.subject, claim.day, unread)
    if services.harvests.closes(claim, digest(contents)):
        wish_for_closing_pictures(services, contents)
        wish_for_videos(services, contents)
    services.harvests.listed(claim, digest(contents), _broken(claim, unread), hours)
    services.reach("harvest-listed")


def _sifted(services: Services, claim: Claim) -> None:
    try:
        sift(services, claim)
    except GleanerError as no:
        _trouble(services, claim, no)


def _pages(services: Services, claim: Claim) -> Iterator[Listing]:
    """The listing, as long as it is ours; trouble on the vendor's side is recorded here, and ends it."""
    subject, over = claim.subject, time.monotonic() + SLICE
    source = services.record_sources[subject.vendor]
    pages = source.listing(subject.camera, subject.package, claim.day, thorough=claim.last)
    while True:
        try:
            page = next(pages, None)
        except GleanerError as no:
            _trouble(services, claim, no)
            raise _Over from no
        if page is None:
            return
        yield page
        if time.monotonic() > over:
            services.harvests.failed(claim, "listing-too-slow", f"no end of it within {SLICE:g} s")
            raise _Over
        if not services.harvests.beat(claim):
            raise _Over


def _trouble(services: Services, claim: Claim, no: GleanerError) -> None:
    """Whoever's trouble it is waits; nobody else does."""
    subject = claim.subject
    fields = {"camera": subject.camera.name, "package": subject.package, "code": no.code, "detail": no.detail}
    log.warning("a camera's records could not be listed", extra=fields)
    until = services.jobs.now() + UNFIT if isinstance(no, Final) else None
    if isinstance(no, Transient):
        until = _vendors_trouble(services, subject, no)
    services.harvests.failed(claim, no.code, no.detail, until)


def _vendors_trouble(services: Services, subject: Subject, no: Transient) -> datetime | None:
    """What trouble says about the vendor; and until when it says that nothing need be tried."""
    now = services.jobs.now()
    if no.until and not no.asked:
        return min(no.until, now + OWN_STOP)
    if no.until:
        shut(services, subject.vendor, no, no.until)
    elif not no.answered:
        services.circuits.faulted(subject.vendor, subject.key, no.code, no.detail)
    return None


def _kept(services: Services, listed: Listed) -> GleanerError | None:
    """Keep one record; what is wrong with it alone keeps no other from being kept."""
    try:
        _keep(services, listed)
    except GleanerError as no:
        if isinstance(no, Transient) and no.whose == Whose.VENDOR:
            raise  # the store is away, and with it whoever would be told
        fields = {"record": listed.record.id, "code": no.code, "detail": no.detail}
        log.warning("a record could not be kept", extra=fields)
        return no
    return None


def _keep(services: Services, listed: Listed) -> None:
    """Remember a record as it is now; tell it if it is news, and renew the address of a picture that waits for one."""
    entry = services.records.upsert(listed.record, listed.picture, listed.media)
    services.reach("harvest-kept")
    if entry.told < entry.revision or _has_its_first_picture(entry):
        tell_one(services, entry)
        # By now it may name a job that somebody made who died before he could say so.
        entry = services.records.load(entry.record.id) or entry
    if listed.picture and (entry.closing or not entry.picture_key):
        for job in _waiting(services, entry, listed.picture):
            services.ledger.record(job.id, e.Prepared(0, (listed.picture,)))
    if listed.media and entry.video:
        renew(services, entry)


def _has_its_first_picture(entry: RecordEntry) -> bool:
    return entry.picture is not None and not entry.picture_key and not {*entry.jobs} - {entry.video}


def _waiting(services: Services, entry: RecordEntry, picture: e.Sighting) -> Iterator[Job]:
    """The jobs of a record to whom the address is news, or may lead somewhere by now."""
    for job_id in entry.jobs:
        found = services.jobs.load(job_id)
        if found and found.job.kind == Kind.PICTURE and found.job.state in (State.WANTED, State.READY):
            known = found.job.file(picture.identity)
            if found.job.state == State.WANTED or known is None or known.address != picture.address:
                yield found.job


def _say_gone(services: Services, claim: Claim, listed: dict[str, str]) -> None:
    """Pictures and videos that wait for a listing that no longer has their record wait for nothing."""
    subject = claim.subject
    waiting = frozenset({State.WANTED})
    query = Query(states=waiting, camera=subject.camera.name, limit=_AT_ONCE)
    for job in chain.from_iterable(_all(services, replace(query, kind=kind)) for kind in OF_RECORDS):
        entry = services.records.load(job.record or "")
        ours = entry and (entry.record.package, entry.record.day) == (subject.package, claim.day)
        if ours and job.record not in listed:
            services.ledger.record(job.id, e.NoFootage(0, f"not in the listing of {claim.day}"))


def _all(services: Services, query: Query) -> Iterator[Job]:
    page = services.jobs.list(query)
    yield from page.jobs
    while page.next:
        page = services.jobs.list(replace(query, before=page.next))
        yield from page.jobs


def _broken(claim: Claim, unread: list[Unread]) -> str:
    """What is to be said of rows that could not be read: the others are kept all the same."""
    for each in unread:
        fields = {"camera": claim.subject.camera.name, "detail": each.fault}
        log.warning("a record could not be read", extra=fields)
    few = f"{len(unread)}{' or more' if len(unread) == _SAID else ''}"
    return f"{few} records of {claim.day} could not be read: {unread[0].fault}" if unread else ""
