"""The doctor: real files, a real server of our own, vendors on loopback; each thing that can be wrong, and its remedy."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import redis
from click.testing import CliRunner, Result
from werkzeug.wrappers import Request, Response

from gleaner.checks import archive as archives
from gleaner.checks.addresses import is_loopback, origin
from gleaner.checks.archive import archive
from gleaner.checks.broker import broker
from gleaner.checks.cameras import cameras
from gleaner.checks.configuration import Case, case_of, configuration
from gleaner.checks.finding import LONGEST, Finding, Status, clean, fail, ok, skipped, warn
from gleaner.checks.home import home
from gleaner.checks.machine import machine, open_files, python, time_zones
from gleaner.checks.reach import callbacks, clock
from gleaner.checks.service import asked, service
from gleaner.checks.stores import Store, judge, meet
from gleaner.checks.together import side_by_side
from gleaner.checks.tools import now, toolbox
from gleaner.checks.vendors import vendor
from gleaner.checks.work import listened, queues, sweep, workers
from gleaner.doctor import doctor, examine, healthy, lines
from gleaner.embedded_redis import EmbeddedRedis
from gleaner.household import only_one
from gleaner.processes import open_lock, take
from shared import wiring
from shared.adapters.memory import MemoryShared
from shared.adapters.redis_shared import RedisShared
from shared.domain.camera import Camera
from shared.errors import Transient, Whose
from shared.settings import Source
from shared.space import Space
from shared.sweep import LAST_SWEEP
from shared.vendors.base import Toolbox, Vendor
from shared.vendors.fetcher import NamedFetcher
from tests.gleaner.fake_service import FakeService, served
from tests.volume import volume

AWAY = "redis://nobody:hunter2@127.0.0.1:1/0"
CAMERA = """[[camera]]
name = "{name}"
[camera.sms]
device_unicode = "34020000001110000101"
channel = "34020000001320000101"
"""
LIFE = {"code": 0, "data": None}
Where = Callable[..., Source]


@pytest.fixture
def where(tmp_path: Path) -> Where:
    """A source of one vendor, that takes nothing from the test's own environment."""

    def make(dotenv: Mapping[str, str] | None = None, **environ: str) -> Source:
        least = {"VENDORS": "sms", "SPACE_RESERVE": "0", "GLEANER_HOME": str(tmp_path / "home")}
        return Source(least | environ, dotenv or {}, tmp_path)

    return make


@pytest.fixture
def port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        return int(free.getsockname()[1])


def case(source: Source) -> Case:
    found = case_of(source)
    assert found
    return found


def statuses(found: list[Finding]) -> list[str]:
    return [str(each.status) for each in found]


def only(found: Iterator[Finding] | list[Finding]) -> Finding:
    one, *others = found
    assert others == []
    return one


@contextmanager
def met(source: Source) -> Iterator[Store]:
    store = meet(case(source).settings)
    try:
        yield store
    finally:
        if store.client:
            store.client.close()


def answering(status: int = 200, body: Any = LIFE) -> Callable[..., Any]:
    """A vendor who always says the same."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        Request(environ).get_data()
        return Response(json.dumps(body), status, content_type="application/json")(environ, start_response)

    return app


@contextmanager
def dated(date: str) -> Iterator[str]:
    """The address of a vendor who says what time it is."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404)
            self.end_headers()

        def date_time_string(self, timestamp: float | None = None) -> str:
            return date

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


# -- the command ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)

    def command(*words: str, **environ: str) -> Result:
        env: dict[str, str | None] = {"REDIS_URL": None, "CELERY_BROKER_URL": None, "ADMIN_TOKEN": None}
        env |= {"VENDORS": "sms", "SPACE_RESERVE": "0", "PORT": str(port), **environ}
        return CliRunner().invoke(doctor, words, env=env, catch_exceptions=False)

    return command


