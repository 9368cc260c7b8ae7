"""What every archive promises about unfinished bytes and the room they take, on the disk and in memory; then of the disk alone."""

import hashlib
import json
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from shared.adapters.disk_archive import DiskArchive
from shared.adapters.disk_spool import Note
from shared.adapters.memory_archive import MemoryArchive
from shared.errors import Transient, Whose
from tests.volume import volume

UNFINISHED, BALLAST = "0123456789abcdef0123", "fedcba98765432100000"  # ids as those of assets are
KEY = f"front-door/2026/11/20/101500-playback-{UNFINISHED}.mp4"
BYTES = bytes(range(256)) * 2_000


def sidecar(content=BYTES):
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def land(archive):
    with archive.spool(UNFINISHED) as spool:
        spool.write(BYTES)
        archive.publish(spool, KEY, sidecar())


def content_of(archive):
    return b"".join(archive.read(KEY))


@pytest.fixture(params=["disk", "memory"])
def archive(request, tmp_path):
    return DiskArchive(tmp_path / "archive") if request.param == "disk" else MemoryArchive()


# Not everybody may mount a volume, so what needs one is for the long proof.
@pytest.fixture(params=[pytest.param("disk", marks=pytest.mark.crash), "memory"])
def small(request, tmp_path):
    """An archive of 64 MB that nobody else writes to: on a disk it has a volume to itself."""
    if request.param == "memory":
        yield MemoryArchive(room=64_000_000)
        return
    with volume(tmp_path / "volume", 64) as mounted:
        yield DiskArchive(mounted / "archive")


@pytest.fixture
def disk(tmp_path):
    return DiskArchive(tmp_path / "archive")


def test_what_is_written_is_off_the_free_bytes_at_once_and_what_is_discarded_is_back(small):
    archive = small
    empty = archive.free_bytes()
    with archive.spool(UNFINISHED) as spool:
        spool.write(bytes(3_000_000))
        assert 3_000_000 <= empty - archive.free_bytes() < 3_100_000
    archive.discard(UNFINISHED)
    assert empty - archive.free_bytes() < 100_000


def test_unfinished_spools_are_listed_with_their_bytes_until_they_land_or_are_discarded(archive):
    assert archive.unfinished() == {}
    with archive.spool(UNFINISHED) as spool:
        spool.restart('"v1"')
        spool.write(b"half")
        assert archive.unfinished() == {UNFINISHED: 4}
    assert archive.unfinished() == {UNFINISHED: 4}
    archive.discard(UNFINISHED)
    assert archive.unfinished() == {}
    with archive.spool(UNFINISHED) as spool:
        assert (spool.size, spool.validator) == (0, None)
    land(archive)
    assert archive.unfinished() == {}
    assert content_of(archive) == BYTES


def test_what_somebody_has_open_is_not_discarded(archive):
    with archive.spool(UNFINISHED) as spool:
        spool.write(b"half")
        with pytest.raises(Transient) as caught:
            archive.discard(UNFINISHED)
        assert caught.value.code == "spool-busy"
        spool.write(b"whole")
        with spool.open() as file:
            assert file.read() == b"halfwhole"


def test_discarding_what_is_not_there_or_has_landed_changes_nothing(archive):
    archive.discard(UNFINISHED)
    land(archive)
    archive.discard(UNFINISHED)
    assert content_of(archive) == BYTES
    assert archive.sidecar(KEY) == sidecar()


def fill(spool):
    """Write until there is no room more; what was said."""
    with pytest.raises(Transient) as full:
        spool.write(bytes(70_000_000))
    return full.value


def test_a_full_archive_says_no_space_charges_nobody_keeps_what_it_took_and_goes_on_when_there_is_room(small):
    with small.spool(UNFINISHED) as spool:
        spool.restart('"v1"')
        spool.write(BYTES)
        spool.keep()
        with small.spool(BALLAST) as ballast:
            fill(ballast)
        no = fill(spool)
        taken = spool.size
        with suppress(Transient):
            spool.keep()
    assert (no.code, no.whose, no.asked) == ("no-space", Whose.VENDOR, False)
    assert small.free_bytes() < 10_000
    small.discard(BALLAST)
    with small.spool(UNFINISHED) as spool:
        assert (spool.size, spool.validator) == (taken, '"v1"')
        with spool.open() as file:
            assert file.read(len(BYTES)) == BYTES
        spool.restart(None)
        spool.write(BYTES)
        small.publish(spool, KEY, sidecar())
    assert content_of(small) == BYTES


