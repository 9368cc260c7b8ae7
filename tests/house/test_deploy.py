"""What deploys the service runs what the Procfile names, with settings that exist; no engine is needed to know that."""

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from dotenv.variables import Variable, parse_variables
from ruamel.yaml import YAML

from gleaner.procfile import commands
from shared.adapters.redis_address import broker_place, state_place
from shared.settings import Settings, Source, read
from shared.vendors import load
from shared.wiring import broker_url

ROOT = Path(__file__).parent.parent.parent
PROCFILE = (ROOT / "Procfile").read_text("utf-8")
NAMES = re.findall(r"^([\w-]+):", PROCFILE, re.MULTILINE)
VENDORS = sorted(path.parent.name for path in (ROOT / "shared/vendors").glob("*/__init__.py"))
QUEUES = [name.removeprefix("worker-") for name in NAMES]
COMPOSE = ROOT / "deploy/compose.yaml"
RAW = COMPOSE.read_text("utf-8")
DOCKERFILE = ROOT / "deploy/Dockerfile"
UNIT = ROOT / "deploy/gleaner.service"
KNOWN = {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
FILLED_IN = {
    "GLEANER_HOST": "192.0.2.7",
    "PORT": "9123",
    "FETCH_CONCURRENCY": "9",
    "GLEANER_HOME": "/elsewhere",
}
SECONDS_TO_STOP = 30


def tool(name):
    """Beside the Python that runs this, or on the path; None where it is not installed."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name)


def run(*command):
    """What a checker said, and whether it was content."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout + done.stderr


def declared():
    """Every setting that is for owners, by its name."""
    owners = [Settings, *(vendor.settings for vendor in load(VENDORS).values())]
    own = [each for owner in owners for each in fields(owner)]
    return {each.metadata["env"]: each for each in own if not each.metadata["internal"]}


# -- compose -----------------------------------------------------------------------------------------------------------


def composed(environ):
    """The services as they are once the variables are filled in."""

    def fill(value):
        if isinstance(value, str):
            return "".join(part.resolve(environ) for part in parse_variables(value))
        if isinstance(value, dict):
            return {key: fill(each) for key, each in value.items()}
        return [fill(each) for each in value] if isinstance(value, list) else value

    return fill(YAML(typ="safe").load(RAW))


PLAIN = composed({})
OURS = {name: service for name, service in PLAIN["services"].items() if name != "redis"}


def test_the_compose_file_is_one_by_the_specification():
    code, said = run(
        sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)
    )
    assert code == 0, said


def test_there_is_a_container_for_each_line_of_the_procfile_and_one_for_redis():
    assert sorted(PLAIN["services"]) == sorted([*NAMES, "redis"])


@pytest.mark.parametrize("environ", [{}, FILLED_IN], ids=["nothing set", "much set"])
def test_the_containers_run_what_the_procfile_says(environ):
    services = composed(environ)["services"]
    within = services["web"]["environment"]
    concurrency = read(Settings, Source(environ, {}, ROOT)).fetch_concurrency
    expected = commands(PROCFILE, {**within, "FETCH_CONCURRENCY": str(concurrency)}, QUEUES)
    assert {name: shlex.split(services[name]["command"]) for name in NAMES} == expected


def test_a_variable_that_is_not_set_stands_for_the_default_of_its_setting():
    used = {each.name: each.default for each in parse_variables(RAW) if isinstance(each, Variable)}
    assert len(re.findall(r"\$", RAW)) == len(re.findall(r"\$\{[A-Z_]+:-[^}]*\}", RAW)) > 0
    assert used == {name: declared()[name].metadata["default"] for name in used}


def test_all_of_ours_run_from_one_image_with_the_same_settings():
    shared = ("image", "build", "env_file", "environment")
    assert len({json.dumps([each[key] for key in shared], sort_keys=True) for each in OURS.values()}) == 1


@pytest.mark.parametrize("name", [*NAMES, "redis"])
def test_a_container_comes_back_by_itself_and_can_do_no_more_than_it_must(name):
    service = PLAIN["services"][name]
    assert service["restart"] == "unless-stopped"
    assert service["stop_grace_period"] == f"{SECONDS_TO_STOP}s"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("user", "").partition(":")[0] not in ("0", "root")
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices"} & service.keys()


@pytest.mark.parametrize("name", [*NAMES, "redis"])
def test_whatever_has_to_last_is_in_a_named_volume(name):
    mounts = [mount.split(":") for mount in PLAIN["services"][name]["volumes"]]
    assert {source for source, *_ in mounts} <= {*PLAIN["volumes"], "/etc/gleaner"}
    assert all(rest[-1] == "ro" for source, *rest in mounts if source.startswith("/"))