def test_a_fresh_machine_is_well_and_nothing_is_made_on_it(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("")
    result = run()
    assert result.exit_code == 0
    assert result.stderr == ""
    assert "our own server (9." in result.stdout
    assert "can be started" in result.stdout
    assert result.stdout.endswith("\n\nNothing keeps this from working; 1 line is worth a look.\n")
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_a_failure_is_exit_code_1_with_its_remedy_on_the_next_line(run: Callable[..., Result]) -> None:
    result = run(REDIS_URL=AWAY)
    assert result.exit_code == 1
    said = result.stdout.splitlines()
    at = next(number for number, line in enumerate(said) if line.startswith("fail     redis"))
    assert "nobody answers at 127.0.0.1:1, database 0" in said[at]
    assert said[at + 1].strip().startswith("→ start it")
    assert said[-1].startswith("2 things keep this from working")


def test_programs_get_all_of_it_as_json(run: Callable[..., Result]) -> None:
    result = run("--json", REDIS_URL=AWAY)
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["healthy"] is False
    assert {"settings", "redis", "broker", "archive", "cameras", "sms", "service"} <= {
        each["name"] for each in told["checks"]
    }
    assert all(each.keys() == {"name", "status", "sentence", "remedy"} for each in told["checks"])


def test_no_secret_is_ever_printed(run: Callable[..., Result], tmp_path: Path) -> None:
    secrets = ("hunter2", "the-token", "the-key", "the-sign", "the-admin", "the-query")
    with served(answering(500, {"code": 500, "msg": "the-token the-sign"})) as url:
        (tmp_path / ".env").write_text(f"SMS_TOKEN=the-token\nSMS_BASE_URL={url}\nSMS_LINKER_SIGN=the-sign\n")
        result = run(
            REDIS_URL=AWAY,
            CELERY_BROKER_URL="redis://x:hunter2@127.0.0.1:1/1",
            PUBLIC_URL="http://me:hunter2@127.0.0.1:9?the-query",
            SECRET_KEY="the-key-of-somebody-who-asks-a-doctor",
            ADMIN_TOKEN="the-admin-of-this-doctor",
        )
    assert "fail     sms " in result.stdout
    assert [secret for secret in secrets if secret in result.output] == []


def test_only_a_terminal_sees_colours(run: Callable[..., Result]) -> None:
    assert "\x1b" not in run().stdout
    assert "\x1b[31mfail" in "".join(lines([fail("redis", "away", "start it")]))


def test_what_the_parts_would_log_is_left_to_the_findings(tmp_path: Path, port: int) -> None:
    write(tmp_path, CAMERA.format(name="a") + "[camera.other]\n")
    program = "from gleaner.doctor import doctor; doctor()"
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd()), "VENDORS": "sms", "PORT": str(port)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
    )
    assert "has a section other" in done.stdout
    assert done.stderr == ""


def test_lines_are_aligned_and_the_last_one_sums_up() -> None:
    assert list(lines([ok("a", "fine"), skipped("longer", "no reason")]))[-1] == (
        "Everything that is needed is there."
    )
    said = [line.replace("\x1b[33m", "").replace("\x1b[0m", "") for line in lines([warn("a", "b", "c")])]
    assert said == [
        "warn     a  b",
        "            → c",
        "",
        "Nothing keeps this from working; 1 line is worth a look.",
    ]
    assert list(lines([fail("a", "b", "c"), warn("a", "b", "c"), warn("a", "b", "c")]))[-1] == (
        "1 thing keeps this from working, and 2 lines are worth a look."
    )


def test_whatever_hangs_it_ends_in_time(where: Where) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        found = examine(where(SMS_BASE_URL=url), 0.5)
        assert time.monotonic() - began < 1.5
    sms = only([each for each in found if each.name == "sms"])
    assert (sms.status, sms.sentence) == (Status.FAIL, "gave no answer in time")
    assert not healthy(found)


def test_a_check_that_breaks_is_a_finding_and_no_traceback() -> None:
    def broken() -> list[Finding]:
        raise ZeroDivisionError("hunter2")

    def torn() -> Iterator[Finding]:
        yield ok("b", "until then")
        raise Transient("store-away", "TimeoutError")

    found = side_by_side({"a": broken, "b": torn, "c": lambda: [ok("c", "fine")]}, 1.0)
    assert [(each.name, str(each.status)) for each in found] == [
        ("a", "fail"),
        ("b", "ok"),
        ("b", "fail"),
        ("c", "ok"),
    ]
    assert found[0].sentence == "could not be looked at (ZeroDivisionError)"
    assert found[2].sentence == "TimeoutError"


def test_checks_run_side_by_side() -> None:
    together = threading.Barrier(3)

    def check() -> list[Finding]:
        together.wait(2)
        return [ok("a", "fine")]

    assert statuses(side_by_side(dict.fromkeys("abc", check), 3.0)) == ["ok"] * 3


def test_a_sentence_is_one_bounded_line_that_commands_no_terminal() -> None:
    assert clean("a\x1b[31m\nb\x07") == "a [31m b"
    assert len(clean("word " * 200)) <= LONGEST
    assert clean("http://u:hunter2@host/x?sign=1") == "http://u:***@host/x?***"


# -- the settings --------------------------------------------------------------------------------------------------------


def test_every_setting_that_cannot_be_read_is_named_and_the_rest_is_left(where: Where) -> None:
    found = examine(where({"RETRIES": "0"}, PORT="http", SMS_PROGRESS="inches"))
    wrong = [each.sentence for each in found if each.status is Status.FAIL]
    assert wrong == ["PORT: 'http' is not a whole number", "RETRIES: must be at least 1"]
    assert found[-1] == skipped("the rest", "it depends on the settings, which cannot be read")


def test_a_vendors_setting_that_cannot_be_read_leaves_out_that_vendor_alone(where: Where) -> None:
    source = where(SMS_PROGRESS="inches", SMS_TIMEZONE="Asia/Nowhere")
    wrong = [each.sentence.partition(":")[0] for each in configuration(source)]
    assert wrong == ["SMS_TIMEZONE", "SMS_PROGRESS"]
    with met(source) as store:
        assert only(vendor(case(source), store, "sms")) == skipped("sms", "its settings cannot be read")


