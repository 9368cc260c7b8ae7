"""What an operator is told of the videos of records: one sentence for each vendor, whatever may stand in their way."""

from datetime import timedelta

import pytest

from shared.adapters.memory_videos import MemoryVideos


def told(world) -> dict[str, str]:
    client = world.client()
    answer = client.get("/admin/status", headers={"Authorization": "Bearer root-token-of-the-tests"})
    found: dict[str, str] = answer.json["video"]
    return found


@pytest.fixture
def filming(make_world):
    def make(**changes):
        world = make_world(changes=changes)
        world.source.filmed = {"front-door"}
        return world

    return make


def test_nothing_is_said_where_no_camera_wants_a_video(make_world):
    assert told(make_world()) == {}


def test_a_wish_that_nobody_can_meet_is_said_once_for_all_cameras(filming):
    world = filming()
    assert told(world) == {
        "imou": "wanted of front-door, and no code of yours is set that could bring them: they stay in the cloud"
    }
    world.source.filmed = {"front-door", "berlin"}
    assert told(world)["imou"].startswith("wanted of 2 cameras, and no code")


def test_that_they_are_brought_is_said_and_until_when_they_wait_for_flow(filming):
    world = filming(videos={"imou": MemoryVideos()})
    assert told(world) == {"imou": "brought of front-door, each once its day is closed"}
    until = world.clock.at + timedelta(hours=6)
    world.services.circuits.shut("imou-video", "flow-spent", "FL1004", until)
    assert told(world)["imou"] == (
        "wait until 2026-11-20 18:00 CST: the flow, or the accesses, that the vendor allows for videos are used up"
    )
    world.clock.at = until
    assert told(world)["imou"].startswith("brought")
