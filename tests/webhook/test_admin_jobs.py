"""The admin API's jobs: wished for, listed, shown and operated; what is refused names its field and creates nothing."""

from datetime import timedelta

import pytest

from shared.adapters.memory import MemoryCameras
from shared.domain import events as e
from shared.domain.job import State, Window
from shared.ports import Query
from tests.builders import NOON, a_window
from tests.webhook.conftest import CAMERAS

PUBLISHED = {
    "id", "kind", "vendor", "camera", "start", "end", "state", "progress", "attempts", "reason", "detail", "origin",
    "parent", "record", "stream_id", "on_hold", "created_at", "updated_at", "due_at", "assets",
    "postponed", "unexplained", "verdict", "why", "missing", "aliases",
}  # fmt: skip
ASSET = {
    "id", "key", "camera", "kind", "start", "end", "size", "sha256", "duration_seconds", "verdict", "content_type", "job",
}  # fmt: skip


def jobs_of(world):
    return world.services.jobs.list(Query(limit=200)).jobs


def test_a_wish_becomes_a_job(world, admin, an_hour_ago):
    answer = admin.post("/admin/jobs", json={"camera": "front-door", **an_hour_ago})
    assert answer.status_code == 202
    [job] = answer.json["jobs"]
    assert set(job) == PUBLISHED
    assert (job["state"], job["origin"], job["kind"], job["vendor"]) == ("wanted", "hand", "playback", "sms")
    assert (job["start"], job["end"]) == ("2026-11-20T11:00:00+08:00", "2026-11-20T11:05:00+08:00")
    assert [each.id for each in jobs_of(world)] == [job["id"]]


def test_a_long_window_becomes_several_jobs(admin):
    wish = {"camera": "front-door", "start": "2026-11-20T08:10:00+08:00", "end": "2026-11-20T09:10:00+08:00"}
    jobs = admin.post("/admin/jobs", json=wish).json["jobs"]
    assert [job["start"][11:16] for job in jobs] == ["08:10", "08:30", "09:00"]


def test_the_same_wish_again_is_the_same_job_and_force_asks_anew(world, admin, an_hour_ago):
    wish = {"camera": "front-door", **an_hour_ago}
    first, again, forced = (
        admin.post("/admin/jobs", json={**wish, **more}).json["jobs"][0]["id"]
        for more in ({}, {}, {"force": True})
    )
    assert first == again != forced
    assert len(jobs_of(world)) == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"camera": "nobody"}, "camera"),
        ({"camera": ""}, "camera"),
        ({"camera": 7}, "camera"),
        ({"camera": "\ud800"}, "camera"),
        ({"camera": "records-only"}, "camera"),
        ({"start": "2026-11-20T11:06:00+08:00"}, "start"),
        ({"start": "2026-11-20T11:05:00+08:00"}, "start"),
        ({"end": "2026-11-20T12:00:01+08:00"}, "end"),
        ({"end": "2027-11-20T12:00:00+08:00"}, "end"),
        ({"start": "yesterday"}, "start"),
        ({"start": None}, "start"),
        ({"start": 1763600000}, "start"),
        ({"start": "0001-01-01T00:00:00Z"}, "start"),
        ({"end": "9999-12-31T23:59:59-14:00"}, "end"),
        ({"force": "yes"}, "force"),
        ({"origin": "plan"}, "origin"),
    ],
)
def test_what_cannot_be_wished_for_names_its_field_and_creates_nothing(
    world, admin, an_hour_ago, change, field
):
    answer = admin.post("/admin/jobs", json={"camera": "front-door", **an_hour_ago, **change})
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert set(answer.json) == {"type", "title", "status", "code", "detail", "errors"}
    assert list(answer.json["errors"]) == [field]
    assert all(isinstance(text, str) for text in answer.json["errors"][field])
    assert not jobs_of(world)


def test_every_missing_field_is_named(admin):
    assert set(admin.post("/admin/jobs", json={}).json["errors"]) == {"camera", "start", "end"}


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 30_000, b"\xff", b'{"camera": 1e'])
def test_a_body_that_is_no_json_is_malformed(world, admin, body):
    answer = admin.post("/admin/jobs", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (400, "malformed")
    assert not jobs_of(world)


@pytest.mark.parametrize("body", ["[]", '"text"', "7", "null"])
def test_a_body_that_is_no_object_is_refused(admin, body):
    assert admin.post("/admin/jobs", data=body).status_code == 422


def test_a_naive_time_is_read_in_the_cameras_zone(admin):
    wish = {"camera": "berlin", "start": "2026-11-20T04:00:00", "end": "2026-11-20T04:05:00"}
    [job] = admin.post("/admin/jobs", json=wish).json["jobs"]
    assert job["start"] == "2026-11-20T04:00:00+01:00"


def test_an_hour_that_occurs_twice_means_the_first(admin):
    wish = {"camera": "berlin", "start": "2026-10-25T02:00:00", "end": "2026-10-25T02:05:00"}
    [job] = admin.post("/admin/jobs", json=wish).json["jobs"]
    assert job["start"] == "2026-10-25T02:00:00+02:00"


def test_an_hour_that_no_clock_shows_is_refused(world, admin):
    wish = {"camera": "berlin", "start": "2026-03-29T01:30:00", "end": "2026-03-29T02:30:00"}
    answer = admin.post("/admin/jobs", json=wish)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["end"])
    assert not jobs_of(world)


