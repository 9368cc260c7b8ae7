"""What the SMS platform's callbacks mean: every spelling it might use, every trick that must not pass, every unit."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.memory import HandClock, MemoryShared
from shared.domain.events import Sighting
from shared.errors import Invalid
from shared.ports import News
from shared.sealing import Seal
from shared.settings import Source, read
from shared.signing import Keys
from shared.vendors.base import Toolbox
from shared.vendors.sms import VENDOR
from shared.vendors.sms.addresses import file_identity
from shared.vendors.sms.settings import SmsSettings
from shared.vendors.sms.units import FRESH

PAYLOADS = Path(__file__).parent.parent / "payloads" / "sms"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
STREAM = "download:34020000001110000228:34020000001320000666:1200000079"
URL = "http://192.168.1.20:8080/record/34020000001320000666/20261120-101200.mp4"
FILE = Sighting(URL.removeprefix("http://"), URL)


class NoHttp:
    """Reading a callback needs no network."""

    def post_json(self, url, body, headers, timeout):
        raise AssertionError("no request was expected")


def vendor(memory=None, **environ):
    toolbox = Toolbox(NoHttp(), memory or shared_memory(), Seal(Keys(("a secret key",))), HandClock().now)
    return VENDOR.playback(read(SmsSettings, Source(environ, {}, Path())), toolbox)


def shared_memory():
    return MemoryShared(HandClock())


class CountedMemory(MemoryShared):
    """How often it was looked at."""

    looks = 0

    def get(self, key):
        self.looks += 1
        return super().get(key)


def said(client, progress):
    """The progress and the end that a client makes of one `downloadProgress`."""
    news = client.read_callback(json.dumps({"downloadProgress": progress}).encode(), JSON)
    return news.progress, news.ended


def refusal(body, content_type=JSON):
    with pytest.raises(Invalid) as caught:
        vendor().read_callback(body, content_type)
    assert caught.value.code == "callback-unreadable"
    return caught.value


# -- shapes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "content_type", "files"),
    [
        ("callback-running.json", JSON, ()),
        ("callback-number.json", "application/json; charset=utf-8", ()),
        ("callback-percent-sign.json", JSON, ()),
        ("callback-snake.json", JSON, (FILE,)),
        ("callback-wrapped.json", JSON, (FILE,)),
        ("callback-unknown-fields.json", "", ()),
        ("callback-doubled-key.json", "text/plain", ()),
        ("callback-running.json", FORM, ()),
        ("callback-form.txt", FORM, ()),
        ("callback-form.txt", "Application/X-WWW-Form-URLEncoded; charset=UTF-8", ()),
    ],
)
def test_every_way_to_write_the_three_fields_is_read(payload, content_type, files):
    news = vendor().read_callback((PAYLOADS / payload).read_bytes(), content_type)
    assert news == News(STREAM, pytest.approx(0.35), ended=False, files=files)


def test_the_end_with_a_file_is_read():
    news = vendor().read_callback((PAYLOADS / "callback-finished.json").read_bytes(), JSON)
    assert news == News(STREAM, 1.0, ended=True, files=(FILE,))


@pytest.mark.parametrize("value", ["null", '""'])
def test_an_empty_field_is_the_same_as_none(value):
    body = f'{{"streamId": {value}, "fileUrl": {value}, "downloadProgress": {value}}}'
    assert vendor().read_callback(body.encode(), JSON) == News()


def test_a_byte_order_mark_is_harmless():
    body = b"\xef\xbb\xbf" + (PAYLOADS / "callback-running.json").read_bytes()
    assert vendor().read_callback(body, JSON).stream_id == STREAM


def test_an_empty_spelling_does_not_hide_a_filled_one():
    body = b'{"streamId": "", "stream_id": "s", "downloadProgress": null, "progress": 0.5}'
    assert vendor().read_callback(body, JSON) == News("s", 0.5)


def test_the_top_of_the_body_counts_before_its_data():
    assert (
        vendor().read_callback(b'{"streamId": "outer", "data": {"streamId": "inner"}}', JSON).stream_id
        == "outer"
    )


def test_a_whole_number_is_a_stream_id_like_any_other():
    assert vendor().read_callback(b'{"streamId": 1200000079}', JSON).stream_id == "1200000079"


# -- tricks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("NaN", "downloadProgress"),
        ("Infinity", "downloadProgress"),
        ("1e999", "downloadProgress"),
        ("-1", "downloadProgress"),
        ("-0.01", "downloadProgress"),
        ("-Infinity", "downloadProgress"),
        ("-1e999", "downloadProgress"),
        ('"1e999"', "downloadProgress"),
        ('"1e999%"', "downloadProgress"),
        ('"-inf"', "downloadProgress"),
        ('"Infinity"', "downloadProgress"),
        ("101", "downloadProgress"),
        ("100.4", "downloadProgress"),
        ("100.00000001", "downloadProgress"),
        ('"100.01"', "downloadProgress"),
        ('"100.9%"', "downloadProgress"),
        ("1" * 5_000, "downloadProgress"),
        ('"true"', "downloadProgress"),
        ("1" * 400, "downloadProgress"),
        ("true", "downloadProgress"),
        ("false", "downloadProgress"),
        ("[]", "downloadProgress"),
        ("[0.5]", "downloadProgress"),
        ("{}", "downloadProgress"),
        ('"nan"', "downloadProgress"),
        ('"inf"', "downloadProgress"),
        ('"0,35"', "downloadProgress"),
        ('"1_0"', "downloadProgress"),
        ('"-1"', "downloadProgress"),
        ('"٣٥"', "downloadProgress"),
        ('"35 % %"', "downloadProgress"),
        ('"done"', "downloadProgress"),
        ("true", "streamId"),
        ("1.5", "streamId"),
        ('["s"]', "streamId"),
        (json.dumps("s" * 129), "streamId"),
        ('"a b"', "streamId"),
        ('" "', "streamId"),
        ('"a\\u3000b"', "streamId"),
        ('"a\\u0000b"', "streamId"),
        ('"a\\nb"', "streamId"),
        ('"a\\u007fb"', "streamId"),
        ('"\\ud800"', "streamId"),
        ("7", "fileUrl"),
        ("false", "fileUrl"),
        ('["http://h/f"]', "fileUrl"),
        ('"file:///etc/passwd"', "fileUrl"),
        ('"ftp://h/f"', "fileUrl"),
        ('"/record/f.mp4"', "fileUrl"),
        ('"http:///f.mp4"', "fileUrl"),
        ('"http://h:99999/f"', "fileUrl"),
        ('"http://h:0/f"', "fileUrl"),
        ('"http://[::1/f"', "fileUrl"),
        ('"http://h/\\u0000"', "fileUrl"),
        ('"http://h/\\r\\nX: y"', "fileUrl"),
        ('"http://h/\\udfff"', "fileUrl"),
        (json.dumps("http://h/" + "f" * 2048), "fileUrl"),
    ],
)
def test_a_value_that_is_no_such_thing_is_refused_by_its_field(value, field):
    assert refusal(f'{{"{field}": {value}}}'.encode()).field == field


def test_a_fault_is_named_as_the_vendor_spells_the_field_wherever_it_stood():
    assert refusal(b'{"data": {"download_progress": []}}').field == "downloadProgress"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"7",
        b"[]",
        b'"streamId"',
        b"{",
        b"{'streamId': 's'}",
        b'{"streamId": "\xff"}',
        '{"streamId": "s"}'.encode("utf-16"),
        b"[" * 200_000,
        b'{"data":' * 200_000,
        b"{}",
        b'{"id": "s", "percent": 5}',
        b'{"data": null}',
        b'{"data": [{"streamId": "s"}]}',
        b"streamId=s",
        b'{"streamId": "s"} {}',
        b'{"streamId": "s",}',
        b'{"streamId": "\x07"}',
        b'{"streamId": "s", "other": "\xed\xa0\x80"}',
        b'{"streamId": "s", "\\ud800": 1}',
    ],
    ids=range(21),
)
def test_a_body_that_is_no_callback_is_refused(body):
    assert refusal(body).field is None


@pytest.mark.parametrize(
    "body",
    [b"", b"nothing=here", b"streamId=%ff", b"streamId=\xff", b"&".join([b"streamId=s"] * 65)],
    ids=range(5),
)
def test_a_form_that_is_no_callback_is_refused(body):
    assert refusal(body, FORM).field is None


@pytest.mark.parametrize(
    "value", ["NaN", "-Infinity", "1e999", '"\\ud800"', '["\\udc00 \\ud800"]', '{"deep": 1e999}']
)
def test_what_no_json_may_hold_is_refused_by_name_wherever_it_stands(value):
    found = refusal(f'{{"streamId": "s", "speed": {value}}}'.encode())
    assert found.field == ("deep" if "deep" in value else "speed")


@pytest.mark.parametrize("name", ["a b", "\u202e", "n" * 65, "\ud800"])
def test_a_name_that_is_not_fit_to_be_shown_is_not_repeated(name):
    assert refusal(json.dumps({name: float("nan")}).encode()).field is None


@pytest.mark.parametrize(("kind", "opening", "closing"), [("list", "[", "]"), ("object", '{"a":', "}")])
def test_sixteen_levels_are_read_and_no_more(kind, opening, closing):
    def nested(depth):
        """A callback of so many levels, its own included."""
        return f'{{"streamId": "s", "x": {opening * (depth - 1)}1{closing * (depth - 1)}}}'.encode()

    assert vendor().read_callback(nested(16), JSON).stream_id == "s"
    assert "16" in refusal(nested(17)).detail
    assert (
        "16" in refusal(nested(17).replace(b"1]", b"]").replace(b"1}", b"}").replace(b":}", b":{}}")).detail
    )
    assert refusal(nested(5000)).field is None


def test_a_pair_of_surrogates_is_a_letter():
    assert vendor().read_callback(b'{"streamId": "\\ud83d\\ude00"}', JSON).stream_id == "\U0001f600"


def test_the_last_of_a_doubled_key_counts():
    assert vendor().read_callback(b'{"streamId": "a", "streamId": "b"}', JSON).stream_id == "b"


def test_the_last_of_a_doubled_form_field_counts():
    assert vendor().read_callback(b"streamId=a&streamId=b", FORM).stream_id == "b"


@pytest.mark.parametrize("url", ["ftp://h/?token=hush", "http://h:hush/f", "http://hush\u2100/f"])
def test_a_refusal_does_not_repeat_what_was_sent(url):
    assert "hush" not in str(refusal(json.dumps({"fileUrl": url}).encode()))


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.from_regex(r"https?://.*")
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
)
NAMES = st.sampled_from(["streamId", "stream_id", "fileUrl", "downloadProgress", "progress", "data"])
BODIES = st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, VALUES)).map(
    lambda body: json.dumps(body).encode()
)


@pytest.mark.fuzz
@given(body=BODIES | st.binary(), content_type=st.sampled_from([JSON, FORM, ""]) | st.text())
@settings(max_examples=120, deadline=None)
def test_whatever_comes_is_either_sound_news_or_refused(body, content_type):
    try:
        news = vendor().read_callback(body, content_type)
    except Invalid:
        return
    assert news.progress is None or 0 <= news.progress <= 1
    assert not news.ended or news.progress == 1
    for text in (news.stream_id, *(file.address for file in news.files)):
        assert text is None or text.isprintable()


# -- units -------------------------------------------------------------------------------------------------------------


def test_a_value_between_nothing_and_one_teaches_fractions():
    client = vendor()
    assert said(client, 0.5) == (0.5, False)
    assert said(client, 1) == (1.0, True)


def test_a_value_above_one_teaches_percent():
    client = vendor()
    assert said(client, "35") == (0.35, False)
    assert said(client, 1) == (0.01, False)
    assert said(client, 0.5) == (0.005, False)
    assert said(client, 100) == (1.0, True)


@pytest.mark.parametrize("one", [1, "1", 1.0, "1.0", "1.00"])
def test_a_bare_one_of_unknown_unit_says_nothing(one):
    assert said(vendor(), one) == (None, False)


@pytest.mark.parametrize("zero", [0, "0", 0.0, "0.0", -0.0])
def test_zero_is_zero_in_any_unit_and_teaches_none(zero):
    client = vendor()
    assert said(client, zero) == (0.0, False)
    assert said(client, 1) == (None, False)


def test_a_percent_sign_speaks_for_itself_and_teaches_nothing():
    client = vendor()
    assert said(client, "35%") == (0.35, False)
    assert said(client, "1 %") == (0.01, False)
    assert said(client, "100%") == (1.0, True)
    assert said(client, 1) == (None, False)


@pytest.mark.parametrize("value", [100, 100.0, "100", "100.00", "1e2", "100%"])
def test_a_hundred_is_the_end_and_nothing_above_it_is_anything(value):
    assert said(vendor(), value) == (1.0, True)


def test_a_fraction_may_overshoot_by_a_hair():
    client = vendor()
    assert said(client, 1.0001) == (None, False)
    assert said(client, 0.99) == (0.99, False)
    assert said(client, 1.0001) == (1.0, True)


def test_what_one_process_learnt_holds_for_all():
    memory = shared_memory()
    assert said(vendor(memory), 0.5) == (0.5, False)
    assert said(vendor(memory), 1) == (1.0, True)
    assert memory.get("sms:unit") == "fraction"


def test_one_odd_number_does_not_change_what_all_jobs_mean():
    client = vendor(shared_memory())
    for value in (0.2, 2, 0.5, 2, 2, 0.9):
        said(client, value)
    assert said(client, 1) == (1.0, True)


def test_percent_wins_over_a_fraction_learnt_before():
    memory = shared_memory()
    client = vendor(memory)
    assert said(client, 0.5) == (0.5, False)
    assert [said(client, value) for value in (33, 34)] == [(None, False)] * 2
    assert said(client, 35) == (0.35, False)
    assert said(client, 0.5) == (0.005, False)
    assert memory.get("sms:unit") == "percent"


def test_a_one_is_not_believed_on_an_old_memory_of_fractions():
    memory = shared_memory()
    old, new = vendor(memory), vendor(memory)
    assert said(old, 0.5) == (0.5, False)
    assert [said(new, value) for value in (33, 34, 35)][-1] == (0.35, False)
    time.sleep(FRESH)
    assert said(old, 1) == (0.01, False)


def test_ends_in_quick_succession_cost_one_look_at_the_memory():
    memory = CountedMemory(HandClock())
    client = vendor(memory)
    assert said(client, 0.5) == (0.5, False)
    looks = memory.looks
    for _ in range(100):
        assert said(client, 1) == (1.0, True)
    assert memory.looks <= looks + 1


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [
        ("fraction", 0.5, (0.5, False)),
        ("fraction", 1, (1.0, True)),
        ("fraction", 35, (None, False)),
        ("fraction", "35%", (0.35, False)),
        ("percent", 0.5, (0.005, False)),
        ("percent", 1, (0.01, False)),
        ("percent", 100, (1.0, True)),
    ],
)
def test_a_unit_that_is_set_is_not_learnt(unit, value, expected):
    memory = shared_memory()
    assert said(vendor(memory, SMS_PROGRESS=unit), value) == expected
    assert memory.get("sms:unit") is None


# -- which file is meant -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://h/f.mp4", "https://H:443/f.mp4#t=5"),
        ("http://h:80/f.mp4", "http://h/f.mp4"),
        ("http://h/f.mp4?token=a&expires=1", "http://h/f.mp4?Token=b&Expires=2"),
        ("http://h/f.mp4?a=1&b=2&ts=5", "http://h/f.mp4?b=2&nonce=x&a=1"),
        ("http://h/f.mp4?X-Amz-Signature=a&X-Amz-Date=b", "http://h/f.mp4"),
        ("http://me:pw@h/f.mp4", "http://h/f.mp4"),
        ("http://[::1]:80/f.mp4", "http://[::1]/f.mp4"),
    ],
)
def test_an_address_signed_anew_means_the_same_file(one, other):
    assert file_identity(one) == file_identity(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://h/1.mp4", "http://h/2.mp4"),
        ("http://h/f.mp4", "http://i/f.mp4"),
        ("http://h:8080/f.mp4", "http://h/f.mp4"),
        ("http://h/F.mp4", "http://h/f.mp4"),
        ("http://h/get?file_path=/a/1.mp4", "http://h/get?file_path=/a/2.mp4"),
        ("http://h/get?part=", "http://h/get"),
    ],
)
def test_a_different_file_has_a_different_identity(one, other):
    assert file_identity(one) != file_identity(other)


def test_an_identity_holds_no_secret():
    assert (
        file_identity("https://u:hush@h/get?file_path=/a/1.mp4&secret=hush&sign=hush")
        == "h/get?file_path=%2Fa%2F1.mp4"
    )