def test_a_vendor_that_there_is_not_is_said_so(where: Where) -> None:
    found = only(configuration(where(VENDORS="smss")))
    assert found.sentence == "VENDORS: there is no vendor 'smss'"


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("CELERY_BROKER", "perhaps CELERY_BROKER_URL is meant"),
        ("SMS_BASEURL", "perhaps SMS_BASE_URL is meant"),
        ("sms_base_url", "perhaps SMS_BASE_URL is meant"),
        ("GLEANER_VERBOSITY", "`gleaner settings` lists all that there are"),
    ],
)
def test_a_name_that_looks_like_ours_and_is_none_is_noticed(where: Where, name: str, remedy: str) -> None:
    _, found = configuration(where({name: "x"}))
    assert (found.status, found.remedy) == (Status.WARN, remedy)
    assert name in found.sentence


def test_names_of_others_and_of_vendors_not_in_use_are_left_alone(where: Where) -> None:
    found = only(configuration(where({"AWS_REGION": "x", "HTTP_PROXY": "y", "SMS_TOKEN": "z"}, VENDORS="")))
    assert found.status is Status.OK


# -- the machine ---------------------------------------------------------------------------------------------------------


def test_this_machine_will_do() -> None:
    assert [each.name for each in machine()] == ["python", "zones", "files"]


def test_an_old_python_no_zones_and_few_files_are_told() -> None:
    assert python(("3", "10", "9"), "3.10.9").status is Status.FAIL
    assert python(("3", "11", "0"), "3.11.0").status is Status.OK
    assert time_zones([]).status is Status.FAIL
    assert [open_files(most).status for most in (100, 512, 1024, -1)] == [
        Status.FAIL,
        Status.WARN,
        Status.OK,
        Status.OK,
    ]


# -- the home ------------------------------------------------------------------------------------------------------------


def test_a_home_in_order_is_one_line(where: Where, tmp_path: Path) -> None:
    assert "does not exist yet" in only(home(case(where()))).sentence
    (tmp_path / "home").mkdir(mode=0o700)
    (tmp_path / "home/secret-key").touch(mode=0o600)
    (tmp_path / "home/secret-key").write_text("the-key-of-a-home-that-is-in-order")
    assert only(home(case(where()))).status is Status.OK


def test_a_home_that_cannot_be_one_fails(where: Where, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    found = list(home(case(where())))
    assert found[0].status is Status.FAIL
    assert "Not a directory" in found[0].sentence


def test_secrets_that_others_may_read_or_that_are_empty_fail(where: Where, tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "admin-token").write_text("hunter2-which-others-may-read")
    (folder / "admin-token").chmod(0o640)
    (folder / "secret-key").touch(mode=0o600)
    found = list(home(case(where())))
    assert statuses(found) == ["warn", "fail", "fail"]
    assert found[1].remedy.startswith(f"chmod 600 {folder / 'admin-token'}")
    assert found[2].sentence == f"{folder / 'secret-key'} is empty"


def test_a_secret_that_would_be_guessed_fails_wherever_it_stands(where: Where, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o700)
    (tmp_path / "home/secret-key").touch(mode=0o600)
    (tmp_path / "home/secret-key").write_text("hunter2")
    found = list(home(case(where())))
    assert statuses(found) == ["ok", "fail"]
    assert "SECRET_KEY" in found[1].sentence
    told = [*found, *configuration(where({"ADMIN_TOKEN": "hunter2"}, SECRET_KEY="changeme" * 5))]
    assert [each.sentence.partition(":")[0] for each in told[2:]] == ["ADMIN_TOKEN", "SECRET_KEY"]
    assert not [each for each in told if "hunter2" in each.sentence]


def test_a_dotenv_with_secrets_is_for_its_owner_alone(where: Where, tmp_path: Path) -> None:
    (tmp_path / ".env").touch(mode=0o644)
    assert len(list(home(case(where({"PORT": "1"}))))) == 1
    _, found = home(case(where({"SMS_TOKEN": "hunter2"})))
    assert (found.status, found.remedy) == (Status.WARN, f"chmod 600 {tmp_path / '.env'}")
    (tmp_path / ".env").chmod(0o600)
    assert len(list(home(case(where({"SMS_TOKEN": "hunter2"}))))) == 1


# -- Redis and the broker ------------------------------------------------------------------------------------------------


def test_our_own_server_that_runs_is_found_without_being_named(where: Where, server: EmbeddedRedis) -> None:
    with met(where()) as store:
        assert only(store.findings).sentence.endswith("answers, keeps everything and evicts nothing")
        assert only(broker(store)).status is Status.OK


def test_our_own_server_that_lives_and_is_silent_fails(where: Where, tmp_path: Path) -> None:
    (tmp_path / "home/redis").mkdir(parents=True)
    lock = open_lock(tmp_path / "home/redis/server.lock")
    try:
        assert take(lock)
        with met(where()) as store:
            assert only(store.findings).sentence == "our own server runs and does not answer"
    finally:
        os.close(lock)
    with met(where()) as store:
        assert only(store.findings).status is Status.OK
        assert only(broker(store)).status is Status.SKIPPED


def test_a_server_that_refuses_us_is_told_from_one_that_is_away(where: Where, redis_url: str) -> None:
    with met(where(REDIS_URL=redis_url.replace("unix://", "unix://me:hunter2@"))) as store:
        found = only(store.findings)
    assert "refuses us (AuthenticationError)" in found.sentence
    with met(where(REDIS_URL=AWAY)) as store:
        assert "nobody answers" in only(store.findings).sentence
        assert store.client is None


def test_an_address_that_is_none_names_the_setting(where: Where) -> None:
    with met(where(REDIS_URL="http://hunter2")) as store:
        assert only(store.findings).sentence.startswith("REDIS_URL: must be redis://")


SOUND = {"redis_version": "7.2.4", "role": "master", "aof_enabled": 1, "maxmemory_policy": "noeviction"}


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ({"redis_version": "4.0.9"}, "fail", "too old"),
        ({"role": "slave"}, "fail", "replica"),
        ({"aof_enabled": 0}, "warn", "no append-only file"),
        ({"aof_last_write_status": "err"}, "fail", "could not write"),
        ({"maxmemory_policy": "allkeys-lru"}, "fail", "allkeys-lru"),
        ({"maxmemory": 100, "used_memory": 95}, "warn", "nearly used up"),
    ],
)
def test_a_server_is_judged_by_what_it_says_of_itself(said: dict[str, Any], status: str, words: str) -> None:
    found = only(judge(SOUND | said))
    assert (str(found.status), words in found.sentence) == (status, True)


