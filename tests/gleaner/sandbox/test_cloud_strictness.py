"""Requests that the pages do not allow are refused, with the code that the vendor's table has for it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import pytest

from gleaner.sandbox.accounts import APP_SECRET
from gleaner.sandbox.envelope import signature


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ver": "2.0"}, "OP1003"),
        ({"ver": 1.0}, "SN1003"),
        ({"ver": None}, "OP1002"),
        ({"appId": ""}, "OP1008"),
        ({"appId": None}, "OP1008"),
        ({"appId": "lcsomebodyelse"}, "SN1004"),
        ({"sign": "0" * 32}, "SN1001"),
        ({"sign": "签"}, "SN1001"),
        ({"sign": None}, None),
        ({"time": "1700000000"}, "SN1003"),
        ({"time": 1700000000.0}, "SN1003"),
        ({"time": True}, "SN1003"),
        ({"time": 1700000000}, "SN1002"),
        ({"nonce": ""}, "SN1003"),
        ({"nonce": 5}, "SN1003"),
        ({"extra": "1"}, "OP1003"),
    ],
)
def test_an_envelope_that_breaks_the_specification_is_refused(
    strict_account: Any, changes: dict[str, Any], code: str | None
) -> None:
    result = strict_account.call("accessToken", system=changes)
    assert result["code"] == (code or "OP1002")
    assert "data" not in result
    assert result["msg"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "OP1004"),
        ([], "OP1004"),
        ("text", "OP1004"),
        ({"system": {}, "id": "1", "params": {}}, "OP1008"),
        ({"system": [], "id": "1", "params": {}}, "OP1003"),
        ({"id": "1", "params": {}}, "OP1002"),
    ],
)
def test_a_body_without_the_envelopes_parts_is_refused(strict_account: Any, body: Any, code: str) -> None:
    answer = strict_account.post("accessToken", body)
    assert (answer.status_code, answer.json()["result"]["code"]) == (200, code)


@pytest.mark.parametrize("changes", [{"id": ""}, {"id": 7}, {"params": []}, {"more": 1}])
def test_id_and_params_are_text_and_an_object_and_there_is_nothing_else(
    strict_account: Any, changes: dict[str, Any]
) -> None:
    body = {"id": "1", "system": strict_account.system(), "params": {}} | changes
    assert strict_account.post("accessToken", body).json()["result"]["code"] == "OP1003"


def test_a_body_that_is_no_json_or_says_that_it_is_none_is_refused(strict_account: Any) -> None:
    url = strict_account.base_url + "/openapi/accessToken"
    assert strict_account.http.post(url, data=b"{", timeout=5).json()["result"]["code"] == "OP1004"
    body = {"id": "1", "system": strict_account.system(), "params": {}}
    answer = strict_account.http.post(url, data=str(body).replace("'", '"').encode(), timeout=5).json()
    assert answer["result"]["code"] == "OP1003"
    assert "Content-Type" in answer["result"]["msg"]


@pytest.mark.parametrize("seconds", [-310, 310])
def test_a_time_more_than_five_minutes_off_the_clouds_clock_is_refused(
    strict_account: Any, seconds: int
) -> None:
    now = int(strict_account.cloud.clock.now().timestamp())
    assert strict_account.call("accessToken", system={"time": now + seconds})["code"] == "SN1002"
    assert strict_account.call("accessToken", system={"time": now + seconds * 29 // 31})["code"] == "0"


def test_a_nonce_is_good_once_in_five_minutes(account: Any) -> None:
    used = {"nonce": "n" * 32}
    assert account.call("accessToken", system={**used, "sign": "wrong"})["code"] == "SN1001"
    assert account.call("accessToken", system=used)["code"] == "0"
    assert account.call("accessToken", system=used)["code"] == "SN1005"
    account.cloud.clock.shift(302)
    assert account.call("accessToken", system=used)["code"] == "0"


def test_the_clouds_clock_decides_who_is_late_unless_any_time_is_taken(account: Any) -> None:
    then = int(account.cloud.clock.now().timestamp())
    account.steer("clock", offset=86_400)
    assert account.call("accessToken", system={"time": then})["code"] == "SN1002"
    account.throw(any_time=True)
    assert account.call("accessToken", system={"time": then})["code"] == "0"


def test_the_newer_signature_is_asked_for_where_the_terms_say_so(cloud_of: Any) -> None:
    account = cloud_of(sign="hmac-sha256")
    assert account.call("accessToken")["code"] == "SN1001"
    now = int(account.cloud.clock.now().timestamp())
    key = hashlib.sha256(APP_SECRET.encode()).hexdigest().encode()
    source = f"time:{now},nonce:abc,appSecret:{APP_SECRET}".encode()
    sign = base64.b64encode(hmac.new(key, source, hashlib.sha256).digest()).decode()
    assert account.call("accessToken", system={"time": now, "nonce": "abc", "sign": sign})["code"] == "0"
    assert signature("hmac-sha256", now, "abc") == sign


@pytest.mark.parametrize("name", ["token", "deviceId", "channelId", "packageType", "recordId", "count"])
def test_a_listing_without_a_parameter_is_refused(strict_account: Any, name: str) -> None:
    result = strict_account.result(**{name: None})
    assert result["code"] == "OP1002"
    assert name in result["msg"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": 5}, "OP1003"),
        ({"token": "At_unknown"}, "TK1002"),
        ({"deviceId": ""}, "OP1003"),
        ({"deviceId": "NOBODY"}, "DV1002"),
        ({"channelId": 0}, "OP1003"),
        ({"channelId": "9"}, "DV1028"),
        ({"packageType": "aiOther"}, "OP1003"),
        ({"recordId": -1}, "OP1003"),
        ({"recordId": "-2"}, "OP1003"),
        ({"count": "10"}, "OP1003"),
        ({"count": 10.0}, "OP1003"),
        ({"count": True}, "OP1003"),
        ({"count": 0}, "OP1003"),
        ({"count": 101}, "OP1003"),
        ({"productId": None}, "0"),
        ({"productId": ""}, "0"),
        ({"productId": 1}, "OP1003"),
        ({"zone": "Asia/Shanghai"}, "OP1003"),
        ({"beginTime": "2026-01-01T00:00:00"}, "OP1003"),
        ({"beginTime": "2026-01-01 00:00"}, "OP1003"),
        ({"beginTime": "2026-13-01 00:00:00"}, "OP1003"),
        ({"beginTime": "2999-01-01 00:00:00"}, "OP1003"),
        ({"endTime": "2026-01-01 00:00:00Z"}, "OP1003"),
    ],
)
def test_a_listing_that_breaks_the_page_is_refused(
    strict_account: Any, changes: dict[str, Any], code: str
) -> None:
    assert strict_account.result(**changes)["code"] == code


def test_a_window_of_no_length_is_refused(strict_account: Any) -> None:
    moment = {"beginTime": "2026-01-01 00:00:00", "endTime": "2026-01-01 00:00:00"}
    assert strict_account.result(**moment)["code"] == "OP1003"


def test_an_unknown_method_is_a_wrong_address_and_methods_are_posted(strict_account: Any) -> None:
    assert strict_account.call("getCloudRecords")["code"] == "OP1005"
    assert strict_account.fetch(strict_account.base_url + "/openapi/accessToken").status_code == 405
    assert strict_account.call("accessToken", phone="1")["code"] == "OP1003"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "0"),
        ({"source": "bind"}, "0"),
        ({"source": "mine"}, "OP1003"),
        ({"page": 0}, "OP1003"),
        ({"page": "1"}, "OP1003"),
        ({"pageSize": 51}, "OP1003"),
        ({"pageSize": 0}, "OP1003"),
        ({"token": None}, "OP1002"),
    ],
)
def test_a_device_list_has_its_limits(strict_account: Any, changes: dict[str, Any], code: str) -> None:
    fields = {"token": strict_account.sign_in(), "page": 1, "pageSize": 50} | changes
    assert strict_account.call("listDeviceDetailsByPage", **fields)["code"] == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "0"),
        ({"beginTime": "2026-01-01 00:00:00"}, "OP1003"),
        ({"beginTime": "2026-01-02"}, "OP1003"),
        ({"endTime": "2026-02-30"}, "OP1003"),
        ({"endTime": "2028-01-01"}, "OP1003"),
        ({"packageType": "x"}, "OP1003"),
        ({"deviceId": "NOBODY"}, "DV1002"),
        ({"count": 1}, "OP1003"),
    ],
)
def test_a_bitmap_is_asked_for_by_days(strict_account: Any, changes: dict[str, Any], code: str) -> None:
    days = {"beginTime": "2026-01-01", "endTime": "2026-01-01", "recordId": None, "count": None}
    fields = strict_account.query(**(days | changes))
    assert strict_account.call("queryCondensedRecordBitmap", **fields)["code"] == code
