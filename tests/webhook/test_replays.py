"""Callbacks that are kept with their job: which, how they are told, and that sending them through again is harmless."""

import json
from datetime import timedelta

import pytest

from shared.adapters.memory import HandClock, ListQueue, MemoryJobStore
from shared.domain import events as e
from shared.domain.job import State
from shared.domain.retries import Policy
from shared.errors import Transient
from shared.ledger import Ledger
from shared.ports import CALLBACKS_KEPT
from tests.builders import NOON, a_window

SIGNED = "http://media.example/record/clip.mp4?sign=s3cret"
HALF = {"streamId": "stream-1", "fileUrl": "", "downloadProgress": 0.5}
WHOLE = {"streamId": "stream-1", "fileUrl": SIGNED, "downloadProgress": "100%"}
ODD = {"streamId": "stream-1", "downloadProgress": "?"}
FORM = "application/x-www-form-urlencoded"


def kept(admin, job):
    return admin.get(f"/admin/jobs/{job.id}/callbacks").json["callbacks"]


def replayed(admin, job):
    found = admin.post(f"/admin/jobs/{job.id}/replay").json["callbacks"]
    return [(each["outcome"], each["reason"]) for each in found]


def test_callbacks_that_changed_the_job_or_were_refused_are_told_as_they_came(world, stranger, admin):
    job = world.preparing()
    stranger.post(world.callback_path(job), json=HALF)
    world.clock.move(timedelta(seconds=1))
    stranger.post(world.callback_path(job), json=HALF)
    stranger.post(world.callback_path(job), data="progress", content_type="text/plain")
    first, second = kept(admin, job)
    assert first == {
        "at": "2026-11-20T12:00:00+08:00",
        "attempt": 1,
        "outcome": "news",
        "reason": None,
        "content_type": "application/json",
        "body": json.dumps(HALF),
        "truncated": False,
    }
    assert (second["outcome"], second["reason"]) == ("refused", "callback-unreadable")
    assert (second["at"], second["body"]) == ("2026-11-20T12:00:01+08:00", "progress")


def test_what_is_late_or_changes_nothing_is_not_kept(world, stranger, admin):
    job = world.preparing()
    for _ in range(2):
        stranger.post(world.callback_path(job), json=HALF)
    world.happen(job, e.CancelRequested())
    stranger.post(world.callback_path(job), json=WHOLE)
    assert world.services.jobs.history(job.id)[-1].late
    assert [each["body"] for each in kept(admin, job)] == [json.dumps(HALF)]


def test_nobody_without_a_good_token_has_anything_kept(world, stranger, admin):
    job = world.preparing()
    forged = world.callback_path(job).replace(f"{job.id}-1-", f"{job.id}-2-")
    for body in (b"{", json.dumps(HALF).encode()):
        stranger.post(forged, data=body, content_type="application/json")
    assert kept(admin, job) == []


def test_an_unreadable_callback_of_a_job_that_has_left_the_list_is_unknown_like_a_readable_one(
    world, stranger
):
    path = world.services.callback_url("sms", "01jgone" + "0" * 19, 1).removeprefix(world.services.public_url)
    answers = [
        stranger.post(path, data=body, content_type="application/json") for body in (b"{", json.dumps(HALF))
    ]
    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [
        (404, "unknown-callback")
    ] * 2
    assert answers[0].data == answers[1].data
    assert world.services.jobs.callbacks("01jgone" + "0" * 19) == ()


class AwayStore(MemoryJobStore):
    """Has no answer when something refused is to be kept."""

    def keep(self, job_id, callback):
        raise Transient("store-away", "no answer")


def test_what_was_refused_and_could_not_be_kept_is_to_be_sent_again(make_world):
    jobs = AwayStore(HandClock(NOON))
    world = make_world(changes={"jobs": jobs, "ledger": Ledger(jobs, ListQueue(), Policy())})
    job = world.preparing()
    answer = world.client().post(world.callback_path(job), data=b"{", content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (503, "store-away")


def test_however_many_are_refused_the_last_few_are_kept(world, stranger, admin):
    job = world.preparing()
    stranger.post(world.callback_path(job), json=HALF)
    for number in range(3 * CALLBACKS_KEPT):
        stranger.post(world.callback_path(job), data=f"no {number}", content_type="text/plain")
    bodies = [each["body"] for each in kept(admin, job)]
    numbers = range(2 * CALLBACKS_KEPT, 3 * CALLBACKS_KEPT)
    assert bodies == [json.dumps(HALF), *(f"no {number}" for number in numbers)]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (json.dumps(WHOLE).encode(), "application/json"),
        (json.dumps(WHOLE).replace("/", "\\/").encode(), "application/json"),
        (b"fileUrl=http%3A%2F%2Fmedia.example%2Fclip.mp4%3Fsign%3Ds3cret&downloadProgress=1", FORM),
        (b"unreadable, but http://media.example/clip.mp4?sign=s3cret", "text/plain"),
    ],
    ids=["json", "json-escaped", "form", "unreadable"],
)
def test_no_signed_address_is_shown(world, stranger, admin, body, content_type):
    job = world.preparing()
    stranger.post(world.callback_path(job), data=body, content_type=content_type)
    [found] = kept(admin, job)
    assert "s3cret" not in json.dumps(found)
    assert "media.example" in found["body"]
    assert "clip.mp4?***" in found["body"]


