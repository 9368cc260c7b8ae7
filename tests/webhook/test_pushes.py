"""Pushed messages: at the right address everything is answered 200, and the most that it does is one listing an hour."""

import io
from datetime import timedelta

import pytest
from gunicorn.http.errors import InvalidChunkSize, NoMoreData

from shared.errors import Transient
from shared.harvests import CALM
from shared.signing import Keys, push_token

TAKEN = {"code": 0, "message": "ok"}
NEWS = b'{"did": "front-door"}'


@pytest.fixture
def path(world, admin):
    """The address that operators are told, without its host."""
    return admin.get("/admin/push").json["push"]["imou"].removeprefix(world.services.public_url)


def wanted(world):
    """How many days are wanted of each package of each camera that has any."""
    standings = world.services.harvests.standings()
    return {(s.camera.name, s.package): len(how.wanted) for s, how in standings if how.wanted}


def test_a_message_marks_its_camera_and_no_other(world, stranger, path):
    answer = stranger.post(path, data=NEWS)
    assert (answer.status_code, answer.json) == (200, TAKEN)
    assert wanted(world) == {("front-door", "digest"): 1, ("front-door", "events"): 1}
    assert [bell.step for bell in world.bells.rung] == ["harvest"]


def test_a_storm_of_messages_is_worth_one_listing_an_hour(world, stranger, path):
    for _ in range(1000):
        assert stranger.post(path, data=NEWS).status_code == 200
    assert [bell.step for bell in world.bells.rung] == ["harvest"]
    world.clock.move(CALM + timedelta(seconds=1))
    stranger.post(path, data=NEWS)
    assert [bell.step for bell in world.bells.rung] == ["harvest"] * 2


@pytest.mark.parametrize(
    "junk", [b"", b"{", b"[]", b"null", b"\xff\x00", b"[" * 10_000, b"berlin", b"x" * 100_000]
)
def test_whatever_comes_is_answered_alike(world, stranger, path, junk):
    answer = stranger.post(path, data=junk)
    assert (answer.status_code, answer.json) == (200, TAKEN)
    assert wanted(world) == {}


@pytest.mark.parametrize("fault", [InvalidChunkSize(b"zz"), NoMoreData(b"")])
def test_a_body_that_breaks_on_its_way_is_answered_alike(stranger, path, fault):
    class Broken(io.RawIOBase):
        def readinto(self, buffer):
            raise fault

    environ = {"wsgi.input": Broken(), "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    assert stranger.post(path, environ_overrides=environ).status_code == 200


def test_it_is_answered_alike_while_the_store_is_away(world, stranger, path):
    def away(*_):
        raise Transient("store-away")

    world.source.about = away
    assert stranger.post(path, data=NEWS).status_code == 200


def test_no_other_address_is_one(world, stranger, path):
    other = push_token(Keys(("another key",)), "imou")
    for wrong in (
        path[:-1],
        path + "x",
        f"/push/imou/{other}",
        path.replace("imou", "sms"),
        "/push/imou/%C3%A9",
    ):
        answer = stranger.post(wrong, data=NEWS)
        assert (answer.status_code, answer.json["code"]) == (404, "unknown-push")
    assert wanted(world) == {}


def test_who_guesses_for_long_is_refused(stranger):
    answers = [stranger.post("/push/imou/guess").status_code for _ in range(101)]
    assert set(answers[:100]) == {404}
    assert answers[100] == 429


def test_only_operators_are_told_the_address(stranger):
    assert stranger.get("/admin/push").status_code == 401
