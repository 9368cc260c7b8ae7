"""Whoever comes by a later claim gets a spool of its own, and what the earlier owner does from then on is of no effect."""

import hashlib
import json
import multiprocessing
import queue
import threading
import time

import pytest

from shared.adapters import disk
from shared.adapters.disk_archive import DiskArchive
from shared.adapters.memory_archive import MemoryArchive
from shared.errors import GleanerError, Refused, Transient

ID = "01kaexampleasset0000000000"
KEY = f"front-door/2026/11/20/101500-playback-{ID}.mp4"
BYTES = bytes(range(256)) * 2_000
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])
RACERS = 4


def sidecar(content=BYTES):
    return {"id": ID, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def content_of(archive):
    return b"".join(archive.read(KEY))


def publish(archive, spool, content=BYTES):
    archive.publish(spool, KEY, sidecar(content))


@pytest.fixture(params=["disk", "memory"])
def archive(request, tmp_path):
    return DiskArchive(tmp_path) if request.param == "disk" else MemoryArchive()


@pytest.fixture
def spools(tmp_path):
    return tmp_path / ".partial"


def asleep(archive, claim, content, validator='"v"'):
    """An owner that has kept something, and its spool."""
    owner = archive.spool(ID, claim)
    spool = owner.__enter__()
    spool.restart(validator)
    spool.write(content)
    spool.keep()
    return owner, spool


# -- every archive


@pytest.mark.parametrize(("earlier", "later"), [(2, 2), (3, 2), (0, 5), (5, 0)])
def test_only_a_later_claim_takes_a_spool_from_its_owner(archive, earlier, later):
    owner, _ = asleep(archive, earlier, b"half")
    with pytest.raises(Transient) as caught, archive.spool(ID, later):
        pass
    assert (caught.value.code, caught.value.asked) == ("spool-busy", False)
    owner.__exit__(None, None, None)
    with archive.spool(ID, later) as spool:
        assert spool.size == 4


def test_what_the_earlier_owner_kept_is_there_for_the_later_one(archive):
    _owner = asleep(archive, 1, BYTES[:300_000])
    with archive.spool(ID, 2) as spool:
        assert (spool.size, spool.validator) == (300_000, '"v"')
        spool.write(BYTES[300_000:])
        publish(archive, spool)
    assert content_of(archive) == BYTES


def test_what_cannot_be_resumed_is_not_taken_over(archive):
    _owner = asleep(archive, 1, b"half", None)
    with archive.spool(ID, 2) as spool:
        assert (spool.size, spool.validator) == (0, None)


def test_the_earlier_owner_writes_into_nothing_that_the_later_one_has_and_lands_nothing(archive):
    _owner, earlier = asleep(archive, 1, b"half")
    with archive.spool(ID, 2) as later:
        earlier.write(b" and other bytes")
        with pytest.raises(Transient) as caught:
            publish(archive, earlier, b"half and other bytes")
        assert (caught.value.code, archive.sidecar(KEY)) == ("spool-busy", None)
        earlier.restart('"w"')
        earlier.write(b"other bytes from the start")
        later.write(b" of it")
        with later.open() as file:
            assert file.read() == b"half of it"
        publish(archive, later, b"half of it")
    assert content_of(archive) == b"half of it"


def test_what_has_landed_is_not_harmed_by_the_earlier_owner(archive):
    owner, earlier = asleep(archive, 1, b"half")
    with archive.spool(ID, 2) as later:
        later.write(b" of it")
        publish(archive, later, b"half of it")
    earlier.write(b" but")
    with pytest.raises(Refused) as caught:
        publish(archive, earlier, b"half but")
    assert caught.value.code == "archive-conflict"
    earlier.restart(None)
    owner.__exit__(None, None, None)
    assert content_of(archive) == b"half of it"


def test_turns_go_on_and_on(archive):
    sleepers = [asleep(archive, 1, b"0")]
    for claim in range(2, 6):
        owner = archive.spool(ID, claim)
        spool = owner.__enter__()
        sleepers.append((owner, spool))
        assert spool.size == claim - 1
        spool.write(b"%d" % claim)
        spool.keep()
    for owner, _ in sleepers:
        owner.__exit__(None, None, None)
    with archive.spool(ID, 9) as spool, spool.open() as file:
        assert file.read() == b"02345"


# -- the disk


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_an_owner_that_was_replaced_leaves_nothing_behind_whenever_it_ends(tmp_path, spools):
    archive = DiskArchive(tmp_path)
    owner, earlier = asleep(archive, 1, b"half")
    with archive.spool(ID, 2) as later:
        assert names(spools) == [f"{ID}.lock", f"{ID}~1.json", f"{ID}~1.lock", f"{ID}~1.part"]
        earlier.write(b"more")
        earlier.keep()
        owner.__exit__(None, None, None)
        assert names(spools) == [f"{ID}~1.json", f"{ID}~1.lock", f"{ID}~1.part"]
        later.write(b" of it")
        publish(archive, later, b"half of it")
    assert names(spools) == []


def test_what_a_replaced_owner_leaves_when_it_dies_is_cleared_away_by_the_next(tmp_path, spools):
    archive = DiskArchive(tmp_path)
    owner, _ = asleep(archive, 1, b"half")
    with archive.spool(ID, 2):
        owner.__exit__(None, None, None)
        for left in ("json", "lock"):
            (spools / f"{ID}.{left}").write_text("1")
    with archive.spool(ID, 3) as spool:
        assert spool.size == 4
        assert names(spools) == [f"{ID}~1.json", f"{ID}~1.lock", f"{ID}~1.part"]


def test_a_copy_is_never_of_two_versions_though_the_earlier_owner_begins_anew_while_it_is_made(tmp_path):
    archive, size = DiskArchive(tmp_path), 4_000_000
    for turn in range(40):
        owner, earlier = asleep(archive, 1, b"a" * size, '"a"')

        def begin_anew(spool=earlier):
            spool.restart('"b"')
            for _ in range(16):
                spool.write(b"b" * (size // 16))
            spool.keep()

        thread = threading.Thread(target=begin_anew)
        thread.start()
        time.sleep(turn / 40 * 0.01)
        with archive.spool(ID, 2) as spool:
            with spool.open() as file:
                found = file.read()
            assert set(found) <= set((spool.validator or "").strip('"').encode())
            assert len(found) in (0, size)
            thread.join()
            spool.restart(None)
        owner.__exit__(None, None, None)


# -- the disk: a final name is taken once


def race(root, key, asset_id, content, ready, results):
    archive = DiskArchive(root)
    with archive.spool(asset_id) as spool:
        spool.write(content)
        ready.wait(30)
        what = ""
        while what in ("", "spool-busy"):
            try:
                archive.publish(spool, key, sidecar(content))
                what = "landed"
            except GleanerError as no:
                what = no.code
    results.put((content[0], what))


@pytest.mark.parametrize("way", ["threads", "processes"])
def test_of_those_who_race_for_one_name_one_gets_it_and_the_others_adopt_it_or_are_refused(tmp_path, way):
    """Half of them bring the same bytes, under ids of their own: they find what they wanted to land."""
    root, ready = tmp_path, (threading if way == "threads" else PROCESSES).Barrier(RACERS)
    kind, results = (
        (threading.Thread, queue.Queue()) if way == "threads" else (PROCESSES.Process, PROCESSES.Queue())
    )
    DiskArchive(root)
    for name in ("one", "two", "three"):
        key = KEY.replace("playback", name)
        contents = [bytes([number // 2]) * 300_000 for number in range(RACERS)]
        racers = [
            kind(target=race, args=(root, key, f"{name}{number}", content, ready, results))
            for number, content in enumerate(contents)
        ]
        for racer in racers:
            racer.start()
        told = sorted(results.get(timeout=30) for _ in racers)
        for racer in racers:
            racer.join()
        (winner,) = {content for content, what in told if what == "landed"}
        assert told.count((winner, "landed")) == 2
        assert [what for content, what in told if content != winner] == ["archive-conflict"] * (RACERS - 2)
        there = (root / key).read_bytes()
        assert (set(there), len(there)) == ({winner}, 300_000)
        assert json.loads((root / f"{key}.json").read_text())["sha256"] == hashlib.sha256(there).hexdigest()


def test_what_lies_under_a_final_name_and_is_no_asset_gives_way_and_is_kept(tmp_path):
    archive = DiskArchive(tmp_path)
    (tmp_path / KEY).parent.mkdir(parents=True)
    for number, lost in enumerate((b"somebody's", b"somebody else's"), 1):
        (tmp_path / KEY).write_bytes(lost)
        (tmp_path / f"{KEY}.json").unlink(missing_ok=True)
        with archive.spool(ID) as spool:
            spool.write(BYTES)
            publish(archive, spool)
        assert content_of(archive) == BYTES
        assert (tmp_path / ".rejected" / f"{KEY}.{number}").read_bytes() == lost


@pytest.mark.parametrize("rename", [disk.name_anew, disk.rename_unless_there], ids=["one-step", "two-steps"])
def test_a_file_never_moves_onto_another(tmp_path, rename):
    """In one step where the system has one for it; else by a look first, under a lock."""
    (tmp_path / "old").write_text("old")
    (tmp_path / "new").write_text("new")
    with disk.folder(tmp_path, []) as where:
        with pytest.raises(FileExistsError):
            rename(str(tmp_path / "old"), "new", where)
        assert [(tmp_path / name).read_text() for name in ("old", "new")] == ["old", "new"]
        rename("old", "newer", where, at=where)
    assert names(tmp_path) == ["new", "newer"]
