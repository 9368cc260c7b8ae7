"""Stand-ins for the outside world, answering from scripts: a vendor, and the check of media. The rest is memory twins."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from shared.domain.camera import Camera
from shared.domain.job import Kind, Lane, Verdict, Window
from shared.domain.media import MediaFacts
from shared.errors import Refused, Transient, Whose
from shared.ports import Discovered, Listed, Listing, News, Quota, Submission, Unread

Answer = (
    object  # a value to return, an exception to raise, or a callable that is asked with the call's arguments
)


class Script:
    """Answers in their order, then `then` for ever. An exception is raised; a callable is called."""

    def __init__(self, *answers: Answer, then: Answer = None) -> None:
        self.answers = deque(answers)
        self.then = then

    def next(self, *arguments: object) -> Any:
        """The next answer."""
        answer = self.answers.popleft() if self.answers else self.then
        if callable(answer) and not isinstance(answer, type):
            answer = answer(*arguments)
        if isinstance(answer, BaseException):
            raise answer
        return answer


class Killed(BaseException):
    """The process was killed at this point."""


class StandInVendor:
    """A PlaybackSource. Its four scripts are free to be replaced; what it was told is listed.

    Unless told otherwise it accepts everything, under stream ids `s1`, `s2` and so on, and is silent when asked. `held` is
    what it says to be recorded of any window; None: it cannot tell.
    """

    def __init__(self, room: int = 1, platform: int | None = None) -> None:
        self.room = room
        self.rooms: dict[str, int] = {}  # of the devices of single cameras, where it is another one
        self.platform = platform  # the room that all devices share; None: as much as they like
        self.answers = Script(then=self._yes)
        self.asks = Script(then=News())
        self.withdrawals = Script()
        self.probes = Script()
        self.callbacks = Script(then=News())
        self.held: tuple[Window, ...] | None = None
        self.submitted: list[
            tuple[str, str]
        ] = []  # camera and callback address of each submission that arrived
        self.asked: list[str] = []
        self.listed: list[Window] = []
        self.withdrawn: list[str] = []
        self.probed = 0

    def _yes(self, *_: object) -> Submission:
        return Submission(f"s{len(self.submitted)}")

    def lanes(self, camera: Camera) -> tuple[Lane, ...]:
        """One lane for each camera, and perhaps one for all."""
        device = Lane(f"device-of-{camera.name}", self.rooms.get(camera.name, self.room))
        return (device,) if self.platform is None else (device, Lane("platform", self.platform))

    def submit(self, camera: Camera, window: Window, callback_url: str) -> Submission:
        """The next answer to a submission."""
        self.submitted.append((camera.name, callback_url))
        answer: Submission = self.answers.next(camera, window, callback_url)
        return answer

    def recordings(self, camera: Camera, window: Window) -> tuple[Window, ...] | None:
        """What it was told to hold, as far as it touches the window."""
        self.listed.append(window)
        spans = [Window(max(each.start, window.start), min(each.end, window.end)) for each in self.held or ()]
        return None if self.held is None else tuple(each for each in spans if each.start < each.end)

    def ask(self, stream_id: str) -> News:
        """The next answer to an ask."""
        self.asked.append(stream_id)
        answer: News = self.asks.next(stream_id)
        return answer

    def withdraw(self, camera: Camera, stream_id: str) -> None:
        """Note the withdrawal."""
        self.withdrawn.append(stream_id)
        self.withdrawals.next(camera, stream_id)

    def read_callback(self, body: bytes, content_type: str) -> News:
        """The next callback's meaning, whatever its bytes."""
        news: News = self.callbacks.next(body, content_type)
        return news

    def probe(self) -> None:
        """The next answer to a probe."""
        self.probed += 1
        self.probes.next()


class StandInRecords:
    """A RecordSource that lists what `shelf` holds by package and day, `on_a_page` at a time.

    `troubles` are raised instead of the page whose number they have; what was asked for is listed. It keeps no
    calendar of days.
    """

    def __init__(self, *packages: str, on_a_page: int = 2) -> None:
        self.zone = ZoneInfo("Asia/Shanghai")
        self.on_a_page = on_a_page
        self.shelf: dict[tuple[str, str, date], list[Listed]] = {}
        self.troubles: dict[int, Exception] = {}
        self.unread: tuple[Unread, ...] = ()
        self.asked: list[tuple[str, str, date]] = []
        self.thorough: list[tuple[str, date]] = []
        self.probes = Script()
        self.probed = 0
        self.account: tuple[Discovered, ...] = ()
        self.spent: tuple[Quota, ...] = ()
        self.filmed: set[str] = set()  # the cameras of whose records the owner wants the video
        self._packages = packages or ("digest",)

    def put(self, *listed: Listed) -> None:
        """Put records on the shelf, in place of those of the same id."""
        for each in listed:
            record = each.record
            there = self.shelf.setdefault((record.camera, record.package, record.day), [])
            there[:] = [other for other in there if other.record.id != record.id] + [each]

    def packages(self, camera: Camera) -> tuple[str, ...]:
        """All there are, of a camera that has a section of ours."""
        return self._packages if "imou" in camera.sections else ()

    def wants_video(self, camera: Camera) -> bool:
        """Of those that were said to be filmed."""
        return camera.name in self.filmed

    def listing(self, camera: Camera, package: str, day: date, thorough: bool = False) -> Iterator[Listing]:
        """The shelf, page by page."""
        self.asked.append((camera.name, package, day))
        self.thorough += [(camera.name, day)] if thorough else []
        there = self.shelf.get((camera.name, package, day), [])
        for number in range(max(1, -(-len(there) // self.on_a_page))):
            if number in self.troubles:
                raise self.troubles[number]
            first = number * self.on_a_page
            yield Listing(tuple(there[first : first + self.on_a_page]), self.unread if number == 0 else ())

    def about(self, message: bytes, cameras: Sequence[Camera]) -> tuple[str, ...]:
        """Those whose names are in it."""
        return tuple(camera.name for camera in cameras if camera.name.encode() in message)

    def days(self, camera: Camera, package: str, since: date, until: date) -> frozenset[date] | None:
        """Nobody can tell."""
        return None

    def discover(self, known: Sequence[Camera]) -> Iterator[Discovered]:
        """Whatever it was told to have."""
        yield from self.account

    def quotas(self) -> tuple[Quota, ...]:
        """What is used up, if anything."""
        return self.spent

    def probe(self) -> None:
        """The next answer to a probe."""
        self.probed += 1
        self.probes.next()


def busy(*_: object) -> Transient:
    """The device has no room."""
    return Transient("device-busy", whose=Whose.CAMERA, answered=True)


def away(*_: object) -> Transient:
    """Nobody answers at the vendor's address, or at the media host's."""
    return Transient("vendor-away", whose=Whose.VENDOR, asked=False)


def in_trouble(*_: object) -> Transient:
    """The vendor answers 500 to this."""
    return Transient("vendor-error", "500", whose=Whose.JOB)


def check(stream: BinaryIO, kind: Kind) -> MediaFacts:
    """Takes half an hour of film, or a picture, for granted, unless the bytes begin with `bad`, or with `900 s`."""
    head = stream.read(20)
    if head.startswith(b"bad"):
        raise Refused("damaged", "a stand-in says so")
    if kind is Kind.PICTURE:
        return MediaFacts("image/jpeg", "jpg", Verdict.COMPLETE, None)
    lasts = re.match(rb"(\d+) s", head)
    return MediaFacts("video/mp4", "mp4", Verdict.COMPLETE, float(lasts[1]) if lasts else 1800.0)
