"""The harvest, from a wish or the schedule to jobs and descriptions, on memory twins and a vendor that answers from a shelf."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from shared.adapters.memory import HandClock, ListQueue, MemoryCameras
from shared.adapters.memory_archive import MemoryArchive, MemoryMedia
from shared.domain.effects import TELL
from shared.domain.effects import harvest as bell
from shared.domain.harvest import Course
from shared.domain.job import DebtKind, Kind, State
from shared.domain.records import Chapter
from shared.errors import AnswerUnknown, Final, Invalid, Transient, Whose
from shared.ports import Query, Quota, RecordQuery, Unread
from shared.services import Services
from tests.builders import NOON, TODAY, a_camera, a_listed, services, some_settings
from tests.stand_ins import StandInRecords, away
from worker.fetch import fetch
from worker.harvest import harvest
from worker.settle import settle
from worker.tell import tell, tell_one

JPEG = b"a picture"
YESTERDAY = TODAY - timedelta(days=1)


class ShakyArchive(MemoryArchive):
    """An archive that may be away; what was described is listed."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.described: list[str] = []

    def describe(self, key, description):
        """Put it there, or fail."""
        if self.away:
            raise Transient("archive-unwritable", whose=Whose.VENDOR)
        written = super().describe(key, description)
        self.described += [key] if written else []
        return written


class Harvesting:
    """Two cameras, their records at a vendor, and the steps."""

    def __init__(self, *packages: str, **environ: str) -> None:
        self.clock, self.bells = HandClock(NOON), ListQueue()
        self.source = StandInRecords(*packages)
        self.archive, self.media = ShakyArchive(), MemoryMedia()
        cameras = [a_camera(name, sections={"imou": object()}) for name in ("front-door", "back-door")]
        self.services: Services = services(
            self.clock,
            settings=some_settings(**environ),
            bells=self.bells,
            cameras=MemoryCameras(*cameras, a_camera("sms-only")),
            record_sources={"imou": self.source},
            archive=self.archive,
            media=self.media,
        )

    def round(self) -> None:
        """All that is due now."""
        while harvest(self.services, "imou"):
            pass

    def fetch(self) -> None:
        """All that can be fetched now, and all that is owed then."""
        self.services.jobs.overdue(100)
        while fetch(self.services, "fetch"):
            pass
        while settle(self.services, "control"):
            pass

    def after(self, **length: float) -> None:
        """Let time pass."""
        self.clock.at += timedelta(**length)

    def jobs(self, *states: State):
        return self.services.jobs.list(Query(states=frozenset(states), kind=Kind.PICTURE)).jobs

    def entries(self):
        return self.services.records.list(RecordQuery()).entries

    def standing(self, camera: str = "front-door"):
        (subject,) = self.services.harvests.subjects(camera)
        return self.services.harvests.standing(subject)


@pytest.fixture
def here() -> Harvesting:
    return Harvesting()


def test_the_schedule_lists_today_and_yesterday_of_every_camera_that_the_vendor_knows(here):
    assert here.services.harvests.due() == {"imou": 2}
    here.round()
    assert sorted(here.source.asked) == [
        (camera, "digest", day) for camera in ("back-door", "front-door") for day in (YESTERDAY, TODAY)
    ]
    assert here.services.harvests.due() == {}


@pytest.mark.parametrize("hours", [12.1, 12.4])
def test_just_after_midnight_only_cameras_that_are_new_are_listed(here, hours):
    here.round()
    asked = len(here.source.asked)
    here.after(hours=hours)  # it was noon
    here.round()
    assert len(here.source.asked) == asked
    new = Harvesting()
    new.after(hours=hours)
    new.round()
    assert len(new.source.asked) == asked


def test_a_record_becomes_a_job_for_its_picture_and_a_description(here):
    here.source.put(a_listed("7"))
    here.round()
    (entry,), (job,) = here.entries(), here.jobs()
    assert (entry.revision, entry.told, entry.jobs) == (1, 1, (job.id,))
    assert (job.state, job.record, job.camera) == (State.READY, entry.record.id, "front-door")
    told = here.archive.description(f"front-door/2026/11/20/record-{entry.record.id}.json")
    assert told
    assert (told["revision"], told["tags"], told["vendor_id"]) == (1, ["人"], "7")
    assert "sign=" not in str(told)


