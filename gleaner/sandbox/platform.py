"""The simulated SMS platform: its devices, which of them is at work, and every download it still knows.

A device runs one download at a time unless it says otherwise. A submission is judged and started under one lock, so that
two that arrive together cannot both win. Nothing here knows HTTP.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from gleaner.sandbox.devices import Device, default_devices
from gleaner.sandbox.directory import Directory
from gleaner.sandbox.download import Download, Shot, Stage
from gleaner.sandbox.forms import Code, Order, Refusal
from gleaner.sandbox.mischief import Mischief
from gleaner.sandbox.muxer import scenes
from gleaner.sandbox.pace import Pace
from gleaner.sandbox.recordings import Inquiry, Recording, held_seconds, recordings
from gleaner.sandbox.refusals import SPOKEN
from gleaner.sandbox.shelf import Shelf
from gleaner.sandbox.switchboard import EVERY_DEVICE
from gleaner.sandbox.timeline import Run, Window
from gleaner.sandbox.witness import Witness

SIP_DOMAIN = "3402000000"
LONGEST_WINDOW = timedelta(days=1)
MOST_DOWNLOADS = 5000


class Platform:
    """Everything of the platform but its HTTP; `close` ends its threads and removes its files."""

    def __init__(
        self,
        devices: Iterable[Device] | None = None,
        pace: Pace | None = None,
        zone: str = "Asia/Shanghai",
    ) -> None:
        played = default_devices() if devices is None else devices
        self.devices = Directory(played)
        self.mischief = Mischief()
        self.witness = Witness()
        self.shelf = Shelf()
        self._stage = Stage(pace or Pace(), self.mischief, self.shelf, self.witness)
        self.zone = ZoneInfo(zone)
        self._scenes = scenes()
        self._serials = count()
        self._guard = threading.Lock()
        self._running: dict[str, list[Download]] = {name: [] for name in self.devices}
        self._playing: dict[Download, threading.Thread] = {}
        self._runs: dict[Download, Run] = {}
        self._over = threading.Event()
        self._known: OrderedDict[str, Download] = OrderedDict()

    def submit(self, order: Order, media_base: str) -> Download:
        """Start a download whose addresses begin with `media_base`; Refusal when the platform will not."""
        device = self.devices.known(order.device_unicode, order.channel, order.platform_id)
        self._check_window(order)
        window = Window(order.device_unicode, order.channel, order.start, order.end)
        self.witness.asked(window)
        try:
            with self._guard:
                self._check_ready(device, order)
                return self._accept(
                    Download(order, self._shot(device), self._stream_id(order), media_base, self._stage),
                    window,
                )
        except Refusal:
            if self.mischief.of(order.target).failed_start_kills:
                self._kill_one(order)
            raise

    def ask(self, stream_id: str) -> Download:
        """The download that a query is about; Refusal when its stream is gone or never was."""
        with self._guard:
            download = self._known.get(stream_id)
        if download is None or download.gone:
            raise Refusal(Code.STREAM_GONE, "no such stream")
        return download

    def target_of(self, stream_id: str) -> str:
        """Whose switches hold for a query about a stream, be it gone; those for all when it never was."""
        with self._guard:
            download = self._known.get(stream_id)
        return download.order.target if download else EVERY_DEVICE

    def tear_down(self, device_unicode: str, channel: str, platform_id: str, stream_id: str) -> None:
        """End a download of this channel at once and free the device; Refusal when there is none."""
        self.devices.known(device_unicode, channel, platform_id)
        download = self.ask(stream_id)
        if (download.order.device_unicode, download.order.channel) != (device_unicode, channel):
            raise Refusal(Code.STREAM_GONE, "the stream is not one of this channel")
        self._end(download)

    def recordings(self, inquiry: Inquiry) -> list[Recording]:
        """What the device holds of a window, whatever it is at; Refusal when it cannot be asked."""
        self.devices.known(inquiry.device_unicode, inquiry.channel)
        switches = self.mischief.of(inquiry.target)
        if switches.offline:
            raise Refusal(Code.OFFLINE, "the device is offline")
        return recordings(inquiry, switches, self._now())

    def throw(self, switches: Mapping[str, Any], target: str = EVERY_DEVICE) -> None:
        """Throw switches for all, a device, `device/channel` or a camera by its name; ValueError changes nothing."""
        self.mischief.throw(switches, self.devices.target(target))

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than the platform lives."""
        self._over.wait(seconds)

    def running(self) -> dict[str, list[str]]:
        """The stream ids that each device is at."""
        with self._guard:
            return {name: [download.stream_id for download in at] for name, at in self._running.items()}

    def state(self, last: int) -> dict[str, Any]:
        """All there is to see, with the `last` requests and callbacks, as JSON."""
        return {"running": self.running(), "switches": self.mischief.thrown()} | self.witness.as_json(last)

    def close(self) -> None:
        """Stop every download where it is and remove every file."""
        with self._guard:
            self._over.set()
            for download in (*self._known.values(), *self._playing):
                download.kill()
            threads = list(self._playing.values())
        for thread in threads:
            thread.join()
        self.shelf.close()

    def _accept(self, download: Download, window: Window) -> Download:
        self._remember(download)
        self.witness.accepted(window, len(self._running[window.device_unicode]))
        self._runs[download] = self.witness.timeline.accepted(window, download.stream_id)
        thread = threading.Thread(target=self._play, args=(download,), name="sandbox-download", daemon=True)
        self._playing[download] = thread
        thread.start()
        return download

    def _play(self, download: Download) -> None:
        download.play(lambda: self._free(download))
        with self._guard:
            del self._playing[download]

    def _free(self, download: Download) -> None:
        with self._guard:
            at_work = self._running[download.order.device_unicode]
            if download in at_work:
                at_work.remove(download)
                self.mischief.download_ended(download.order.device_unicode)
                self.witness.timeline.freed(self._runs.pop(download))

    def _end(self, download: Download) -> None:
        download.stop()
        self._free(download)

    def _kill_one(self, order: Order) -> None:
        """As one platform does: the first download of the channel goes, though it was another's start that failed."""
        with self._guard:
            running = [
                each for each in self._running[order.device_unicode] if each.order.channel == order.channel
            ]
        if running:
            self._end(running[0])

    def _check_window(self, order: Order) -> None:
        if order.end > self._now():
            raise Refusal(Code.MALFORMED, f"end_time lies in the future of {self.zone.key}")
        if order.end - order.start > LONGEST_WINDOW:
            raise Refusal(Code.NOT_SIMULATED, "the sandbox plays windows of a day at most")

    def _now(self) -> datetime:
        return datetime.now(self.zone).replace(tzinfo=None, microsecond=0)

    def _check_ready(self, device: Device, order: Order) -> None:
        switches = self.mischief.of(order.target)
        if switches.refuse_as != "no":
            raise Refusal(*SPOKEN[switches.refuse_as])
        if switches.offline or self._over.is_set():
            raise Refusal(Code.OFFLINE, "the device is offline")
        at_work = len(self._running[device.device_unicode])
        if at_work >= device.downloads or self.mischief.busy(device.device_unicode):
            raise Refusal(Code.BUSY, "the device is busy")
        if not held_seconds(order.seconds, switches):
            raise Refusal(Code.NO_RECORDING, "no recording in this window")

    def _shot(self, device: Device) -> Shot:
        place = list(self.devices).index(device.device_unicode)
        return Shot(
            device, self._scenes[place % len(self._scenes)], self._scenes[(place + 1) % len(self._scenes)]
        )

    def _stream_id(self, order: Order) -> str:
        reuse = self.mischief.of(order.target).reuse_stream_id
        serial = 0 if reuse else next(self._serials) % 10_000
        return f"download:{order.device_unicode}:{order.channel}:1{SIP_DOMAIN[3:8]}{serial:04d}"

    def _remember(self, download: Download) -> None:
        self._running[download.order.device_unicode].append(download)
        self._known[download.stream_id] = download
        self._known.move_to_end(download.stream_id)
        if len(self._known) > MOST_DOWNLOADS:
            self._known.popitem(last=False)
