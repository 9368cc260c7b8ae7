"""Doorbells never hold up whoever rings, whatever the broker does."""

import json
import socket
import time

import pytest
import redis

from shared.adapters.celery_queue import CeleryQueue
from shared.domain.effects import FETCH_NEXT, SETTLE
from shared.logs import REQUEST


def _black_hole() -> socket.socket:
    """Somebody who takes connections and never says a word."""
    server = socket.create_server(("127.0.0.1", 0))
    server.listen(16)
    return server


@pytest.mark.parametrize("broker", ["black hole", "nobody"])
def test_ringing_does_not_wait_for_a_broker_that_does_not_answer(broker):
    with _black_hole() as server:
        url = (
            f"redis://127.0.0.1:{server.getsockname()[1]}/1"
            if broker == "black hole"
            else "redis://127.0.0.1:1/1"
        )
        bells = CeleryQueue(url, "{t}:")
        began = time.monotonic()
        for _ in range(2000):
            bells.ring(FETCH_NEXT)
        assert time.monotonic() - began < 1


def test_a_bell_says_for_which_request_it_rings(redis_url, real_client, prefix):
    path = redis_url.removeprefix("unix://").split("?")[0]
    bells = CeleryQueue(f"redis+socket://{path}?virtual_host=3", prefix)
    asked = REQUEST.set("abc-1")
    bells.ring(SETTLE)
    REQUEST.reset(asked)
    bells.ring(FETCH_NEXT)
    said = []
    with redis.Redis(unix_socket_path=path, db=3) as broker:
        for queue in ("control", "fetch"):
            message = json.loads(broker.blpop([f"{prefix}broker:{queue}"], timeout=5)[1])
            said.append(message["headers"].get("request"))
    assert said == ["abc-1", None]


def test_a_bell_is_a_message_on_its_queue_by_the_name_of_its_step(redis_url, real_client, prefix):
    path = redis_url.removeprefix("unix://").split("?")[0]
    bells = CeleryQueue(f"redis+socket://{path}?virtual_host=3", prefix)
    bells.ring(SETTLE)
    bells.ring(FETCH_NEXT)
    with redis.Redis(unix_socket_path=path, db=3) as broker:
        for queue, task in (("control", b"gleaner.settle"), ("fetch", b"gleaner.fetch")):
            message = broker.blpop([f"{prefix}broker:{queue}"], timeout=5)
            assert message
            assert task in message[1]


def test_of_a_crowd_of_bells_a_few_go_out_and_what_is_rung_afterwards_still_does(
    redis_url, real_client, prefix
):
    path = redis_url.removeprefix("unix://").split("?")[0]
    bells = CeleryQueue(f"redis+socket://{path}?virtual_host=3", prefix)
    for _ in range(1000):
        bells.ring(FETCH_NEXT)
    bells.ring(SETTLE)
    with redis.Redis(unix_socket_path=path, db=3) as broker:
        assert broker.blpop([f"{prefix}broker:control"], timeout=5)
        assert 0 < broker.llen(f"{prefix}broker:fetch") < 50
        broker.delete(f"{prefix}broker:fetch")
        bells.ring(FETCH_NEXT)
        assert broker.blpop([f"{prefix}broker:fetch"], timeout=5)
