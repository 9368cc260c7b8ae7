"""How callbacks go astray: their form, their id, their moment, their company."""

from __future__ import annotations

import json
import threading
import time
from typing import Any
from urllib.parse import parse_qsl

import pytest


def heard(vendor: Any, receiver: Any, calls: int = 6) -> list[Any]:
    """The raw bodies of a download's callbacks."""
    vendor.start(callback=receiver.url)
    vendor.eventually(lambda: len(receiver.mail) >= calls)
    return [raw for _, raw in receiver.mail]


def test_callbacks_are_json_with_the_names_of_the_page_unless_told(vendor: Any, receiver: Any) -> None:
    (first, *_) = heard(vendor, receiver)
    assert {media_type for media_type, _ in receiver.mail} == {"application/json"}
    assert json.loads(first).keys() == {"streamId", "fileUrl", "downloadProgress"}


def test_callbacks_may_have_the_names_of_the_answers(vendor: Any, receiver: Any) -> None:
    vendor.throw(callback_form="snake", unit="number")
    bodies = [json.loads(raw) for raw in heard(vendor, receiver)]
    assert bodies[0].keys() == {"stream_id", "file_url", "download_progress"}
    assert bodies[-1]["download_progress"] == 1.0
    assert bodies[-1]["file_url"].startswith(vendor.base_url)


def test_callbacks_may_be_wrapped_in_data(vendor: Any, receiver: Any) -> None:
    vendor.throw(callback_form="wrapped")
    body = json.loads(heard(vendor, receiver)[0])
    assert body.keys() == {"data"}
    assert body["data"]["downloadProgress"] == "0.25"


def test_callbacks_may_be_form_encoded(vendor: Any, receiver: Any) -> None:
    vendor.throw(callback_form="form", unit="percent-sign")
    fields = dict(parse_qsl(heard(vendor, receiver)[-1].decode(), keep_blank_values=True))
    assert {media_type for media_type, _ in receiver.mail} == {"application/x-www-form-urlencoded"}
    assert fields.keys() == {"streamId", "fileUrl", "downloadProgress"}
    assert fields["downloadProgress"] == "100%"
    assert vendor.fetch(fields["fileUrl"]).status_code == 200


def test_an_alias_is_another_stream_id_of_the_same_channel_which_nobody_knows(
    vendor: Any, receiver: Any
) -> None:
    vendor.throw(alias=True)
    stream_id = vendor.start(callback=receiver.url)
    vendor.eventually(lambda: len(receiver.bodies) == 6)
    (alias,) = {body["streamId"] for body in receiver.bodies}
    assert alias != stream_id
    assert alias.split(":")[:3] == stream_id.split(":")[:3]
    assert vendor.ask(alias)["code"] == "990481"
    assert vendor.ask(stream_id)["data"]["stream_id"] == stream_id
    assert {called.stream_id for called in vendor.platform.witness.callbacks} == {stream_id}


def test_the_first_callback_may_be_answered_before_the_submission_is(play: Any, receiver: Any) -> None:
    vendor = play(longest=30.0)
    vendor.throw(callback_first=True)
    receiver.slow = 0.2
    before = time.monotonic()
    vendor.start(callback=receiver.url)
    assert time.monotonic() - receiver.times[0] >= 0.2
    assert time.monotonic() - before < 2


@pytest.mark.parametrize(
    "switches", [{"drop_callbacks": 1.0}, {"dies_silently": True, "drop_callbacks": 1.0}]
)
def test_a_submission_waits_for_no_callback_that_will_never_come(
    vendor: Any, receiver: Any, switches: dict[str, Any]
) -> None:
    vendor.throw(callback_first=True, **switches)
    vendor.start(callback=receiver.url)
    vendor.start()


def test_bad_callbacks_come_beside_the_good_ones_once_and_the_same_for_the_same_seed(
    play: Any, receiver: Any
) -> None:
    receiver.answers[:] = [(400, b"{}")]
    found = []
    for _ in range(2):
        vendor = play(longest=0.4, callback_retry=0.01)
        vendor.throw(bad_callbacks=0.5, seed=3)
        vendor.start(callback=receiver.url)
        vendor.eventually(lambda vendor=vendor: len(_sent(vendor, bad=False)) == 22)
        vendor.eventually(_nobody_sends)
        found.append([called.body["unreadable"] for called in _sent(vendor, bad=True)])
        assert {called.tries for called in _sent(vendor, bad=True)} == {1}
        assert {called.tries for called in _sent(vendor, bad=False)} == {2}
    assert found[0] == found[1]
    assert 3 < len(found[0]) < 20
    assert len(set(found[0])) > 2


def _nobody_sends() -> bool:
    return not any(thread.name == "sandbox-callbacks" for thread in threading.enumerate())


def _sent(vendor: Any, *, bad: bool) -> list[Any]:
    calls = list(vendor.platform.witness.callbacks)
    return [called for called in calls if ("unreadable" in called.body) == bad]


def test_several_senders_send_at_once_and_lose_nothing(vendor: Any, receiver: Any) -> None:
    vendor.throw(senders=8, duplicate=8)
    receiver.slow = 0.05
    heard(vendor, receiver, 48)
    vendor.eventually(lambda: len(vendor.platform.witness.callbacks) == 48)
    assert receiver.most_at_once > 4
    assert len(receiver.mail) == 48
    vendor.eventually(_nobody_sends)


def test_all_senders_of_a_download_that_was_torn_down_end(play: Any, receiver: Any) -> None:
    vendor = play(longest=30.0, cadence=0.2)
    vendor.throw(senders=8)
    vendor.tear_down(vendor.start(callback=receiver.url))
    vendor.eventually(_nobody_sends)


def test_one_sender_sends_one_after_the_other(vendor: Any, receiver: Any) -> None:
    receiver.slow = 0.01
    heard(vendor, receiver)
    assert receiver.most_at_once == 1
