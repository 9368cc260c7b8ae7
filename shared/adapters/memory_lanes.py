"""Who waits for a device, whose turn it is, and how much room there is: the twin of `job_lanes.lua`.

A job's first lane is its device's own, and there it waits; the others it shares with other devices. The devices that
share the same lanes stand in one line, by when each was last given a place. Nobody is given a place before a worker asks
for work; what it is given holds its places until it is claimed, or dropped.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from shared.domain.job import Lane
from shared.ports import LaneView

NEVER = -1e12  # with an urgency added, still before every turn that was had

Line = tuple[str, ...]  # a queue, and the names of the lanes that all in the line share


@dataclass(frozen=True, slots=True)
class Waiter:
    """A job that waits for room in its lanes."""

    id: str
    queue: str
    urgency: float
    lanes: tuple[Lane, ...]

    @property
    def line(self) -> Line:
        """Where its device stands."""
        return (self.queue, *(lane.name for lane in self.lanes[1:]))


@dataclass
class _LaneRow:
    runners: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    waiting: dict[str, Waiter] = field(default_factory=dict)
    not_before: datetime | None = None
    room: int | None = None  # what whoever claimed last knew
    turn: int | None = None

    def first(self) -> Waiter:
        return min(self.waiting.values(), key=lambda waiter: (waiter.urgency, waiter.id))

    def place(self) -> float:
        """Where the device stands in its line. Those never served come first, by the urgency of their work."""
        return NEVER + self.first().urgency if self.turn is None else self.turn


class MemoryLanes:
    """All lanes of a store. Not safe for threads: the store's lock is."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lanes: dict[str, _LaneRow] = defaultdict(_LaneRow)
        self._turns = count(1)

    def view(self, name: str) -> LaneView:
        """Who runs in a lane."""
        row = self._lanes.get(name, _LaneRow())
        return LaneView(dict(row.runners), len(row.waiting), row.not_before)

    def wait(self, waiter: Waiter) -> None:
        """A job waits at its device."""
        self._lanes[waiter.lanes[0].name].waiting[waiter.id] = waiter

    def drop(self, job_id: str, lanes: Sequence[Lane]) -> None:
        """A job no longer waits, and no worker has it in hand."""
        for lane in lanes:
            self._lanes[lane.name].waiting.pop(job_id, None)
            self._lanes[lane.name].taken.discard(job_id)

    def admits(self, lanes: Sequence[Lane]) -> bool:
        """Whether a claim finds a place in all lanes, as the claimer knows them."""
        for lane in lanes:
            self._lanes[lane.name].room = lane.room
        return all(map(self._left, lanes))

    def enter(self, job_id: str, lanes: Sequence[Lane], runner: str) -> None:
        """A job runs."""
        for lane in lanes:
            self._lanes[lane.name].runners[job_id] = runner

    def leave(self, job_id: str, lanes: Sequence[Lane]) -> None:
        """A job no longer runs."""
        for lane in lanes:
            self._lanes[lane.name].runners.pop(job_id, None)

    def close(self, name: str, until: datetime) -> None:
        """Nobody is let into a lane until then."""
        self._lanes[name].not_before = until

    def had_its_turn(self, lanes: Sequence[Lane]) -> None:
        """A device was just given a place."""
        for lane in lanes[:1]:
            self._lanes[lane.name].turn = next(self._turns)

    def take(self, queue: str) -> str | None:
        """Give the job whose turn it is to a worker."""
        heads = (next(self._in(line), None) for line in self._lines(queue))
        free = [each for each in heads if each and all(map(self._left, each.lanes[1:]))]
        found = min(free, key=lambda each: (self._lanes[each.lanes[0].name].place(), each.id), default=None)
        if found is None:
            return None
        self.drop(found.id, found.lanes)
        for lane in found.lanes:
            self._lanes[lane.name].taken.add(found.id)
        self.had_its_turn(found.lanes)
        return found.id

    def claimable(self, queue: str) -> int:
        """How many jobs a worker would be given now."""
        return sum(map(self._claimable_in, self._lines(queue)))

    def _claimable_in(self, line: Line) -> int:
        heads = list(self._in(line))
        number = sum(min(self._left(h.lanes[0]), len(self._lanes[h.lanes[0].name].waiting)) for h in heads)
        return min([number, *(self._left(lane) for head in heads[:1] for lane in head.lanes[1:])])

    def _lines(self, queue: str) -> set[Line]:
        firsts = (row.first() for row in self._lanes.values() if row.waiting)
        return {first.line for first in firsts if first.queue == queue}

    def _in(self, line: Line) -> Iterator[Waiter]:
        """The most urgent job of each device in a line that has room of its own, in the order of their turns."""
        rows = [(name, row) for name, row in self._lanes.items() if row.waiting and row.first().line == line]
        for _, row in sorted(rows, key=lambda each: (each[1].place(), each[0])):
            if self._left(row.first().lanes[0]):
                yield row.first()

    def _left(self, lane: Lane) -> int:
        row = self._lanes[lane.name]
        if row.not_before and row.not_before > self._now():
            return 0
        room = lane.room if row.room is None else row.room
        return max(0, room - len(row.runners) - len(row.taken))