@pytest.mark.parametrize("environ", [{}, FILLED_IN], ids=["nothing set", "much set"])
def test_only_the_port_of_web_can_be_reached_and_only_where_the_settings_say(environ):
    services = composed(environ)["services"]
    settings = read(Settings, Source(environ, {}, ROOT))
    assert {name for name, service in services.items() if "ports" in service} == {"web"}
    port = str(settings.port)
    assert services["web"]["ports"] == [{"host_ip": settings.host, "published": port, "target": port}]
    assert services["web"]["environment"]["PORT"] == port


def test_nothing_but_the_service_reaches_redis():
    networks = PLAIN["networks"]
    assert [networks[name]["internal"] for name in PLAIN["services"]["redis"]["networks"]] == [True]
    assert all("inside" in service["networks"] for service in OURS.values())


def test_jobs_and_doorbells_are_in_different_databases_of_that_redis():
    settings = read(Settings, Source(OURS["web"]["environment"], {}, ROOT))
    state, broker = state_place(settings.redis_url), broker_place(broker_url(settings))
    assert (state.server, state.port) == (broker.server, broker.port) == ("redis", 6379)
    assert state.database != broker.database


def test_that_redis_forgets_nothing():
    words = shlex.split(PLAIN["services"]["redis"]["command"])
    options = dict(zip(words[1::2], words[2::2], strict=True))
    assert options["--appendonly"] == "yes"
    assert options["--maxmemory-policy"] == "noeviction"
    assert "redis:/data" in PLAIN["services"]["redis"]["volumes"]


def test_ours_wait_for_a_redis_that_answers():
    assert PLAIN["services"]["redis"]["healthcheck"]["test"][0] == "CMD"
    assert all(
        service["depends_on"] == {"redis": {"condition": "service_healthy"}} for service in OURS.values()
    )


def test_only_web_is_asked_for_its_health_over_http():
    assert {name for name, each in OURS.items() if not each["healthcheck"].get("disable")} == {"web"}


# -- the image ---------------------------------------------------------------------------------------------------------


def instructions():
    """Each instruction of the Dockerfile with its argument, in order."""
    lines = [line for line in DOCKERFILE.read_text("utf-8").splitlines() if line and line[0] != "#"]
    whole = re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines()
    return [tuple(line.split(maxsplit=1)) for line in whole]


STEPS = instructions()
LAST = STEPS[max(index for index, (word, _) in enumerate(STEPS) if word == "FROM") :]
COPIED = {
    source
    for word, argument in STEPS
    if word == "COPY" and not argument.startswith("--from=")
    for source in argument.split()[:-1]
}


def only(word):
    """The argument of an instruction that stands once in the final stage."""
    (found,) = [argument for each, argument in LAST if each == word]
    return found


def image_environ():
    """What the image puts into the environment."""
    return dict(pair.split("=", 1) for pair in shlex.split(only("ENV")))


@pytest.mark.parametrize("source", sorted(COPIED))
def test_what_the_image_copies_is_there(source):
    assert (ROOT / source).exists()


def test_exactly_what_the_image_copies_is_sent_to_the_builder():
    lines = (ROOT / ".dockerignore").read_text("utf-8").split("\n")
    assert "*" in lines
    assert {line[1:] for line in lines if line.startswith("!")} == COPIED


def test_the_image_has_all_that_an_install_needs():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", "utf-8")
    packages = {name.partition(".")[0] for name in setup["options.packages.find"]["include"].split()}
    beside = setup["options.data_files"]["share/gleaner"].split()
    assert "Procfile" in beside
    texts = {
        setup["metadata"]["license_files"],
        *re.findall(r"file: (\S+)", setup["metadata"]["long_description"]),
    }
    assert {*packages, *beside, *texts, "setup.cfg", "pyproject.toml"} <= COPIED


def test_what_is_installed_is_what_the_lock_says_and_the_project():
    locked, ours = (text for word, text in STEPS if word == "RUN" and text.startswith("pip "))
    assert {"--require-hashes", "requirements/run.lock"} <= set(locked.split())
    assert {"--no-deps", "--no-build-isolation", "."} <= set(ours.split())


def test_the_image_runs_as_nobody_special():
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", only("USER"))


def test_the_image_alone_runs_everything():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", "utf-8")
    program, *arguments = json.loads(only("CMD"))
    assert f"{program} = " in setup["options.entry_points"]["console_scripts"]
    assert arguments == ["up"]


