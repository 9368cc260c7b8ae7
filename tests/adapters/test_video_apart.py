"""The owner's fetcher in a process of its own: it may die, hang, chatter and betray, and nobody but its own video suffers."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from shared.adapters.disk_archive import DiskArchive
from shared.adapters.video_apart import VideoApart
from shared.domain.descriptor import MediaDescriptor
from shared.domain.job import Window
from shared.errors import Transient
from shared.wiring import FETCHER
from tests.builders import NOON
from tests.e2e.system import until

ASSET = "0123456789abcdef0123"
HOUR = Window(NOON, NOON + timedelta(hours=1))
ROOT = Path(__file__).parents[2]
KEYS = {"ak": "s3cret-ak-4711", "fileToken": "s3cret-token-4711", "region": "1"}


@pytest.fixture
def apart(tmp_path: Path) -> VideoApart:
    return VideoApart((*FETCHER, "tests.fetchers:fetch", "MY_FETCHER"), tmp_path, pause=0.02)


def scripted(home: Path, script: str, patience: float = 20.0) -> VideoApart:
    """A child that is no fetcher's: it costs little to begin."""
    return VideoApart((sys.executable, "-S", "-c", script), home, patience=patience, pause=0.02)


def chunks(apart: VideoApart, claim: int = 1, **fields: str) -> list[bytes]:
    with apart.open(ASSET, claim, MediaDescriptor({**KEYS, **fields}), HOUR) as download:
        return list(download.chunks)


def test_it_is_given_the_window_and_neither_its_arguments_nor_its_environment_hold_a_secret(tmp_path):
    os.environ["MY_SECRET_SETTING"], os.environ["MY_LIBRARY"] = "s3cret-setting", "/opt/library"
    try:
        command = (*FETCHER, "tests.fetchers:fetch", "MY_FETCHER")
        apart = VideoApart(command, tmp_path, frozenset({"MY_SECRET_SETTING"}), pause=0.02)
        told = b"".join(chunks(apart, does="tell")).decode()
    finally:
        del os.environ["MY_SECRET_SETTING"], os.environ["MY_LIBRARY"]
    assert told.startswith(f"{NOON.isoformat()} 3600\n")
    assert "/opt/library" in told
    assert "s3cret" not in told


def test_it_says_now_and_then_that_it_is_still_at_it_is_heard_by_nobody_else_and_leaves_nothing(
    apart, tmp_path, capfd
):
    found = chunks(apart, does="chatter", content="a video")
    assert found[-1] == b"a video"
    assert found.count(b"") > 1
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("deed", ["pass", "os.symlink('/etc/hostname', target)"], ids=["nothing", "link"])
def test_one_that_says_that_it_is_done_and_wrote_no_file_has_failed(tmp_path, deed):
    script = f"import json, os, sys; target = json.load(sys.stdin)['target']; {deed}; print('{{\"how\": \"done\"}}')"
    with pytest.raises(Transient) as caught:
        chunks(scripted(tmp_path, script))
    assert (caught.value.code, caught.value.detail) == (
        "fetcher-failed",
        "it came back and had written no file",
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_one_that_dies_is_told_by_what_it_died_of(tmp_path, number):
    with pytest.raises(Transient) as caught:
        chunks(scripted(tmp_path, f"import os; os.kill(os.getpid(), {int(number)})"))
    assert (caught.value.code, caught.value.detail) == ("fetcher-crashed", f"it ended with {number.name}")


@pytest.mark.parametrize("script", ["print('{}')", "print('half of')", "raise SystemExit(3)", ""])
def test_one_that_ends_without_a_word_that_can_be_read_has_crashed(tmp_path, script):
    with pytest.raises(Transient) as caught:
        chunks(scripted(tmp_path, script))
    assert caught.value.code == "fetcher-crashed"


def test_one_that_hangs_is_ended_with_all_that_it_has_started(tmp_path):
    pids = tmp_path / "pids"
    script = (
        "import os, subprocess, sys, time; helper = subprocess.Popen(['sleep', '60']);"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{helper.pid}}'); time.sleep(60)"
    )
    with pytest.raises(Transient) as caught:
        chunks(scripted(tmp_path, script, patience=1.0))
    assert caught.value.code == "fetcher-too-slow"
    for pid in pids.read_text().split():
        until(lambda pid=pid: not alive(int(pid)), 5)


def test_what_one_that_has_died_leaves_behind_is_ended_too(tmp_path):
    pids = tmp_path / "pids"
    script = (
        "import subprocess, sys; out = subprocess.DEVNULL;"
        "helper = subprocess.Popen(['sleep', '60'], stdin=out, stdout=out, stderr=out);"
        f"open({str(pids)!r}, 'w').write(str(helper.pid)); sys.exit(3)"
    )
    with pytest.raises(Transient):
        chunks(scripted(tmp_path, script))
    until(lambda: not alive(int(pids.read_text())), 5)


def test_it_ends_with_the_worker_however_that_ends(tmp_path):
    parent = f"""
from datetime import timedelta
from pathlib import Path
from tests.adapters.test_video_apart import HOUR, ASSET, FETCHER, MediaDescriptor, VideoApart
apart = VideoApart((*FETCHER, "tests.fetchers:fetch", "MY_FETCHER"), Path({str(tmp_path)!r}))
with apart.open(ASSET, 1, MediaDescriptor({{"does": "hang"}}), HOUR) as download:
    list(download.chunks)
"""
    with subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT) as worker:
        told = tmp_path / f"{ASSET}.1.video"
        until(lambda: told.exists() and told.read_text())
        child = int(told.read_text())
        assert alive(child)
        worker.kill()
    until(lambda: not alive(child), 5)


def test_whoever_has_enough_ends_it(tmp_path):
    pid = tmp_path / "pid"
    script = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    begun = time.monotonic()
    with scripted(tmp_path, script).open(ASSET, 1, MediaDescriptor(KEYS), HOUR) as download:
        until(lambda: next(download.chunks) == b"" and pid.exists() and pid.read_text())
    assert not alive(int(pid.read_text()))
    assert time.monotonic() - begun < 10


def test_what_it_writes_counts_as_unfinished_bytes_of_its_asset_and_goes_with_them(tmp_path):
    archive = DiskArchive(tmp_path / "archive")
    script = (
        "import json, sys, time; open(json.load(sys.stdin)['target'], 'w').write('x' * 999); time.sleep(60)"
    )
    apart = scripted(archive.spool_dir, script)
    with archive.spool(ASSET, 7), apart.open(ASSET, 7, MediaDescriptor(KEYS), HOUR) as download:
        until(lambda: next(download.chunks) == b"" and archive.unfinished().get(ASSET) == 999)
    assert archive.unfinished() == {}


def test_what_a_dead_worker_left_is_cleared_away_by_the_next_or_by_whoever_tidies_up(tmp_path):
    archive = DiskArchive(tmp_path / "archive")
    with archive.spool(ASSET, 1):
        left = archive.spool_dir / f"{ASSET}.1.video"
        left.write_bytes(b"half of it")
    with archive.spool(ASSET, 2), scripted(archive.spool_dir, "").open(ASSET, 2, MediaDescriptor(KEYS), HOUR):
        assert not left.exists()
    left.write_bytes(b"half of it")
    assert archive.unfinished() == {ASSET: 10}
    archive.discard(ASSET)
    assert not left.exists()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
