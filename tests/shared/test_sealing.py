"""What is sealed is read by whoever has the key, and by nobody else, however it was spoiled."""

import pytest

from shared.sealing import Seal
from shared.signing import Keys

OLD, NEW = "an old key", "a new key"
TEXT = "http://192.168.1.20/录像.mp4?auth_key=1764115200-secret"


def test_what_was_sealed_is_read_again_and_never_looks_the_same():
    seal = Seal(Keys((OLD,)))
    sealed = {seal.close(TEXT) for _ in range(100)}
    assert len(sealed) == 100
    assert {seal.open(each) for each in sealed} == {TEXT}
    assert not any("secret" in each or "mp4" in each for each in sealed)


def test_of_several_keys_all_open_and_the_first_seals():
    sealed = Seal(Keys((OLD,))).close(TEXT)
    both = Seal(Keys((NEW, OLD)))
    assert both.open(sealed) == TEXT
    assert Seal(Keys((NEW,))).open(both.close(TEXT)) == TEXT
    assert Seal(Keys((NEW,))).open(sealed) is None


@pytest.mark.parametrize("spoiled", ["", "a", "abcd", "plain words", "AAAA" * 10, "ß" * 20, "=" * 40])
def test_what_was_never_sealed_counts_as_absent(spoiled):
    assert Seal(Keys((OLD,))).open(spoiled) is None


def test_one_changed_character_and_it_counts_as_absent():
    seal = Seal(Keys((OLD,)))
    sealed = seal.close(TEXT)
    for at in range(len(sealed)):
        other = "B" if sealed[at] == "A" else "A"
        spoiled = sealed[:at] + other + sealed[at + 1 :]
        assert seal.open(spoiled) in (None, TEXT if at >= len(sealed.rstrip("=")) - 1 else None), at


def test_keys_that_change_are_heeded_at_once():
    keys = Keys((OLD,))
    seal = Seal(keys, lambda: keys)
    sealed = seal.close(TEXT)
    keys = Keys((NEW, OLD))
    assert seal.open(sealed) == TEXT
    assert Seal(Keys((NEW,))).open(seal.close(TEXT)) == TEXT
