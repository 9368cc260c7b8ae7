"""The rest of the admin API: who may come in, cameras, status, and the one shape of every error."""

import logging
import re
from datetime import timedelta

import pytest

from shared.domain import events as e
from shared.ports import Quota
from tests.builders import NOON

ULID = "01jtest" + "0" * 19


def admin_routes(client):
    """Every method of every route below /admin."""
    rules = [rule for rule in client.application.url_map.iter_rules() if rule.rule.startswith("/admin")]
    assert len(rules) > 5
    for rule in rules:
        path = re.sub(r"<any\(([a-z]+)[^>]*>", r"\1", rule.rule)
        path = re.sub(r"<[^>]+>", ULID, path)
        yield from ((method, path) for method in rule.methods)


@pytest.mark.parametrize(
    "credentials",
    [
        None,
        "Bearer wrong",
        "Bearer ",
        "Bearer",
        "Basic cm9vdDpyb290",
        "root-token-of-the-tests",
        "Token root-token-of-the-tests",
        "Bearer root-token-of-the-test",
        "Bearer root-token-of-the-tests2",
        "Bearer tökén",
    ],
)
def test_no_admin_route_is_open_to_strangers(stranger, credentials):
    headers = {"Authorization": credentials.encode().decode("latin-1")} if credentials else {}
    for method, path in admin_routes(stranger):
        answer = stranger.open(path, method=method, headers=headers)
        assert answer.status_code == 401, (method, path)
        assert answer.content_type == "application/problem+json"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_session_is_no_bearer_token(operator):
    assert operator.get("/admin/jobs").status_code == 401


