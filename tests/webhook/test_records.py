"""The pages of records, and what the first page tells of vendors, pictures and records."""

import re
from datetime import timedelta

import pytest

from shared.domain.records import Chapter
from shared.ports import Quota
from tests.builders import NOON
from webhook.looks import gist, listed, minute

LINE = re.compile(r"\s+")


def text_of(page):
    return LINE.sub(" ", re.sub(r"<[^>]+>", " ", page.text))


# -- what is wrong -----------------------------------------------------------------------------------------------------


def test_when_all_is_well_nothing_is_said_to_be_wrong(world, operator):
    world.harvested()
    assert "What is wrong" not in operator.get("/").text


def test_an_open_circuit_is_told_in_words(world, operator):
    for job in "ababa":
        world.services.circuits.faulted("sms", job, "vendor-away", "HTTP 503")
    page = text_of(operator.get("/"))
    assert "What is wrong" in page
    assert "sms : calls are stopped: the vendor does not answer anybody at present." in page
    assert "The next look goes out at 2026-11-20 12:00:10 +0800. HTTP 503" in page


def test_a_spent_quota_is_told_once_and_until_when(world, operator):
    world.source.counted = (Quota("day", 9, 9, NOON + timedelta(hours=12), 18),)
    world.harvested(trouble="quota-spent")
    page = text_of(operator.get("/"))
    assert (
        "imou : calls are stopped until 2026-11-21 00:00 +0800: all 9 calls that are allowed in a day" in page
    )
    assert "could not be listed" not in page


def test_a_rhythm_that_was_stretched_is_told_beside_the_calls(world, operator):
    world.source.counted = (Quota("month", 29_990, 30_000, NOON + timedelta(days=10), 30_000),)
    page = text_of(operator.get("/"))
    assert "do not suffice for a listing every 60 min" in page
    assert "29990 of 30000 calls this month" in page


def test_a_harvest_that_failed_is_told_with_its_camera_and_the_next_try(world, operator):
    world.harvested(trouble="vendor-unreadable", detail="<b>not</b> a list")
    page = operator.get("/fragments/news")
    said = text_of(page)
    assert "imou : records of front-door could not be listed at 2026-11-20 12:00 +0800" in said
    assert "the vendor's answer could not be read. The next try is at 2026-11-20 12:00:" in said.replace(
        "&#39;", "'"
    )
    assert "&lt;b&gt;not" in page.text
    world.clock.move(timedelta(minutes=2))
    world.harvested()
    assert "What is wrong" not in operator.get("/").text


def test_records_that_could_not_be_read_are_told(world, operator):
    world.harvested(detail="2 records of 2026-11-20 could not be read: no createTime")
    assert "2 records of 2026-11-20 could not be read: no createTime" in text_of(operator.get("/"))


# -- the first page ----------------------------------------------------------------------------------------------------


def test_the_newest_pictures_are_cards_that_lead_to_their_records(world, operator):
    old = world.pictured("1", created_at=NOON - timedelta(hours=5), chapters=())
    new = world.pictured(
        "2", chapters=(Chapter("08:00", ("车",), "一辆车"), Chapter("09:00", ("人", "车"), "两个人"))
    )
    world.listed("3")
    page = operator.get("/").text
    cards = re.findall(r'<article class="card">.*?</article>', page, re.DOTALL)
    assert [re.search(r"/records/([0-9a-f]{20})", card)[1] for card in cards] == [
        new.record.id,
        old.record.id,
    ]
    assert f'src="/assets/{new.picture_key}" width="640" height="360" loading="lazy"' in cards[0]
    assert 'alt="Picture of front-door, 2026-11-20 08:00–09:00"' in cards[0]
    assert re.findall(r'<li lang="zh">(.*?)</li>', cards[0]) == ["人", "车"]
    assert '<p class="small said" lang="zh">两个人</p>' in cards[0]


