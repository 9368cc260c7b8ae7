"""Rows that could not be read stay until a whole listing of their day has none, and never too many of them."""

from datetime import date, timedelta

import pytest

from shared.adapters.memory import HandClock, ListQueue, MemoryCameras, MemoryShared
from shared.domain.retries import Backoff
from shared.harvests import Harvests
from shared.ports import Unread
from shared.quarantine import MOST, Quarantine
from tests.builders import NOON, a_camera
from tests.stand_ins import StandInRecords

DAY, OTHER = date(2026, 11, 20), date(2026, 11, 19)
BROKEN = Unread("createTime: is no time of this century", '{"recordId": "7"}')


@pytest.fixture
def clock():
    return HandClock(NOON)


@pytest.fixture
def harvests(clock):
    cameras = MemoryCameras(
        a_camera("yard", sections={"imou": object()}), a_camera("door", sections={"imou": object()})
    )
    sources = {"imou": StandInRecords("digest")}
    hour = timedelta(hours=1)
    return Harvests(
        MemoryShared(clock), cameras, sources, ListQueue(), clock.now, hour, hour, Backoff(hour, hour)
    )


@pytest.fixture
def quarantine(harvests, clock):
    return Quarantine(harvests.memory, harvests, clock.now)


@pytest.fixture
def yard(harvests):
    return next(harvests.subjects("yard"))


def faults(quarantine, camera=None):
    return [(subject.camera.name, held.day, held.fault) for subject, held in quarantine.all(camera)]


def test_what_is_found_again_keeps_the_time_at_which_it_was_found_first(quarantine, yard, clock):
    other = Unread("createTime: is no time of this century", '{"recordId": "8"}')
    quarantine.listed(yard, DAY, [BROKEN])
    clock.move(timedelta(hours=1))
    quarantine.listed(yard, DAY, [BROKEN, other])
    assert [(held.row, held.at) for _, held in quarantine.all()] == [
        (other.row, NOON + timedelta(hours=1)),
        (BROKEN.row, NOON),
    ]


def test_what_could_not_be_read_is_held_with_its_day_and_time(quarantine, yard, clock):
    quarantine.listed(yard, DAY, [BROKEN])
    ((subject, held),) = quarantine.all()
    assert (subject.camera.name, held.day, held.at, held.fault, held.row) == (
        "yard",
        DAY,
        clock.now(),
        BROKEN.fault,
        BROKEN.row,
    )


def test_the_next_whole_listing_of_the_day_says_anew_what_is_held(quarantine, yard):
    quarantine.listed(yard, OTHER, [Unread("other")])
    quarantine.listed(yard, DAY, [BROKEN, Unread("second")])
    quarantine.listed(yard, DAY, [Unread("second")])
    assert faults(quarantine) == [("yard", OTHER, "other"), ("yard", DAY, "second")]
    quarantine.listed(yard, DAY, [])
    quarantine.listed(yard, OTHER, [])
    assert faults(quarantine) == []
    assert quarantine.memory.get("quarantine:imou:yard:digest") is None


def test_the_newest_come_first_and_one_camera_can_be_asked_for(quarantine, harvests, yard, clock):
    (door,) = harvests.subjects("door")
    quarantine.listed(yard, DAY, [Unread("older")])
    clock.move(timedelta(minutes=1))
    quarantine.listed(door, DAY, [Unread("newer")])
    assert [fault for _, _, fault in faults(quarantine)] == ["newer", "older"]
    assert [fault for _, _, fault in faults(quarantine, "yard")] == ["older"]


def test_only_the_newest_of_many_are_held(quarantine, yard):
    quarantine.listed(yard, OTHER, [Unread(f"old {number}") for number in range(MOST)])
    quarantine.listed(yard, DAY, [Unread(f"new {number}") for number in range(MOST - 1)])
    kept = [fault for _, _, fault in faults(quarantine)]
    assert len(kept) == MOST
    assert kept.count(f"old {MOST - 1}") == 1


def test_a_spoiled_document_is_as_if_nothing_were_held(quarantine, yard):
    quarantine.memory.swap("quarantine:imou:yard:digest", None, "{", timedelta(days=1))
    assert faults(quarantine) == []
    quarantine.listed(yard, DAY, [BROKEN])
    assert len(faults(quarantine)) == 1
