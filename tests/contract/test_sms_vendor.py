"""The SMS vendor's client against a real HTTP server that was written from the vendor's pages alone."""

import json
import re
import shlex
import sys
import threading
from collections import deque
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from shared.adapters.http import GuardedSession
from shared.adapters.memory import HandClock, MemoryShared
from shared.domain.camera import Camera
from shared.domain.events import Sighting
from shared.domain.job import Lane, Window
from shared.errors import AnswerUnknown, Final, Gone, Invalid, Nothing, Transient, Whose
from shared.ports import News, Submission
from shared.sealing import Seal
from shared.settings import Source, read
from shared.signing import Keys
from shared.vendors.base import Toolbox
from shared.vendors.sms import VENDOR
from shared.vendors.sms.settings import SmsSettings
from shared.vendors.sms.signature import LinkerSign

SAMPLE = (Path(__file__).parent.parent / "payloads" / "sms" / "submit-accepted.json").read_bytes()
STREAM = "download:34020000001110000228:34020000001320000666:1200000079"
CALLBACK = "http://127.0.0.1:8000/callbacks/sms/token"
WINDOW = Window(datetime(2026, 11, 20, 2, 10, tzinfo=UTC), datetime(2026, 11, 20, 2, 40, tzinfo=UTC))
REQUIRED = {
    "/api/smsload/playback/v1/download": {
        "device_unicode",
        "source_type",
        "channel",
        "start_time",
        "end_time",
    },
    "/api/smsload/playback/v1/queryDownloadProgress": {"stream_id"},
    "/api/smsload/playback/v1/control": {"device_unicode", "channel", "stream_id", "command"},
}
HANG_UP = b"hang up"
OPTIONAL = {"platfrom_id", "callback", "range"}


