"""What every archive promises, on the disk and in memory; then what only a disk has to promise: to survive."""

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.adapters.disk import locked
from shared.adapters.disk_archive import DiskArchive
from shared.adapters.memory_archive import MemoryArchive
from shared.errors import Invalid, Misconfigured, NotFound, Refused, Transient, Whose

ID = "01kaexampleasset0000000000"
KEY = f"front-door/2026/11/20/101500-playback-{ID}.mp4"
BYTES = bytes(range(256)) * 2_000
HOSTILE = [
    "", "/", ".", "..", "/etc/passwd", "../out.mp4", "a/../../out.mp4", "a//b.mp4", "a/./b.mp4", "a/b.mp4/", "a/.hidden",
    ".rejected/a.mp4", ".partial/x.part", ".gleaner-archive", "a\\..\\b", "a\0b", "a\nb", "~/x", "-x", "a b", "C:/x",
    "a/" + "x" * 201, "a/" * 500 + "b", "文件.mp4", "a/b.mp4.json", "\ud800", "a/%2e%2e/b", "a/b.mp4\n",
]  # fmt: skip


def sidecar(content=BYTES, **more):
    return {
        "id": ID,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "camera": "大门",
        **more,
    }


def land(archive, content=BYTES, key=KEY, asset_id=ID, **more):
    with archive.spool(asset_id) as spool:
        spool.restart(None)
        spool.write(content)
        archive.publish(spool, key, sidecar(content, **more))


def content_of(archive, key=KEY, *span):
    return b"".join(archive.read(key, *span))


def breaks_off(archive):
    with archive.spool(ID) as spool:
        spool.write(b"kept")
        raise Transient("media-broken-off")


@pytest.fixture(params=["disk", "memory"])
def archive(request, tmp_path):
    return DiskArchive(tmp_path / "archive") if request.param == "disk" else MemoryArchive()


@pytest.fixture
def disk(tmp_path):
    return DiskArchive(tmp_path / "archive")


# -- every archive: spools


def test_a_spool_begins_empty_and_takes_what_is_written(archive):
    with archive.spool(ID) as spool:
        assert (spool.size, spool.validator) == (0, None)
        spool.write(b"one")
        spool.write(b"")
        spool.write(b"two")
        assert (spool.size, spool.validator) == (6, None)
        with spool.open() as file:
            assert file.read() == b"onetwo"


def test_unfinished_bytes_and_their_validator_are_there_for_the_next_owner(archive):
    with archive.spool(ID) as spool:
        spool.restart('"v1"')
        spool.write(b"half")
        spool.keep()
    with archive.spool(ID) as spool:
        assert (spool.size, spool.validator) == (4, '"v1"')
        spool.write(b"whole")
    with archive.spool(ID) as spool, spool.open() as file:
        assert file.read() == b"halfwhole"
        assert spool.validator == '"v1"'


def test_restarting_drops_the_bytes_and_the_validator_they_came_under(archive):
    with archive.spool(ID) as spool:
        spool.restart('"v1"')
        spool.write(b"old bytes")
        spool.keep()
        spool.restart('"v2"')
        assert spool.size == 0
        spool.write(b"new")
    with archive.spool(ID) as spool, spool.open() as file:
        assert (spool.validator, file.read()) == ('"v2"', b"new")
        spool.restart(None)
        spool.write(b"x")
        assert spool.validator is None


def test_a_spool_has_one_owner_at_a_time_and_others_are_told_so(archive):
    with archive.spool(ID), archive.spool("another"):
        with pytest.raises(Transient) as caught, archive.spool(ID):
            pass
        assert (caught.value.code, caught.value.asked) == ("spool-busy", False)
    with archive.spool(ID):
        pass


def test_who_waited_for_a_lock_and_who_comes_later_do_not_both_get_it(tmp_path):
    path, got, done = tmp_path / "x.lock", threading.Event(), threading.Event()

    def waits():
        with locked(path, wait=True):
            got.set()
            done.wait(5)

    thread = threading.Thread(target=waits)
    with locked(path):
        thread.start()
        assert not got.wait(0.05)
    assert got.wait(5)
    with pytest.raises(Transient), locked(path):
        pass
    done.set()
    thread.join()