def test_a_sound_server_and_one_that_says_little_are_not_found_fault_with() -> None:
    assert list(judge(SOUND)) == []
    assert list(judge({})) == []


def test_a_real_server_that_evicts_forgets_and_is_full_is_found_out(
    where: Where, server: EmbeddedRedis
) -> None:
    with redis.Redis.from_url(server.state_url) as client:
        client.config_set("appendonly", "no")
        client.config_set("maxmemory-policy", "volatile-lru")
        client.config_set("maxmemory", "1")
    with met(where(REDIS_URL=server.state_url)) as store:
        said = [each.sentence for each in store.findings]
    assert len(said) == 4
    assert "volatile-lru" in said[1]
    assert said[3] == "it answers, and takes no changes from us (OutOfMemoryError)"


def test_the_broker_needs_a_database_of_its_own(where: Where, redis_url: str) -> None:
    same = redis_url.replace("unix://", "redis+socket://").replace("db=0", "virtual_host=0")
    with met(where(REDIS_URL=redis_url, CELERY_BROKER_URL=same)) as store:
        found = only(broker(store))
    assert found.status is Status.FAIL
    assert "one database" in found.sentence


@pytest.mark.parametrize(
    "url", ["redis://x:hunter2@127.0.0.1:1/1", "amqp://x:hunter2@127.0.0.1:1//", "carrier-pigeon://hunter2"]
)
def test_a_broker_that_cannot_be_used_is_told_without_its_password(
    where: Where, redis_url: str, url: str
) -> None:
    with met(where(REDIS_URL=redis_url, CELERY_BROKER_URL=url)) as store:
        found = only(broker(store))
    assert found.status is Status.FAIL
    assert "cannot be used" in found.sentence
    assert "hunter2" not in found.sentence + found.remedy


def test_a_broker_elsewhere_is_looked_at_although_our_own_server_does_not_run(
    where: Where, redis_url: str
) -> None:
    there = redis_url.replace("unix://", "redis+socket://").replace("db=0", "virtual_host=3")
    with met(where(CELERY_BROKER_URL=there)) as store:
        assert only(broker(store)).status is Status.OK


# -- the archive ---------------------------------------------------------------------------------------------------------


def test_an_archive_that_is_not_begun_yet_is_not_begun_by_looking(where: Where, tmp_path: Path) -> None:
    found = list(archive(case(where()).settings))
    assert statuses(found) == ["ok", "ok"]
    assert "none yet" in found[0].sentence
    assert list(tmp_path.iterdir()) == []


def test_our_archive_is_known_by_its_marker_and_another_is_not_taken_for_it(
    where: Where, tmp_path: Path
) -> None:
    settings = case(where()).settings
    opened = wiring.archive(settings)
    assert next(archive(settings)).sentence == f"{opened.id} is ours and there"
    (tmp_path / "home/archive/.gleaner-archive").write_text("another\n")
    found = next(archive(settings))
    assert found.status is Status.FAIL
    assert found.remedy.endswith(f"remove {tmp_path / 'home/archive-id'} first")


def test_an_archive_whose_disk_is_not_mounted_fails(where: Where, tmp_path: Path) -> None:
    settings = case(where()).settings
    wiring.archive(settings)
    (tmp_path / "home/archive/.gleaner-archive").unlink()
    assert "is the disk mounted?" in next(archive(settings)).sentence


def test_a_folder_of_other_things_is_no_place_for_an_archive(where: Where, tmp_path: Path) -> None:
    (tmp_path / "other things/lost+found").mkdir(parents=True)
    url = (tmp_path / "other things").as_uri()
    assert next(archive(case(where(ARCHIVE_URL=url)).settings)).status is Status.OK
    (tmp_path / "other things/letters").mkdir()
    found = next(archive(case(where(ARCHIVE_URL=url)).settings))
    assert (found.status, "letters" in found.sentence) == (Status.FAIL, True)
    (tmp_path / "other things/.gleaner-archive").write_text("id\n")
    found = next(archive(case(where(ARCHIVE_URL=url)).settings))
    assert (found.status, "holds one already" in found.sentence) == (Status.OK, True)
    assert not (tmp_path / "home").exists()