def test_every_token_in_force_opens(world):
    for token in world.services.admin_tokens:
        answer = world.client().get("/admin/jobs", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200


def test_cameras_are_told_with_how_busy_their_devices_are(world, admin):
    job = world.preparing()
    world.services.ledger.record(world.wish("berlin").id, e.PrepareStarted(world.services.lease()))
    front, berlin, records = admin.get("/admin/cameras").json["cameras"]
    assert front == {
        "name": "front-door",
        "timezone": "Asia/Shanghai",
        "vendors": ["imou", "sms"],
        "lane": {"room": 1, "runners": [job.id], "waiting": 0, "not_before": None},
        "last_harvest": None,
        "outcome": None,
        "harvests": [
            {
                "vendor": "imou",
                "package": package,
                "state": "idle",
                "at": None,
                "outcome": None,
                "detail": "",
                "empty_days": [],
                "days": [],
                "retry_at": None,
            }
            for package in ("digest", "events")
        ],
    }
    assert len(berlin["lane"]["runners"]) == 1
    assert (berlin["harvests"], berlin["outcome"]) == ([], None)
    assert (records["vendors"], records["lane"]) == (["other"], None)


def test_a_harvest_is_told_with_what_came_of_it_and_a_trouble_before_an_ok(world, admin):
    world.harvested()
    front = admin.get("/admin/cameras").json["cameras"][0]
    assert (front["last_harvest"], front["outcome"]) == ("2026-11-20T12:00:00+08:00", "ok")
    world.clock.move(timedelta(minutes=1))
    world.harvested(package="events", trouble="vendor-unreadable", detail="no list in it")
    front = admin.get("/admin/cameras").json["cameras"][0]
    assert (front["last_harvest"], front["outcome"]) == ("2026-11-20T12:01:00+08:00", "vendor-unreadable")
    digest, events = front["harvests"]
    assert (digest["state"], digest["outcome"], digest["days"]) == ("idle", "ok", [])
    assert (events["state"], events["detail"]) == ("postponed", "no list in it")
    assert (events["days"][-1], events["retry_at"] > "2026-11-20T12:01") == ("2026-11-20", True)


def test_a_closed_lane_is_told_in_the_cameras_zone(world, admin):
    job = world.submitting()
    lane = job.lanes[0].name
    world.happen(job, e.Postponed("device-busy", "", 1, asked=True, wait=timedelta(seconds=30), lane=lane))
    lane = admin.get("/admin/cameras").json["cameras"][0]["lane"]
    assert (lane["waiting"], lane["not_before"]) == (0, "2026-11-20T12:00:30+08:00")


def test_the_status_tells_how_the_whole_is_doing(world, admin):
    world.archived()
    status = admin.get("/admin/status").json
    assert set(status) == {
        "states",
        "overdue_seconds",
        "circuits",
        "quota",
        "rhythm",
        "video",
        "free_bytes",
        "promised_bytes",
        "reserve_bytes",
        "last_sweep",
    }
    assert status["states"]["archived"] == 1
    assert len(status["states"]) == 9
    closed = {"open": False, "code": None, "reason": None, "until": None, "next_look": None}
    assert status["circuits"] == {"sms": closed, "imou": closed}
    assert status["quota"] == {}
    assert status["last_sweep"] is None
    with world.services.space.promised("a fetch's", 1000):
        status = admin.get("/admin/status").json
    assert status["free_bytes"] == world.archive.free_bytes()
    assert (status["promised_bytes"], status["reserve_bytes"]) == (1000, 5_000_000_000)


def test_an_open_circuit_and_the_last_sweep_are_told(world, admin):
    for job in "ababa":
        world.services.circuits.faulted("sms", job, "vendor-away", "HTTP 503")
    world.swept()
    status = admin.get("/admin/status").json
    circuit = status["circuits"]["sms"]
    assert (circuit["open"], circuit["code"], circuit["reason"]) == (True, "vendor-away", "HTTP 503")
    assert circuit["until"] == "2026-11-20T12:00:10+08:00"
    assert status["last_sweep"] == NOON.isoformat()


def test_the_quotas_are_told_with_what_they_will_come_to(world, admin):
    day = Quota("day", 10, None, NOON + timedelta(hours=12), 20)
    world.source.counted = (day, Quota("month", 29_000, 30_000, NOON + timedelta(days=10), 44_000))
    status = admin.get("/admin/status").json
    assert status["quota"] == {
        "imou": {
            "day": {"used": 10, "limit": None, "forecast": 20, "until": "2026-11-21T00:00:00+08:00"},
            "month": {
                "used": 29_000,
                "limit": 30_000,
                "forecast": 44_000,
                "until": "2026-11-30T12:00:00+08:00",
            },
        }
    }
    assert not status["circuits"]["imou"]["open"]


def test_the_rhythm_of_harvests_is_told_and_that_it_was_stretched(world, admin):
    told = admin.get("/admin/status").json["rhythm"]["imou"]
    assert (told["period_seconds"], told["stretched"]) == (3600, 1)
    world.source.counted = (Quota("month", 29_990, 30_000, NOON + timedelta(days=10), 30_000),)
    world.clock.move(timedelta(hours=1))
    told = admin.get("/admin/status").json["rhythm"]["imou"]
    assert told["stretched"] > 2
    assert told["period_seconds"] == round(3600 * told["stretched"])
    assert "do not suffice for a listing every 60 min" in told["sentence"]


def test_looking_at_the_status_decides_no_rhythm(world, admin):
    world.source.counted = (Quota("month", 29_990, 30_000, NOON + timedelta(days=10), 30_000),)
    assert admin.get("/admin/status").json["rhythm"]["imou"]["stretched"] > 2
    assert world.services.memory.get("rhythm:imou") is None
    world.services.harvests.due()
    assert world.services.memory.get("rhythm:imou") is not None


def test_a_spent_quota_stops_calls_like_an_open_circuit_until_the_last_one_that_is_spent_is_over(
    world, admin
):
    day = Quota("day", 1000, 1000, NOON + timedelta(hours=12), 2000)
    month = Quota("month", 30_000, 30_000, NOON + timedelta(days=10), 60_000)
    for counted, until, limit in (
        ((day,), "2026-11-21T00:00:00+08:00", "all 1000 calls that are allowed in a day"),
        ((month, day), "2026-11-30T12:00:00+08:00", "all 30000 calls that are allowed in a month"),
    ):
        world.source.counted = counted
        circuit = admin.get("/admin/status").json["circuits"]["imou"]
        assert (circuit["open"], circuit["code"], circuit["until"]) == (True, "quota-spent", until)
        assert limit in circuit["reason"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "unknown-route"),
        ("GET", "/admin/nowhere", 404, "unknown-route"),
        ("DELETE", "/admin/jobs", 405, "wrong-method"),
        ("PUT", "/healthz", 405, "wrong-method"),
        ("POST", f"/admin/jobs/{ULID}/destroy", 404, "unknown-route"),
    ],
)
def test_every_error_has_the_one_shape(admin, method, path, status, code):
    answer = admin.open(path, method=method)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert (answer.json["status"], answer.json["code"]) == (status, code)
    assert set(answer.json) == {"type", "title", "status", "code", "detail"}


def test_what_nobody_foresaw_is_logged_and_told_without_its_inside(make_world, caplog):
    class Broken:
        def all(self):
            raise ZeroDivisionError("the inside")

    world = make_world(changes={"cameras": Broken()})
    with caplog.at_level(logging.ERROR):
        answer = world.client().get(
            "/admin/cameras", headers={"Authorization": "Bearer root-token-of-the-tests"}
        )
    assert (answer.status_code, answer.json["code"]) == (500, "internal")
    assert "inside" not in answer.text
    assert "the inside" in caplog.text


def test_nothing_is_kept_and_nothing_is_framed(admin, stranger):
    for answer in (
        admin.get("/admin/jobs"),
        stranger.get("/"),
        stranger.get("/nowhere"),
        stranger.get("/healthz"),
    ):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