def test_an_owner_that_fails_gives_its_spool_back(archive):
    with pytest.raises(Transient):
        breaks_off(archive)
    with archive.spool(ID) as spool:
        assert spool.size == 4


@pytest.mark.parametrize("asset_id", ["", ".", "..", "a/b", "../a", ".hidden", "a\0", "a b", "x" * 201])
def test_only_plain_names_name_a_spool(archive, asset_id):
    with pytest.raises(Invalid), archive.spool(asset_id):
        pass


# -- every archive: landing


def test_what_has_landed_is_found_whole_with_its_sidecar(archive):
    land(archive, note=None)
    assert archive.sidecar(KEY) == sidecar(note=None)
    assert archive.size(KEY) == len(BYTES)
    assert content_of(archive) == BYTES


def test_what_has_landed_leaves_an_empty_spool(archive):
    land(archive)
    with archive.spool(ID) as spool:
        assert (spool.size, spool.validator) == (0, None)


@pytest.mark.parametrize(
    "span",
    [(0,), (1,), (0, 0), (5, 6), (100, 300_000), (511_999,), (512_000,), (600_000,), (0, 10**9), (10, 5)],
)
def test_any_part_of_an_asset_can_be_read(archive, span):
    land(archive)
    assert content_of(archive, KEY, *span) == BYTES[slice(*(span if len(span) == 2 else (*span, None)))]


def test_assets_are_read_in_pieces(archive):
    land(archive)
    assert max(len(piece) for piece in archive.read(KEY)) <= 256 * 1024


def test_an_empty_asset_is_an_asset(archive):
    land(archive, b"")
    assert (archive.size(KEY), content_of(archive)) == (0, b"")


@pytest.mark.parametrize("key", ["front-door/2026/nothing.mp4", "nowhere.mp4", KEY + "/x", *HOSTILE])
def test_what_has_not_landed_is_not_found(archive, key):
    land(archive)
    assert archive.sidecar(key) is None
    with pytest.raises(NotFound):
        archive.size(key)
    with pytest.raises(NotFound):
        archive.read(key)


def test_a_camera_may_begin_with_a_hyphen_and_be_long(archive):
    for camera in ("-door", "--", "d" * 100):
        key = f"{camera}/2026/11/20/090000-playback-{ID}.mp4"
        land(archive, key=key)
        assert content_of(archive, key) == BYTES
        assert archive.landed(key.removesuffix(".mp4")) == sidecar()


def test_what_has_landed_is_found_whatever_its_extension_turned_out_to_be(archive):
    land(archive, b"one", "cam/one.mp4", "one")
    land(archive, b"two", "cam/one.more.jpg", "two")
    land(archive, b"three", "cam/one.d/three.ts", "three")
    assert archive.landed("cam/one") == sidecar(b"one")
    assert archive.landed("cam/one.more") == sidecar(b"two")
    for stem in ("cam/on", "cam", "one", "cam/one.mp4", "elsewhere/one", "cam/three"):
        assert archive.landed(stem) is None
    for stem in ("../cam/one", "", "/cam/one"):
        with pytest.raises(Invalid):
            archive.landed(stem)


def test_what_lies_beside_without_being_an_asset_is_not_taken_for_one(disk, tmp_path):
    (tmp_path / "archive" / "cam").mkdir()
    (tmp_path / "archive" / "cam" / "record-1.json").write_text("{}")
    (tmp_path / "archive" / "cam" / "orphan.mp4").write_bytes(b"orphan")
    assert disk.landed("cam/record-1") is None
    assert disk.landed("cam/orphan") is None


def test_publishing_the_same_again_changes_nothing(archive):
    land(archive, note="first")
    land(archive, note="second")
    with archive.spool(ID) as spool:
        archive.publish(spool, KEY, sidecar())
    assert archive.sidecar(KEY) == sidecar(note="first")
    assert content_of(archive) == BYTES


def test_other_bytes_never_take_the_place_of_landed_ones_and_are_not_lost_either(archive):
    land(archive)
    with pytest.raises(Refused) as caught:
        land(archive, b"other")
    assert caught.value.code == "archive-conflict"
    assert content_of(archive) == BYTES
    with archive.spool(ID) as spool:
        assert spool.size == 5


