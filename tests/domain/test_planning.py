"""Windows: long wishes are cut at marks that are the same for everybody, and no window crosses the owner's midnight."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from shared.domain.job import Kind, Window
from shared.domain.planning import asset_key, cut, stamp, wish

HALF_HOUR = timedelta(minutes=30)
MOMENT = timedelta(microseconds=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


def local(zone: ZoneInfo, text: str) -> datetime:
    """An instant from local time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def day(zone: ZoneInfo, date: str) -> Window:
    """A whole local day."""
    start = datetime.fromisoformat(date)
    following = (start + timedelta(days=1)).replace(tzinfo=zone)
    return Window(start.replace(tzinfo=zone).astimezone(UTC), following.astimezone(UTC))


def clock(zone: ZoneInfo, windows: tuple[Window, ...]) -> list[str]:
    """What the owner's clock shows where windows begin."""
    return [f"{window.start.astimezone(zone):%H:%M}" for window in windows]


def test_a_window_is_cut_at_the_full_and_the_half_hour():
    wanted = Window(local(SHANGHAI, "2026-11-20T10:12"), local(SHANGHAI, "2026-11-20T11:47"))
    windows = cut(wanted, HALF_HOUR, SHANGHAI)
    assert clock(SHANGHAI, windows) == ["10:12", "10:30", "11:00", "11:30"]
    assert (windows[0].start, windows[-1].end) == (wanted.start, wanted.end)


def test_a_window_between_two_marks_stays_whole():
    wanted = Window(local(SHANGHAI, "2026-11-20T10:01"), local(SHANGHAI, "2026-11-20T10:29"))
    assert cut(wanted, HALF_HOUR, SHANGHAI) == (wanted,)


def test_a_window_that_lies_on_the_marks_is_cut_into_whole_ones():
    wanted = Window(local(SHANGHAI, "2026-11-20T10:00"), local(SHANGHAI, "2026-11-20T11:00"))
    assert [window.length for window in cut(wanted, HALF_HOUR, SHANGHAI)] == [HALF_HOUR, HALF_HOUR]


@pytest.mark.parametrize("minutes", [0, -5])
def test_an_empty_window_is_no_window(minutes):
    start = local(SHANGHAI, "2026-11-20T00:00")
    assert cut(Window(start, start + timedelta(minutes=minutes)), HALF_HOUR, SHANGHAI) == ()


def test_two_wishes_that_overlap_meet_in_the_same_windows():
    one = cut(Window(local(BERLIN, "2026-11-20T10:12"), local(BERLIN, "2026-11-20T13:05")), HALF_HOUR, BERLIN)
    other = cut(
        Window(local(BERLIN, "2026-11-20T11:00"), local(BERLIN, "2026-11-20T15:00")), HALF_HOUR, BERLIN
    )
    assert clock(BERLIN, tuple(sorted({*one} & {*other}, key=lambda window: window.start))) == [
        "11:00",
        "11:30",
        "12:00",
        "12:30",
    ]


@pytest.mark.parametrize(
    ("zone", "date", "hours"),
    [
        ("Europe/Berlin", "2026-03-28", 24),
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("America/Havana", "2026-03-08", 23),  # midnight does not exist: clocks go from 0:00 to 1:00
        ("America/Havana", "2026-11-01", 25),  # midnight comes twice: clocks go from 1:00 to 0:00
        ("Africa/Cairo", "2026-04-24", 23),
        ("Africa/Cairo", "2026-10-29", 25),  # clocks go from midnight back to 23:00
        ("Asia/Kathmandu", "2026-11-20", 24),
        ("Asia/Kathmandu", "1986-01-01", 23.75),  # clocks went from 0:00 to 0:15
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Pacific/Apia", "2011-12-29", 24),  # the day after it does not exist
    ],
)
def test_a_day_of_any_length_is_cut_into_half_hours_from_its_beginning(zone, date, hours):
    zone = ZoneInfo(zone)
    whole = day(zone, date)
    windows = cut(whole, HALF_HOUR, zone)
    assert sum((window.length for window in windows), timedelta(0)) == timedelta(hours=hours)
    assert all(window.length == HALF_HOUR for window in windows[:-1])
    around = cut(Window(whole.start - timedelta(hours=5), whole.end + timedelta(hours=5)), HALF_HOUR, zone)
    assert {*windows} <= {*around}


def test_a_length_that_does_not_divide_the_day_begins_anew_at_midnight():
    window = Window(local(SHANGHAI, "2026-11-20T00:00"), local(SHANGHAI, "2026-11-21T12:00"))
    assert clock(SHANGHAI, cut(window, timedelta(hours=7), SHANGHAI)) == [
        "00:00",
        "07:00",
        "14:00",
        "21:00",
        "00:00",
        "07:00",
    ]


ZONES = [
    "UTC",
    "Asia/Shanghai",
    "Asia/Kathmandu",
    "America/Havana",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Africa/Cairo",
]
INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@settings(max_examples=30, deadline=None, database=None, print_blob=True, phases=[Phase.generate])
@given(
    start=INSTANTS,
    hours=st.floats(0.01, 60),
    minutes=st.sampled_from([1, 7, 30, 45, 90]),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
)
def test_windows_follow_one_another_in_one_day_each_and_none_is_too_long(start, hours, minutes, zone):
    wanted, longest = Window(start, start + timedelta(hours=hours)), timedelta(minutes=minutes)
    windows = cut(wanted, longest, zone)
    assert (windows[0].start, windows[-1].end) == (wanted.start, wanted.end)
    assert all(one.end == following.start for one, following in pairwise(windows))
    for window in windows:
        assert timedelta(0) < window.length <= longest
        first, last = window.start.astimezone(zone), (window.end - MOMENT).astimezone(zone)
        assert first.date() == last.date()


def test_the_same_window_of_the_same_camera_is_the_same_wish_wherever_the_clock_stands():
    window = Window(local(SHANGHAI, "2026-11-20T10:00"), local(SHANGHAI, "2026-11-20T10:30"))
    abroad = Window(window.start.astimezone(BERLIN), window.end.astimezone(BERLIN))
    assert wish(Kind.PLAYBACK, "front", window) == wish(Kind.PLAYBACK, "front", abroad)
    assert wish(Kind.PLAYBACK, "front", window) == "playback/front/20261120T020000Z/20261120T023000Z"
    assert wish(Kind.PLAYBACK, "back", window) != wish(Kind.PLAYBACK, "front", window)
    assert wish(Kind.PICTURE, "front", window) != wish(Kind.PLAYBACK, "front", window)


def test_stamps_sort_by_time_and_tell_moments_apart():
    instant = local(SHANGHAI, "2026-11-20T10:00")
    stamps = [stamp(instant), stamp(instant + MOMENT), stamp(instant + timedelta(seconds=1))]
    assert len(set(stamps)) == 3
    assert stamps[1] == "20261120T020000.000001Z"


def test_an_asset_lives_under_its_camera_and_the_owners_day():
    start = local(SHANGHAI, "2026-11-20T00:15")
    key = asset_key("front-door", SHANGHAI, start, Kind.PLAYBACK, "a1", "mp4")
    assert key == "front-door/2026/11/20/001500-playback-a1.mp4"
