"""How a listing is walked: no record is lost whatever the pages look like, and no call is made for nothing."""

import random
from collections import deque
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from shared.errors import Transient
from shared.vendors.imou.paging import THOROUGH, Mark, Walk
from tests.contract.imou_cloud import DAY, HANG_UP, camera, client, ids, row, running_cloud, toolbox

# An inclusive cursor with one row a page gives the same row for ever: nobody could read on.
SERVERS = [
    (cap, inclusive, doubled)
    for cap, inclusive, doubled in product((1, 2, 3, 7, 10, 100), (False, True), (False, True))
    if (cap, inclusive) != (1, True)
]


@pytest.fixture(scope="module")
def shared_cloud():
    with running_cloud() as cloud:
        yield cloud


@pytest.fixture
def cloud(shared_cloud):
    shared_cloud.__dict__.update(
        cap=100, most_count=100, inclusive=False, doubled=False, descending=False, mortal=None
    )
    shared_cloud.rows = []
    shared_cloud.answers.clear()
    shared_cloud.calls.clear()
    shared_cloud.heard.clear()
    return shared_cloud


def pages_asked(cloud):
    number = cloud.calls["getCondensedRecords"]
    cloud.calls.clear()
    return number


@pytest.mark.parametrize(("cap", "inclusive", "doubled"), SERVERS)
def test_no_record_is_lost_or_doubled_whatever_a_page_holds(cloud, cap, inclusive, doubled):
    cloud.cap, cloud.inclusive, cloud.doubled = cap, inclusive, doubled
    source = client(cloud)
    for number in (0, 1, 5, 3, 23, 7, 2, 21):  # days of all sizes, in one account
        cloud.rows = [row(each) for each in range(number)]
        assert ids(source) == [str(1000 + each) for each in range(number)]


@pytest.mark.parametrize("cap", [2, 3, 7, 10])
@pytest.mark.parametrize("inclusive", [False, True])
def test_the_order_inside_a_page_does_not_matter(cloud, cap, inclusive):
    cloud.cap, cloud.inclusive, cloud.descending = cap, inclusive, True
    cloud.rows = [row(each) for each in range(23)]
    assert sorted(ids(client(cloud))) == [str(1000 + each) for each in range(23)]


@pytest.mark.parametrize("cap", [2, 3, 7])
def test_a_cloud_that_lists_the_newest_first_is_read_to_its_end(cloud, cap):
    cloud.cap = cap
    cloud.rows = [row(each) for each in range(23)][::-1]
    assert sorted(ids(client(cloud))) == [str(1000 + each) for each in range(23)]


def test_more_records_than_one_page_may_hold_are_all_listed(cloud):
    cloud.rows = [row(each) for each in range(250)]
    assert len(set(ids(client(cloud)))) == 250
    assert cloud.cursors == ["-1", "1099", "1199"]


def test_the_next_page_goes_on_from_the_last_record_in_time_and_then_by_number(cloud):
    cloud.cap = 4
    cloud.rows = [row(9, 5), row(1, 7), row(20, 7), row(30, 6), row(40, 8)]
    assert len(ids(client(cloud))) == 5
    assert cloud.cursors[:2] == ["-1", "1020"]


@pytest.mark.parametrize("descending", [False, True])
def test_ids_that_do_not_follow_time_hide_no_record(cloud, descending):
    cloud.cap, cloud.descending = 3, descending
    cloud.rows = [row(each, hour) for each, hour in enumerate((5, 9, 2, 8, 1, 7, 3, 6, 4))]
    assert len(set(ids(client(cloud)))) == 9


def test_cursors_are_tried_by_time_then_by_number_then_as_they_were_sent():
    walk = Walk(full=0, least=100, alone=False, thorough=False)
    hours = {"1": 9, "3": 1, "2": 2}
    marks = [Mark(each, datetime(2026, 11, 20, hour, tzinfo=UTC)) for each, hour in hours.items()]
    tried = [walk.cursor]
    while walk.cursor:
        walk.turn(marks, len(marks))
        tried.append(walk.cursor)
    assert tried == ["-1", "1", "3", "2", None]


def test_a_page_that_repeats_for_ever_ends(cloud):
    cloud.rows = [row(each) for each in range(5)]
    cloud.page = lambda cursor, count: cloud.rows
    try:
        assert len(ids(client(cloud))) == 5
    finally:
        del cloud.page
    assert pages_asked(cloud) == 2


@pytest.mark.parametrize(("most", "refused"), [(100, 0), (50, 1), (30, 1), (29, 2), (10, 2)])
def test_a_cloud_that_refuses_to_be_asked_for_so_many_is_asked_for_fewer_from_then_on(cloud, most, refused):
    cloud.most_count, cloud.rows = most, [row(each) for each in range(45)]
    source = client(cloud)
    assert len(ids(source)) == 45
    pages = cloud.calls["getCondensedRecords"] - refused
    assert len(ids(source)) == 45
    assert cloud.calls["getCondensedRecords"] - refused <= 2 * pages


def test_a_thorough_listing_finds_what_a_cloud_that_cuts_lower_than_before_would_hide(cloud):
    cloud.rows = [row(each) for each in range(6)]
    source = client(cloud)
    assert len(ids(source)) == 6
    cloud.cap = 2
    assert len(ids(source)) < 6  # the price of few calls
    pages = source.listing(camera(), "aiInsight", DAY, thorough=True)
    assert sum(len(page.records) for page in pages) == 6


