"""The videos of records: one for each, once its day is closed, by what the last listing said of it; no flow stops them alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.adapters.media import check
from shared.adapters.memory_records import MemoryRecordStore
from shared.adapters.memory_videos import MemoryVideos
from shared.domain.descriptor import MediaDescriptor
from shared.domain.job import Kind, State, Verdict, Window
from shared.domain.records import Chapter
from shared.errors import Gone, Refused, Transient, Whose
from shared.ports import Listed, Query
from tests.builders import NOON, TODAY, a_listed
from tests.worker.test_harvest import YESTERDAY, Harvesting
from worker.fetch import fetch
from worker.health import SHUT

FOOTAGE = b"12 s of a video"  # as the stand-in for the check reads it
SPENT = Transient("flow-spent", "no flow is left", whose=Whose.VENDOR)
QUIET = 4  # hours between listings of what has no news


class Filming(Harvesting):
    """One camera whose videos are wanted, and somebody who can bring them."""

    def __init__(self, *packages: str) -> None:
        super().__init__(*packages)
        self.source.filmed = {"front-door"}
        self.videos = MemoryVideos(FOOTAGE)
        self.services = replace(self.services, videos={"imou": self.videos})

    def films(self, *states: State):
        return self.services.jobs.list(Query(states=frozenset(states), kind=Kind.HLS)).jobs

    def a_day_passes(self, hours: int = 24) -> None:
        """It is listed hour by hour, and what it brings is fetched."""
        for _ in range(hours):
            self.after(hours=1)
            self.round()
            self.fetch()


@pytest.fixture
def here() -> Filming:
    return Filming()


def reached(token: str = "s3cret-1", ends=None, **fields: str) -> MediaDescriptor:
    return MediaDescriptor({"recordPath": "/p", "fileToken": token, **fields}, ends)


def filmed(media: MediaDescriptor | None = None, key: str = "7", **changes) -> Listed:
    """A record of today, whose picture nobody has, and what leads to its video."""
    return replace(a_listed(key, **changes), picture=None, media=media or reached())


def closed(here: Filming, *listed: Listed) -> None:
    """Records of yesterday, which is over: two listings close it."""
    day = {"day": YESTERDAY, "created_at": NOON - timedelta(hours=28)}
    here.source.put(*(replace(each, record=replace(each.record, **day)) for each in listed))
    here.round()
    here.after(hours=QUIET)
    here.round()


def test_a_day_that_grows_has_its_video_fetched_once_and_after_its_close(here):
    for hours in range(1, 4):
        here.source.put(filmed(chapters=tuple(Chapter(f"{8 + hour:02}:00") for hour in range(hours))))
        here.a_day_passes(hours=1)
    while not here.standing().followed[TODAY].alike:
        here.a_day_passes(hours=1)
        assert here.films() == ()
    here.a_day_passes()
    (job,), (entry,) = here.films(), here.entries()
    assert (job.state, job.record, job.attempts, len(job.assets)) == (State.ARCHIVED, entry.record.id, 0, 1)
    assert (entry.video, entry.jobs, entry.revision) == (job.id, (job.id,), 3)
    assert len(here.videos.given) == 1
    (descriptor, window) = here.videos.given[0]
    assert (descriptor, window) == (reached(), Window(entry.record.created_at, entry.record.end))


def test_the_video_lands_as_an_asset_of_its_record_and_holds_no_window_of_its_camera(here):
    closed(here, filmed())
    here.fetch()
    (job,) = here.films()
    sidecar = here.archive.sidecar(job.assets[0].key)
    assert (sidecar["kind"], sidecar["record"], sidecar["verdict"]) == ("hls", job.record, "complete")
    assert "-hls-" in job.assets[0].key
    assert b"".join(here.archive.read(job.assets[0].key)) == FOOTAGE
    assert here.services.jobs.spans("front-door", job.window) == ()
    (entry,) = here.entries()
    assert entry.picture_key is None


def test_every_event_of_a_closed_day_has_its_own_video(here):
    closed(here, *(filmed(key=key) for key in "123"))
    here.fetch()
    assert [job.state for job in here.films()] == [State.ARCHIVED] * 3


def test_a_video_that_is_shorter_than_the_vendor_says_is_kept_and_told(here):
    here.videos.content = b"4 s of a video"
    closed(here, filmed())
    here.fetch()
    (job,) = here.films()
    assert (job.state, job.assets[0].verdict) == (State.ARCHIVED, Verdict.PARTIAL)


def test_a_day_that_is_listed_again_has_no_second_video_even_when_the_first_job_has_left_the_list(here):
    closed(here, filmed())
    here.a_day_passes()
    here.services.jobs.forget(here.clock.at, 100)
    assert here.films() == ()
    here.services.harvests.wish("front-door", YESTERDAY, YESTERDAY)
    here.a_day_passes()
    assert here.films() == ()


class DiesOnce(MemoryRecordStore):
    """A store before whose word a process dies, once."""

    dies = True

    def film(self, record_id: str, job_id: str) -> None:
        if self.dies:
            self.dies = False
            raise KeyboardInterrupt
        super().film(record_id, job_id)


def test_whoever_dies_between_the_wish_and_its_note_has_it_wished_once(here):
    here.services = replace(here.services, records=DiesOnce())
    with pytest.raises(KeyboardInterrupt):
        closed(here, filmed())
    here.a_day_passes()
    (job,), (entry,) = here.films(), here.entries()
    assert (job.state, entry.video) == (State.ARCHIVED, job.id)


@pytest.mark.parametrize("lacking", ["the wish", "the code", "the locators"])
def test_without_the_owners_wish_or_code_or_where_no_video_is_named_none_is_wished_for(here, lacking, caplog):
    here.source.filmed -= {"front-door"} if lacking == "the wish" else set()
    if lacking == "the code":
        here.services = replace(here.services, videos={})
    listed = filmed()
    closed(here, replace(listed, media=None) if lacking == "the locators" else listed)
    here.a_day_passes()
    assert (here.films(), here.videos.given, caplog.records) == ((), [], [])


def test_keys_that_have_ended_have_the_day_listed_once_more_which_renews_them(here):
    old = reached(ends=NOON + timedelta(hours=QUIET))
    closed(here, filmed(old))
    here.source.put(
        replace(filmed(reached("s3cret-2")), record=here.entries()[0].record)
    )  # the next listing has new ones
    here.fetch()
    (job,) = here.films()
    assert (job.state, job.reason, here.videos.given) == (State.WANTED, "gone", [])
    assert here.services.harvests.due()["imou"] >= 1
    here.round()
    here.fetch()
    (job,) = here.films()
    assert (job.state, job.attempts, [given.fields["fileToken"] for given, _ in here.videos.given]) == (
        State.ARCHIVED,
        0,
        ["s3cret-2"],
    )


class Unreadable(MemoryRecordStore):
    """A store whose key was lost: what leads to a video is not to be read until it is listed anew."""

    lost = False

    def media(self, record_id: str) -> MediaDescriptor | None:
        return None if self.lost else super().media(record_id)


def test_what_no_key_opens_counts_as_absent_and_is_listed_once_more(here):
    records = Unreadable()
    here.services = replace(here.services, records=records)
    closed(here, filmed())
    records.lost = True
    here.fetch()
    assert [job.state for job in here.films()] == [State.WANTED]
    records.lost = False
    here.round()
    here.fetch()
    assert [job.state for job in here.films()] == [State.ARCHIVED]


def test_one_listing_renews_all_videos_of_a_day(here):
    here.videos.troubles.extend([Gone("media-gone")] * 3)
    closed(here, *(filmed(key=key) for key in "123"))
    here.fetch()
    assert [job.state for job in here.films()] == [State.WANTED] * 3
    asked = len(here.source.asked)
    here.round()
    here.fetch()
    assert [job.state for job in here.films()] == [State.ARCHIVED] * 3
    assert len(here.source.asked) == asked + 1


def test_a_video_whose_record_is_gone_is_empty(here):
    here.videos.troubles.append(Gone("media-gone"))
    closed(here, filmed())
    here.fetch()
    here.source.shelf.clear()
    here.round()
    assert [(job.state, job.reason) for job in here.films()] == [(State.EMPTY, "record-gone")]


def test_spent_flow_stops_all_videos_charges_none_and_lets_records_and_pictures_go_on(here):
    here.videos.troubles.extend([SPENT])
    closed(here, filmed(key="1"), filmed(key="2"))
    here.fetch()
    assert {(job.state, job.reason, job.attempts) for job in here.films()} == {(State.READY, "flow-spent", 0)}
    assert len(here.videos.given) == 1  # the other one was not tried
    assert not here.services.circuits.get("imou").open
    listed = a_listed("9", day=here.clock.at.date())
    here.media.put(listed.picture.address, b"a picture")
    here.source.put(listed)
    here.services.harvests.wish()
    here.a_day_passes(hours=1)
    assert [job.state for job in here.jobs()] == [State.ARCHIVED]
    assert len(here.videos.given) == 1
    here.after(hours=SHUT.total_seconds() / 3600)
    here.fetch()
    assert {job.state for job in here.films()} == {State.ARCHIVED}
    assert {file.failures for job in here.films() for file in job.files} == {0}
    assert not here.services.circuits.get("imou-video").open


def test_a_video_that_comes_says_nothing_about_the_host_of_pictures(here):
    here.services.circuits.faulted("imou-media", "a picture's", "media-stalled", "")
    closed(here, filmed())
    here.fetch()
    assert [job.state for job in here.films()] == [State.ARCHIVED]
    assert here.services.circuits.get("imou-media").faults == 1


def test_a_record_that_is_shown_a_picture_of_only_after_its_video_was_wished_for_has_both(here):
    closed(here, filmed())
    (entry,) = here.entries()
    late = replace(a_listed("7"), record=entry.record, media=reached())
    here.media.put(late.picture.address, b"a picture")
    here.source.put(late)
    here.services.harvests.wish("front-door", YESTERDAY, YESTERDAY)
    here.a_day_passes(hours=1)
    assert [job.state for job in (*here.films(), *here.jobs())] == [State.ARCHIVED] * 2


def test_a_video_for_which_there_is_no_room_is_not_begun(here):
    closed(here, filmed())  # of 1000 bytes, as the vendor says: they need room twice
    here.archive.room = here.services.settings.space_reserve + 1_900
    here.fetch()
    assert [(job.state, job.reason) for job in here.films()] == [(State.READY, "no-space")]
    assert here.videos.given == []
    here.archive.room += 200
    here.after(minutes=1)
    here.fetch()
    assert [job.state for job in here.films()] == [State.ARCHIVED]


def test_where_the_vendor_serves_nobody_no_video_is_asked_for(here):
    closed(here, filmed())
    until = here.clock.at + timedelta(hours=3)
    here.services.circuits.shut("imou", "vendor-quota", "the month's calls are used up", until)
    here.fetch()
    assert [(job.state, job.reason) for job in here.films()] == [(State.READY, "vendor-quota")]
    here.after(hours=3)
    here.fetch()
    assert [job.state for job in here.films()] == [State.ARCHIVED]


def test_a_fetcher_that_is_no_longer_set_has_its_videos_wait_at_no_cost(here):
    closed(here, filmed())
    whole, here.services = here.services, replace(here.services, videos={})
    here.fetch()
    assert [(job.state, job.reason) for job in here.films()] == [(State.READY, "fetcher-missing")]
    here.services = whole
    here.after(hours=1)
    here.fetch()
    assert [job.state for job in here.films()] == [State.ARCHIVED]


@pytest.mark.parametrize("code", ["fetcher-crashed", "fetcher-too-slow", "fetcher-failed"])
def test_one_that_dies_hangs_or_raises_is_tried_again_and_given_up_after_a_few(here, code):
    here.videos.troubles.extend([Transient(code, "it did")])
    closed(here, filmed())
    here.fetch()
    assert [(job.state, job.reason) for job in here.films()] == [(State.READY, code)]
    here.a_day_passes(hours=2)
    assert [job.state for job in here.films()] == [State.ARCHIVED]


def test_one_that_never_can_is_given_up_and_said(here):
    here.videos.troubles.extend([Transient("fetcher-crashed", "it ended with SIGSEGV")] * 9)
    closed(here, filmed(key="1"))
    here.a_day_passes()
    assert [(job.state, job.reason) for job in here.films()] == [(State.FAILED, "fetcher-crashed")]
    assert len(here.videos.given) == 5


def test_one_that_says_that_it_never_will_be_had_is_believed_at_once(here):
    here.videos.troubles.append(Refused("fetcher-refused", "it never was"))
    closed(here, filmed())
    here.a_day_passes()
    assert [(job.state, job.reason) for job in here.films()] == [(State.FAILED, "fetcher-refused")]
    assert len(here.videos.given) == 1


@pytest.mark.parametrize(
    ("content", "state", "reason"),
    [
        (b"<html>log in</html>" * 99, State.FAILED, "not-media"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", State.FAILED, "truncated"),
        (b"DHAV" + bytes(range(256)) * 9, State.ARCHIVED, None),
    ],
    ids=["a page", "half a video", "of no known kind"],
)
def test_what_was_brought_is_checked_like_any_media(here, content, state, reason):
    here.services = replace(here.services, check=check)
    here.videos.content = content
    closed(here, filmed())
    here.a_day_passes()
    (job,) = here.films()
    assert (job.state, job.reason) == (state, reason)
    assert [asset.verdict for asset in job.assets] == (
        [Verdict.UNVERIFIED] if state == State.ARCHIVED else []
    )


def test_a_worker_that_is_told_to_stop_leaves_the_video_to_the_next_and_is_charged_with_no_death(here):
    closed(here, filmed())
    whole, here.services = here.services, replace(here.services, stopping=lambda: True)
    here.services.jobs.overdue(10)
    assert fetch(here.services, "fetch")
    (job,) = here.films()
    assert (job.state, job.crashes, job.files[0].failures) == (State.READY, 0, 0)
    here.services = whole
    here.fetch()
    assert [job.state for job in here.films()] == [State.ARCHIVED]


def test_a_worker_that_is_told_to_stop_has_not_heard_that_there_is_flow_again(here):
    here.videos.troubles.extend([SPENT])
    closed(here, filmed())
    here.fetch()
    here.after(hours=SHUT.total_seconds() / 3600)
    whole, here.services = here.services, replace(here.services, stopping=lambda: True)
    here.services.jobs.overdue(10)
    assert fetch(here.services, "fetch")
    assert here.services.circuits.get("imou-video").shut
    here.services = whole
    here.fetch()
    assert [job.state for job in here.films()] == [State.ARCHIVED]
    assert not here.services.circuits.get("imou-video").shut


def test_no_key_of_a_video_stands_in_a_job_a_history_a_sidecar_a_description_or_a_log(here, caplog):
    caplog.set_level("DEBUG")
    here.videos.troubles.extend([Transient("fetcher-failed", "no"), Gone("media-gone")])
    closed(here, filmed())
    here.a_day_passes()
    (job,), (entry,) = here.films(), here.entries()
    assert job.state == State.ARCHIVED
    history = here.services.jobs.history(job.id)
    described = [here.archive.description(key) for key in here.archive.described]
    sidecars = [here.archive.sidecar(asset.key) for asset in job.assets]
    assert history
    assert described
    assert sidecars
    logged = [vars(record) for record in caplog.records]
    assert "s3cret" not in f"{job}{entry}{history}{described}{sidecars}{logged}"