def test_the_image_keeps_what_has_to_last_in_a_volume():
    settings = read(Settings, Source(image_environ(), {}, ROOT))
    home = str(settings.home)
    assert only("VOLUME") == home == OURS["web"]["environment"]["GLEANER_HOME"]
    assert only("EXPOSE") == str(settings.port)


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_image_is_healthy_when_web_says_so(status, healthy):
    class Web(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    (question,) = re.findall(r"CMD (\[.*\])", only("HEALTHCHECK"))
    _, *arguments = json.loads(question)
    with HTTPServer(("127.0.0.1", 0), Web) as server:
        Thread(target=server.handle_request, daemon=True).start()
        environ = {"PORT": str(server.server_port), "http_proxy": "http://127.0.0.1:1"}
        done = subprocess.run(
            [sys.executable, *arguments], env=environ, capture_output=True, timeout=30, check=False
        )
    assert (done.returncode == 0) == healthy, done.stderr


@pytest.mark.skipif(not tool("hadolint"), reason="hadolint is not installed")
def test_the_dockerfile_is_clean():
    code, said = run(tool("hadolint"), str(DOCKERFILE))
    assert code == 0, said


# -- the unit ----------------------------------------------------------------------------------------------------------


def unit():
    """The sections of the unit; of a line that repeats, the last."""
    parsed = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parsed.optionxform = str
    parsed.read(UNIT, "utf-8")
    return parsed


def unit_environ():
    """What the unit itself puts into the environment."""
    return dict(re.findall(r"^Environment=(\w+)=(\S+)$", UNIT.read_text("utf-8"), re.MULTILINE))


@pytest.mark.skipif(not tool("systemd-analyze"), reason="systemd is not on this machine")
def test_the_unit_is_one_that_systemd_takes(tmp_path):
    text = UNIT.read_text("utf-8")
    program = unit()["Service"]["ExecStart"].split()[0]
    copy = tmp_path / UNIT.name  # a program that is there, so that only the unit is judged
    copy.write_text(text.replace(program, sys.executable), "utf-8")
    assert run(tool("systemd-analyze"), "verify", "--recursive-errors=no", str(copy)) == (0, "")


def test_the_unit_runs_everything_under_one_supervisor_and_for_ever():
    service = unit()["Service"]
    assert re.fullmatch(r"/\S+/bin/gleaner up", service["ExecStart"])
    assert (service["Type"], service["Restart"], service["KillMode"]) == ("exec", "always", "mixed")
    assert int(service["TimeoutStopSec"]) > SECONDS_TO_STOP
    assert unit()["Unit"]["StartLimitIntervalSec"] == "0"


def test_the_unit_writes_to_its_own_folder_and_nowhere_else():
    service = unit()["Service"]
    assert (service["ProtectSystem"], service["NoNewPrivileges"]) == ("strict", "yes")
    assert service["User"] not in ("", "root")
    assert unit_environ()["GLEANER_HOME"] == f"/var/lib/{service['StateDirectory']}"


def test_the_unit_does_not_start_without_its_settings():
    assert unit()["Service"]["EnvironmentFile"].startswith("/")


# -- all of them -------------------------------------------------------------------------------------------------------


def named():
    """Every name of the environment in deploy/, and where it stands."""
    variables = [each.name for each in parse_variables(RAW) if isinstance(each, Variable)]
    yield from (("compose.yaml", name) for name in {*variables, *OURS["web"]["environment"]})
    asked = re.findall(r"environ\['(\w+)'\]|\$(\w+)", DOCKERFILE.read_text("utf-8"))
    yield from (("Dockerfile", name) for name in {*image_environ(), *(one or other for one, other in asked)})
    yield from (("gleaner.service", name) for name in unit_environ())


@pytest.mark.parametrize(("file", "name"), sorted(named()))
def test_every_name_of_the_environment_is_a_setting(file, name):
    assert name in declared() or name in KNOWN


@pytest.mark.parametrize("environ", [image_environ, unit_environ, lambda: OURS["web"]["environment"]])
def test_what_is_set_can_be_read_and_gives_no_secret_away(environ):
    read(Settings, Source(environ(), {}, ROOT))
    secret = {name for name in environ() if name in declared() and not declared()[name].repr}
    assert secret <= {"REDIS_URL", "CELERY_BROKER_URL"}
    assert not any("@" in environ()[name] for name in secret)


def test_settings_and_cameras_are_in_the_same_place_everywhere():
    settings = unit()["Service"]["EnvironmentFile"]
    assert settings == OURS["web"]["env_file"]
    cameras = {each["CAMERAS_FILE"] for each in (image_environ(), unit_environ(), OURS["web"]["environment"])}
    assert cameras == {str(Path(settings).with_name("cameras.toml"))}