def test_an_address_of_an_archive_that_is_not_served_is_told(where: Where) -> None:
    found = only(archive(case(where(ARCHIVE_URL="ftp://there")).settings))
    assert (found.status, found.remedy) == (Status.FAIL, "see ARCHIVE_URL in `.env.example`")


def test_room_is_needed_beyond_the_reserve(where: Where) -> None:
    _, found = archive(case(where(SPACE_RESERVE="900000TB")).settings)
    assert found.status is Status.FAIL
    assert "SPACE_RESERVE" in found.remedy


@pytest.mark.crash
def test_room_that_is_promised_is_told_and_where_it_is_all_that_there_is_others_wait(
    where: Where, redis_url: str, prefix: str, tmp_path: Path
) -> None:
    with volume(tmp_path / "volume", 64) as mounted:
        url = (mounted / "archive").as_uri()
        source = where(REDIS_URL=redis_url, REDIS_PREFIX=prefix, ARCHIVE_URL=url, SPACE_RESERVE="8MB")
        settings = case(source).settings
        opened = wiring.archive(settings)
        with met(source) as store:
            assert list(archive(settings, store))[1].sentence == "67.1 MB free, and 8.0 MB left alone"
            space = Space(opened, RedisShared(store.client, prefix), now(settings, store), 0, settings.lease)
            with space.promised("a1", 50_000_000):
                fine = list(archive(settings, store))[1]
                with space.promised("a2", 10_000_000):
                    full = list(archive(settings, store))[1]
            with opened.spool("ballast") as ballast:
                ballast.write(bytes(60_000_000))
                fails = list(archive(settings, store))[1]
    told = "67.1 MB free, 50.0 MB of it promised to running fetches, and 8.0 MB left alone"
    assert (fine.status, fine.sentence) == (Status.OK, told)
    assert full.status is Status.WARN
    assert full.sentence == told.replace("50.0", "60.0") + ": other jobs wait for room"
    assert fails.status is Status.FAIL
    assert "7.1 MB are free" in fails.sentence
    assert "8.0 MB are to stay free" in fails.sentence


def test_a_spool_that_cannot_be_written_fails(where: Where, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = list(archive(case(where(SPOOL_DIR=str(tmp_path / "file"))).settings))
    assert found[1].status is Status.FAIL
    assert found[1].remedy.endswith("set SPOOL_DIR")


SHARED_MEMORY = Path("/dev/shm")


@pytest.mark.skipif(not SHARED_MEMORY.is_dir(), reason="there is only one disk here")
def test_a_spool_on_another_disk_is_worth_a_word(where: Where, tmp_path: Path) -> None:
    if SHARED_MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("both are on one disk")
    found = list(archive(case(where(SPOOL_DIR=str(SHARED_MEMORY / tmp_path.name))).settings))
    assert [each.status for each in found if "written twice" in each.sentence] == [Status.WARN]


@pytest.mark.parametrize(
    ("total", "left", "judged"),
    [(10**6, 10, ["fail"]), (10**6, 10_000, ["warn"]), (10**6, 10**5, []), (0, 0, [])],
)
def test_a_disk_that_runs_out_of_names_is_noticed(total: int, left: int, judged: list[str]) -> None:
    disk = os.statvfs_result((4096, 4096, 1, 1, 1, total, left, left, 0, 255))
    assert statuses(list(archives.names(Path("/there"), disk))) == judged


# -- the cameras ---------------------------------------------------------------------------------------------------------

SET_UP = {"SMS_BASE_URL": "http://192.0.2.1"}


def write(tmp_path: Path, text: str) -> None:
    (tmp_path / "cameras.toml").write_text(text, encoding="utf-8")


def test_cameras_are_counted(where: Where, tmp_path: Path) -> None:
    write(tmp_path, CAMERA.format(name="front-door") + CAMERA.format(name="back-door"))
    found = only(cameras(case(where(**SET_UP))))
    assert (found.status, found.sentence) == (Status.OK, f"2 in {tmp_path / 'cameras.toml'}")


def test_without_a_file_the_example_is_taken_as_long_as_the_vendors_are_played(where: Where) -> None:
    assert only(cameras(case(where()))).status is Status.OK
    assert only(cameras(case(where(**SET_UP)))).status is Status.FAIL


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("", "warn", "names no camera"),
        ("[[camera", "fail", "cameras.toml: "),
        (CAMERA.format(name="Front Door"), "fail", "camera 'Front Door': name:"),
        (CAMERA.format(name="a").replace("channel", "chanel"), "fail", "camera 'a': "),
        ('[[camera]]\nname = "a"\n', "fail", "camera a belongs to no vendor in use"),
        ('[[camera]]\nname = "a"\n[camera.smss]\n', "fail", "camera a belongs to no vendor in use"),
        (CAMERA.format(name="a") + "[camera.other]\n", "warn", "has a section other"),
    ],
)
def test_what_is_wrong_with_cameras_is_told(
    where: Where, tmp_path: Path, text: str, status: str, words: str
) -> None:
    write(tmp_path, text)
    found = only(cameras(case(where(**SET_UP))))
    assert (str(found.status), words in found.sentence) == (status, True)


