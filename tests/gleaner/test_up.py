"""The supervisor, with small commands in the place of the real ones; and what `gleaner up` refuses to begin with."""

import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gleaner.household import RedisChild, check_port, check_ports, only_one
from gleaner.supervisor import Child, Command, Process, Supervisor
from shared.errors import Misconfigured, Transient
from shared.settings import Settings, Source, read

SLEEP = ("sleep", "60")
FIRST_WAIT = 0.1
Complaints = list[tuple[str, str]]


@pytest.fixture
def complaints() -> Complaints:
    return []


@pytest.fixture
def command(tmp_path: Path, complaints: Complaints) -> Iterator[Callable[..., Command]]:
    made: list[Command] = []

    def make(name: str, *argv: str, patience: float = 3.0) -> Command:
        process = Process(name, argv or SLEEP, {"PATH": os.environ["PATH"], "HERE": str(tmp_path)}, patience)
        made.append(Command(process, tmp_path, lambda name, wrong: complaints.append((name, wrong))))
        return made[-1]

    yield make
    for child in made:
        child.end()


def shell(script: str) -> tuple[str, ...]:
    return ("sh", "-c", script)


@pytest.fixture
def supervise(complaints: Complaints) -> Callable[..., Supervisor]:
    def make(*tiers: list[Child]) -> Supervisor:
        return Supervisor(tiers, lambda name, wrong: complaints.append((name, wrong)), FIRST_WAIT)

    return make


