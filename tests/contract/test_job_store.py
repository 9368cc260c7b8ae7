"""What a job store promises, on memory, on the imitation of Redis and on a real server."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest
import redis

from shared.adapters.memory import HandClock, ListQueue, MemoryCameras, MemoryJobStore
from shared.adapters.redis_store import RedisJobStore
from shared.domain import events as e
from shared.domain.events import Sighting
from shared.domain.job import LIVE, DebtKind, File, FileState, Job, Kind, Lease, Origin, State, Window
from shared.domain.lifecycle import Moved, Stayed
from shared.domain.rules.moving import Late
from shared.errors import Final, GleanerError, NotFound, Transient, Whose
from shared.ledger import Ledger, NoRoom
from shared.ports import CALLBACKS_KEPT, Callback, Change, JobStore, Query, Result, Snapshot
from shared.sealing import Seal
from shared.signing import Keys
from tests.builders import DEVICE, NOON, POLICY, a_camera, a_job, a_window, services
from tests.domain.tale import an_asset

SECOND = timedelta(seconds=1)
SIGNED = "http://media.example/clip.mp4?sign=s3cret"
SEAL = Seal(Keys(("a key of the tests",)))


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOON)


@pytest.fixture(params=["memory", "fake", "real"])
def store(request: pytest.FixtureRequest, clock: HandClock, prefix: str) -> JobStore:
    if request.param == "memory":
        return MemoryJobStore(clock)
    client = request.getfixturevalue(f"{request.param}_client")
    return RedisJobStore(client, prefix, clock=clock, seal=SEAL)


@pytest.fixture
def ledger(store: JobStore) -> Ledger:
    return Ledger(store, ListQueue(), POLICY)


@pytest.fixture
def claim(ledger: Ledger, clock: HandClock) -> Callable[[str], object]:
    def _claim(job_id: str) -> object:
        return ledger.record(
            job_id, e.PrepareStarted(Lease("w", clock.now() + timedelta(minutes=2)), (DEVICE,))
        )

    return _claim


def _changed(ledger: Ledger, store: JobStore, job_id: str, **fields: object) -> Change:
    found = store.load(job_id)
    assert found
    return replace(ledger._commit(found.job, found.version, store.history(job_id)[-1]), **fields)  # type: ignore[arg-type]


def test_a_job_comes_back_as_it_was_saved(ledger: Ledger, store: JobStore) -> None:
    job = ledger.create(a_job(detail="智见", parent="p"))
    assert job
    found = store.load(job.id)
    assert found
    assert found.job == job
    assert found.version == 1
    assert found.now == NOON


def test_an_unknown_job_is_none_and_recording_on_it_is_an_error(ledger: Ledger, store: JobStore) -> None:
    assert store.load("nobody") is None
    assert store.history("nobody") == ()
    with pytest.raises(NotFound):
        ledger.record("nobody", e.CancelRequested())


def test_the_same_wish_is_saved_once(ledger: Ledger, store: JobStore) -> None:
    first = a_job()
    assert ledger.create(first)
    assert ledger.create(a_job(wish=first.wish)) is None
    assert store.find(first.wish) == first.id
    assert store.find("other") is None


def test_a_stale_version_is_a_conflict_and_changes_nothing(ledger: Ledger, store: JobStore) -> None:
    job = a_job()
    ledger.create(job)
    stale = _changed(ledger, store, job.id, commit="c" * 32)
    ledger.record(job.id, e.HoldRequested())
    before = store.load(job.id), store.history(job.id)
    assert store.commit(stale) == Result.CONFLICT
    assert (store.load(job.id), store.history(job.id)) == before


def test_a_change_that_is_sent_again_is_saved_once(ledger: Ledger, store: JobStore) -> None:
    job = a_job()
    ledger.create(job)
    change = _changed(ledger, store, job.id, commit="d" * 32)
    assert [store.commit(change), store.commit(change)] == [Result.SAVED, Result.SAVED]
    found = store.load(job.id)
    assert found
    assert found.version == 2


def test_a_change_that_is_sent_again_after_others_is_still_known(ledger: Ledger, store: JobStore) -> None:
    job = a_job()
    ledger.create(job)
    change = _changed(ledger, store, job.id, commit="d" * 32)
    store.commit(change)
    for event in (e.HoldRequested(), e.ReleaseRequested(), e.HoldRequested()):
        ledger.record(job.id, event)
    assert store.commit(change) == Result.SAVED
    found = store.load(job.id)
    assert found
    assert found.job.on_hold


def test_exactly_what_is_due_can_be_taken_most_urgent_first(
    ledger: Ledger, store: JobStore, clock: HandClock
) -> None:
    late, soon = a_job(lanes=()), a_job(lanes=(), usable_until=NOON + timedelta(days=1))
    waiting = a_job(lanes=(), retry_at=NOON + SECOND)
    for job in (late, soon, waiting):
        ledger.create(job)
    assert [store.take("sms") for _ in range(3)] == [soon.id, late.id, None]
    clock.move(SECOND)
    assert store.overdue(10).waiting == {"sms": 3}
    assert {store.take("sms") for _ in range(3)} == {soon.id, late.id, waiting.id}


def test_only_one_worker_gets_the_room_of_a_lane(
    ledger: Ledger, store: JobStore, claim: Callable[[str], object]
) -> None:
    one, two = a_job(), a_job()
    ledger.create(one), ledger.create(two)
    assert isinstance(claim(one.id), Moved)
    assert isinstance(claim(two.id), NoRoom)
    lane = store.lane(DEVICE.name)
    assert lane.runners == {one.id: "1:"}
    assert lane.waiting == 1
    found = store.load(two.id)
    assert found
    assert found.job.state == State.WANTED
    assert found.version == 1


def test_a_waiter_that_was_given_a_place_and_cancelled_gives_it_to_the_next(
    ledger: Ledger, store: JobStore, claim: Callable[[str], object]
) -> None:
    jobs = [a_job(created_at=NOON + n * SECOND, updated_at=NOON) for n in range(3)]
    for job in jobs:
        ledger.create(job)
    claim(store.take("sms") or "")
    ledger.record(jobs[0].id, e.CancelRequested())
    assert store.take("sms") == jobs[1].id
    assert store.take("sms") is None
    ledger.record(jobs[1].id, e.CancelRequested())
    assert store.take("sms") == jobs[2].id


def test_a_closed_lane_is_asked_once_it_opens(ledger: Ledger, store: JobStore, clock: HandClock) -> None:
    one, two = a_job(), a_job()
    ledger.create(one), ledger.create(two)
    lease = Lease("w", clock.now() + timedelta(minutes=2))
    ledger.record(store.take("sms") or "", e.PrepareStarted(lease, (DEVICE,)))
    busy = e.Postponed("device-busy", attempt=1, asked=True, wait=30 * SECOND, lane=DEVICE.name)
    ledger.record(one.id, busy)
    assert store.take("sms") is None
    assert isinstance(ledger.record(two.id, e.PrepareStarted(lease, (DEVICE,))), NoRoom)
    assert store.lane(DEVICE.name).not_before == NOON + 30 * SECOND
    clock.move(29 * SECOND)
    assert store.overdue(10).waiting == {}
    assert store.take("sms") is None
    clock.move(SECOND)
    assert store.overdue(10).waiting == {"sms": 1}
    assert store.take("sms") == one.id


def test_news_of_a_running_download_takes_its_place_even_where_there_is_none(
    ledger: Ledger, store: JobStore, claim: Callable[[str], object]
) -> None:
    one, two = a_job(), a_job()
    ledger.create(one), ledger.create(two)
    claim(one.id)
    assert isinstance(ledger.record(two.id, e.Submitted(1, "s")), Moved)
    assert store.lane(DEVICE.name).runners.keys() == {one.id, two.id}
    assert store.lane(DEVICE.name).holds("s", but=one.id)
    assert not store.lane(DEVICE.name).holds("s", but=two.id)


def test_live_jobs_are_overdue_once_their_clock_runs_out(
    ledger: Ledger, store: JobStore, clock: HandClock, claim: Callable[[str], object]
) -> None:
    job = a_job()
    ledger.create(job)
    claim(job.id)
    assert store.overdue(10).jobs == ()
    assert store.overdue_seconds() == 0
    clock.move(timedelta(minutes=3))
    assert store.overdue(10).jobs == (job.id,)
    assert store.overdue_seconds() == 60
    ledger.record(job.id, e.CancelRequested())
    assert store.overdue(10).jobs == ()
    assert store.overdue_seconds() == 0


def test_a_wish_too_old_is_for_its_clock_and_not_for_a_queue(
    ledger: Ledger, store: JobStore, clock: HandClock
) -> None:
    job = a_job(give_up_at=NOON + SECOND)
    ledger.create(job)
    store.take("sms")
    clock.move(SECOND)
    assert store.overdue(10).jobs == (job.id,)


def test_a_job_that_was_taken_and_never_claimed_is_offered_again(ledger: Ledger, store: JobStore) -> None:
    job = a_job()
    ledger.create(job)
    assert store.take("sms") == job.id
    assert store.take("sms") is None
    assert store.overdue(10).waiting == {"sms": 1}
    assert store.take("sms") == job.id


def test_debts_are_handed_to_one_at_a_time_until_they_are_paid(
    ledger: Ledger, store: JobStore, clock: HandClock, claim: Callable[[str], object]
) -> None:
    job = a_job()
    ledger.create(job)
    claim(job.id)
    ledger.record(job.id, e.Submitted(1, "stream"))
    ledger.record(job.id, e.CancelRequested())
    assert store.overdue(10).debts == 1
    assert store.take_owed(60 * SECOND) == job.id
    assert store.take_owed(60 * SECOND) is None
    clock.move(61 * SECOND)
    assert store.take_owed(60 * SECOND) == job.id
    ledger.record(job.id, e.Settled(DebtKind.WITHDRAW, 1))
    clock.move(61 * SECOND)
    assert store.take_owed(60 * SECOND) is None
    assert store.overdue(10).debts == 0


def test_history_counts_what_repeats_and_keeps_what_was_late(
    ledger: Ledger, store: JobStore, clock: HandClock, claim: Callable[[str], object]
) -> None:
    job = a_job()
    ledger.create(job)
    for _ in range(3):
        claim(job.id)
        busy = e.Postponed("device-busy", attempt=store.load(job.id).job.attempt, wait=SECOND)  # type: ignore[union-attr]
        ledger.record(job.id, busy)
        clock.move(SECOND)
    assert isinstance(ledger.record(job.id, e.Kept(1, 5, NOON)), Late)
    lines = [(line.event, line.count, line.attempt, line.late) for line in store.history(job.id)]
    assert lines == [
        ("Wished", 1, 0, False),
        ("PrepareStarted", 3, 3, False),
        ("Postponed", 3, 3, False),
        ("Kept", 1, 3, True),
    ]


def test_jobs_are_listed_newest_first_in_pages_and_filtered(ledger: Ledger, store: JobStore) -> None:
    jobs = [a_job(camera=f"cam{n % 2}", origin=Origin.PLAN if n % 3 else Origin.HAND) for n in range(9)]
    for job in jobs:
        ledger.create(job)
    ledger.record(jobs[4].id, e.CancelRequested())
    first = store.list(Query(limit=4))
    rest = store.list(Query(limit=5, before=first.next))
    assert [job.id for job in (*first.jobs, *rest.jobs)] == [job.id for job in reversed(jobs)]
    assert rest.next is None

    def ids(query: Query) -> list[str]:
        return [job.id for job in store.list(query).jobs]

    assert ids(Query(camera="cam1", limit=2)) == [jobs[7].id, jobs[5].id]
    assert ids(Query(states=frozenset({State.CANCELLED}))) == [jobs[4].id]
    assert ids(Query(states=frozenset({State.CANCELLED, State.FAILED}), camera="cam0")) == [jobs[4].id]
    ledger.record(jobs[7].id, e.HoldRequested())
    both = frozenset({State.CANCELLED, State.WANTED})
    assert ids(Query(states=both)) == [job.id for job in reversed(jobs)]
    page = store.list(Query(states=both, limit=5))
    assert [job.id for job in page.jobs] == [job.id for job in reversed(jobs[4:])]
    assert ids(Query(states=both, limit=5, before=page.next)) == [job.id for job in reversed(jobs[:4])]
    assert ids(Query(origin=Origin.HAND)) == [jobs[6].id, jobs[3].id, jobs[0].id]
    assert ids(Query(start=jobs[0].window.end)) == []
    assert len(ids(Query(end=jobs[0].window.end))) == 9
    counts = store.counts()
    assert counts[State.WANTED] == 8
    assert counts[State.CANCELLED] == 1
    assert counts[State.FAILED] == 0


def test_jobs_are_listed_by_kind_with_and_without_a_camera_and_states(
    ledger: Ledger, store: JobStore
) -> None:
    kinds = [Kind.PICTURE, Kind.PLAYBACK, Kind.HLS]
    jobs = [a_job(camera=f"cam{n % 2}", kind=kinds[n % 3], lanes=()) for n in range(12)]
    for job in jobs:
        ledger.create(job)
    for job in jobs[:4]:
        ledger.record(job.id, e.CancelRequested())
    stands = {job.id: State.CANCELLED if job in jobs[:4] else State.WANTED for job in jobs}

    def expected(query: Query) -> list[str]:
        now = [replace(job, state=stands[job.id]) for job in reversed(jobs)]
        return [job.id for job in now if query.wants(job)]

    def paged(query: Query) -> list[str]:
        page = store.list(query)
        found = [job.id for job in page.jobs]
        return found + paged(replace(query, before=page.next)) if page.next else found

    both = frozenset({State.CANCELLED, State.WANTED})
    for states in (frozenset(), frozenset({State.CANCELLED}), LIVE, both, frozenset({State.FAILED})):
        for camera in (None, "cam0", "cam1", "nowhere"):
            for kind in (None, *Kind):
                query = Query(states=states, camera=camera, kind=kind, limit=2)
                assert paged(query) == expected(query), query
    assert store.counts()[State.CANCELLED] == 4
    assert store.counts()[State.WANTED] == 8


def test_a_forgotten_job_has_left_the_lists_of_its_kind(
    ledger: Ledger, store: JobStore, clock: HandClock
) -> None:
    gone, stays = a_job(kind=Kind.PICTURE), a_job(kind=Kind.PICTURE)
    ledger.create(gone), ledger.create(stays)
    ledger.record(gone.id, e.CancelRequested())
    clock.move(SECOND)
    assert store.forget(clock.now(), 10) == 1
    for camera in (None, gone.camera):
        listed = store.list(Query(kind=Kind.PICTURE, camera=camera)).jobs
        assert [job.id for job in listed] == [stays.id]
    assert store.counts()[State.CANCELLED] == 0


def test_spans_say_what_became_of_a_window_and_outlive_the_job(
    ledger: Ledger, store: JobStore, clock: HandClock
) -> None:
    job = a_job()
    ledger.create(job)
    around = Window(job.window.start - SECOND, job.window.start + SECOND)
    assert [(s.outcome, s.job) for s in store.spans(job.camera, around)] == [("under-way", job.id)]
    ledger.record(job.id, e.CancelRequested())
    clock.move(timedelta(days=40))
    assert store.forget(clock.now() - timedelta(days=30), 10) == 1
    assert store.load(job.id) is None
    assert store.find(job.wish) is None
    assert store.list(Query()).jobs == ()
    assert [s.outcome for s in store.spans(job.camera, around)] == ["cancelled"]
    assert store.spans(job.camera, Window(job.window.end, job.window.end + SECOND)) == ()


def test_what_lives_or_owes_is_not_forgotten(ledger: Ledger, store: JobStore, clock: HandClock) -> None:
    live, owing = a_job(), a_job(give_up_at=NOON)
    ledger.create(live), ledger.create(owing)
    ledger.record(owing.id, e.DeadlinePassed())
    clock.move(timedelta(days=400))
    assert store.forget(clock.now(), 10) == 0
    ledger.record(owing.id, e.Settled(DebtKind.ALERT))
    clock.move(SECOND)
    assert store.forget(clock.now(), 10) == 1
    assert store.load(live.id)


def test_a_span_keeps_what_its_job_got(ledger: Ledger, store: JobStore) -> None:
    job = a_job()
    ledger.create(job)
    ledger.record(job.id, e.AssetLanded("file", an_asset(job, "file")))
    (span,) = store.spans(job.camera, job.window)
    assert (span.outcome, span.assets) == ("held", (an_asset(job, "file"),))


def test_a_job_that_is_about_no_window_has_no_span(ledger: Ledger, store: JobStore) -> None:
    window, picture = a_job(), a_job(kind=Kind.PICTURE)
    ledger.create(picture), ledger.create(window)
    ledger.record(picture.id, e.HoldRequested())
    assert [span.job for span in store.spans(window.camera, window.window)] == [window.id]
    assert store.find(picture.wish) == picture.id
    assert {job.id for job in store.list(Query(camera=window.camera)).jobs} == {picture.id, window.id}
    ledger.record(picture.id, e.CancelRequested())
    assert [span.job for span in store.spans(window.camera, window.window)] == [window.id]


def test_the_cost_of_a_page_does_not_grow_with_what_is_of_another_state(
    real_client: redis.Redis, prefix: str, clock: HandClock
) -> None:
    store = RedisJobStore(real_client, prefix, clock=clock)
    ledger = Ledger(store, ListQueue(), POLICY)
    wanted = a_job()
    ledger.create(wanted)
    for _ in range(40):
        job = a_job()
        ledger.create(job)
        ledger.record(job.id, e.CancelRequested())
    before = _looked_at(real_client)
    assert [job.id for job in store.list(Query(states=LIVE, limit=5)).jobs] == [wanted.id]
    assert _looked_at(real_client) == before + 1


def _looked_at(client: redis.Redis) -> int:
    return client.info("commandstats")["cmdstat_hget"]["calls"]


def test_the_cost_of_a_page_does_not_grow_with_what_is_of_another_kind(
    real_client: redis.Redis, prefix: str, clock: HandClock
) -> None:
    store = RedisJobStore(real_client, prefix, clock=clock)
    ledger = Ledger(store, ListQueue(), POLICY)
    clips = [a_job(), a_job()]
    for job in clips:
        ledger.create(job)
    ledger.record(clips[0].id, e.CancelRequested())
    for _ in range(40):
        job = a_job(kind=Kind.PICTURE)
        ledger.create(job)
        ledger.record(job.id, e.CancelRequested())
    ended = frozenset({State.CANCELLED, State.ARCHIVED})
    for states, expected in ((frozenset(), clips[::-1]), (ended, clips[:1])):
        for camera in (None, clips[0].camera):
            before = _looked_at(real_client)
            page = store.list(Query(kind=Kind.PLAYBACK, states=states, camera=camera, limit=5))
            assert [job.id for job in page.jobs] == [job.id for job in expected]
            assert _looked_at(real_client) == before + len(expected)


def test_a_forgotten_job_leaves_nothing_on_the_server_but_the_span(
    real_client: redis.Redis, prefix: str, clock: HandClock
) -> None:
    store = RedisJobStore(real_client, prefix, clock=clock)
    ledger = Ledger(store, ListQueue(), POLICY)
    job = _forgotten(ledger, store, clock)
    left = {key.removeprefix(prefix) for key in real_client.scan_iter(f"{prefix}*")}
    assert left == {"queues", "lines:sms", f"spans:{job.camera}", f"spans-by-start:{job.camera}"}


def _with_address(**changes: object) -> Job:
    return a_job(files=(File("file", SIGNED, 1, FileState.OPEN),), **changes)


def _dump(client: redis.Redis, key: str) -> str:
    kinds = {
        "hash": client.hgetall,
        "zset": lambda each: client.zrange(each, 0, -1),
        "list": lambda each: client.lrange(each, 0, -1),
        "set": client.smembers,
        "string": client.get,
    }
    return f"{key} {kinds[client.type(key)](key)}"


def test_an_address_comes_back_whole_from_a_load_and_from_a_list(ledger: Ledger, store: JobStore) -> None:
    job = _with_address()
    ledger.create(job)
    found = store.load(job.id)
    assert found
    assert found.job.files == job.files
    assert [listed.files for listed in store.list(Query()).jobs] == [job.files]


def test_no_address_lies_open_on_the_server(real_client: redis.Redis, prefix: str, clock: HandClock) -> None:
    store = RedisJobStore(real_client, prefix, clock=clock, seal=SEAL)
    ledger = Ledger(store, ListQueue(), POLICY)
    job = _with_address()
    ledger.create(job)
    ledger.record(job.id, e.Prepared(0, (Sighting("second", f"{SIGNED}2"),)))
    ledger.record(job.id, e.AssetLanded("file", an_asset(job, "file")))
    found = store.load(job.id)
    assert found
    assert [file.address for file in found.job.files] == [SIGNED, f"{SIGNED}2"]
    assert store.history(job.id)
    assert store.spans(job.camera, job.window)
    clear = RedisJobStore(real_client, f"{prefix}clear:", clock=clock)
    Ledger(clear, ListQueue(), POLICY).create(_with_address())
    dumps = [_dump(real_client, key) for key in real_client.scan_iter(f"{prefix}*")]
    spilt = [dump for dump in dumps if "s3cret" in dump or "media.example" in dump]
    assert len(spilt) == 1  # the one that nobody sealed: the search does find what is there
    assert spilt[0].startswith(f"{prefix}clear:job:")


def test_an_address_that_no_key_in_force_opens_is_empty(
    real_client: redis.Redis, prefix: str, clock: HandClock
) -> None:
    for number, seal in enumerate((Seal(Keys(("another key",))), None)):
        own = f"{prefix}{number}:"
        job = _with_address()
        Ledger(RedisJobStore(real_client, own, clock=clock, seal=seal), ListQueue(), POLICY).create(job)
        store = RedisJobStore(real_client, own, clock=clock, seal=SEAL)
        found = store.load(job.id)
        assert found
        assert found.job.files == (replace(job.files[0], address=""),)
        assert store.list(Query()).jobs[0].files == found.job.files


class _CountingSeal(Seal):
    """Counts what it closes and opens."""

    closed = opened = 0

    def close(self, text: str) -> str:
        self.closed += 1
        return super().close(text)

    def open(self, sealed: str) -> str | None:
        self.opened += 1
        return super().open(sealed)


def test_a_list_opens_the_addresses_of_what_it_returns_alone(
    real_client: redis.Redis, prefix: str, clock: HandClock
) -> None:
    seal = _CountingSeal(Keys(("a key of the tests",)))
    store = RedisJobStore(real_client, prefix, clock=clock, seal=seal)
    ledger = Ledger(store, ListQueue(), POLICY)
    for number in range(20):
        ledger.create(_with_address(origin=Origin.PLAN if number % 5 else Origin.HAND))
    before = seal.opened
    page = store.list(Query(origin=Origin.HAND, limit=3))
    assert ([job.files[0].address for job in page.jobs], page.next is None) == ([SIGNED] * 3, False)
    assert seal.opened == before + 3


def _called(number: int, **changes: object) -> Callback:
    body = f'{{"number": {number}, "fileUrl": "{SIGNED}"}}'.encode() + b"\xff\x00"
    return replace(Callback(number, "application/json", body), **changes)  # type: ignore[arg-type]


def test_a_callback_is_kept_as_it_came_with_the_change_that_it_brought(
    ledger: Ledger, store: JobStore, clock: HandClock
) -> None:
    job = a_job()
    ledger.create(job)
    assert store.callbacks(job.id) == ()
    ledger.record(job.id, e.HoldRequested(), _called(1, truncated=True))
    clock.move(SECOND)
    ledger.record(job.id, e.ReleaseRequested(), _called(2))
    ledger.record(job.id, e.HoldRequested())
    kept = (_called(1, truncated=True, at=NOON), _called(2, at=NOON + SECOND))
    assert store.callbacks(job.id) == kept


def test_a_change_that_is_sent_again_keeps_its_callback_once(ledger: Ledger, store: JobStore) -> None:
    job = a_job()
    ledger.create(job)
    change = _changed(ledger, store, job.id, commit="e" * 32, callback=_called(1))
    assert [store.commit(change), store.commit(change)] == [Result.SAVED, Result.SAVED]
    assert store.commit(replace(change, commit="f" * 32)) == Result.CONFLICT
    assert store.callbacks(job.id) == (_called(1, at=NOON),)


def test_a_callback_that_changed_nothing_is_not_kept(ledger: Ledger, store: JobStore) -> None:
    job = a_job()
    ledger.create(job)
    ledger.record(job.id, e.Progressed(1, 0.5), _called(1))
    assert isinstance(ledger.record(job.id, e.Progressed(1, 0.5), _called(2)), Stayed)
    assert isinstance(ledger.record(job.id, e.Kept(1, 5, NOON), _called(3)), Late)
    assert [callback.attempt for callback in store.callbacks(job.id)] == [1]


def test_the_last_callbacks_are_kept_and_refused_ones_push_out_none_of_the_others(
    ledger: Ledger, store: JobStore, clock: HandClock
) -> None:
    job = a_job()
    ledger.create(job)
    most = CALLBACKS_KEPT
    for number in range(2 * most):
        clock.move(SECOND)
        ledger.record(job.id, e.ReleaseRequested() if number % 2 else e.HoldRequested(), _called(number))
    for number in range(100, 100 + 5 * most):
        clock.move(SECOND)
        store.keep(job.id, _called(number, refused="callback-unreadable"))
    clock.move(SECOND)
    ledger.record(job.id, e.HoldRequested(), _called(999))
    found = store.callbacks(job.id)
    changing, refused = range(most + 1, 2 * most), range(100 + 4 * most, 100 + 5 * most)
    assert [callback.attempt for callback in found] == [*changing, *refused, 999]
    assert {callback.refused for callback in found} == {None, "callback-unreadable"}
    assert found[-1].at == clock.now()


def test_nothing_is_kept_with_a_job_that_is_not_there(store: JobStore, prefix: str) -> None:
    assert not store.keep("nobody", _called(1, refused="callback-unreadable"))
    assert store.callbacks("nobody") == ()


def test_the_callbacks_of_a_job_leave_with_it(ledger: Ledger, store: JobStore, clock: HandClock) -> None:
    assert store.callbacks(_forgotten(ledger, store, clock).id) == ()


def _forgotten(ledger: Ledger, store: JobStore, clock: HandClock) -> Job:
    """A job with callbacks of both kinds, which has left the list."""
    job = a_job()
    ledger.create(job)
    ledger.record(job.id, e.CancelRequested(), _called(1))
    assert store.keep(job.id, _called(2, refused="callback-unreadable"))
    assert len(store.callbacks(job.id)) == 2
    clock.move(SECOND)
    assert store.forget(clock.now(), 10) == 1
    return job


def test_a_callback_lies_sealed_and_counts_as_absent_once_no_key_opens_it(
    real_client: redis.Redis, prefix: str, clock: HandClock
) -> None:
    def store_with(*secrets: str) -> JobStore:
        return RedisJobStore(real_client, prefix, clock=clock, seal=Seal(Keys(secrets)))

    job = a_job()
    Ledger(store_with("old"), ListQueue(), POLICY).create(job)
    Ledger(store_with("old"), ListQueue(), POLICY).record(job.id, e.HoldRequested(), _called(1))
    store_with("old").keep(job.id, _called(2, refused="callback-unreadable"))
    store_with("new", "old").keep(job.id, _called(3, refused="callback-unreadable"))
    dumps = [_dump(real_client, key) for key in real_client.scan_iter(f"{prefix}*")]
    assert not [dump for dump in dumps if "s3cret" in dump or "media.example" in dump or "number" in dump]
    numbers = [
        [each.attempt for each in store_with(*keys).callbacks(job.id)] for keys in (("new", "old"), ("new",))
    ]
    assert numbers == [[1, 2, 3], [3]]


def test_a_callback_that_changes_nothing_costs_one_round_trip_and_no_sealing(
    real_client: redis.Redis, prefix: str, clock: HandClock
) -> None:
    seal = _CountingSeal(Keys(("a key of the tests",)))
    ledger = Ledger(RedisJobStore(real_client, prefix, clock=clock, seal=seal), ListQueue(), POLICY)
    job = a_job()
    ledger.create(job)

    def costs(event: e.Event) -> tuple[int, int]:
        calls, closed = _scripts_run(real_client), seal.closed
        ledger.record(job.id, event, _called(1))
        return _scripts_run(real_client) - calls, seal.closed - closed

    assert costs(e.Progressed(1, 0.5)) == (2, 1)
    assert costs(e.Progressed(1, 0.5)) == (1, 0)


def _scripts_run(client: redis.Redis) -> int:
    return client.info("commandstats")["cmdstat_evalsha"]["calls"]


def _spoil(client: redis.Redis, prefix: str, job_id: str) -> None:
    client.hset(f"{prefix}job:{job_id}", "doc", '{"id": 7')


def test_a_document_that_cannot_be_read_names_its_job(
    real_client: redis.Redis, prefix: str, clock: HandClock
) -> None:
    store = RedisJobStore(real_client, prefix, clock=clock)
    job = a_job()
    Ledger(store, ListQueue(), POLICY).create(job)
    _spoil(real_client, prefix, job.id)
    for look in (lambda: store.load(job.id), lambda: store.list(Query())):
        with pytest.raises(Final) as trouble:
            look()
        assert trouble.value.code == "store-unreadable"
        assert job.id in trouble.value.detail


def test_one_spoiled_document_stops_neither_the_sweep_nor_its_other_jobs(
    real_client: redis.Redis, prefix: str, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    store = RedisJobStore(real_client, prefix, clock=clock)
    ledger = Ledger(store, ListQueue(), POLICY)
    spoiled, sound = a_job(give_up_at=NOON), a_job(give_up_at=NOON + SECOND)
    ledger.create(spoiled), ledger.create(sound)
    _spoil(real_client, prefix, spoiled.id)
    clock.move(2 * SECOND)
    sweep = services(clock, jobs=store, ledger=ledger).sweep
    assert sweep.run() == 1
    found = store.load(sound.id)
    assert found
    assert found.job.state == State.FAILED
    assert [(line.job, line.code) for line in caplog.records] == [(spoiled.id, "store-unreadable")]


def test_a_wish_for_what_is_held_is_answered_from_its_span_when_the_job_has_left_the_list(
    store: JobStore, ledger: Ledger, clock: HandClock
) -> None:
    wishes = services(clock, jobs=store, ledger=ledger, cameras=MemoryCameras(a_camera("-gate"))).wishes
    (job,) = wishes.playback("-gate", a_window())
    landed = an_asset(job, "file")
    ledger.record(job.id, e.AssetLanded("file", landed))
    clock.move(POLICY.grace + SECOND)
    ledger.record(job.id, e.DeadlinePassed())
    ledger.record(job.id, e.Settled(DebtKind.VERDICT))
    listed = wishes.playback("-gate", a_window())[0]
    assert (listed.id, listed.state) == (job.id, State.ARCHIVED)
    clock.move(timedelta(days=1))
    assert store.forget(clock.now(), 10) == 1
    (again,) = wishes.playback("-gate", a_window())
    assert (again.id, again.state, again.assets) == (job.id, State.ARCHIVED, (landed,))
    assert (again.verdict, again.due_at) == (listed.verdict, None)
    assert store.list(Query()).jobs == ()
    (forced,) = wishes.playback("-gate", a_window(), force=True)
    assert forced.state == State.WANTED
    assert wishes.playback("-gate", a_window(minutes_ago=30))[0].state == State.WANTED


class _Troubled(MemoryJobStore):
    """Raises when one of its jobs is loaded."""

    def __init__(self, clock: HandClock, error: GleanerError) -> None:
        super().__init__(clock)
        self.error, self.bad = error, ""

    def load(self, job_id: str) -> Snapshot | None:
        if job_id == self.bad:
            raise self.error
        return super().load(job_id)


@pytest.mark.parametrize(
    ("error", "goes_on"),
    [
        (Final("store-unreadable", "a job"), True),
        (Transient("store-contended", whose=Whose.JOB), True),
        (Transient("store-away", whose=Whose.VENDOR), False),
    ],
)
def test_a_sweep_goes_on_after_the_trouble_of_one_job_and_ends_when_the_store_is_away(
    clock: HandClock, error: GleanerError, goes_on: bool
) -> None:
    store = _Troubled(clock, error)
    ledger = Ledger(store, ListQueue(), POLICY)
    jobs = [a_job(give_up_at=NOON + n * SECOND) for n in range(3)]
    for job in jobs:
        ledger.create(job)
    store.bad = jobs[0].id
    clock.move(5 * SECOND)
    sweep = services(clock, jobs=store, ledger=ledger).sweep
    with nullcontext() if goes_on else pytest.raises(Transient):
        assert sweep.run() == 2
    assert store.counts()[State.FAILED] == (2 if goes_on else 0)
