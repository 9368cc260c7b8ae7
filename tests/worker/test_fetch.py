"""The fetch step through its own door: one job with one file, on memory twins."""

import hashlib
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.adapters import media
from shared.adapters.memory import HandClock, ListQueue, MemoryJobStore
from shared.adapters.memory_archive import MemoryArchive, MemoryMedia
from shared.domain import events as e
from shared.domain.job import File, FileState, Job, Kind, Lease, State, Verdict
from shared.domain.media import MediaFacts
from shared.errors import Refused, Transient, Whose
from shared.ledger import Ledger
from shared.ports import Change, Result
from shared.services import Services
from tests.builders import NOON, POLICY, a_camera, a_job, services
from worker.fetch import AT_ONCE, LARGEST_PICTURE, fetch

ADDRESS = "http://media.example/clip.mp4"
CLIP = b"clip" * 200_000


class Fetching:
    """One job that is ready, what lies behind its file's address, and the step."""

    def __init__(
        self, changes: dict[str, object] | None = None, address: str = ADDRESS, **parts: object
    ) -> None:
        self.clock = HandClock(NOON)
        self.archive, self.media = MemoryArchive(), MemoryMedia()
        self.media.put(ADDRESS, CLIP)
        given = {"archive": self.archive, "media": self.media} | parts
        self.services: Services = services(self.clock, **given)
        job = self.services.ledger.create(a_job(**(changes or {})))
        assert job
        self.id = job.id
        lease = Lease("w", NOON + timedelta(minutes=2))
        self.tell(e.PrepareStarted(lease))
        self.tell(e.Prepared(1, (e.Sighting("clip", address),), "stream"))

    def tell(self, event: e.Event) -> None:
        self.services.ledger.record(self.id, event)

    @property
    def job(self) -> Job:
        found = self.services.jobs.load(self.id)
        assert found
        return found.job

    def work(self) -> None:
        """One turn of the step, as soon as the job is due."""
        assert self.job.due_at
        self.clock.at = max(self.clock.at, self.job.due_at)
        self.services.jobs.overdue(10)
        assert fetch(self.services, "fetch")


def test_whole_bytes_land_with_a_sidecar_that_needs_no_service():
    one = Fetching()
    one.work()
    (asset,) = one.job.assets
    assert (one.job.state, asset.size) == (State.ARCHIVED, len(CLIP))
    sidecar = one.archive.sidecar(asset.key)
    assert sidecar
    assert sidecar["sha256"] == asset.sha256 == hashlib.sha256(CLIP).hexdigest()
    assert (sidecar["job"], sidecar["camera"], sidecar["schema"]) == (one.id, "front-door", 2)
    assert b"".join(one.archive.read(asset.key)) == CLIP


def test_a_host_that_breaks_off_again_and_again_is_believed_as_long_as_each_try_brings_more():
    one = Fetching()
    one.media.stop_after(ADDRESS, 50_000)
    while one.job.state == State.READY:
        one.work()
    assert one.job.state == State.ARCHIVED
    assert len(one.media.opened) == len(CLIP) / 50_000
    assert one.media.opened[-1][1] == len(CLIP) - 50_000


def test_whoever_checks_hears_of_a_file_before_its_bytes_come():
    one, heard = Fetching(), []

    def expect(kind: Kind) -> None:
        heard.append((kind, one.job.state, one.job.kept))

    one.services = replace(one.services, expect=expect)
    one.work()
    assert heard == [(Kind.PLAYBACK, State.FETCHING, 0)]
    assert one.job.state == State.ARCHIVED


def test_a_host_that_breaks_off_is_asked_for_the_rest_in_the_same_claim():
    one = Fetching()
    one.media.stop_after(ADDRESS, 300_000)
    one.work()
    assert one.job.state == State.ARCHIVED
    assert one.job.claim == 1
    assert [start for _, start in one.media.opened] == [0, 300_000, 600_000]


@pytest.mark.parametrize(
    ("brings", "validator", "opened"),
    [(50_000, "", 1 + AT_ONCE), (300_000, None, 1)],
    ids=["a little each time", "what cannot be gone on from"],
)
def test_a_host_that_breaks_off_is_left_alone_for_a_while_when_it_brings(brings, validator, opened):
    one = Fetching()
    one.media.put(ADDRESS, CLIP, validator)
    one.media.stop_after(ADDRESS, brings)
    one.work()
    assert len(one.media.opened) == opened
    assert one.job.state == State.READY
    assert one.job.due_at > one.clock.at