def until(
    condition: Callable[[], object], look: Callable[[], None] = lambda: None, seconds: float = 5.0
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        look()
        time.sleep(0.01)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


# -- the supervisor ------------------------------------------------------------------------------------------------------


def test_what_is_killed_is_started_again_and_one_line_says_so(
    command: Callable[..., Command], supervise: Callable[..., Supervisor], complaints: Complaints
) -> None:
    child = command("steady")
    supervisor = supervise([child])
    supervisor.start()
    first = child.pid
    assert first
    os.kill(first, signal.SIGKILL)
    until(lambda: child.pid not in (None, first), supervisor.look)
    supervisor.stop()
    assert complaints == [("steady", "ended (Killed); starting it again in 0.1 s")]


def test_what_dies_again_and_again_is_waited_for_longer_with_its_last_words(
    command: Callable[..., Command], supervise: Callable[..., Supervisor], complaints: Complaints
) -> None:
    supervisor = supervise([command("unlucky", *shell("echo first; echo 'no luck' >&2; exit 3"))])
    supervisor.start()
    until(lambda: len(complaints) == 2, supervisor.look)
    supervisor.stop()
    assert complaints == [
        ("unlucky", "ended (exit 3: no luck); starting it again in 0.1 s"),
        ("unlucky", "ended (exit 3: no luck); starting it again in 0.2 s"),
    ]


def test_a_command_that_is_not_there_is_told_like_one_that_dies(
    command: Callable[..., Command], supervise: Callable[..., Supervisor], complaints: Complaints
) -> None:
    supervisor = supervise([command("absent", "/no/such/command")])
    supervisor.start()
    until(lambda: complaints, supervisor.look)
    supervisor.stop()
    assert "No such file or directory" in complaints[0][1]


class Stubborn:
    """A child that cannot be started a second time at once."""

    name = "stubborn"
    patience = 0.0

    def __init__(self) -> None:
        self.starts = 0

    def start(self) -> None:
        self.starts += 1
        if self.starts == 2:
            raise Transient("away", "its disk is full")

    def fate(self) -> str | None:
        return "exit 1" if self.starts < 3 else None

    def ask_to_end(self) -> None:
        pass

    def end(self) -> None:
        pass


def test_what_cannot_be_started_again_is_tried_later(
    supervise: Callable[..., Supervisor], complaints: Complaints
) -> None:
    child = Stubborn()
    supervisor = supervise([child])
    supervisor.start()
    until(lambda: child.starts == 3, supervisor.look)
    assert complaints[1] == ("stubborn", "does not start (its disk is full); starting it again in 0.2 s")


def test_the_last_tier_ends_first_and_each_is_waited_for(
    command: Callable[..., Command], supervise: Callable[..., Supervisor], tmp_path: Path
) -> None:
    def polite(name: str, seconds: float) -> Command:
        script = f"trap 'sleep {seconds}; echo {name} >> $HERE/ends; exit' TERM; echo up >> $HERE/ups; while :; do sleep 0.02; done"
        return command(name, *shell(script))

    supervisor = supervise(
        [polite("base", 0.0)], [polite("web", 0.1)], [polite("worker", 0.2), polite("beat", 0.1)]
    )
    supervisor.start()
    until(lambda: (tmp_path / "ups").exists() and (tmp_path / "ups").read_text() == "up\n" * 4)
    began = time.monotonic()
    supervisor.stop()
    assert (tmp_path / "ends").read_text().split() == ["beat", "worker", "web", "base"]
    assert time.monotonic() - began < 3


def test_what_one_tier_has_left_of_its_patience_the_next_may_use(
    command: Callable[..., Command], supervise: Callable[..., Supervisor], tmp_path: Path
) -> None:
    script = (
        "trap 'sleep 1; echo web >> $HERE/ends; exit' TERM; echo > $HERE/up; while :; do sleep 0.02; done"
    )
    supervisor = supervise([command("web", *shell(script), patience=0.1)], [command("worker", patience=3.0)])
    supervisor.start()
    until((tmp_path / "up").exists)
    supervisor.stop()
    assert (tmp_path / "ends").read_text() == "web\n"


def test_who_does_not_end_in_time_is_killed_with_all_it_has_started(
    command: Callable[..., Command], supervise: Callable[..., Supervisor], tmp_path: Path
) -> None:
    script = "trap '' TERM; sleep 60 & echo $! > $HERE/grandchild; while :; do sleep 0.02; done"
    supervisor = supervise([command("deaf", *shell(script), patience=0.2)])
    supervisor.start()
    until(lambda: (tmp_path / "grandchild").exists() and (tmp_path / "grandchild").read_text())
    supervisor.stop()
    until(lambda: not lives(int((tmp_path / "grandchild").read_text())))


def test_whoever_a_dead_leader_left_behind_is_ended_before_it_is_started_again(
    command: Callable[..., Command],
    supervise: Callable[..., Supervisor],
    tmp_path: Path,
    complaints: Complaints,
) -> None:
    child = command("leader", *shell("sleep 60 & echo $! > $HERE/grandchild; wait"))
    supervisor = supervise([child])
    supervisor.start()
    until(lambda: (tmp_path / "grandchild").exists() and (tmp_path / "grandchild").read_text())
    left_behind = int((tmp_path / "grandchild").read_text())
    assert child.pid
    os.kill(child.pid, signal.SIGKILL)
    until(lambda: complaints, supervisor.look)
    until(lambda: not lives(left_behind))
    supervisor.stop()


class EndedServer:
    """A server of which nothing is left once it was ended, not even how."""

    def poll(self) -> None:
        return None

    def stop(self) -> None:
        pass


def test_a_server_that_was_asked_to_end_is_not_waited_for_any_longer() -> None:
    child = RedisChild(EndedServer())
    assert child.fate() is None
    child.ask_to_end()
    assert child.fate() == "as asked"


def test_a_hurry_ends_the_patience(
    command: Callable[..., Command], supervise: Callable[..., Supervisor]
) -> None:
    supervisor = supervise(
        [command("deaf", *shell("trap '' TERM; while :; do sleep 0.02; done"), patience=30.0)]
    )
    supervisor.start()
    began = time.monotonic()
    supervisor.stop(hurry=lambda: True)
    assert time.monotonic() - began < 2


def test_a_child_leads_a_session_of_its_own_so_that_ctrl_c_does_not_reach_it(
    command: Callable[..., Command],
) -> None:
    child = command("apart")
    child.start()
    assert child.pid
    assert os.getsid(child.pid) == child.pid


# -- the supervisor's process --------------------------------------------------------------------------------------------

KEEP_RUNNING = """
import os, sys
from pathlib import Path
from gleaner.stopping import keep_running, stop_signals
from gleaner.supervisor import Command, Process, Supervisor
child = Command(Process("child", sys.argv[2:], dict(os.environ), 30.0), Path(sys.argv[1]), print)
class Told(Supervisor):
    def look(self):
        print(child.pid, flush=True)
        super().look()
with stop_signals() as stop:
    keep_running(Told([[child]], print), stop, print, lambda news: news and print("changed", flush=True))
print("stopped")
"""


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    made: list[subprocess.Popen[str]] = []

    def start(*argv: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", KEEP_RUNNING, str(tmp_path), *argv]
        made.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return made[-1]

    yield start
    for each in made:
        each.kill()
        each.communicate(timeout=5)


def child_of(supervisor: subprocess.Popen[str]) -> int:
    assert supervisor.stdout
    return int(supervisor.stdout.readline())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_and_counts_as_done(
    process: Callable[..., subprocess.Popen[str]], number: signal.Signals
) -> None:
    supervisor = process(*SLEEP)
    child = child_of(supervisor)
    supervisor.send_signal(number)
    said, _ = supervisor.communicate(timeout=5)
    assert supervisor.returncode == 0
    assert said.endswith("stopped\n")
    assert not lives(child)


def test_a_hang_up_without_a_terminal_is_news_of_changed_secrets(
    process: Callable[..., subprocess.Popen[str]],
) -> None:
    supervisor = process(*SLEEP)
    child = child_of(supervisor)
    supervisor.send_signal(signal.SIGHUP)
    until(lambda: "changed" in supervisor.stdout.readline())
    assert supervisor.poll() is None
    assert lives(child)


def test_a_terminal_that_is_gone_ends_everything(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    adopt = "import os\nos.close(os.open(os.ttyname(0), os.O_RDWR))\n"  # a session's first terminal becomes its own
    command = [sys.executable, "-c", adopt + KEEP_RUNNING, str(tmp_path), *SLEEP]
    supervisor = subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    os.close(theirs)
    try:
        child = child_of(supervisor)
        supervisor.send_signal(signal.SIGHUP)
        until(lambda: "changed" in supervisor.stdout.readline())
        os.close(ours)
        said, _ = supervisor.communicate(timeout=5)
    finally:
        supervisor.kill()
        supervisor.communicate()
    assert supervisor.returncode == 0
    assert said.endswith("stopped\n")
    assert not lives(child)


def test_a_closed_terminal_is_survived_under_nohup(process: Callable[..., subprocess.Popen[str]]) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        supervisor = process(*SLEEP)
    finally:
        signal.signal(signal.SIGHUP, before)
    child = child_of(supervisor)
    supervisor.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert supervisor.poll() is None
    assert lives(child)


def test_the_second_signal_does_not_wait(process: Callable[..., subprocess.Popen[str]]) -> None:
    supervisor = process("sh", "-c", "trap '' TERM; while :; do sleep 0.05; done")
    child = child_of(supervisor)
    time.sleep(0.2)  # for the trap
    supervisor.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    assert supervisor.poll() is None
    supervisor.send_signal(signal.SIGINT)
    supervisor.communicate(timeout=5)
    assert supervisor.returncode == 0
    assert not lives(child)


@pytest.mark.skipif(
    sys.platform != "linux", reason="only the kernel of Linux ends children with their parent"
)
def test_children_die_with_a_supervisor_that_is_killed(process: Callable[..., subprocess.Popen[str]]) -> None:
    supervisor = process(*SLEEP)
    child = child_of(supervisor)
    supervisor.kill()
    until(lambda: not lives(child))


# -- what is refused -----------------------------------------------------------------------------------------------------


def up(home: Path, port: int) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    environ |= {"GLEANER_HOME": str(home), "PORT": str(port), "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-m", "gleaner", "up"]
    return subprocess.run(
        command, check=False, env=environ, cwd=home.parent, capture_output=True, text=True, timeout=20
    )


def test_a_port_in_use_is_one_line_and_nothing_was_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = up(tmp_path / "home", port)
    assert done.returncode == 1
    assert done.stderr == f"Error: port {port} of 127.0.0.1 is in use; stop what listens there, or set PORT\n"
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == ["log", "up.lock"]


def test_a_second_up_on_the_same_home_is_refused_and_names_the_first(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with only_one(home):
        done = up(home, 1)
    assert done.returncode == 1
    assert done.stderr == f"Error: another `gleaner up` (process {os.getpid()}) is running on {home}\n"


def test_a_home_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="Not a directory"), only_one(tmp_path / "file" / "home"):
        pass


def test_a_home_is_private_and_may_be_had_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with only_one(home) as followed:
        assert not followed
    assert home.stat().st_mode & 0o777 == 0o700
    with only_one(home) as followed:
        assert not followed


def test_a_killed_predecessor_is_noticed(tmp_path: Path) -> None:
    kill_inside = "import os, sys; from pathlib import Path; from gleaner.household import only_one\n"
    kill_inside += "with only_one(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", kill_inside, str(tmp_path)], check=False, timeout=20)
    with only_one(tmp_path) as followed:
        assert followed


def test_the_port_of_a_killed_predecessor_is_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Misconfigured, match="in use"):
            check_port("127.0.0.1", port, patience=0.1)
    check_port("127.0.0.1", port, patience=0.0)


def test_the_door_of_vendors_has_to_be_free_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as free:
        port = taken.getsockname()[1]
        told = {"PORT": str(free.getsockname()[1]), "CALLBACK_BIND": f"127.0.0.1:{port}"}
        free.close()
        with pytest.raises(Misconfigured, match=f"port {port} .* or set CALLBACK_BIND"):
            check_ports(read(Settings, Source(told, {}, Path())), patience=0.0)


def test_an_address_that_is_not_of_this_machine_is_said_to_be_so() -> None:
    with pytest.raises(Misconfigured, match="cannot listen on"):
        check_port("192.0.2.1", 8000, patience=0.0)