def test_the_picture_is_fetched_and_its_record_knows_where_it_is(here):
    listed = a_listed("7")
    here.media.put(listed.picture.address, JPEG)
    here.source.put(listed)
    here.round()
    here.fetch()
    (entry,), (job,) = here.entries(), here.jobs()
    assert (job.state, entry.picture_key) == (State.ARCHIVED, job.assets[0].key)
    assert here.archive.sidecar(job.assets[0].key)["record"] == entry.record.id


def test_the_same_listing_again_changes_nothing(here):
    here.source.put(*(a_listed(str(number)) for number in range(5)))
    here.round()
    for number in range(5):
        here.source.put(a_listed(str(number), signed="anew"))
    here.after(hours=1)
    here.round()
    assert [entry.revision for entry in here.entries()] == [1] * 5
    assert len(here.jobs()) == 5
    assert len(here.archive.described) == 5


def test_a_record_that_grows_is_the_same_record_in_a_new_revision(here):
    here.source.put(a_listed("7"))
    here.round()
    (before,) = here.entries()
    grown = tuple(Chapter(f"{hour:02}:00", ("人",), "又一人") for hour in (8, 9, 10))
    here.source.put(a_listed("7", chapters=grown))
    here.after(hours=1)
    here.round()
    (entry,) = here.entries()
    assert (entry.record.id, entry.revision, entry.told) == (before.record.id, 2, 2)
    told = here.archive.description(f"front-door/2026/11/20/record-{entry.record.id}.json")
    assert len(here.archive.described) == 2
    assert [chapter["time_point"] for chapter in told["chapters"]] == ["08:00", "09:00", "10:00"]
    assert len(here.jobs()) == 1


def test_yesterday_is_listed_until_two_readings_past_its_end_were_alike(here):
    for _ in range(4):
        here.round()
        here.after(hours=1)
    days = [day for camera, _, day in here.source.asked if camera == "front-door"]
    assert days == [
        YESTERDAY,
        TODAY,
        YESTERDAY,
        TODAY,
    ]  # a quiet day is listed every other hour, then every fourth


def test_the_reading_after_which_nobody_looks_again_is_thorough(here):
    for _ in range(3):
        here.round()
        here.after(hours=1)
    assert here.source.thorough.count(("front-door", YESTERDAY)) == 1
    assert ("front-door", TODAY) not in here.source.thorough
    here.services.harvests.wish("front-door", date(2026, 11, 1), date(2026, 11, 1))
    here.round()
    assert here.source.thorough[-1] == ("front-door", date(2026, 11, 1))


def test_a_listing_that_breaks_off_keeps_what_came_and_the_day_stays_wanted(here):
    here.source.put(*(a_listed(str(number)) for number in range(4)))
    here.source.troubles = {1: Transient("vendor-unreadable")}
    here.round()
    assert len(here.entries()) == 2
    assert here.standing().outcome == "vendor-unreadable"
    assert TODAY in here.standing().wanted
    here.source.troubles = {}
    here.after(seconds=15)
    here.round()
    assert len(here.entries()) == 4
    assert here.standing().outcome == "ok"


def test_a_dead_camera_delays_no_other_and_is_tried_again_the_next_day(here):
    listing = here.source.listing

    def only_one(camera, package, day, thorough):
        if camera.name == "front-door":
            here.source.asked.append((camera.name, package, day))
            raise Final("camera-refused", "not bound")
        yield from listing(camera, package, day)

    here.source.listing = only_one
    here.source.put(a_listed("7", camera="back-door"))
    here.round()
    assert (len(here.entries()), here.standing().outcome) == (1, "camera-refused")
    asked = len([each for each in here.source.asked if each[0] == "front-door"])
    here.after(hours=23)
    here.round()
    assert len([each for each in here.source.asked if each[0] == "front-door"]) == asked == 1
    here.after(hours=2)
    here.round()
    assert len([each for each in here.source.asked if each[0] == "front-door"]) == 2


