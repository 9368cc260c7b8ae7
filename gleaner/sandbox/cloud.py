"""The simulated Imou cloud: one account, its channels, and what each method answers. Nothing here knows HTTP.

getCondensedRecords is as its page has it. A package that a channel does not have is answered by an empty list: what the
real cloud does then is not known.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gleaner.sandbox.accounts import PLAY_TOKEN
from gleaner.sandbox.channels import Channel, default_channels
from gleaner.sandbox.clock import CloudClock
from gleaner.sandbox.cloud_mischief import CloudMischief, CloudSwitches
from gleaner.sandbox.cloud_witness import TOKEN_METHOD, CloudWitness
from gleaner.sandbox.content import Addition, Content
from gleaner.sandbox.envelope import Fault, Gate, read_envelope
from gleaner.sandbox.paging import page
from gleaner.sandbox.params import (
    BITMAP,
    DEVICES,
    RECORDS,
    TOKEN,
    Form,
    read_days,
    read_listing,
    read_package,
)
from gleaner.sandbox.pictures import Addresses, Picture
from gleaner.sandbox.records import Record
from gleaner.sandbox.spelling import BROKEN, extended, spell
from gleaner.sandbox.switchboard import EVERY_DEVICE
from gleaner.sandbox.terms import Terms
from gleaner.sandbox.tokens import Tokens

MOST_DEVICES = 50
SOURCES = ("bind", "share", "bindAndShare")
Fields = dict[str, Any]


class Cloud:
    """Everything of the cloud but its HTTP."""

    def __init__(self, channels: Iterable[Channel] | None = None, terms: Terms | None = None) -> None:
        self.terms = terms or Terms()
        self.zone = ZoneInfo(self.terms.zone)
        self.clock = CloudClock()
        self.mischief = CloudMischief()
        self.witness = CloudWitness()
        self.addresses = Addresses(self.terms)
        self.content = Content(tuple(default_channels() if channels is None else channels), self.zone)
        self._tokens = Tokens(self.clock, self.terms.token_life)
        self._gate = Gate(self.clock, self.terms.sign)
        self._methods: dict[str, tuple[Form, Callable[[Fields, str], Fields]]] = {
            TOKEN_METHOD: (TOKEN, self._token),
            "getCondensedRecords": (RECORDS, self._records),
            "queryCondensedRecordBitmap": (BITMAP, self._bitmap),
            "listDeviceDetailsByPage": (DEVICES, self._devices),
        }

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Those of the account."""
        return self.content.channels

    @property
    def devices(self) -> tuple[str, ...]:
        """Their devices, each once."""
        return tuple(dict.fromkeys(each.device for each in self.channels))

    def answer(self, method: str, media_type: str, body: Any, base_url: str, code: str = "") -> Fields:
        """The data of an answer whose addresses begin with `base_url`; Fault, or with a code that Fault."""
        switches = self.mischief.of()
        envelope = read_envelope(media_type, body)
        self._gate.admit(envelope, any_time=switches.any_time)
        if method not in self._methods:
            raise Fault("OP1005")
        form, act = self._methods[method]
        fields = form.read(envelope.params)
        if "token" in fields:
            self._tokens.use(fields["token"], switches)
        if code:
            raise Fault(code)
        data = act(fields, base_url)
        return extended(data) if switches.extra_fields else data

    def add(self, wish: Addition) -> list[dict[str, object]]:
        """Publish more of a day at once, and say what. ValueError when it cannot be."""
        moving = self.mischief.of(wish.device).moving_id
        return [
            {
                "recordId": str(record.id(moving=moving)),
                "revision": record.revision,
                "time": chapter.start.astimezone(self.zone).isoformat(),
                "tags": list(chapter.tags),
                "summary": chapter.summary,
            }
            for record, chapter in self.content.add(wish, self.clock.now())
        ]

    def throw(self, switches: Mapping[str, Any], device: str = EVERY_DEVICE) -> None:
        """Throw switches, for a device that there is or for all; ValueError changes nothing."""
        if device != EVERY_DEVICE and device not in self.devices:
            raise ValueError(f"no such device: {device}")
        self.mischief.throw(switches, device)

    def state(self, last: int) -> dict[str, Any]:
        """All there is to see, with the `last` calls and fetches, as JSON."""
        now = {"now": self.clock.now().astimezone(self.zone).isoformat(), "offset": self.clock.offset}
        return {"clock": now, "switches": self.mischief.thrown()} | self.witness.as_json(last)

    def _token(self, _fields: Fields, _base_url: str) -> Fields:
        text, seconds = self._tokens.issue(self.mischief.of())
        return {"accessToken": text, "expireTime": seconds}

    def _records(self, fields: Fields, base_url: str) -> Fields:
        switches, now = self.mischief.of(fields["deviceId"]), self.clock.now()
        wish = read_listing(fields, switches.most_count)
        channel = self._channel(wish.device, wish.number)
        begin, end = (each.replace(tzinfo=self.zone) for each in (wish.begin, wish.end))
        listed = [
            record
            for day in self.content.days(now, begin.date(), end.date())
            for record in self._listed(channel, wish.package, day, now, switches)
            if begin <= record.created <= end
        ]
        rows = page(listed, wish, switches)
        return {"records": [self._row(record, base_url, now, switches) for record in rows]}

    def _bitmap(self, fields: Fields, _base_url: str) -> Fields:
        switches, now, package = self.mischief.of(fields["deviceId"]), self.clock.now(), read_package(fields)
        first, last = read_days(fields)
        channel = self._channel(fields["deviceId"], fields["channelId"])
        marked = {
            day
            for day in self.content.days(now, first, last)
            if self._listed(channel, package, day, now, switches)
        }
        days = (first + timedelta(days=place) for place in range((last - first).days + 1))
        return {"bitmap": "".join("1" if day in marked else "0" for day in days)}

    def _devices(self, fields: Fields, _base_url: str) -> Fields:
        number, size = fields["page"], fields["pageSize"]
        if number < 1 or not 1 <= size <= MOST_DEVICES or fields.get("source", "bind") not in SOURCES:
            raise Fault("OP1003", "page, pageSize or source")
        names = () if fields.get("source") == "share" else self.devices
        shown = names[(number - 1) * size : number * size]
        return {"count": len(shown), "deviceList": [self._device(name) for name in shown]}

    def _device(self, name: str) -> Fields:
        channels = [each for each in self.channels if each.device == name]
        return {
            "deviceId": name,
            "deviceName": channels[0].name,
            "deviceModel": "SANDBOX",
            "brand": "lechange",
            "deviceStatus": "online",
            "deviceAbility": "WLAN,MT,CloudStorage",
            "playToken": PLAY_TOKEN + secrets.token_hex(8),
            "channelNum": len(channels),
            "multiFlag": len(channels) > 1,
            "channelList": [
                {"channelId": each.number, "channelName": each.name, "channelStatus": "online"}
                for each in channels
            ],
        }

    def _channel(self, device: str, number: str) -> Channel:
        if device not in self.devices:
            raise Fault("DV1002")
        if (channel := self.content.find(device, number)) is None:
            raise Fault("DV1028")
        return channel

    def _listed(
        self, channel: Channel, package: str, day: date, now: datetime, switches: CloudSwitches
    ) -> tuple[Record, ...]:
        listed = self.content.records(channel, package, day, now, bare=switches.bare)
        return listed[1 if switches.vanish else 0 :]

    def _row(self, record: Record | None, base_url: str, now: datetime, switches: CloudSwitches) -> Any:
        if record is None:
            return BROKEN[switches.broken_record]
        picture = Picture(record.id(moving=switches.moving_id), record.revision)
        return spell(record, self.addresses.make(base_url, picture, now), self.zone, switches)