def test_a_host_that_breaks_off_and_brings_nothing_more_is_not_asked_again_at_once():
    one = Fetching()
    one.media.stop_after(ADDRESS, 50_000)
    one.work()
    one.media.stop_after(ADDRESS, 0)
    one.work()
    assert len(one.media.opened) == 1 + AT_ONCE + 1
    assert one.job.due_at > one.clock.at


def test_a_host_that_breaks_off_and_brings_nothing_more_is_given_up():
    one = Fetching()
    one.media.stop_after(ADDRESS, 0)
    for _ in range(POLICY.failures):
        one.work()
    assert one.job.files_in(FileState.REFUSED)
    assert (one.job.state, one.job.reason) == (State.WANTED, "media-broken-off")


def test_what_landed_before_is_adopted_and_not_fetched_again():
    one = Fetching()
    one.work()
    again = Fetching(archive=one.archive)
    stored = replace(one.job, state=State.READY, assets=(), debts=(), files=again.job.files)
    again.id = one.id
    again.services.ledger.create(replace(stored, wish="the same once more"))
    fetch(again.services, "fetch")
    fetch(again.services, "fetch")
    assert again.job.state == State.ARCHIVED
    assert len(again.media.opened) < 2


def test_bytes_that_fail_the_check_are_kept_aside_and_never_under_a_final_name():
    def no(*_: object) -> MediaFacts:
        raise Refused("not-media", "a web page")

    one = Fetching(check=no)
    one.work()
    assert (one.job.state, one.job.reason) == (State.READY, "not-media")
    assert list(one.archive.rejected().values()) == [CLIP]
    for _ in range(POLICY.failures - 1):
        one.work()
    assert one.job.state == State.WANTED


def test_bytes_are_checked_for_what_the_job_gets():
    one = Fetching({"kind": Kind.PICTURE})
    one.work()
    (asset,) = one.job.assets
    assert (asset.content_type, asset.verdict, asset.key[-4:]) == ("image/jpeg", Verdict.COMPLETE, ".jpg")


def test_a_picture_that_may_be_encrypted_is_kept_as_what_it_is():
    one = Fetching({"kind": Kind.PICTURE}, check=media.check)
    one.media.put(ADDRESS, bytes(range(256)) * 4)
    one.work()
    (asset,) = one.job.assets
    assert (one.job.state, asset.verdict, asset.key[-4:]) == (State.ARCHIVED, Verdict.ENCRYPTED, ".bin")


def test_the_sidecar_names_the_record_of_which_the_asset_is_if_there_is_one():
    for changes, named in (({"record": "r1"}, {"record": "r1"}), ({}, {})):
        one = Fetching(changes)
        one.work()
        sidecar = one.archive.sidecar(one.job.assets[0].key)
        assert {name: sidecar[name] for name in sidecar if name == "record"} == named


def test_only_the_addresses_of_vendors_that_may_name_any_host_may_lead_to_any_public_one():
    for vendors, public in ((frozenset({"sms"}), {ADDRESS}), (frozenset({"another"}), set()), (None, set())):
        one = Fetching(**({} if vendors is None else {"public_media": vendors}))
        one.work()
        assert one.media.public == public


def test_short_footage_is_a_partial_asset():
    facts = MediaFacts("video/mp4", "mp4", Verdict.COMPLETE, 100.0)
    one = Fetching(check=lambda *_: facts)
    one.work()
    (asset,) = one.job.assets
    assert (asset.verdict, asset.duration_seconds) == (Verdict.PARTIAL, 100.0)
    assert asset.end - asset.start == timedelta(seconds=100)


def test_a_stop_ends_the_slice_with_its_bytes_kept():
    one = Fetching(stopping=lambda: True)
    one.work()
    assert one.job.state == State.READY
    assert one.job.crashes == 0
    assert 0 < one.job.kept < len(CLIP)


def test_a_stop_does_not_throw_away_what_could_not_be_resumed():
    one = Fetching(stopping=lambda: True)
    one.media.put(ADDRESS, CLIP, validator=None)
    one.work()
    assert one.job.state == State.ARCHIVED