def test_a_vendor_that_answers_nobody_is_probed_and_not_asked(here):
    here.source.troubles = {0: Transient("vendor-away", whose=Whose.VENDOR)}
    for _ in range(6):
        here.round()
        here.after(seconds=200)
    here.source.probes.then = away
    asked = len(here.source.asked)
    assert here.services.circuits.get("imou").open
    here.after(minutes=5)
    here.round()
    assert (len(here.source.asked), here.source.probed > 0) == (asked, True)
    here.source.probes.then, here.source.troubles = None, {}
    here.after(hours=1)
    here.round()
    assert here.standing().outcome == "ok"


def test_our_own_limit_of_calls_stops_everybody_and_is_looked_at_again_as_it_may_be_raised(here):
    until = NOON + timedelta(days=10)
    here.source.troubles = {0: Transient("quota-spent", whose=Whose.VENDOR, asked=False, until=until)}
    here.round()
    asked = len(here.source.asked)
    here.source.spent = (Quota("month", 30000, 30000, until, 30000),)
    here.after(hours=2)
    here.round()
    assert len(here.source.asked) == asked
    assert not here.services.circuits.get("imou").open
    here.source.troubles, here.source.spent = {}, ()
    here.round()
    assert (here.standing().outcome, here.standing("back-door").outcome) == ("ok", "ok")


def test_a_dead_address_brings_one_more_listing_which_renews_it(here):
    here.source.put(a_listed("7"))
    here.round()
    here.fetch()  # nothing lies behind the address
    (job,) = here.jobs()
    assert job.state == State.WANTED
    assert here.services.harvests.due() == {"imou": 1}
    renewed = a_listed("7", signed="2")
    here.media.put(renewed.picture.address, JPEG)
    here.source.put(renewed)
    here.round()
    here.fetch()
    (job,) = here.jobs()
    assert (job.state, job.attempts) == (State.ARCHIVED, 0)


def test_a_dead_address_is_renewed_by_the_listing_that_first_tells_its_record(here):
    """Who tells a record may die between the job and its name in the record."""
    here.source.put(a_listed("7"))
    here.archive.away = True
    here.round()
    here.fetch()
    (entry,), (job,) = here.entries(), here.jobs()
    assert (entry.told, entry.jobs, job.state) == (0, (), State.WANTED)
    here.archive.away = False
    renewed = a_listed("7", signed="2")
    here.media.put(renewed.picture.address, JPEG)
    here.source.put(renewed)
    here.round()
    here.fetch()
    (entry,), (job,) = here.entries(), here.jobs()
    assert (entry.jobs, job.state) == ((job.id,), State.ARCHIVED)


def test_a_picture_that_is_new_is_not_told_its_own_address_again(here):
    here.source.put(a_listed("7"))
    here.round()
    (job,) = here.jobs()
    assert [line.event for line in here.services.jobs.history(job.id)] == ["Wished"]


def yesterdays(key="7", **changes):
    """A record of yesterday's morning."""
    changes = {"day": YESTERDAY, "created_at": NOON - timedelta(hours=28), "chapters": ()} | changes
    return a_listed(key, **changes)


def test_a_picture_whose_record_is_gone_is_empty_once_its_day_is_read_to_the_very_end(here):
    here.source.put(yesterdays())
    here.round()
    here.fetch()
    here.source.shelf.clear()
    here.round()
    assert [(job.state, job.reason) for job in here.jobs()] == [(State.EMPTY, "record-gone")]


def test_a_record_made_on_another_day_than_it_is_listed_under_is_gone_with_the_listing(here):
    here.source.put(yesterdays(created_at=NOON - timedelta(days=9)))
    here.round()
    here.fetch()
    here.source.shelf.clear()
    here.round()
    assert [(job.state, job.reason) for job in here.jobs()] == [(State.EMPTY, "record-gone")]


def test_a_listing_that_was_not_read_to_the_very_end_says_nothing_about_what_is_gone(here):
    here.source.put(a_listed("7"))
    here.round()
    here.fetch()
    here.source.shelf.clear()
    here.round()
    assert [(job.state, job.reason) for job in here.jobs()] == [(State.WANTED, "gone")]


