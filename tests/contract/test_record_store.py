"""What a record store promises, on memory, on the imitation of Redis and on a real server."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from random import Random
from threading import Barrier

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from shared.adapters.memory_records import MemoryRecordStore
from shared.adapters.record_store import RedisRecordStore
from shared.domain.descriptor import MediaDescriptor
from shared.domain.events import Sighting
from shared.domain.record_order import CURSOR, mark, place
from shared.domain.records import Chapter
from shared.errors import Final, Transient
from shared.ports import RecordQuery, RecordStore
from shared.sealing import Seal
from shared.signing import Keys
from tests.builders import NOON, TODAY, a_record

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PICTURE = Sighting("picture", "http://pictures.example/1?sign=s3cret")
SEAL = Seal(Keys(("a key of the tests",)))


@pytest.fixture(params=["memory", "fake", "real"])
def store(request: pytest.FixtureRequest, prefix: str) -> RecordStore:
    if request.param == "memory":
        return MemoryRecordStore()
    return RedisRecordStore(request.getfixturevalue(f"{request.param}_client"), prefix, SEAL)


@pytest.fixture
def real(real_client: redis.Redis, prefix: str) -> RedisRecordStore:
    return RedisRecordStore(real_client, prefix, SEAL)


def told(store: RecordStore, *records) -> None:
    for record in records:
        entry = store.upsert(record, None)
        store.acknowledge(record.id, entry.revision, [])


def vendor_ids(store: RecordStore, **query) -> list[str]:
    return [entry.record.vendor_id for entry in store.list(RecordQuery(**query)).entries]


def untold_ids(store: RecordStore, limit: int = 100) -> list[str]:
    return [entry.record.vendor_id for entry in store.untold(limit)]


@contextmanager
def each_call_counted(client: redis.Redis, command: str) -> Iterator[list[int]]:
    def calls() -> int:
        return client.info("commandstats").get(f"cmdstat_{command}", {"calls": 0})["calls"]

    before, counted = calls(), []
    yield counted
    counted.append(calls() - before)


# -- what is kept


def test_a_record_comes_back_as_it_was_listed(store):
    full = a_record(
        tags=("人", "车"),
        summary="一天",
        chapters=(Chapter("08:00"), Chapter("23:59", ("人",), "“又”一人\n", 3.5, NOON)),
        duration_seconds=None,
        size=None,
        expires_at=NOON + 30 * 24 * HOUR,
        facts={"name": "Tür 门", "empty": ""},
    )
    entry = store.upsert(full, PICTURE)
    assert (entry.record, entry.picture) == (full, PICTURE)
    assert (entry.revision, entry.told, entry.picture_key, entry.jobs) == (1, 0, None, ())
    assert store.load(full.id) == entry
    assert store.list(RecordQuery()).entries == store.untold(9) == (entry,)


def test_what_was_never_listed_is_none_and_cannot_be_acknowledged_or_linked(store):
    record_id = a_record("0").id
    store.acknowledge(record_id, 1, ["job"])
    store.link(record_id, "key")
    store.close(record_id, "job")
    store.film(record_id, "job")
    assert (store.load(record_id), store.media(record_id)) == (None, None)
    assert store.untold(9) == store.list(RecordQuery()).entries == ()
    entry = store.upsert(a_record("0"), None)
    assert (entry.jobs, entry.picture_key) == ((), None)


# -- revisions


def test_the_same_listing_again_is_the_same_revision(store):
    assert [store.upsert(a_record(), PICTURE).revision for _ in range(3)] == [1, 1, 1]
    assert untold_ids(store) == ["1"]


def test_what_is_issued_anew_is_kept_up_to_date_without_a_revision(store):
    store.upsert(a_record(), PICTURE)
    store.acknowledge(a_record().id, 1, ["job"])
    store.link(a_record().id, "key")
    anew = a_record(vendor_id="other", expires_at=NOON + HOUR, facts={"name": "Tür"})
    address = Sighting("picture", "http://pictures.example/2")
    entry = store.upsert(anew, address)
    assert (entry.record, entry.picture, entry.revision, entry.told) == (anew, address, 1, 1)
    assert (entry.jobs, entry.picture_key) == (("job",), "key")
    assert store.load(anew.id) == entry
    assert store.untold(9) == ()


def test_other_content_is_another_revision_which_is_to_be_told(store):
    first = store.upsert(a_record(), PICTURE)
    store.acknowledge(first.record.id, 1, ["job"])
    entry = store.upsert(a_record(summary="又一人"), PICTURE)
    assert (entry.revision, entry.told, entry.jobs) == (2, 1, ("job",))
    assert store.untold(9) == (entry,)


def test_content_that_comes_back_is_another_revision_all_the_same(store):
    revisions = [store.upsert(a_record(summary=each), None).revision for each in ("a", "b", "a")]
    assert revisions == [1, 2, 3]


def test_a_listing_without_a_picture_does_not_take_a_known_one_away(store):
    store.upsert(a_record(), PICTURE)
    assert store.upsert(a_record(), None).picture == PICTURE
    assert store.upsert(a_record(summary="grown"), None).picture == PICTURE
    assert store.load(a_record().id).picture == PICTURE


def test_a_picture_may_come_later_than_its_record_and_is_no_revision(store):
    assert store.upsert(a_record(), None).picture is None
    entry = store.upsert(a_record(), PICTURE)
    assert (entry.revision, entry.picture) == (1, PICTURE)


def test_a_picture_that_landed_is_known_by_its_key(store):
    store.upsert(a_record(), PICTURE)
    for _ in range(2):
        store.link(a_record().id, "front-door/2026/11/20/a.jpg")
    entry = store.load(a_record().id)
    assert (entry.picture_key, entry.picture, entry.revision) == ("front-door/2026/11/20/a.jpg", PICTURE, 1)
    assert store.upsert(a_record(summary="grown"), PICTURE).picture_key == "front-door/2026/11/20/a.jpg"


# -- telling


def test_what_waits_is_handed_out_again_and_again_the_longest_waiting_first(store):
    for key in ("3", "1", "2"):
        store.upsert(a_record(key), None)
    assert untold_ids(store) == untold_ids(store) == ["3", "1", "2"]
    assert untold_ids(store, 2) == ["3", "1"]


def test_a_further_revision_keeps_the_place_of_the_first_that_waits(store):
    for key in ("1", "2", "3"):
        store.upsert(a_record(key), None)
    store.upsert(a_record("1", summary="grown"), None)
    assert untold_ids(store) == ["1", "2", "3"]
    store.acknowledge(a_record("2").id, 1, [])
    store.upsert(a_record("2", summary="grown"), None)
    assert untold_ids(store) == ["1", "3", "2"]


def test_an_acknowledged_revision_waits_no_more_and_its_jobs_are_known(store):
    store.upsert(a_record(), None)
    store.acknowledge(a_record().id, 1, ["b", "a"])
    entry = store.load(a_record().id)
    assert (entry.told, entry.jobs, store.untold(9)) == (1, ("b", "a"), ())


def test_jobs_are_added_in_order_and_never_doubled(store):
    store.upsert(a_record(), None)
    for jobs in (["job"], ["job", "job2"], [], ["job2", "ob", "job"]):
        store.acknowledge(a_record().id, 1, jobs)
    assert store.load(a_record().id).jobs == ("job", "job2", "ob")


def test_a_revision_that_came_while_another_was_told_stays_to_be_told(store):
    store.upsert(a_record(), None)
    store.upsert(a_record(summary="grown"), None)
    store.acknowledge(a_record().id, 1, ["job"])
    assert [(entry.revision, entry.told) for entry in store.untold(9)] == [(2, 1)]
    store.acknowledge(a_record().id, 2, ["job"])
    assert store.untold(9) == ()


def test_an_acknowledgement_that_comes_late_takes_nothing_back(store):
    store.upsert(a_record(), None)
    store.upsert(a_record(summary="grown"), None)
    store.acknowledge(a_record().id, 2, ["job"])
    store.acknowledge(a_record().id, 1, ["older"])
    entry = store.load(a_record().id)
    assert (entry.told, entry.jobs, store.untold(9)) == (2, ("job", "older"), ())


def test_each_call_that_is_sent_again_is_the_same_as_once(store):
    def twice(call, *arguments):
        first = call(*arguments)
        before = store.load(a_record().id), store.untold(9), store.list(RecordQuery())
        assert call(*arguments) == first
        assert (store.load(a_record().id), store.untold(9), store.list(RecordQuery())) == before

    twice(store.upsert, a_record(), PICTURE)
    twice(store.upsert, a_record(summary="grown", created_at=NOON), PICTURE)
    twice(store.acknowledge, a_record().id, 1, ["job"])
    twice(store.link, a_record().id, "key")
    twice(store.acknowledge, a_record().id, 2, ["job", "follow"])
    twice(store.close, a_record().id, "closing")
    twice(store.film, a_record().id, "video")
    assert (store.forget(NOON + HOUR, 9), store.forget(NOON + HOUR, 9)) == (1, 0)


# -- the picture of the closed day, and the media


def test_the_first_job_that_is_named_for_the_picture_of_the_closed_day_stays(store):
    store.upsert(a_record(), PICTURE)
    store.acknowledge(a_record().id, 1, ["first"])
    assert store.load(a_record().id).closing is None
    for job in ("second", "third"):
        store.close(a_record().id, job)
    entry = store.upsert(a_record(summary="grown"), PICTURE)
    assert (entry.closing, entry.jobs, entry.told) == ("second", ("first", "second"), 1)
    store.acknowledge(a_record().id, 2, ["first"])
    assert store.load(a_record().id).jobs == ("first", "second")


def test_a_first_picture_may_be_that_of_the_closed_day_too(store):
    store.upsert(a_record(), PICTURE)
    store.acknowledge(a_record().id, 1, ["first"])
    store.close(a_record().id, "first")
    entry = store.load(a_record().id)
    assert (entry.closing, entry.jobs) == ("first", ("first",))


def test_the_first_job_that_is_named_for_the_video_stays_and_is_not_the_one_of_the_picture(store):
    store.upsert(a_record(), PICTURE)
    assert store.load(a_record().id).video is None
    store.close(a_record().id, "closing")
    for job in ("video", "another"):
        store.film(a_record().id, job)
    entry = store.upsert(a_record(summary="grown"), PICTURE)
    assert (entry.video, entry.closing, entry.jobs) == ("video", "closing", ("closing", "video"))


def test_a_media_descriptor_is_kept_up_to_date_and_leaves_with_its_record(store):
    assert store.media(a_record().id) is None
    store.upsert(a_record(), None)
    assert store.media(a_record().id) is None
    store.upsert(a_record(), None, MediaDescriptor({"key": "old"}))
    newer = MediaDescriptor({"key": "s3cret", "path": "门|2"}, NOON)
    assert store.upsert(a_record(), None, newer).revision == 1
    store.upsert(a_record(), None)
    assert store.media(a_record().id) == newer
    told(store, a_record())
    assert store.forget(NOON + DAY, 9) == 1
    assert store.media(a_record().id) is None


def test_a_descriptor_lies_sealed_and_one_that_cannot_be_read_counts_as_absent(
    real, real_client: redis.Redis, prefix: str
):
    real.upsert(a_record(), None, MediaDescriptor({"key": "s3cret"}, NOON))
    kept = real_client.hgetall(f"{prefix}record:{a_record().id}")
    assert kept["media"]
    assert "s3cret" not in str(kept)
    rotated = RedisRecordStore(real_client, prefix, Seal(Keys(("a new key",))))
    assert rotated.media(a_record().id) is None
    for content in ("no seal", SEAL.close("no json"), SEAL.close('{"fields": 7}')):
        real_client.hset(f"{prefix}record:{a_record().id}", "media", content)
        assert real.media(a_record().id) is None


# -- listing


def test_records_are_listed_newest_first_in_pages_that_lose_none(store):
    """Many were created at the same instant, and no page ends between two instants."""
    made = [a_record(str(n), created_at=NOON - timedelta(microseconds=n // 4)) for n in range(22)]
    for record in reversed(made):
        store.upsert(record, None)
    expected = [record.vendor_id for record in sorted(made, key=place, reverse=True)]
    listed, cursor = [], None
    for _ in range(5):
        page = store.list(RecordQuery(limit=5, before=cursor))
        listed += [entry.record.vendor_id for entry in page.entries]
        cursor = page.next
        assert cursor is None or CURSOR.fullmatch(cursor)
    assert (listed, cursor) == (expected, None)


@pytest.mark.parametrize("limit", [1, 3, 4, 100])
def test_a_page_that_ends_with_the_last_record_has_no_next(store, limit):
    for number in range(3):
        store.upsert(a_record(str(number), created_at=NOON + number * HOUR), None)
    page = store.list(RecordQuery(limit=limit))
    assert len(page.entries) == min(limit, 3)
    assert (page.next is None) == (limit >= 3)


def test_records_are_filtered_by_what_is_asked_for(store):
    for record in (
        a_record("1", created_at=NOON),
        a_record("2", created_at=NOON + HOUR, tags=("车",), chapters=()),
        a_record("3", created_at=NOON + 2 * HOUR, camera="back-door"),
        a_record("4", created_at=NOON + 3 * HOUR, day=date(2026, 11, 19), summary="A Person At The DOOR"),
    ):
        store.upsert(record, None)
    assert vendor_ids(store) == ["4", "3", "2", "1"]
    assert vendor_ids(store, camera="front-door") == ["4", "2", "1"]
    assert vendor_ids(store, camera="nowhere") == []
    assert vendor_ids(store, day=TODAY) == ["3", "2", "1"]
    assert vendor_ids(store, tag="车") == ["2"]
    assert vendor_ids(store, tag="人") == ["4", "3", "1"]
    assert vendor_ids(store, text="at the door") == ["4"]
    assert vendor_ids(store, text="走过") == ["4", "3", "1"]
    assert vendor_ids(store, start=NOON + HOUR) == ["4", "3", "2"]
    assert vendor_ids(store, end=NOON + 2 * HOUR) == ["2", "1"]
    assert vendor_ids(store, camera="front-door", start=NOON, end=NOON + HOUR, tag="人") == ["1"]
    assert vendor_ids(store, start=NOON + HOUR, end=NOON) == []
    later = replace(a_record("1", created_at=NOON), created_at=NOON.astimezone(timezone(8 * HOUR)))
    assert vendor_ids(store, start=later.created_at, end=later.created_at + HOUR) == ["1"]


def test_filters_and_pages_go_together_however_rare_what_is_wanted_is(store):
    for number in range(120):
        rare = ("车",) if number % 40 == 7 else ("人",)
        store.upsert(
            a_record(str(number), created_at=NOON + number * HOUR, tags=rare, chapters=()),
            None,
        )
    first = store.list(RecordQuery(tag="车", limit=2))
    assert [entry.record.vendor_id for entry in first.entries] == ["87", "47"]
    rest = store.list(RecordQuery(tag="车", limit=2, before=first.next))
    assert ([entry.record.vendor_id for entry in rest.entries], rest.next) == (["7"], None)
    bounded = store.list(RecordQuery(end=NOON + 60 * HOUR, before=first.next, limit=1))
    assert bounded.entries[0].record.vendor_id == "46"


def test_a_record_that_was_created_elsewhen_than_was_said_moves_and_is_not_doubled(store):
    store.upsert(a_record("1", created_at=NOON), None)
    store.upsert(a_record("2", created_at=NOON + HOUR), None)
    store.upsert(a_record("1", created_at=NOON + 2 * HOUR), None)
    assert vendor_ids(store) == vendor_ids(store, camera="front-door") == ["1", "2"]
    told(store, a_record("1", created_at=NOON + 2 * HOUR), a_record("2", created_at=NOON + HOUR))
    assert store.forget(NOON + 2 * HOUR, 9) == 1
    assert vendor_ids(store) == ["1"]


# -- forgetting


def test_what_was_told_and_is_old_is_forgotten_wholly_the_oldest_first(store):
    told(store, *(a_record(str(n), created_at=NOON + n * HOUR) for n in (3, 0, 2, 1)))
    assert store.forget(NOON + 3 * HOUR, 2) == 2
    assert vendor_ids(store) == vendor_ids(store, camera="front-door") == ["3", "2"]
    assert store.load(a_record("0").id) is None
    assert store.forget(NOON + 3 * HOUR, 2) == 1
    assert store.forget(NOON + 3 * HOUR, 2) == 0
    assert vendor_ids(store) == ["3"]


def test_what_nobody_was_told_of_is_not_forgotten_and_keeps_nobody_behind_it(store):
    for number in range(5):
        store.upsert(a_record(str(number), created_at=NOON), None)
    told(store, a_record("6", created_at=NOON + HOUR), a_record("7", created_at=NOON + HOUR))
    store.upsert(a_record("7", created_at=NOON + HOUR, summary="grown"), None)
    assert store.forget(NOON + 2 * HOUR, 2) == 1
    assert sorted(vendor_ids(store)) == ["0", "1", "2", "3", "4", "7"]


def test_a_record_that_is_listed_after_it_was_forgotten_is_new(store):
    told(store, a_record(), a_record(summary="grown"))
    store.forget(NOON, 9)
    entry = store.upsert(a_record(), None)
    assert (entry.revision, entry.told, entry.jobs, untold_ids(store)) == (1, 0, (), ["1"])


def test_nothing_of_a_forgotten_record_stays_on_the_server(real, real_client, prefix):
    told(real, a_record("1"), a_record("2", camera="back-door"))
    real.upsert(a_record("1"), PICTURE)
    real.link(a_record("1").id, "key")
    assert real.forget(NOON, 9) == 2
    assert list(real_client.scan_iter(f"{prefix}*")) == []


# -- many at once


def test_of_many_who_list_the_same_at_once_each_revision_is_made_once(store):
    """Eight readers of the same fifty records; those that grow, grow for all of them alike."""
    start = Barrier(8)

    def reads(_: int) -> list[int]:
        start.wait()
        return [store.upsert(a_record(str(n)), PICTURE).revision for n in range(50)]

    with ThreadPoolExecutor(8) as threads:
        revisions = list(threads.map(reads, range(8)))
    assert revisions == [[1] * 50] * 8
    assert sorted(untold_ids(store), key=int) == [str(n) for n in range(50)]
    assert len(vendor_ids(store, limit=100)) == 50


def test_of_many_who_see_a_record_grow_at_once_each_growth_is_one_revision(store):
    store.upsert(a_record(), None)
    start = Barrier(8)

    def grows(number: int) -> int:
        start.wait()
        return store.upsert(a_record(summary=f"grown {number}"), None).revision

    with ThreadPoolExecutor(8) as threads:
        revisions = list(threads.map(grows, range(8)))
    assert sorted(revisions) == list(range(2, 10))
    assert store.load(a_record().id).revision == 9
    assert len(store.untold(9)) == 1


def test_jobs_that_many_acknowledge_at_once_are_all_known(store):
    store.upsert(a_record(), None)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: store.acknowledge(a_record().id, 1, [f"job{n // 2}"]), range(40)))
    assert sorted(store.load(a_record().id).jobs) == sorted(f"job{n}" for n in range(20))


# -- the twin and the real one


def test_whatever_is_done_in_whatever_order_the_twin_and_the_server_agree(real):
    chance, twin = Random(20261120), MemoryRecordStore()

    def both(what, *arguments):
        answers = getattr(twin, what)(*arguments), getattr(real, what)(*arguments)
        assert answers[0] == answers[1], (what, arguments)
        return answers[0]

    for _ in range(400):
        now = NOON + chance.randrange(6) * HOUR
        record = a_record(str(chance.randrange(8)), summary=chance.choice("ab"), created_at=now)
        known = both("load", record.id)
        revision = chance.randint(1, known.revision) if known else 1
        acts = [
            ("upsert", record, chance.choice([None, PICTURE])),
            ("acknowledge", record.id, revision, [chance.choice("xyz")]),
            ("link", record.id, chance.choice("kl")),
            ("forget", now, 1),
        ]
        both(*chance.choices(acts, [5, 5, 1, 1])[0])
        both("untold", 5)
        both("list", RecordQuery(limit=5))


# -- what only Redis has to promise


def test_no_address_of_a_picture_lies_open_on_the_server(real, real_client, prefix):
    record = a_record()
    real.upsert(record, PICTURE)
    real.upsert(replace(record, summary="grown"), PICTURE)
    stored = real_client.hgetall(f"{prefix}record:{record.id}")
    assert SEAL.open(stored["address"]) == PICTURE.address
    assert "s3cret" not in str(stored)
    assert "pictures.example" not in str(stored)
    assert sorted(real_client.scan_iter(f"{prefix}*")) == sorted(
        prefix + key for key in (f"record:{record.id}", "records", "records:front-door", "untold")
    )


def test_an_address_under_a_key_no_longer_in_force_counts_as_absent_until_it_is_listed_again(
    real, real_client, prefix
):
    real.upsert(a_record(), PICTURE)
    rotated = RedisRecordStore(real_client, prefix, Seal(Keys(("a new key",))))
    assert rotated.load(a_record().id).picture is None
    assert rotated.upsert(a_record(), None).picture is None
    assert rotated.upsert(a_record(), PICTURE).picture == PICTURE


def test_a_document_that_cannot_be_read_names_its_record_and_is_mended_by_the_next_listing(
    real, real_client, prefix
):
    record = a_record()
    real.upsert(record, None)
    real_client.hset(f"{prefix}record:{record.id}", "doc", '{"id": 7')
    for look in (lambda: real.load(record.id), lambda: real.list(RecordQuery())):
        with pytest.raises(Final) as trouble:
            look()
        assert trouble.value.code == "store-unreadable"
        assert record.id in trouble.value.detail
    assert real.upsert(record, None).record == record
    assert real.load(record.id).record == record


def test_a_document_that_cannot_be_read_keeps_no_other_from_being_told(real, real_client, prefix, caplog):
    for key in ("1", "2", "3"):
        real.upsert(a_record(key), None)
    real_client.hset(f"{prefix}record:{a_record('1').id}", "doc", '{"id": 7')
    assert untold_ids(real, 1) == ["2"]
    assert untold_ids(real, 9) == ["2", "3"]
    assert {(line.record, line.code) for line in caplog.records} == {(a_record("1").id, "store-unreadable")}


def test_the_cost_of_a_page_does_not_grow_with_what_is_not_on_it(real, real_client):
    for number in range(60):
        made = NOON + number * DAY
        real.upsert(a_record(str(number), created_at=made, day=made.date()), None)
        real.upsert(a_record(str(number), camera="back-door"), None)
    with each_call_counted(real_client, "hmget") as looked_at:
        assert len(real.list(RecordQuery(camera="back-door", limit=5)).entries) == 5
        assert len(real.list(RecordQuery(end=NOON + 9 * DAY, start=NOON, limit=5)).entries) == 5
        assert len(real.list(RecordQuery(start=NOON + 58 * DAY, limit=5)).entries) == 2
    assert looked_at[0] < 25


class CountingSeal(Seal):
    """Counts what it opens."""

    opened = 0

    def open(self, sealed):
        self.opened += 1
        return super().open(sealed)


def test_a_list_opens_the_addresses_of_what_it_returns_alone(real_client, prefix):
    seal = CountingSeal(Keys(("a key of the tests",)))
    store = RedisRecordStore(real_client, prefix, seal)
    for number in range(40):
        rare = ("车",) if number % 10 == 7 else ("人",)
        record = a_record(str(number), created_at=NOON + number * HOUR, tags=rare, chapters=())
        store.upsert(record, PICTURE)
    seal.opened = 0
    page = store.list(RecordQuery(tag="车", limit=3))
    assert [entry.picture for entry in page.entries] == [PICTURE] * 3
    assert page.next
    assert seal.opened == 3


def test_a_server_that_is_away_is_trouble_that_passes():
    at_once = Retry(NoBackoff(), 0)
    client = redis.Redis(unix_socket_path="/nowhere/redis.sock", retry=at_once, decode_responses=True)
    store = RedisRecordStore(client, "{p}:", SEAL)
    for ask in (
        lambda: store.upsert(a_record(), PICTURE),
        lambda: store.untold(1),
        lambda: store.acknowledge("id", 1, []),
        lambda: store.link("id", "key"),
        lambda: store.load("id"),
        lambda: store.list(RecordQuery()),
        lambda: store.forget(NOON, 1),
    ):
        with pytest.raises(Transient) as trouble:
            ask()
        assert trouble.value.code == "store-away"


# -- the order


def test_places_sort_as_instants_do_and_are_cursors():
    instants = [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(999, 12, 31, tzinfo=UTC),
        datetime(1969, 12, 31, 16, tzinfo=UTC),
        NOON,
        NOON + timedelta(microseconds=1),
        NOON + timedelta(seconds=1),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ]
    places = [place(a_record(created_at=instant)) for instant in instants]
    assert places == sorted(places)
    assert all(CURSOR.fullmatch(each) for each in places)
    assert mark(NOON) == mark(NOON.astimezone(timezone(8 * HOUR))) < places[3] < mark(instants[4])
    for wrong in ("", places[3][:-1], places[3] + "\n", "(" + places[3], "+", "-", places[3].upper() + "Z"):
        assert not CURSOR.fullmatch(wrong)