def test_pictures_do_not_drown_the_clips(world, operator):
    clip = world.archived()
    for number in range(15):
        world.pictured(str(number))
    page = operator.get("/").text
    jobs = page[page.index('<table class="jobs">') :]
    assert re.findall(r'<td class="window"><a href="/jobs/([^"]+)"', jobs) == [clip.id]
    assert f'id="asset-{clip.assets[0].id}"' in page
    assert page.count("<video") == 1


@pytest.mark.parametrize(
    ("query", "pictures", "clips"),
    [
        ("", 0, 1),
        ("?kind=playback", 0, 1),
        ("?kind=picture", 2, 0),
        ("?kind=all", 2, 1),
        ("?state=archived", 1, 1),
    ],
)
def test_the_list_of_jobs_is_of_clips_unless_a_kind_or_a_state_is_asked_for(
    world, operator, query, pictures, clips
):
    world.archived()
    world.pictured("1")
    world.listed("2")
    page = operator.get(f"/{query}").text
    jobs = page[page.index('<table class="jobs">') :]
    assert jobs.count('<span class="tag">picture</span>') == pictures
    assert jobs.count('<td class="window">') == pictures + clips


def test_a_kind_that_is_not_known_is_refused(operator):
    assert operator.get("/?kind=film").status_code == 422


def test_without_a_vendor_of_records_there_is_no_word_of_them(make_world):
    world = make_world(changes={"record_sources": {}})
    client = world.client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/").text)[1]
    client.post("/login", data={"token": world.services.admin_tokens[0], "csrf_token": token})
    assert "Newest pictures" not in client.get("/").text
    assert "Newest records" not in client.get("/").text


def test_only_cameras_with_footage_can_be_asked_for_a_window(operator):
    options = re.findall(r'<option value="([^"]+)"', operator.get("/").text)
    assert options == ["front-door", "berlin"]


# -- the list ----------------------------------------------------------------------------------------------------------


def test_records_are_for_sessions_alone(world, browser):
    entry = world.pictured()
    for path in ("/records", f"/records/{entry.record.id}"):
        page = browser.get(path)
        assert (page.status_code, page.location) == (303, "/")
    for path in ("/fragments/records", f"/fragments/records/{entry.record.id}", "/fragments/news"):
        assert browser.get(path).status_code == 401
    assert browser.get("/fragments/newest-records").status_code == 401


def test_records_are_listed_with_their_chapters_folded(world, operator):
    chapters = (Chapter("08:00", ("人",), "一人走过门口", 12.0), Chapter("09:30", (), "He left"))
    record = world.listed(chapters=chapters).record
    page = operator.get("/records").text
    assert f'<details id="chapters-{record.id}">' in page
    assert "2 chapters" in page
    assert '<p lang="zh">一人走过门口</p>' in page
    assert "<p>He left</p>" in page
    assert '<p class="said">He left</p>' in page
    assert "No picture yet" in page


def test_records_are_found_by_what_is_filled_in(world, operator):
    world.listed("1", summary="the cat")
    world.listed("2", camera="berlin", tags=("车",))
    for query, found in (
        ("", 2),
        ("camera=&day=&tag=&q=", 2),
        ("camera=front-door&q=CAT", 1),
        ("tag=车", 1),
        ("day=2026-11-20", 2),
        ("day=2026-11-19&tag=", 0),
    ):
        page = operator.get(f"/records?{query}").text
        assert page.count('<article class="record">') == found, query
    assert "No records like these." in page
    assert 'value="2026-11-19"' in page
    assert operator.get("/records?camera=berlin&q=none").text.count("<option selected>berlin") == 1


def test_records_are_paged_and_keep_their_filters(world, operator):
    for number in range(23):
        world.listed(str(number), created_at=NOON - timedelta(minutes=number))
    first = operator.get("/records?tag=人").text
    assert first.count('<article class="record">') == 20
    older = re.search(r'href="(/records\?[^"]*cursor[^"]*)">Older', first)[1].replace("&amp;", "&")
    second = operator.get(older).text
    assert second.count('<article class="record">') == 3
    assert "Newest</a>" in second
    again = re.search(r'data-url="(/fragments/records\?[^"]*)"', second)[1].replace("&amp;", "&")
    assert operator.get(again).text.strip() in second