def test_a_listing_with_rows_that_could_not_be_read_says_nothing_about_what_is_gone(here):
    here.source.put(yesterdays())
    here.round()
    here.fetch()
    here.source.shelf.clear()
    here.source.unread = (Unread("createTime: missing"),)
    for _ in range(3):
        here.after(hours=1)
        here.round()
    assert [job.state for job in here.jobs()] == [State.WANTED]


def test_the_picture_of_a_record_that_grows_is_renewed_in_the_same_listing(here):
    here.source.put(a_listed("7"))
    here.round()
    here.fetch()
    grown = a_listed("7", signed="2", chapters=(Chapter("08:00"), Chapter("09:00")))
    here.source.put(grown)
    here.media.put(grown.picture.address, JPEG)
    here.round()
    here.fetch()
    assert [job.state for job in here.jobs()] == [State.ARCHIVED]


def test_a_picture_that_was_listed_before_it_was_there_is_fetched_by_the_same_address(here):
    listed = a_listed("7")
    here.source.put(listed)
    here.round()
    here.fetch()
    here.media.put(listed.picture.address, JPEG)
    here.round()
    here.fetch()
    assert [job.state for job in here.jobs()] == [State.ARCHIVED]


def test_a_host_that_lets_nobody_in_uses_up_few_calls(here):
    here.source.put(a_listed("7"))
    here.round()
    before, hours = len(here.source.asked), 10
    for signed in range(hours * 60):
        here.source.put(a_listed("7", signed=str(signed)))
        here.fetch()
        here.round()
        here.after(minutes=1)
    scheduled = 4 * hours
    assert len(here.source.asked) - before <= scheduled + 5
    assert [job.state for job in here.jobs()] in ([State.WANTED], [State.READY])


def test_the_day_that_is_renewed_is_the_one_under_which_the_record_is_listed(here):
    here.source.put(a_listed("7", created_at=NOON - timedelta(days=4), chapters=()))
    here.round()
    here.source.asked.clear()
    here.fetch()
    here.round()
    assert here.source.asked == [("front-door", "digest", TODAY)]


def test_a_renewal_that_nobody_can_list_stays_owed(here):
    here.source.put(a_listed("7"))
    here.round()
    known = here.services.cameras.cameras.pop("front-door")
    here.services.cameras.cameras["front-door"] = replace(known, sections={})
    here.fetch()
    (job,) = here.jobs()
    assert [debt.kind for debt in job.debts] == [DebtKind.RENEW]
    here.services.cameras.cameras["front-door"] = known
    here.after(seconds=121)
    here.fetch()
    (job,) = here.jobs()
    assert (job.debts, here.services.harvests.due()) == ((), {"imou": 1})


def test_a_listing_of_another_package_says_nothing_about_a_record():
    here = Harvesting("digest", "events")
    here.source.put(a_listed("7"))
    here.round()
    here.fetch()
    listing = here.source.listing

    def without_digests(camera, package, day, thorough):
        if package == "digest":
            raise Transient("vendor-error")
        yield from listing(camera, package, day)

    here.source.listing = without_digests
    here.after(hours=1)
    here.round()
    assert [job.state for job in here.jobs()] == [State.WANTED]


def test_a_picture_that_comes_later_than_its_record_is_fetched_all_the_same(here):
    here.source.put(replace(a_listed("7"), picture=None))
    here.round()
    assert here.jobs() == ()
    here.source.put(a_listed("7"))
    here.after(hours=1)
    here.round()
    (entry,), (job,) = here.entries(), here.jobs()
    assert (entry.revision, entry.jobs) == (1, (job.id,))


def test_what_could_not_be_told_is_told_by_the_bell_of_the_sweep(here):
    here.source.put(a_listed("7"))
    here.archive.away = True
    here.round()
    (entry,) = here.entries()
    assert (entry.revision, entry.told) == (1, 0)
    here.archive.away = False
    here.services.sweep.run()
    assert TELL in here.bells.rung
    tell(here.services, "control")
    (entry,) = here.entries()
    assert (entry.told, len(entry.jobs), len(here.jobs())) == (1, 1, 1)


def test_the_sweep_rings_for_what_is_due(here):
    here.services.sweep.run()
    assert here.bells.rung.count(bell("imou")) == 2


