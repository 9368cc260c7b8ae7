"""The pages: what they show, what their forms do, and that nothing of it is there without a session."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.domain import events as e
from shared.domain.job import State, Window
from shared.ports import Query
from tests.builders import NOON, a_window
from webhook.looks import length, size, span

BERLIN = ZoneInfo("Europe/Berlin")


def test_without_a_session_there_is_nothing_but_the_log_in_page(world, browser):
    job = world.archived()
    page = browser.get(f"/jobs/{job.id}")
    assert (page.status_code, page.location) == (303, "/")
    for path in (
        "/fragments/jobs",
        "/fragments/footage",
        f"/fragments/jobs/{job.id}",
        f"/fragments/jobs/{job.id}/footage",
    ):
        assert browser.get(path).status_code == 401
    for path in ("/jobs", f"/jobs/{job.id}/cancel", f"/jobs/{job.id}/retry"):
        assert browser.send(path).status_code == 401
    assert "front-door" not in browser.get("/").text
    assert world.now(job) == job


def test_the_first_page_shows_jobs_with_counts_and_why_they_are_not_archived_yet(world, operator):
    world.preparing()
    world.happen(world.wish(window=a_window(300)), e.CancelRequested())
    page = operator.get("/").text
    assert "2026-11-20 09:00–09:05" in page
    assert "The vendor is preparing the footage, and does not say how far it is." in page
    assert re.search(r"all\s*<b>2</b>", page)
    assert re.search(r'preparing">preparing</span> <b>1</b>', page)


def test_the_list_and_the_page_of_a_job_count_its_attempts_by_the_same_word(world, operator):
    job = world.preparing()
    world.happen(job, e.PrepareFailed(1, "vendor-error"))
    for path in ("/", f"/jobs/{job.id}"):
        page = operator.get(path).text
        assert "Attempts" in page
        assert not re.search("tries|submissions", page, re.IGNORECASE)


def test_progress_is_a_bar(world, operator):
    job = world.preparing()
    world.happen(job, e.Progressed(1, 0.425))
    page = operator.get("/").text
    assert '<progress max="1" value="0.425"' in page
    assert "42% so far" in page


def test_jobs_are_filtered_and_paged(world, operator):
    for each in range(15):
        world.wish(window=a_window(200 + each, minutes=1))
    world.archived(window=a_window(500), camera="berlin")
    first = operator.get("/?state=wanted").text
    assert "berlin</a>" not in first
    assert first.count("<tr>") == 1 + 12
    older = re.search(r'href="(/\?[^"]*cursor[^"]*)"', first)[1].replace("&amp;", "&")
    assert "state=wanted" in older
    assert operator.get(older).text.count("<tr>") == 1 + 3
    assert operator.get("/?camera=berlin").text.count("<tr>") == 1 + 1


def test_every_link_of_the_first_page_leads_somewhere(world, operator):
    for each in range(26):
        world.wish(window=a_window(200 + each, minutes=1))
    for path in ("/", "/?state=wanted", "/?camera=front-door", "/?state=wanted&camera=front-door"):
        links = re.findall(r'href="(/[^"]*)"', operator.get(path).text.replace("&amp;", "&"))
        assert len(links) > 20
        for link in {link for link in links if "/static/" not in link}:
            assert operator.get(link).status_code == 200, link


def test_a_page_keeps_its_filters_and_its_place_when_it_is_fetched_again(world, operator):
    job = world.wish()
    page = operator.get(f"/?state=wanted&camera=front-door&cursor={job.id}").text
    assert f'data-url="/fragments/jobs?state=wanted&amp;camera=front-door&amp;cursor={job.id}"' in page


@pytest.mark.parametrize("query", ["state=done", "_external=1", "endpoint=x", "cursor=x", "camera="])
def test_a_filter_that_is_not_known_shows_the_first_page_and_says_so(operator, query):
    page = operator.get(f"/?{query}")
    assert page.status_code == 422
    assert 'data-url="/fragments/jobs"' in page.text
    assert re.search('class="wrong"', page.text)


def test_footage_can_be_played_and_is_told_with_its_proof(world, operator):
    asset = world.archived(b"0" * 1_234_567).assets[0]
    page = operator.get("/").text
    assert f'<video controls preload="metadata" playsinline src="/assets/{asset.key}#t=0.001">' in page
    assert "complete" in page
    assert "5:00 · 1.2 MB" in page
    assert asset.sha256[:10] in page


def test_what_a_browser_cannot_play_is_only_offered(world, operator):
    world.archived(content_type="video/mp2t")
    page = operator.get("/").text
    assert "<video" not in page
    assert "Not playable in a browser" in page


def test_an_empty_house_says_what_to_do(operator):
    page = operator.get("/").text
    assert "No jobs yet: ask for a window." in page
    assert 'value="2026-11-20T11:30"' in page
    assert 'value="2026-11-20T12:00"' in page


def test_simulated_vendors_are_named_as_such(make_world):
    assert "Simulated vendors" in make_world(changes={"simulated": True}).client().get("/").text
    assert "Simulated vendors" not in make_world().client().get("/").text


# -- forms -------------------------------------------------------------------------------------------------------------


def wished(world):
    return [job.window for job in world.services.jobs.list(Query()).jobs]


def test_a_window_is_asked_for_in_the_cameras_zone(world, operator):
    answer = operator.send("/jobs", camera="berlin", start="2026-11-20T04:00", end="2026-11-20T04:05")
    assert (answer.status_code, answer.location) == (303, "/")
    start = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
    assert wished(world) == [Window(start, start + timedelta(minutes=5))]
    assert "One job stands for this window." in operator.get("/").text


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"camera": "nobody"}, "no camera is called"),
        ({"start": "2026-11-20T05:00"}, "start must lie before end"),
        ({"end": "2026-11-20T23:00"}, "the window must be over"),
        ({"start": "soon"}, "Must be a time"),
        ({"colour": "red"}, "colour: Unknown field."),
    ],
)
def test_what_cannot_be_asked_for_is_told_beside_the_form_which_keeps_what_was_typed(
    world, operator, form, words
):
    filled = {"camera": "berlin", "start": "2026-11-20T04:00", "end": "2026-11-20T04:05", **form}
    answer = operator.send("/jobs", **filled)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{filled["start"]}"' in answer.text
    assert not wished(world)


def test_a_job_is_cancelled_by_its_button_and_then_shown(world, operator):
    job = world.preparing()
    assert f'action="/jobs/{job.id}/cancel"' in operator.get("/").text
    answer = operator.send(f"/jobs/{job.id}/cancel")
    assert (answer.status_code, answer.location) == (303, f"/jobs/{job.id}")
    assert world.now(job).state == State.CANCELLED
    page = operator.get(f"/jobs/{job.id}").text
    assert "The job was cancelled." in page
    assert f'action="/jobs/{job.id}/retry"' in page
    assert f'action="/jobs/{job.id}/cancel"' not in page


def test_a_button_that_comes_too_late_says_so(world, operator):
    job = world.archived()
    answer = operator.send(f"/jobs/{job.id}/cancel")
    assert (answer.status_code, answer.location) == (303, f"/jobs/{job.id}")
    assert "A job that is archived cannot be cancelled." in operator.get(f"/jobs/{job.id}").text


def test_only_what_makes_sense_is_offered(world, operator):
    job = world.wish()

    def offered():
        return set(re.findall(rf'action="/jobs/{job.id}/([a-z]+)"', operator.get(f"/jobs/{job.id}").text))

    assert offered() == {"cancel", "hold"}
    world.happen(job, e.HoldRequested())
    assert offered() == {"cancel", "release"}
    world.happen(job, e.CancelRequested())
    assert offered() == {"retry"}


# -- one job -----------------------------------------------------------------------------------------------------------


def test_a_jobs_page_tells_its_story_newest_first_in_words(world, operator):
    job = world.submitting()
    world.happen(job, e.Postponed("device-busy", "HTTP 200, code 486", 1, asked=True))
    page = operator.get(f"/jobs/{job.id}").text
    assert "Waiting to ask the vendor again: the device is busy with another download." in page
    assert "Prepare started" in page
    assert "The device is busy with another download." in page
    assert re.findall("<b>(.*)</b>", page) == ["Postponed", "Prepare started", "Wished"]


def test_a_vendors_words_are_shown_and_never_run(world, operator):
    job = world.submitting()
    world.happen(job, e.Refused(1, "vendor-error", "<script>alert(1)</script>"))
    page = operator.get(f"/jobs/{job.id}").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_an_error_is_a_page_for_a_browser_and_a_problem_for_a_program(operator):
    unknown = "/jobs/01jnone0000000000000000000"
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
    accept += ",application/signed-exchange;v=b3;q=0.7"
    page = operator.client.get(unknown, headers={"Accept": accept})
    assert (page.status_code, page.content_type) == (404, "text/html; charset=utf-8")
    assert "There is no such job" in page.text
    for accept in ("*/*", "application/json", ""):
        problem = operator.client.get(unknown, headers={"Accept": accept})
        assert (problem.status_code, problem.content_type) == (404, "application/problem+json")


def test_fragments_are_the_parts_of_their_pages(world, operator):
    job = world.archived()
    for page, fragment in (
        ("/", "/fragments/jobs"),
        ("/", "/fragments/footage"),
        (f"/jobs/{job.id}", f"/fragments/jobs/{job.id}"),
        (f"/jobs/{job.id}", f"/fragments/jobs/{job.id}/footage"),
    ):
        part = operator.get(fragment).text.strip()
        assert part in operator.get(page).text
        assert "<html" not in part


def test_the_pages_keep_to_their_own_strict_policy(world, operator):
    job = world.archived()
    for path in ("/", f"/jobs/{job.id}", "/jobs/none"):
        page = operator.get(path).text
        assert "style=" not in page
        assert "<style" not in page
        assert not re.search(r"<script(?![^>]* src=\"/static/)", page)
        assert not re.search(r" on[a-z]+=", page)
        assert "http" not in page.replace("http-equiv", "")


def test_what_the_pages_load_is_there(operator):
    for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', operator.get("/").text):
        with operator.client.get(path) as answer:
            assert answer.status_code == 200


# -- how things look ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "minutes", "looks"),
    [
        (NOON, 30, "2026-11-20 04:00–04:30"),
        (NOON, 0.5, "2026-11-20 04:00:00–04:00:30"),
        (NOON, 20 * 60, "2026-11-20 04:00–24:00"),
        (NOON, 21 * 60, "2026-11-20 04:00–2026-11-21 01:00"),
        (NOON, 44 * 60, "2026-11-20 04:00–2026-11-22 00:00"),
    ],
)
def test_a_window_looks_as_short_as_it_can(start, minutes, looks):
    assert span(start, start + timedelta(minutes=minutes)) == looks


def test_a_window_over_a_change_of_clocks_tells_its_offsets():
    start = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert span(start.astimezone(BERLIN), (start + timedelta(hours=1)).astimezone(BERLIN)) == (
        "2026-10-25 02:30+02:00–02:30+01:00"
    )


def test_lengths_and_sizes_look_as_people_say_them():
    assert [length(each) for each in (None, 0, 59.6, 300, 3725)] == [
        "length unknown",
        "0:00",
        "1:00",
        "5:00",
        "1:02:05",
    ]
    assert [size(each) for each in (0, 999, 1000, 1_234_567, 5 * 10**13)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "1.2 MB",
        "50.0 TB",
    ]
