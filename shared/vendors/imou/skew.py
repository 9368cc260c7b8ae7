"""How far our clock is from the cloud's, by the Date of its answers: said long before requests are refused for it.

A request whose time is off by 5 minutes is refused as SN1002 (open.imou.com/document/pages/c20750). An answer's Date is HTTP's own,
true to a second, and may come from a proxy between: it is a hint, and only ever warns.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from shared.ports import SharedMemory

MOST = 120.0  # seconds; ours, well below the cloud's 300
QUIET = timedelta(hours=1)  # between two warnings, whichever process has something to say

log = logging.getLogger(__name__)


class SkewWatch:
    """Hears the Date of every answer."""

    def __init__(self, memory: SharedMemory, account: str, now: Callable[[], datetime]) -> None:
        self._memory = memory
        self._key = f"imou:skew:{account}"
        self._now = now

    def heard(self, date: str) -> None:
        """Warn if our clock is too far off, with the seconds and the direction; what is no date says nothing."""
        theirs = _instant(date)
        ahead = (self._now() - theirs).total_seconds() if theirs else 0.0
        if abs(ahead) > MOST and self._memory.swap(self._key, None, f"{ahead:.0f}", QUIET):
            said = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the cloud's"
            detail = f"our clock is {said}; from 300 s on it refuses us (SN1002): let it be set by NTP"
            log.warning("our clock is not the vendor's", extra={"seconds": round(ahead), "detail": detail})


def _instant(date: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