def test_rows_that_could_not_be_read_are_said_and_the_others_kept(here):
    here.source.put(a_listed("7"))
    here.source.unread = (Unread("recordId: missing"),)
    here.round()
    assert len(here.entries()) == 1
    assert "recordId: missing" in here.standing().detail
    held = here.services.quarantine.all("front-door")
    assert {fault.fault for _, fault in held} == {"recordId: missing"}
    here.source.unread = ()
    here.after(hours=6)
    here.round()
    assert {fault.day for _, fault in here.services.quarantine.all()}.isdisjoint(
        day for _, _, day in here.source.asked[-2:]
    )


@pytest.mark.parametrize("spoiled", ["{", "[]", '["x", 1]', "null"])
def test_a_rhythm_that_cannot_be_read_is_decided_anew_and_stops_no_harvest(here, spoiled):
    here.services.memory.swap("rhythm:imou", None, spoiled)
    here.source.put(a_listed("7"))
    here.round()
    assert len(here.entries()) == 1
    assert here.services.harvests.rhythm("imou").stretched == 1.0


def test_a_wish_of_days_lists_exactly_these(here):
    here.round()
    here.source.asked.clear()
    wished = here.services.harvests.wish("front-door", date(2026, 11, 1), date(2026, 11, 3))
    assert [standing.course(NOON) for _, standing in wished] == [Course.WANTED]
    here.round()
    assert here.source.asked == [("front-door", "digest", date(2026, 11, day)) for day in (1, 2, 3)]


