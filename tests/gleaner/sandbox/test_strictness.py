"""Requests that the vendor's pages do not allow are refused, and say why."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"source_type": "1"}, "source_type"),
        ({"source_type": 3}, "source_type is not a string"),
        ({"source_type": None}, "source_type is missing"),
        ({"device_unicode": None}, "device_unicode is missing"),
        ({"device_unicode": ""}, "device_unicode is empty"),
        ({"channel": 1}, "channel is not a string"),
        ({"channel": ["1"]}, "channel is not a string"),
        ({"platform_id": "2"}, "unknown field platform_id"),
        ({"speed": "4"}, "unknown field speed"),
        ({"start_time": "2026-06-01 10:00:00"}, "start_time is not written"),
        ({"start_time": "2026-06-01T10:00:00Z"}, "start_time is not written"),
        ({"start_time": "2026-06-01T10:00:00.5"}, "start_time is not written"),
        ({"start_time": "2026-06-31T10:00:00"}, "start_time: day"),
        ({"end_time": "2026-06-01T10:00"}, "end_time is not written"),
        ({"end_time": "2026-06-01T10:00:00"}, "start_time is not before end_time"),
        (
            {"start_time": "2025-04-04T21:36:17", "end_time": "2024-06-21T10:16:23"},
            "start_time is not before",
        ),
        ({"end_time": "2999-01-01T00:00:00"}, "future"),
        ({"callback": ""}, "callback"),
        ({"callback": "ftp://127.0.0.1/x"}, "callback"),
        ({"callback": "http://"}, "callback"),
        ({"callback": "http://127.0.0.1:99999/"}, "callback"),
        ({"callback": "127.0.0.1:8000/callbacks"}, "callback"),
    ],
)
def test_a_submission_that_breaks_the_page_is_refused(
    strict_vendor: Any, changes: dict[str, Any], why: str
) -> None:
    answer = strict_vendor.submit(**changes)
    assert (answer["code"], answer["data"]) == ("990400", None)
    assert why in answer["message"]
    assert strict_vendor.platform.running() == {device: [] for device in strict_vendor.platform.devices}


@pytest.mark.parametrize(
    "changes",
    [{"device_unicode": "55"}, {"channel": "34020000001320000999"}, {"platfrom_id": "3"}],
)
def test_what_the_platform_does_not_know_is_refused(strict_vendor: Any, changes: dict[str, Any]) -> None:
    assert strict_vendor.submit(**changes)["code"] == "990404"


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/x-www-form-urlencoded", "device_unicode=1"),
        ("text/plain", "{}"),
        ("application/json", "{"),
        ("application/json", "[]"),
        ("application/json", "[" * 9000),
        ("application/json", b"\xff\xfe\x00"),
        ("application/json", ""),
    ],
)
def test_only_a_json_object_is_a_request(strict_vendor: Any, media_type: str, body: Any) -> None:
    for path in ("download", "queryDownloadProgress", "control"):
        url = f"{strict_vendor.base_url}/api/smsload/playback/v1/{path}"
        answer = strict_vendor.http.post(url, data=body, headers={"Content-Type": media_type}, timeout=5)
        assert (answer.status_code, answer.json()["code"]) == (200, "990400")


@pytest.mark.parametrize("body", [{}, {"stream_id": 1}, {"stream_id": ""}, {"stream_id": "x", "more": "y"}])
def test_a_progress_query_names_a_stream_and_nothing_else(strict_vendor: Any, body: dict[str, Any]) -> None:
    assert strict_vendor.post("/queryDownloadProgress", body)["code"] == "990400"


def test_a_stream_that_never_was_is_gone(strict_vendor: Any) -> None:
    assert strict_vendor.ask("download:1:2:1200000079")["code"] == "990481"


def test_a_window_beyond_a_day_is_not_simulated(strict_vendor: Any) -> None:
    assert strict_vendor.submit(start_time="2026-05-01T10:00:00")["code"] == "990501"


def test_the_optional_fields_are_welcome(vendor: Any, receiver: Any) -> None:
    assert vendor.submit(platfrom_id="2", callback=receiver.url)["code"] == "0"


def test_every_request_is_noted_with_its_verdict(vendor: Any) -> None:
    vendor.http.headers.update({"tenant-id": "t-1", "Token": "secret"})
    vendor.submit(channel=7)
    vendor.submit()
    vendor.http.get(vendor.base_url + "/api/smsload/playback/v2/download", timeout=5)
    wrong, right, lost = vendor.platform.witness.requests
    assert wrong.verdict == "990400 channel is not a string"
    assert wrong.body["channel"] == 7
    assert right.verdict == "ok"
    assert (right.headers["tenant-id"], right.headers["Token"]) == ("t-1", "secret")
    assert lost.verdict == "HTTP 404"
    state = vendor.http.get(vendor.base_url + "/sandbox/state", timeout=5).text
    assert "t-1" in state
    assert "secret" not in state
