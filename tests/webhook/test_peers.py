"""Who is calling: the socket's peer, or whom a trusted proxy speaks for; and who of them may call back."""

from pathlib import Path

import pytest

from shared.networks import networks
from shared.settings import Settings, Source, read
from webhook.peers import behind

HALF = {"streamId": "stream-1", "downloadProgress": 0.5}
PROXIES = networks("10.0.0.0/8, 2001:db8::/32, 127.0.0.1")


@pytest.fixture
def world_with(make_world):
    """A world with these settings."""
    return lambda **environ: make_world(settings=read(Settings, Source(environ, {}, Path("/nowhere"))))


def called(world, job, peer, forwarded=None):
    """The answer to a callback from there."""
    headers = {"X-Forwarded-For": forwarded} if forwarded is not None else {}
    path = world.callback_path(job)
    return world.client().post(path, json=HALF, headers=headers, environ_base={"REMOTE_ADDR": peer})


@pytest.mark.parametrize(
    ("peer", "forwarded", "caller"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "198.51.100.9", "192.0.2.1"),
        ("192.0.2.1", "127.0.0.1, 10.0.0.1", "192.0.2.1"),
        ("127.0.0.1", "198.51.100.9", "198.51.100.9"),
        ("127.0.0.1", "203.0.113.5, 198.51.100.9", "198.51.100.9"),
        ("127.0.0.1", "203.0.113.5, 198.51.100.9, 10.1.2.3", "198.51.100.9"),
        ("127.0.0.1", "10.0.0.1, 198.51.100.9, 10.1.2.3,10.1.2.4", "198.51.100.9"),
        ("127.0.0.1", "198.51.100.9:4711", "198.51.100.9"),
        ("127.0.0.1", "[2001:db9::7]:4711", "2001:db9::7"),
        ("127.0.0.1", "2001:db9::7", "2001:db9::7"),
        ("2001:db8::1", "198.51.100.9", "198.51.100.9"),
        ("::ffff:10.1.2.3", "::ffff:198.51.100.9", "198.51.100.9"),
        ("::ffff:192.0.2.1", "198.51.100.9", "192.0.2.1"),
        ("127.0.0.1", "10.1.2.3, 10.1.2.4", "10.1.2.3"),
        ("127.0.0.1", "unknown", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.9, _hidden, 10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", "198.51.100.9,", "127.0.0.1"),
        ("127.0.0.1", "1" * 4000, "127.0.0.1"),
        ("", "198.51.100.9", "None"),
    ],
)
def test_a_header_is_believed_from_the_right_as_far_as_proxies_of_ours_reach(peer, forwarded, caller):
    assert str(behind(peer, forwarded.split(","), PROXIES)) == caller


def test_without_a_setting_everybody_may_call(world_with):
    world = world_with()
    assert called(world, world.preparing(), "192.0.2.1").status_code == 200


@pytest.mark.parametrize("peer", ["198.51.100.9", "2001:db8::1", "::ffff:198.51.100.9"])
def test_only_who_is_named_may_call(world_with, peer):
    world = world_with(CALLBACK_ALLOW="198.51.100.0/24,2001:db8::/32")
    assert called(world, world.preparing(), peer).status_code == 200


@pytest.mark.parametrize("peer", ["192.0.2.1", "2001:db9::1", "::ffff:192.0.2.1", ""])
def test_who_is_not_named_gets_what_an_unknown_token_gets_and_the_owner_a_line(world_with, peer, caplog):
    world = world_with(CALLBACK_ALLOW="198.51.100.0/24,2001:db8::/32")
    job = world.preparing()
    answer = called(world, job, peer, "198.51.100.9")
    unknown = world.client().post("/callbacks/sms/guess", json=HALF)
    assert (answer.status_code, answer.data) == (404, unknown.data)
    assert world.now(job) == job
    (line,) = [record for record in caplog.records if "CALLBACK_ALLOW" in record.message]
    assert line.job == job.id


def test_the_vendor_behind_a_proxy_is_told_from_the_proxy(world_with):
    world = world_with(CALLBACK_ALLOW="198.51.100.9", TRUSTED_PROXIES="127.0.0.1")
    job = world.preparing()
    assert called(world, job, "127.0.0.1", "198.51.100.9").status_code == 200
    assert called(world, job, "127.0.0.1", "198.51.100.9, 203.0.113.5").status_code == 404
    assert called(world, job, "127.0.0.1").status_code == 404


def tries(world, *callers):
    """The answers to one guess from each peer, with its header if any."""
    client = world.client()
    for peer, forwarded in callers:
        headers = {"X-Forwarded-For": forwarded} if forwarded else {}
        yield client.post(
            "/callbacks/sms/guess", headers=headers, environ_base={"REMOTE_ADDR": peer}
        ).status_code


def test_a_forged_header_fills_the_bucket_of_whoever_forged_it(world_with):
    forged = [("192.0.2.1", f"198.51.100.{n}") for n in range(101)]
    assert list(tries(world_with(), *forged)) == [404] * 100 + [429]


def test_behind_a_proxy_each_caller_has_a_bucket_of_his_own(world_with):
    world = world_with(TRUSTED_PROXIES="127.0.0.1")
    guesses = [("127.0.0.1", "198.51.100.1")] * 101 + [("127.0.0.1", "198.51.100.2")]
    assert list(tries(world, *guesses)) == [404] * 100 + [429, 404]


def test_all_addresses_of_one_holder_fill_one_bucket(world_with):
    guesses = [(f"2001:db8::{n:x}", None) for n in range(101)]
    assert list(tries(world_with(), *guesses, ("2001:db8:0:1::1", None))) == [404] * 100 + [429, 404]


@pytest.mark.parametrize("name", ["CALLBACK_ALLOW", "TRUSTED_PROXIES"])
@pytest.mark.parametrize(
    "wrong", ["vendor.example", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/8;::1", "300.0.0.1"]
)
def test_what_is_no_network_is_refused_by_the_name_of_its_setting(name, wrong):
    with pytest.raises(Exception, match=f"{name}: '{wrong.partition(',')[0]}' is no network"):
        read(Settings, Source({name: wrong}, {}, Path("/nowhere")))
