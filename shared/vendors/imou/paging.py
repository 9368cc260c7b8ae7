"""How a listing is walked: which page to ask for next, and when there is no more, at the least cost that loses nothing.

The vendor's page names the first cursor, "-1", and no rule for the others; its demo app goes on from the record that is last
in time. How many rows a page holds at most, whether the cursor's own row comes again, and the order are not documented.
A page smaller than asked may be the last, or cut by a server that gives no more at a time. README.md tells the rules.
"""

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime, timedelta

from shared.errors import Transient
from shared.ports import SharedMemory

FIRST = "-1"
COUNT = 100  # rows asked for, as the vendor's demo app does
COUNTS = (COUNT, 30, 10)  # a sister method takes 30 at most, and the page's own sample asks for 10
MOST_PAGES = 200
LESSONS = 3  # lone records without a successor, after which a lone one is taken for the whole day
THOROUGH = 50  # each so-manieth listing of an account trusts nothing and reads until nothing more comes
KEPT = timedelta(days=30)
MOST_KEPT = timedelta(days=1)  # how long a count that was refused once is not tried again
DAWN = datetime.min.replace(tzinfo=UTC)
TRIES = 5


@dataclass(frozen=True, slots=True)
class Mark:
    """A row as far as paging goes. `created` is None when it could not be read."""

    id: str
    created: datetime | None

    @property
    def number(self) -> int:
        """Its id as a number; -1 when it is none."""
        return int(self.id) if self.id.isascii() and self.id.isdigit() else -1


@dataclass
class Walk:
    """One listing.

    A page is taken for the last when it has fewer rows than one is known to hold, which is `full` or what this listing
    has shown, but not more than `least`; with `thorough` none is. A single row is, with `alone`, in any case.
    """

    full: int
    least: int
    alone: bool
    thorough: bool
    cursor: str | None = FIRST
    seen: dict[str, Mark] = field(default_factory=dict)
    cut: list[int] = field(default_factory=list)  # rows of the pages that were followed by more
    largest: int = 0  # new rows of a page
    _asked: list[str] = field(default_factory=list)
    _rows: int = 0  # of the last page that held anything new
    _last: str = FIRST

    @property
    def pages(self) -> int:
        """How many pages were read."""
        return len(self._asked)

    def turn(self, marks: Sequence[Mark], rows: int) -> frozenset[str]:
        """A page came, of `rows` rows: the ids that are new. `cursor` is then the next to ask for, or None at the end."""
        fresh = {mark.id: mark for mark in marks if mark.id not in self.seen}
        self._asked.append(self.cursor or FIRST)
        if fresh:
            self._note(fresh, marks, rows)
        self.cursor = None if self._ends(rows) else self._next()
        if self.cursor and self.pages >= MOST_PAGES:
            raise Transient("listing-endless", f"no end of it within {MOST_PAGES} pages")
        return frozenset(fresh)

    def _note(self, fresh: dict[str, Mark], marks: Sequence[Mark], rows: int) -> None:
        if self.seen:
            self.cut.append(self._rows)
        self.seen |= fresh
        self.largest = max(self.largest, len(fresh))
        self._rows, self._last = rows, marks[-1].id

    def _ends(self, rows: int) -> bool:
        lone = self.alone and rows == self.pages == 1
        if not self.seen or lone or self.thorough:
            return not self.seen or lone
        return rows < min(max(self.full, self.largest), self.least)

    def _next(self) -> str | None:
        """The last in time; where that leads nowhere, the largest id, and the last as they were sent."""
        marked = list(self.seen.values())
        latest = max(marked, key=lambda mark: (mark.created or DAWN, mark.number))
        largest = max(marked, key=lambda mark: mark.number)
        tries = [latest.id, largest.id, self._last]
        return next((each for each in tries if each not in self._asked), None)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What listings have shown of an account's pages.

    `largest`: the most new rows of a page, so that the cloud's own limit is not below; `cut`: the fewest rows of a page
    that was followed by more; `lone`: how many lone records had no successor, when it was looked for.
    """

    largest: int = 0
    cut: int = COUNT
    lone: int = 0

    def with_(self, walk: Walk, lone: bool) -> "Lesson":
        """This, and what one more listing has shown."""
        alone = lone and len(walk.seen) == 1 and walk.pages > 1
        return Lesson(
            max(self.largest, walk.largest), min(self.cut, *walk.cut, COUNT), min(self.lone + alone, LESSONS)
        )


class Lessons:
    """The account's lesson, shared by all processes. What is forgotten is learnt anew, at a few calls."""

    def __init__(self, memory: SharedMemory, account: str) -> None:
        self._memory = memory
        self._key = f"imou:pages:{account}"
        self._count_key = f"imou:listings:{account}"
        self._most_key = f"imou:most-rows:{account}"

    def counts(self) -> tuple[int, ...]:
        """How many rows to ask for, and if that is refused, how many then."""
        most = int(self._memory.get(self._most_key) or COUNT)
        return tuple(count for count in COUNTS if count <= most)

    def too_many(self, count: int) -> None:
        """So many rows may not be asked for."""
        fewer = next((each for each in COUNTS if each < count), None)
        if fewer:
            self._memory.swap(self._most_key, self._memory.get(self._most_key), str(fewer), MOST_KEPT)

    def walk(self, subject: str, lone: bool, thorough: bool) -> Walk:
        """Begin a listing of a subject; `lone` if one record may be all that such a listing ever holds."""
        lesson = _read(self._memory.get(self._key))
        self._memory.count({self._count_key: None}, KEPT)
        doubted = int(self._memory.get(self._count_key) or 0) % THOROUGH == 0
        return Walk(
            full=lesson.largest if self._memory.get(_known(subject)) else 0,
            least=lesson.cut,
            alone=lone and lesson.lone >= LESSONS and lesson.cut > 1 and not doubted,
            thorough=thorough or doubted,
        )

    def learn(self, subject: str, lone: bool, walk: Walk) -> None:
        """Remember what a listing has shown that was read to its end."""
        if walk.seen:
            self._memory.swap(_known(subject), None, "known", KEPT)
        for _ in range(TRIES):
            text = self._memory.get(self._key)
            old = _read(text)
            new = old.with_(walk, lone)
            if new == old or self._memory.swap(self._key, text, json.dumps(astuple(new)), KEPT):
                return


def _read(text: str | None) -> Lesson:
    return Lesson(*json.loads(text)) if text else Lesson()


def _known(subject: str) -> str:
    return f"imou:pages-of:{subject}"