@pytest.mark.parametrize("query", ["day=today", "cursor=x", "limit=0", "_external=1", "colour=red"])
def test_a_filter_that_cannot_be_read_is_told_beside_the_form(operator, query):
    page = operator.get(f"/records?tag=x&{query}")
    assert page.status_code == 422
    assert f"{query.partition('=')[0]}: " in page.text
    assert 'value="x"' in page.text
    assert "data-url" not in page.text


# -- one record --------------------------------------------------------------------------------------------------------


def test_a_records_page_shows_its_picture_chapters_and_jobs(world, operator):
    chapters = (Chapter("08:00", ("人",), "一人走过门口", 12.0), Chapter("09:30", (), "<i>late</i>"))
    entry = world.pictured(chapters=chapters, summary="早上")
    page = operator.get(f"/records/{entry.record.id}")
    assert page.status_code == 200
    assert f'<img src="/assets/{entry.picture_key}"' in page.text
    assert page.text.index("08:00</b>") < page.text.index("09:30</b>")
    assert "&lt;i&gt;late" in page.text
    assert f'href="/jobs/{entry.jobs[0]}"' in page.text
    assert "Revision 1" in text_of(page)
    part = operator.get(f"/fragments/records/{entry.record.id}").text.strip()
    assert part in page.text
    assert f'href="/records/{entry.record.id}"' in operator.get(f"/jobs/{entry.jobs[0]}").text


def test_a_record_that_is_not_there_is_a_page_of_its_own(operator):
    for path in ("/records/x", f"/records/{'0' * 20}"):
        page = operator.get(path)
        assert (page.status_code, "There is no such record" in page.text) == (404, True)


def test_a_picture_that_no_browser_shows_is_not_tried(world, operator):
    entry = world.listed()
    world.services.records.link(entry.record.id, "front-door/2026/11/20/080000-picture-1.bin")
    page = operator.get(f"/records/{entry.record.id}").text
    assert "Not viewable in a browser" in page
    assert '<img src="/assets' not in page


def test_every_page_of_records_keeps_to_the_strict_policy_and_leads_somewhere(world, operator):
    entry = world.pictured()
    for path in ("/", "/records", f"/records/{entry.record.id}"):
        page = operator.get(path).text
        assert "style=" not in page
        assert not re.search(r"<script(?![^>]* src=\"/static/)", page)
        assert not re.search(r" on[a-z]+=", page)
        assert "pictures.example" not in page
        for link in {
            link
            for link in re.findall(r'href="(/[^"]*)"', page.replace("&amp;", "&"))
            if "static" not in link
        }:
            with operator.client.get(link) as answer:
                assert answer.status_code == 200, link


def test_the_navigation_says_where_one_is(operator):
    assert '<a href="/" aria-current="page">Overview</a>' in operator.get("/").text
    assert '<a href="/records" aria-current="page">Records</a>' in operator.get("/records").text


# -- how things look ---------------------------------------------------------------------------------------------------


def test_midnight_is_a_day_and_seconds_stand_only_where_there_are_some():
    midnight = NOON.replace(hour=0)
    moments = (midnight, midnight + timedelta(hours=1), midnight + timedelta(seconds=5))
    assert [minute(each) for each in moments] == ["2026-11-20", "2026-11-20 01:00", "2026-11-20 00:00:05"]


def test_a_record_is_told_by_its_own_words_or_else_by_its_last_chapter_that_has_some(world):
    chapters = (Chapter("08:00", (), "one"), Chapter("09:00", (), "two"), Chapter("10:00"))
    assert gist(world.listed(summary="all", chapters=chapters).record) == "all"
    assert gist(world.listed(summary="", chapters=chapters).record) == "two"
    assert gist(world.listed(summary="", chapters=()).record) == ""


def test_many_names_are_a_few_and_a_number():
    assert listed(("a", "b")) == "a, b"
    assert listed(tuple("abcdefg")) == "a, b, c, d and 3 more"
