"""The pictures of records: at most two of a day that grows, renewed together, kept raw when nobody can look at them."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from shared.adapters.disk_archive import DiskArchive
from shared.adapters.media import check
from shared.domain.descriptor import MediaDescriptor
from shared.domain.job import State, Verdict
from shared.domain.records import Chapter
from shared.errors import Transient
from tests.builders import NOON, TODAY, a_listed
from tests.worker.test_harvest import Harvesting
from worker.settle import settle

MORNING, EVENING = b"the picture of the morning", b"the picture of the evening"
JPEG = b"\xff\xd8\xff\xda\0\2" + b"x" * 90 + b"\xff\xd9"
QUIET = 8  # hours between listings of what has no news
CIPHER = Random(7).randbytes(5_000)  # as what was encrypted looks


class Died(Exception):
    """The process is no more."""


@pytest.fixture
def here() -> Harvesting:
    return Harvesting("digest")


def grown(sign: int, hours: int = 2, **changes):
    """The day as it is after so many hours, with an address that is signed anew."""
    chapters = tuple(Chapter(f"{8 + hour:02}:00") for hour in range(hours))
    return a_listed("7", signed=str(sign), chapters=chapters, **changes)


def listed(here: Harvesting, each, content: bytes) -> None:
    """The vendor lists this, and this is behind its address."""
    here.source.put(each)
    here.media.put(each.picture.address, content)


def the_day_passes(here: Harvesting, hours: int = 24) -> None:
    """It is listed hour by hour, and what it brings is fetched, until long after its end."""
    for _ in range(hours):
        here.after(hours=1)
        here.round()
        here.fetch()


def a_day_that_grew(here: Harvesting, evening: bytes = EVENING) -> None:
    listed(here, grown(1, 1), MORNING)
    here.round()
    here.fetch()
    listed(here, grown(2), evening)


def kept(here: Harvesting) -> set[str]:
    """The keys of all pictures in the archive."""
    return {asset.key for job in here.jobs() for asset in job.assets}


def test_a_day_that_grew_has_its_first_picture_and_that_of_its_close_and_no_third_however_often_it_is_listed(
    here,
):
    a_day_that_grew(here)
    the_day_passes(here)
    assert [job.state for job in here.jobs()] == [State.ARCHIVED] * 2
    keys = kept(here)
    assert len(keys) == 2
    for sign in range(3, 6):
        listed(here, grown(sign, sign), b"one more %d" % sign)
        here.services.harvests.wish("front-door", TODAY, TODAY)
        the_day_passes(here, hours=QUIET)
    assert kept(here) == keys
    (entry,) = here.entries()
    assert (entry.closing in entry.jobs, entry.picture_key in keys) == (True, True)


def test_there_is_no_third_picture_even_when_the_jobs_of_the_first_two_have_left_the_list(here):
    a_day_that_grew(here)
    the_day_passes(here)
    here.services.jobs.forget(here.clock.at, 100)
    assert here.jobs() == ()
    listed(here, grown(3, 3), b"one more")
    here.services.harvests.wish("front-door", TODAY, TODAY)
    the_day_passes(here)
    assert here.jobs() == ()


def test_there_is_no_second_picture_before_the_day_is_closed(here):
    a_day_that_grew(here)
    while not here.standing().followed[TODAY].alike:
        the_day_passes(here, hours=1)
        assert len(here.jobs()) == 1
    the_day_passes(here, hours=QUIET)
    assert len(here.jobs()) == 2


def test_a_day_that_still_changes_after_its_end_is_not_closed_and_has_no_second_picture_yet(here):
    a_day_that_grew(here)
    while not here.standing().followed[TODAY].alike:
        the_day_passes(here, hours=1)
    listed(here, grown(3, 3), b"late")
    the_day_passes(here, hours=QUIET)
    assert len(here.jobs()) == 1


def test_a_record_that_never_grew_has_one_picture(here):
    listed(here, grown(1, 1), MORNING)
    the_day_passes(here)
    assert len(here.jobs()) == 1


def test_the_same_bytes_again_are_not_kept_twice(here):
    a_day_that_grew(here, evening=MORNING)
    the_day_passes(here)
    assert [job.state for job in here.jobs()] == [State.ARCHIVED] * 2
    (key,) = kept(here)
    assert here.archive.sidecar(key)["job"] in {asset.job for job in here.jobs() for asset in job.assets}
    assert len({asset.id for job in here.jobs() for asset in job.assets}) == 1


@pytest.mark.parametrize("point", ["harvest-read", "closing-wished", "harvest-listed"])
def test_whatever_dies_while_a_day_is_closed_its_picture_is_wished_for_once(here, point):
    a_day_that_grew(here)
    while not here.standing().followed[TODAY].alike:
        the_day_passes(here, hours=1)
    whole, here.services = here.services, replace(here.services, reach=dies_at(point, times=2))
    for _ in range(2):
        here.after(hours=QUIET)
        try:
            here.round()
        except Died:
            continue
    here.services = whole
    the_day_passes(here)
    assert [job.state for job in here.jobs()] == [State.ARCHIVED] * 2
    assert len(kept(here)) == 2


def dies_at(point: str, times: int):
    """A process that dies there, so many times."""
    left = [Died()] * times

    def reach(reached: str) -> None:
        if reached == point and left:
            raise left.pop()

    return reach


def test_a_first_picture_that_is_still_on_its_way_when_the_day_is_closed_is_the_only_one(here):
    here.source.put(grown(1, 1))
    here.round()
    here.source.put(grown(2))
    the_day_passes(here)
    (job,) = here.jobs()
    assert job.live
    (entry,) = here.entries()
    assert entry.closing == job.id
    listed(here, grown(3), EVENING)
    here.services.harvests.wish("front-door", TODAY, TODAY)
    the_day_passes(here)
    assert [job.state for job in here.jobs()] == [State.ARCHIVED]


def test_a_dead_address_of_the_second_picture_is_renewed_too(here):
    a_day_that_grew(here)
    here.source.put(grown(3))  # nothing lies behind this address
    the_day_passes(here)
    assert sorted(job.state for job in here.jobs()) == [State.ARCHIVED, State.WANTED]
    listed(here, grown(4), EVENING)
    here.services.harvests.wish("front-door", TODAY, TODAY)
    here.round()
    here.fetch()
    assert [job.state for job in here.jobs()] == [State.ARCHIVED] * 2


def test_ten_dead_addresses_of_one_day_cost_one_more_listing_and_all_land(here):
    here.source.put(*(a_listed(str(number)) for number in range(10)))
    here.round()
    here.fetch()
    assert {job.state for job in here.jobs()} == {State.WANTED}
    asked = len(here.source.asked)
    for number in range(10):
        listed(here, a_listed(str(number), signed="2"), JPEG + bytes([number]))
    here.round()
    here.fetch()
    assert len(here.source.asked) == asked + 1
    assert [job.state for job in here.jobs()] == [State.ARCHIVED] * 10


def test_a_dead_picture_of_a_record_past_its_end_lands_all_the_same_when_it_is_still_listed(here):
    """What the vendor's end of a record means is not known, so only a listing without the record ends the wait."""
    here.source.put(a_listed("7", expires_at=NOON + timedelta(hours=1)))
    here.round()
    here.after(minutes=90)
    here.fetch()
    while settle(here.services, "control"):
        pass
    assert [job.state for job in here.jobs()] == [State.WANTED]
    listed(here, a_listed("7", signed="2", expires_at=NOON + timedelta(hours=1)), JPEG)
    here.round()
    here.fetch()
    assert [job.state for job in here.jobs()] == [State.ARCHIVED]


