"""What makes two claims about a record the same, and what makes them differ."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.records import Chapter, content, digest, record_id
from tests.builders import NOON, a_record


@pytest.mark.parametrize(
    "volatile",
    [{"vendor_id": "other"}, {"expires_at": NOON}, {"facts": {"name": "Tür"}}, {"day": NOON.date()}],
    ids=lambda change: next(iter(change)),
)
def test_what_is_issued_anew_is_no_change(volatile):
    assert content(replace(a_record(), **volatile)) == content(a_record())


@pytest.mark.parametrize(
    "stable",
    [
        {"tags": ("车",)},
        {"summary": "另一句"},
        {"size": 1001},
        {"duration_seconds": 13.0},
        {"created_at": NOON},
        {"chapters": ()},
        {"chapters": (replace(a_record().chapters[0], summary="另一句"),)},
        {"chapters": (replace(a_record().chapters[0], updated_at=NOON),)},
        {"chapters": (*a_record().chapters, Chapter("09:00"))},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_stable_makes_a_revision(stable):
    assert content(replace(a_record(), **stable)) != content(a_record())


def test_an_id_is_one_of_camera_package_and_key():
    ids = {
        record_id(vendor, camera, package, key)
        for vendor in ("v", "w")
        for camera in ("a", "b")
        for package in ("p", "q")
        for key in ("1", "2")
    }
    assert len(ids) == 16
    assert all(len(each) == 20 for each in ids)


def test_a_readings_digest_does_not_depend_on_its_order():
    assert digest({"a": "1", "b": "2"}) == digest({"b": "2", "a": "1"})
    assert digest({"a": "1", "b": "2"}) != digest({"a": "2", "b": "1"})


def test_a_record_ends_after_it_begins():
    assert a_record(duration_seconds=None).end == a_record().created_at + timedelta(seconds=1)
    assert a_record(duration_seconds=12.0).end == a_record().created_at + timedelta(seconds=12)


def test_a_record_is_as_new_as_its_newest_chapter_but_never_absurdly_new():
    made = a_record().created_at
    assert replace(a_record(), chapters=()).latest_at == made
    assert a_record().latest_at == made + timedelta(hours=1)
    bogus = replace(a_record().chapters[0], updated_at=made + timedelta(days=9000))
    assert replace(a_record(), chapters=(bogus,)).latest_at == made + timedelta(days=2)
    absurd = replace(a_record(), created_at=NOON.replace(year=9999, month=12, day=31))
    assert absurd.latest_at.date() == a_record().day + timedelta(days=4)