def test_bytes_that_are_not_as_many_as_their_sidecar_says_do_not_land(archive):
    with archive.spool(ID) as spool:
        spool.write(b"short")
        with pytest.raises(Refused) as caught:
            archive.publish(spool, KEY, sidecar())
        assert (caught.value.code, spool.size) == ("archive-mismatch", 5)
    assert archive.sidecar(KEY) is None


@pytest.mark.parametrize("key", HOSTILE)
def test_a_key_that_could_lead_elsewhere_is_never_written(archive, key):
    with archive.spool(ID) as spool:
        spool.write(BYTES)
        for landing in (archive.publish, archive.reject):
            with pytest.raises(Invalid) as caught:
                landing(spool, key, sidecar())
            assert caught.value.field == "key"


def test_what_was_rejected_has_not_landed(archive):
    with archive.spool(ID) as spool:
        spool.write(BYTES)
        archive.reject(spool, KEY, sidecar())
    assert archive.sidecar(KEY) is None
    assert archive.sidecar(f".rejected/{KEY}") is None
    with archive.spool(ID) as spool:
        assert spool.size == 0
    land(archive, b"good")
    assert content_of(archive) == b"good"


def test_what_is_rejected_later_takes_the_place_of_what_was_rejected_before(archive):
    for content in (b"bad", b"worse", b"worse"):
        with archive.spool(ID) as spool:
            spool.write(content)
            archive.reject(spool, KEY, sidecar(content))


def test_a_full_archive_says_no_space_and_charges_nobody():
    archive = MemoryArchive(room=10)
    with archive.spool(ID) as spool:
        with pytest.raises(Transient) as caught:
            spool.write(b"a dozen bytes")
        assert (caught.value.code, caught.value.whose, caught.value.asked) == (
            "no-space",
            Whose.VENDOR,
            False,
        )
        assert (spool.size, archive.free_bytes()) == (10, 0)
        archive.room = 13
        spool.write(b"tes")
        assert spool.size == 13


def test_what_is_set_aside_has_not_landed_and_its_name_is_free(archive):
    land(archive)
    archive.set_aside(KEY, "short")
    assert archive.sidecar(KEY) is None
    assert archive.landed(KEY.removesuffix(".mp4")) is None
    with pytest.raises(NotFound):
        archive.read(KEY)
    archive.set_aside(KEY, "short")
    land(archive, b"another")
    assert content_of(archive) == b"another"


def test_nothing_is_set_aside_where_nothing_landed(archive):
    archive.set_aside(KEY, "short")
    assert archive.sidecar(KEY) is None


@pytest.mark.parametrize("key", HOSTILE)
def test_no_odd_key_is_set_aside(archive, key):
    with pytest.raises(Invalid):
        archive.set_aside(key, "short")


def test_the_memory_archive_shows_what_was_rejected():
    archive = MemoryArchive()
    land(archive, b"good", "a/good.mp4")
    with archive.spool("b") as spool:
        spool.write(b"bad")
        archive.reject(spool, "a/bad.mp4", sidecar(b"bad"))
    assert archive.rejected() == {"a/bad.mp4": b"bad"}


# -- every archive: descriptions of records

RECORD = f"front-door/2026/11/20/record-{ID}.json"
TOLD = {
    "summary": "一人走过门口",
    "tags": ["人"],
    "chapters": [{"time_point": "08:00", "duration_seconds": None}],
}


def test_a_description_is_found_as_it_was_put(archive):
    assert archive.description(RECORD) is None
    assert archive.describe(RECORD, TOLD)
    assert archive.description(RECORD) == TOLD
    assert archive.description(RECORD.replace("record-", "record-x")) is None


def test_a_later_description_takes_the_place_of_an_earlier_one_and_the_same_again_changes_nothing(archive):
    for description in ({}, TOLD, {**TOLD, "tags": []}, TOLD):
        assert archive.describe(RECORD, description)
        assert not archive.describe(RECORD, dict(reversed(description.items())))
        assert archive.description(RECORD) == description


