"""The receiver under fire: whatever is sent to a callback's own address, it answers with a no, lives, and no job moves."""

import secrets
import socket
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException
from itertools import count
from queue import SimpleQueue
from random import Random

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from shared.domain.job import Job
from shared.signing import Keys, callback_token
from tests.fuzz.hostile import DRAWN, SIGNED, Body, bodies, broken_requests
from tests.fuzz.receiver import JSON, WAIT_SECONDS, Receiver, receiving
from webhook.manners import LARGEST
from webhook.request_id import HEADER

JOBS = 8
AT_ONCE = 4
BATCH = 40
REFUSALS = {400, 413}
NO = REFUSALS | {403, 404, 405, 408, 414, 417, 429, 431}
CLOSED = 0  # hung up without a word, as is right with what is no HTTP
GROWTH = 20 * 2**20
EVERY_DAY, LONG = 400, 50_000
GUESSES = 10_000
HELD = 50  # connections at once that never come to an end
HEARD = 16
LIFE = '{"streamId": "stream-1", "downloadProgress": 0}'


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Receiver]:
    """One receiver for the file; callers are who a proxy on this machine says they are."""
    home = tmp_path_factory.mktemp("receiver")
    with receiving(home, redis_url, "{receiver}:", TRUSTED_PROXIES="127.0.0.1") as running:
        yield running


HOURS = count()


@pytest.fixture
def jobs(receiver: Receiver) -> list[Job]:
    """Jobs that would be moved by the next good callback."""
    return [receiver.job(next(HOURS)) for _ in range(JOBS)]


@pytest.fixture
def seed() -> int:
    return secrets.randbits(32)


class Sender:
    """Sends bodies over a connection that it keeps as long as the receiver does."""

    def __init__(self, receiver: Receiver, paths: list[str]) -> None:
        self.receiver, self.paths, self.sent = receiver, paths, 0
        self.connection = receiver.connection()

    def send(self, body: bytes, content_type: str, **headers: str) -> int:
        """The status of the answer."""
        self.sent += 1
        path = self.paths[self.sent % len(self.paths)]
        for _ in range(3):  # a connection that was kept may have been closed a moment ago
            try:
                headers = {"Content-Type": content_type, **headers}
                self.connection.request("POST", path, body, headers)
                answer = self.connection.getresponse()
                answer.read()
                return answer.status
            except (OSError, HTTPException):
                self.connection.close()
        return CLOSED


def fire(receiver: Receiver, jobs: list[Job], several: Iterable[Body]) -> Counter[int]:
    """Send them all, a few at once, and have each refused; how often each status came back."""
    paths, idle = [receiver.path(job) for job in jobs], SimpleQueue[Sender]()
    for _ in range(AT_ONCE):
        idle.put(Sender(receiver, paths))

    def one(body: Body) -> int:
        sender = idle.get()
        status = sender.send(*body)
        idle.put(sender)
        assert status in REFUSALS, (status, body)
        return status

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = Counter(pool.map(one, several))
    for _ in range(AT_ONCE):
        idle.get().connection.close()
    return found


def draw(receiver: Receiver, jobs: list[Job], seed: int, count: int) -> Counter[int]:
    """The same with bodies of Hypothesis's making."""
    found: Counter[int] = Counter()

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count // BATCH,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(DRAWN, min_size=BATCH, max_size=BATCH))
    def some(batch: list[Body]) -> None:
        found.update(fire(receiver, jobs, batch))

    some()
    return found


def answer_to(receiver: Receiver, request: bytes, *, stays: bool = False) -> int:
    """The status of the first answer to these bytes; CLOSED when there is none. `stays`: after a good request by the same caller."""
    said = b""
    with receiver.socket() as connection:
        if stays:
            connection.sendall(b"HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while b"\r\n" not in said and (more := connection.recv(4096)):
                said += more
        except ConnectionError:
            pass  # it hung up while we still spoke, perhaps after an answer
    return int(said.split(b" ", 2)[1]) if said.startswith(b"HTTP/") else CLOSED


def break_http(receiver: Receiver, job: Job) -> Counter[int]:
    """All broken requests; how often each status came back. Who stays is told the same as who is new."""
    found: Counter[int] = Counter()
    for what, request in broken_requests(receiver.path(job)):
        status = answer_to(receiver, request)
        assert status in NO | {CLOSED, 100}, (what, status)
        if (
            len(request) < LARGEST
        ):  # of a longer one it may be told no before it is said, and then hear nothing
            assert answer_to(receiver, request, stays=True) == status, what
        found[status] += 1
    return found


def endless(receiver: Receiver, job: Job) -> int:
    """Chunks until somebody has had enough: the status, or CLOSED."""
    head = f"POST {receiver.path(job)} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with receiver.socket() as connection:
        try:
            connection.sendall(head.encode())
            for _ in range(4000):
                connection.sendall(b"1000\r\n" + b" " * 4096 + b"\r\n")
        except ConnectionError:
            pass
        try:
            said = connection.recv(4096)
        except ConnectionError:
            return CLOSED
    return int(said.split(b" ", 2)[1]) if said else CLOSED


def is_heard(receiver: Receiver, job: Job) -> float:
    """A good callback is taken; after how many seconds."""
    began = time.monotonic()
    sender = Sender(receiver, [receiver.path(job)])
    assert sender.send(b'{"downloadProgress": 0.5}', JSON) == 200
    sender.connection.close()
    return time.monotonic() - began


@pytest.mark.fuzz
def test_a_few_hundred_hostile_callbacks_move_nothing(receiver: Receiver, jobs: list[Job], seed: int) -> None:
    print(f"seed {seed}")
    before = receiver.known(jobs)
    answers = fire(receiver, jobs, bodies(Random(seed), EVERY_DAY))
    draw(receiver, jobs, seed, 2 * BATCH)
    broken = break_http(receiver, jobs[0])
    assert answers[413] >= EVERY_DAY // 50
    assert broken.total() > 50
    assert receiver.known(jobs) == before
    is_heard(receiver, jobs[0])


def half_requests(path: str) -> Iterator[bytes]:
    """Requests that are never said to their end."""
    top = f"POST {path} HTTP/1.1\r\nHost: x\r\n".encode()
    yield b""
    yield top[:20]
    yield top + b"X-Slow: "
    yield top + b"Content-Length: 100\r\n\r\n{"
    yield top + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"


@pytest.mark.fuzz
@pytest.mark.parametrize("stayed", [False, True], ids=["at once", "after a whole one"])
def test_who_says_half_a_request_and_falls_silent_does_not_make_it_deaf(
    receiver: Receiver, jobs: list[Job], stayed: bool
) -> None:
    path = receiver.path(jobs[0])
    halves = list(half_requests(path))
    whole = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(LIFE)}\r\n\r\n{LIFE}".encode()
    with ExitStack() as held:
        for number in range(HELD):
            caller = held.enter_context(receiver.socket())
            if stayed:
                caller.sendall(whole)
                assert caller.recv(4096).startswith(b"HTTP/1.1 200 ")
            caller.sendall(halves[number % len(halves)])
        with ThreadPoolExecutor(HEARD) as pool:  # so many that each process has to hear some of them
            took = list(pool.map(lambda _: is_heard(receiver, jobs[1]), range(HEARD)))
    assert max(took) < WAIT_SECONDS


