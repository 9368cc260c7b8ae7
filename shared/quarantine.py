"""Rows of listings that could not be read, kept until they can: with what is wrong with them, and without their secrets.

A row that is left out spoils no other and closes no day wrongly, but somebody should see it. Each listing of a day that is
read to its end says anew what could not be read of that day, so that what reads well by then is here no more.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec

from shared.harvests import Harvests, Subject
from shared.ports import SharedMemory, Unread

MOST = 20  # rows of a package of a camera, the newest
KEPT = timedelta(days=62)  # as far back as days can be listed
_TRIES = 5

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """One row; `at`: when it was found first. `row` is what the vendor said, as JSON, as far as it is no secret; empty when nothing of it can be shown."""

    day: date
    at: datetime
    fault: str
    row: str = ""


_held = msgspec.json.Decoder(tuple[Held, ...])


@dataclass(frozen=True, slots=True)
class Quarantine:
    """See the head of this file."""

    memory: SharedMemory
    harvests: Harvests
    now: Callable[[], datetime]

    def listed(self, subject: Subject, day: date, unread: Sequence[Unread]) -> None:
        """A day was listed to its end, and these of its rows, or parts of them, could not be read."""
        now = self.now()
        for _ in range(_TRIES):  # whoever is outrun leaves it to the next listing
            text = self.memory.get(_key(subject))
            before = _read(text)
            known = {(held.day, held.fault, held.row): held.at for held in before}
            new = tuple(
                Held(day, known.get((day, each.fault, each.row), now), each.fault, each.row)
                for each in unread
            )
            others = tuple(held for held in before if held.day != day)
            if not new and text is None:
                return
            kept = msgspec.json.encode((*others, *new)[-MOST:]).decode() if others or new else None
            if self.memory.swap(_key(subject), text, kept, KEPT):
                return

    def all(self, camera: str | None = None) -> Sequence[tuple[Subject, Held]]:
        """What is held of all cameras, or of one, the newest first."""
        subjects = tuple(self.harvests.subjects(camera))
        texts = self.memory.get_many([_key(subject) for subject in subjects])
        found = [
            (subject, held) for subject, text in zip(subjects, texts, strict=True) for held in _read(text)
        ]
        return sorted(found, key=lambda each: each[1].at, reverse=True)


def _key(subject: Subject) -> str:
    return f"quarantine:{subject.vendor}:{subject.camera.name}:{subject.package}"


def _read(text: str | None) -> tuple[Held, ...]:
    try:
        return _held.decode(text) if text else ()
    except msgspec.DecodeError as error:
        log.warning("what was in quarantine cannot be read", extra={"detail": str(error)})
        return ()