def test_a_dead_picture_of_a_record_that_is_listed_no_more_is_empty(here):
    here.source.put(a_listed("7", expires_at=NOON + timedelta(hours=1)))
    here.round()
    here.fetch()
    here.source.shelf.clear()
    the_day_passes(here)
    assert [(job.state, job.reason) for job in here.jobs()] == [(State.EMPTY, "record-gone")]


def test_the_same_bytes_are_kept_again_when_the_first_have_vanished(here, tmp_path):
    disk = DiskArchive(tmp_path)
    here.services = replace(here.services, archive=disk)
    a_day_that_grew(here, evening=MORNING)
    (first,) = kept(here)
    (tmp_path / first).unlink()
    the_day_passes(here)
    (second,) = kept(here) - {first}
    assert b"".join(disk.read(second)) == MORNING


@pytest.fixture
def looking(here) -> Harvesting:
    """As it is in earnest: bytes are looked at."""
    here.services = replace(here.services, check=check)
    return here


def test_an_encrypted_picture_is_kept_raw_as_what_it_is_and_never_asked_for_again(looking):
    listed(looking, a_listed("7"), CIPHER)
    the_day_passes(looking)
    (job,) = looking.jobs()
    (asset,) = job.assets
    assert (job.state, job.attempts) == (State.ARCHIVED, 0)
    assert (asset.verdict, asset.content_type) == (Verdict.ENCRYPTED, "application/octet-stream")
    assert asset.key.endswith(".bin")
    assert [*looking.archive.sidecar(asset.key)["reasons"]] == ["perhaps-encrypted"]
    assert b"".join(looking.archive.read(asset.key)) == CIPHER


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html>log in</html>" * 9, "not-media"),
        (b'{"code": 404}' * 9, "not-media"),
        (JPEG[:-2], "truncated"),
    ],
)
def test_a_page_a_text_and_a_picture_that_was_cut_are_refused_and_given_up_after_a_few_tries(
    looking, content, reason
):
    listed(looking, a_listed("7"), content)
    the_day_passes(looking, hours=24)
    (job,) = looking.jobs()
    assert (job.state, job.reason, job.assets) == (State.FAILED, reason, ())


def test_a_descriptor_of_the_video_is_kept_with_its_record_and_stands_in_no_description_sidecar_or_log(
    here, caplog
):
    caplog.set_level("DEBUG")
    media = MediaDescriptor({"fileToken": "s3cret-token", "ak": "s3cret-ak"}, NOON + timedelta(days=1))
    listed(here, replace(a_listed("7"), media=media), MORNING)
    the_day_passes(here, hours=1)
    here.source.troubles[0] = Transient("vendor-error", "no")
    the_day_passes(here, hours=2)
    (entry,), (job,) = here.entries(), here.jobs()
    assert here.services.records.media(entry.record.id) == media
    described = [here.archive.description(key) for key in here.archive.described]
    sidecars = [here.archive.sidecar(asset.key) for asset in job.assets]
    assert (len(described), len(sidecars)) == (1, 1)
    told = [record.message for record in caplog.records]
    assert told == ["a camera's records could not be listed"] * 3
    logged = [vars(record) for record in caplog.records]
    assert "s3cret" not in f"{described}{sidecars}{logged}{entry}{job}"
