"""The client of Redis: a connection for each thread, scripts by their digest, and no queue before a server that is silent."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec
import pytest
import redis

from gleaner.embedded_redis import EmbeddedRedis
from shared import together
from shared.adapters.redis_answers import readable
from shared.adapters.redis_client import Script, ThreadsClient
from shared.errors import Final
from shared.settings import Settings, Source, read
from shared.wiring import state_client

ECHO = "return function(said, more) return {said, more or ''} end"


def client(server: EmbeddedRedis, patient: bool = False) -> redis.Redis:
    return state_client(read(Settings, Source({"REDIS_URL": server.state_url}, {}, Path())), patient)


@contextmanager
def frozen(server: EmbeddedRedis) -> Iterator[None]:
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def seconds(ask) -> tuple[float, type[Exception] | None]:
    """How long it took, and how it failed."""
    began, failed = time.monotonic(), None
    try:
        ask()
    except redis.RedisError as error:
        failed = type(error)
    return time.monotonic() - began, failed


def reads(mine: redis.Redis) -> int:
    """How often the server has read from anybody."""
    return mine.info("stats")["total_reads_processed"]


def test_a_thread_keeps_its_connection_and_shares_it_with_nobody(redis_url):
    mine = ThreadsClient.from_url(redis_url)
    first = {mine.client_id() for _ in range(3)}
    with ThreadPoolExecutor(4) as threads:
        others = list(threads.map(lambda _: (time.sleep(0.05), mine.client_id())[1], range(4)))
    assert len(first) == 1
    assert len({*others, *first}) == 5


def test_a_script_that_a_server_has_forgotten_is_told_it_again(server):
    for mine in (client(server), redis.Redis.from_url(server.state_url, decode_responses=True)):
        echo = Script(mine, ECHO)
        assert echo("好", "k") == ["好", "k"]
        mine.script_flush()
        assert echo(1) == ["1", ""]


def test_a_server_started_anew_costs_nobody_an_error(server):
    mine = client(server)
    echo = Script(mine, ECHO)
    assert echo("before")
    server.stop()
    server.start()
    assert echo("after") == ["after", ""]
    server.stop()
    server.start()
    assert mine.ping()


def test_a_silent_server_is_waited_for_once_and_then_for_a_while_by_nobody(server):
    mine = client(server)
    echo = Script(mine, ECHO)
    assert echo(1)
    with frozen(server):
        waited, failed = seconds(lambda: echo(1))
        assert failed is redis.TimeoutError
        assert 0.4 < waited < 0.9
        for ask in (lambda: echo(1), mine.ping):
            assert seconds(ask)[1] is redis.ConnectionError
        assert max(seconds(mine.ping)[0] for _ in range(100)) < 0.1
        time.sleep(0.5)
        with ThreadPoolExecutor(8) as threads:
            told = list(threads.map(lambda _: seconds(lambda: echo(1))[1], range(8)))
        assert told.count(redis.TimeoutError) == 1
        assert told.count(redis.ConnectionError) == 7
    time.sleep(0.5)
    assert echo(2) == ["2", ""]


def test_a_server_that_says_no_is_no_silent_one(server):
    mine = client(server)
    for _ in range(3):
        with pytest.raises(redis.ResponseError):
            Script(mine, "return function() return redis.call('no such command') end")()
    assert mine.ping()


def test_whoever_is_cut_off_between_question_and_answer_leaves_no_answer_to_the_next_question(server):
    mine = client(server, patient=True)
    echo = Script(mine, ECHO)

    def cut_off(connection):
        connection.send_command("ECHO", "of the first")
        raise TimeoutError("as a task's limit of time would have it, at any line")

    for ask, expected in ((lambda: echo("mine"), ["mine", ""]), (lambda: mine.echo("mine"), "mine")):
        with pytest.raises(TimeoutError):
            mine._answered(lambda: cut_off(mine._own().connection))
        assert ask() == expected


def test_the_patient_do_not_fail_for_others(server):
    mine = client(server, patient=True)
    with frozen(server), ThreadPoolExecutor(1) as thread:
        asked = thread.submit(mine.ping)
        time.sleep(0.2)
        os.kill(server.pid, signal.SIGCONT)
        assert asked.result(5)


def test_calls_made_together_cost_one_round_trip_and_each_has_its_own_answer(server):
    mine = client(server)
    echo, command = Script(mine, ECHO), Script(mine, "return function(word) return redis.call(word) end")
    broken, answers = Script(mine, "no Lua"), {}

    def work(name, script):
        try:
            answers[name] = script(name)
        except redis.ResponseError as error:
            answers[name] = type(error)

    calls = [("a", echo), ("PING", command), ("NONE", command), ("b", broken), ("TIME", command), ("c", echo)]
    together.run([partial(work, *call) for call in calls])
    assert len(answers.pop("TIME")) == 2
    refused = {"NONE": redis.ResponseError, "b": redis.ResponseError}
    assert answers == {"a": ["a", ""], "PING": "PONG", **refused, "c": ["c", ""]}
    before = reads(mine)
    together.run([partial(work, str(number), echo) for number in range(16)])
    assert [answers[str(number)] for number in range(16)] == [[str(number), ""] for number in range(16)]
    assert reads(mine) - before <= 3  # this one's own among them


def test_calls_of_one_script_made_together_are_one_run_of_it(server):
    mine, found = client(server), []
    count = Script(mine, "local calls = 0 return function() calls = calls + 1 return calls end")
    assert [count(), count()] == [1, 1]
    together.run([lambda: found.append(count())] * 16)
    assert found == [*range(1, 17)]


def test_an_answer_that_is_no_text_spoils_no_other_and_is_no_document(server):
    mine, answers = client(server), {}
    letter = Script(mine, "return function(number) return string.char(number) end")

    def work(number):
        answers[number] = letter(number)

    together.run([partial(work, number) for number in (97, 255, 98)])
    assert (answers[97], answers[98]) == ("a", "b")
    with pytest.raises(Final, match="job 1"), readable("job 1"):
        msgspec.json.decode(answers[255])


def test_all_who_ask_a_silent_server_together_hear_so_after_one_wait(server):
    mine = client(server)
    echo, failed = Script(mine, ECHO), []
    assert echo(1)

    def work():
        failed.append(seconds(lambda: echo(1))[1])

    with frozen(server):
        waited, _ = seconds(lambda: together.run([work] * 16))
    assert set(failed) == {redis.TimeoutError}
    assert len(failed) == 16
    assert waited < 2.0  # one wait of half a second, by far less than two of them in a row for each