def test_what_differs_only_in_kind_is_another_description(archive):
    assert archive.describe(RECORD, {"size": 1})
    assert archive.describe(RECORD, {"size": True})
    assert archive.describe(RECORD, {"size": 1.0})
    assert archive.describe(RECORD, {"tags": ("a", "b")})
    assert not archive.describe(RECORD, {"tags": ["a", "b"]})


def test_a_description_holds_whatever_a_vendor_can_say(archive):
    said = {"summary": "\ud800 half a pair, \U0001f6b6, \0, \u2028, \\ud800"}
    assert archive.describe(RECORD, said)
    assert archive.description(RECORD) == said
    assert not archive.describe(RECORD, said)


def test_who_has_a_description_cannot_change_it_by_changing_what_he_has(archive):
    told = {"tags": ["人"]}
    archive.describe(RECORD, told)
    told["tags"].append("more")
    archive.description(RECORD)["tags"].append("more")
    assert archive.description(RECORD) == {"tags": ["人"]}


@pytest.mark.parametrize(
    "key", [*HOSTILE, "a/record-1", "a/record-1.JSON", "a/.json", "json", ".json", "a/clip.mp4.json", KEY + ".json"]
)  # fmt: skip
def test_only_a_plain_key_that_can_be_no_sidecar_names_a_description(archive, key):
    with pytest.raises(Invalid) as caught:
        archive.describe(key, TOLD)
    assert caught.value.field == "key"
    assert archive.description(key) is None


def test_a_description_is_no_asset_and_an_asset_no_description(archive):
    land(archive)
    archive.describe(RECORD, TOLD)
    assert archive.sidecar(RECORD) is None
    assert archive.sidecar(RECORD.removesuffix(".json")) is None
    assert archive.landed(RECORD.removesuffix(".json")) is None
    assert archive.description(f"{KEY}.json") is None
    with archive.spool("another") as spool:
        spool.write(BYTES)
        with pytest.raises(Invalid):
            archive.publish(spool, RECORD.removesuffix(".json"), sidecar())
    assert (archive.description(RECORD), archive.sidecar(KEY)) == (TOLD, sidecar())


def test_many_that_describe_at_once_leave_one_whole_description(archive):
    told = [{"number": number, "summary": "长" * 20_000} for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda one: archive.describe(RECORD, one), told))
    assert archive.description(RECORD) in told


# -- the disk: which archive it is


def test_a_new_archive_has_a_marker_and_keeps_its_id(tmp_path):
    first = DiskArchive(tmp_path / "deep" / "archive")
    marker = tmp_path / "deep" / "archive" / ".gleaner-archive"
    assert marker.read_text() == f"{first.id}\n"
    assert len(first.id) == 26
    assert DiskArchive(tmp_path / "deep" / "archive").id == first.id
    assert [*marker.parent.iterdir()] == [marker]


def test_many_that_begin_at_once_agree_on_one_archive(tmp_path):
    with ThreadPoolExecutor(8) as threads:
        found = [*threads.map(DiskArchive, [tmp_path / "archive"] * 8)]
    assert len({archive.id for archive in found}) == 1


def test_a_folder_of_other_things_is_not_made_an_archive(tmp_path):
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(Misconfigured) as caught:
        DiskArchive(tmp_path)
    assert "holiday.jpg" in caught.value.detail
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_an_archive_that_is_not_the_expected_one_is_refused(tmp_path):
    ours = DiskArchive(tmp_path / "archive").id
    assert DiskArchive(tmp_path / "archive", expected_id=ours).id == ours
    with pytest.raises(Misconfigured):
        DiskArchive(tmp_path / "archive", expected_id="another")


def test_an_empty_folder_is_not_taken_for_the_expected_archive_whose_disk_may_not_be_mounted(tmp_path):
    with pytest.raises(Misconfigured) as caught:
        DiskArchive(tmp_path, expected_id="ours")
    assert "mounted" in caught.value.detail
    assert [*tmp_path.iterdir()] == []


# -- the disk: what lies where


def test_an_asset_lies_under_its_key_with_its_sidecar_beside_it(disk, tmp_path):
    land(disk)
    folder = (tmp_path / "archive" / KEY).parent
    assert (tmp_path / "archive" / KEY).read_bytes() == BYTES
    assert json.loads((tmp_path / "archive" / f"{KEY}.json").read_text()) == sidecar()
    assert len([*folder.iterdir()]) == 2
    assert [*(tmp_path / "archive" / ".partial").iterdir()] == []


