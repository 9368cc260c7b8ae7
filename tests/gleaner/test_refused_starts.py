"""With a secret that others know nothing starts, whichever process it is, and each says so in one line."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
REMEDY = "`openssl rand -hex 32` makes a good one"
PROCESSES = {
    "up": [sys.executable, "-m", "gleaner", "up"],
    "web": [sys.executable, "-m", "gunicorn", "webhook.wsgi:app", "--preload", "--bind", "127.0.0.1:0"],
    "worker": [sys.executable, "-m", "celery", "-A", "worker.app", "worker", "-Q", "control"],
}


def ends_of(names: list[str], folder: Path, **told: str) -> dict[str, tuple[int, str]]:
    """How each of these processes ended and what it said, all of them started at the same time."""
    base = {"PYTHONPATH": str(ROOT), "REDIS_URL": "redis://127.0.0.1:1/0", "GLEANER_HOME": str(folder)}
    env = {**os.environ, **base, "SMS_BASE_URL": "http://127.0.0.1:1", "PORT": "1025", **told}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    running = {
        name: subprocess.Popen(PROCESSES[name], env=env, cwd=folder, start_new_session=True, **pipes)
        for name in names
    }
    try:
        return {name: (each.wait(30), each.stdout.read()) for name, each in running.items()}
    finally:
        for each in running.values():
            each.kill()
            each.communicate()


def test_a_known_secret_in_the_environment_ends_each_process_with_one_line(tmp_path):
    ends = ends_of([*PROCESSES], tmp_path, ADMIN_TOKEN="changeme" * 3, SECRET_KEY="hunter2")
    said = f"Error: ADMIN_TOKEN: is a placeholder, which others know; {REMEDY}\n"
    assert ends == dict.fromkeys(PROCESSES, (1, said))
