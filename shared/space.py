"""Room in the archive, counted over all who fetch at once, in all processes: what is free, what of it is promised, what is left.

A fetch that starts has what it still needs promised to it, and keeps that alive with its heartbeat; so a promise of the
killed runs out like their lease. Promises are of whole sizes, and what of them lies in the spool by now is off the free count
already: only the rest is counted. All promises are one value, changed by compare-and-swap and read before the free space is, so
those who start together see one another, and bytes that move meanwhile make the count too careful and never too bold.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import GleanerError, Transient, Whose
from shared.ports import Archive, SharedMemory

PROMISES = "space:promises"
_TRIES = 200  # changes by others between a look and a promise; each of theirs is somebody who got through

Promises = Mapping[str, tuple[int, datetime]]  # whole size and end, by asset


class NoSpace(Transient):
    """There is no room beyond the reserve. `total`: the size that was too much, 0 when nobody knows it."""

    def __init__(self, detail: str, total: int = 0) -> None:
        super().__init__("no-space", detail, whose=Whose.VENDOR, asked=False)
        self.total = total


@dataclass(frozen=True, slots=True)
class Standing:
    """Bytes that are free, that are promised of these to running fetches, and that are left alone whatever happens."""

    free: int
    promised: int
    reserve: int

    def holds(self, need: int) -> bool:
        """Whether so many bytes more leave the reserve untouched."""
        return self.free - self.promised - need > self.reserve

    def must_hold(self, need: int, total: int = 0) -> None:
        """NoSpace, in words, unless it does."""
        if not self.holds(need):
            told = f"{_mb(self.free)} are free, {_mb(self.promised)} of these promised to running fetches"
            raise NoSpace(
                f"{_mb(need)} are needed; {told}, and SPACE_RESERVE leaves {_mb(self.reserve)} alone", total
            )


@dataclass(frozen=True, slots=True)
class Space:
    """On ports. `life`: how long a promise holds without a heartbeat."""

    archive: Archive
    memory: SharedMemory
    now: Callable[[], datetime]
    reserve: int
    life: timedelta

    def standing(self) -> Standing:
        """How it stands. Transient as the archive's."""
        return self._standing(self._live(self.memory.get(PROMISES)), self.archive.unfinished())

    def must_hold(self, total: int, asset_id: str = "") -> None:
        """NoSpace when what is missing of so many bytes would touch the reserve. Nothing is promised."""
        self._judge(self._live(self.memory.get(PROMISES)), asset_id, total)

    @contextmanager
    def promised(self, asset_id: str, total: int) -> Iterator[Callable[[], None]]:
        """Room for an asset of so many bytes, 0 when nobody knows, until the end; call what it gives to keep that alive.

        NoSpace, from that call too, when there is none, or no longer.
        """
        try:
            self._promise(asset_id, total)
            yield lambda: self._promise(asset_id, total)
        finally:
            with suppress(GleanerError):  # what cannot be taken back runs out
                self._change(lambda known: {each: known[each] for each in known if each != asset_id})

    def _promise(self, asset_id: str, total: int) -> None:
        def promise(known: Promises) -> Promises:
            self._judge(known, asset_id, total)
            return {**known, asset_id: (total, self.now() + self.life)}

        self._change(promise)

    def _judge(self, known: Promises, asset_id: str, total: int) -> None:
        others = {each: known[each] for each in known if each != asset_id}
        kept = self.archive.unfinished()
        self._standing(others, kept).must_hold(max(0, total - kept.get(asset_id, 0)), total)

    def _standing(self, known: Promises, kept: Mapping[str, int]) -> Standing:
        """Sizes were read before free space is: what moves between counts twice, which is the safe side."""
        to_come = sum(max(0, total - kept.get(each, 0)) for each, (total, _) in known.items())
        return Standing(self.archive.free_bytes(), to_come, self.reserve)

    def _change(self, change: Callable[[Promises], Promises]) -> None:
        for _ in range(_TRIES):
            text = self.memory.get(PROMISES)
            if self.memory.swap(PROMISES, text, _written(change(self._live(text))), self.life):
                return
        raise Transient("store-contended", "too many promise at once", whose=Whose.VENDOR, asked=False)

    def _live(self, text: str | None) -> Promises:
        read = {
            each: (total, datetime.fromisoformat(end))
            for each, (total, end) in json.loads(text or "{}").items()
        }
        return {each: promise for each, promise in read.items() if promise[1] > self.now()}


def _written(promises: Promises) -> str | None:
    known = {each: (total, end.isoformat()) for each, (total, end) in promises.items()}
    return json.dumps(known) if known else None


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