# -- lists -------------------------------------------------------------------------------------------------------------


def listed(admin, query=""):
    answer = admin.get(f"/admin/jobs{query}")
    assert answer.status_code == 200, answer.text
    return [job["id"] for job in answer.json["jobs"]]


def test_jobs_are_listed_newest_first_and_a_page_at_a_time(world, admin):
    made = [world.wish(window=a_window(minutes_ago=200 + each)).id for each in range(5)]
    newest_first = sorted(made, reverse=True)
    first = admin.get("/admin/jobs?limit=2").json
    second = admin.get(f"/admin/jobs?limit=2&cursor={first['next']}").json
    third = admin.get(f"/admin/jobs?limit=2&cursor={second['next']}").json
    assert [job["id"] for page in (first, second, third) for job in page["jobs"]] == newest_first
    assert third["next"] is None


def test_jobs_are_filtered_by_state_repeated_or_as_a_list(world, admin):
    wanted, preparing = world.wish(window=a_window(300)).id, world.preparing().id
    archived = world.archived(window=a_window(400)).id
    assert listed(admin, "?state=wanted") == [wanted]
    assert set(listed(admin, "?state=wanted&state=archived")) == {wanted, archived}
    assert set(listed(admin, "?state=wanted,preparing")) == {wanted, preparing}
    assert listed(admin, "?state=failed") == []


def test_jobs_are_filtered_by_camera_kind_origin_and_time(world, admin):
    here, there = world.wish(), world.wish("berlin")
    assert listed(admin, "?camera=berlin") == [there.id]
    assert listed(admin, "?kind=picture") == []
    assert listed(admin, "?origin=plan") == []
    assert set(listed(admin, "?kind=playback&origin=hand")) == {here.id, there.id}
    window = here.window
    assert listed(admin, f"?camera=front-door&from={window.end.isoformat()}".replace("+", "%2B")) == []
    assert listed(admin, "?camera=front-door&from=2026-11-20T09:00&to=2026-11-20T09:01") == [here.id]
    assert listed(admin, "?camera=front-door&from=2026-11-20T09:00:00+08:00") == [here.id]  # + unescaped


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=done", "state"),
        ("kind=clip", "kind"),
        ("origin=me", "origin"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=ten", "limit"),
        ("from=today", "from"),
        ("to=soon", "to"),
        ("cursor=../x", "cursor"),
        ("colour=red", "colour"),
    ],
)
def test_a_question_that_is_not_known_names_its_field(admin, query, field):
    answer = admin.get(f"/admin/jobs?{query}")
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    words = answer.json["errors"][field]
    assert isinstance(words, list)
    assert isinstance(words[0], str)


# -- one job -----------------------------------------------------------------------------------------------------------


def test_a_job_comes_with_its_history(world, admin):
    job = world.archived()
    shown = admin.get(f"/admin/jobs/{job.id}").json
    assert set(shown) == PUBLISHED | {"history"}
    assert (shown["state"], shown["progress"], shown["attempts"]) == ("archived", 1.0, 1)
    assert set(shown["assets"][0]) == ASSET
    assert [line["event"] for line in shown["history"]] == [
        "Wished", "PrepareStarted", "Prepared", "FetchStarted", "AssetLanded",
    ]  # fmt: skip
    assert shown["history"][1] == {
        "at": "2026-11-20T12:00:00+08:00",
        "event": "PrepareStarted",
        "from": "wanted",
        "to": "submitting",
        "attempt": 1,
        "reason": None,
        "detail": None,
        "late": False,
        "count": 1,
    }


def test_no_address_and_no_token_is_told(world, admin):
    job = world.archived()
    for path in (f"/admin/jobs/{job.id}", "/admin/jobs", "/admin/cameras", "/admin/status"):
        text = admin.get(path).text
        assert "media.example" not in text
        assert world.callback_path(job).rpartition("-")[2] not in text


@pytest.mark.parametrize("job_id", ["01jnone" + "0" * 19, "x", "01jnone" + "0" * 19 + ":history", "%00", "ⅷ"])
def test_an_unknown_job_is_not_found(admin, job_id):
    answer = admin.get(f"/admin/jobs/{job_id}")
    assert (answer.status_code, answer.json["code"]) == (404, "unknown-job")
    assert admin.post(f"/admin/jobs/{job_id}/cancel").status_code == 404


def test_what_is_no_id_at_all_reaches_no_store(make_world):
    class Untouchable:
        def load(self, job_id):
            raise AssertionError(job_id)

    admin = make_world(changes={"jobs": Untouchable()}).admin()
    for job_id in ("x", "01jnone" + "0" * 19 + ":history", "01JNONE" + "0" * 19, "*"):
        assert admin.get(f"/admin/jobs/{job_id}").status_code == 404