# -- the disk


def test_what_deaths_left_in_the_spool_folder_is_listed_and_can_be_discarded_and_the_rest_is_not_ours(
    disk, tmp_path
):
    lock = "key-" + "ab" * 32
    home = tmp_path / "archive" / ".partial"
    home.mkdir()
    left = {
        f"{UNFINISHED}.json": b"{}",
        f".{UNFINISHED}.json.new": b"{",
        f"{UNFINISHED}.lock": b"",
        f"{lock}.lock": b"",
    }
    others = ["report.json", "yum.lock", f"{UNFINISHED}.txt", "x.part"]
    for name, content in (left | dict.fromkeys(others, b"not ours")).items():
        (home / name).write_bytes(content)
    assert disk.unfinished() == {UNFINISHED: 0, lock: 0}
    for name in disk.unfinished():
        disk.discard(name)
    assert sorted(path.name for path in home.iterdir()) == sorted(others)


def test_discarding_takes_back_what_died_between_its_final_name_and_its_sidecar(disk, tmp_path):
    land(disk)
    Path(f"{tmp_path / 'archive' / KEY}.json").unlink()
    note = {"validator": None, "kept": len(BYTES), "boot": None, "landing": KEY}
    (tmp_path / "archive" / ".partial" / f"{UNFINISHED}.json").write_text(json.dumps(note))
    disk.discard(UNFINISHED)
    assert disk.unfinished() == {}
    assert not (tmp_path / "archive" / KEY).exists()


OWNS = """
import sys, time
from pathlib import Path
from shared.adapters.disk_archive import DiskArchive

with DiskArchive(Path(sys.argv[1])).spool(sys.argv[2]) as spool:
    spool.write(b"a zombie's bytes")
    print("mine", flush=True)
    time.sleep(60)
"""


def test_what_a_stopped_process_has_open_is_not_discarded_and_what_a_dead_one_had_is(disk, tmp_path):
    run = [sys.executable, "-c", OWNS, str(tmp_path / "archive"), UNFINISHED]
    with subprocess.Popen(run, stdout=subprocess.PIPE) as owner:
        assert owner.stdout.readline() == b"mine\n"
        owner.send_signal(signal.SIGSTOP)
        with pytest.raises(Transient) as caught:
            disk.discard(UNFINISHED)
        assert (caught.value.code, disk.unfinished()) == ("spool-busy", {UNFINISHED: 16})
        owner.kill()
    assert disk.unfinished() == {UNFINISHED: 16}
    disk.discard(UNFINISHED)
    assert list((tmp_path / "archive" / ".partial").iterdir()) == []


def test_an_owner_whose_spool_was_taken_from_under_it_lands_nothing_of_the_next_owners(disk, tmp_path):
    """As where locks do not hold: a zombie has the file open, the file was removed, and another one has its name."""
    home = tmp_path / "archive" / ".partial"
    with disk.spool(UNFINISHED) as zombie:
        zombie.write(b"one's")
        for path in home.iterdir():
            path.unlink()
        with disk.spool(UNFINISHED) as owner:
            owner.restart('"v1"')
            owner.write(b"other")
            with pytest.raises(Transient) as caught:
                disk.publish(zombie, KEY, sidecar(b"one's"))
            assert (caught.value.code, disk.sidecar(KEY)) == ("spool-busy", None)
            zombie.write(b" more")
            zombie.keep()
            zombie.restart('"v2"')
            zombie.close()
            assert Note.read(home / f"{UNFINISHED}.json").validator == '"v1"'
            disk.publish(owner, KEY, sidecar(b"other"))
    assert content_of(disk) == b"other"