def test_what_was_rejected_lies_aside_with_its_sidecar(disk, tmp_path):
    for content in (b"bad", b"worse"):
        with disk.spool(ID) as spool:
            spool.write(content)
            disk.reject(spool, KEY, sidecar(content))
    aside = tmp_path / "archive" / ".rejected" / KEY
    assert aside.read_bytes() == b"worse"
    assert json.loads(Path(f"{aside}.json").read_text()) == sidecar(b"worse")
    assert not (tmp_path / "archive" / "front-door").exists()


def test_unfinished_bytes_lie_in_the_spool_folder_under_the_assets_id(tmp_path):
    archive = DiskArchive(tmp_path / "archive", tmp_path / "elsewhere" / "spool")
    with archive.spool(ID) as spool:
        spool.write(b"half")
    assert (tmp_path / "elsewhere" / "spool" / f"{ID}.part").read_bytes() == b"half"
    assert not (tmp_path / "archive" / ".partial").exists()
    assert archive.free_bytes() > 0


def test_a_spool_that_was_never_written_to_leaves_nothing_behind(disk, tmp_path):
    with disk.spool(ID) as spool:
        spool.restart('"v1"')
    assert [*(tmp_path / "archive" / ".partial").iterdir()] == []


def test_a_spool_folder_on_another_disk_serves_as_well(tmp_path):
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other disk here")
    spools = other / f"gleaner-test-{os.getpid()}"
    archive = DiskArchive(tmp_path / "archive", spools)
    try:
        land(archive)
        assert content_of(archive) == BYTES
        assert [*spools.iterdir()] == []
        assert len([*(tmp_path / "archive" / KEY).parent.iterdir()]) == 2
    finally:
        shutil.rmtree(spools)


def test_links_lead_nowhere(disk, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.mp4").write_bytes(b"secret")
    (outside / "secret.mp4.json").write_text("{}")
    (tmp_path / "archive" / "linked").symlink_to(outside)
    (tmp_path / "archive" / "link.mp4").symlink_to(outside / "secret.mp4")
    (tmp_path / "archive" / "link.mp4.json").write_text("{}")
    assert disk.sidecar("linked/secret.mp4") is None
    with pytest.raises(NotFound):
        disk.size("link.mp4")
    with pytest.raises(Transient):
        land(disk, key="linked/new.mp4")
    assert sorted(path.name for path in outside.iterdir()) == ["secret.mp4", "secret.mp4.json"]


def test_a_link_under_a_spools_name_is_not_followed(disk, tmp_path):
    (tmp_path / "archive" / ".partial").mkdir()
    (tmp_path / "archive" / ".partial" / f"{ID}.part").symlink_to(tmp_path / "target")
    with pytest.raises(Transient), disk.spool(ID):
        pass
    assert not (tmp_path / "target").exists()


def test_a_description_lies_under_its_key_and_can_be_read_by_people(disk, tmp_path):
    disk.describe(RECORD, TOLD)
    text = (tmp_path / "archive" / RECORD).read_text(encoding="utf-8")
    assert json.loads(text) == TOLD
    assert '\n  "summary": "一人走过门口",\n' in text
    assert len([*(tmp_path / "archive" / RECORD).parent.iterdir()]) == 1
    assert [*(tmp_path / "archive" / ".partial").iterdir()] == []


def test_the_same_description_again_is_not_written_again(disk, tmp_path):
    disk.describe(RECORD, TOLD)
    before = (tmp_path / "archive" / RECORD).stat()
    assert not disk.describe(RECORD, TOLD)
    after = (tmp_path / "archive" / RECORD).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b"[" * 100_000])
def test_a_description_that_cannot_be_understood_is_none_and_is_put_anew(disk, tmp_path, content):
    disk.describe(RECORD, TOLD)
    (tmp_path / "archive" / RECORD).write_bytes(content)
    assert disk.description(RECORD) is None
    assert disk.describe(RECORD, TOLD)
    assert disk.description(RECORD) == TOLD


