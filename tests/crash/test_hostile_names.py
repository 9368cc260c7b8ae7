"""Whatever vendors, hosts and operators call things: no file outside the archive, and inside only names of our own making.

Hundreds of hostile names go every way by which a name comes in: an address, a file's identity, a host's own name for a file, a record,
a job, a key, an asset id, a camera in the cameras file. `HOSTILE_SEED` picks those that are made up.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from urllib.parse import quote

import pytest

from shared.adapters.cameras_file import read_cameras
from shared.adapters.disk_archive import DiskArchive
from shared.domain import events as e
from shared.domain.job import State
from shared.errors import Invalid, NotFound
from tests.builders import a_job
from tests.contract.media_server import Server, source
from tests.worker.test_fetch import Fetching

SEED = int(os.environ.get("HOSTILE_SEED", "1"))
STEPS = (
    "..", "../..", "../../../../../../../../tmp", "/", "//", "/tmp", "~", "~root", ".", "./.", "\\..\\..", "C:\\", "\\\\host\\share",
    "%2e%2e", "%2e%2e%2f", "%252e%252e%252f", "..%2f", "..%5c", "%c0%ae%c0%ae/", "..;", "....//", ".. ", " ..", "..\0", "\0",
    "․․", "‥", "…", "．．", "／", "⁄", "∕", "＼", "﹨", "ﬀ",
)  # fmt: skip
ENDS = (
    "x.mp4", "x.mp4.json", ".gleaner-archive", ".partial/x.part", ".rejected/x", "etc/passwd", "record-x.json", "x.mp4\0.json", "x.mp4\n",
    "CON", "NUL.mp4", "aux.mp4", "COM1", "LPT1.mp4", "x.mp4:stream", "x.mp4::$DATA", "x.", "x ", "-rf", "--help", "*", "?", "|id", "$(id)",
    "`id`", ";id", "'\"", "<x>", "{{7*7}}", "${jndi:x}", "%s%n", "\r\nX: y", "\x1b[2J", "\x07", "\x7f", "\u202egpj.4pm", "\u200b", "\ufeff",
    "🚪.mp4", "👨‍👩‍👧‍👦", "é.mp4", "e\u0301.mp4", "İ", "ß", "文件.mp4", "ملف.mp4", "\ud800", "\udfff.mp4", "\U0010ffff", "x" * 255, "x" * 256, "文" * 100,
    "a/" * 200 + "x", "x" * 5000,
)  # fmt: skip


def hostile() -> list[str]:
    """Five hundred and more, the same for the same seed."""
    dice = Random(SEED)
    joined = {f"{step}{join}{end}" for step in STEPS for join in ("/",) for end in dice.sample(ENDS, 10)}
    made = {
        "".join(dice.choice([*STEPS, *ENDS, "/", "a"])[:60] for _ in range(dice.randrange(1, 5)))
        for _ in range(200)
    }
    return sorted({*STEPS, *ENDS, *joined, *made})


NAMES = hostile()
PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
PLAIN = {name for name in NAMES if all(map(PART.fullmatch, name.split("/")))}  # "-rf", "CON" and so on
OURS = re.compile(
    r"\.gleaner-archive"
    r"|front-door/\d{4}/\d\d/\d\d/\d{6}-(playback|picture)-[0-9a-f]{20}\.(mp4|jpg|bin)(\.json)?"
)


def files(root: Path) -> Iterator[str]:
    """All files in a folder."""
    return (path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())


@pytest.fixture
def around(tmp_path: Path) -> Iterator[Path]:
    """The folder of an archive, deep in one in which nothing else may ever be."""
    root = tmp_path / "a" / "b" / "c" / "archive"
    root.mkdir(parents=True)
    places = [
        folder / end
        for folder in (Path("/tmp"), Path("/"), Path.cwd(), Path.home())
        for end in ("x.mp4", "x")
    ]
    before = [place.exists() for place in places]
    yield root
    assert [name for name in files(tmp_path) if not name.startswith("a/b/c/archive/")] == []
    assert [place.exists() for place in places] == before


def only_ours(root: Path) -> None:
    assert [name for name in files(root) if not OURS.fullmatch(name)] == []


def test_there_are_enough_of_them() -> None:
    assert len(NAMES) >= 500


def test_the_archive_takes_no_hostile_name_for_a_key_or_an_asset(around: Path) -> None:
    """None but the few that are plain, of which the first may be a camera's."""
    archive = DiskArchive(around)
    told = {"size": 5, "sha256": hashlib.sha256(b"bytes").hexdigest()}
    with archive.spool("asset") as spool:
        spool.write(b"bytes")
    for name in set(NAMES) - PLAIN:
        with pytest.raises(Invalid), archive.spool(name):
            pass
        for key in (name, f"front-door/{name}", f"{name}/x.mp4", f"front-door/2026/{name}.mp4"):
            with pytest.raises(Invalid):
                archive.describe(key, {})
            with pytest.raises(NotFound):
                archive.size(key)
            for use in (archive.publish, archive.reject):
                with archive.spool("asset") as spool, pytest.raises(Invalid):
                    use(spool, key, told)
    with archive.spool("asset") as spool:
        assert spool.size == 5  # no refusal has cost a byte of it
        spool.restart(None)
    only_ours(around)


def _fetched(root: Path, identity: str, address: str, **changes: object) -> Fetching:
    """A fetch of a file that is called so, to its end or for a few turns."""
    one = Fetching(archive=DiskArchive(root), media=source(), changes=changes)
    one.tell(e.CancelRequested())
    job = one.services.ledger.create(a_job(lanes=(), **changes))
    assert job
    one.id = job.id
    one.tell(e.PrepareStarted(one.services.lease()))
    one.tell(e.Prepared(1, (e.Sighting(identity, address),), "stream"))
    for _ in range(3):
        if one.job.state == State.READY:
            one.work()
    return one


def _lands(root: Path, names: list[str]) -> None:
    """Through the step and HTTP: the file's identity, its address's path and query, its record, and what the host calls it."""
    landed = 0
    with Server() as host:
        for name in names:
            if name.isprintable() and name.isascii():
                called = f'Content-Disposition: attachment; filename="{name}"'
                host.says(["HTTP/1.1 200 OK", called, "Content-Length: 5"], b"bytes")
            address = host.address(f"/{quote(name, errors='surrogatepass')}")
            # Half a surrogate pair is stopped at a vendor's door: it is not printable.
            identity = name.encode(errors="replace").decode()
            landed += _fetched(root, identity, address, record=identity).job.state == State.ARCHIVED
            host.replies.clear()
            for said in (
                f"http://127.0.0.1:{host.port}/{name}",
                f"http://127.0.0.1:{host.port}/?f={name}",
                name,
            ):
                _fetched(root, "clip", said)  # as nobody has quoted it: fetched as it was judged, or refused
    assert landed > len(names) * 0.9
    only_ours(root)


def test_some_vendors_names_name_no_file_of_ours(around: Path) -> None:
    _lands(around, NAMES[::15])


@pytest.mark.crash
@pytest.mark.timeout(900)
def test_five_hundred_vendors_names_name_no_file_of_ours(around: Path) -> None:
    _lands(around, NAMES)


def test_only_plain_names_are_cameras() -> None:
    for name in NAMES:
        escaped = "".join(f"\\U{ord(each):08x}" for each in name)
        if not re.fullmatch(r"[a-z0-9-]{1,100}", name):
            with pytest.raises(Invalid):
                read_cameras(f'[[camera]]\nname = "{escaped}"\n', {})
