"""Which days of a camera hold records: the cloud's bitmap of days, asked and read with suspicion.

No page of the vendor's names queryCondensedRecordBitmap. Its parameters and its answer (one character a day, first and last
day included, "1" for a day with records) are those of the vendor's own demo app, which asks for 30 days at a time, does without a
bitmap of another length, and lists all the same when there is none. So do we.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta

from shared.errors import GleanerError, Transient, Whose
from shared.ports import SharedMemory
from shared.vendors.imou.envelope import unreadable
from shared.vendors.imou.section import ImouCamera

METHOD = "queryCondensedRecordBitmap"
MOST_DAYS = 30  # of one question, as the demo app asks
UNFIT = frozenset(
    {"vendor-auth", "vendor-refused", "vendor-error"}
)  # it may be this method alone that is refused
UNASKED = timedelta(hours=6)  # after such a refusal; ours
_NOTHING = "0"

log = logging.getLogger(__name__)


class Calendar:
    """Asks through `call`, which makes an answer of a method and its parameters."""

    def __init__(
        self,
        memory: SharedMemory,
        account: str,
        call: Callable[[str, Mapping[str, object]], Mapping[str, object]],
    ) -> None:
        self._memory = memory
        self._key = f"imou:no-bitmap:{account}"
        self._call = call

    def days(self, section: ImouCamera, package: str, since: date, until: date) -> frozenset[date] | None:
        """Which of these days hold something, or None. Transient when no call goes through to the cloud now."""
        if self._memory.get(self._key):
            return None
        try:
            parts = [self._part(section, package, *span) for span in _spans(since, until)]
        except GleanerError as no:
            if isinstance(no, Transient) and (no.until or not no.asked or no.code == "vendor-away"):
                raise
            self._refused(no)
            return None
        return frozenset[date]().union(*parts)

    def _part(self, section: ImouCamera, package: str, first: date, last: date) -> frozenset[date]:
        asked = {
            "deviceId": section.device,
            "channelId": section.channel,
            "beginTime": first.isoformat(),
            "endTime": last.isoformat(),
            "packageType": package,
        }
        days = read_bitmap(self._call(METHOD, asked).get("bitmap"), first, last)
        if days is None:
            raise unreadable("without a bitmap of these days")
        return days

    def _refused(self, no: GleanerError) -> None:
        """Say it; what may be refused to all cameras alike is said once, and not asked again for a while."""
        of_all = no.code == "vendor-refused" or (isinstance(no, Transient) and no.whose == Whose.VENDOR)
        if not of_all or self._memory.swap(self._key, None, no.code, UNASKED):
            fields = {"code": no.code, "detail": no.detail}
            log.warning("the days that hold records cannot be asked for; each is listed", extra=fields)


def read_bitmap(bitmap: object, first: date, last: date) -> frozenset[date] | None:
    """The days that are not plainly empty; None for a bitmap that is none of these days."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    marks = bitmap.strip() if isinstance(bitmap, str) else ""
    if len(marks) != len(days):
        return None
    return frozenset(day for day, mark in zip(days, marks, strict=True) if mark != _NOTHING)


def _spans(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The days in spans of as many as are asked for at once."""
    while first <= last:
        end = min(last, first + timedelta(days=MOST_DAYS - 1))
        yield first, end
        first = end + timedelta(days=1)