class _Tick:
    """A clock of slices that is a while later at each look."""

    def __init__(self, seconds: float) -> None:
        self.now, self.seconds = 0.0, seconds

    def __call__(self) -> float:
        self.now += self.seconds
        return self.now


def test_a_large_file_comes_slice_by_slice_and_none_of_them_begins_anew():
    one = Fetching(tick=_Tick(20))
    one.media.put(ADDRESS, CLIP * 8)
    for _ in range(30):
        if one.job.state == State.READY:
            one.work()
    assert one.job.state == State.ARCHIVED
    starts = [start for _, start in one.media.opened]
    assert len(starts) > 5
    assert starts == sorted(set(starts))
    assert one.job.crashes == one.job.files[0].failures == 0


def test_what_cannot_be_resumed_is_not_cut_by_the_end_of_a_slice():
    one = Fetching(tick=_Tick(20))
    one.media.put(ADDRESS, CLIP, validator=None)
    one.work()
    assert (one.job.state, len(one.media.opened)) == (State.ARCHIVED, 1)


def test_what_cannot_be_resumed_and_takes_longer_than_a_task_may_is_charged_and_given_up():
    tick = _Tick(0)
    one = Fetching(tick=tick)
    one.media.put(ADDRESS, CLIP * 8, validator=None)
    for tries, tick.seconds in enumerate((130, 60, 40, 20, 15), 1):  # each brings more, and is no progress
        one.work()
        file = one.job.file("clip")
        assert file
        assert (file.failures, file.reason) == (tries, "media-not-resumable")
    assert tries == POLICY.failures
    assert one.job.files_in(FileState.REFUSED)
    assert (one.job.state, one.job.reason) == (State.WANTED, "media-not-resumable")
    assert len(one.media.opened) == tries


@pytest.mark.parametrize(
    "validator", ['"another %d"', '"the same"'], ids=["always-another-file", "never-the-rest"]
)
def test_a_host_that_begins_anew_whenever_it_is_asked_for_the_rest_is_given_up(validator):
    one = Fetching(tick=_Tick(40), media=_NeverTheRest())
    for claim in range(30):
        named = validator % claim if "%" in validator else validator
        one.services.media.put(ADDRESS, CLIP * 8, validator=named)
        if one.job.state == State.READY:
            one.work()
    assert one.job.files_in(FileState.REFUSED)
    assert (one.job.state, one.job.reason) == (State.WANTED, "media-not-resumable")


def test_a_host_that_begins_anew_when_it_is_asked_for_the_rest_is_believed_if_all_comes_in_one_claim():
    one = Fetching(tick=_Tick(15), media=_NeverTheRest())
    one.services.media.put(ADDRESS, CLIP)
    one.services.__dict__["stopping"] = lambda: len(one.services.media.opened) == 1
    one.work()
    assert (one.job.state, one.job.kept > 0) == (State.READY, True)
    one.work()
    assert (one.job.state, len(one.services.media.opened)) == (State.ARCHIVED, 2)


class _NeverTheRest(MemoryMedia):
    """Names its versions, and sends each from its start."""

    @contextmanager
    def open(self, address, start, validator, public=False):
        with super().open(address, 0, None, public) as download:
            yield download


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (Transient("media-host-away", whose=Whose.VENDOR, asked=False), "media-host-away"),
        (Transient("spool-busy", asked=False), "spool-busy"),
        (Transient("media-host-not-allowed", "MEDIA_ALLOW=…", whose=Whose.VENDOR, asked=False), "media-host-not-allowed"),
    ],
)  # fmt: skip
def test_trouble_that_is_not_the_files_costs_it_nothing(trouble, reason):
    one = Fetching()
    one.media.trouble(ADDRESS, *[trouble] * 20)
    for _ in range(20):
        one.work()
    assert (one.job.state, one.job.reason, one.job.files[0].failures) == (State.READY, reason, 0)
    one.work()
    assert one.job.state == State.ARCHIVED


def test_an_address_that_must_not_be_followed_is_refused_for_good():
    one = Fetching()
    one.media.trouble(ADDRESS, Refused("media-address-odd"))
    one.work()
    assert one.job.files[0].state == FileState.REFUSED
    assert one.job.state == State.WANTED


