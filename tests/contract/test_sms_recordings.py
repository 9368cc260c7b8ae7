"""What the SMS platform's list of recordings is taken to say, and above all when it is taken to say nothing."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.memory import HandClock, MemoryShared
from shared.domain.camera import Camera
from shared.domain.job import Window
from shared.errors import AnswerUnknown, Invalid, Misconfigured, Transient
from tests.contract.sms_platform import (
    CALLBACK,
    HANG_UP,
    LIST,
    PAYLOADS,
    WINDOW,
    Hasty,
    camera,
    client,
    counting,
    running_platform,
)


@pytest.fixture(scope="module")
def server():
    with running_platform() as running:
        yield running


@pytest.fixture
def platform(server):
    server.forget()
    return server


def at(clock):
    """An instant of the day of WINDOW, which lasts from 10:10 to 10:40 there."""
    return datetime.fromisoformat(f"2026-11-20T{clock}+08:00").astimezone(UTC)


def span(start, end):
    return Window(at(start), at(end))


def item(start, end):
    return {"start_time": f"2026-11-20T{start}", "end_time": f"2026-11-20T{end}"}


def listed(platform, data, window=WINDOW, **envelope):
    platform.will_say({"code": "0", "message": "", "data": data, **envelope})
    return client(platform.url).recordings(camera(), window)


def lists(platform):
    return [path for path, _, _ in platform.heard]


HALVES = (span("10:10:00", "10:20:00"), span("10:25:00", "10:40:00"))
WHOLE = item("10:00:00", "11:00:00")


# -- what is asked -----------------------------------------------------------------------------------------------------


def test_a_list_is_asked_for_exactly_as_the_page_says(platform):
    asking = client(platform.url, SMS_TENANT_ID="t-1", SMS_TOKEN="hush", SMS_LINKER_SIGN="sealed")
    asking.recordings(camera(platform_id="2"), WINDOW)
    path, body, headers = platform.heard[0]
    assert path == "/api/iot/device/playback/v1/list"
    assert body == {
        "device_unicode": "34020000001110000228",
        "content": {
            "channel": "34020000001320000666",
            "start_time": "2026-11-20T10:10:00",
            "end_time": "2026-11-20T10:40:00",
            "type": "all",
        },
    }
    assert [headers[name] for name in ("tenant-id", "Token", "linker-sign")] == ["t-1", "hush", "sealed"]


def test_a_list_may_take_five_seconds():
    http = Hasty()
    client("http://platform", http, SUBMIT_TIMEOUT="75").recordings(camera(), WINDOW)
    assert http.timeouts == [5.0]


def test_times_are_asked_for_in_the_zone_of_the_wire_and_rather_too_long(platform):
    odd = Window(WINDOW.start + timedelta(seconds=0.7), WINDOW.end + timedelta(seconds=0.2))
    client(platform.url, SMS_TIMEZONE="UTC").recordings(camera(), odd)
    content = platform.heard[0][1]["content"]
    assert (content["start_time"], content["end_time"]) == ("2026-11-20T02:10:00", "2026-11-20T02:40:01")


def test_a_refused_signature_is_minted_anew_for_a_list_too(platform, tmp_path):
    platform.refused = {"sign-1"}
    platform.will_say({"code": "0", "data": [WHOLE]})
    asking = client(platform.url, SMS_LINKER_SIGN=counting(tmp_path / "count"))
    assert asking.recordings(camera(), WINDOW) == (WINDOW,)
    assert platform.signs == ["sign-1", "sign-2"]


def test_a_camera_of_another_vendor_is_refused(platform):
    with pytest.raises(Invalid, match="front-door"):
        client(platform.url).recordings(Camera("front-door"), WINDOW)


# -- what is held ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", ["bare", "camel", "capitals"])
def test_every_way_to_write_a_list_is_read(platform, payload):
    platform.will_say((PAYLOADS / f"recordings-{payload}.json").read_bytes())
    assert client(platform.url).recordings(camera(), WINDOW) == HALVES


@pytest.mark.parametrize(
    "place", ["list", "records", "items", "record_list", "recordList", "RecordList", "Records", "rows"]
)
def test_the_items_may_stand_in_any_known_place(platform, place):
    assert listed(platform, {place: [WHOLE], "page": 1}) == (WINDOW,)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("start_time", "end_time"),
        ("startTime", "endTime"),
        ("StartTime", "EndTime"),
        ("start", "end"),
        ("begin_time", "end_time"),
    ],
)
@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-11-20T10:15:00", "2026-11-20T10:30:00"),
        ("2026-11-20 10:15:00", "2026-11-20 10:30:00.000"),
        ("2026-11-20T02:15:00Z", "2026-11-20T02:30:00+00:00"),
        ("2026-11-20 11:15:00 +0900", " 2026-11-20T10:30:00+08:00 "),
    ],
)
def test_the_times_may_be_written_in_any_known_way(platform, start, end, first, last):
    assert listed(platform, [{start: first, end: last, "Name": "x"}]) == (span("10:15:00", "10:30:00"),)


def test_a_naive_time_is_one_of_the_zone_of_the_wire(platform):
    platform.will_say({"code": "0", "data": [item("02:15:00", "02:30:00")]})
    held = client(platform.url, SMS_TIMEZONE="UTC").recordings(camera(), WINDOW)
    assert held == (span("10:15:00", "10:30:00"),)


@pytest.mark.parametrize(
    ("items", "held"),
    [
        ([("10:00:00", "11:00:00")], [("10:10:00", "10:40:00")]),
        ([("10:10:00", "10:40:00")], [("10:10:00", "10:40:00")]),
        ([("10:30:00", "10:35:00"), ("10:12:00", "10:14:00")], [("10:12:00", "10:14:00"), ("10:30:00", "10:35:00")]),
        ([("10:00:00", "10:20:00"), ("10:20:00", "10:30:00")], [("10:10:00", "10:30:00")]),
        ([("10:00:00", "10:19:59"), ("10:20:00", "10:30:00")], [("10:10:00", "10:30:00")]),
        ([("10:00:00", "10:19:58"), ("10:20:00", "10:30:00")], [("10:10:00", "10:19:58"), ("10:20:00", "10:30:00")]),
        ([("10:15:00", "10:35:00"), ("10:20:00", "10:25:00")], [("10:15:00", "10:35:00")]),
        ([("10:20:00", "10:30:00")] * 3, [("10:20:00", "10:30:00")]),
        ([("09:00:00", "10:10:00"), ("10:39:00", "10:50:00"), ("10:40:00", "11:00:00")], [("10:39:00", "10:40:00")]),
        ([("10:20:00", "10:20:00"), ("10:25:00", "10:30:00")], [("10:25:00", "10:30:00")]),
    ],
)  # fmt: skip
def test_items_are_put_in_order_joined_where_they_touch_and_clipped(platform, items, held):
    expected = tuple(span(*each) for each in held)
    assert listed(platform, [item(*each) for each in items]) == expected


@pytest.mark.parametrize(
    "lacking",
    [
        {},
        {"start_time": "", "end_time": None},
        None,
        "2026-11-20T10:12:00",
        [],
    ],
)
def test_an_item_without_any_time_is_dropped(platform, lacking):
    assert listed(platform, [lacking, item("10:20:00", "10:30:00")]) == (span("10:20:00", "10:30:00"),)


@pytest.mark.parametrize(
    "lacking",
    [
        {"start_time": "2026-11-20T10:12:00"},
        {"end_time": "2026-11-20T10:12:00"},
        {"start_time": "", "end_time": "2026-11-20T10:12:00"},
        {"start_time": "2026-11-20T10:12:00", "end_time": None},
    ],
)
def test_an_item_with_a_start_or_an_end_alone_may_be_growing_so_the_list_tells_nothing(platform, lacking):
    assert listed(platform, [lacking, item("10:20:00", "10:30:00")]) is None


def test_in_an_hour_that_clocks_repeat_an_item_is_rather_too_long(platform):
    before = datetime(2026, 10, 24, 23, 0, tzinfo=UTC)  # 01:00 in Berlin; from 01:00 UTC on 02:00 comes again
    platform.will_say({"code": "0", "data": [{"start": "2026-10-25 02:10:00", "end": "2026-10-25 02:20:00"}]})
    wide = Window(before, before + timedelta(hours=4))
    (held,) = client(platform.url, SMS_TIMEZONE="Europe/Berlin").recordings(camera(), wide)
    assert held == Window(before + timedelta(minutes=70), before + timedelta(minutes=140))


# -- nothing held ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        [],
        {"list": []},
        {"RecordList": [], "SumNum": 0},
        {"items": [], "total": "0"},
        {"rows": [], "count": None},
    ],
)
def test_an_empty_list_in_a_known_place_says_that_nothing_is_held(platform, data):
    assert listed(platform, data) == ()


def test_the_constructed_empty_answer_says_that_nothing_is_held(platform):
    platform.will_say((PAYLOADS / "recordings-empty.json").read_bytes())
    assert client(platform.url).recordings(camera(), WINDOW) == ()


# -- what cannot be told -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sum_num", "SumNum", "sumNum", "total", "count", "Total", "record_count"])
@pytest.mark.parametrize("items", [[], [WHOLE]])
@pytest.mark.parametrize("count", [2, "2", "many", -1, 1.5, True, [2]])
def test_a_count_of_more_than_there_is_leaves_it_untold(platform, name, items, count):
    assert listed(platform, {"list": items, name: count}) is None


def test_a_count_beside_the_data_counts_as_well(platform):
    assert listed(platform, [WHOLE], total=2) is None
    assert listed(platform, [WHOLE], total=1) == (WINDOW,)
    assert listed(platform, {"list": []}, total=1) is None


def test_a_count_of_fewer_contradicts_nothing(platform):
    assert listed(platform, {"list": [WHOLE, WHOLE], "count": 1}) == (WINDOW,)


def test_the_constructed_answer_that_announces_more_leaves_it_untold(platform):
    platform.will_say((PAYLOADS / "recordings-more.json").read_bytes())
    assert client(platform.url).recordings(camera(), WINDOW) is None


@pytest.mark.parametrize(
    "items",
    [
        [("02:10:00", "02:40:00")],
        [("09:00:00", "10:10:00"), ("10:40:00", "11:00:00")],
        [("10:20:00", "10:20:00")],
    ],
)
def test_items_that_all_miss_the_window_are_no_reason_to_call_it_empty(platform, items):
    assert listed(platform, [item(*each) for each in items]) is None


UNKNOWN = [
    None,
    {},
    "",
    "none",
    7,
    {"list": None},
    {"list": {}},
    {"list": "none"},
    {"list": None, "SumNum": 0},
    {"somewhere": []},
    {"somewhere": [WHOLE]},
    {"data": {"list": []}},
    [{}],
    [None, None],
    [{"start_time": "2026-11-20T10:12:00"}],
    [{"from": "2026-11-20T10:12:00", "to": "2026-11-20T10:13:00"}],
    *[
        [WHOLE, {"start_time": odd, "end_time": "2026-11-20T10:30:00"}]
        for odd in (
            "soon",
            "2026-11-20",
            "10:12:00",
            "20261120T101200",
            "2026/11/20 10:12:00",
            "2026-13-20T10:12:00",
            "2026-11-20T25:12:00",
            "2026-11-20T10:12:00+99:99",
            "0001-01-01T00:00:00",
            "9999-12-31T23:59:59-12:00",
            "٢٠٢٦-١١-٢٠T10:12:00",
            "2026-11-20T10:12:00" + "0" * 100_000,
            1795140720,
            True,
            ["2026-11-20T10:12:00"],
            "2026-11-20T10:31:00",
        )
    ],
    [{}] * 10_000 + [WHOLE],
]


@pytest.mark.parametrize("data", UNKNOWN, ids=range(len(UNKNOWN)))
def test_an_answer_in_no_known_form_leaves_it_untold(platform, data):
    assert listed(platform, data) is None


def test_ten_thousand_items_are_read(platform):
    assert listed(platform, [{}] * 9_999 + [WHOLE]) == (WINDOW,)


REFUSALS = [
    (200, b'{"code": "1", "message": "no recordings found"}'),
    (200, '{"code": "480", "message": "设备离线", "data": []}'.encode()),
    (200, b'{"code": "7", "message": "invalid token", "data": {"list": []}}'),
    (200, b'{"data": []}'),
    (200, b'{"data": [], "code": null}'),
    (200, b"[]"),
    (200, b""),
    (200, b"<html>log in</html>"),
    (200, b"\xff\xfe"),
    (200, b"[" * 100_000),
    (200, b'{"code": "0", "data": [' + b" " * 2_000_000 + b"]}"),
    (500, b'{"code": "0", "data": []}'),
    (302, b'{"code": "0", "data": []}'),
    (401, b""),
    (404, b"404 page not found"),
    (405, b""),
    (429, b""),
    (503, b""),
    (504, b""),
    (200, HANG_UP),
]


@pytest.mark.parametrize(("status", "body"), REFUSALS, ids=range(len(REFUSALS)))
def test_a_refusal_a_missing_endpoint_and_garbage_leave_it_untold(platform, status, body):
    platform.will_say(body, status)
    assert client(platform.url).recordings(camera(), WINDOW) is None
    assert lists(platform) == [LIST]


def test_a_platform_that_is_not_there_or_not_set_leaves_it_untold():
    assert client("http://127.0.0.1:9").recordings(camera(), WINDOW) is None
    assert client("").recordings(camera(), WINDOW) is None


class Broken:
    """Raises, whatever is asked of it."""

    def __init__(self, error):
        self.error = error

    def __getattr__(self, name):
        def fail(*_, **__):
            raise self.error

        return fail


@pytest.mark.parametrize(
    "error",
    [
        AnswerUnknown("answer-lost", "it took too long"),
        Transient("vendor-away"),
        Misconfigured("request-unfit"),
    ],
    ids=["too late", "away", "unfit"],
)
def test_no_trouble_on_the_way_is_raised(error):
    assert client("http://platform", Broken(error)).recordings(camera(), WINDOW) is None


class Forgetful(MemoryShared):
    """Can be read, and nothing can be put into it."""

    def swap(self, *_, **__):
        raise Transient("store-away")


@pytest.mark.parametrize(
    "memory",
    [Broken(Transient("store-away")), Forgetful(HandClock())],
    ids=["nothing goes", "only reading goes"],
)
def test_a_memory_that_fails_leaves_it_untold(memory):
    assert client("http://platform", Hasty(), memory).recordings(camera(), WINDOW) is None


@pytest.mark.parametrize("late", ["start", "end"])
def test_an_hour_that_occurs_twice_is_not_asked_for_and_leaves_the_device_in_peace(platform, late):
    twice = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10 in Berlin for the second time
    before = timedelta(minutes=30) if late == "end" else timedelta()
    berlin = client(platform.url, SMS_TIMEZONE="Europe/Berlin")
    window = Window(twice - before, twice + timedelta(minutes=10))
    assert berlin.recordings(camera(), window) is None
    assert platform.heard == []
    platform.will_say({"code": "0", "data": []})
    assert berlin.recordings(camera(), WINDOW) == ()


# -- a deaf endpoint ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, HANG_UP),
        (404, b""),
        (200, b"?"),
        (200, b'{"code": "1"}'),
        (200, b'{"code": "0", "data": null}'),
        (200, b'{"code": "0", "data": [{}]}'),
    ],
)
def test_a_device_whose_list_could_not_be_had_is_left_alone_for_ten_minutes_by_all_processes(
    platform, status, body
):
    clock = HandClock()
    memory = MemoryShared(clock)
    one, other = (client(platform.url, memory=memory) for _ in range(2))
    platform.will_say(body, status)
    assert one.recordings(camera(), WINDOW) is None
    clock.move(timedelta(minutes=9, seconds=59))
    assert [asked.recordings(camera(), WINDOW) for asked in (one, other)] == [None, None]
    assert len(platform.heard) == 1
    clock.move(timedelta(seconds=1))
    platform.will_say({"code": "0", "data": [WHOLE]})
    assert other.recordings(camera(), WINDOW) == (WINDOW,)


def test_another_device_is_asked_meanwhile_and_downloads_go_on(platform):
    asking = client(platform.url)
    platform.will_say(b"", 404)
    asking.recordings(camera(), WINDOW)
    platform.will_say({"code": "0", "data": [WHOLE]})
    assert asking.recordings(camera(device_unicode="34020000001110000229"), WINDOW) == (WINDOW,)
    assert asking.submit(camera(), WINDOW, CALLBACK).stream_id


@pytest.mark.parametrize(
    "data", [[], [WHOLE], [item("02:10:00", "02:40:00")], {"list": [WHOLE], "total": 9}], ids=range(4)
)
def test_an_answer_that_was_read_is_asked_for_again(platform, data):
    asking = client(platform.url)
    for _ in range(2):
        platform.will_say(json.dumps({"code": "0", "data": data}).encode())
        asking.recordings(camera(), WINDOW)
    assert len(platform.heard) == 2


# -- whatever comes ----------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["start_time", "EndTime", "list", "RecordList", "SumNum", "x"])
MINUTES = st.integers(0, 59).map(lambda minute: f"2026-11-20T10:{minute:02}:00")
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | MINUTES
ITEMS = st.lists(st.fixed_dictionaries({"start": MINUTES, "end": MINUTES}) | st.dictionaries(NAMES, SCALARS))
DATA = st.recursive(
    SCALARS | ITEMS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=6
)


@pytest.mark.fuzz
@given(body=DATA.map(lambda data: json.dumps({"code": "0", "data": data}).encode()) | st.binary())
@settings(max_examples=150, deadline=None)
def test_whatever_comes_is_untold_or_parts_of_the_window_in_order(body):
    held = client("http://platform", Hasty((200, body))).recordings(camera(), WINDOW)
    edges = [edge for part in held or () for edge in (part.start, part.end)]
    assert edges == sorted(set(edges))
    assert all(WINDOW.start <= edge <= WINDOW.end for edge in edges)
