"""How such a platform really behaves, one kind of mischief a camera, all at once in one running system, each judged by itself.

Everything goes through the front door: the admin API on one side, the simulated platform's own witness on the other. A
case is a camera with switches thrown before its window is wished for. `docs/sms-rules.md` says which rule each case shows.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis
import requests

from gleaner.embedded_redis import socket_path
from gleaner.sandbox.devices import read_devices
from gleaner.sandbox.pace import Pace
from gleaner.sandbox.server import RunningSandbox, running_sandbox
from shared.adapters.celery_queue import CeleryQueue
from shared.domain import effects
from tests.e2e.system import System, cameras_file, start, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

Json = dict[str, Any]

INSIDE = "media.inside:8554"
CLOCKS = {
    "CALLBACK_SILENCE": "1",
    "FINALISING": "6",
    "GRACE": "0.5",
    "SUBMIT_TIMEOUT": "3",
    "UNANSWERED": "3",
}
PACE = Pace(speed=120, longest=1, cadence=0.1, linger=4, callback_timeout=3, callback_retry=0.3)
DAY = "2026-11-19"
RETRIES = 5


@dataclass
class Case:
    """A camera of its own and the switches thrown for it. `at_once`: its window is wished for before any test begins."""

    name: str
    switches: Json = field(default_factory=dict)
    at_once: bool = True
    job: str = ""


CASES = {
    case.name: case
    for case in (
        Case("alias", {"alias": True}),
        Case("callback-first", {"callback_first": True}),
        Case("slow-answer", {"slow_submit": 2}),
        Case("lost-answer", {"lose_answer": True}),
        Case("lost-and-silent", {"lose_answer": True, "drop_callbacks": 1}, at_once=False),
        Case("eightfold", {"duplicate": 5, "shuffle": True, "senders": 8}),
        Case("percent-sign", {"unit": "percent-sign"}),
        Case("json-number", {"unit": "number"}),
        Case("not-a-number", {"progress": "nan", "speed": 0.2}, at_once=False),
        Case("negative", {"progress": "negative", "speed": 0.2}, at_once=False),
        Case("over-100", {"progress": "over-100", "speed": 0.2}, at_once=False),
        Case("bad-callbacks", {"bad_callbacks": 0.5}),
        Case("growing", {"early_address": "growing", "index_last": True, "speed": 0.2}),
        Case("page", {"media": "html"}, at_once=False),
        Case("late-file", {"late_file": 2}),
        Case("stays-0", {"progress": "stays-0"}),
        Case("back-to-0", {"progress": "back-to-0"}),
        Case("falls", {"progress": "falls"}),
        Case("bare-1", {"progress": "bare-1", "late_file": 2}),
        Case("other-first", {"wrong_address_first": True}),
        Case("three-files", {"files": 3}),
        Case("gone-before", {"stream_gone": "before-file"}),
        Case("half-speed", {"speed": 0.5}),
        Case("half-recorded", {"recorded": 0.5, "progress": "honest"}),
        Case("short-and-listed", {"delivered": 0.5, "short_downloads": 1}),
        Case("short-unlisted", {"delivered": 0.5, "short_downloads": 1, "recordings": "missing"}),
        Case("nothing-listed", {"recordings": "empty"}),
        Case("odd-list", {"recordings": "unreadable"}),
        Case("deaf-list", {"recordings": "hang"}),
        Case("dies", {"dies_silently": True}, at_once=False),
        Case("no-callbacks", {"drop_callbacks": 1}),
        Case("no-answers", {"query": "missing"}),
        Case("busy", {"busy_for": 2}),
        Case("busy-zh", {"refuse_as": "busy-zh"}),
        Case("offline", {"offline": True}),
        Case("no-recording", {"no_recording": True}),
        Case("unknown-words", {"refuse_as": "unknown"}),
        Case("snake", {"callback_form": "snake"}),
        Case("wrapped", {"callback_form": "wrapped"}),
        Case("form", {"callback_form": "form"}),
        Case("inside", {"inside_address": INSIDE}),
        Case("metadata", {"odd_address": "metadata"}),
        Case("scheme", {"odd_address": "file"}, at_once=False),
        Case("redirect-away", {"odd_address": "redirect-away"}),
        Case("in-the-query", {"address_query": True, "sign_address": True}),
        Case("signed", {"sign_address": True}),
        Case("no-stream-id", {"no_stream_id": True}),
    )
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """The simulated platform with a camera for each case, and the switches of each thrown."""
    file = tmp_path_factory.mktemp("cameras") / "cameras.toml"
    file.write_text(_cameras())
    with running_sandbox(devices=read_devices(file), pace=PACE) as playing:
        for case in CASES.values():
            if case.switches:
                playing.platform.throw(case.switches, case.name)
        yield playing


@pytest.fixture(scope="module")
def system(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One system for all cases; the windows of all of them are wished for at once."""
    home = tmp_path_factory.mktemp("system")
    (home / "sign").write_text("the-first-sign")
    port = sandbox.base_url.rpartition(":")[2]
    settings = CLOCKS | {
        "SMS_LINKER_SIGN": f"command:cat {home / 'sign'}",
        "MEDIA_REWRITE": f"{INSIDE}=127.0.0.1:{port}",
        "MEDIA_ALLOW": f"127.0.0.1:{port}",
        "SMS_DOWNLOADS": "64",
    }
    running = start(home, _cameras(), sandbox.base_url, **settings)
    for case in CASES.values():
        if case.at_once:
            wish(running, case.name)
    yield running
    assert running.stop() == 0