class Platform(ThreadingHTTPServer):
    """Knows the pages: paths, required fields, all values strings. It answers what it was told, else the sample."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.heard = []
        self.answers = deque()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def will_say(self, body, status=200):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers.append((status, raw))


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.heard.append((self.path, body, self.headers))
        status, raw = self.server.answers.popleft() if self.server.answers else self.first_impression(body)
        if raw is HANG_UP:
            return
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def first_impression(self, body):
        required = REQUIRED.get(self.path)
        if required is None:
            return 404, b"404 page not found"
        good = required <= body.keys() <= required | OPTIONAL and all(
            isinstance(v, str) for v in body.values()
        )
        return (
            (200, SAMPLE)
            if good and self.headers["Content-Type"] == "application/json"
            else (400, b"bad request")
        )

    def log_message(self, *args):
        """Quiet."""


class Hasty:
    """Remembers how long it was allowed to wait."""

    def __init__(self):
        self.timeouts = []

    def post_json(self, url, body, headers, timeout):
        self.timeouts.append(timeout)
        return 200, SAMPLE


@pytest.fixture
def platform():
    with Platform() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def client(base_url, http=None, **environ):
    settings = read(SmsSettings, Source({"SMS_BASE_URL": base_url, **environ}, {}, Path()))
    clock = HandClock()
    seal = Seal(Keys(("a secret key",)))
    return VENDOR.playback(settings, Toolbox(http or GuardedSession(), MemoryShared(clock), seal, clock.now))


def camera(**section):
    given = {"device_unicode": "34020000001110000228", "channel": "34020000001320000666", **section}
    return Camera("front-door", sections={"sms": VENDOR.section(given)})


def submit(platform, **environ):
    return client(platform.url, **environ).submit(camera(), WINDOW, CALLBACK)


def refusal_of(act):
    with pytest.raises((Transient, Final)) as caught:
        act()
    return caught.value


# -- submit: what is sent ----------------------------------------------------------------------------------------------


def test_a_submit_says_exactly_what_the_page_asks_for(platform):
    submit(platform)
    path, body, _ = platform.heard[0]
    assert path == "/api/smsload/playback/v1/download"
    assert body == {
        "device_unicode": "34020000001110000228",
        "source_type": "3",
        "channel": "34020000001320000666",
        "start_time": "2026-11-20T10:10:00",
        "end_time": "2026-11-20T10:40:00",
        "callback": CALLBACK,
    }


def test_the_platform_id_goes_out_in_the_spelling_of_the_wire(platform):
    client(platform.url).submit(camera(platform_id="2"), WINDOW, CALLBACK)
    assert platform.heard[0][1]["platfrom_id"] == "2"


def test_without_a_callback_address_none_is_sent(platform):
    client(platform.url).submit(camera(), WINDOW, "")
    assert "callback" not in platform.heard[0][1]


def test_headers_are_sent_only_when_they_are_set(platform):
    submit(platform)
    submit(platform, SMS_TENANT_ID="t-1", SMS_TOKEN="hush", SMS_LINKER_SIGN="sealed")
    without, with_them = (headers for _, _, headers in platform.heard)
    assert [without[name] for name in ("tenant-id", "Token", "linker-sign")] == [None, None, None]
    assert [with_them[name] for name in ("tenant-id", "Token", "linker-sign")] == ["t-1", "hush", "sealed"]


def test_a_path_in_the_base_address_stays(platform):
    refusal_of(lambda: client(platform.url + "/gate/").submit(camera(), WINDOW, CALLBACK))
    assert platform.heard[0][0] == "/gate/api/smsload/playback/v1/download"


def test_times_are_in_the_zone_of_the_wire_and_rather_too_long_than_too_short(platform):
    odd = Window(WINDOW.start + timedelta(seconds=0.7), WINDOW.end + timedelta(seconds=0.2))
    client(platform.url, SMS_TIMEZONE="UTC").submit(camera(), odd, CALLBACK)
    body = platform.heard[0][1]
    assert (body["start_time"], body["end_time"]) == ("2026-11-20T02:10:00", "2026-11-20T02:40:01")


def test_an_hour_that_occurs_twice_on_the_wire_is_refused_the_second_time(platform):
    first = datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )  # 02:30 in Berlin, summer time; an hour later 02:30 again
    berlin = client(platform.url, SMS_TIMEZONE="Europe/Berlin")
    berlin.submit(camera(), Window(first, first + timedelta(minutes=10)), CALLBACK)
    again = Window(first + timedelta(hours=1), first + timedelta(hours=1, minutes=10))
    error = refusal_of(lambda: berlin.submit(camera(), again, CALLBACK))
    assert isinstance(error, Invalid)
    assert (error.code, error.field, len(platform.heard)) == ("time-ambiguous", "start_time", 1)


def test_a_submit_may_take_as_long_as_the_setting_says_and_a_withdrawal_five_seconds():
    http = Hasty()
    hasty = client("http://platform", http, SUBMIT_TIMEOUT="75")
    hasty.submit(camera(), WINDOW, CALLBACK)
    hasty.withdraw(camera(), STREAM)
    hasty.ask(STREAM)
    assert http.timeouts == [75.0, 5.0, 10.0]


# -- submit: a yes -----------------------------------------------------------------------------------------------------


def test_the_sample_answer_is_a_yes(platform):
    assert submit(platform) == Submission(STREAM, (), duration_seconds=10.0, size=1024)


@pytest.mark.parametrize("code", ["0", 0, " 0 "])
def test_a_zero_is_success_as_text_and_as_number(platform, code):
    platform.will_say({"code": code, "message": "whatever", "data": {"stream_id": "s"}})
    assert submit(platform) == Submission("s")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            {"streamId": "s", "playbackDuration": 10.5, "playbackFileSize": 1024},
            Submission("s", (), 10.5, 1024),
        ),
        ({"stream_id": "s", "playback_duration": "0", "playback_file_size": "0"}, Submission("s")),
        ({"stream_id": "s", "playback_duration": "", "playback_file_size": ""}, Submission("s")),
        ({"stream_id": "s", "playback_duration": "soon", "playback_file_size": -1}, Submission("s")),
        ({"stream_id": "s", "playback_duration": None, "playback_file_size": True}, Submission("s")),
        ({"stream_id": 79}, Submission("79")),
        ({"stream_id": "a\x00b"}, Submission(None)),
        ({"stream_id": "s" * 257}, Submission(None)),
        ({"stream_id": ""}, Submission(None)),
        ({}, Submission(None)),
        (None, Submission(None)),
        ("ok", Submission(None)),
        ([1], Submission(None)),
        ({"stream_id": "s", "file_url": "file:///etc/passwd"}, Submission("s")),
    ],
)
def test_a_yes_stays_a_yes_however_its_data_look(platform, data, expected):
    platform.will_say({"code": "0", "message": "", "data": data})
    assert submit(platform) == expected


def test_a_yes_without_data_or_message_is_a_yes(platform):
    platform.will_say({"code": "0"})
    assert submit(platform) == Submission(None)


@pytest.mark.parametrize("name", ["file_url", "fileUrl", "playback_file_url", "playbackFileUrl"])
def test_an_address_in_the_very_first_answer_is_kept(platform, name):
    platform.will_say({"code": 0, "data": {"stream_id": "s", name: "http://media:80/f.mp4?sign=x"}})
    assert submit(platform).files == (Sighting("media/f.mp4", "http://media:80/f.mp4?sign=x"),)


# -- submit: a no ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "code", "whose"),
    [
        ("设备离线", "device-offline", Whose.CAMERA),
        ("Device is OFFLINE", "device-offline", Whose.CAMERA),
        ("device not registered", "device-offline", Whose.CAMERA),
        ("SIP 486 Busy Here", "device-busy", Whose.CAMERA),
        ("点播失败:486错误", "device-busy", Whose.CAMERA),
        ("设备忙", "device-busy", Whose.CAMERA),
        ("通道被占用", "device-busy", Whose.CAMERA),
        ("系统繁忙,请稍后再试", "vendor-away", Whose.VENDOR),
        ("Too many requests", "vendor-away", Whose.VENDOR),
        ("token已过期", "vendor-auth", Whose.VENDOR),
        ("签名错误", "vendor-auth", Whose.VENDOR),
        ("invalid linker-sign", "vendor-auth", Whose.VENDOR),
        ("signalling timeout 14861", "vendor-error", Whose.JOB),
        ("successful", "vendor-error", Whose.JOB),
        ("", "vendor-error", Whose.JOB),
        (None, "vendor-error", Whose.JOB),
        (["设备离线"], "vendor-error", Whose.JOB),
    ],
)
def test_a_refusal_is_understood_by_its_words(platform, message, code, whose):
    platform.will_say({"code": "64", "message": message, "data": None})
    error = refusal_of(lambda: submit(platform))
    assert type(error) is Transient
    assert (error.code, error.whose, error.asked) == (code, whose, True)
    assert "code 64" in error.detail


@pytest.mark.parametrize(
    "message",
    [
        "该时间段内没有录像",
        "未找到录像文件",
        "录像不存在",
        "No recordings found.",
        "no footage",
        "no recording in this window",
    ],
)
def test_an_answer_that_there_is_no_footage_is_the_end(platform, message):
    platform.will_say({"code": "1", "message": message})
    error = refusal_of(lambda: submit(platform))
    assert isinstance(error, Nothing)
    assert error.code == "no-footage"


@pytest.mark.parametrize(
    "message",
    ["没有录像权限", "no recording device configured", "录像不存在异常", "no record of this device"],
)
def test_words_that_only_sound_like_no_footage_are_not_believed(platform, message):
    platform.will_say({"code": "1", "message": message})
    assert refusal_of(lambda: submit(platform)).code == "vendor-error"


def test_a_gateway_that_gave_up_waiting_leaves_the_answer_unknown(platform):
    platform.will_say(b"", status=504)
    assert isinstance(refusal_of(lambda: submit(platform)), AnswerUnknown)


def test_words_of_no_footage_beside_a_yes_are_a_yes(platform):
    platform.will_say({"code": "0", "message": "没有录像", "data": {"stream_id": "s"}})
    assert submit(platform) == Submission("s")


@pytest.mark.parametrize(
    ("status", "body", "code", "whose"),
    [
        (401, b"", "vendor-auth", Whose.VENDOR),
        (403, b"<html>", "vendor-auth", Whose.VENDOR),
        (429, b"", "vendor-away", Whose.VENDOR),
        (502, b"", "vendor-away", Whose.VENDOR),
        (503, b'{"code": "1", "message": "x"}', "vendor-away", Whose.VENDOR),
        (500, b"", "vendor-error", Whose.JOB),
        (500, b'{"code": 500, "message": "NullPointerException"}', "vendor-error", Whose.JOB),
        (500, '{"code": 500, "message": "设备离线"}'.encode(), "device-offline", Whose.CAMERA),
        (500, b'{"code": "0", "data": {"stream_id": "s"}}', "vendor-error", Whose.JOB),
        (500, b'{"code": "0", "message": "no footage"}', "vendor-error", Whose.JOB),
        (200, b'{"message": "no footage"}', "vendor-unreadable", Whose.JOB),
        (507, b"", "vendor-error", Whose.JOB),
        (400, b"", "vendor-error", Whose.JOB),
        (415, b"", "vendor-error", Whose.JOB),
        (422, b"", "vendor-error", Whose.JOB),
        (302, b"", "vendor-error", Whose.VENDOR),
        (404, b"404 page not found", "vendor-error", Whose.VENDOR),
        (405, b"", "vendor-error", Whose.VENDOR),
        (200, b"", "vendor-unreadable", Whose.JOB),
        (200, b"<html>log in</html>", "vendor-unreadable", Whose.JOB),
        (200, b"[" * 100_000, "vendor-unreadable", Whose.JOB),
        (200, b"\xff\xfe", "vendor-unreadable", Whose.JOB),
        (200, b"[]", "vendor-unreadable", Whose.JOB),
        (200, b'{"data": {"stream_id": "s"}}', "vendor-unreadable", Whose.JOB),
        (200, b'{"code": true, "data": {}}', "vendor-unreadable", Whose.JOB),
        (200, b'{"code": null, "data": {}}', "vendor-unreadable", Whose.JOB),
    ],
)
def test_an_http_answer_that_is_no_yes_has_a_reason_and_somebody_to_charge(
    platform, status, body, code, whose
):
    platform.will_say(body, status)
    error = refusal_of(lambda: submit(platform))
    assert type(error) is Transient
    assert (error.code, error.whose, error.asked) == (code, whose, True)
    assert f"HTTP {status}" in error.detail


@pytest.mark.parametrize(("status", "message"), [(401, ""), (200, "invalid token")])
def test_a_refused_key_names_the_settings_to_check(platform, status, message):
    platform.will_say({"code": "7", "message": message}, status)
    detail = refusal_of(lambda: submit(platform)).detail
    assert all(name in detail for name in ("SMS_TOKEN", "SMS_TENANT_ID", "SMS_LINKER_SIGN"))


def test_a_detail_is_short_and_holds_no_address_no_secret_and_no_control_character(platform):
    message = "no: http://host/cb?token=abc \x00\x1b[31m\u202e\ud800 hush-token hush-sign " + "x" * 5000
    platform.will_say({"code": "9\n9" + "9" * 500, "message": message})
    error = refusal_of(lambda: submit(platform, SMS_TOKEN="hush-token", SMS_LINKER_SIGN="hush-sign"))
    assert error.code == "vendor-error"
    assert len(error.detail) <= 200
    assert error.detail.isprintable()
    assert not any(word in error.detail for word in ("hush", "abc", "http:"))


def test_a_platform_that_is_not_there_has_not_been_asked(platform):
    away = client("http://127.0.0.1:9")
    error = refusal_of(lambda: away.submit(camera(), WINDOW, CALLBACK))
    assert (error.code, error.whose, error.asked) == ("vendor-away", Whose.VENDOR, False)


def test_an_answer_that_was_lost_leaves_the_matter_open(platform):
    platform.will_say(HANG_UP)
    error = refusal_of(lambda: submit(platform))
    assert isinstance(error, AnswerUnknown)
    assert len(platform.heard) == 1


def test_without_an_address_the_job_waits_and_learns_why():
    error = refusal_of(lambda: client("").submit(camera(), WINDOW, CALLBACK))
    assert (error.code, error.whose, error.asked) == ("vendor-away", Whose.VENDOR, False)
    assert "SMS_BASE_URL" in error.detail


# -- lanes -------------------------------------------------------------------------------------------------------------


def test_a_download_occupies_its_device_and_the_platform():
    lanes = client("", SMS_DOWNLOADS="8").lanes(camera(downloads=2))
    assert lanes == (Lane("sms:34020000001110000228", 2), Lane("sms", 8))


def test_a_camera_of_another_vendor_is_refused():
    with pytest.raises(Invalid, match="front-door"):
        client("").lanes(Camera("front-door"))


# -- ask ---------------------------------------------------------------------------------------------------------------


def test_an_ask_says_exactly_what_the_page_asks_for(platform):
    client(platform.url).ask(STREAM)
    assert platform.heard[0][:2] == ("/api/smsload/playback/v1/queryDownloadProgress", {"stream_id": STREAM})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"stream_id": STREAM, "download_progress": "0.5", "file_url": ""}, News(STREAM, 0.5)),
        ({"downloadProgress": 0.5, "fileUrl": None}, News(STREAM, 0.5)),
        ({"progress": 0.5}, News(STREAM, 0.5)),
        (
            {"progress": "100", "playback_file_url": "http://m/f"},
            News(STREAM, 1.0, True, (Sighting("m/f", "http://m/f"),)),
        ),
        ({"progress": 1}, News(STREAM, perhaps_ended=True)),
        ({"progress": "done", "fileUrl": "nowhere"}, News(STREAM)),
        ({"progress": [], "fileUrl": "http://m/f"}, News(STREAM, files=(Sighting("m/f", "http://m/f"),))),
        ({}, News(STREAM)),
        (None, News(STREAM)),
    ],
)
def test_any_yes_to_an_ask_is_news(platform, data, expected):
    platform.will_say({"code": "0", "message": "", "data": data})
    assert client(platform.url).ask(STREAM) == expected


def test_callbacks_and_asks_share_what_they_learn_of_the_unit(platform):
    platform.will_say({"code": "0", "data": {"progress": 0.5}})
    asking = client(platform.url)
    asking.ask(STREAM)
    assert asking.read_callback(b'{"downloadProgress": 1}', "application/json") == News(None, 1.0, ended=True)


@pytest.mark.parametrize(
    ("status", "message"),
    [(200, "stream not found"), (200, ""), (200, "设备离线"), (200, "没有录像"), (404, "no such stream")],
)
def test_a_refused_ask_means_that_the_stream_is_gone(platform, status, message):
    platform.will_say({"code": "1", "message": message}, status)
    error = refusal_of(lambda: client(platform.url).ask(STREAM))
    assert isinstance(error, Gone)
    assert error.code == "stream-gone"


@pytest.mark.parametrize(
    ("status", "body", "code", "whose"),
    [
        (404, b"404 page not found", "ask-unsupported", Whose.JOB),
        (405, b"", "ask-unsupported", Whose.JOB),
        (401, b"", "vendor-auth", Whose.VENDOR),
        (200, b'{"code": "7", "message": "token expired"}', "vendor-auth", Whose.VENDOR),
        (200, '{"code": "7", "message": "系统繁忙"}'.encode(), "vendor-away", Whose.VENDOR),
        (503, b"", "vendor-away", Whose.VENDOR),
        (500, b'{"code": "500", "message": "oops"}', "vendor-error", Whose.JOB),
        (200, b"<html>", "vendor-unreadable", Whose.JOB),
    ],
)
def test_an_ask_that_says_nothing_of_the_stream_leaves_it_alone(platform, status, body, code, whose):
    platform.will_say(body, status)
    error = refusal_of(lambda: client(platform.url).ask(STREAM))
    assert type(error) is Transient
    assert (error.code, error.whose) == (code, whose)


# -- withdraw and probe ------------------------------------------------------------------------------------------------


def test_a_withdrawal_tears_the_stream_down(platform):
    client(platform.url).withdraw(camera(platform_id="2"), STREAM)
    path, body, _ = platform.heard[0]
    assert path == "/api/smsload/playback/v1/control"
    assert body == {
        "device_unicode": "34020000001110000228",
        "platfrom_id": "2",
        "channel": "34020000001320000666",
        "stream_id": STREAM,
        "command": "3",
    }


def test_a_withdrawal_that_is_refused_says_so(platform):
    platform.will_say({"code": "1", "message": "no such stream"})
    assert refusal_of(lambda: client(platform.url).withdraw(camera(), STREAM)).code == "vendor-error"


@pytest.mark.parametrize(
    ("status", "body"), [(200, SAMPLE), (200, b'{"code": "1"}'), (404, b""), (401, b""), (200, b"?")]
)
def test_any_answer_below_500_is_life(platform, status, body):
    platform.will_say(body, status)
    client(platform.url).probe()
    assert platform.heard[0][0].endswith("queryDownloadProgress")
    assert re.fullmatch(r"gleaner\S+", platform.heard[0][1]["stream_id"])


@pytest.mark.parametrize("status", [500, 502, 503])
def test_an_answer_from_500_on_is_no_life(platform, status):
    platform.will_say(b"", status)
    assert isinstance(refusal_of(client(platform.url).probe), Transient)


# -- the signature -----------------------------------------------------------------------------------------------------


def python(code):
    return f"command:{shlex.join([sys.executable, '-c', code])}"


COUNTING = "import pathlib,sys;p=pathlib.Path({path!r});n=len(p.read_text())+1;p.write_text('x'*n);print(f'sign-{{n}}')"


@pytest.fixture
def counting(tmp_path):
    path = tmp_path / "count"
    path.write_text("")
    return python(COUNTING.format(path=str(path)))


def test_a_commands_value_is_kept_for_four_minutes(counting):
    clock = iter([0.0, 239.0, 240.0, 240.0])
    sign = LinkerSign(counting, lambda: next(clock))
    assert [sign.value(), sign.value(), sign.value()] == ["sign-1", "sign-1", "sign-2"]


def test_a_value_that_was_turned_down_is_minted_anew(platform, counting):
    signing = client(platform.url, SMS_LINKER_SIGN=counting)
    signing.ask(STREAM)
    platform.will_say(b"", 401)
    refusal_of(lambda: signing.ask(STREAM))
    signing.ask(STREAM)
    assert [headers["linker-sign"] for _, _, headers in platform.heard] == ["sign-1", "sign-1", "sign-2"]


@pytest.mark.parametrize(
    "command",
    [
        python("print()"),
        python("print('a\\nb')"),
        python("print(chr(31614))"),
        python("print('hush'); raise SystemExit(3)"),
        "command:/nowhere/hush",
    ],
    ids=["empty", "two lines", "not ASCII", "failed", "no such program"],
)
def test_a_command_that_gives_no_value_holds_up_the_vendor_and_sends_nothing(platform, command):
    error = refusal_of(lambda: submit(platform, SMS_LINKER_SIGN=command))
    assert (error.code, error.whose, error.asked, platform.heard) == ("vendor-auth", Whose.VENDOR, False, [])
    assert "SMS_LINKER_SIGN" in error.detail
    assert "hush" not in error.detail
