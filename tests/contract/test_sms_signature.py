"""The header `linker-sign` of the SMS platform: where its value comes from, and what happens when it is turned down."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.errors import AnswerUnknown, Gone, Whose
from shared.ports import News, Submission
from shared.vendors.sms.signature import LinkerSign
from tests.contract.sms_platform import (
    CALLBACK,
    HANG_UP,
    STREAM,
    WINDOW,
    Hasty,
    camera,
    client,
    counting,
    python,
    refusal_of,
    running_platform,
    submit,
)

NO = {"code": "7", "message": "签名错误"}


@pytest.fixture(scope="module")
def server():
    with running_platform() as running:
        yield running


@pytest.fixture
def platform(server):
    server.forget()
    return server


@pytest.fixture
def command(tmp_path):
    """Prints sign-1, sign-2 and so on."""
    return counting(tmp_path / "count")


# -- where the value comes from ----------------------------------------------------------------------------------------


def test_a_commands_value_is_kept_for_four_minutes(command):
    clock = iter([0.0, 239.0, 240.0, 240.0])
    sign = LinkerSign(command, lambda: next(clock))
    assert [sign.value(), sign.value(), sign.value()] == ["sign-1", "sign-1", "sign-2"]


@pytest.mark.parametrize(
    "printed",
    [
        python("print()"),
        python("print('a\\nb')"),
        python("print(chr(31614))"),
        python("print('hush'); raise SystemExit(3)"),
        "command:/nowhere/hush",
    ],
    ids=["empty", "two lines", "not ASCII", "failed", "no such program"],
)
def test_a_command_that_gives_no_value_holds_up_the_vendor_and_sends_nothing(platform, printed):
    error = refusal_of(lambda: submit(platform, SMS_LINKER_SIGN=printed))
    assert (error.code, error.whose, error.asked, platform.heard) == ("vendor-auth", Whose.VENDOR, False, [])
    assert "SMS_LINKER_SIGN" in error.detail
    assert "hush" not in error.detail


def test_threads_mint_one_value_between_them(command):
    sign = LinkerSign(command)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: sign.value(), range(8))) == {"sign-1"}


# -- turned down -------------------------------------------------------------------------------------------------------


def test_a_value_that_was_turned_down_is_minted_anew_and_sent_again_at_once(platform, command):
    platform.refused = {"sign-1"}
    assert submit(platform, SMS_LINKER_SIGN=command).stream_id == STREAM
    (_, first, _), (_, second, _) = platform.heard
    assert platform.signs == ["sign-1", "sign-2"]
    assert first == second


@pytest.mark.parametrize(
    "no", [(401, b""), (403, b"<html>"), (200, b'{"code": "7", "message": "invalid linker-sign"}')]
)
def test_every_refusal_of_a_key_is_worth_another_value(platform, command, no):
    platform.will_say(no[1], no[0])
    assert client(platform.url, SMS_LINKER_SIGN=command).ask(STREAM) == News(STREAM)
    assert platform.signs == ["sign-1", "sign-2"]


def test_a_second_refusal_is_the_answer_and_the_next_call_mints_again(platform, command):
    platform.refused = {"sign-1", "sign-2"}
    signing = client(platform.url, SMS_LINKER_SIGN=command)
    error = refusal_of(lambda: signing.submit(camera(), WINDOW, CALLBACK))
    assert (error.code, error.whose, platform.signs) == ("vendor-auth", Whose.VENDOR, ["sign-1", "sign-2"])
    signing.ask(STREAM)
    assert platform.signs[2:] == ["sign-3"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, HANG_UP),
        (504, b'{"code": "7", "message": "invalid linker-sign"}'),
    ],
)
def test_after_an_unknown_answer_nothing_is_sent_again(platform, command, status, body):
    platform.will_say(body, status)
    error = refusal_of(lambda: submit(platform, SMS_LINKER_SIGN=command))
    assert isinstance(error, AnswerUnknown)
    assert platform.signs == ["sign-1"]


@pytest.mark.parametrize(
    ("status", "body"), [(503, b'{"code": "7", "message": "invalid linker-sign"}'), (200, b'{"code": "1"}')]
)
def test_any_other_refusal_leaves_the_value_in_use(platform, command, status, body):
    signing = client(platform.url, SMS_LINKER_SIGN=command)
    platform.will_say(body, status)
    refusal_of(lambda: signing.submit(camera(), WINDOW, CALLBACK))
    signing.ask(STREAM)
    assert platform.signs == ["sign-1", "sign-1"]


@pytest.mark.parametrize("value", ["fixed", python("print('always-the-same')")])
def test_a_value_that_stays_the_same_is_not_sent_again(platform, value):
    platform.will_say(NO)
    assert refusal_of(lambda: submit(platform, SMS_LINKER_SIGN=value)).code == "vendor-auth"
    assert len(platform.heard) == 1


def test_a_value_that_stayed_the_same_is_minted_anew_next_time(platform, tmp_path):
    count = tmp_path / "count"
    signing = client(
        platform.url, SMS_LINKER_SIGN=python(f"open({str(count)!r}, 'a').write('x'); print('same')")
    )
    platform.will_say(NO)
    refusal_of(lambda: signing.submit(camera(), WINDOW, CALLBACK))
    signing.ask(STREAM)
    assert count.read_text() == "xxx"
    assert platform.signs == ["same", "same"]


def test_a_command_that_gives_no_second_value_leaves_the_refusal_as_it_is(platform, tmp_path):
    once = python(f"import os; os.mkdir({str(tmp_path / 'once')!r}); print('first')")
    signing = client(platform.url, SMS_LINKER_SIGN=once)
    platform.will_say(NO)
    error = refusal_of(lambda: signing.submit(camera(), WINDOW, CALLBACK))
    assert (error.code, error.asked, platform.signs) == ("vendor-auth", True, ["first"])
    assert "签名错误" in error.detail
    assert refusal_of(lambda: signing.ask(STREAM)).asked is False


def test_a_yes_in_words_of_a_key_is_a_yes_and_sent_once(platform, command):
    platform.will_say({"code": 0, "message": "token ok, 签名", "data": {"stream_id": "s"}})
    assert submit(platform, SMS_LINKER_SIGN=command) == Submission("s")
    assert len(platform.heard) == 1


def test_what_is_sent_again_has_only_the_time_that_is_left(tmp_path):
    slow = counting(tmp_path / "count", seconds=0.6)
    http = Hasty((401, b""))
    client("http://platform", http, SMS_LINKER_SIGN=slow, SUBMIT_TIMEOUT="10").submit(
        camera(), WINDOW, CALLBACK
    )
    first, second = http.timeouts
    assert first == 10
    assert 1 <= second <= 9.4


def test_with_no_time_left_nothing_is_sent_again(tmp_path):
    slow = counting(tmp_path / "count", seconds=0.6)
    http = Hasty((401, b""))
    hasty = client("http://platform", http, SMS_LINKER_SIGN=slow, SUBMIT_TIMEOUT="1.5")
    assert refusal_of(lambda: hasty.submit(camera(), WINDOW, CALLBACK)).code == "vendor-auth"
    assert len(http.timeouts) == 1


def test_threads_that_were_turned_down_together_mint_one_value_between_them(platform, command):
    platform.refused = {"sign-1"}
    signing = client(platform.url, SMS_LINKER_SIGN=command)
    with ThreadPoolExecutor(8) as pool:
        assert {news.stream_id for news in pool.map(lambda _: signing.ask(STREAM), range(8))} == {STREAM}
    assert set(platform.signs) == {"sign-1", "sign-2"}


def test_a_refused_ask_with_a_good_key_is_about_the_stream(platform, command):
    platform.refused = {"sign-1"}
    platform.will_say({"code": "1", "message": "no such stream"})
    error = refusal_of(lambda: client(platform.url, SMS_LINKER_SIGN=command).ask(STREAM))
    assert isinstance(error, Gone)


# -- what the operator is told -----------------------------------------------------------------------------------------

DEMANDS = "the platform demands a linker-sign, its algorithm is not public"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, b""),
        (401, b"<html>who are you?</html>"),
        (200, {"code": "401", "message": ""}),
        (200, {"code": "7", "message": "missing linker-sign"}),
        (200, {"code": "7", "message": "linkerSign is empty"}),
        (200, {"code": "7", "message": "invalid signature"}),
        (200, {"code": "7", "message": "sign error"}),
        (200, {"code": "7", "message": "签名不能为空"}),
        (403, {"code": "7", "message": "signature expired"}),
    ],
)
def test_a_platform_that_wants_a_signature_and_gets_none_says_what_to_set(platform, status, body):
    platform.will_say(body, status)
    error = refusal_of(lambda: submit(platform))
    assert (error.code, error.whose) == ("vendor-auth", Whose.VENDOR)
    assert error.detail.startswith(f"{DEMANDS}: set SMS_LINKER_SIGN to a value or command:…")


@pytest.mark.parametrize(
    ("status", "message"), [(200, "token expired"), (401, "token已过期"), (401, "租户不存在"), (403, "")]
)
def test_a_refusal_that_names_another_key_does_not_blame_the_signature(platform, status, message):
    platform.will_say({"code": "7", "message": message}, status)
    detail = refusal_of(lambda: submit(platform)).detail
    assert DEMANDS not in detail
    assert all(name in detail for name in ("SMS_TOKEN", "SMS_TENANT_ID", "SMS_LINKER_SIGN"))


def test_a_fixed_value_that_is_refused_is_said_to_have_been(platform):
    platform.will_say(NO)
    detail = refusal_of(lambda: submit(platform, SMS_LINKER_SIGN="hush-sign")).detail
    assert "the value of SMS_LINKER_SIGN was refused" in detail
    assert "command:…" in detail
    assert DEMANDS not in detail
    assert "hush" not in detail


def test_a_commands_value_that_is_refused_is_said_to_have_been_and_to_be_minted_anew(platform, command):
    platform.refused = {"sign-1", "sign-2"}
    detail = refusal_of(lambda: submit(platform, SMS_LINKER_SIGN=command)).detail
    assert "gave was refused; a new one is minted next time" in detail
    assert DEMANDS not in detail


def test_both_values_are_hidden_where_the_platform_repeats_them(platform, command):
    platform.will_say(b"", 401)
    platform.will_say({"code": "sign-2", "message": "bad sign-2, not a signature"})
    detail = refusal_of(lambda: submit(platform, SMS_LINKER_SIGN=command)).detail
    assert "code <secret>: bad <secret>" in detail
    assert "sign-2" not in detail