def _cameras() -> str:
    plain = cameras_file(len(CASES))
    for number, name in enumerate(CASES):
        plain = plain.replace(f'name = "cam-{number}"\n', f'name = "{name}"\n')
    return plain


def wish(system: System, name: str) -> str:
    """Wish for the window of a case; its job."""
    (job,) = system.submit(name, f"{DAY}T08:00:00", f"{DAY}T08:01:00")
    CASES[name].job = job
    return job


# -- what is looked at -------------------------------------------------------------------------------------------------


def ended(system: System, name: str, seconds: float = 60) -> Json:
    """The job of a case, once its window is judged or it has ended otherwise."""

    def over() -> Json | None:
        job = system.job(CASES[name].job)
        judged = job["verdict"] is not None or job["state"] in ("failed", "empty", "cancelled")
        return job if judged and job["state"] not in ("wanted", "submitting", "preparing") else None

    job: Json = until(over, seconds)
    return job


def waits_with(system: System, name: str, reason: str) -> Json:
    """The job of a case, once it waits for this reason."""

    def waiting() -> Json | None:
        job = system.job(CASES[name].job)
        return job if job["reason"] == reason else None

    job: Json = until(waiting, 30)
    return job


def whole(job: Json, attempts: int = 1) -> Json:
    """The one whole asset of a job that is archived with so many charged attempts."""
    assert (job["state"], job["verdict"]) == ("archived", "complete"), json.dumps(job, indent=1)
    assert job["attempts"] == attempts, json.dumps(job["history"], indent=1)
    assert len(job["assets"]) == 1, json.dumps(job, indent=1)
    return dict(job["assets"][0])


def is_own(system: System, name: str, asset: Json) -> bool:
    """Whether the bytes are this camera's, by the title that the platform wrote into them."""
    content = (system.home / "archive" / asset["key"]).read_bytes()
    return f"{name} ".encode() in content and b"somebody else" not in content


def submissions(sandbox: RunningSandbox, name: str) -> int:
    """How often the platform was asked for a camera's windows."""
    unicode = device(sandbox, name)
    return sum(
        tally.asked
        for window, tally in sandbox.platform.witness.windows.items()
        if window.device_unicode == unicode
    )


def device(sandbox: RunningSandbox, name: str) -> str:
    """A camera's device."""
    return next(each.device_unicode for each in sandbox.platform.devices.values() if each.name == name)


def outcomes(sandbox: RunningSandbox, name: str) -> dict[str, int]:
    """What became of the callbacks about a camera, each outcome with the most tries that it took."""
    unicode = device(sandbox, name)
    calls = [call for call in sandbox.platform.witness.callbacks if unicode in call.stream_id]
    return {call.outcome: call.tries for call in sorted(calls, key=lambda call: call.tries)}


def events(job: Json) -> list[str]:
    """The kinds of events in a job's history."""
    return [line["event"] for line in job["history"]]


# -- each archived with one attempt, and never another's file ----------------------------------------------------------

