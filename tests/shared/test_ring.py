"""Secrets change in rounds: what is new is believed in the first and signs from the second on, in whatever order processes hear."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.errors import Misconfigured
from shared.ring import InForce, Ring, ring_of
from shared.sealing import Seal
from shared.settings import Settings, Source, read
from shared.signing import Keys, callback_token, read_callback_token

JOB = "01jtest0000000000000000042"
OLD, NEW = "the old key that was good for years", "the new key that nobody knows as yet"


def held(*keys: str, tokens: tuple[str, ...] = ("token",)) -> InForce:
    return InForce(Keys(keys), tokens)


class Wanted:
    """What an owner has written down, and whoever reads it."""

    def __init__(self, *keys: str) -> None:
        self.now: InForce | Misconfigured = held(*keys)
        self.rounds = 0

    def look(self) -> InForce:
        if isinstance(self.now, Misconfigured):
            raise self.now
        return self.now

    def ring(self) -> Ring:
        return Ring(self.look(), self.look, lambda: self.rounds)


def keys_of(ring: Ring) -> tuple[str, ...]:
    return ring.now.keys.secrets


def test_what_is_new_is_believed_in_the_first_round_and_signs_from_the_second_on():
    wanted = Wanted(OLD)
    ring = wanted.ring()
    wanted.now = held(NEW, OLD, tokens=("new token", "token"))
    assert keys_of(ring) == (OLD,)
    wanted.rounds += 1
    assert keys_of(ring) == (OLD, NEW)
    assert ring.now.admin_tokens == ("new token", "token")
    wanted.rounds += 1
    assert keys_of(ring) == (NEW, OLD)


def test_who_has_slept_through_both_rounds_is_where_the_others_are():
    wanted = Wanted(OLD)
    ring = wanted.ring()
    wanted.now, wanted.rounds = held(NEW, OLD), 2
    assert keys_of(ring) == (NEW, OLD)


def test_what_is_dropped_is_believed_no_more_after_one_round():
    wanted = Wanted(NEW, OLD)
    ring = wanted.ring()
    wanted.now, wanted.rounds = held(NEW), 1
    assert keys_of(ring) == (NEW,)


def test_a_key_that_replaces_all_others_signs_at_once_for_there_is_no_other():
    wanted = Wanted(OLD)
    ring = wanted.ring()
    wanted.now, wanted.rounds = held(NEW), 1
    assert keys_of(ring) == (NEW,)


def test_what_cannot_be_read_changes_nothing_and_is_told_once_a_round(caplog):
    wanted = Wanted(OLD)
    ring = wanted.ring()
    wanted.now, wanted.rounds = Misconfigured("bad-setting", "SECRET_KEY: is a placeholder"), 1
    assert [keys_of(ring) for _ in range(3)] == [(OLD,)] * 3
    assert [line.detail for line in caplog.records] == ["SECRET_KEY: is a placeholder"]
    with pytest.raises(Misconfigured):
        ring.renew()
    assert keys_of(ring) == (OLD,)


def test_in_whatever_order_two_processes_hear_neither_refuses_what_the_other_has_signed_or_sealed():
    for order in set(itertools.permutations("abab")):
        wanted = Wanted(OLD)
        rings = {name: Ring(wanted.look(), wanted.look) for name in "ab"}
        seals = {name: Seal(ring.keys(), ring.keys) for name, ring in rings.items()}
        before = callback_token(rings["a"].keys(), "cloud", JOB, 1)
        wanted.now = held(NEW, OLD)
        heard = {"a": 0, "b": 0}
        for name in order:
            heard[name] += 1
            if abs(heard["a"] - heard["b"]) > 1:  # nobody is two rounds ahead: that is what the pause is for
                break
            rings[name].renew()
            for signer, reader in itertools.product("ab", repeat=2):
                token = callback_token(rings[signer].keys(), "cloud", JOB, 1)
                assert read_callback_token(rings[reader].keys(), "cloud", token), (order, heard)
                assert seals[reader].open(seals[signer].close("address")) == "address", (order, heard)
                assert read_callback_token(rings[reader].keys(), "cloud", before)


def test_a_seal_follows_the_ring():
    wanted = Wanted(OLD)
    ring = wanted.ring()
    seal = Seal(ring.keys(), ring.keys)
    sealed = seal.close("an address")
    wanted.now, wanted.rounds = held(NEW, OLD), 2
    assert seal.open(sealed) == "an address"
    assert Seal(Keys((NEW,))).open(seal.close("another")) == "another"
    wanted.now, wanted.rounds = held(NEW), 3
    assert seal.open(sealed) is None


def test_a_process_reads_its_files_and_its_dotenv_anew_and_what_is_wrong_names_the_setting(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    environ = {"GLEANER_HOME": str(tmp_path / "home")}
    ring = ring_of(read(Settings, Source(environ, {}, tmp_path)), environ)
    (made,) = keys_of(ring)
    (tmp_path / "home/secret-key").write_text(f"{NEW},{made}\n")
    (tmp_path / ".env").write_text(f"ADMIN_TOKEN='{NEW}'\n")
    ring.renew()
    assert keys_of(ring) == (made, NEW)
    assert ring.now.admin_tokens == (NEW,)
    (tmp_path / "home/secret-key").write_text("short\n")
    with pytest.raises(Misconfigured, match="SECRET_KEY"):
        ring.renew()
    assert keys_of(ring) == (made, NEW)


def test_threads_that_meet_in_one_round_make_it_once():
    wanted = Wanted(OLD)
    both = threading.Barrier(2)

    def look() -> InForce:
        both.wait(5)
        return wanted.look()

    ring = Ring(wanted.look(), look, lambda: wanted.rounds)
    wanted.now, wanted.rounds = held(NEW, OLD), 1
    with ThreadPoolExecutor(2) as threads:
        seen = list(threads.map(lambda _: keys_of(ring), range(2)))
    assert seen == [(OLD, NEW)] * 2
    assert keys_of(ring) == (OLD, NEW)


@pytest.mark.parametrize("spoil", ["gone", "no text", "a folder"])
def test_a_file_that_cannot_be_read_at_a_round_changes_nothing_and_makes_nothing(
    tmp_path, monkeypatch, spoil
):
    monkeypatch.chdir(tmp_path)
    environ = {"GLEANER_HOME": str(tmp_path)}
    rounds = [0]
    ring = ring_of(read(Settings, Source(environ, {}, tmp_path)), environ, lambda: rounds[0])
    before = keys_of(ring)
    file = tmp_path / "secret-key"
    file.unlink()
    if spoil == "no text":
        file.write_bytes(b"\xff" * 40)
    elif spoil == "a folder":
        file.mkdir()
    rounds[0] = 1
    assert keys_of(ring) == before
    assert keys_of(ring) == before
    assert file.exists() == (spoil != "gone")
    with pytest.raises(Misconfigured):
        ring.renew()