def test_a_wish_without_days_lists_what_is_followed_at_once(here):
    here.round()
    here.source.asked.clear()
    here.services.harvests.wish()
    here.round()
    assert len(here.source.asked) == 4


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (("nowhere",), "camera"),
        (("sms-only",), "camera"),
        ((None, date(2026, 11, 3), date(2026, 11, 1)), "since"),
        ((None, date(2026, 11, 3), date(2026, 11, 21)), "until"),
        ((None, date(2026, 9, 19), date(2026, 11, 1)), "since"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_with_its_field(here, wish, field):
    with pytest.raises(Invalid) as refused:
        here.services.harvests.wish(*wish)
    assert refused.value.field == field


def test_without_a_schedule_only_wishes_are_harvested():
    here = Harvesting(HARVEST_EVERY="0")
    here.round()
    assert here.source.asked == []
    here.services.harvests.wish("front-door")
    here.round()
    assert here.source.asked == [("front-door", "digest", YESTERDAY), ("front-door", "digest", TODAY)]


def test_a_worker_that_died_costs_one_lease(here):
    here.services.harvests.wish("front-door", TODAY, TODAY)
    claim = here.services.harvests.take("imou", "dead")
    assert claim
    here.round()
    assert claim.subject.camera.name not in {camera for camera, _, _ in here.source.asked}
    here.after(seconds=121)
    here.round()
    assert claim.subject.camera.name in {camera for camera, _, _ in here.source.asked}


def test_a_worker_that_outlived_its_lease_changes_nothing(here):
    claim = here.services.harvests.take("imou", "slow")
    here.after(seconds=121)
    assert here.services.harvests.take("imou", "other")
    assert here.services.harvests.take("imou", "another")
    assert not here.services.harvests.beat(claim)
    before = here.standing(claim.subject.camera.name)
    here.services.harvests.failed(claim, "late", "")
    here.services.harvests.listed(claim, "c")
    assert here.standing(claim.subject.camera.name) == before


def test_a_vendor_whose_patience_is_used_up_is_asked_by_nobody_but_for_rare_probes(here):
    until = NOON + timedelta(days=9)
    spent = Transient("vendor-quota", "the month's calls", whose=Whose.VENDOR, answered=True, until=until)
    here.source.troubles, here.source.probes.then = {0: spent}, spent
    here.round()
    circuit = here.services.circuits.get("imou")
    assert (len(here.source.asked), circuit.open, circuit.code) == (1, True, "vendor-quota")
    here.after(hours=5)
    here.services.circuits.served("imou")  # by a worker that was in the midst of a listing
    here.round()
    assert (len(here.source.asked), here.source.probed) == (1, 0)
    here.after(hours=1)
    here.round()
    assert (len(here.source.asked), here.source.probed) == (1, 1)
    here.source.troubles, here.source.probes.then = {}, None
    here.after(hours=7)
    here.round()
    assert (here.standing().outcome, here.standing("back-door").outcome) == ("ok", "ok")


@pytest.mark.parametrize(
    "silence",
    [
        Transient("vendor-away", whose=Whose.VENDOR, asked=False),
        AnswerUnknown("answer-lost"),
        Transient("vendor-error", "500"),
    ],
    ids=["refused", "lost", "500"],
)
def test_a_vendor_that_gives_no_answer_of_its_own_opens_its_circuit(here, silence):
    here.source.troubles, here.source.probes.then = {0: silence}, away
    for _ in range(10):
        here.round()
        here.after(seconds=60)
    assert here.services.circuits.get("imou").open
    assert len(here.source.asked) <= 6


def test_a_worker_that_died_after_an_earlier_trouble_costs_one_lease_and_one_wait(here):
    here.services.harvests.wish("front-door", TODAY, TODAY)
    here.source.troubles = {0: Transient("vendor-error", answered=True)}
    here.round()
    here.source.troubles = {}
    here.after(seconds=20)
    assert here.services.harvests.take("imou", "dead")
    assert here.services.harvests.take("imou", "dead, too")
    for _ in range(12):
        here.after(seconds=30)
        here.round()
    assert (here.standing().outcome, here.standing("back-door").outcome) == ("ok", "ok")


def test_a_wish_for_the_day_that_is_being_listed_is_a_wish_for_another_listing(here):
    here.round()
    here.services.harvests.wish("front-door", TODAY, TODAY)
    claim = here.services.harvests.take("imou", "worker")
    here.services.harvests.wish("front-door", TODAY, TODAY)
    here.services.harvests.listed(claim, "c")
    assert here.services.harvests.due() == {"imou": 1}
    again = here.services.harvests.take("imou", "worker")
    here.services.harvests.listed(again, "c")
    assert here.services.harvests.due() == {}


def test_a_record_that_cannot_be_kept_leaves_its_day_wanted_and_the_others_kept(here):
    here.source.put(*(a_listed(str(number)) for number in range(4)))
    bad, upsert = a_listed("1").record.id, here.services.records.upsert

    def shaky(record, picture, media=None):
        if record.id == bad:
            raise Final("store-unreadable", "not ours")
        return upsert(record, picture)

    here.services.records.upsert = shaky
    here.round()
    assert len(here.entries()) == 3
    assert (here.standing().outcome, TODAY in here.standing().wanted) == ("store-unreadable", True)


def test_what_is_told_twice_at_once_leaves_the_newer_description(here):
    here.source.put(a_listed("7"))
    here.archive.away = True
    here.round()
    (stale,) = here.entries()
    here.archive.away = False
    here.source.put(a_listed("7", summary="newer"))
    here.after(hours=1)
    here.round()
    assert tell_one(here.services, stale)
    key = f"front-door/2026/11/20/record-{stale.record.id}.json"
    assert here.archive.description(key)["revision"] == 2


def test_a_record_that_is_told_again_after_its_picture_landed_knows_its_job(here):
    listed = a_listed("7")
    here.source.put(listed)
    here.media.put(listed.picture.address, JPEG)
    entry = here.services.records.upsert(listed.record, listed.picture)
    job = here.services.wishes.picture(entry)  # and the process died
    here.fetch()
    here.services.sweep.run()
    tell(here.services, "control")
    (entry,) = here.entries()
    assert (entry.jobs, entry.told, len(here.jobs())) == ((job.id,), 1, 1)


def test_how_a_harvest_stands_that_cannot_be_read_is_begun_anew(here):
    (subject,) = here.services.harvests.subjects("front-door")
    here.services.memory.swap(subject.key, None, '{"wanted": 7}')
    here.round()
    assert here.standing().outcome == "ok"


def test_days_that_are_too_old_are_not_wanted_for_ever(here):
    here.source.troubles = {0: Final("camera-refused")}
    for _ in range(80):
        here.round()
        here.after(days=1)
    assert len(here.standing().wanted) <= 63