def test_a_file_that_is_no_text_fails(where: Where, tmp_path: Path) -> None:
    (tmp_path / "cameras.toml").write_bytes(b"\xff\xfe")
    assert "UnicodeDecodeError" in only(cameras(case(where()))).sentence


def test_a_camera_of_a_vendor_that_is_not_set_up_among_others_is_told(where: Where, tmp_path: Path) -> None:
    write(tmp_path, CAMERA.format(name="a"))
    found = only(cameras(with_lister(case(where()))))
    assert (found.status, found.remedy) == (Status.WARN, "set SMS_BASE_URL")


# -- the vendors ---------------------------------------------------------------------------------------------------------


class Lister:
    """As much of a RecordSource as a doctor needs: each probe is a counted call, unless it is to fail."""

    def __init__(self, tools: Toolbox, trouble: Transient | None) -> None:
        self._tools, self._trouble = tools, trouble

    def probe(self) -> None:
        if self._trouble:
            raise self._trouble
        self._tools.memory.count({"calls": None}, timedelta(minutes=1))

    def wants_video(self, camera: Camera) -> bool:
        return camera.name == "filmed"


def with_lister(found: Case, trouble: Transient | None = None) -> Case:
    """A second vendor, which is set up and lists records."""
    lister: Vendor[Any] = replace(
        found.vendors["sms"],
        name="lister",
        lacks=lambda own: "",
        playback=None,
        records=lambda own, tools: Lister(tools, trouble),
    )
    own = replace(found.own["sms"], base_url="http://lister.example:81")
    return replace(found, vendors={**found.vendors, "lister": lister}, own={**found.own, "lister": own})


@pytest.mark.parametrize(
    ("fetcher", "camera", "status", "said"),
    [
        ("", "unfilmed", Status.OK, "no camera wants its videos, and no fetcher is set"),
        ("", "filmed", Status.WARN, "wants the videos of filmed, and no code of yours could bring them"),
        ("json:dumps", "unfilmed", Status.OK, "its fetcher can be loaded, and no camera wants its videos"),
        ("json:dumps", "filmed", Status.OK, "its fetcher can be loaded, for filmed"),
        ("mine:fetch", "filmed", Status.FAIL, "LISTER_FETCHER: mine cannot be imported"),
    ],
)
def test_whether_the_video_of_records_is_wanted_and_can_be_fetched_is_said(
    where: Where, tmp_path: Path, fetcher: str, camera: str, status: Status, said: str
) -> None:
    (tmp_path / "cameras.toml").write_text(
        f'[[camera]]\nname = "{camera}"\n[camera.sms]\ndevice_unicode = "1"\nchannel = "2"\n'
    )
    with met(where()) as store:
        found = with_lister(case(where(SMS_BASE_URL="http://sms.example")))
        named = NamedFetcher(fetcher, "LISTER_FETCHER")
        lister = replace(found.vendors["lister"], fetcher=lambda own: named)
        _, video = vendor(replace(found, vendors={**found.vendors, "lister": lister}), store, "lister")
    assert (video.name, video.status) == ("video of lister", status)
    assert said in video.sentence


def test_a_vendor_that_is_not_set_up_is_played_or_left_out(where: Where) -> None:
    with met(where()) as store:
        found = only(vendor(case(where()), store, "sms"))
        assert found == warn(
            "sms",
            "not set up; `gleaner up` has the sandbox play it",
            "set SMS_BASE_URL, or take sms out of VENDORS",
        )
        assert "left out" in only(vendor(with_lister(case(where())), store, "sms")).sentence


def test_a_vendor_that_answers_is_well(where: Where) -> None:
    with met(where()) as store, served(answering()) as url:
        found = only(vendor(case(where(SMS_BASE_URL=f"{url}/prefix")), store, "sms"))
    assert found == ok("sms", f"{url} answers")


@pytest.mark.parametrize(("status", "code"), [(500, "vendor-error"), (503, "vendor-")])
def test_a_vendor_in_trouble_fails_with_the_settings_to_look_at(where: Where, status: int, code: str) -> None:
    with met(where()) as store, served(answering(status, {"code": status, "msg": "no"})) as url:
        found = only(vendor(case(where(SMS_BASE_URL=url)), store, "sms"))
    assert found.status is Status.FAIL
    assert found.sentence.startswith(code)
    assert "SMS_BASE_URL, SMS_TIMEZONE, SMS_TENANT_ID, SMS_TOKEN" in found.remedy


def test_a_vendor_where_nobody_listens_is_away(where: Where, port: int) -> None:
    with met(where()) as store:
        found = only(vendor(case(where(SMS_BASE_URL=f"http://127.0.0.1:{port}")), store, "sms"))
    assert "does not answer anybody" in found.sentence


def test_a_counted_call_is_said_to_be_one_and_counted_where_the_service_counts(
    where: Where, redis_url: str, prefix: str
) -> None:
    source = where(
        REDIS_URL=redis_url, REDIS_PREFIX=prefix, SECRET_KEY="the-key-of-a-service-that-counts-calls"
    )
    with met(source) as store:
        found = only(vendor(with_lister(case(source)), store, "lister"))
        assert store.client
        assert RedisShared(store.client, prefix).get("calls") == "1"
    assert found == ok("lister", "http://lister.example:81 answers; asking cost one counted call")


