"""A ticket kills one process at its point, once; without one nothing happens."""

import subprocess
import sys

from shared.points import by_tickets, pass_by

REACH = "import sys; from pathlib import Path; from shared.points import by_tickets; by_tickets(Path(sys.argv[1]))('here')"


def reached(folder) -> int:
    return subprocess.run([sys.executable, "-c", REACH, str(folder)], check=False, timeout=20).returncode


def test_each_ticket_is_one_kill(tmp_path):
    (tmp_path / "here.1").touch()
    (tmp_path / "elsewhere.1").touch()
    assert [reached(tmp_path), reached(tmp_path)] == [-9, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["elsewhere.1"]


def test_nothing_happens_without_a_ticket(tmp_path):
    by_tickets(tmp_path)("here")
    pass_by("here")
