"""The doctor on media: settings that cannot be read, and the line to add for whoever waits for a host that is not allowed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gleaner.checks.configuration import Case, case_of
from gleaner.checks.finding import Finding, Status
from gleaner.checks.media import MOST_HOSTS, media, waits
from gleaner.checks.stores import meet
from gleaner.doctor import examine
from shared.adapters.media_allow import MediaAllow
from shared.adapters.media_guard import MediaGuard
from shared.adapters.memory import ListQueue
from shared.adapters.redis_store import RedisJobStore
from shared.domain.job import State
from shared.domain.lifecycle import due
from shared.errors import Transient
from shared.ledger import Ledger
from shared.settings import Source
from tests.builders import POLICY, a_job


class Doctor:
    """One home with a real server, and jobs in it."""

    def __init__(self, home: Path, redis_url: str, prefix: str) -> None:
        self._environ = {
            "VENDORS": "sms", "GLEANER_HOME": str(home), "REDIS_URL": redis_url, "REDIS_PREFIX": prefix,
            "SMS_BASE_URL": "http://platform.example",
        }  # fmt: skip
        self._home = home
        self._store = meet(self.case().settings)
        assert self._store.client
        self.jobs = RedisJobStore(self._store.client, prefix)

    def case(self, **environ: str) -> Case:
        found = case_of(Source(self._environ | environ, {}, self._home))
        assert found
        return found

    def waiting(self, address: str, allow: str = "platform.example", own: str = "", times: int = 1) -> None:
        """Jobs that met the guard with this address."""
        guard = MediaGuard(MediaAllow.parse(allow), frozenset({(own, 80)} if own else ()))
        with pytest.raises(Transient) as caught:
            guard.passed(address)
        for _ in range(times):
            self.put(caught.value.code, caught.value.detail)

    def put(self, reason: str, detail: str, state: State = State.READY) -> None:
        job = a_job(state=state, reason=reason, detail=detail)
        assert Ledger(self.jobs, ListQueue(), POLICY).create(replace(job, due_at=due(job, POLICY)))

    def says(self, **environ: str) -> list[Finding]:
        case = self.case(**environ)
        return list(media(case, self._store))

    def without_redis(self, **environ: str) -> list[Finding]:
        return list(media(self.case(**environ), replace(self._store, client=None)))

    def close(self) -> None:
        assert self._store.client
        self._store.client.close()


@pytest.fixture
def doctor(tmp_path: Path, redis_url: str, prefix: str) -> Iterator[Doctor]:
    made = Doctor(tmp_path / "home", redis_url, prefix)
    yield made
    made.close()


def test_where_nobody_waits_all_is_well(doctor: Doctor) -> None:
    doctor.put("media-host-away", "a.example:80 does not answer")
    doctor.put("media-host-not-allowed", "a.example:80 is not named", State.FAILED)
    (found,) = doctor.says()
    assert (found.status, found.sentence) == (Status.OK, "no job waits for a host that is not allowed")


def test_hosts_for_which_jobs_wait_are_listed_with_one_line_to_add(doctor: Doctor) -> None:
    doctor.waiting("http://b.example:8080/x", times=2)
    doctor.waiting("https://[fd00::1]/x")
    (found,) = doctor.says()
    assert found.status is Status.WARN
    assert (
        found.sentence == "3 jobs wait for hosts that are not allowed: [fd00::1]:443 (1), b.example:8080 (2)"
    )
    assert found.remedy == (
        "if they are the vendor's, set MEDIA_ALLOW=platform.example,[fd00::1]:443,b.example:8080 and restart"
    )
    assert not [
        at for at in ("http://b.example:8080/", "https://[fd00::1]/") if not _opened(found.remedy, at)
    ]


def _opened(remedy: str, address: str) -> bool:
    line = remedy.partition("MEDIA_ALLOW=")[2].partition(" ")[0]
    return MediaGuard(MediaAllow.parse(line), resolve=lambda _: ("192.0.2.1",)).passed(address) is not None


def test_the_line_begins_with_what_is_set_or_else_with_what_the_service_took_for_it(doctor: Doctor) -> None:
    doctor.waiting("http://a.example/", allow="127.0.0.1")
    assert "set MEDIA_ALLOW=127.0.0.1,a.example:80 and" in doctor.says()[0].remedy
    assert "set MEDIA_ALLOW=.lan,a.example:80 and" in doctor.says(MEDIA_ALLOW=".lan")[0].remedy


def test_a_host_that_is_named_by_now_wants_a_restart_alone(doctor: Doctor) -> None:
    doctor.waiting("http://a.example/")
    (found,) = doctor.says(MEDIA_ALLOW="platform.example,a.example")
    assert found.sentence == "a.example:80 is named by now, and 1 job waits for it"
    assert "restart" in found.remedy


def test_what_leads_to_ourselves_has_no_line(doctor: Doctor) -> None:
    doctor.waiting("http://127.0.0.1/", allow="127.0.0.1", own="127.0.0.1")
    (found,) = doctor.says()
    assert found.sentence == "1 job waits for 127.0.0.1:80, which is ours: no setting opens it"
    assert "MEDIA_ALLOW" not in found.remedy


def test_of_many_hosts_some_are_named_so_that_the_line_is_never_cut(doctor: Doctor) -> None:
    for number in range(MOST_HOSTS + 2):
        doctor.waiting(f"http://host-{number}.example/")
    (found,) = doctor.says()
    assert found.sentence.endswith("host-2.example:80 (1) and 2 hosts more")
    assert found.remedy.endswith(",host-2.example:80 and restart")


def test_jobs_are_looked_at_beyond_the_first_page(doctor: Doctor) -> None:
    doctor.waiting("http://a.example/")
    for _ in range(205):
        doctor.put("media-host-away", "")
    assert [each.server for each in waits(doctor.jobs)] == ["a.example:80"]


@pytest.mark.parametrize("name", ["MEDIA_ALLOW", "MEDIA_REWRITE"])
def test_a_media_setting_that_cannot_be_read_fails_with_its_name(doctor: Doctor, name: str) -> None:
    for found in (doctor.says(**{name: "a b"}), doctor.without_redis(**{name: "a b"})):
        assert [each.status for each in found] == [Status.FAIL]
        assert found[0].sentence.startswith(f"{name}: 'a b' is no")


def test_without_redis_nobody_knows_who_waits(doctor: Doctor) -> None:
    assert [each.status for each in doctor.without_redis()] == [Status.SKIPPED]


def test_the_doctor_looks_at_media(tmp_path: Path) -> None:
    environ = {
        "VENDORS": "sms",
        "GLEANER_HOME": str(tmp_path / "home"),
        "SPACE_RESERVE": "0",
        "MEDIA_REWRITE": "a",
    }
    found = {each.name: each for each in examine(Source(environ, {}, tmp_path))}
    assert found["media"].sentence.startswith("MEDIA_REWRITE: 'a' is not")