def guesses(receiver: Receiver, job: Job, chance: Random, count: int) -> Iterator[str]:
    """Addresses with a token that is empty, guessed, or of a key that is no longer in force."""
    old = Keys(("the key before",))
    for number in range(count):
        mac = secrets.token_urlsafe(24).replace("-", "_")
        yield [
            "/callbacks/sms/",
            "/callbacks",
            f"/callbacks/sms/{callback_token(old, 'sms', job.id, 1)}",
            f"/callbacks/sms/{callback_token(old, 'sms', f'{number:026}', 1)}",
            f"/callbacks/sms/{job.id}-1-{mac}",
            f"/callbacks/sms/{job.id}-{number + 2}-{receiver.path(job)[-32:]}",
            f"/callbacks/imou/{receiver.path(job).rpartition('/')[2]}",
            f"/callbacks/sms/{chance.randbytes(chance.randrange(1, 60)).hex()}",
        ][number % 8]


def guess(receiver: Receiver, jobs: list[Job], seed: int, count: int) -> Counter[str]:
    """All that a stranger sees of each answer but its time and its id; each guess comes from another address."""
    found: Counter[str] = Counter()
    connection: HTTPConnection = receiver.connection()
    for number, path in enumerate(guesses(receiver, jobs[0], Random(seed), count)):
        caller = f"198.{18 + number // 65536}.{number // 256 % 256}.{number % 256}"
        connection.request("POST", path, b"{}", {"X-Forwarded-For": caller, "Content-Type": JSON})
        answer = connection.getresponse()
        body = answer.read()
        headers = sorted((name, value) for name, value in answer.getheaders() if name not in ("Date", HEADER))
        found[repr((answer.status, headers, body))] += 1
    connection.close()
    return found


@pytest.mark.fuzz_long
def test_ten_thousand_guesses_look_alike_and_nothing_is_said_of_tokens(
    receiver: Receiver, jobs: list[Job], seed: int
) -> None:
    fire(receiver, jobs, [*bodies(Random(seed), EVERY_DAY)])
    answers = guess(receiver, jobs, seed, GUESSES)
    print(f"seed {seed}: {answers.total():,} guesses, {len(answers)} kind of answer")
    assert len(answers) == 1, answers
    assert "(404," in next(iter(answers))
    said = receiver.log()
    secret = [SIGNED.partition("?")[2], *(receiver.path(job)[-32:] for job in jobs)]
    assert [each for each in secret if each in said] == []


@pytest.mark.fuzz_long
def test_fifty_thousand_hostile_callbacks_move_nothing_and_cost_no_memory(
    receiver: Receiver, jobs: list[Job], seed: int
) -> None:
    before = receiver.known(jobs)
    fire(receiver, jobs, bodies(Random(seed + 1), 4000))
    break_http(receiver, jobs[0])
    pids, warm = receiver.pids(), receiver.resident()
    began = time.monotonic()
    answers = fire(receiver, jobs, bodies(Random(seed), LONG * 4 // 5))
    answers += draw(receiver, jobs, seed, LONG // 5)
    broken: Counter[int] = Counter()
    for _ in range(10):
        broken += break_http(receiver, jobs[0])
    with ThreadPoolExecutor(HELD) as pool:
        ends = Counter(pool.map(lambda _: endless(receiver, jobs[0]), range(HELD)))
    grown, took = receiver.resident() - warm, time.monotonic() - began
    print(f"seed {seed}: {answers.total() + broken.total() + HELD:,} hostile callbacks in {took:.0f} s")
    print(f"bodies {dict(answers)}, broken HTTP {dict(broken)}, {HELD} without end {dict(ends)}")
    print(f"web processes {warm / 2**20:.1f} MB after the warm-up, {grown / 2**20:+.1f} MB at the end")
    assert answers.total() + broken.total() >= LONG
    assert ends.keys() <= NO | {CLOSED}
    assert receiver.known(jobs) == before
    assert receiver.pids() == pids
    assert grown < GROWTH
    is_heard(receiver, jobs[0])
