"""The check in a process apart: whatever becomes of the child, the caller gets an answer, and footage is kept."""

import io
import os
import signal
import subprocess
import sys
import time
from multiprocessing import get_context
from pathlib import Path

import pytest

from shared.adapters.media_apart import CheckApart
from shared.domain.job import Kind, Verdict
from shared.domain.reasons import REASONS
from shared.errors import Refused, Transient
from tests.adapters.mp4s import Clip, encoded

BEGUN = 'import os, sys, time, signal, resource; say = lambda text: os.write(1, text + b"\\n"); say(b"{}");'
KNOWN = (
    'say(b\'{"facts": {"content_type": "video/mp4", "extension": "mp4", "verdict": "complete", '
    '"duration_seconds": 3.0, "examined": ["container"]}}\');'
)
PIXELS = b"\xff\xc0\x00\x11\x08"  # the head of a JPEG's frame, in front of its height and width


def child(code, **limits):
    """A check with a child that does this instead."""
    return CheckApart(command=(sys.executable, "-S", "-c", code), **limits)


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(encoded(1))
    return path


def children():
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def looked(check, path, kind=Kind.PLAYBACK):
    with path.open("rb") as stream:
        return check(stream, kind)


def test_a_whole_clip_is_complete_and_everything_of_it_was_looked_at(clip):
    found = looked(CheckApart(), clip)
    assert (found.verdict, found.reasons, found.duration_seconds) == (Verdict.COMPLETE, {}, 3.0)
    assert (found.content_type, found.extension) == ("video/mp4", "mp4")
    assert found.examined == ("container", "holes", "frames")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<!DOCTYPE html><h1>403</h1>", "not-media"),
        (Clip((b"\1" * 9_000, bytes(9_000))).written(), "holes"),
    ],
)
def test_a_refusal_of_the_child_is_a_refusal(tmp_path, content, code):
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(Refused) as caught:
        looked(CheckApart(), path)
    assert caught.value.code == code
    assert caught.value.detail


def test_a_picture_is_looked_at_without_a_child():
    picture = io.BytesIO(b"\xff\xd8\xff\xda\0\2" + b"x" * 90 + b"\xff\xd9")
    assert CheckApart(command=("/nowhere",))(picture, Kind.PICTURE).verdict is Verdict.COMPLETE


def test_a_child_with_too_little_memory_for_it_says_so(clip):
    found = looked(CheckApart(memory=60_000_000), clip)
    assert (found.verdict, found.duration_seconds, found.extension) == (Verdict.UNVERIFIED, 3.0, "mp4")
    assert [*found.reasons] == ["check-too-big"]


def test_frames_too_large_for_any_camera_are_not_decoded(tmp_path):
    bomb = tmp_path / "bomb.mp4"
    huge = encoded(1, codec="mjpeg").replace(PIXELS + b"\0\x78\0\xa0", PIXELS + b"\x3e\x80\x3e\x80")
    described = huge.index(b"stsd") + 12 + 8 + 24
    bomb.write_bytes(huge[:described] + b"\x3e\x80\x3e\x80" + huge[described + 4 :])
    found = looked(CheckApart(), bomb)
    assert (found.verdict, found.reasons) == (
        Verdict.UNVERIFIED,
        {"check-too-big": "frames of 16000 by 16000 pixels"},
    )


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "check-crashed"),
        ("os.kill(os.getpid(), signal.SIGABRT)", "check-crashed"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "check-crashed"),
        ("os._exit(3)", "check-crashed"),
        ("os._exit(0)", "check-crashed"),
        ("say(b'junk')", "check-crashed"),
        ("say(b'[]')", "check-crashed"),
        ('say(b\'{"facts": {"verdict": "perfect"}}\')', "check-crashed"),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_footage_whose_check_came_to_a_bad_end_is_kept_as_what_was_known_of_it_and_doubted(
    clip, end, code, known
):
    found = looked(child(BEGUN + (KNOWN if known else "") + end), clip)
    assert (found.verdict, [*found.reasons]) == (Verdict.UNVERIFIED, [code])
    assert (found.extension, found.duration_seconds) == (("mp4", 3.0) if known else ("bin", None))
    assert found.reasons[code]
    assert code in REASONS


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("time.sleep(60)", "check-too-slow"),
        ("say(b'x' * 10_000_000)", "check-crashed"),
    ],
)
def test_a_child_that_would_never_end_is_ended_and_what_it_said_still_holds(clip, end, code):
    found = looked(child(BEGUN + KNOWN + end, patience=1.2), clip)
    assert (found.verdict, [*found.reasons], found.duration_seconds) == (Verdict.UNVERIFIED, [code], 3.0)