ONCE = [
    "alias", "callback-first", "slow-answer", "lost-answer", "eightfold", "percent-sign", "json-number", "bad-callbacks", "growing", "late-file", "stays-0", "back-to-0", "falls", "bare-1", "other-first",
    "gone-before", "half-speed", "odd-list", "deaf-list", "no-callbacks", "no-answers", "busy", "snake", "wrapped", "form",
    "inside", "in-the-query", "signed", "no-stream-id",
]  # fmt: skip


@pytest.mark.parametrize("name", ONCE)
def test_it_is_archived_whole_with_one_attempt_and_it_is_its_own_footage(
    system: System, sandbox: RunningSandbox, name: str
) -> None:
    job = ended(system, name)
    assert is_own(system, name, whole(job))
    accepted = [
        t.accepted
        for w, t in sandbox.platform.witness.windows.items()
        if w.device_unicode == device(sandbox, name)
    ]
    assert accepted == [1]


# -- the answer to a submission ----------------------------------------------------------------------------------------


def test_callbacks_before_the_answer_are_believed_at_once(system: System) -> None:
    for name in ("callback-first", "slow-answer"):
        job = ended(system, name)
        (believed,) = [line for line in job["history"] if line["from"] == "submitting" != line["to"]]
        assert believed["event"] == "Progressed", json.dumps(job["history"], indent=1)


def test_a_lost_answer_is_one_submission_when_callbacks_come(system: System, sandbox: RunningSandbox) -> None:
    job = ended(system, "lost-answer")
    assert submissions(sandbox, "lost-answer") == 1
    assert "AnswerLost" in events(job)
    assert "PrepareFailed" not in events(job)


def test_a_lost_answer_and_silence_lead_to_another_submission_that_says_why(
    system: System, sandbox: RunningSandbox
) -> None:
    wish(system, "lost-and-silent")
    until(lambda: submissions(sandbox, "lost-and-silent") >= 2, 40)
    sandbox.platform.throw({"lose_answer": False}, "lost-and-silent")
    job = ended(system, "lost-and-silent")
    assert is_own(system, "lost-and-silent", whole(job, job["attempts"]))
    assert "submit-unknown" in [line["reason"] for line in job["history"]]


@pytest.mark.parametrize(
    ("name", "reason", "mend"),
    [
        ("busy-zh", "device-busy", {"refuse_as": "no"}),
        ("offline", "device-offline", {"offline": False}),
    ],
)
def test_a_device_that_is_not_ready_costs_nothing(
    system: System, sandbox: RunningSandbox, name: str, reason: str, mend: Json
) -> None:
    job = waits_with(system, name, reason)
    until(lambda: system.job(job["id"])["postponed"] > RETRIES)
    sandbox.platform.throw(mend, name)
    assert is_own(system, name, whole(ended(system, name)))


def test_no_recording_is_the_end_and_costs_nobody_the_device(system: System, sandbox: RunningSandbox) -> None:
    for name in ("no-recording", "nothing-listed"):
        job = ended(system, name)
        assert (job["state"], job["reason"], job["attempts"]) == ("empty", "no-footage", 0)
        assert submissions(sandbox, name) == 0


def test_words_that_nobody_knows_are_charged_and_told(system: System, sandbox: RunningSandbox) -> None:
    job = ended(system, "unknown-words")
    assert (job["state"], job["reason"], job["attempts"]) == ("failed", "vendor-error", RETRIES)
    assert submissions(sandbox, "unknown-words") == RETRIES


# -- what is reported --------------------------------------------------------------------------------------------------


def test_every_callback_five_times_shuffled_by_eight_threads_is_each_step_once(
    system: System, sandbox: RunningSandbox
) -> None:
    job = ended(system, "eightfold")
    steps = [line["event"] for line in job["history"] if not line["late"] and line["from"] != line["to"]]
    assert sorted(steps) == sorted(set(steps)), json.dumps(job["history"], indent=1)
    assert submissions(sandbox, "eightfold") == 1
    (asset,) = job["assets"]
    assert len(list((system.home / "archive" / asset["key"]).parent.iterdir())) == 2


def test_the_last_callback_once_more_when_all_is_over_changes_nothing(
    system: System, sandbox: RunningSandbox
) -> None:
    job = ended(system, "eightfold")
    told = [c.body for c in sandbox.platform.witness.callbacks if c.stream_id == job["stream_id"]]
    last = next(body for body in told if body["fileUrl"])
    (url,) = [
        seen.body["callback"]
        for seen in sandbox.platform.witness.requests
        if seen.path.endswith("/download") and seen.body["device_unicode"] == device(sandbox, "eightfold")
    ]
    for _ in range(3):
        assert requests.post(url, json=last, timeout=5).json()["code"] == 0
    after = system.job(job["id"])
    assert (after["state"], after["updated_at"]) == (job["state"], job["updated_at"])


