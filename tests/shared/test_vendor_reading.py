"""What a vendor says is shown on one line, without secrets and addresses, however long and whatever it is."""

import pytest

from shared.vendors.reading import plain


def test_secrets_addresses_and_control_characters_are_not_shown():
    said = "bad\ntoken t0p for https://host/x?sign=1 and\x00more"
    assert plain(said, ["t0p", ""]) == "bad token <secret> for <address> and more"


@pytest.mark.timeout(20)  # it took minutes
def test_a_long_text_that_is_almost_an_address_costs_no_time():
    assert len(plain("a." * 500_000)) <= 4000
