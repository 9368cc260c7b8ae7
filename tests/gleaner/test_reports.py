"""What `gleaner up` reads and says: output of its processes, the Procfile, what is simulated, the news of jobs."""

import io
import json
import re
import stat
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import pytest

from gleaner.banner import banner
from gleaner.client import Client
from gleaner.feed import BY_TURNS, LONGEST_BURST, NEWEST, Feed, first_wishes
from gleaner.output import LogFile, Once, Output, complaint
from gleaner.processes import wait_until
from gleaner.procfile import commands, project_file
from gleaner.reporter import Reporter
from gleaner.simulation import Simulation, simulation
from gleaner.terminal import Terminal
from shared import secrets
from shared.errors import Misconfigured
from shared.settings import SIMULATED, Settings, Source, read
from tests.gleaner.fake_service import TOKEN, FakeService, a_job, a_picture, archived, served

# -- what processes say --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            '{"levelname": "WARNING", "message": "no room", "camera": "yard", "code": "no-space"}',
            "no room, no-space, yard",
        ),
        ('{"levelname": "ERROR", "message": "two\\nlines"}', "two lines"),
        ('{"levelname": "INFO", "message": "an ERROR is named"}', ""),
        ("[2026-11-20 11:32:43 +0000] [28958] [ERROR] Worker failed to boot", "Worker failed to boot"),
        ("[2026-11-20 11:32:43,9: WARNING/MainProcess] consumer: lost", "consumer: lost"),
        ("11:32:43 WARNING a vendor is away code=vendor-away", "a vendor is away code=vendor-away"),
        ("[2026-11-20 11:32:43 +0000] [28958] [INFO] Starting", ""),
        ("SecurityWarning: superuser", ""),
        ("{not json", ""),
        ("", ""),
    ],
)
def test_a_complaint_is_a_line_of_the_level_warning_or_above(line: str, said: str) -> None:
    assert complaint(line) == said


def test_all_output_is_in_the_log_and_complaints_are_passed_on(tmp_path: Path) -> None:
    complaints: list[tuple[str, str]] = []
    output = Output("web", LogFile(tmp_path, "web"), lambda *said: complaints.append(said))
    output.follow(io.BytesIO(b"one\n[ERROR] two\n\xff http://h/clip?sign=abc"))
    output.drain()
    assert (tmp_path / "web.log").read_bytes() == b"one\n[ERROR] two\n\\xff http://h/clip?***\n"
    assert complaints == [("web", "two")]
    assert output.last == "\\xff http://h/clip?***"


def test_what_came_past_the_logs_is_brought_into_their_form_and_opens_no_door(tmp_path: Path) -> None:
    output = Output("web", LogFile(tmp_path, "web"), lambda *_: None, as_json=True)
    own = b'{"at": "2026-11-26 10:00:00,000", "levelname": "INFO", "message": "as it is"}\n'
    foreign = b"{'sign': 'hunter2', 'url': 'http://h/clip?sign=abc'}\n"
    raw = (
        foreign + b"\nTraceback (most recent call last):\n[ERROR] went to http://h/clip?sign=abc \x1b[31m\r\n"
    )
    output.follow(io.BytesIO(own + raw))
    output.drain()
    written = (tmp_path / "web.log").read_bytes()
    assert written.startswith(own)
    _, dictionary, two, three = map(json.loads, written.splitlines())
    assert dictionary["message"] == "{'sign': '***', 'url': 'http://h/clip?***'}"
    assert two | {"at": ""} == {
        "at": "",
        "levelname": "INFO",
        "name": "web",
        "message": "Traceback (most recent call last):",
    }
    assert (three["levelname"], three["message"]) == ("ERROR", "[ERROR] went to http://h/clip?*** \x1b[31m")
    assert b"\x1b" not in written


def test_a_complaint_cannot_command_a_terminal() -> None:
    line = json.dumps({"levelname": "ERROR", "message": "it\x1b[31m is\r\nred", "detail": "\u202edna"})
    assert complaint(line) == "it\\x1b[31m is red, \\u202edna"


def test_a_log_never_grows_beyond_its_bound_and_keeps_one_old_one(tmp_path: Path) -> None:
    for _ in range(2):
        log = LogFile(tmp_path, "web", largest=100)
        for number in range(50):
            log.add(b"line %d\n" % number)
        log.close()
    assert {path.name for path in tmp_path.iterdir()} == {"web.log", "web.log.1"}
    assert all(path.stat().st_size <= 110 for path in tmp_path.iterdir())
    assert (tmp_path / "web.log").read_bytes().endswith(b"line 49\n")


def test_a_log_that_cannot_be_written_disturbs_nobody(tmp_path: Path) -> None:
    LogFile(tmp_path / "nowhere", "web").add(b"lost\n")