def test_a_description_is_neither_read_nor_written_through_a_link(disk, tmp_path):
    (tmp_path / "precious.json").write_text('{"precious": true}')
    path = tmp_path / "archive" / RECORD
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "precious.json")
    assert disk.description(RECORD) is None
    assert disk.describe(RECORD, TOLD)
    assert disk.description(RECORD) == TOLD
    assert (tmp_path / "precious.json").read_text() == '{"precious": true}'


def test_what_stands_in_the_way_of_a_description_is_told_as_ours(disk, tmp_path):
    (tmp_path / "archive" / RECORD).mkdir(parents=True)
    with pytest.raises(Transient) as caught:
        disk.description(RECORD)
    assert caught.value.code == "archive-unreadable"
    with pytest.raises(Transient) as caught:
        disk.describe(RECORD, TOLD)
    assert (caught.value.code, caught.value.asked) == ("archive-unwritable", False)
    assert [*(tmp_path / "archive" / RECORD).parent.iterdir()] == [tmp_path / "archive" / RECORD]


# -- the disk: orphans


def test_an_asset_without_its_sidecar_has_not_landed(disk, tmp_path):
    land(disk)
    (tmp_path / "archive" / f"{KEY}.json").unlink()
    assert disk.sidecar(KEY) is None
    with pytest.raises(NotFound):
        disk.read(KEY)


def test_an_orphan_of_the_same_bytes_is_adopted_and_not_written_again(disk, tmp_path):
    land(disk)
    (tmp_path / "archive" / f"{KEY}.json").unlink()
    before = (tmp_path / "archive" / KEY).stat().st_ino
    land(disk)
    assert (tmp_path / "archive" / KEY).stat().st_ino == before
    assert disk.sidecar(KEY) == sidecar()


def test_an_orphan_of_other_bytes_gives_way(disk, tmp_path):
    (tmp_path / "archive" / KEY).parent.mkdir(parents=True)
    (tmp_path / "archive" / KEY).write_bytes(b"orphan")
    land(disk)
    assert content_of(disk) == BYTES


def test_bytes_whose_sidecar_could_not_be_written_are_taken_back_and_not_fetched_again(tmp_path):
    def full(point):
        if point == "landing-moved":
            raise OSError(errno.ENOSPC, "no room")

    disk = DiskArchive(tmp_path / "archive", reach=full)
    with pytest.raises(Transient) as caught:
        land(disk)
    assert caught.value.code == "no-space"
    with disk.spool(ID) as spool, spool.open() as file:
        assert file.read() == BYTES


def test_media_that_vanished_from_beside_its_sidecar_lands_again(disk, tmp_path):
    land(disk)
    (tmp_path / "archive" / KEY).unlink()
    with pytest.raises(NotFound):
        disk.size(KEY)
    land(disk)
    assert content_of(disk) == BYTES


def test_a_damaged_sidecar_is_said_to_be_damaged(disk, tmp_path):
    land(disk)
    for text in ("{", "[]"):
        (tmp_path / "archive" / f"{KEY}.json").write_text(text)
        with pytest.raises(Refused) as caught:
            disk.sidecar(KEY)
        assert caught.value.code == "sidecar-unreadable"


def test_a_note_that_names_a_place_outside_is_not_followed(disk, tmp_path):
    spools = tmp_path / "archive" / ".partial"
    spools.mkdir()
    (tmp_path / "precious").write_bytes(b"precious")
    (spools / f"{ID}.json").write_text(json.dumps({"landing": "../precious"}))
    with disk.spool(ID) as spool:
        assert spool.size == 0
    assert (tmp_path / "precious").read_bytes() == b"precious"


# -- the disk: crashes and other misfortunes


def test_after_the_machine_itself_has_died_only_kept_bytes_are_believed(disk, tmp_path):
    note = tmp_path / "archive" / ".partial" / f"{ID}.json"
    with disk.spool(ID) as spool:
        spool.restart('"v"')
        spool.write(b"kept")
        spool.keep()
        spool.write(b"perhaps")
    note.write_text(json.dumps({**json.loads(note.read_text()), "boot": "before"}))
    with disk.spool(ID) as spool, spool.open() as file:
        assert (file.read(), spool.validator) == (b"kept", '"v"')
        spool.write(b" and more")
    with disk.spool(ID) as spool, spool.open() as file:
        assert file.read() == b"kept and more"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"unknown": 1}'])