def test_a_job_is_cancelled_and_retried(world, admin):
    job = world.preparing()
    cancelled = admin.post(f"/admin/jobs/{job.id}/cancel")
    assert (cancelled.status_code, cancelled.json["state"]) == (200, "cancelled")
    retried = admin.post(f"/admin/jobs/{job.id}/retry")
    assert (retried.status_code, retried.json["state"]) == (200, "wanted")


def test_a_job_is_held_and_released(world, admin):
    job = world.wish()
    assert admin.post(f"/admin/jobs/{job.id}/hold").json["on_hold"] is True
    assert admin.post(f"/admin/jobs/{job.id}/release").json["on_hold"] is False


@pytest.mark.parametrize(
    ("verb", "code", "words"),
    [
        ("retry", "not-needed", "A job that is archived cannot be retried."),
        ("cancel", "not-needed", "A job that is archived cannot be cancelled."),
        ("hold", "not-needed", "A job that is archived cannot be held."),
    ],
)
def test_what_does_not_fit_the_state_is_a_conflict_in_words(world, admin, verb, code, words):
    job = world.archived()
    answer = admin.post(f"/admin/jobs/{job.id}/{verb}")
    assert (answer.status_code, answer.json["code"], answer.json["detail"]) == (409, code, words)
    assert world.now(job) == job


def test_a_job_that_is_not_on_hold_cannot_be_released(world, admin):
    answer = admin.post(f"/admin/jobs/{world.wish().id}/release")
    assert (answer.status_code, answer.json["code"]) == (409, "not-on-hold")


# -- the same request again --------------------------------------------------------------------------------------------


def with_key(admin, key, body):
    return admin.post("/admin/jobs", json=body, headers={"Idempotency-Key": key})


def test_a_repeated_request_gets_the_first_ones_jobs(world, admin, an_hour_ago):
    wish = {"camera": "front-door", "force": True, **an_hour_ago}
    first, again = with_key(admin, "one", wish), with_key(admin, "one", wish)
    assert first.status_code == again.status_code == 202
    assert first.json == again.json
    assert len(jobs_of(world)) == 1
    with_key(admin, "two", wish)
    assert len(jobs_of(world)) == 2


def test_a_key_is_forgotten_after_a_day(world, admin, an_hour_ago):
    wish = {"camera": "front-door", "force": True, **an_hour_ago}
    with_key(admin, "one", wish)
    world.clock.move(timedelta(days=1, seconds=1))
    with_key(admin, "one", wish)
    assert len(jobs_of(world)) == 2


def test_a_key_is_good_for_one_request_only(world, admin, an_hour_ago):
    wish = {"camera": "front-door", **an_hour_ago}
    with_key(admin, "one", wish)
    other = with_key(admin, "one", {**wish, "camera": "berlin"})
    assert (other.status_code, other.json["code"]) == (422, "idempotency-key-reused")
    assert len(jobs_of(world)) == 1


def test_a_request_that_was_refused_gives_its_key_back(world, admin, an_hour_ago):
    assert with_key(admin, "one", {"camera": "nobody", **an_hour_ago}).status_code == 422
    assert with_key(admin, "one", {"camera": "front-door", **an_hour_ago}).status_code == 202


def test_keys_of_two_tokens_are_strangers(world, admin, an_hour_ago):
    wish = {"camera": "front-door", "force": True, **an_hour_ago}
    with_key(admin, "one", wish)
    with_key(world.admin("the-token-before"), "one", wish)
    assert len(jobs_of(world)) == 2


def test_while_the_first_is_under_way_the_second_is_told_so(make_world, an_hour_ago):
    class Slow(MemoryCameras):
        """Looks a camera up for so long that the same request comes in once more."""

        looked, second = 0, None

        def get(self, name):
            self.looked += 1
            if self.looked == 2:  # the first look is for the zone, the second is the wish's own
                self.second = with_key(admin, "one", wish)
            return super().get(name)

    slow = Slow(*CAMERAS)
    admin = make_world(changes={"cameras": slow}).admin()
    wish = {"camera": "front-door", **an_hour_ago}
    assert with_key(admin, "one", wish).status_code == 202
    assert (slow.second.status_code, slow.second.json["code"]) == (409, "idempotency-key-in-use")


def test_a_window_that_ends_now_is_over(world, admin):
    world.wish(window=Window(NOON - timedelta(minutes=5), NOON))
    assert jobs_of(world)[0].state == State.WANTED


def test_what_a_job_waits_for_is_told(world, admin):
    job = world.submitting()
    world.happen(job, e.Postponed("device-busy", "486", 1, asked=True, wait=timedelta(seconds=30)))
    shown = admin.get(f"/admin/jobs/{job.id}").json
    assert (shown["state"], shown["reason"], shown["detail"]) == ("wanted", "device-busy", "486")
    assert shown["due_at"] == "2026-11-20T12:00:30+08:00"
