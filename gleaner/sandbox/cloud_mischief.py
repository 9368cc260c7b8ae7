"""Everything the simulated Imou cloud can do wrong, as switches that may be thrown at any time.

All are off by default. A device is named by its serial number; what names no device (a token, the device list) obeys the
switches for all. They are thrown by `{"vendor": "imou", ...}` over HTTP and as `imou:[DEVICE:]NAME=VALUE` on the
command line; a name without a vendor is one of the SMS platform's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from gleaner.sandbox.switchboard import EVERY_DEVICE, Switchboard

_CODE = re.compile(r"[A-Z]{0,4}[0-9]{1,6}|")
_KEYS = ("code", "reply")


@dataclass(frozen=True)
class CloudSwitches:
    """Lengths of time are seconds; 0, False, "no" and "" mean: behave. Counts begin when a switch is thrown."""

    # Every call
    reply: Literal["no", "html", "502", "empty", "hang-up", "slow"] = "no"
    """What comes instead of JSON: a web page with 200, a 502, nothing with 200, a closed connection; or JSON, late."""
    reply_every: int = 1
    """Only every so-manieth call is met by `reply`."""
    reply_share: float = 1.0
    """And of those only this share."""
    slow: float = 3.0
    """How late `slow` answers."""
    code: str = ""
    """A sound call is answered with this code: DV1028 is a dead camera, OP1013 a spent quota."""
    code_after: int = 0
    """So many calls go well before."""
    code_times: int = 0
    """And so many are answered with the code: 1 with SN1005 is a nonce that collided once; 0 is all."""
    any_time: bool = False
    """Requests of any time are taken, however far the cloud's clock was moved; only meaningful for all devices."""

    # Tokens; only meaningful for all devices
    reissue: Literal["same", "another", "only"] = "same"
    """Asked again: the same token while it is valid, another one beside it, or another one that ends it."""
    token_calls: int = 0
    """A token dies after so many calls."""

    # The pages of a listing
    most_rows: int = 0
    """A page has no more rows than this, whatever was asked for."""
    most_count: int = 100
    """More rows than this may not be asked for: OP1003. Not known of the real one."""
    cursor: Literal["exclusive", "inclusive"] = "exclusive"
    """Whether a page begins after the record that it names, or with it."""
    order: Literal["ascending", "descending", "reversed", "shuffled"] = "ascending"
    """By record id; downwards from page to page; pages upwards and rows downwards; rows shuffled in their page."""
    duplicate_rows: bool = False
    """Every row stands twice."""
    endless: bool = False
    """Every page is the first one again, and full."""

    # The records
    schema: Literal["sample", "documented", "mixed", "nulls", "csv"] = "sample"
    """Types as the page's sample has them, or its table; one of every sort that was ever seen; null; tags as CSV."""
    broken_record: Literal["no", "fields", "no-object"] = "no"
    """The first row of every page cannot be read: its fields, or all of it."""
    extra_fields: bool = False
    """Every object has fields that no page names."""
    moving_id: bool = False
    """The record of a day has another id whenever it grows."""
    bare: bool = False
    """Nothing was recorded but what is added by hand."""
    vanish: bool = False
    """The first record of every day is no longer there."""
    picture: Literal["no", "404", "403", "500", "truncated", "html", "encrypted", "expired"] = "no"
    """What fetching a picture gives instead of it; by "expired" every address has."""
    seed: int = 0
    """Of every throw of the dice."""

    def __post_init__(self) -> None:
        if not self.reply_every or not self.most_count or self.reply_share > 1 or self.slow > 600:
            raise ValueError("reply_every and most_count from 1, reply_share up to 1, slow up to 600")
        if not _CODE.fullmatch(self.code):
            raise ValueError("code is letters and digits, such as DV1028")


@dataclass(frozen=True)
class Plot:
    """What becomes of one call, whatever it asks."""

    reply: str
    slow: float
    code: str


class CloudMischief(Switchboard[CloudSwitches]):
    """The switches in force, and how many calls each of them has seen."""

    def __init__(self) -> None:
        super().__init__(CloudSwitches())
        self._calls: Counter[tuple[str, str]] = Counter()

    def plot(self, device: str) -> Plot:
        """Count a call that names a device, or none, and say what becomes of it."""
        with self._guard:
            for key in _KEYS:
                for target in {EVERY_DEVICE, device}:
                    self._calls[key, target] += 1
            switches = self._of(device)
            return Plot(self._reply(switches, device), switches.slow, self._code(switches, device))

    def _code(self, switches: CloudSwitches, device: str) -> str:
        late = self._seen("code", device) - switches.code_after
        return switches.code if late > 0 and (not switches.code_times or late <= switches.code_times) else ""

    def _reply(self, switches: CloudSwitches, device: str) -> str:
        call = self._seen("reply", device)
        due = call % switches.reply_every == 0
        hit = Random(f"{switches.seed} {device} {call}").random() < switches.reply_share
        return switches.reply if due and hit else "no"

    def _seen(self, key: str, device: str) -> int:
        """Calls since this switch was thrown, where it was thrown."""
        target = device if key in self._thrown.get(device, {}) else EVERY_DEVICE
        return self._calls[key, target]

    def _was_thrown(self, values: Mapping[str, Any], device: str) -> None:
        for key in _KEYS:
            if any(name.startswith(key) for name in values):
                self._calls[key, device] = 0

    def _was_reset(self) -> None:
        self._calls.clear()
