"""Strangers at the callbacks' door: whatever their token lacks, they get one answer, and what they cost has an end."""

import secrets
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from shared.errors import Transient
from shared.signing import Keys, callback_token
from webhook.request_id import HEADER
from webhook.throttle import PLACE, Minute

HALF = {"streamId": "stream-1", "downloadProgress": 0.5}
GUESSES = 400


def guesses(world, job, random, count):
    """Addresses of every kind that are not, or no longer, that of a callback."""
    keys = world.services.keys
    good = callback_token(keys, "sms", job.id, 1)
    old = callback_token(Keys(("the key before the key before",)), "sms", job.id, 1)
    for n in range(count):
        mac = secrets.token_urlsafe(24).replace("-", "_")
        yield [
            "/callbacks/sms/",
            "/callbacks/sms",
            "/callbacks/",
            "/callbacks",
            f"/callbacks/sms/{job.id}-1-{mac}",
            f"/callbacks/sms/{old}",
            f"/callbacks/imou/{good}",
            f"/callbacks/other/{callback_token(keys, 'other', job.id, 1)}",
            f"/callbacks/sms/{good}/",
            f"/callbacks/sms//{good}",
            f"/callbacks//sms/{good}",
            f"/callbacks/sms/{good[:-1]}",
            f"/callbacks/sms/{good.upper()}",
            f"/callbacks/sms/{good.replace('-1-', f'-{n + 2}-')}",
            f"/callbacks/sms/{callback_token(keys, 'sms', f'{n:026}', 1)}",
            f"/callbacks/sms/{random.randbytes(random.randrange(60)).hex()}",
            f"/callbacks/sms/%00{n}%0d%0a",
            "/callbacks/sms/" + "a/" * random.randrange(1, 50),
        ][n % 18]


def limited(world, most):
    """A client of a process that counts so many bad tries in a minute."""
    client = world.client()
    client.application.extensions[PLACE] = Minute(most=most)
    return client


def looks(answer):
    """All that a stranger sees but the time, and of the request's id its length alone, for that is by chance."""
    told = {name: value for name, value in answer.headers if name != "Date"}
    return answer.status_code, answer.data, sorted((told | {HEADER: len(told[HEADER])}).items())


def test_whatever_is_wrong_with_a_token_the_answer_is_one(world):
    seed = secrets.randbits(32)
    job = world.preparing()
    client = limited(world, 0)
    seen = {}
    for path in guesses(world, job, Random(seed), GUESSES):
        answer = client.post(path, json=HALF)
        seen.setdefault(repr(looks(answer)), path)
    assert len(seen) == 1, (f"seed {seed}", seen)
    assert answer.status_code == 404
    assert world.now(job) == job


def test_a_token_that_no_store_has_seen_reaches_none(make_world, world, stranger):
    class Touched:
        def __getattr__(self, name):
            raise AssertionError(f"{name} was asked for")

    asleep = make_world()
    asleep.services = replace(asleep.services, ledger=Touched())
    assert asleep.client().post("/callbacks/sms/guess", json=HALF).status_code == 404


class Counted:
    """A store that counts what it is asked."""

    def __init__(self, real):
        self.real, self.asked = real, Counter()

    def __getattr__(self, name):
        self.asked[name] += 1
        return getattr(self.real, name)


@pytest.fixture
def counted(world):
    """The memory of a world, counting."""
    world.services = replace(world.services, memory=Counted(world.services.memory))
    return world.services.memory.asked


def test_once_a_bucket_is_full_a_bad_token_costs_no_question_to_the_store(world, counted):
    world.services = replace(world.services, jobs=Counted(world.services.jobs))
    client = world.client()
    answers = [client.post("/callbacks/sms/guess").status_code for _ in range(1000)]
    assert Counter(answers) == {404: 100, 429: 900}
    assert counted == {"count": 101}
    assert world.services.jobs.asked == {"now": 1}  # which minute it is


def test_what_one_process_saw_full_holds_for_the_others_after_one_question(world, counted):
    one, other = world.client(), world.client()
    for _ in range(100):
        one.post("/callbacks/sms/guess")
    assert [other.post("/callbacks/sms/guess").status_code for _ in range(50)] == [429] * 50
    assert counted == {"count": 101}


def test_callers_without_end_cost_as_much_as_a_few_thousand(world, counted):
    client = limited(world, 50)
    callers = [{"REMOTE_ADDR": f"10.0.{n // 250}.{n % 250 + 1}"} for n in range(500)]
    answers = [client.post("/callbacks/sms/guess", environ_base=caller).status_code for caller in callers]
    assert answers == [404] * 500
    assert counted == {"count": 50}


def test_a_minute_later_a_caller_may_try_again(world, stranger):
    for _ in range(101):
        last = stranger.post("/callbacks/sms/guess").status_code
    world.clock.move(timedelta(minutes=1))
    assert (last, stranger.post("/callbacks/sms/guess").status_code) == (429, 404)


def test_a_good_token_is_never_refused_for_bad_ones_from_the_same_address(world, stranger):
    job = world.preparing()
    for _ in range(150):
        stranger.post("/callbacks/sms/guess")
    assert stranger.post(world.callback_path(job), json=HALF).status_code == 200


def test_good_tokens_fill_no_bucket(world, counted):
    job = world.preparing()
    left = callback_token(world.services.keys, "sms", "01jgone" + "0" * 19, 1)
    client = world.client()
    for _ in range(150):
        assert client.post(world.callback_path(job), json=HALF).status_code == 200
        assert client.post(f"/callbacks/sms/{left}", json=HALF).status_code == 404
    assert client.post("/callbacks/sms/guess", json=HALF).status_code == 404
    assert counted["count"] == 1


@pytest.mark.parametrize("away", ["now", "count"])
def test_a_bad_token_gets_the_same_answer_while_the_store_is_away(world, stranger, away):
    expected = looks(stranger.post("/callbacks/sms/guess"))

    class Away:
        def __init__(self, real):
            self.real = real

        def __getattr__(self, name):
            return self.gone if name == away else getattr(self.real, name)

        def gone(self, *_):
            raise Transient("store-away")

    services = world.services
    world.services = replace(services, jobs=Away(services.jobs), memory=Away(services.memory))
    assert looks(world.client().post("/callbacks/sms/guess")) == expected