def test_bytes_without_a_note_that_can_be_read_are_not_believed(disk, tmp_path, text):
    with disk.spool(ID) as spool:
        spool.write(b"bytes")
        spool.keep()
    (tmp_path / "archive" / ".partial" / f"{ID}.json").write_text(text)
    with disk.spool(ID) as spool:
        assert spool.size == 0


def test_a_folder_that_cannot_be_made_is_told_as_ours_and_charged_to_nobody(disk, tmp_path):
    (tmp_path / "archive" / "front-door").write_text("in the way")
    with pytest.raises(Transient) as caught:
        land(disk)
    assert (caught.value.code, caught.value.whose, caught.value.asked) == (
        "archive-unwritable",
        Whose.VENDOR,
        False,
    )
    assert KEY in caught.value.detail
    with disk.spool(ID) as spool:
        assert spool.size == len(BYTES)


def test_an_archive_that_cannot_be_read_is_told_as_ours(disk, tmp_path):
    land(disk)
    (tmp_path / "archive" / f"{KEY}.json").unlink()
    (tmp_path / "archive" / f"{KEY}.json").mkdir()
    with pytest.raises(Transient) as caught:
        disk.sidecar(KEY)
    assert caught.value.code == "archive-unreadable"


FILLS = """
import sys
from pathlib import Path
from shared.adapters.disk import locked
from shared.adapters.disk_archive import DiskArchive
from shared.errors import Transient

archive = DiskArchive(Path(sys.argv[1]))
with archive.spool("asset") as spool:
    try:
        while True:
            spool.write(bytes(100_000))
    except Transient as full:
        print(full.code, full.whose, full.asked, spool.size, spool.path.stat().st_size)
"""


def test_a_full_disk_is_no_space_and_what_was_written_stays(tmp_path):
    mounted = [
        "unshare",
        "-rm",
        "sh",
        "-c",
        'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"',
        str(tmp_path),
    ]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*mounted, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("no disk can be mounted here")
    run = [*mounted, sys.executable, "-c", FILLS, str(tmp_path)]
    code, whose, asked, size, on_disk = subprocess.run(
        run, capture_output=True, text=True, check=True
    ).stdout.split()
    assert (code, whose, asked) == ("no-space", "vendor", "False")
    assert 900_000 < int(size) == int(on_disk) < 2**20


DIES = """
import hashlib, io, os, signal, sys
from pathlib import Path
from shared.adapters.disk_archive import DiskArchive

home = Path(sys.argv[1])

def live(point):
    steps = 0

    def counted(frame, event, argument):
        nonlocal steps
        if event != "c_call":
            return
        about_files = argument.__module__ in ("posix", "fcntl", "_io") or isinstance(argument.__self__, io.IOBase)
        if about_files:
            steps += 1
            if steps == point:
                os.kill(os.getpid(), signal.SIGKILL)

    archive = DiskArchive(home / str(point))
    BEFORE
    sys.setprofile(counted)
    DEED
    sys.setprofile(None)
    os._exit(0)

point, status = 0, 1
while status:
    point += 1
    child = os.fork() or live(point)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), status
print(point)
"""

LANDS = """
    asset_id, key, content = *sys.argv[2:4], bytes(range(256)) * 2_000
    with archive.spool(asset_id) as spool:
        spool.restart('"v"')
        for at in range(0, len(content), 200_000):
            spool.write(content[at : at + 200_000])
            spool.keep()
        (home / f"{point}.kept").touch()
        archive.publish(spool, key, {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()})
"""


def points_of_death(tmp_path, deed, *arguments, before="pass"):
    """How many there are: a process of its own was killed at each, in an archive of its own."""
    script = DIES.replace("BEFORE", before).replace("DEED", deed.strip())
    run = [sys.executable, "-c", script, str(tmp_path), *arguments]
    return range(1, 1 + int(subprocess.run(run, capture_output=True, text=True, check=True).stdout))