def test_a_child_that_computes_for_too_long_is_ended_by_its_own_limit(clip):
    ends = "from shared.adapters.media_child import limit; limit(1 << 30, 1)\nwhile True: pass"
    found = looked(CheckApart(command=(sys.executable, "-c", BEGUN + KNOWN + ends), patience=30), clip)
    assert (found.verdict, [*found.reasons]) == (Verdict.UNVERIFIED, ["check-too-slow"])


def test_a_child_that_somebody_else_ends_is_begun_once_more(clip, tmp_path):
    ends = "os.path.exists(flag) or (open(flag, 'w'), os.kill(os.getpid(), signal.SIGKILL));"
    done = 'say(b\'{"done": true, "facts": {"content_type": "a/b", "extension": "c", "verdict": "complete", "duration_seconds": 1}}\')'
    found = looked(child(f"{BEGUN}flag = {str(tmp_path / 'flag')!r};{ends}{done}"), clip)
    assert (found.verdict, found.extension) == (Verdict.COMPLETE, "c")


def test_a_child_that_was_expected_has_begun_when_there_is_something_to_look_at(clip, tmp_path):
    where = tmp_path / "begun"
    waits = (
        f"open({str(where)!r}, 'a').write('x');import socket;socket.recv_fds(socket.socket(fileno=0), 9, 1);"
    )
    done = 'say(b\'{"done": true, "facts": {"content_type": "a/b", "extension": "c", "verdict": "complete", "duration_seconds": 1}}\')'
    check = child(f"import os;{waits}{BEGUN}{done}")
    for _ in range(3):
        check.expect(Kind.PLAYBACK)
    over = time.monotonic() + 10
    while not where.exists() and time.monotonic() < over:
        time.sleep(0.02)
    assert where.exists()
    assert looked(check, clip).extension == "c"
    assert where.read_text() == "x"
    assert looked(check, clip).extension == "c"
    assert where.read_text() == "xx"


def test_an_expected_child_looks_as_any_other_does_and_ends(clip):
    before, check = children(), CheckApart()
    check.expect(Kind.PLAYBACK)
    assert looked(check, clip).verdict is Verdict.COMPLETE
    check.expect(Kind.PICTURE)
    assert children() == before


def test_an_expected_child_that_died_before_it_was_needed_is_replaced(clip):
    before, check = children(), CheckApart()
    check.expect(Kind.PLAYBACK)
    (waiting,) = children() - before
    os.kill(int(waiting), signal.SIGKILL)
    assert looked(check, clip).verdict is Verdict.COMPLETE


def test_an_expected_child_that_is_not_needed_ends_with_its_parent():
    expects = """
from pathlib import Path
from shared.adapters.media_apart import CheckApart
from shared.domain.job import Kind
check = CheckApart()
check.expect(Kind.PLAYBACK)
print(Path("/proc/self/task").joinpath(next(Path("/proc/self/task").iterdir()).name, "children").read_text())
"""
    said = subprocess.run([sys.executable, "-c", expects], capture_output=True, text=True, check=True).stdout
    (pid,) = said.split()
    assert gone(pid)


