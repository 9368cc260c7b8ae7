"""One download of the simulated platform, from the device's first picture to the file and the last callback.

It follows what is known of such platforms: progress runs by media time and says 1 before the file exists, but never where
the device holds less than was asked for; the device is free when its stream ends; the file is closed a little later, and
only then has an address; the last callback comes twice; a while after that nobody knows the stream any more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil, inf

from gleaner.sandbox.addresses import told
from gleaner.sandbox.callbacks import CallbackLine
from gleaner.sandbox.devices import Device
from gleaner.sandbox.forms import Order
from gleaner.sandbox.mischief import Mischief
from gleaner.sandbox.muxer import Footage, Scene
from gleaner.sandbox.pace import Pace
from gleaner.sandbox.recordings import held_seconds
from gleaner.sandbox.reports import Report, spell
from gleaner.sandbox.shelf import Shelf, Take
from gleaner.sandbox.switches import Switches
from gleaner.sandbox.witness import Witness

DIES_AFTER = 0.5
_OF_LIVE_STREAMS = ":0"


@dataclass(frozen=True)
class Stage:
    """What all downloads of one platform share."""

    pace: Pace
    mischief: Mischief
    shelf: Shelf
    witness: Witness


@dataclass(frozen=True)
class Shot:
    """What a download shows: whose footage it is, and the picture of another camera to mistake it for."""

    device: Device
    scene: Scene
    stranger: Scene


@dataclass(frozen=True)
class _Word:
    """What was said last: the file's name, empty when there is none, and how far it is."""

    file: str
    progress: str | float


class Download:
    """An accepted order. `play` runs it to its end; everything else may be called from any thread meanwhile."""

    def __init__(self, order: Order, shot: Shot, stream_id: str, media_base: str, stage: Stage) -> None:
        self.order = order
        self.stream_id = stream_id
        self._shot = shot
        self._media_base = media_base
        self._stage = stage
        self._line = CallbackLine(order.callback, stream_id, stage.pace, self._switches, stage.witness)
        self._stopped = threading.Event()
        self._forgotten_at = inf
        self._held = held_seconds(order.seconds, self._switches())
        self._word = _Word("", spell(0.0, self._switches(), ended=False, filed=False))

    @property
    def report(self) -> Report:
        """How it stands, as was said last; the address is told anew."""
        word = self._word
        return Report(self.stream_id, word.file and self._address(word.file), word.progress)

    @property
    def gone(self) -> bool:
        """Whether the platform no longer knows this stream."""
        return time.monotonic() >= self._forgotten_at

    @property
    def whole(self) -> Footage:
        """All the footage that the device holds of what was asked for, in one piece."""
        return self._footage(self._shot.scene, self._shot.device.name, 0.0, self._held)

    def play(self, free_the_device: Callable[[], None]) -> None:
        """Run to the end, or until stopped; takes as long as the pace says."""
        try:
            takes = self._stream(free_the_device)
            if not self._finish(takes):
                self._stage.shelf.discard(takes)
        finally:
            self._line.close()

    def await_first_callback(self, seconds: float) -> None:
        """Wait until somebody has been called back for the first time, at most so long."""
        self._line.await_first(seconds)

    def stop(self) -> None:
        """Torn down, or dead: no file, no further word, and nobody knows the stream."""
        self._forgotten_at = 0.0
        self._stopped.set()

    def kill(self) -> None:
        """The platform dies."""
        self._line.cut()
        self.stop()

    def _switches(self) -> Switches:
        return self._stage.mischief.of(self.order.target)

    def _address(self, file: str) -> str:
        return told(file, self._media_base, self._switches())

    def _stream(self, free_the_device: Callable[[], None]) -> list[Take]:
        try:
            takes = self._open_takes()
            early = self._early_file(takes)
            for arrived, ended in self._steps():
                for take in takes:
                    take.share = arrived
                self._tell(arrived, early, ended=ended)
        finally:
            free_the_device()
        return takes

    def _steps(self) -> Iterator[tuple[float, bool]]:
        """After each piece of what the device holds: the share that has arrived, and whether that was the end."""
        lasts = self._lasts()
        steps = max(1, ceil(lasts / self._stage.pace.cadence))
        for step in range(1, steps + 1):
            if self._stopped.wait(lasts / steps) or self._dies(step / steps):
                return
            yield step / steps, step == steps and not self._switches().never_ends
        while self._switches().never_ends and not self._stopped.wait(self._stage.pace.cadence):
            yield 1.0, False

    def _lasts(self) -> float:
        pace = self._stage.pace
        whole_window = min(self.order.seconds / pace.speed, pace.longest)
        return whole_window * self._held / self.order.seconds / self._switches().speed

    def _dies(self, arrived: float) -> bool:
        dies = self._switches().dies_silently and arrived > DIES_AFTER
        if dies:
            self.stop()
        return dies

    def _finish(self, takes: list[Take]) -> bool:
        """Close the takes and tell their addresses; False when they shall never be seen."""
        switches = self._switches()
        if switches.stream_gone != "no":
            self._forgotten_at = 0.0
        if self._stopped.wait(self._stage.pace.cadence + switches.late_file):
            return False
        if switches.stream_gone == "for-good":
            return False
        for number, take in enumerate(takes):
            if number and not switches.files_at_once and self._stopped.wait(self._stage.pace.cadence):
                return False
            take.close()
            for _ in range(2):
                self._tell(1.0, take.name, ended=True, filed=True)
        self._forgotten_at = min(self._forgotten_at, time.monotonic() + self._stage.pace.linger)
        return True

    def _tell(self, arrived: float, file: str, *, ended: bool, filed: bool = False) -> None:
        switches = self._switches()
        share = arrived * self._held / self.order.seconds
        self._word = _Word(file, spell(share, switches, ended=ended, filed=filed))
        report = self.report
        self._line.put(replace(report, stream_id=_alias(self.stream_id)) if switches.alias else report)

    def _open_takes(self) -> list[Take]:
        switches = self._switches()
        growing = switches.early_address == "growing"
        delivered = self._stage.mischief.next_delivered(self.order.target)
        part = self._held * delivered / switches.files
        pieces = (
            self._footage(self._shot.scene, self._shot.device.name, number * part, part)
            for number in range(switches.files)
        )
        index_last = switches.index_last or growing
        return [
            self._stage.shelf.put(replace(piece, index_last=index_last), self.order.target, growing=growing)
            for piece in pieces
        ]

    def _early_file(self, takes: list[Take]) -> str:
        switches = self._switches()
        if switches.wrong_address_first:
            stranger = self._footage(self._shot.stranger, "somebody else", 0.0, self.order.seconds)
            decoy = self._stage.shelf.put(stranger, self.order.target)
            decoy.close()
            return decoy.name
        return "" if switches.early_address == "no" else takes[0].name

    def _footage(self, scene: Scene, name: str, after: float, seconds: float) -> Footage:
        start = self.order.start + timedelta(seconds=after)
        title = f"{name} {self.order.channel} {start.isoformat(timespec='milliseconds')} +{seconds:.3f}s"
        return Footage(scene, seconds, title)


def _alias(stream_id: str) -> str:
    """The same but for its SSRC, which a device may choose differently; it begins as none of a download does."""
    family, _, ssrc = stream_id.rpartition(":")
    return f"{family}{_OF_LIVE_STREAMS}{ssrc[1:]}"