def test_no_room_postpones_and_costs_nothing():
    one = Fetching()
    one.archive.room = one.services.settings.space_reserve + len(CLIP) // 2
    one.work()
    assert (one.job.state, one.job.reason, one.job.files[0].failures) == (State.READY, "no-space", 0)
    one.archive.room *= 2
    one.work()
    assert one.job.state == State.ARCHIVED


def test_a_camera_that_left_the_file_lets_its_job_wait():
    one = Fetching()
    one.services.cameras.cameras.clear()  # type: ignore[attr-defined]
    one.work()
    assert (one.job.state, one.job.reason) == (State.READY, "camera-unknown")
    one.services.cameras.cameras["front-door"] = a_camera()  # type: ignore[attr-defined]
    one.work()
    assert one.job.state == State.ARCHIVED


class _DeafStore(MemoryJobStore):
    """A store that answers nobody while bytes are moving."""

    deaf = False

    def commit(self, change: Change) -> Result:
        if self.deaf and change.line.event == "Kept":
            raise Transient("store-away", whose=Whose.VENDOR, asked=False)
        return super().commit(change)


def test_the_stores_trouble_is_no_fault_of_the_file():
    clock = HandClock(NOON)
    store = _DeafStore(clock)
    one = Fetching(jobs=store, ledger=Ledger(store, ListQueue(), POLICY))
    one.clock = clock
    store.deaf = True
    one.work()
    assert (one.job.state, one.job.files[0].failures) == (State.FETCHING, 0)
    store.deaf = False
    clock.move(timedelta(minutes=3))
    one.tell(e.DeadlinePassed())
    one.work()
    assert one.job.state == State.ARCHIVED


# -- pictures ----------------------------------------------------------------------------------------------------------


def a_picture(content: bytes) -> Fetching:
    one = Fetching()
    one.tell(e.CancelRequested())
    file = File("picture", "http://media.example/p.jpg", 0, FileState.OPEN)
    job = one.services.ledger.create(
        a_job(kind=Kind.PICTURE, state=State.READY, lanes=(), files=(file,), record="r")
    )
    one.media.put(file.address, content)
    one.id = job.id
    return one


def test_a_picture_lands_and_names_its_record():
    one = a_picture(b"picture")
    one.work()
    (asset,) = one.job.assets
    assert one.archive.sidecar(asset.key)["record"] == "r"


def test_what_is_too_large_for_a_picture_is_refused_for_good():
    one = a_picture(b"p" * (LARGEST_PICTURE + 1))
    one.work()
    assert (one.job.state, one.job.reason) == (State.FAILED, "too-large")
    assert one.job.assets == ()


def test_a_picture_that_breaks_off_gains_no_credit_by_what_it_brought():
    one = a_picture(b"p" * 1000)
    for brought in range(5):
        one.media.stop_after("http://media.example/p.jpg", 100 + brought)
        one.work()
    assert one.job.state == State.FAILED


def test_a_host_that_breaks_off_whatever_it_is_asked_for_is_no_jobs_fault():
    first = Fetching()
    addresses = [f"http://media.example/{number}.mp4" for number in range(3)]
    jobs = []
    for address in addresses:
        first.media.put(address, CLIP)
        first.media.stop_after(address, 0)
        job = first.services.ledger.create(a_job(lanes=()))
        first.services.ledger.record(job.id, e.PrepareStarted(Lease("w", NOON + timedelta(minutes=2))))
        first.services.ledger.record(job.id, e.Prepared(1, (e.Sighting("clip", address),), "stream"))
        jobs.append(job.id)
    first.media.stop_after(ADDRESS, 0)
    for _ in range(200):
        first.clock.at += timedelta(seconds=30)
        first.services.jobs.overdue(10)
        while fetch(first.services, "fetch"):
            pass
    states = {first.services.jobs.load(each).job.state for each in (*jobs, first.id)}
    assert states == {State.READY}
    for address in (*addresses, ADDRESS):
        first.media.stop_after(address, None)
    for _ in range(10):
        first.clock.at += timedelta(seconds=60)
        first.services.jobs.overdue(10)
        while fetch(first.services, "fetch"):
            pass
    assert {first.services.jobs.load(each).job.state for each in (*jobs, first.id)} == {State.ARCHIVED}