@pytest.mark.parametrize("command", [("/nowhere/python",), (sys.executable, "-c", "import nothing_like_it")])
def test_a_machine_that_cannot_start_a_child_is_no_fault_of_the_footage(clip, command):
    with pytest.raises(Transient) as caught:
        looked(CheckApart(command=command), clip)
    assert (caught.value.code, caught.value.asked) == ("check-unavailable", False)


def test_a_child_has_no_secrets_no_further_file_no_socket_and_nothing_to_write_to(
    clip, tmp_path, monkeypatch
):
    monkeypatch.setenv("ADMIN_TOKEN", "a secret of the worker")
    tries = """
import errno, os, socket, sys
from shared.adapters.media_child import handed, limit, say
from shared.adapters.media_word import Word
def denied(what):
    try: what()
    except OSError as no: return no.errno == errno.EMFILE
def writes():
    try: return os.write(0, b"x")
    except OSError: return 0
handed()
limit(*map(int, sys.argv[3:]))
tried = denied(lambda: open("/etc/passwd")), denied(socket.socket), "ADMIN_TOKEN" not in os.environ, not writes()
say(Word(broke=("check-crashed", repr(tried))))
"""
    found = looked(CheckApart(command=(sys.executable, "-P", "-s", "-c", tries)), clip)
    assert found.reasons == {"check-crashed": "(True, True, True, True)"}


def alive(pid):
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text("utf-8").rpartition(")")[2].split()[0] != "Z"


def gone(pid, within=5.0):
    over = time.monotonic() + within
    while alive(pid) and time.monotonic() < over:
        time.sleep(0.02)
    return not alive(pid)


def test_a_child_that_takes_too_long_is_ended_with_all_that_it_has_started(clip, tmp_path):
    family = "pid = os.fork();open(where, 'a').write(f'{os.getpid()} ');time.sleep(60)"
    where = tmp_path / "pids"
    looked(child(f"{BEGUN}where = {str(where)!r};{family}", patience=1.0), clip)
    pids = where.read_text("utf-8").split()
    assert len(pids) == 2
    assert all(gone(pid) for pid in pids)


def test_a_child_ends_with_its_parent(clip, tmp_path):
    where = tmp_path / "pid"
    slow = f"""
import os, sys, time
from shared.tied import tie
tie(int(sys.argv[2]))
where = open({str(where)!r}, "w"); where.write(str(os.getpid())); where.close()
time.sleep(60)
"""
    parent = f"""
import sys
from shared.adapters.media_apart import CheckApart
from shared.domain.job import Kind
CheckApart(command=(sys.executable, "-P", "-s", "-c", {slow!r}))(open({str(clip)!r}, "rb"), Kind.PLAYBACK)
"""
    process = subprocess.Popen([sys.executable, "-c", parent])
    over = time.monotonic() + 20
    while not (where.exists() and where.read_text("utf-8")) and time.monotonic() < over:
        time.sleep(0.02)
    pid = where.read_text("utf-8")
    assert alive(pid)
    process.kill()
    process.wait()
    assert gone(pid)


def look_and_tell(path, told):
    told.put(looked(CheckApart(), Path(path)).verdict.value)


def test_it_works_in_a_process_that_may_have_no_children_by_the_usual_way(clip):
    context = get_context("fork")  # as Celery's pool does
    told = context.Queue()
    worker = context.Process(target=look_and_tell, args=(str(clip), told), daemon=True)
    worker.start()
    assert told.get(timeout=30) == "complete"
    worker.join(10)
    assert worker.exitcode == 0


def test_whoever_is_stopped_while_it_waits_leaves_no_child_behind(clip, tmp_path):
    where = tmp_path / "pid"

    class Stop(Exception):
        pass

    def stop(*_):
        raise Stop

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    try:
        with pytest.raises(Stop):
            looked(child(f"{BEGUN}open({str(where)!r}, 'w').write(str(os.getpid()));time.sleep(60)"), clip)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert gone(where.read_text("utf-8"))
    assert os.getpid() != int(where.read_text("utf-8"))