@pytest.mark.parametrize("name", ["not-a-number", "negative", "over-100"])
def test_a_figure_that_is_none_is_refused_by_name_and_costs_nothing(
    system: System, sandbox: RunningSandbox, name: str
) -> None:
    wish(system, name)
    until(lambda: "HTTP 400" in outcomes(sandbox, name))
    sandbox.platform.throw({"progress": "honest"}, name)
    assert is_own(system, name, whole(ended(system, name)))


def test_what_can_be_read_is_taken_at_the_first_try(system: System, sandbox: RunningSandbox) -> None:
    for name in ("snake", "wrapped", "form", "alias", "stays-0"):
        ended(system, name)
        ours = [
            call for call in sandbox.platform.witness.callbacks if device(sandbox, name) in call.stream_id
        ]
        assert {(call.tries, call.outcome) for call in ours} == {(1, "taken")}


def test_the_stream_id_of_a_callback_is_an_alias_and_nothing_more(system: System) -> None:
    job = ended(system, "alias")
    assert job["stream_id"].startswith("download:")
    assert job["aliases"]
    assert job["stream_id"] not in job["aliases"]


def test_the_unit_of_a_number_is_learnt_and_shown_as_a_share(system: System) -> None:
    for name in ("percent-sign", "json-number"):
        assert ended(system, name)["progress"] == 1.0


# -- the end, and the file ---------------------------------------------------------------------------------------------


def test_an_address_is_no_end_so_a_growing_file_is_not_fetched(system: System) -> None:
    job = ended(system, "growing")
    assert "FetchFailed" not in events(job)
    assert events(job).count("FetchStarted") == 1


def test_a_page_with_status_200_is_not_footage(system: System, sandbox: RunningSandbox) -> None:
    job_id = wish(system, "page")
    until(lambda: "FetchFailed" in events(system.job(job_id)))
    sandbox.platform.throw({"media": "no"}, "page")
    job = ended(system, "page")
    assert is_own(system, "page", whole(job, job["attempts"]))


def test_three_files_are_three_assets_of_one_window(system: System) -> None:
    job = ended(system, "three-files")
    assert (job["state"], job["verdict"], job["attempts"]) == ("archived", "complete", 1)
    assert len(job["assets"]) == 3
    assert all(is_own(system, "three-files", asset) for asset in job["assets"])


def test_a_stream_that_dies_without_a_file_is_withdrawn_and_begun_again(
    system: System, sandbox: RunningSandbox
) -> None:
    wish(system, "dies")
    until(lambda: submissions(sandbox, "dies") >= 2, 40)
    sandbox.platform.throw({"dies_silently": False}, "dies")
    job = ended(system, "dies")
    assert is_own(system, "dies", whole(job, job["attempts"]))
    assert "no-file" in [line["reason"] for line in job["history"]]


def test_a_device_that_never_recorded_a_part_is_asked_once_and_the_reason_said(
    system: System, sandbox: RunningSandbox
) -> None:
    job = ended(system, "half-recorded")
    assert (job["state"], job["verdict"], job["reason"]) == ("archived", "partial", "not-recorded")
    assert (job["attempts"], submissions(sandbox, "half-recorded")) == (1, 1)


def test_what_is_missing_of_a_short_delivery_is_brought_by_a_job_of_its_own(system: System) -> None:
    job = ended(system, "short-and-listed")
    assert (job["verdict"], job["reason"], len(job["missing"])) == ("partial", "short", 1)

    def child() -> Json | None:
        jobs = system.call("GET", "/admin/jobs?camera=short-and-listed").json()["jobs"]
        return next((each for each in jobs if each["parent"] == job["id"] and each["verdict"]), None)

    gap: Json = until(child)
    assert (gap["origin"], gap["verdict"], gap["start"]) == ("gap", "complete", job["missing"][0]["start"])
    middle = datetime.fromisoformat(job["start"]) + timedelta(seconds=30)
    assert abs(datetime.fromisoformat(gap["start"]) - middle) <= timedelta(seconds=1)
    assert gap["end"] == job["end"]


