"""One download of the simulated platform, from the device's first picture to the file and the last callback.

It follows what is known of such platforms: progress runs by media time and says 1 before the file exists; the device
is free when its stream ends; the file is closed a little later, and only then has an address; the last callback comes
twice; a while after that nobody knows the stream any more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil, inf

from gleaner.sandbox.callbacks import CallbackLine
from gleaner.sandbox.devices import Device
from gleaner.sandbox.forms import Order
from gleaner.sandbox.mischief import Mischief
from gleaner.sandbox.muxer import Footage, Scene
from gleaner.sandbox.pace import Pace
from gleaner.sandbox.reports import Report, spell
from gleaner.sandbox.shelf import Shelf, Take
from gleaner.sandbox.switches import Switches
from gleaner.sandbox.witness import Witness


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
        self._report = Report(stream_id, "", spell(0.0, self._switches(), ended=False, filed=False))

    @property
    def report(self) -> Report:
        """What was said last."""
        return self._report

    @property
    def gone(self) -> bool:
        """Whether the platform no longer knows this stream."""
        return time.monotonic() >= self._forgotten_at

    @property
    def whole(self) -> Footage:
        """All the footage that was asked for, in one piece."""
        return self._footage(self._shot.scene, self._shot.device.name, 0.0, self.order.seconds)

    def play(self, free_the_device: Callable[[], None]) -> None:
        """Run to the end, or until stopped; takes as long as the pace says."""
        try:
            takes = self._stream(free_the_device)
            if not self._finish(takes):
                self._stage.shelf.discard(takes)
        finally:
            self._line.close()

    def stop(self) -> None:
        """Torn down: no file, no further word, and nobody knows the stream."""
        self._forgotten_at = 0.0
        self._stopped.set()

    def kill(self) -> None:
        """The platform dies."""
        self._line.cut()
        self.stop()

    def _switches(self) -> Switches:
        return self._stage.mischief.of(self.order.target)

    def _stream(self, free_the_device: Callable[[], None]) -> list[Take]:
        try:
            takes = self._open_takes()
            early = self._early_address(takes)
            for share in self._steps():
                for take in takes:
                    take.share = share
                self._tell(share, early, ended=share == 1.0)
        finally:
            free_the_device()
        return takes

    def _steps(self) -> Iterator[float]:
        pace = self._stage.pace
        lasts = min(self.order.seconds / pace.speed, pace.longest)
        steps = max(1, ceil(lasts / pace.cadence))
        for step in range(1, steps + 1):
            if self._stopped.wait(lasts / steps):
                return
            yield step / steps

    def _finish(self, takes: list[Take]) -> bool:
        """Close the takes and tell their addresses; False when they shall never be seen."""
        switches = self._switches()
        if switches.stream_gone != "no":
            self._forgotten_at = 0.0
        if self._stopped.wait(self._stage.pace.cadence + switches.late_file):
            return False
        if switches.stream_gone == "for-good":
            return False
        for take in takes:
            take.closed = True
            for _ in range(2):
                self._tell(1.0, take.address, ended=True, filed=True)
        self._forgotten_at = min(self._forgotten_at, time.monotonic() + self._stage.pace.linger)
        return True

    def _tell(self, share: float, address: str, *, ended: bool, filed: bool = False) -> None:
        progress = spell(share, self._switches(), ended=ended, filed=filed)
        self._report = Report(self.stream_id, address and self._media_base + address, progress)
        self._line.put(self._report)

    def _open_takes(self) -> list[Take]:
        switches = self._switches()
        growing = switches.early_address == "growing"
        part = self.order.seconds * switches.delivered / switches.files
        pieces = (
            self._footage(self._shot.scene, self._shot.device.name, number * part, part)
            for number in range(switches.files)
        )
        index_last = switches.index_last or growing
        return [
            self._stage.shelf.put(replace(piece, index_last=index_last), self.order.target, growing=growing)
            for piece in pieces
        ]

    def _early_address(self, takes: list[Take]) -> str:
        switches = self._switches()
        if switches.wrong_address_first:
            stranger = self._footage(self._shot.stranger, "somebody else", 0.0, self.order.seconds)
            decoy = self._stage.shelf.put(stranger, self.order.target)
            decoy.closed = True
            return decoy.address
        return "" if switches.early_address == "no" else takes[0].address

    def _footage(self, scene: Scene, name: str, after: float, seconds: float) -> Footage:
        start = self.order.start + timedelta(seconds=after)
        title = f"{name} {self.order.channel} {start.isoformat(timespec='milliseconds')} +{seconds:.3f}s"
        return Footage(scene, seconds, title)
