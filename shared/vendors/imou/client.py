"""The client of the Imou cloud: lists a camera's condensed records of a day, and says what calls have cost.

The method, its parameters and the form of its times are those of the vendor's page on getCondensedRecords. Every call has the
shared token; one that has died is replaced once. Every answer becomes a value or an error of ours.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from zoneinfo import ZoneInfo

from shared.domain.camera import Camera
from shared.errors import Invalid, Transient
from shared.ports import Discovered, Listing, Quota, Unread
from shared.vendors.base import Toolbox
from shared.vendors.imou.bitmap import Calendar
from shared.vendors.imou.codes import ILLEGAL_VALUE, Kind, failure
from shared.vendors.imou.devices import discover
from shared.vendors.imou.envelope import Answer, Wire
from shared.vendors.imou.paging import Lessons, Mark, Walk
from shared.vendors.imou.push import cameras_of
from shared.vendors.imou.quota import Meter
from shared.vendors.imou.records import Reader
from shared.vendors.imou.redacted import redacted
from shared.vendors.imou.schemas import Row, read_row, rows_of
from shared.vendors.imou.section import DAYS, ImouCamera
from shared.vendors.imou.settings import ImouSettings, short_hash
from shared.vendors.imou.token import Token, Tokens

METHOD = "getCondensedRecords"
GARBLED = frozenset({"answer-lost", "answer-too-large", "vendor-unreadable", "vendor-away"})
PAUSES = (0.2, 1.0)  # seconds before a page is asked for again


class ImouRecords:
    """A RecordSource. All that it remembers lies in shared memory."""

    def __init__(self, settings: ImouSettings, toolbox: Toolbox, pauses: Sequence[float] = PAUSES) -> None:
        self._settings = settings
        self._pauses = pauses
        self._now = toolbox.now
        self._zone = ZoneInfo(settings.timezone)
        self._meter = Meter(settings, toolbox)
        self._wire = Wire(settings, toolbox, self._meter)
        self._tokens = Tokens(settings, toolbox, self._wire)
        self._lessons = Lessons(toolbox.memory, settings.account)
        self._calendar = Calendar(toolbox.memory, settings.account, self._insisted)

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the wire: nothing on it says another."""
        return self._zone

    def packages(self, camera: Camera) -> tuple[str, ...]:
        """Those of the camera's section."""
        section = camera.sections.get("imou")
        return section.packages if isinstance(section, ImouCamera) else ()

    def wants_video(self, camera: Camera) -> bool:
        """By the camera's `hls`."""
        section = camera.sections.get("imou")
        return isinstance(section, ImouCamera) and section.hls

    def listing(self, camera: Camera, package: str, day: date, thorough: bool = False) -> Iterator[Listing]:
        """All records of a day, page by page. Final `camera-refused` when the cloud does not list this camera."""
        section, lone = _section(camera), package == DAYS
        subject = short_hash(self._settings.app_id, section.device, section.channel, package)
        walk = self._lessons.walk(subject, lone, thorough)
        reader = Reader(camera.name, package, day, self._zone)
        while walk.cursor is not None:
            data = self._insisting(partial(self._page_of, _asked(section, package, day, walk.cursor)))
            yield _page(rows_of(data), walk, reader)
        self._lessons.learn(subject, lone, walk)

    def days(self, camera: Camera, package: str, since: date, until: date) -> frozenset[date] | None:
        """Which days hold something, as the cloud's bitmap has it."""
        return self._calendar.days(_section(camera), package, since, until)

    def discover(self, known: Sequence[Camera]) -> Iterator[Discovered]:
        """The channels of the account's devices."""
        return discover(self._insisted, known)

    def _insisted(self, method: str, params: Mapping[str, object]) -> Mapping[str, object]:
        return self._insisting(partial(self.call, method, params))

    def _insisting(self, ask: Callable[[], Mapping[str, object]]) -> Mapping[str, object]:
        """A page, asked for again at once when its answer was lost or no answer: a listing of many is not begun anew for one."""
        for pause in self._pauses:
            try:
                return ask()
            except Transient as no:
                if not no.asked or no.code not in GARBLED:
                    raise
                time.sleep(pause)
        return ask()

    def _page_of(self, asked: Mapping[str, object]) -> Mapping[str, object]:
        """A page of as many rows as the cloud lets be asked for: the most is not documented, and too many may be OP1003."""
        count, *fewer = self._lessons.counts()
        answer, token = self._answer(METHOD, {**asked, "count": count})
        while answer.code == ILLEGAL_VALUE and fewer:
            self._lessons.too_many(count)
            count, *fewer = fewer
            answer, token = self._answer(METHOD, {**asked, "count": count})
        return self._data(answer, token)

    def about(self, message: bytes, cameras: Sequence[Camera]) -> tuple[str, ...]:
        """See the port; all cameras of a device when the message names no channel."""
        return cameras_of(message, cameras)

    def quotas(self) -> Sequence[Quota]:
        """The calls of today and of this month."""
        return self._meter.quotas()

    def probe(self) -> None:
        """Ask for a token: it needs no camera, and no answer but a good one is life."""
        self._tokens.renew()

    def call(self, method: str, params: Mapping[str, object]) -> Mapping[str, object]:
        """The data of a method's answer; nothing when the cloud has none for it."""
        return self._data(*self._answer(method, params))

    def _answer(self, method: str, params: Mapping[str, object]) -> tuple[Answer, Token]:
        """What the cloud answered, to a living token if there is one."""
        token = self._tokens.get()
        answer = self._with(token, method, params)
        if answer.kind == Kind.TOKEN:
            token = self._tokens.get(failed=token)
            answer = self._with(token, method, params)
        return answer, token

    def _data(self, answer: Answer, token: Token) -> Mapping[str, object]:
        if answer.kind == Kind.OK:
            return answer.data
        if answer.kind == Kind.NO_DATA:
            return {}
        secrets = (token.value, self._settings.app_secret)
        raise failure(answer.code, answer.message, self._now(), self._zone, secrets)

    def _with(self, token: Token, method: str, params: Mapping[str, object]) -> Answer:
        return self._wire.ask(token.base, method, {"token": token.value, **params})


def _section(camera: Camera) -> ImouCamera:
    section = camera.sections.get("imou")
    if not isinstance(section, ImouCamera):
        raise Invalid("camera-unknown", f"camera {camera.name} has no section camera.imou")
    return section


def _asked(section: ImouCamera, package: str, day: date, cursor: str) -> dict[str, object]:
    """One calendar day, as the vendor's demo app asks; a longest span is not documented."""
    return {
        "deviceId": section.device,
        "channelId": section.channel,
        "beginTime": f"{day.isoformat()} 00:00:00",
        "endTime": f"{day.isoformat()} 23:59:59",
        "packageType": package,
        "recordId": cursor,
    }


def _page(raw: Sequence[object], walk: Walk, reader: Reader) -> Listing:
    """What a page holds that none before it held."""
    rows: dict[str, Row] = {}
    unread: list[Unread] = []
    marks: list[Mark] = []
    for said in raw:
        row, faults = read_row(said)
        unread += [Unread(fault.sentence, redacted(said)) for fault in faults if fault.id not in walk.seen]
        if row:
            rows.setdefault(row.id, row)
            marks.append(Mark(row.id, reader.instant(row)))
        else:
            marks += [Mark(fault.id, None) for fault in faults if fault.id]
    fresh = walk.turn(marks, len(raw))
    found = reader.records(row for row in rows.values() if row.id in fresh)
    return Listing(found, tuple(unread))
