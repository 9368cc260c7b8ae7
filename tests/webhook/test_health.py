"""Alive and ready: what a supervisor, a probe or a load balancer is told."""

from dataclasses import replace
from datetime import timedelta

from shared.errors import Transient


def test_a_process_that_answers_is_alive(stranger):
    answer = stranger.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_with_everything_there_the_service_is_ready(world, stranger):
    world.swept()
    answer = stranger.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ready"})


def checks(answer):
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert answer.json["code"] == "not-ready"
    return [reason["check"] for reason in answer.json["reasons"]]


def test_before_the_first_sweep_and_when_sweeps_stop_it_is_not_ready(world, stranger):
    assert checks(stranger.get("/readyz")) == ["sweep"]
    world.swept()
    world.clock.move(5 * world.settings.sweep_every)
    assert stranger.get("/readyz").status_code == 200
    world.clock.move(timedelta(seconds=1))
    assert checks(stranger.get("/readyz")) == ["sweep"]


def test_without_room_in_the_archive_it_is_not_ready(world, stranger):
    world.swept()
    world.archive.room = world.settings.space_reserve
    assert checks(stranger.get("/readyz")) == ["archive"]


def test_a_store_that_does_not_answer_is_a_reason_and_no_secret_is_told(world):
    class Away:
        def get(self, key=None):
            raise Transient("store-away", "redis://:password@host")

        counts = now = get

    world.services = replace(world.services, jobs=Away(), memory=Away())
    answer = world.client().get("/readyz")
    assert "password" not in answer.text
    assert checks(answer) == ["store", "sweep"]


def test_a_broken_archive_is_a_reason(world):
    class Broken:
        def free_bytes(self):
            raise Transient("archive-unreadable", "/secret/path")

    world.swept()
    world.services = replace(world.services, archive=Broken())
    answer = world.client().get("/readyz")
    assert checks(answer) == ["archive"]
    assert "secret" not in answer.text
