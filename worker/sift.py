"""Ask a vendor's calendar of days once for many wanted days, so that only those which hold something are listed.

A calendar is a hint: a day of which we keep records is listed whatever it says, and where it cannot be had, all are.
"""

import logging
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from shared.harvests import Claim
from shared.ports import RecordQuery
from shared.services import Services

_MARGIN = timedelta(days=1)  # a record may be made on another day of the wire than of UTC
_AT_ONCE = 500

log = logging.getLogger(__name__)


def sift(services: Services, claim: Claim) -> None:
    """Leave the claim's empty days out. Transient when no call goes through to the vendor now."""
    subject, asked = claim.subject, claim.unsifted
    source = services.record_sources[subject.vendor]
    held = source.days(subject.camera, subject.package, min(asked), max(asked))
    fields = {"camera": subject.camera.name, "package": subject.package, "days": len(asked)}
    if held is None:
        log.info("it cannot be told which days hold records: each is listed", extra=fields)
        services.harvests.sifted(claim, ())
        return
    services.circuits.served(subject.vendor)
    dark = [day for day in asked if day not in held]
    kept = set(_kept(services, claim, dark))
    empty = tuple(day for day in dark if day not in kept)
    log.info("many days were asked about at once", extra={**fields, "empty": len(empty)})
    services.harvests.sifted(claim, empty)


def _kept(services: Services, claim: Claim, days: Collection[date]) -> Iterator[date]:
    """The days of which we keep records of this package."""
    if not days:
        return
    first, last = (datetime.combine(each, time(), UTC) for each in (min(days), max(days)))
    query = RecordQuery(
        claim.subject.camera.name, start=first - _MARGIN, end=last + 2 * _MARGIN, limit=_AT_ONCE
    )
    while True:
        page = services.records.list(query)
        found = (entry.record for entry in page.entries)
        yield from (record.day for record in found if record.package == claim.subject.package)
        if page.next is None:
            return
        query = replace(query, before=page.next)
