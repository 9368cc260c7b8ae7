"""A row that is shown: what sounds like a secret is masked wherever it stands, and no row is too much to be shown."""

import json

import pytest

from shared.vendors.imou.redacted import LENGTH, MASK, redacted

SECRETS = {
    "ak": "k1",
    "fileToken": "k2",
    "playToken": "k3",
    "token": "k4",
    "sign": "k5",
    "userId": "k6",
    "appSecret": "k7",
    "streamAddr": "k8",
    "thumbUrl": "https://pictures.example/1.jpg?sig=k9",
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_masked_wherever_it_stands(name):
    for row in (
        {name: SECRETS[name]},
        {"mp4Videos": [{name: SECRETS[name]}]},
        {name: {"deep": SECRETS[name]}},
    ):
        shown = redacted({"recordId": "7", **row})
        assert json.loads(shown)["recordId"] == "7"
        assert SECRETS[name] not in shown
        assert MASK in shown


def test_an_address_under_a_harmless_name_is_masked():
    assert "sig=k9" not in redacted({"note": f"see {SECRETS['thumbUrl']}"})


def test_the_rest_is_as_it_came():
    row = {"recordId": 7, "createTime": None, "size": "", "summary": "a car 车", "length": [1, True]}
    assert json.loads(redacted(row)) == row


@pytest.mark.parametrize(
    "row", [{"x": "y" * 10_000}, {str(n): n for n in range(10_000)}, {"x": ["y"] * 10_000}]
)
def test_however_large_a_row_is_it_can_be_shown(row):
    assert 0 < len(redacted(row)) <= LENGTH


@pytest.mark.parametrize("row", ["At_s3cret", ["At_s3cret"], 7, None])
def test_of_what_is_no_row_nothing_is_shown(row):
    assert redacted(row) == ""


def test_no_depth_is_too_much():
    row: object = "end"
    for _ in range(50_000):
        row = [row]
    assert "…" in redacted({"x": row})
