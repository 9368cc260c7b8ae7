"""A quota that is spent in the midst of the work: nothing but probes goes out, and everybody who looks is told until when.

The client, the worker and the web process are the real ones, the cloud is the sandbox over real HTTP, the clock is moved by hand.
"""

import logging
import re
from collections import Counter
from datetime import datetime, timedelta

import pytest

from gleaner import overview
from tests.builders import NOON
from tests.imou_stage import LISTING, TOKEN, on_stage
from worker.health import SHUT

CALLS = 7  # that go well
RESETS = {"OP1013": "2026-12-01T00:00:00+08:00", "OP1011": "2026-11-21T00:00:00+08:00"}
WORDS = "the calls that the vendor allows are used up"


@pytest.fixture(params=RESETS)
def spent(request, caplog):
    """A stage on which a code was met in the midst of the first hour, the code, and when it ends."""
    caplog.set_level(logging.WARNING)
    with on_stage("aiCloudRecord", "aiInsight", every=3600) as stage:
        stage.cloud.throw({"code": request.param, "code_after": CALLS})
        stage.round()
        yield stage, request.param, RESETS[request.param]


def page_of(stage) -> str:
    """The words of the first page, as somebody reads it who is logged in."""
    browser, html = stage.entrance.application.test_client(), {"Accept": "text/html"}
    key = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/", headers=html).text)[1]
    said = {"token": "a token of the tests", "csrf_token": key}
    assert browser.post("/login", data=said, headers=html).status_code == 303
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", browser.get("/", headers=html).text))


def test_after_the_call_that_was_refused_nothing_but_rare_probes_go_out_until_the_reset(spent):
    stage, code, reset = spent
    assert Counter(call.code for call in stage.cloud.witness.calls) == {"0": CALLS, code: 1}
    listings, over, probes = stage.calls(LISTING), datetime.fromisoformat(reset), []
    while stage.clock.at + timedelta(minutes=15) < over:
        stage.after(minutes=15)
        before = stage.calls(TOKEN)
        stage.round()
        probes += [stage.clock.at] * (stage.calls(TOKEN) - before)
    assert stage.calls(LISTING) == listings
    assert {call.code for call in list(stage.cloud.witness.calls)[CALLS:]} == {code}
    assert len(probes) == (over - NOON - timedelta(minutes=1)) // SHUT
    stage.cloud.throw({"code": ""})
    stage.after(minutes=60)
    stage.round()
    assert stage.calls(LISTING) > listings
    assert not stage.told("status")["circuits"]["imou"]["open"]


def test_the_status_names_the_reset_and_apart_from_it_the_next_look(spent):
    stage, code, reset = spent
    told = stage.told("status")["circuits"]["imou"]
    assert (told["open"], told["code"], told["until"]) == (True, "vendor-quota", reset)
    assert datetime.fromisoformat(told["next_look"]) == NOON + SHUT
    assert code in told["reason"]
    assert "used up" in told["reason"] or "the day's calls" in told["reason"]
    stage.after(hours=7)
    stage.round()
    later = stage.told("status")["circuits"]["imou"]
    assert later["until"] == reset
    look = datetime.fromisoformat(later["next_look"] or reset)  # none is told when it is the reset itself
    assert look == min(NOON + timedelta(hours=7) + SHUT, datetime.fromisoformat(reset))


def test_the_command_says_until_when_in_plain_words(spent):
    stage, _, reset = spent
    lines = overview.status(stage.told("status")).splitlines()
    (line,) = [line for line in lines if line.startswith("calls to imou")]
    assert f"STOPPED until {reset[:10]} 00:00:00: vendor-quota, {WORDS}" in line
    assert line.endswith("; looked at next at 2026-11-20 18:00:00")


def test_the_page_says_until_when_in_plain_words(spent):
    stage, code, reset = spent
    page = page_of(stage)
    assert f"imou : calls are stopped until {reset[:10]} 00:00 +0800: {WORDS}." in page
    assert "Whether they go out before is looked at next at 2026-11-20 18:00 +0800." in page
    assert code in page


def test_the_log_says_it_once_however_often_it_is_looked_at(spent, caplog):
    stage, code, reset = spent
    for _ in range(3):
        stage.after(hours=3, minutes=59)
        stage.round()
    records = [*caplog.get_records("setup"), *caplog.records]
    (said,) = [each for each in records if each.message == "a vendor serves nobody for now"]
    assert (said.levelname, said.vendor, said.code) == ("WARNING", "imou", "vendor-quota")
    assert code in said.detail
    assert f"it serves again at {reset[:16]}+08:00" in said.detail