def test_a_spent_quota_is_no_failure(where: Where) -> None:
    trouble = Transient("quota-spent", "30000 calls were made", whose=Whose.VENDOR, asked=False)
    with met(where()) as store:
        found = only(vendor(with_lister(case(where()), trouble), store, "lister"))
    assert (found.status, "30000 calls" in found.sentence) == (Status.WARN, True)


def test_an_account_that_is_refused_points_at_the_settings_alone(where: Where) -> None:
    trouble = Transient("vendor-auth", "the key is wrong", whose=Whose.VENDOR)
    with met(where()) as store:
        found = only(vendor(with_lister(case(where()), trouble), store, "lister"))
    assert found.status is Status.FAIL
    assert "network" not in found.remedy


def test_without_a_key_or_a_store_nothing_is_remembered_and_no_key_is_made(
    where: Where, redis_url: str, tmp_path: Path
) -> None:
    with met(where(REDIS_URL=redis_url)) as store:
        settings = case(where()).settings
        assert isinstance(toolbox(settings, store).memory, MemoryShared)
        (tmp_path / "home").mkdir()
        assert list((tmp_path / "home").iterdir()) == []
        (tmp_path / "home/secret-key").write_text("the-key-of-a-home-that-is-in-order")
        assert isinstance(toolbox(settings, store).memory, RedisShared)
    with met(where()) as store:
        assert isinstance(toolbox(settings, store).memory, MemoryShared)


# -- between us and the vendors ------------------------------------------------------------------------------------------


def test_a_clock_that_is_minutes_off_is_noticed(where: Where, redis_url: str) -> None:
    wrong = format_datetime(datetime.now(UTC) - timedelta(minutes=4), usegmt=True)
    with dated(wrong) as url:
        for environ, whose in (
            ({}, "this machine's clock"),
            ({"REDIS_URL": redis_url}, "the Redis server's"),
        ):
            source = where(SMS_BASE_URL=url, **environ)
            with met(source) as store:
                found = only(clock(case(source), store, "sms"))
            assert found.status is Status.WARN
            assert found.sentence.startswith(whose)
            assert "24" in found.sentence or "239" in found.sentence
            assert "s ahead of that of sms" in found.sentence


def test_a_clock_that_is_right_or_cannot_be_compared_is_not_found_fault_with(where: Where) -> None:
    with met(where()) as store:
        with served(answering()) as url:
            assert only(clock(case(where(SMS_BASE_URL=url)), store, "sms")).status is Status.OK
        with dated("yesterday") as url:
            assert only(clock(case(where(SMS_BASE_URL=url)), store, "sms")).status is Status.SKIPPED
        assert only(clock(case(where(SMS_BASE_URL=url)), store, "sms")).status is Status.SKIPPED


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({}, "skipped"),
        ({"SMS_BASE_URL": "http://127.0.0.1:1"}, "ok"),
        ({"SMS_BASE_URL": "http://192.0.2.1"}, "warn"),
        ({"SMS_BASE_URL": "http://192.0.2.1", "PUBLIC_URL": "http://localhost:8000"}, "warn"),
        ({"SMS_BASE_URL": "http://192.0.2.1", "PUBLIC_URL": "http://192.0.2.2:8000"}, "warn"),
        (
            {
                "SMS_BASE_URL": "http://192.0.2.1",
                "PUBLIC_URL": "http://192.0.2.2:8000",
                "GLEANER_HOST": "0.0.0.0",
            },
            "ok",
        ),
        ({"SMS_BASE_URL": "http://192.0.2.1", "PUBLIC_URL": "https://gleaner.example:8000"}, "ok"),
        ({"SMS_BASE_URL": "http://192.0.2.1", "CALLBACK_BIND": "192.0.2.2:8001"}, "ok"),
        (
            {
                "SMS_BASE_URL": "http://192.0.2.1",
                "PUBLIC_URL": "http://192.0.2.2:8001",
                "CALLBACK_BIND": "127.0.0.1:8001",
            },
            "warn",
        ),
        (
            {
                "SMS_BASE_URL": "http://192.0.2.1",
                "PUBLIC_URL": "http://192.0.2.2:8000",
                "CALLBACK_BIND": "192.0.2.2:8001",
            },
            "warn",
        ),
    ],
)
def test_whoever_is_to_report_has_to_reach_us(where: Where, environ: dict[str, str], status: str) -> None:
    assert str(only(callbacks(case(where(**environ)))).status) == status


def test_a_loopback_address_is_known_in_every_spelling() -> None:
    inside = (
        "http://127.0.0.1:1",
        "http://[::1]",
        "http://localhost",
        "http://a.localhost",
        "http://127.9.9.9",
    )
    assert all(map(is_loopback, inside))
    assert not any(
        map(is_loopback, ("http://10.0.0.1", "http://localhost.example", "https://[2001:db8::1]/"))
    )
    assert origin("http://u:p@h:1/path?query") == "http://h:1"


# -- the service ---------------------------------------------------------------------------------------------------------


def at(url: str) -> dict[str, str]:
    return {"PORT": url.rpartition(":")[2]}