def test_the_same_complaint_is_not_repeated_within_a_minute() -> None:
    said: list[str] = []
    now = [0.0]
    once = Once(lambda name, wrong: said.append(f"{name} {wrong}"), lambda: now[0])
    for at, wrong in ((0.0, "lost"), (30.0, "lost"), (30.0, "found"), (61.0, "lost")):
        now[0] = at
        once("web", wrong)
    assert said == ["web lost", "web found", "web lost"]


# -- what runs -------------------------------------------------------------------------------------------------------------


def test_the_procfile_names_what_runs_and_a_vendor_not_in_use_has_no_worker() -> None:
    values = {
        "GLEANER_HOME": "/home of/it",
        "FETCH_CONCURRENCY": "3",
    }
    found = commands(project_file("Procfile").read_text(), values, ["sms"])
    assert list(found) == ["web", "worker-control", "worker-sms", "worker-fetch", "beat"]
    assert "python:webhook.server" in found["web"]
    assert "/home of/it/beat-schedule" in found["beat"]
    assert found["worker-fetch"][found["worker-fetch"].index("--concurrency") + 1] == "3"
    assert not {word for words in found.values() for word in words if word.startswith("--without-")}


def test_a_variable_without_a_value_is_said_to_have_none() -> None:
    with pytest.raises(Misconfigured, match="PORT"):
        commands("web: listen on $PORT", {}, [])


def test_a_file_of_the_project_that_is_missing_is_said_to_be_so() -> None:
    with pytest.raises(Misconfigured, match=r"no\.such\.file"):
        project_file("no.such.file")


# -- what is simulated -----------------------------------------------------------------------------------------------------


def a_source(home: Path, **environ: str) -> Source:
    return Source({"GLEANER_HOME": str(home), **environ}, {}, home)


def played_with(home: Path, **environ: str) -> Simulation | None:
    where = a_source(home, **environ)
    return simulation(read(Settings, where), where)


def test_a_vendor_without_an_address_is_played_with_the_example_cameras(tmp_path: Path) -> None:
    played = played_with(tmp_path)
    assert played
    assert played.example
    assert played.environ["SMS_BASE_URL"] == played.base_url
    assert played.environ[SIMULATED] == "1"
    assert Path(played.environ["CAMERAS_FILE"]).name == "cameras.example.toml"


def test_the_owners_cameras_are_played_when_there_are_any(tmp_path: Path) -> None:
    (tmp_path / "cameras.toml").write_text("")
    played = played_with(tmp_path)
    assert played
    assert not played.example
    assert str(tmp_path / "cameras.toml") in played.argv


def test_the_sandbox_keeps_its_port_over_restarts_unless_it_is_taken(tmp_path: Path) -> None:
    first, again = played_with(tmp_path), played_with(tmp_path)
    assert first
    assert first == again
    with served(FakeService()) as url:
        (tmp_path / "sandbox-port").write_text(url.rpartition(":")[2])
        other = played_with(tmp_path)
    assert other
    assert other.base_url != url


def test_nobody_is_played_when_every_vendor_has_an_address(tmp_path: Path) -> None:
    assert played_with(tmp_path, SMS_BASE_URL="https://vendor.example") is None


def told(home: Path, **environ: str) -> str:
    where = a_source(home, **environ)
    return "\n".join(banner(read(Settings, where), where, None))


def test_the_first_lines_tell_what_is_simulated(tmp_path: Path) -> None:
    played = played_with(tmp_path)
    assert played
    where = a_source(tmp_path, **played.environ)
    lines = list(banner(read(Settings, where), where, played))
    assert lines[0].startswith("SIMULATED")
    assert played.base_url in lines[0]
    assert any("the example" in line for line in lines)


def test_an_address_that_the_vendor_cannot_reach_is_warned_of(tmp_path: Path) -> None:
    afar: Mapping[str, str] = {"SMS_BASE_URL": "https://vendor.example"}
    assert "set PUBLIC_URL" in told(tmp_path, **afar)
    assert "set PUBLIC_URL" in told(tmp_path, **afar, PUBLIC_URL="http://localhost:8000")
    assert "set PUBLIC_URL" not in told(tmp_path, **afar, PUBLIC_URL="https://gleaner.example")
    assert "set PUBLIC_URL" not in told(tmp_path, SMS_BASE_URL="http://127.0.0.1:9000")


def test_a_token_that_is_set_is_not_looked_for_in_a_file(tmp_path: Path) -> None:
    assert "admin-token" in told(tmp_path, SMS_BASE_URL="http://127.0.0.1:9000")
    said = told(tmp_path, SMS_BASE_URL="http://127.0.0.1:9000", ADMIN_TOKEN="opens-doors-of-tests")
    assert "admin-token" not in said
    assert "opens-doors" not in said


