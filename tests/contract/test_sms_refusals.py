"""What the SMS platform's refusals mean to us: whom each charges, what the operator is told, what is not believed."""

import time

import pytest

from shared.errors import AnswerUnknown, Gone, Nothing, Transient, Whose
from shared.ports import Submission
from tests.contract.sms_platform import (
    CALLBACK,
    HANG_UP,
    STREAM,
    WINDOW,
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


MEANT = {
    ("device-offline", Whose.CAMERA): [
        "设备离线",
        "Device is OFFLINE",
        "device off-line",
        "device not registered",
        "device[34020000001110000228] is not connected",
        "通道 34020000001320000666 未注册",
        "设备不在线",
        "SIP 480 Temporarily Unavailable",
        "设备离线, 信令超时",
    ],
    ("device-unknown", Whose.CAMERA): [
        "device not found",
        "Device [34020000001110000228] not found",
        "channel 34020000001320000666 does not exist",
        "no such device or channel",
        "设备不存在",
        "设备[34020000001110000228]不存在",
        "未找到该通道",
        "找不到设备",
    ],
    ("device-busy", Whose.CAMERA): [
        "SIP 486 Busy Here",
        "点播失败:486错误",
        "code=486",
        "SIP code 600",
        "busy",
        "the device is busy",
        "设备忙",
        "设备繁忙",
        "通道被占用",
        "通道已被其他用户占用",
        "该通道正在下载",
    ],
    ("device-silent", Whose.JOB): [
        "SIP timeout",
        "SIP 408 Request Timeout",
        "signalling timeout 14861",
        "Signaling timed out",
        "invite timeout",
        "timed out waiting for stream",
        "stream never arrived",
        "no stream received",
        "device did not respond",
        "no response from device",
        "Timeout or no response",
        "信令超时",
        "收流超时",
        "点播超时",
        "超时或无响应",
        "设备响应超时",
        "设备 34020000001110000228 无响应",
        "等待视频流超时",
        "未收到媒体流",
    ],
    ("vendor-unready", Whose.VENDOR): [
        "none reserved port in pool",
        "no available port",
        "no more ssrc",
        "ports exhausted",
        "all SSRCs are used up",
        "ssrc not available",
        "resources exhausted",
        "media server not ready",
        "media node sms-1 is offline",
        "no available media server",
        "资源耗尽",
        "端口已耗尽",
        "SSRC不可用",
        "无可用端口",
        "没有可用的流媒体服务",
        "流媒体服务器未就绪",
        "媒体节点离线",
        "端口已被占用",
    ],
    ("vendor-away", Whose.VENDOR): [
        "系统繁忙,请稍后再试",
        "Too many requests",
        "the server is too busy",
        "service busy",
        "请求过于频繁",
    ],
    ("vendor-auth", Whose.VENDOR): [
        "token已过期",
        "invalid token",
        "签名错误",
        "invalid linker-sign",
        "sign error",
        "未登录",
        "登录超时",
    ],
}
SOUNDS_LIKE = [
    "successful",
    "",
    None,
    ["设备离线"],
    "not your business",
    "busybox failed",
    "busy-wait loop broken",
    "job 14861 failed after 486 ms",
    "line 480 of task 4081",
    "离线下载任务创建失败",
    "offline download could not be created",
    "用户不在线",
    "请联系管理员帮忙",
    "内存占用过高",
    "Unexpected token < in JSON at position 0",
    "no method signature matches",
    "signal lost",
    "tokenizer failed",
    "upstream request timeout",
    "database timeout",
    "请求超时",
    "timeout",
    "device driver not found",
    "设备录像不存在异常",
    "report exhausted",
    "import unavailable",
    "social media server-side rendering",
    "设备资源耗尽",
    "streamlined response never arrived",
    "没有录像权限",
    "no recording device configured",
    "录像不存在异常",
    "no record of this device",
]


@pytest.mark.parametrize(
    ("meant", "message"), [(meant, message) for meant, said in MEANT.items() for message in said]
)
def test_a_refusal_is_understood_by_its_words(platform, meant, message):
    platform.will_say({"code": "64", "message": message, "data": None})
    error = refusal_of(lambda: submit(platform))
    assert type(error) is Transient
    assert (error.code, error.whose, error.asked) == (*meant, True)
    assert error.answered == (error.whose != Whose.VENDOR)
    assert "code 64" in error.detail


@pytest.mark.parametrize("message", SOUNDS_LIKE)
def test_words_that_only_sound_like_something_charge_the_job(platform, message):
    platform.will_say({"code": "64", "message": message})
    error = refusal_of(lambda: submit(platform))
    assert type(error) is Transient
    assert (error.code, error.whose, error.answered) == ("vendor-error", Whose.JOB, True)


@pytest.mark.parametrize(
    ("vendors", "code", "whose"),
    [
        ("480", "device-offline", Whose.CAMERA),
        ("486", "device-busy", Whose.CAMERA),
        (600, "device-busy", Whose.CAMERA),
        (408, "device-silent", Whose.JOB),
        ("429", "vendor-away", Whose.VENDOR),
        ("401", "vendor-auth", Whose.VENDOR),
        ("4860", "vendor-error", Whose.JOB),
        ("-486", "vendor-error", Whose.JOB),
        ("404", "vendor-error", Whose.JOB),
        ("1", "vendor-error", Whose.JOB),
    ],
)
@pytest.mark.parametrize("message", ["", "failed"])
def test_a_code_counts_where_the_words_say_nothing(platform, vendors, code, whose, message):
    platform.will_say({"code": vendors, "message": message})
    error = refusal_of(lambda: submit(platform))
    assert (error.code, error.whose) == (code, whose)


@pytest.mark.parametrize(
    ("vendors", "message", "code"),
    [
        ("486", "超时或无响应", "device-silent"),
        ("408", "设备离线", "device-offline"),
        ("401", "busy", "device-busy"),
    ],
)
def test_words_count_before_a_code_that_means_many_things(platform, vendors, message, code):
    platform.will_say({"code": vendors, "message": message})
    assert refusal_of(lambda: submit(platform)).code == code


@pytest.mark.parametrize("data", [None, [], [1], {}, "", "x", 7, {"stream_id": "s"}])
def test_a_no_is_a_no_whatever_its_data(platform, data):
    platform.will_say({"code": "486", "message": "", "data": data})
    assert refusal_of(lambda: submit(platform)).code == "device-busy"


def test_a_no_without_data_or_message_is_a_no(platform):
    platform.will_say({"code": 64})
    error = refusal_of(lambda: submit(platform))
    assert (error.code, error.detail) == ("vendor-error", "HTTP 200, code 64: ")


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


def test_a_detail_is_short_and_holds_no_address_no_secret_and_no_control_character(platform):
    message = "no: http://host/cb?token=abc \x00\x1b[31m\u202e\ud800 hush-token hush-sign " + "x" * 5000
    platform.will_say({"code": "9\n9" + "9" * 500, "message": message})
    error = refusal_of(lambda: submit(platform, SMS_TOKEN="hush-token", SMS_LINKER_SIGN="hush-sign"))
    assert error.code == "vendor-error"
    assert len(error.detail) <= 200
    assert error.detail.isprintable()
    assert not any(word in error.detail for word in ("hush", "abc", "http:"))


def test_half_a_secret_at_the_end_of_a_long_message_is_hidden_as_well(platform):
    platform.will_say({"code": "9", "message": " " * 995 + "hush-token"})
    detail = refusal_of(lambda: submit(platform, SMS_TOKEN="hush-token")).detail
    assert detail == "HTTP 200, code 9: <secret>"


def test_hostile_words_cost_no_time(platform):
    for piece in (
        "device [",
        "media server 1",
        "等待流",
        "stream a ",
        "no such ",
        "ports x ",
        "通道:1",
        "被",
        "time out a b ",
    ):
        platform.will_say({"code": "9", "message": piece * 20_000})
        began = time.monotonic()
        refusal_of(lambda: submit(platform))
        assert time.monotonic() - began < 1, piece


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


# -- asks --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("media server not ready", "vendor-unready"),
        ("系统繁忙", "vendor-away"),
        ("token expired", "vendor-auth"),
    ],
)
def test_a_refused_ask_that_is_about_the_platform_leaves_the_stream_alone(platform, message, code):
    platform.will_say({"code": "7", "message": message})
    error = refusal_of(lambda: client(platform.url).ask(STREAM))
    assert type(error) is Transient
    assert (error.code, error.whose) == (code, Whose.VENDOR)


@pytest.mark.parametrize("message", ["信令超时", "device not found", "设备忙", "oops"])
def test_any_other_refused_ask_means_that_the_stream_is_gone(platform, message):
    platform.will_say({"code": "7", "message": message})
    assert isinstance(refusal_of(lambda: client(platform.url).ask(STREAM)), Gone)