def test_a_process_killed_at_any_step_leaves_all_or_nothing_and_never_a_byte_to_fetch_twice(tmp_path):
    points = points_of_death(tmp_path, LANDS, ID, KEY)
    assert len(points) > 60
    for point in points:
        root = tmp_path / str(point)
        archive = DiskArchive(root)
        landed = archive.sidecar(KEY)
        assert not landed or content_of(archive) == BYTES
        with archive.spool(ID) as spool, spool.open() as file:
            assert BYTES.startswith(file.read())
            assert landed or not (tmp_path / f"{point}.kept").exists() or spool.size == len(BYTES)
            assert spool.size == 0 or spool.validator == '"v"'
        assert archive.sidecar(KEY) == landed
        assert not landed or content_of(archive) == BYTES
        land(archive)
        assert content_of(archive) == BYTES
        assert [*(root / ".partial").iterdir()] == []
        assert len([*(root / KEY).parent.iterdir()]) == 2


ASIDE = """
    archive.set_aside(sys.argv[3], "short")
"""


def test_a_process_killed_while_it_sets_aside_leaves_the_bytes_in_one_of_two_places(tmp_path):
    points = points_of_death(tmp_path, ASIDE, ID, KEY, before=LANDS.strip())
    assert len(points) > 15
    found = []
    for point in points:
        root = tmp_path / str(point)
        archive, aside = DiskArchive(root), root / ".rejected" / KEY
        found.append(archive.sidecar(KEY) is not None)
        assert content_of(archive) == BYTES if found[-1] else aside.with_name(f"{aside.name}.json").exists()
        assert [(root / KEY).exists(), aside.exists()].count(True) == 1
        archive.set_aside(KEY, "short")
        assert archive.sidecar(KEY) is None
        assert aside.read_bytes() == BYTES
        told = json.loads(aside.with_name(f"{aside.name}.json").read_text())
        assert (told["reason"], told["sha256"]) == ("short", hashlib.sha256(BYTES).hexdigest())
        assert [*(root / KEY).parent.iterdir()] == []
    assert set(found) == {True, False}


def test_a_process_killed_at_any_step_leaves_the_earlier_description_or_the_later_one_whole(tmp_path):
    points = points_of_death(
        tmp_path,
        'archive.describe(sys.argv[2], {"told": "later" * 50_000})',
        RECORD,
        before='archive.describe(sys.argv[2], {"told": "earlier"})',
    )
    assert len(points) > 15
    later, found = {"told": "later" * 50_000}, []
    for point in points:
        archive = DiskArchive(tmp_path / str(point))
        found.append(archive.description(RECORD))
        assert archive.describe(RECORD, later) == (found[-1] != later)
        assert archive.description(RECORD) == later
        assert len([*(tmp_path / str(point) / RECORD).parent.iterdir()]) == 1
    assert found[0] == {"told": "earlier"}
    assert {one["told"][:7] for one in found} == {"earlier", "laterla"}


def test_an_archive_whose_disk_is_taken_away_lets_everything_wait_and_nothing_lands_in_its_place(tmp_path):
    root = tmp_path / "archive"
    archive = DiskArchive(root)
    root.rename(tmp_path / "away")
    root.mkdir()
    uses = (
        archive.free_bytes,
        lambda: archive.spool("a1").__enter__(),
        lambda: archive.describe(RECORD, TOLD),
    )
    for use in uses:
        with pytest.raises(Transient) as trouble:
            use()
        assert (trouble.value.code, trouble.value.whose) == ("archive-foreign", Whose.VENDOR)
    assert list(root.iterdir()) == []
    root.rmdir()
    (tmp_path / "away").rename(root)
    assert archive.free_bytes() > 0


def test_an_archive_taken_away_under_a_fetch_takes_no_asset(tmp_path):
    root = tmp_path / "archive"
    archive = DiskArchive(root, tmp_path / "spool")
    with archive.spool("a1") as spool:
        spool.restart(None)
        spool.write(b"bytes")
        root.rename(tmp_path / "away")
        root.mkdir()
        with pytest.raises(Transient):
            archive.publish(
                spool, "cam/2026/clip.mp4", {"size": 5, "sha256": hashlib.sha256(b"bytes").hexdigest()}
            )
    assert list(root.rglob("*")) == []