# -- the news of jobs ------------------------------------------------------------------------------------------------------


@pytest.fixture
def service() -> Iterator[FakeService]:
    fake = FakeService()
    with served(fake) as fake.url:
        yield fake


@pytest.fixture
def client(service: FakeService) -> Iterator[Client]:
    client = Client(service.url, TOKEN)
    yield client
    client.close()


def test_what_ends_after_the_first_look_is_told_once(service: FakeService, client: Client) -> None:
    said: list[str] = []
    feed = Feed(client, said.append, "var/archive/")
    service.jobs = [a_job(3), a_job(2), archived(1)]
    feed.look()
    assert said == []
    last_year = {"start": "2025-11-20T11:20:00+08:00", "end": "2025-11-20T11:25:30+08:00"}
    service.put(archived(2, **last_year))
    service.put(a_job(3, state="failed", reason="no-file", detail="in 5 minutes", **last_year))
    feed.look()
    feed.look()
    folder = "var/archive/front-door/2026/11/20"
    assert said == [
        f"archived  front-door  2025-11-20 11:20:00-11:25:30 (300 s)  1.4 MB  complete  {folder}/112000-playback-01jasset.mp4",
        "failed    front-door  2025-11-20 11:20:00-11:25:30  the download ended and no file ever came  in 5 minutes",
    ]


def test_a_job_that_is_tried_again_is_told_again(service: FakeService, client: Client) -> None:
    said: list[str] = []
    feed = Feed(client, said.append, "")
    service.jobs = [a_job(1)]
    for job in (a_job(1), archived(1), a_job(1, state="preparing"), archived(1)):
        service.put(job)
        feed.look()
    assert len(said) == 2


def test_old_jobs_behind_many_newer_ones_are_looked_at_by_turns(service: FakeService, client: Client) -> None:
    said: list[str] = []
    feed = Feed(client, said.append, "")
    old = [a_job(number) for number in range(2 * BY_TURNS)]
    service.jobs = list(old)
    feed.look()
    service.jobs = [
        *(archived(1000 + number) for number in range(NEWEST)),
        *(archived(int(job["id"][-4:])) for job in old),
    ]
    for _ in range(3):
        feed.look()
    assert len(said) == NEWEST + 2 * BY_TURNS


def test_a_burst_of_pictures_is_one_line_once_it_is_over(service: FakeService, client: Client) -> None:
    said: list[str] = []
    feed = Feed(client, said.append, "")
    feed.look()
    service.jobs = [a_picture(number) for number in range(3)]
    feed.look()
    early = {"start": "2026-11-20T08:00:30+08:00", "end": "2026-11-20T08:01:00+08:00"}
    service.jobs = [a_picture(9, **early), *service.jobs, a_picture(8, camera="yard"), archived(7)]
    feed.look()
    assert [line.split()[:2] for line in said] == [["archived", "front-door"]]  # the clip
    del said[:]
    for _ in range(3):
        feed.look()
    assert said == [
        "archived  4 pictures of front-door  2026-11-20 08:00:30 to 2026-11-20 11:20:00  200 kB",
        said[1],
    ]
    assert said[1].startswith("archived  yard  ")
    assert said[1].endswith("50.0 kB  complete  front-door/2026/11/20/112000-picture-8.jpg")


def test_pictures_that_fail_alike_are_one_line_too(service: FakeService, client: Client) -> None:
    said: list[str] = []
    feed = Feed(client, said.append, "")
    feed.look()
    lost = [a_picture(number, state="empty", reason="record-gone", assets=[]) for number in range(2)]
    service.jobs = [*lost, a_picture(7, state="failed", reason="not-media", detail="html", assets=[])]
    feed.look()
    feed.look()
    assert len(said) == 2
    assert said[0].startswith(
        "empty     2 pictures of front-door  2026-11-20 11:20:00 to 2026-11-20 11:20:00  the vendor"
    )
    assert said[1].endswith("what came is no media file  html")


def test_a_burst_that_does_not_end_is_told_all_the_same(service: FakeService, client: Client) -> None:
    said: list[str] = []
    feed = Feed(client, said.append, "")
    feed.look()
    for number in range(LONGEST_BURST + 2):
        service.jobs.insert(0, a_picture(number))
        feed.look()
    assert len(said) == 1
    assert f"archived  {LONGEST_BURST} pictures of front-door" in said[0]


def test_pictures_are_no_reason_not_to_wish_for_first_windows(service: FakeService, client: Client) -> None:
    service.jobs = [a_picture()]
    assert first_wishes(client, datetime.now(UTC)) > 0


