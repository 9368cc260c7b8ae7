"""Archived bytes: for whoever may see them, whole or in ranges, and nothing but what has landed."""

import pytest

CLIP = bytes(range(256)) * 40


@pytest.fixture
def asset(world):
    return world.archived(CLIP).assets[0]


@pytest.fixture
def path(asset):
    return f"/assets/{asset.key}"


def test_whoever_has_a_token_or_a_session_gets_the_bytes(asset, path, admin, operator):
    for client in (admin, operator.client):
        answer = client.get(path)
        assert (answer.status_code, answer.data) == (200, CLIP)
        assert answer.headers["Content-Type"] == "video/mp4"
        assert answer.headers["Content-Length"] == str(len(CLIP))
        assert answer.headers["ETag"] == f'"{asset.sha256}"'
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"] == "inline"


def test_a_stranger_learns_nothing_not_even_what_is_there(path, stranger):
    there, not_there = stranger.get(path), stranger.get("/assets/nothing.mp4")
    assert there.status_code == not_there.status_code == 401
    assert there.data == not_there.data


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, len(CLIP)),
        ("bytes=-7", len(CLIP) - 7, len(CLIP)),
        ("bytes=-99999", 0, len(CLIP)),
        ("bytes=10000-99999", 10000, len(CLIP)),
        (f"bytes={len(CLIP) - 1}-", len(CLIP) - 1, len(CLIP)),
    ],
)
def test_a_range_is_sent_as_asked(path, admin, asked, start, stop):
    answer = admin.get(path, headers={"Range": asked})
    assert (answer.status_code, answer.data) == (206, CLIP[start:stop])
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(CLIP)}"
    assert answer.headers["Content-Length"] == str(stop - start)


@pytest.mark.parametrize("asked", [f"bytes={len(CLIP)}-", "bytes=99999-100000"])
def test_a_range_beyond_the_end_cannot_be_satisfied(path, admin, asked):
    answer = admin.get(path, headers={"Range": asked})
    assert (answer.status_code, answer.json["code"]) == (416, "range-not-satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{len(CLIP)}"


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=a-b", "lines=0-1", "bytes=0-1,4-5", "bytes"])
def test_what_is_no_single_range_of_bytes_is_answered_with_everything(path, admin, asked):
    answer = admin.get(path, headers={"Range": asked})
    assert (answer.status_code, answer.data) == (200, CLIP)


def test_a_range_of_other_bytes_than_these_is_answered_with_everything(asset, path, admin):
    def part(validator):
        return admin.get(path, headers={"Range": "bytes=0-1", "If-Range": validator}).status_code

    assert part(f'"{asset.sha256}"') == 206
    assert part('"another"') == 200
    assert part(f'W/"{asset.sha256}"') == 200
    assert part("Fri, 20 Nov 2026 04:00:00 GMT") == 200


def test_what_is_known_already_is_not_sent_again(asset, path, admin):
    answer = admin.get(path, headers={"If-None-Match": f'"{asset.sha256}"', "Range": "bytes=0-1"})
    assert (answer.status_code, answer.data) == (304, b"")
    assert admin.get(path, headers={"If-None-Match": '"another"'}).status_code == 200


def test_a_head_tells_the_size_and_sends_nothing(asset, path, admin):
    answer = admin.head(path, headers={"Range": "bytes=0-1"})
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(CLIP))


def test_only_what_has_landed_is_served(world, asset, admin):
    with world.archive.spool("rejected") as spool:
        spool.write(b"bad")
        world.archive.reject(spool, "front-door/bad.mp4", {"size": 3, "sha256": "0" * 64})
    for key in (
        "front-door/bad.mp4",
        ".rejected/front-door/bad.mp4",
        f"{asset.key}.json",
        f"front-door/../{asset.key}",
        f"%2e%2e/{asset.key}",
        f"./{asset.key}",
        "%00",
    ):
        answer = admin.get(f"/assets/{key}")
        assert answer.status_code == 404, key


def test_nothing_is_served_under_a_type_that_a_browser_would_run(world, admin):
    asset = world.archived(b"<script>alert(1)</script>", content_type="text/html").assets[0]
    assert admin.get(f"/assets/{asset.key}").headers["Content-Type"] == "application/octet-stream"