def test_a_listing_without_end_is_given_up():
    walk = Walk(full=0, least=100, alone=False, thorough=False)
    with pytest.raises(Transient) as caught:
        deque(walk.turn([Mark(str(number), None)], 1) for number in range(1000))
    assert (caught.value.code, walk.pages) == ("listing-endless", 200)


def test_a_listing_that_breaks_off_teaches_nothing(cloud):
    tools = toolbox(cloud.clock)
    cloud.cap, cloud.rows = 3, [row(each) for each in range(5)]
    source = client(cloud, tools)
    source.probe()
    pages = source.listing(camera(), "aiInsight", DAY)
    next(pages)
    cloud.will_say(HANG_UP, HANG_UP, HANG_UP)
    with pytest.raises(Transient, match="answer-lost"):
        next(pages)
    assert not [key for key in tools.memory._values if key.startswith("imou:pages")]
    assert len(ids(source)) == 5


# -- what it costs -----------------------------------------------------------------------------------------------------


def test_an_empty_day_is_one_call(cloud):
    assert ids(client(cloud)) == []
    assert pages_asked(cloud) == 1


def test_the_first_listing_of_a_camera_asks_on_and_a_smaller_page_then_does_not(cloud):
    source = client(cloud)
    cloud.rows = [row(each) for each in range(5)]
    ids(source)
    assert pages_asked(cloud) == 2
    cloud.rows = cloud.rows[:4]
    ids(source)
    assert pages_asked(cloud) == 1


def test_what_one_process_learnt_another_knows(cloud):
    tools = toolbox(cloud.clock)
    cloud.rows = [row(each) for each in range(5)]
    ids(client(cloud, tools))
    cloud.calls.clear()
    cloud.rows = cloud.rows[:4]
    ids(client(cloud, tools))
    assert pages_asked(cloud) == 1


def test_what_one_camera_taught_holds_for_another_once_that_was_read_to_its_end(cloud):
    source = client(cloud)
    cloud.rows = [row(each) for each in range(8)]
    ids(source)
    pages_asked(cloud)
    cloud.rows = cloud.rows[:5]
    costs = []
    for _ in range(3):
        ids(source, device="CAM2")
        costs.append(pages_asked(cloud))
    assert costs == [2, 1, 1]


def test_rows_that_come_twice_do_not_make_a_page_look_larger(cloud):
    source = client(cloud)
    cloud.doubled, cloud.rows = True, [row(each) for each in range(5)]
    ids(source)
    cloud.doubled, cloud.cap, cloud.rows = False, 5, [row(each) for each in range(8)]
    assert len(ids(source)) == 8


def test_a_camera_whose_pages_are_smaller_loses_nothing_and_makes_all_of_that_size_doubted(cloud):
    source = client(cloud)
    cloud.rows = [row(each) for each in range(8)]
    ids(source)
    cloud.cap = 3
    assert [len(ids(source, device=device)) for device in ("CAM2", "CAM2", "CAM1")] == [8, 8, 8]


def test_a_lone_digest_of_a_day_is_one_call_once_three_had_no_successor(cloud):
    source = client(cloud)
    cloud.rows = [row(0)]
    costs = []
    for number in range(10):
        ids(source, package="aiCloudRecord", device=f"CAM{number}")
        costs.append(pages_asked(cloud))
    assert costs == [2, 2, 2, 1, 1, 1, 1, 1, 1, 1]


def test_closing_a_day_asks_beyond_a_page_of_events_and_not_beyond_a_lone_digest_that_is_known_to_be_the_day(
    cloud,
):
    source, costs = client(cloud), {}
    for package, rows in (("aiCloudRecord", 1), ("aiInsight", 3)):
        cloud.rows = [row(each) for each in range(rows)]
        for _ in range(4):
            ids(source, package=package)
        cloud.calls.clear()
        assert (
            sum(len(page.records) for page in source.listing(camera(), package, DAY, thorough=True)) == rows
        )
        costs[package] = pages_asked(cloud)
    assert costs == {"aiCloudRecord": 1, "aiInsight": 2}


def test_a_lone_digest_is_never_believed_where_one_row_was_cut(cloud):
    source = client(cloud)
    cloud.cap, cloud.rows = 1, [row(each) for each in range(2)]
    assert len(ids(source)) == 2
    cloud.rows = [row(0)]
    for _ in range(5):
        ids(source, package="aiCloudRecord")
    cloud.rows = [row(each) for each in range(3)]
    assert len(ids(source, package="aiCloudRecord")) == 3


def test_a_limit_that_shrinks_is_found_out_and_then_heeded(cloud):
    source = client(cloud)
    cloud.rows = [row(each) for each in range(8)]
    ids(source)
    cloud.cap = 3
    found = [len(ids(source)) for _ in range(THOROUGH + 5)]
    assert found.index(8) < THOROUGH
    assert set(found[found.index(8) :]) == {8}


def test_a_week_of_hourly_listings_costs_little_more_than_one_call_each(cloud):
    chance, source = random.Random(20261120), client(cloud)
    calls = least = 0
    for _ in range(7):
        events = sorted(chance.sample(range(1440), chance.randint(4, 8)))
        for hour in range(1, 25):
            for package in ("aiInsight", "aiCloudRecord"):
                day = [row(0)] if package == "aiCloudRecord" else [row(m) for m in events if m < hour * 60]
                cloud.rows = day
                assert len(ids(source, package=package)) == len(day)
                calls += pages_asked(cloud)
                least += 1
        cloud.clock.move(timedelta(days=1))
    assert calls / least <= 1.2