def test_a_job_that_has_left_the_list_is_forgotten(service: FakeService, client: Client) -> None:
    feed = Feed(client, print, "")
    service.jobs = [a_job(1)]
    feed.look()
    service.jobs = []
    feed.look()
    feed.look()
    assert [path for _, path, _ in service.asked].count(f"/admin/jobs/{a_job(1)['id']}") == 1


def test_first_wishes_are_made_for_each_camera_unless_there_are_jobs(
    service: FakeService, client: Client
) -> None:
    now = datetime(2026, 11, 20, 4, 3, 20, tzinfo=UTC)
    assert first_wishes(client, now) == 1
    assert service.asked[-1][2] == {
        "camera": "front-door",
        "start": "2026-11-20T03:50:00+00:00",
        "end": "2026-11-20T03:55:00+00:00",
    }
    assert first_wishes(client, now) == 0


def test_a_camera_that_cannot_be_asked_gets_no_first_wish(service: FakeService, client: Client) -> None:
    service.cameras = ["nowhere", "front-door"]
    assert first_wishes(client, datetime.now(UTC)) == 1


# -- the first words --------------------------------------------------------------------------------------------------------


def test_ready_is_said_once_the_service_says_so_itself(
    service: FakeService, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    service.lacks = "no sweep has ended within 75 s"
    reporter = Reporter(client, Terminal(), "", wish=False, link=str)
    reporter.start()
    try:
        wait_until(lambda: len(service.asked) >= 2, 5)
        assert {path for _, path, _ in service.asked} == {"/readyz"}
        assert capsys.readouterr().out == ""
        service.lacks = ""
        wait_until(lambda: len(service.asked) >= 4, 5)
    finally:
        reporter.stop()
        reporter.join(5)
    assert re.match(r"\d\d:\d\d:\d\d  ready after \d+\.\d s\n", capsys.readouterr().out)


def test_what_keeps_a_service_from_being_ready_is_told_in_its_own_words(
    service: FakeService, client: Client
) -> None:
    assert client.lacks() == ""
    service.lacks = "the archive's free space is down to the reserve"
    assert client.lacks() == "the archive's free space is down to the reserve"
    assert "no service answers" in Client("http://127.0.0.1:1", TOKEN).lacks()


# -- secrets ---------------------------------------------------------------------------------------------------------------


def test_a_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = secrets.load_or_create(home, secrets.ADMIN_TOKEN)
    assert first == secrets.load_or_create(home, secrets.ADMIN_TOKEN)
    assert first != secrets.load_or_create(home, secrets.SECRET_KEY)
    assert len(first) >= 40
    assert stat.S_IMODE((home / secrets.ADMIN_TOKEN).stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert sorted(path.name for path in home.iterdir()) == [secrets.ADMIN_TOKEN, secrets.SECRET_KEY]


def test_many_who_ask_at_once_get_the_same_secret(tmp_path: Path) -> None:
    together = Barrier(8)

    def ask() -> str:
        together.wait()
        return secrets.load_or_create(tmp_path, secrets.SECRET_KEY)

    with ThreadPoolExecutor(8) as pool:
        got = {future.result() for future in [pool.submit(ask) for _ in range(8)]}
    assert len(got) == 1


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / secrets.SECRET_KEY).write_text("\n")
    with pytest.raises(Misconfigured, match="is empty"):
        secrets.load_or_create(tmp_path, secrets.SECRET_KEY)


def test_a_secret_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="file/secret-key"):
        secrets.load_or_create(tmp_path / "file", secrets.SECRET_KEY)


def test_a_vendor_that_is_set_up_by_half_is_a_typing_error_and_not_played(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="IMOU_APP_ID is set, and it lacks IMOU_APP_SECRET"):
        played_with(tmp_path, IMOU_APP_ID="lc1")
    with pytest.raises(Misconfigured, match="by half"):
        played_with(tmp_path, IMOU_APP_ID="lc1", SMS_BASE_URL="https://vendor.example")


def test_a_home_that_the_sandbox_has_filled_is_warned_of_once_a_vendor_is_real(tmp_path: Path) -> None:
    afar = {"SMS_BASE_URL": "http://127.0.0.1:9000"}
    assert "simulated footage" not in told(tmp_path, **afar)
    played_with(tmp_path)
    assert "holds simulated footage" in told(tmp_path, **afar)


def test_a_vendor_that_is_not_set_up_beside_one_that_is_is_left_out(tmp_path: Path) -> None:
    assert "not set up, and left out; it needs IMOU_APP_ID and IMOU_APP_SECRET" in told(
        tmp_path, SMS_BASE_URL="http://127.0.0.1:9000"
    )
