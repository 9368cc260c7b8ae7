"""Callbacks: what a vendor says reaches the job, and what a stranger says reaches nothing."""

import io
import json

import pytest
from gunicorn.http.errors import InvalidChunkSize, NoMoreData

from shared.domain.job import State
from shared.errors import Transient
from shared.signing import Keys, callback_token

TAKEN = {"code": 0, "message": "ok"}
URL = "http://media.example/record/clip.mp4"
HALF = {"streamId": "stream-1", "fileUrl": "", "downloadProgress": 0.5}
WHOLE = {"streamId": "stream-1", "fileUrl": URL, "downloadProgress": "100%"}


def test_progress_is_noted(world, stranger):
    job = world.preparing()
    answer = stranger.post(world.callback_path(job), json=HALF)
    assert (answer.status_code, answer.json) == (200, TAKEN)
    assert world.now(job).progress == 0.5
    assert world.now(job).current.number == 1


def test_a_file_at_the_end_makes_the_job_ready(world, stranger):
    job = world.preparing()
    assert stranger.post(world.callback_path(job), json=WHOLE).json == TAKEN
    assert world.now(job).state == State.READY


def test_a_callback_before_the_answer_of_the_submission_proves_that_the_vendor_took_it(world, stranger):
    job = world.submitting()
    assert stranger.post(world.callback_path(job), json=HALF).status_code == 200
    assert world.now(job).state == State.PREPARING
    assert world.now(job).attempts == 1


def test_the_same_callback_again_is_answered_alike_and_changes_nothing(world, stranger):
    job = world.preparing()
    stranger.post(world.callback_path(job), json=WHOLE)
    before = world.now(job)
    for _ in range(3):
        assert stranger.post(world.callback_path(job), json=WHOLE).json == TAKEN
    assert world.now(job) == before


def test_progress_after_the_end_is_late_and_answered_alike(world, stranger):
    job = world.archived()
    before = world.now(job)
    assert stranger.post(world.callback_path(job), json=HALF).json == TAKEN
    assert world.now(job) == before
    assert world.services.jobs.history(job.id)[-1].late


def test_a_form_is_read_like_json(world, stranger):
    job = world.preparing()
    assert stranger.post(world.callback_path(job), data={"downloadProgress": "0.25"}).json == TAKEN
    assert world.now(job).progress == 0.25


def test_news_of_a_job_that_has_left_the_list_is_unknown(world, stranger):
    gone = callback_token(world.services.keys, "sms", "01jgone" + "0" * 19, 1)
    assert stranger.post(f"/callbacks/sms/{gone}", json=HALF).status_code == 404


def test_whatever_is_wrong_with_the_address_the_answer_is_the_same(world, stranger):
    job = world.preparing()
    good = world.callback_path(job)
    forged = callback_token(Keys(("another key",)), "sms", job.id, 1)
    addresses = [
        f"/callbacks/sms/{forged}",
        good[:-1] + ("a" if good[-1] != "a" else "b"),
        good.replace(f"{job.id}-1-", f"{job.id}-2-"),
        good.replace("/sms/", "/other/"),
        f"/callbacks/other/{callback_token(world.services.keys, 'other', job.id, 1)}",
        "/callbacks/sms/a/b/c",
        "/callbacks/sms/%00%ff",
        "/callbacks/sms/" + callback_token(world.services.keys, "sms", "01jgone" + "0" * 19, 1),
    ]
    answers = [stranger.post(address, json=WHOLE) for address in addresses]
    assert {(answer.status_code, answer.data) for answer in answers} == {(404, answers[0].data)}
    assert world.now(job) == job


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", None),
        (b"", None),
        (b"[]", None),
        (b"[" * 30_000, None),
        (b"\xff\xfe", None),
        (json.dumps({"unknown": 1}).encode(), None),
        (json.dumps({"streamId": "s", "downloadProgress": "half"}).encode(), "downloadProgress"),
        (json.dumps({"streamId": "s", "downloadProgress": -1}).encode(), "downloadProgress"),
        (b'{"downloadProgress": NaN}', "downloadProgress"),
        (json.dumps({"fileUrl": "file:///etc/passwd"}).encode(), "fileUrl"),
        (json.dumps({"streamId": {"$gt": ""}}).encode(), "streamId"),
    ],
)
def test_an_unreadable_callback_is_refused_by_the_field_and_changes_nothing(world, stranger, body, field):
    job = world.preparing()
    answer = stranger.post(world.callback_path(job), data=body, content_type="application/json")
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert answer.json["code"] == "callback-unreadable"
    assert answer.json.get("field") == field
    assert world.now(job) == job