def test_without_a_list_a_short_window_is_asked_for_once_more_and_the_longer_kept(
    system: System, sandbox: RunningSandbox
) -> None:
    job = ended(system, "short-unlisted")
    assert is_own(system, "short-unlisted", whole(job, 2))
    assert submissions(sandbox, "short-unlisted") == 2
    folder = (system.home / "archive" / job["assets"][0]["key"]).parent
    until(lambda: len(list(folder.iterdir())) == 2)
    aside = list((system.home / "archive" / ".rejected" / "short-unlisted").rglob("*.json"))
    assert [json.loads(path.read_text())["verdict"] for path in aside] == ["partial"]


# -- where addresses lead ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["metadata", "redirect-away"])
def test_an_address_that_leads_elsewhere_is_not_followed_and_says_what_to_allow(
    system: System, name: str
) -> None:
    job = waits_with(system, name, "media-host-not-allowed")
    assert "MEDIA_ALLOW=" in job["detail"]


def test_an_address_of_another_scheme_is_refused_where_it_is_read(
    system: System, sandbox: RunningSandbox
) -> None:
    wish(system, "scheme")
    until(lambda: "HTTP 400" in outcomes(sandbox, "scheme"))
    sandbox.platform.throw({"odd_address": "no"}, "scheme")
    job = ended(system, "scheme")
    assert is_own(system, "scheme", whole(job, job["attempts"]))


def test_assets_have_names_of_ours_whatever_an_address_says(system: System) -> None:
    for name in ("in-the-query", "inside", "signed"):
        key = ended(system, name)["assets"][0]["key"]
        assert re.fullmatch(rf"{name}/2026/11/19/080000-playback-[0-9a-f]{{20}}\.mp4", key)


def test_no_signature_of_an_address_stays_in_any_file_or_in_redis(
    system: System, sandbox: RunningSandbox
) -> None:
    for name in ("in-the-query", "signed"):
        ended(system, name)
    told = [str(call.body) for call in sandbox.platform.witness.callbacks]
    tokens = {token for body in told for token in re.findall(r"token=([\w-]{8,})", body)}
    assert tokens
    files = [
        path for path in system.home.rglob("*") if path.is_file() and path.suffix not in (".mp4", ".sock")
    ]
    for path in files:
        content = path.read_bytes()
        assert not [token for token in tokens if token.encode() in content], path


def test_what_was_called_back_is_kept_with_the_job_and_once_more_changes_nothing(system: System) -> None:
    job = ended(system, "signed")
    path = f"/admin/jobs/{job['id']}"
    kept = system.call("GET", f"{path}/callbacks").json()["callbacks"]
    assert {callback["outcome"] for callback in kept} == {"news"}
    assert "?***" in kept[-1]["body"]
    replayed = system.call("POST", f"{path}/replay").json()["callbacks"]
    assert [callback["outcome"] for callback in replayed] == ["late"] * len(kept)
    assert system.call("GET", f"{path}/callbacks").json()["callbacks"] == kept
    after = system.job(job["id"])
    assert (after["state"], after["attempts"], after["assets"]) == ("archived", 1, job["assets"])


# -- what several windows share ----------------------------------------------------------------------------------------


def test_a_withdrawal_never_hits_the_download_of_another_window_with_the_same_stream_id(
    system: System, sandbox: RunningSandbox
) -> None:
    """The first window's download has ended and its handle is another's by the time it is called off."""
    camera = "alias"
    ended(system, camera)
    sandbox.platform.throw({"alias": False, "reuse_stream_id": True, "late_file": 3}, camera)
    (first,) = system.submit(camera, f"{DAY}T09:00:00", f"{DAY}T09:01:00")
    (second,) = system.submit(camera, f"{DAY}T09:01:00", f"{DAY}T09:02:00")
    jobs = system.archived([first, second], 60)
    assert [job["attempts"] for job in jobs] == [1, 1]
    assert len({job["stream_id"] for job in jobs}) == 1
    contents = [(system.home / "archive" / job["assets"][0]["key"]).read_bytes() for job in jobs]
    assert [f"{DAY}T09:0{n}:00".encode() in content for n, content in enumerate(contents)] == [True, True]


