"""A request has an id: in its answer, in what is logged for it, and in the doorbells that it rings."""

import logging
import os

import pytest

from shared.logs import REQUEST, Redaction
from webhook.request_id import HEADER

HALF = {"streamId": "s", "downloadProgress": "0.5"}


@pytest.fixture
def lines():
    """What is logged, as the one handler of a process would get it."""
    kept = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(record)

    handler = Keeping()
    handler.addFilter(Redaction())
    logging.getLogger().addHandler(handler)
    yield kept
    logging.getLogger().removeHandler(handler)


def test_a_callers_own_id_comes_back(stranger):
    for own in ("a", "trace-01.B_c:d+e=f@g", "0" * 128):
        assert stranger.get("/healthz", headers={HEADER: own}).headers[HEADER] == own


@pytest.mark.parametrize(
    "own", ["", " ", "-a", "a b", "a\tb", "<script>", 'a"b', "a/b", "é", "a;b", "0" * 129, "%0d%0a"]
)
def test_one_that_is_not_fit_to_be_shown_is_replaced(stranger, own):
    made = stranger.get("/healthz", headers={HEADER: own}).headers[HEADER]
    assert made != own
    assert made.replace("-", "").isalnum()


def test_ids_of_ours_do_not_repeat_in_a_process_nor_after_a_fork(stranger):
    def made() -> str:
        return stranger.get("/healthz").headers[HEADER]

    here = {made() for _ in range(100)}
    assert len(here) == 100
    from_child, to_parent = os.pipe()
    if not (child := os.fork()):
        os.write(to_parent, made().encode())
        os._exit(0)
    os.waitpid(child, 0)
    there = os.read(from_child, 200).decode()
    os.close(from_child)
    os.close(to_parent)
    assert there.partition("-")[0] != made().partition("-")[0]


def test_errors_have_one_too(stranger):
    assert stranger.get("/nowhere", headers={HEADER: "abc"}).headers[HEADER] == "abc"
    assert stranger.post("/callbacks/sms/guess", headers={HEADER: "abc"}).headers[HEADER] == "abc"


def test_what_is_logged_for_a_request_carries_its_id(world, stranger, lines):
    stranger.post(
        world.callback_path(world.preparing()), json={"downloadProgress": "odd"}, headers={HEADER: "abc"}
    )
    assert [line.request for line in lines if line.message == "a callback cannot be read"] == ["abc"]


def test_a_callback_that_is_taken_costs_no_line(world, stranger, lines):
    job = world.preparing()
    lines.clear()
    assert stranger.post(world.callback_path(job), json=HALF).status_code == 200
    assert lines == []


def test_what_a_request_rings_is_rung_for_it_and_what_comes_after_is_not(world, admin, an_hour_ago):
    rung = []

    class Listening:
        def ring(self, bell: object) -> None:
            rung.append(REQUEST.get())

    ledger = world.services.ledger
    world.changes = {"ledger": type(ledger)(ledger.jobs, Listening(), ledger.policy)}
    world.__post_init__()
    answer = world.admin().post(
        "/admin/jobs", json={"camera": "front-door", **an_hour_ago}, headers={HEADER: "abc"}
    )
    assert answer.status_code == 202
    assert set(rung) == {"abc"}
    assert REQUEST.get() == ""