def test_bytes_that_are_no_text_and_whatever_steers_a_terminal_are_shown_escaped(world, stranger, admin):
    job = world.preparing()
    body = "\x1b[2J人\n".encode() + b"\xff\x00" + "\u202e".encode()
    stranger.post(world.callback_path(job), data=body, content_type="text/plain; name=\x9b")
    [found] = kept(admin, job)
    assert found["body"] == "\\x1b[2J人\n\\xff\\x00\\u202e"
    assert found["content_type"] == "text/plain; name=\\x9b"


def test_a_long_callback_is_cut_and_not_sent_through_again(world, stranger, admin):
    job = world.preparing()
    long = {**HALF, "padding": "x" * 5000}
    stranger.post(world.callback_path(job), json=long)
    stranger.post(world.callback_path(job), data=b"{", content_type="text/plain; " + "x" * 200)
    by_body, by_type = kept(admin, job)
    assert (len(by_body["body"]), by_body["truncated"]) == (2048, True)
    assert (len(by_type["content_type"]), by_type["truncated"]) == (100, True)
    assert replayed(admin, job) == [("truncated", None)] * 2


def test_what_was_refused_and_can_be_read_by_now_is_news(world, stranger, admin):
    class Learning:
        """Reads no callback until it has learnt to."""

        learnt = False

        def read_callback(self, body, content_type):
            return reads(body if self.learnt else b"", content_type)

    job = world.preparing()
    reads = world.services.sources["sms"].read_callback
    vendor = world.services.sources["sms"] = Learning()
    assert stranger.post(world.callback_path(job), json=WHOLE).status_code == 400
    assert replayed(admin, job) == [("refused", "callback-unreadable")]
    vendor.learnt = True
    assert replayed(admin, job) == [("news", None)]
    assert world.now(job).state == State.READY
    assert [file.address for file in world.now(job).files] == [SIGNED]
    assert replayed(admin, job) == [("late", "seen")]


def test_replaying_keeps_nothing_again_and_says_of_each_what_came_of_it(world, stranger, admin):
    job = world.preparing()
    stranger.post(world.callback_path(job), json=HALF)
    world.clock.move(timedelta(seconds=1))
    stranger.post(world.callback_path(job), json={"fileUrl": "file:///etc/passwd"})
    before, found = kept(admin, job), world.now(job)
    for _ in range(3):
        answer = admin.post(f"/admin/jobs/{job.id}/replay").json["callbacks"]
        assert [each["outcome"] for each in answer] == ["unchanged", "refused"]
        assert answer[0]["at"] == "2026-11-20T12:00:00+08:00"
        assert answer[1]["detail"]
        assert "passwd" not in json.dumps(answer)
    assert kept(admin, job) == before
    assert world.now(job) == found


def test_a_callback_of_an_earlier_attempt_is_replayed_as_that_attempts(world, stranger, admin):
    job = world.preparing()
    stranger.post(world.callback_path(job), json=HALF)
    world.happen(job, e.NoFootage(1))
    world.happen(job, e.RetryRequested())
    world.clock.move(timedelta(hours=2))
    world.happen(job, e.PrepareStarted(world.services.lease()))
    world.happen(job, e.Submitted(2, "stream-2"))
    before = world.now(job)
    assert replayed(admin, job) == [("late", "replaced")]
    assert world.now(job) == before


def test_a_job_that_is_not_there_or_whose_vendor_is_not_in_use_cannot_be_replayed(world, stranger, admin):
    job = world.preparing()
    stranger.post(world.callback_path(job), json=HALF)
    nobody = "01jgone" + "0" * 19
    assert admin.get(f"/admin/jobs/{nobody}/callbacks").status_code == 404
    assert admin.post(f"/admin/jobs/{nobody}/replay").json["code"] == "unknown-job"
    del world.services.sources["sms"]
    answer = admin.post(f"/admin/jobs/{job.id}/replay")
    assert (answer.status_code, answer.json["code"]) == (409, "unknown-vendor")


