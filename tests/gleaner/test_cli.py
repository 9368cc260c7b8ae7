"""The commands, from argument to exit code, against a service that answers the admin API."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from werkzeug.wrappers import Response

from gleaner.cli import main
from gleaner.columns import shorten, width
from tests.gleaner.fake_service import (
    TOKEN,
    FakeService,
    a_harvest,
    a_job,
    a_picture,
    a_record,
    an_asset,
    archived,
    served,
)

WINDOW = ("front-door", "2026-11-20T11:20", "2026-11-20T11:25")
Run = Callable[..., Result]


@pytest.fixture
def service() -> Iterator[FakeService]:
    fake = FakeService()
    with served(fake) as fake.url:
        yield fake


@pytest.fixture
def run(service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def command(*words: str, **environ: str) -> Result:
        env = {"GLEANER_URL": service.url, "ADMIN_TOKEN": TOKEN} | environ
        return CliRunner().invoke(main, words, env=env, catch_exceptions=False)

    return command


def id_of(number: int) -> str:
    return str(a_job(number)["id"])


# -- submit ------------------------------------------------------------------------------------------------------------


def test_submit_passes_the_times_on_as_they_are_and_lists_the_jobs(run: Run, service: FakeService) -> None:
    result = run("submit", *WINDOW)
    wish = {"camera": "front-door", "start": "2026-11-20T11:20", "end": "2026-11-20T11:25"}
    assert service.asked == [("POST", "/admin/jobs", wish)]
    assert result.exit_code == 0
    assert id_of(1) in result.stdout
    assert "2026-11-20 11:20-11:25" in result.stdout


def test_force_is_sent_only_when_it_is_asked_for(run: Run, service: FakeService) -> None:
    run("submit", *WINDOW, "--force")
    assert service.asked[0][2]["force"] is True


def test_waiting_ends_with_0_when_the_footage_is_archived(run: Run, service: FakeService) -> None:
    service.jobs = [a_job()]
    service.script = {id_of(1): [a_job(state="preparing", progress=0.5), archived()]}
    result = run("submit", *WINDOW, "--wait")
    assert result.exit_code == 0
    assert "(300 s)  1.4 MB  complete  front-door/2026/11/20/112000-playback-01jasset.mp4" in result.stdout
    assert f"{id_of(1)}  front-door  preparing  50%" in result.stderr


@pytest.mark.parametrize("state", ["failed", "empty", "cancelled"])
def test_waiting_ends_with_1_and_the_reason_when_there_will_be_no_footage(
    run: Run, service: FakeService, state: str
) -> None:
    service.jobs = [a_job(state=state, reason="device-offline", detail="gave 1000")]
    result = run("submit", *WINDOW, "--wait")
    assert result.exit_code == 1
    assert "the device is not connected to the vendor  gave 1000" in result.stdout


def test_one_of_several_jobs_that_fails_is_a_failure(run: Run, service: FakeService) -> None:
    service.jobs = [archived(1), a_job(2, state="failed", reason="no-file")]
    assert run("submit", *WINDOW, "--wait").exit_code == 1


def test_less_footage_than_wanted_is_a_warning(run: Run, service: FakeService) -> None:
    service.jobs = [archived(verdict="partial")]
    result = run("submit", *WINDOW, "--wait")
    assert result.exit_code == 0
    assert f"Warning: {id_of(1)} is partial" in result.stderr


def test_less_footage_than_wanted_is_a_failure_when_the_whole_is_wanted(
    run: Run, service: FakeService
) -> None:
    service.jobs = [archived(reason="short", assets=[an_asset(), an_asset()])]
    assert run("submit", *WINDOW, "--whole").exit_code == 1


def test_the_whole_waits_for_the_verdict_on_the_window(run: Run, service: FakeService) -> None:
    service.jobs = [archived(verdict="partial") | {"verdict": None}]
    service.script = {id_of(1): [archived(verdict="partial") | {"verdict": "complete"}]}
    assert run("submit", *WINDOW, "--whole").exit_code == 0


def test_waiting_as_json_keeps_standard_output_for_the_jobs_alone(run: Run, service: FakeService) -> None:
    service.jobs = [archived()]
    assert json.loads(run("submit", *WINDOW, "--wait", "--json").stdout) == {"jobs": [archived()]}


def on_a_terminal(service: FakeService, folder: Path, *words: str) -> tuple[int, str]:
    """The exit code of a command, and what it showed on standard error, which is a terminal."""
    ours, theirs = pty.openpty()
    env = os.environ | {
        "GLEANER_URL": service.url,
        "ADMIN_TOKEN": TOKEN,
        "PYTHONPATH": str(Path.cwd()),
        "COLUMNS": "80",
    }
    command = [sys.executable, "-m", "gleaner", *words]
    done = subprocess.run(
        command, check=False, env=env, cwd=folder, stdout=subprocess.PIPE, stderr=theirs, timeout=20
    )
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    return done.returncode, shown


def test_on_a_terminal_a_bar_shows_the_progress(service: FakeService, tmp_path: Path) -> None:
    service.jobs = [a_job()]
    service.script = {id_of(1): [a_job(state="preparing", progress=0.5), archived()]}
    code, shown = on_a_terminal(service, tmp_path, "submit", *WINDOW, "--wait")
    assert code == 0
    assert "1 preparing" in shown
    assert "###" in shown


# -- what the service refuses --------------------------------------------------------------------------------------------


def test_a_time_that_cannot_be_read_is_wrong_usage_and_names_the_field(run: Run) -> None:
    result = run("submit", "front-door", "yesterday", "today")
    assert (result.exit_code, result.stderr) == (2, "Error: start: Must be a time.\n")


def test_an_unknown_camera_is_wrong_usage(run: Run) -> None:
    result = run("submit", "nowhere", *WINDOW[1:])
    assert (result.exit_code, result.stderr) == (2, "Error: no camera is called 'nowhere'\n")


def test_an_unknown_option_is_wrong_usage(run: Run) -> None:
    assert run("jobs", "--state", "lost").exit_code == 2


def test_an_unknown_job_is_a_failure_in_one_line(run: Run) -> None:
    result = run("job", id_of(7))
    assert (result.exit_code, result.stderr) == (1, "Error: there is no such job, or it has left the list\n")


def test_a_wrong_token_is_said_without_showing_it(run: Run) -> None:
    result = run("jobs", ADMIN_TOKEN="a-wrong-but-long-token")
    assert result.exit_code == 1
    assert "does not accept this token; set ADMIN_TOKEN" in result.stderr
    assert "wrong" not in result.stderr


def test_without_a_service_the_remedy_is_named(run: Run) -> None:
    result = run("status", GLEANER_URL="http://127.0.0.1:9")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: no service answers at http://127.0.0.1:9; start it with `gleaner up`, or set GLEANER_URL\n"
    )


def test_something_else_that_answers_is_no_gleaner(run: Run) -> None:
    with served(Response("hello", 200)) as url:
        result = run("status", GLEANER_URL=url)
    assert result.exit_code == 1
    assert "is it a Gleaner?" in result.stderr


def test_a_redirect_is_not_followed_with_the_token(run: Run, service: FakeService) -> None:
    with served(Response("{}", 302, {"Location": service.url})) as url:
        result = run("status", GLEANER_URL=url)
    assert result.exit_code == 1
    assert service.asked == []


def test_a_proxy_of_the_environment_is_not_asked(run: Run) -> None:
    assert run("status", http_proxy="http://127.0.0.1:9", ALL_PROXY="http://127.0.0.1:9").exit_code == 0


def test_the_generated_token_is_used_when_none_is_set(run: Run, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "admin-token").write_text(f"{TOKEN}\n")
    assert run("status", ADMIN_TOKEN="", GLEANER_HOME="home").exit_code == 0


def test_the_first_of_several_tokens_is_used(run: Run) -> None:
    assert run("status", ADMIN_TOKEN=f"{TOKEN}, the-token-of-before").exit_code == 0


def test_without_any_token_the_remedy_is_named(run: Run) -> None:
    result = run("status", ADMIN_TOKEN="")
    assert result.exit_code == 1
    assert "gleaner up" in result.stderr


# -- listings ------------------------------------------------------------------------------------------------------------


def test_jobs_follow_the_pages_up_to_the_limit(run: Run, service: FakeService) -> None:
    service.page = 2
    service.jobs = [a_job(number) for number in range(9, 4, -1)]
    listed = json.loads(run("jobs", "--json", "--limit", "3").stdout)["jobs"]
    assert [job["id"] for job in listed] == [id_of(9), id_of(8), id_of(7)]
    assert len(json.loads(run("jobs", "--json", "--limit", "0").stdout)["jobs"]) == 5


def test_jobs_can_be_narrowed_by_state_and_camera(run: Run, service: FakeService) -> None:
    service.jobs = [
        a_job(1),
        a_job(2, state="failed", reason="no-file"),
        a_job(3, state="failed", camera="yard"),
    ]
    result = run("jobs", "--state", "failed", "--camera", "front-door")
    lines = result.stdout.splitlines()
    assert len(lines) == 2
    assert "  ATTEMPTS  " in lines[0]
    assert lines[1].split() == [
        id_of(2),
        "playback",
        "front-door",
        "2026-11-20",
        "11:20-11:25",
        "failed",
        "-",
        "0",
        "no-file",
    ]


def test_no_jobs_are_said_to_be_none(run: Run) -> None:
    assert run("jobs").stdout == "no jobs\n"


def test_a_job_is_shown_with_why_it_waits_and_its_history(run: Run, service: FakeService) -> None:
    line = {
        "at": "2026-11-20T12:00:01+08:00",
        "event": "Postponed",
        "from": "submitting",
        "to": "wanted",
        "attempt": 1,
        "reason": "device-busy",
        "detail": None,
        "late": False,
        "count": 3,
    }
    service.jobs = [a_job(reason="device-busy", why="Waiting for the device.", history=[line], on_hold=True)]
    shown = run("job", id_of(1)).stdout
    assert "wanted (on hold)" in shown
    assert "Waiting for the device." in shown
    assert "2026-11-20 12:00:01  Postponed x3  submitting  wanted  1        device-busy" in shown


def test_a_job_as_json_is_what_the_service_says(run: Run, service: FakeService) -> None:
    service.jobs = [archived()]
    assert json.loads(run("job", id_of(1), "--json").stdout) == archived()


def test_an_archived_job_shows_its_assets(run: Run, service: FakeService) -> None:
    service.jobs = [archived()]
    assert f"1.4 MB  300 s  complete  sha256 {'ab' * 32}" in run("job", id_of(1)).stdout


def test_cameras_and_status_are_told_in_words_and_as_json(run: Run) -> None:
    assert "front-door" in run("cameras").stdout
    assert json.loads(run("cameras", "--json").stdout)["cameras"][0]["lane"]["waiting"] == 2
    status = run("status").stdout
    assert "2 wanted, 40 archived" in status
    assert "calls to sms  STOPPED: vendor-away, the vendor does not answer anybody at present" in status
    assert "5.3 GB, 200 MB of it promised to running fetches, 5.0 GB left alone\n" in status
    assert json.loads(run("status", "--json").stdout)["overdue_seconds"] == 3.2


def test_a_camera_shows_its_last_harvest_and_what_came_of_it(run: Run, service: FakeService) -> None:
    service.cameras = ["front-door", "yard"]
    service.harvests = [[a_harvest(outcome="vendor-unreadable")]]
    heads, front, yard = run("cameras").stdout.splitlines()
    assert heads.split()[-3:] == ["LAST", "HARVEST", "OUTCOME"]
    assert "2026-11-20 12:00:00  vendor-unreadable: the vendor's answer could not be read" in front
    assert "0 of 1 busy, 2 waiting" in front
    assert yard.split()[-2:] == ["-", "-"]


def test_discovery_prints_a_cameras_file_and_nothing_else(run: Run) -> None:
    whole = '[[camera]]\nname = "front-door"\n[[camera]]\nname = "new"\n'
    assert run("cameras", "discover").stdout == whole
    assert run("cameras", "discover", "--new").stdout == '[[camera]]\nname = "new"\n'
    assert json.loads(run("cameras", "discover", "--json").stdout)["cameras_file"] == whole


def test_an_older_services_cameras_are_shown_with_what_they_have(run: Run) -> None:
    with served(Response('{"cameras": [{"name": "yard"}]}', content_type="application/json")) as url:
        assert run("cameras", GLEANER_URL=url).stdout.splitlines()[1].split() == ["yard", *"-----"]


def test_the_status_tells_quotas_and_plainly_when_calls_are_stopped_and_until_when(
    run: Run, service: FakeService
) -> None:
    until = "2026-11-21T00:00:00+08:00"
    reason = "all 1000 calls that are allowed in a day are used up"
    service.circuits = {
        "sms": {"open": False, "code": None, "reason": None, "until": None},
        "imou": {"open": True, "code": "quota-spent", "reason": reason, "until": until},
    }
    service.quota = {
        "imou": {
            "day": {"used": 1000, "limit": 1000, "forecast": 2000, "until": until},
            "month": {"used": 4000, "limit": None, "forecast": 6000, "until": "2026-12-01T00:00:00+08:00"},
        }
    }
    service.rhythm = {"imou": {"period_seconds": 5040, "stretched": 1.4, "sentence": "1.4 times less often"}}
    service.video = {"imou": "wait until tomorrow"}
    lines = [" ".join(line.split()) for line in run("status").stdout.splitlines()]
    assert "rhythm of imou 1.4 times less often" in lines
    assert "videos of imou wait until tomorrow" in lines
    assert "calls to sms go out" in lines
    assert f"calls to imou STOPPED until 2026-11-21 00:00:00: quota-spent, {reason}" in lines
    assert (
        "quota of imou 1000 calls this day of 1000; 2000 by 2026-11-21 00:00:00 if it goes on like this, which is too many"
        in lines
    )
    assert (
        "quota of imou 4000 calls this month of any number; 6000 by 2026-12-01 00:00:00 if it goes on like this"
        in lines
    )


def test_jobs_can_be_narrowed_by_kind(run: Run, service: FakeService) -> None:
    service.jobs = [a_picture(2), a_job(1)]
    assert [job["id"] for job in json.loads(run("jobs", "--kind", "picture", "--json").stdout)["jobs"]] == [
        id_of(2)
    ]
    assert run("jobs", "--kind", "film").exit_code == 2


# -- records and harvests --------------------------------------------------------------------------------------------------


def test_records_are_listed_with_the_words_of_their_last_chapter(run: Run, service: FakeService) -> None:
    late = {"time_point": "09:00", "tags": ["车"], "summary": "一辆白色货车停在门口"}
    one = a_record(1, picture="front-door/2026/11/20/080000-picture-1.jpg")
    one["chapters"] = [*one["chapters"], late]
    service.records = [one, a_record(2, summary="all\nquiet", tags=[], chapters=[])]
    heads, first, second = run("records").stdout.splitlines()
    assert first.split() == [
        "2026-11-20",
        "08:00:00",
        "front-door",
        "digest",
        "人,车",
        "一辆白色货车停在门口",
        "front-door/2026/11/20/080000-picture-1.jpg",
    ]
    assert second.split() == ["2026-11-20", "08:00:00", "front-door", "digest", "-", "all", "quiet", "-"]
    assert width(first[: first.index("front-door/2026")]) == heads.index("PICTURE") == width(second) - 1


def test_a_long_summary_is_shortened_to_the_columns_that_it_takes(run: Run, service: FakeService) -> None:
    service.records = [a_record(summary="一人走过门口" * 20), a_record(summary="walks past " * 20)]
    _, chinese, english = run("records").stdout.splitlines()
    assert "一人走过门口一人走过门口一人走过门口一…" in chinese
    assert width(chinese) == width(english)


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("门口", 4, "门口"),
        ("门口", 3, "门…"),
        ("门口", 2, "…"),
        ("a门口", 4, "a门…"),
        ("e\u0301e\u0301", 2, "e\u0301e\u0301"),
        ("two\nlines", 20, "two lines"),
    ],
)
def test_a_text_is_shortened_by_its_width(text: str, columns: int, shown: str) -> None:
    assert shorten(text, columns) == shown
    assert width(shown) <= columns


def test_a_vendors_words_cannot_command_a_terminal(run: Run, service: FakeService) -> None:
    service.records = [a_record(summary="\x1b[2Jgone", tags=["\x07"])]
    service.circuits = {"sms": {"open": True, "code": "vendor-error", "reason": "\x1b[31mred", "until": None}}
    shown = run("records").stdout + run("status").stdout
    assert "STOPPED" in shown
    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_what_is_looked_for_goes_to_the_service(run: Run, service: FakeService) -> None:
    words = ("--camera", "front-door", "--day", "2026-11-20", "--tag", "人", "--q", "白色", "--limit", "7")
    assert run("records", *words).stdout == "no records\n"
    [(_, path, _)] = service.asked
    assert path.startswith("/admin/records?camera=front-door&day=2026-11-20&tag=")
    assert path.endswith("&limit=7")


def test_records_as_json_are_what_the_service_says_page_by_page(run: Run, service: FakeService) -> None:
    service.page = 2
    service.records = [a_record(number) for number in range(5)]
    assert json.loads(run("records", "--json", "--limit", "0").stdout) == {"records": service.records}
    assert len(json.loads(run("records", "--json", "--limit", "3").stdout)["records"]) == 3


def test_a_harvest_is_wished_for_and_listed(run: Run, service: FakeService) -> None:
    service.harvests = [[a_harvest("digest"), a_harvest("events")]]
    result = run("harvest")
    assert service.asked == [("POST", "/admin/harvests", {})]
    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["CAMERA", "PACKAGE", "STATE"],
        ["front-door", "digest", "wanted"],
        ["front-door", "events", "wanted"],
    ]
    run("harvest", "front-door", "--since", "2026-11-18", "--until", "2026-11-19")
    assert service.asked[-1][2] == {"camera": "front-door", "since": "2026-11-18", "until": "2026-11-19"}


def test_a_harvest_of_nothing_says_so(run: Run) -> None:
    assert "no camera has records" in run("harvest").stdout
    result = run("harvest", "--wait", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"harvests": []})


def test_a_harvest_of_an_unknown_camera_is_wrong_usage(run: Run) -> None:
    result = run("harvest", "nowhere")
    assert (result.exit_code, result.stderr) == (2, "Error: camera: no camera is called 'nowhere'\n")


def test_waiting_for_a_harvest_shows_its_progress_and_ends_with_0_when_all_is_listed(
    run: Run, service: FakeService
) -> None:
    days = ["2026-11-19", "2026-11-20"]
    wanted = a_harvest(state="wanted", outcome="vendor-away", days=days)
    service.harvests = [[wanted], [a_harvest(state="running", days=days[1:])], [a_harvest()]]
    result = run("harvest", "--wait")
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "front-door  digest  wanted, 2 of 2 days left",
        "front-door  digest  running, 1 of 2 days left",
        "front-door  digest  idle",
    ]
    assert result.stdout.splitlines()[1].split() == ["front-door", "digest", "idle", "ok"]


def test_days_that_needed_no_listing_are_told_as_such(run: Run, service: FakeService) -> None:
    service.harvests = [
        [a_harvest("digest", empty_days=["2026-11-18"]), a_harvest("events", empty_days=["x", "y"])]
    ]
    digest, events = run("harvest", "--wait").stdout.splitlines()[1:]
    assert digest.endswith("ok; not listed, as the vendor has nothing on it: 1 day")
    assert events.endswith("ok; not listed, as the vendor has nothing on them: 2 days")


def test_waiting_for_a_harvest_ends_with_1_and_why_when_something_could_not_be_listed(
    run: Run, service: FakeService
) -> None:
    later = "2026-11-20T12:05:00+08:00"
    no = a_harvest(
        "events", "postponed", outcome="vendor-unreadable", detail="no list", retry_at=later, days=["x"]
    )
    service.harvests = [[a_harvest(), no]]
    result = run("harvest", "--wait")
    assert result.exit_code == 1
    assert (
        "the vendor's answer could not be read; no list; tried again at 2026-11-20 12:05:00" in result.stdout
    )
    assert json.loads(run("harvest", "--wait", "--json").stdout)["harvests"][1] == {
        "camera": "front-door",
        **no,
    }


def test_on_a_terminal_a_bar_shows_how_many_days_are_listed(service: FakeService, tmp_path: Path) -> None:
    days = ["2026-11-18", "2026-11-19"]
    service.harvests = [
        [a_harvest(state="wanted", days=days)],
        [a_harvest(state="running", days=days[1:])],
        [a_harvest()],
    ]
    code, shown = on_a_terminal(service, tmp_path, "harvest", "--wait")
    assert code == 0
    assert "1 running" in shown
    assert " 50%" in shown
    assert "100%" in shown


def test_whoever_waits_for_a_harvest_is_told_once_that_calls_are_stopped(
    run: Run, service: FakeService
) -> None:
    service.circuits = {
        "imou": {"open": True, "code": "vendor-away", "reason": None, "until": "2026-11-20T12:00:10+08:00"},
        "other": {"open": True, "code": "vendor-away", "reason": None, "until": None},
    }
    wanted = a_harvest(state="wanted", days=["2026-11-20"])
    service.harvests = [[wanted], [wanted], [a_harvest()]]
    said = run("harvest", "--wait").stderr
    assert (
        said.count("calls to imou are STOPPED until 2026-11-20 12:00:10: vendor-away, the vendor does not")
        == 1
    )
    assert "other" not in said


def test_a_camera_that_left_the_file_is_not_waited_for(run: Run, service: FakeService) -> None:
    service.harvests = [[a_harvest(state="wanted")], []]
    result = run("harvest", "--wait")
    assert result.exit_code == 1
    assert "camera-unknown" in result.stdout


# -- orders ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["retry", "cancel", "hold", "release"])
def test_an_order_goes_to_each_job(run: Run, service: FakeService, verb: str) -> None:
    service.jobs = [a_job(1), a_job(2)]
    result = run(verb, id_of(1), id_of(2))
    assert result.exit_code == 0
    assert [path for _, path, _ in service.asked] == [f"/admin/jobs/{id_of(n)}/{verb}" for n in (1, 2)]
    assert result.stdout.count("wanted (on hold)" if verb == "hold" else "wanted") == 2


def test_an_order_that_does_not_fit_is_refused_and_the_others_are_carried_out(
    run: Run, service: FakeService
) -> None:
    service.jobs = [archived(1), a_job(2)]
    result = run("cancel", id_of(1), id_of(2))
    assert result.exit_code == 1
    assert result.stderr == f"Error: {id_of(1)}: A job that is archived cannot be cancelled.\n"
    assert id_of(2) in result.stdout


def test_an_order_without_a_job_is_wrong_usage(run: Run) -> None:
    assert run("retry").exit_code == 2


def test_what_nobody_could_read_is_told_with_what_the_vendor_said(run: Run, service: FakeService) -> None:
    assert "Nothing is in quarantine" in run("quarantine").stdout
    held = {
        "at": "2026-11-20T12:00:00+08:00",
        "camera": "front-door",
        "package": "aiInsight",
        "day": "2026-11-20",
    }
    service.quarantine = [{**held, "fault": "createTime: Missing data", "row": '{"recordId": "7"}'}]
    said = run("quarantine").stdout
    assert "front-door aiInsight of 2026-11-20: createTime: Missing data" in said
    assert '{"recordId": "7"}' in said
    assert json.loads(run("quarantine", "--json").stdout) == {"quarantine": service.quarantine}


def a_callback(**changes: object) -> dict[str, object]:
    return {
        "at": "2026-11-20T12:00:00+08:00",
        "attempt": 2,
        "outcome": "news",
        "reason": None,
        "content_type": "application/json",
        "body": '{\n"downloadProgress": 0.5}',
        "truncated": False,
    } | changes


def test_callbacks_are_shown_raw_with_what_came_of_them(run: Run, service: FakeService) -> None:
    assert run("job", id_of(1), "--raw").stdout == "No callback is kept with this job.\n"
    odd = a_callback(
        outcome="refused", reason="callback-unreadable", content_type="", body="", truncated=True
    )
    service.callbacks = [a_callback(), odd]
    assert run("job", id_of(1), "--raw").stdout.splitlines() == [
        "2026-11-20 12:00:00  attempt 2  news  application/json",
        "    {",
        '    "downloadProgress": 0.5}',
        "2026-11-20 12:00:00  attempt 2  refused: callback-unreadable  -  (only the beginning was kept)",
        "    -",
    ]
    told = json.loads(run("job", id_of(1), "--raw", "--json").stdout)
    assert told == {"callbacks": service.callbacks}
    assert {path for _, path, _ in service.asked} == {f"/admin/jobs/{id_of(1)}/callbacks"}


def test_a_replay_says_of_each_callback_what_came_of_it(run: Run, service: FakeService) -> None:
    assert run("replay", id_of(1)).stdout == "No callback is kept with this job.\n"
    came = {"at": "2026-11-20T12:00:00+08:00", "attempt": 1}
    service.replayed = [
        {**came, "outcome": "late", "reason": "seen", "detail": None},
        {**came, "outcome": "refused", "reason": "callback-unreadable", "detail": "not an object"},
    ]
    result = run("replay", id_of(1))
    assert result.exit_code == 0
    assert [line.split()[2:] for line in result.stdout.splitlines()] == [
        ["NOW", "WHY"],
        ["1", "late", "seen"],
        ["1", "refused", "callback-unreadable", "not", "an", "object"],
    ]
    assert json.loads(run("replay", id_of(1), "--json").stdout) == {"callbacks": service.replayed}
    assert {(method, path) for method, path, _ in service.asked} == {
        ("POST", f"/admin/jobs/{id_of(1)}/replay")
    }


def test_the_address_for_what_a_vendor_pushes_is_told(run: Run) -> None:
    address = "http://gleaner.example/push/imou/unguessable"
    assert address in run("push").stdout
    assert json.loads(run("push", "--json").stdout) == {"push": {"imou": address}}


# -- settings --------------------------------------------------------------------------------------------------------------


def settings_of(result: Result) -> dict[str, tuple[str, str]]:
    assert result.exit_code == 0
    return {row["name"]: (row["value"], row["from"]) for row in json.loads(result.stdout)["settings"]}


def test_settings_tell_where_each_came_from(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=8123\nSMS_TIMEZONE=UTC\n")
    found = settings_of(run("settings", "--json", SWEEP_EVERY="20", ADMIN_TOKEN=""))
    assert found["PORT"] == ("8123", ".env")
    assert found["SMS_TIMEZONE"] == ("UTC", ".env")
    assert found["SWEEP_EVERY"] == ("20", "environment")
    assert found["RETRIES"] == ("5", "default")
    assert found["ADMIN_TOKEN"] == ("", "default")


def test_secrets_are_hidden_unless_they_are_asked_for(run: Run, tmp_path: Path) -> None:
    (tmp_path / "secret-key").write_text("generated-some-time-ago-by-gleaner-up\n")
    environ = {"GLEANER_HOME": str(tmp_path), "SMS_TOKEN": "opens-doors"}
    hidden, shown = run("settings", **environ).stdout, run("settings", "--reveal", **environ).stdout
    for secret in ("opens-doors", TOKEN, "generated-some"):
        assert secret not in hidden
        assert secret in shown
    assert "••••" in hidden
    assert str(tmp_path / "secret-key") in hidden


def test_a_setting_that_cannot_be_read_is_one_line(run: Run) -> None:
    result = run("settings", PORT="eighty")
    assert (result.exit_code, result.stderr) == (1, "Error: PORT: 'eighty' is not a whole number\n")


def test_a_list_that_was_cut_off_says_so(run: Run, service: FakeService) -> None:
    service.jobs = [a_job(number) for number in range(1, 4)]
    assert "--limit 0 lists all" in run("jobs", "--limit", "2").stderr
    assert "--limit" not in run("jobs", "--limit", "4").stderr
    assert "--limit" not in run("jobs", "--limit", "0").stderr
