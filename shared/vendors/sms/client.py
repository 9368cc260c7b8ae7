"""The client of the SMS playback platform: asks for windows, asks how they stand, calls them off, reads callbacks, lists.

Paths, fields and headers are those of the vendor's pages on download, progress query, playback control and the list of
recordings; what these leave open is decided here and in this folder's README. Every answer becomes a value or an error of ours.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.domain.camera import Camera
from shared.domain.events import Sighting
from shared.domain.job import Lane, Window
from shared.errors import Final, Invalid, Transient, Whose
from shared.ports import News, Submission
from shared.vendors.base import Toolbox
from shared.vendors.sms import callbacks
from shared.vendors.sms.addresses import file_identity
from shared.vendors.sms.answers import Answer, read_answer
from shared.vendors.sms.recordings import Listing, read_listing
from shared.vendors.sms.refusals import ask_failure, denied, failure
from shared.vendors.sms.schemas import Report, lenient_report
from shared.vendors.sms.section import SmsCamera
from shared.vendors.sms.settings import SmsSettings
from shared.vendors.sms.signature import LinkerSign
from shared.vendors.sms.units import Reading, Units

DOWNLOAD = "/api/smsload/playback/v1/download"
QUERY = "/api/smsload/playback/v1/queryDownloadProgress"
CONTROL = "/api/smsload/playback/v1/control"
LIST = "/api/iot/device/playback/v1/list"
GB28181 = "3"  # the only source_type that the download page supports
TEARDOWN = "3"  # the control page's command
EVERYTHING = "all"  # the list page's type: recorded by plan, by alarm or by hand
ASK_SECONDS = 10.0
WITHDRAW_SECONDS = 5.0
LIST_SECONDS = 5.0  # a comparable platform's own page gives a device so long for a slice of a day
LEAST_SECONDS = 1.0  # with less left, an answer would only be lost
DEAF = timedelta(minutes=10)  # a device whose list could not be had is left alone for so long
ALMOST_A_SECOND = timedelta(microseconds=999_999)  # the wire has whole seconds: rather more than less
NOBODY = "gleaner:probe"  # a stream id that no download has


class SmsPlayback:
    """A PlaybackSource. It holds no state but what signs a request and what the unit of progress is."""

    def __init__(self, settings: SmsSettings, toolbox: Toolbox) -> None:
        self._settings = settings
        self._http = toolbox.http
        self._zone = ZoneInfo(settings.timezone)
        self._sign = LinkerSign(settings.linker_sign)
        self._memory = toolbox.memory
        self._units = Units(settings.progress, toolbox.memory)

    def lanes(self, camera: Camera) -> tuple[Lane, ...]:
        """The device's lane and the platform's."""
        section = _section(camera)
        return Lane(f"sms:{section.device_unicode}", section.downloads), Lane("sms", self._settings.downloads)

    def submit(self, camera: Camera, window: Window, callback_url: str) -> Submission:
        """Ask for a window; an answer without a stream id is a yes all the same, and nothing to ask with."""
        body = {
            **_addressed(_section(camera)),
            "source_type": GB28181,
            **self._span(window),
            "callback": callback_url,
        }
        answer = self._send(DOWNLOAD, _given(body), self._settings.submit_timeout.total_seconds())
        report = lenient_report(self._accepted(answer).data)
        return Submission(report.stream_id, _files(report), report.duration, int(report.size or 0) or None)

    def ask(self, stream_id: str) -> News:
        """How a download stands. Gone when the platform refuses to say: it has ended or died, nobody can tell which."""
        answer = self._send(QUERY, {"stream_id": stream_id}, ASK_SECONDS)
        if not answer.accepted:
            raise ask_failure(answer, self._sign.signing)
        return self._news(lenient_report(answer.data), stream_id)

    def withdraw(self, camera: Camera, stream_id: str) -> None:
        """Tear a download down; that this command acts on downloads, too, is likely and not documented."""
        body = {**_addressed(_section(camera)), "stream_id": stream_id, "command": TEARDOWN}
        self._accepted(self._send(CONTROL, _given(body), WITHDRAW_SECONDS))

    def recordings(self, camera: Camera, window: Window) -> tuple[Window, ...] | None:
        """What the device holds of a window; None when that cannot be told, and then not asked again for a while."""
        section = _section(camera)
        deaf = f"sms:unlisted:{section.device_unicode}"
        try:
            if self._memory.get(deaf):
                return None
            span = self._span(window)
        except (Transient, Final):
            return None
        try:
            return self._listing(section, span).of(window)
        except (Transient, Final) as error:
            with suppress(Transient, Final):
                self._memory.swap(deaf, None, error.code, DEAF)
            return None

    def read_callback(self, body: bytes, content_type: str) -> News:
        """What a callback says."""
        report = callbacks.read_callback(body, content_type)
        return self._news(report, report.stream_id)

    def probe(self) -> None:
        """Ask about a stream that never was: any answer below 500 is life."""
        answer = self._send(QUERY, {"stream_id": NOBODY}, ASK_SECONDS)
        if answer.status >= 500:
            raise failure(answer, self._sign.signing)

    def _listing(self, section: SmsCamera, span: Mapping[str, str]) -> Listing:
        content = {"channel": section.channel, **span, "type": EVERYTHING}
        body = {"device_unicode": section.device_unicode, "content": content}
        return read_listing(self._accepted(self._send(LIST, body, LIST_SECONDS)), self._zone)

    def _span(self, window: Window) -> dict[str, str]:
        return {
            "start_time": wire_time(window.start, self._zone, "start_time"),
            "end_time": wire_time(window.end + ALMOST_A_SECOND, self._zone, "end_time"),
        }

    def _send(self, path: str, body: Mapping[str, object], timeout: float) -> Answer:
        """The platform's answer, within `timeout` in all.

        A value of `linker-sign` that it turns down is replaced once: an answer came, so it has done nothing yet.
        """
        if not self._settings.base_url:
            raise Transient("vendor-away", "SMS_BASE_URL is not set", whose=Whose.VENDOR, asked=False)
        sign = self._sign.value()
        until = time.monotonic() + timeout
        answer = self._post(path, body, timeout, sign)
        another = self._sign.instead_of(sign) if denied(answer) else None
        if another and (left := until - time.monotonic()) >= LEAST_SECONDS:
            answer = self._post(path, body, left, another)
            if denied(answer):
                self._sign.drop(another)
        return answer

    def _post(self, path: str, body: Mapping[str, object], timeout: float, sign: str) -> Answer:
        token = self._settings.token
        headers = _given({"tenant-id": self._settings.tenant_id, "Token": token, "linker-sign": sign})
        status, raw = self._http.post_json(self._settings.base_url + path, body, headers, timeout)
        return read_answer(status, raw, (token, sign))

    def _accepted(self, answer: Answer) -> Answer:
        if not answer.accepted:
            raise failure(answer, self._sign.signing)
        return answer

    def _news(self, report: Report, stream_id: str | None) -> News:
        said = self._units.read(report.figure) if report.figure else Reading()
        return News(stream_id, said.progress, said.ended, _files(report), said.perhaps_ended)


def wire_time(instant: datetime, zone: ZoneInfo, field: str) -> str:
    """`YYYY-MM-DDTHH:mm:ss` in the wire's zone, as the download page wants it.

    Invalid when that would be read as another instant: it falls into an hour that a change of clocks repeats.
    """
    local = instant.astimezone(zone).replace(microsecond=0)
    if local.fold:
        detail = f"{instant.astimezone(UTC).isoformat()} occurs twice on the clocks of {zone.key}"
        raise Invalid("time-ambiguous", detail, field=field)
    return local.replace(tzinfo=None).isoformat()


def _section(camera: Camera) -> SmsCamera:
    section = camera.sections.get("sms")
    if not isinstance(section, SmsCamera):
        raise Invalid("camera-unknown", f"camera {camera.name} has no section camera.sms")
    return section


def _addressed(section: SmsCamera) -> dict[str, str]:
    """Whose footage; the odd spelling of the platform's id is the wire's own."""
    return {
        "device_unicode": section.device_unicode,
        "platfrom_id": section.platform_id or "",
        "channel": section.channel,
    }


def _given(values: Mapping[str, str]) -> dict[str, str]:
    """What there is to send; an optional field or header that is not set is left out."""
    return {name: value for name, value in values.items() if value}


def _files(report: Report) -> tuple[Sighting, ...]:
    return (Sighting(file_identity(report.file_url), report.file_url),) if report.file_url else ()
