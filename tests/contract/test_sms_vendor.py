"""The SMS vendor's client against a real HTTP server that was written from the vendor's pages alone."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.camera import Camera
from shared.domain.events import Sighting
from shared.domain.job import Lane, Window
from shared.errors import Gone, Invalid, Transient, Whose
from shared.ports import News, Submission
from tests.contract.sms_platform import (
    CALLBACK,
    SAMPLE,
    STREAM,
    WINDOW,
    Hasty,
    camera,
    client,
    refusal_of,
    running_platform,
    submit,
)


@pytest.fixture(scope="module")
def server():
    with running_platform() as running:
        yield running


@pytest.fixture
def platform(server):
    server.forget()
    return server


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
        ({"stream_id": "s" * 300, "playback_duration": "10"}, Submission(None, (), 10.0)),
        ({"stream_id": int("7" * 300)}, Submission(None)),
        ({"stream_id": 1.5}, Submission(None)),
        ({"stream_id": True}, Submission(None)),
        ({"stream_id": ["s"]}, Submission(None)),
        ({"stream_id": "a\nb", "file_url": "http://m/f"}, Submission(None, (Sighting("m/f", "http://m/f"),))),
        ({"stream_id": "\ud800"}, Submission(None)),
        ({"stream_id": "s", "playback_file_size": 1e300}, Submission("s")),
        ({"stream_id": "s", "playback_file_size": "NaN", "playback_duration": float("nan")}, Submission("s")),
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


def test_a_number_of_thousands_of_digits_does_not_cost_the_yes_beside_it(platform):
    platform.will_say(b'{"code": 0, "data": {"stream_id": "s", "playback_file_size": ' + b"1" * 5_000 + b"}}")
    assert submit(platform) == Submission("s")


def test_a_yes_without_data_or_message_is_a_yes(platform):
    platform.will_say({"code": "0"})
    assert submit(platform) == Submission(None)


@pytest.mark.parametrize("name", ["file_url", "fileUrl", "playback_file_url", "playbackFileUrl"])
def test_an_address_in_the_very_first_answer_is_kept(platform, name):
    platform.will_say({"code": 0, "data": {"stream_id": "s", name: "http://media:80/f.mp4?sign=x"}})
    assert submit(platform).files == (Sighting("media/f.mp4", "http://media:80/f.mp4?sign=x"),)


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
        ({"progress": 101, "fileUrl": ""}, News(STREAM)),
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
