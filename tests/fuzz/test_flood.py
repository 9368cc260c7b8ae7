"""Guesses as fast as one process makes them: the vendor is heard all the while, and Redis does not grow."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.fuzz.receiver import JSON, Receiver, receiving

ROOT = Path(__file__).parent.parent.parent
SECONDS = 20
PAUSE = 0.05  # between two callbacks of the vendor
GROWTH = 10 * 2**20
MANY = 900_000  # addresses: more than there are guesses


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Receiver]:
    """One receiver for the file; callers are who a proxy on this machine says they are."""
    home = tmp_path_factory.mktemp("receiver")
    with receiving(home, redis_url, "{flood}:", TRUSTED_PROXIES="127.0.0.1") as running:
        yield running


def heard(receiver: Receiver, path: str, flood: subprocess.Popen[str]) -> str:
    """How long the vendor's callbacks took while that process lived; every one is taken."""
    took, connection = [], receiver.connection()
    while flood.poll() is None:
        began = time.monotonic()
        connection.request("POST", path, b'{"downloadProgress": 0.5}', {"Content-Type": JSON})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        took.append(time.monotonic() - began)
        time.sleep(PAUSE)
    connection.close()
    middle, late = (sorted(took)[int(len(took) * share)] * 1000 for share in (0.5, 0.99))
    return f"{len(took)} known callbacks: median {middle:.1f} ms, p99 {late:.1f} ms"


@pytest.mark.fuzz_long
@pytest.mark.parametrize("addresses", [1, MANY], ids=["one caller", "callers without end"])
def test_the_vendor_is_heard_through_a_flood_and_redis_does_not_grow(
    receiver: Receiver, real_client: redis.Redis, addresses: int
) -> None:
    path = receiver.path(receiver.job(addresses % 7))
    with subprocess.Popen(["sleep", str(SECONDS / 4)], text=True) as nobody:
        print(f"\nwithout a flood, {heard(receiver, path, nobody)}; load {os.getloadavg()[0]:.1f}")
    before = real_client.info("memory")["used_memory"]
    command = [sys.executable, "-m", "tests.fuzz.flood", str(receiver.port), str(SECONDS), str(addresses)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as flood:
        print(f"in the flood, {heard(receiver, path, flood)}")
        answers, _ = flood.communicate()
    grown = real_client.info("memory")["used_memory"] - before
    print(f"{SECONDS} s, {addresses} callers: {answers.strip()}; Redis {grown / 2**20:+.2f} MB")
    assert flood.returncode == 0
    counted = json.loads(answers)
    assert counted.keys() <= {"404", "429"}
    assert (counted.get("429", 0) > counted["404"]) == (addresses == 1)
    assert grown <= GROWTH
