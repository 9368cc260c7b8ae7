"""The resume trial: twelve files from a slow server that breaks each off once, undisturbed and with a kill in the middle.

All tools get the same files from the same kind of server, four at once, in one sitting, one after the other in each round. The
clock runs from the first answer of the media server to the end: for ours until the last sidecar, for the others until their
process ends. What comes before is start-up, shown apart, and so is the time from a kill to the next first request. Ours is
kept waiting for its first answers until the platform has named all files, so that there is as much to do as for the others.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Protocol

from bench.footage import Clip, make
from bench.peers import Peer, PeerRun, found
from bench.platform import Platform, platform
from bench.product import Product, ready, started, until
from bench.serving import Media, serving
from bench.watcher import Watcher, holds
from shared.adapters.media_apart import CheckApart
from shared.domain.job import Kind

FILES, SIZE, SECONDS = 12, 7_960_000, 60
AT_ONCE = 4
RATE, SHARE = 6_000_000, 0.6
KILLED_AFTER = (2.0, 2.5, 3.0, 3.5, 3.9)  # seconds after the first request, one for each round
PATIENCE = 180.0
PAUSE = 0.25  # between two looks at what has landed, which tells by itself when that was
READY_SECONDS = 1.0  # for a child that waits to have loaded all that it needs
OURS = "gleaner"


class Run(Protocol):
    """One tool at work for all files."""

    def start(self) -> float:
        """Begin, or begin again after a kill; when the first answer came."""

    def kill(self) -> None:
        """SIGKILL to all of it."""

    def wait(self, seconds: float) -> None:
        """Until all is there, or the tool has ended."""

    def named(self) -> Iterator[tuple[Path, Clip]]:
        """What lies under final names."""

    @property
    def ended_at(self) -> float:
        """When the last file was there."""


@dataclass(frozen=True)
class Measured:
    """One run. Seconds; `sent` is of what was needed; `wrong`: final names that ever held other bytes."""

    wall: float
    startup: float
    sent: float
    wrong: int
    right: int
    most: int


@dataclass
class OurRun:
    """The service, which has everything prepared before the clock starts."""

    platform: Platform
    media: Media
    clips: Sequence[Clip]
    home: Path
    product: Product | None = field(default=None, init=False)

    def start(self) -> float:
        """`gleaner up`; the first time also twelve wishes, whose files the platform then names all at once."""
        began = time.time()
        if self.product:
            self.product = self.product.again()
            return _first(self.media, began)
        self.media.hold()
        cameras = {f"cam-{number}": _device(number) for number in range(len(self.clips))}
        self.product = product = started(self.home, cameras, self.platform.base, AT_ONCE)
        until("the service is ready", lambda: ready(product))
        for name in cameras:
            product.submit(name, SECONDS // 60)
        until("all is ordered", lambda: len(self.platform.orders) == len(self.clips))
        self.platform.report("0.5", {})
        named = {_device(number): self.media.address(clip.name) for number, clip in enumerate(self.clips)}
        self.platform.report("1", named)
        until("all places are taken", lambda: len(self.media.tally().starts) == AT_ONCE)
        self.media.open()
        return time.time()

    def kill(self) -> None:
        """All of it."""
        if self.product:
            self.product.kill()

    def wait(self, seconds: float) -> None:
        """Until all have landed."""
        if product := self.product:
            until("all have landed", lambda: len(product.landed()) == len(self.clips), seconds, PAUSE)

    def named(self) -> Iterator[tuple[Path, Clip]]:
        """All files of the archive that are no descriptions."""
        for number, clip in enumerate(self.clips):
            folder = self.home / "archive" / f"cam-{number}"
            yield from ((path, clip) for path in folder.glob("*/*/*/[!.]*") if path.suffix != ".json")

    @property
    def ended_at(self) -> float:
        """By the clock of the last sidecar."""
        return max(path.stat().st_mtime for path in self.product.landed()) if self.product else 0.0


@dataclass
class TheirRun(PeerRun):
    """A peer, which ends by itself."""

    ended_at: float = field(default=0.0, init=False)

    def start(self) -> float:
        """Its command."""
        began = time.time()
        self.begin()
        return _first(self.media, began)

    def wait(self, seconds: float) -> None:
        """Until it ends."""
        super().wait(seconds)
        self.ended_at = time.time()


def _device(number: int) -> str:
    return f"3402000000111000{number:04}"


def trial(folder: Path, rounds: int) -> dict[str, object]:
    """All tools, both forms; medians of all rounds."""
    (folder / "files").mkdir()
    clips = [make(folder / "files", f"clip-{n:02}.mp4", SIZE, SECONDS) for n in range(FILES)]
    peers = found()
    measured: dict[tuple[str, str], list[Measured]] = {}
    for number in range(rounds):
        for form, delay in (("undisturbed", None), ("killed", KILLED_AFTER[number % len(KILLED_AFTER)])):
            for name, peer in {OURS: None, **{n: p for n, p in peers.items() if p}}.items():
                one = _once(folder / "run", clips, peer, delay)
                measured.setdefault((name, form), []).append(one)
                print(f"  {number + 1}/{rounds} {form:11} {name:10} {one.wall:5.1f} s", flush=True)
    return {
        "files": FILES,
        "bytes": sum(clip.size for clip in clips),
        "rounds": rounds,
        "care": _care(clips),
        "tools": [_row(name, peer, measured) for name, peer in {OURS: None, **peers}.items()],
    }


def _care(clips: Sequence[Clip]) -> dict[str, float]:
    """Seconds that only ours spends on each clip: the check by a child that begins then or has waited, and the hash."""
    cold, warm, hashed = [], [], []
    check = CheckApart()
    for clip in clips:
        with clip.path.open("rb") as stream:
            cold.append(_took(partial(check, stream, Kind.PLAYBACK)))
            check.expect(Kind.PLAYBACK)
            time.sleep(READY_SECONDS)
            warm.append(_took(partial(check, stream, Kind.PLAYBACK)))
        hashed.append(_took(partial(holds, clip.path, clip)))
    lengths = {"check_cold": cold, "check_waiting": warm, "hash": hashed}
    return {f"{name}_seconds": round(median(each), 3) for name, each in lengths.items()}


def _took(what: Callable[[], object]) -> float:
    began = time.monotonic()
    what()
    return time.monotonic() - began


def _once(folder: Path, clips: Sequence[Clip], peer: Peer | None, delay: float | None) -> Measured:
    folder.mkdir()
    try:
        with serving(clips[0].path.parent, RATE, SHARE) as media, platform() as vendor:
            ours = OurRun(vendor, media, clips, folder / "home")
            run: Run = TheirRun(peer, media, clips, folder / "work") if peer else ours
            try:
                return _watched(run, media, clips, delay)
            finally:
                run.kill()
    finally:
        shutil.rmtree(folder)


def _watched(run: Run, media: Media, clips: Sequence[Clip], delay: float | None) -> Measured:
    with Watcher(run.named) as watcher:
        began, wall = time.time(), 0.0
        first = run.start()
        startup = first - began
        if delay is not None:
            time.sleep(max(0.0, first + delay - time.time()))
            run.kill()
            wall, again = time.time() - first, time.time()
            watcher.look()
            first = run.start()
            startup += first - again
        run.wait(PATIENCE)
        wall += run.ended_at - first
        watcher.look()
    right = sum(holds(path, clip) for path, clip in run.named())
    tally = media.tally()
    needed = sum(clip.size for clip in clips)
    return Measured(wall, startup, tally.sent / needed, len(watcher.wrong), right, tally.most)


def _first(media: Media, since: float) -> float:
    until("somebody asks for a file", lambda: media.tally().first(since))
    return media.tally().first(since) or 0.0


def _row(name: str, peer: Peer | None, measured: dict[tuple[str, str], list[Measured]]) -> dict[str, object]:
    row: dict[str, object] = {"tool": name, "version": peer.version if peer else None}
    for form in ("undisturbed", "killed"):
        if runs := measured.get((name, form)):
            row[form] = {
                "wall_seconds": round(median(run.wall for run in runs), 2),
                "wall_range": [round(edge(run.wall for run in runs), 2) for edge in (min, max)],
                "startup_seconds": round(median(run.startup for run in runs), 2),
                "sent": round(median(run.sent for run in runs), 3),
                "sent_most": round(max(run.sent for run in runs), 3),
                "wrong_names_most": max(run.wrong for run in runs),
                "right_least": min(run.right for run in runs),
                "at_once": max(run.most for run in runs),
            }
    return row