def test_a_body_without_end_is_too_large(world, stranger):
    job = world.preparing()
    answer = stranger.post(world.callback_path(job), data=b" " * 70_000, content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (413, "too-large")


def test_what_could_not_be_stored_is_to_be_sent_again(make_world, world, stranger):
    class Away:
        def load(self, job_id):
            raise Transient("store-away", "no answer")

    job = world.preparing()
    away = make_world()
    ledger = away.services.ledger
    away.changes = {"ledger": type(ledger)(Away(), ledger.effects, ledger.policy)}
    away.__post_init__()
    answer = away.client().post(world.callback_path(job), json=HALF)
    assert (answer.status_code, answer.json["code"]) == (503, "store-away")
    assert answer.headers["Retry-After"] == "2"


def test_many_bad_tokens_from_one_address_are_told_to_wait_and_good_ones_still_come_through(world, stranger):
    job = world.preparing()
    bad = [stranger.post("/callbacks/sms/guess", json=HALF).status_code for _ in range(101)]
    assert bad == [404] * 100 + [429]
    assert stranger.post(world.callback_path(job), json=HALF).json == TAKEN


def test_only_posting_calls_back(world, stranger):
    answer = stranger.get(world.callback_path(world.preparing()))
    assert (answer.status_code, answer.json["code"]) == (405, "wrong-method")
    assert "POST" in answer.headers["Allow"]


class _BrokenBody(io.BytesIO):
    """A body whose fault the server finds only while it is read."""

    def __init__(self, fault: Exception) -> None:
        super().__init__()
        self.fault = fault

    def readinto(self, _: object) -> int:
        raise self.fault

    def read(self, _: int | None = -1) -> bytes:
        raise self.fault


@pytest.mark.parametrize(
    "fault", [InvalidChunkSize(b"zz"), NoMoreData(), ConnectionResetError()], ids=["chunk", "cut", "gone"]
)
def test_a_body_that_breaks_while_it_is_read_is_malformed_and_changes_nothing(world, stranger, fault):
    job = world.preparing()
    before = world.now(job)
    body = {"wsgi.input": _BrokenBody(fault), "wsgi.input_terminated": True}
    answer = stranger.post(world.callback_path(job), environ_overrides=body, content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (400, "malformed")
    assert world.now(job) == before


def test_a_body_that_ends_before_its_length_is_malformed_and_changes_nothing(world, stranger):
    job = world.preparing()
    cut = {
        "wsgi.input": io.BytesIO(b"downloadProgress=1"),
        "wsgi.input_terminated": True,
        "CONTENT_LENGTH": "20",
    }
    form = "application/x-www-form-urlencoded"
    answer = stranger.post(world.callback_path(job), environ_overrides=cut, content_type=form)
    assert (answer.status_code, answer.json["code"]) == (400, "malformed")
    assert world.now(job) == job


def test_a_line_says_that_a_callback_could_not_be_read_and_whose_it_was(world, stranger, caplog):
    job = world.preparing()
    stranger.post(world.callback_path(job), json={"fileUrl": "file:///etc/passwd", "downloadProgress": "1"})
    (line,) = [record for record in caplog.records if record.message == "a callback cannot be read"]
    assert (line.job, line.field) == (job.id, "fileUrl")
    assert "passwd" not in line.detail
