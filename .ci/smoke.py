"""`make run` as a newcomer sees it: it starts, archives clips and records of the sandbox, shows them, and stops when asked.

Speaks to the service only as an operator would, over its HTTP interface. Prints what it saw; exits 1, with the end of
the service's own output, when something was not as promised. PORT chooses another port than 8000.
"""

import hashlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

PORT = os.environ.get("PORT", "8000")
URL = f"http://127.0.0.1:{PORT}"
READY_SECONDS = 60
ARCHIVED_SECONDS = 120
STOP_SECONDS = 30
OUTPUT_LINES = 60
RECORDS = 2
HANDED_ON = ("PATH", "HOME", "LANG", "TMPDIR")


class Broken(Exception):
    """A promise was not kept."""


@contextmanager
def service(home: Path, output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`make run` with a home of its own and none of the settings of whoever runs this."""
    environment = {name: os.environ[name] for name in HANDED_ON if name in os.environ}
    environment |= {"GLEANER_HOME": str(home), "PORT": PORT}
    with output.open("wb") as sink:
        process = subprocess.Popen(
            ["make", "run"], env=environment, stdout=sink, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Asked first, since only the service can end what it started in sessions of its own."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(what: str, look: Callable[[], Any], seconds: float, process: subprocess.Popen[bytes]) -> Any:
    """What `look` found, once it found something."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if process.poll() is not None:
            raise Broken(f"`make run` ended with {process.returncode} before there was {what}")
        if found := look():
            print(f"{what} after {time.monotonic() - began:.1f} s", flush=True)
            return found
        time.sleep(0.25)
    raise Broken(f"no {what} within {seconds} s")


def is_ready() -> bool:
    try:
        return requests.get(f"{URL}/readyz", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def archive_a_clip(operator: requests.Session, process: subprocess.Popen[bytes]) -> None:
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=30)
    wish = {
        "camera": "front-door",
        "start": start.isoformat(),
        "end": (start + timedelta(minutes=1)).isoformat(),
    }
    accepted = operator.post(f"{URL}/admin/jobs", json=wish, timeout=10)
    if accepted.status_code != 202:
        raise Broken(f"the wish was answered with {accepted.status_code}: {accepted.text}")

    def archived() -> Any:
        wanted = {"state": "archived", "kind": "playback"}
        answer = operator.get(f"{URL}/admin/jobs", params=wanted, timeout=10)
        answer.raise_for_status()
        return answer.json()["jobs"]

    job = wait_for("an archived clip", archived, ARCHIVED_SECONDS, process)[0]
    for asset in job["assets"]:
        check(operator, asset)


def check(operator: requests.Session, asset: dict[str, Any]) -> None:
    stored = operator.get(f"{URL}/assets/{asset['key']}", timeout=10)
    stored.raise_for_status()
    if hashlib.sha256(stored.content).hexdigest() != asset["sha256"]:
        raise Broken(f"{asset['key']} is not what was archived")
    print(f"{asset['key']}: {asset['size']} bytes, {asset['verdict']}")


def see_records(operator: requests.Session, process: subprocess.Popen[bytes]) -> None:
    """Nobody asks for them: the schedule does. The page must show what the API tells of."""

    def pictured() -> Any:
        answer = operator.get(f"{URL}/admin/records", timeout=10)
        answer.raise_for_status()
        found = [record for record in answer.json()["records"] if record["picture"]]
        return found if len(found) >= RECORDS else None

    records = wait_for(f"{RECORDS} records with pictures", pictured, ARCHIVED_SECONDS, process)
    for record in records[:RECORDS]:
        (job,) = (operator.get(f"{URL}/admin/jobs/{each}", timeout=10).json() for each in record["jobs"])
        check(operator, job["assets"][0])
    page = as_a_person(operator.headers["Authorization"].removeprefix("Bearer "))
    unseen = [each["picture"] for each in records[:RECORDS] if each["picture"] not in page]
    if unseen:
        raise Broken(f"the page does not show {unseen}")
    print(f"the page shows {page.count('/assets/')} addresses of pictures and clips")


def as_a_person(token: str) -> str:
    """The first page, after logging in by its form."""
    with requests.Session() as browser:
        form = browser.get(f"{URL}/", timeout=10).text
        hidden = re.search(r'name="csrf_token" value="([^"]+)"', form)
        if hidden is None:
            raise Broken("the first page has no form to log in by")
        said = {"token": token, "csrf_token": hidden[1]}
        page = browser.post(f"{URL}/login", data=said, timeout=10)
        page.raise_for_status()
        return page.text


def stop(process: subprocess.Popen[bytes]) -> None:
    began = time.monotonic()
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise Broken(f"`make run` did not stop within {STOP_SECONDS} s of SIGTERM") from error
    print(f"stopped after {time.monotonic() - began:.1f} s")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="gleaner-smoke-") as scratch:
        home, output = Path(scratch, "home"), Path(scratch, "output")
        try:
            with service(home, output) as process, requests.Session() as operator:
                wait_for("a ready service", is_ready, READY_SECONDS, process)
                operator.headers["Authorization"] = f"Bearer {(home / 'admin-token').read_text().strip()}"
                archive_a_clip(operator, process)
                see_records(operator, process)
                stop(process)
        except (Broken, requests.RequestException, OSError) as error:
            print(*output.read_text(errors="replace").splitlines()[-OUTPUT_LINES:], sep="\n", file=sys.stderr)
            print(f"smoke: {error}", file=sys.stderr)
            return 1
    print("smoke: all as promised")
    return 0


if __name__ == "__main__":
    sys.exit(main())