# -- a day once more ---------------------------------------------------------------------------------------------------


class Vendor:
    """Says things about jobs, and remembers all that it has said."""

    def __init__(self, world, client):
        self.world, self.client, self.said = world, client, []

    def say(self, job, *bodies, attempt=1):
        for body in bodies:
            self.said.append((self.world.callback_path(job, attempt), body))
            self.world.clock.move(timedelta(seconds=40))
            self.client.post(self.world.callback_path(job, attempt), json=body)

    def say_all_again(self):
        return {self.client.post(path, json=body).status_code for path, body in self.said}

    def deliver(self, job, attempt=1):
        """All there is to say of a download that goes well, the last thing twice, and one that nobody can read."""
        self.say(job, HALF, {**HALF, "downloadProgress": 0.9}, ODD, WHOLE, WHOLE, attempt=attempt)
        self.world.happen(job, e.FetchStarted(self.world.services.lease()))
        found = self.world.now(job)
        return found.claim, found.files[0].identity


def ends_archived(world, vendor, job):
    claim, file = vendor.deliver(job)
    world.happen(job, e.AssetLanded(file, world.land(job, b"footage"), claim))
    world.clock.move(timedelta(minutes=2))
    world.happen(job, e.GraceOver())


def ends_failed(world, vendor, job):
    for attempt in range(1, 6):
        claim, file = vendor.deliver(job, attempt)
        world.happen(job, e.FetchFailed(claim, file, "damaged", final=True))
        world.clock.move(timedelta(hours=1))
        world.happen(job, e.PrepareStarted(world.services.lease()))
        world.happen(job, e.Submitted(attempt + 1, f"stream-{attempt + 1}"))


def ends_empty(world, vendor, job):
    vendor.say(job, HALF)
    world.happen(job, e.NoFootage(1))


def ends_cancelled(world, vendor, job):
    vendor.say(job, HALF, ODD)
    world.happen(job, e.CancelRequested())
    vendor.say(job, WHOLE)


ENDS = {"archived": ends_archived, "failed": ends_failed, "empty": ends_empty, "cancelled": ends_cancelled}


@pytest.fixture
def day(world, stranger):
    """Jobs that ended in every way, a day of callbacks about them, and who sent those."""
    vendor, jobs = Vendor(world, stranger), []
    for number, (state, end) in enumerate(ENDS.items()):
        job = world.wish(window=a_window(minutes_ago=180 + 10 * number))
        world.happen(job, e.PrepareStarted(world.services.lease()))
        world.happen(job, e.Submitted(1, "stream-1"))
        end(world, vendor, job)
        assert world.now(job).state == state
        jobs.append(job)
    return vendor, jobs


@pytest.mark.parametrize("days", [1, 30])
def test_a_day_of_callbacks_once_more_a_day_or_a_month_later_changes_nothing(world, admin, day, days):
    vendor, jobs = day
    world.clock.move(timedelta(days=days))
    before = [world.now(job) for job in jobs]
    rung, callbacks = len(world.bells.rung), [kept(admin, job) for job in jobs]
    assert len(vendor.said) > 30
    assert vendor.say_all_again() == {200, 400}
    assert [world.now(job) for job in jobs] == before
    outcomes = {outcome for job in jobs for outcome, _ in replayed(admin, job)}
    assert outcomes == {"late", "refused"}
    assert [world.now(job) for job in jobs] == before
    assert len(world.bells.rung) == rung
    changed = [[each for each in found if each["outcome"] == "news"] for found in callbacks]
    assert [[each for each in kept(admin, job) if each["outcome"] == "news"] for job in jobs] == changed


def test_a_day_of_callbacks_about_jobs_that_have_left_the_list_reaches_nothing(world, admin, day):
    vendor, jobs = day
    for job in jobs:
        for debt in world.now(job).debts:
            world.happen(job, e.Settled(debt.kind, debt.attempt, key=debt.key))
    world.clock.move(timedelta(days=31))
    world.swept()
    assert [world.services.jobs.load(job.id) for job in jobs] == [None] * len(jobs)
    assert vendor.say_all_again() == {404}
    assert [admin.post(f"/admin/jobs/{job.id}/replay").status_code for job in jobs] == [404] * len(jobs)