def test_a_cancelled_download_is_torn_down_and_its_device_is_free_again(
    system: System, sandbox: RunningSandbox
) -> None:
    camera = "half-speed"
    ended(system, camera)
    sandbox.platform.throw({"never_ends": True}, camera)
    (job,) = system.submit(camera, f"{DAY}T10:00:00", f"{DAY}T10:30:00")
    until(lambda: system.job(job)["state"] == "preparing")
    assert sandbox.platform.running()[device(sandbox, camera)]
    system.call("POST", f"/admin/jobs/{job}/cancel")
    until(lambda: not sandbox.platform.running()[device(sandbox, camera)], 10)


def test_a_wish_is_cut_at_marks_and_the_same_wish_is_the_same_jobs(system: System) -> None:
    span = (f"{DAY}T11:10:00", f"{DAY}T12:10:00")
    jobs = system.submit("snake", *span)
    assert system.submit("snake", *span) == jobs
    assert [system.job(job)["start"][11:16] for job in jobs] == ["11:10", "11:30", "12:00"]
    for job in jobs:
        system.call("POST", f"/admin/jobs/{job}/cancel")


def test_times_go_out_in_the_zone_of_the_platform_whatever_the_zone_of_the_wish(
    system: System, sandbox: RunningSandbox
) -> None:
    (job,) = system.submit("wrapped", "2026-11-18T20:00:00-05:00", "2026-11-18T20:01:00-05:00")
    system.archived([job])
    starts = [
        w.start for w in sandbox.platform.witness.windows if w.device_unicode == device(sandbox, "wrapped")
    ]
    assert datetime.fromisoformat("2026-11-19T09:00:00") in starts


def test_doorbells_without_end_ask_for_a_window_once(system: System, sandbox: RunningSandbox) -> None:
    broker = f"redis+socket://{socket_path(system.home / 'redis')}?virtual_host=1"
    bells = CeleryQueue(broker, "{gleaner}:")
    (job,) = system.submit("form", f"{DAY}T13:00:00", f"{DAY}T13:01:00")
    for _ in range(60):
        for bell in (effects.prepare("sms"), effects.FETCH_NEXT, effects.SETTLE, effects.ASK):
            bells.ring(bell)
    system.archived([job])
    asked = [t.asked for w, t in sandbox.platform.witness.windows.items() if f"{w.start:%H}" == "13"]
    assert asked == [1]


def test_a_forged_callback_changes_nothing_and_learns_nothing(system: System) -> None:
    job = ended(system, "signed")
    before = system.job(job["id"])
    with redis.Redis(unix_socket_path=str(socket_path(system.home / "redis"))) as store:
        keys = store.dbsize()
    body = {"streamId": job["stream_id"], "fileUrl": "http://127.0.0.1:1/x.mp4", "downloadProgress": "1"}
    answers = {
        (answer.status_code, answer.content)
        for token in ("", "x", job["id"], f"{job['id']}-1-" + "A" * 32, "." * 100, "%00")
        for answer in [requests.post(f"{system.url}/callbacks/sms/{token or '-'}", json=body, timeout=5)]
    }
    assert [status for status, _ in answers] == [404]
    assert system.job(job["id"]) == before
    with redis.Redis(unix_socket_path=str(socket_path(system.home / "redis"))) as store:
        assert abs(store.dbsize() - keys) <= 5


def test_a_jobs_history_tells_every_step(system: System) -> None:
    job = ended(system, "wrapped")
    told = (
        "Wished",
        "PrepareStarted",
        "Submitted",
        "Progressed",
        "Prepared",
        "FetchStarted",
        "AssetLanded",
        "GraceOver",
    )
    assert [event for event in told if event not in events(job)] == []


def test_a_platform_that_demands_a_signature_is_told_apart_and_obeyed(
    system: System, sandbox: RunningSandbox
) -> None:
    """The last of all, for it concerns everybody."""
    sandbox.platform.throw({"demand_sign": "another-sign"})
    (job_id,) = system.submit("snake", f"{DAY}T14:00:00", f"{DAY}T14:01:00")
    job: Json = until(lambda: found if (found := system.job(job_id))["reason"] == "vendor-auth" else None)
    assert "SMS_LINKER_SIGN" in job["detail"]
    assert job["attempts"] == 0
    (system.home / "sign").write_text("another-sign")
    (job,) = system.archived([job_id])
    assert job["attempts"] == 1
    sandbox.platform.throw({"demand_sign": ""})