def web(source: Source) -> Finding:
    with met(source) as store:
        return next(service(case(source), store))


def test_a_service_that_runs_is_asked_whether_it_is_ready(where: Where) -> None:
    fake = FakeService()
    with served(fake) as url:
        assert web(where(**at(url))) == ok("service", f"runs at {url}, and is ready")
        fake.lacks = "no sweep has ended within 75 s"
        found = web(where(**at(url)))
    assert found.status is Status.FAIL
    assert found.sentence.endswith("is not ready: no sweep has ended within 75 s")


def test_a_service_that_runs_has_to_listen_at_the_door_of_vendors_too(where: Where, port: int) -> None:
    with served(FakeService()) as url, served(Response("no such page")) as door:
        host = door.removeprefix("http://")
        assert web(where(CALLBACK_BIND=host, **at(url))).status is Status.OK
        found = web(where(CALLBACK_BIND=f"127.0.0.1:{port}", **at(url)))
    assert (found.status, f"nobody answers at 127.0.0.1:{port}" in found.sentence) == (Status.FAIL, True)


def test_a_port_that_is_free_will_do_and_one_of_another_will_not(where: Where, port: int) -> None:
    assert web(where(PORT=str(port))).status is Status.OK
    for app in (answering(), answering(200, []), Response("hello")):
        with served(app) as url:
            found = web(where(**at(url)))
        assert (found.status, found.sentence) == (Status.FAIL, f"what listens at {url} is not Gleaner")


def test_whoever_takes_connections_and_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert asked(f"http://127.0.0.1:{silent.getsockname()[1]}", 0.1).trouble == "silent"


def test_a_port_that_is_bound_or_an_address_of_another_machine_fails(where: Where) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        found = web(where(PORT=str(taken.getsockname()[1])))
        assert (found.status, "is in use" in found.sentence) == (Status.FAIL, True)
    source = where(GLEANER_HOST="192.0.2.1")
    assert "cannot listen" in only([each for each in [web(source)] if each.status is Status.FAIL]).sentence


def test_a_supervisor_without_a_page_is_noticed(where: Where, tmp_path: Path, port: int) -> None:
    with only_one(tmp_path / "home"):
        found = web(where(PORT=str(port)))
    assert (found.status, "`gleaner up` runs" in found.sentence) == (Status.FAIL, True)
    assert web(where(PORT=str(port))).status is Status.OK


@pytest.mark.parametrize(
    ("minutes", "runs", "status"),
    [
        (0, False, "ok"),
        (9, False, "warn"),
        (9, True, "fail"),
        (None, False, "skipped"),
        (None, True, "fail"),
    ],
)
def test_a_sweep_has_to_be_young_where_a_service_runs(
    where: Where, redis_url: str, prefix: str, minutes: int | None, runs: bool, status: str
) -> None:
    with met(where(REDIS_URL=redis_url, REDIS_PREFIX=prefix)) as store:
        assert store.client
        if minutes is not None:
            last = datetime.now(UTC) - timedelta(minutes=minutes)
            RedisShared(store.client, prefix).swap(LAST_SWEEP, None, last.isoformat())
        assert str(sweep(store, runs).status) == status


def test_where_nothing_runs_nobody_is_missed(where: Where, port: int) -> None:
    source = where(PORT=str(port))
    with met(source) as store:
        found = list(service(case(source), store))
    assert statuses(found) == ["ok", "skipped", "skipped"]
    assert found[2].sentence == "no service runs here"


def test_the_queues_are_those_of_the_procfile_and_of_vendors_that_have_jobs(where: Where) -> None:
    assert queues(case(where())) == ["control", "sms", "fetch"]
    assert queues(replace(case(where()), vendors={}, own={})) == ["control", "fetch"]


def test_a_queue_without_a_worker_is_named(where: Where) -> None:
    found = only(workers(case(where()), {"control", "fetch"}))
    assert (found.status, found.sentence.endswith("works on the queue sms")) == (Status.WARN, True)
    found = only(workers(case(where()), {"control", "fetch", "sms", "other"}))
    assert found == ok("workers", "every queue has one: control, sms, fetch")


def test_a_worker_of_ours_tells_its_queues(where: Where, redis_url: str, tmp_path: Path) -> None:
    told = {"REDIS_URL": redis_url, "REDIS_PREFIX": "{doctor}:", "VENDORS": "sms"}
    environ = {**os.environ, **told, "GLEANER_HOME": str(tmp_path / "worker")}
    argv = ["worker", "-Q", "control,fetch", "-n", "doctor@%h", "--pool", "solo", "--loglevel", "INFO"]
    with subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "worker.app", *argv],
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr
            assert any("ready." in line for line in process.stderr)
            assert listened(case(where(**told)).settings) == {"control", "fetch"}
        finally:
            process.kill()


def test_nobody_is_asked_through_a_broker_that_is_away(where: Where, redis_url: str) -> None:
    with served(FakeService()) as url:
        source = where(REDIS_URL=redis_url, CELERY_BROKER_URL="redis://127.0.0.1:1/1", **at(url))
        with met(source) as store:
            found = list(service(case(source), store))
    assert found[2] == skipped("workers", "the broker cannot be used, so nobody can be asked")
