"""What the dead held is given back at once: jobs, harvests, the sweep; what anybody else holds is left alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.adapters.memory import HandClock, MemoryCameras
from shared.domain import events as e
from shared.domain.harvest import Course
from shared.domain.job import Lease, State
from shared.sweep import SWEEP
from tests.builders import NOON, a_camera, a_job, services
from tests.stand_ins import StandInRecords

LATER = NOON + timedelta(seconds=120)


@pytest.fixture
def here():
    parts = services(
        HandClock(NOON),
        cameras=MemoryCameras(a_camera(sections={"imou": object(), "sms": object()})),
        record_sources={"imou": StandInRecords()},
    )
    parts.__dict__["leases"] = replace(parts.leases, dead=lambda owner: owner.startswith("dead"))
    return parts


def claimed(here, state, owner):
    job = here.ledger.create(a_job(lanes=()))
    here.ledger.record(job.id, e.PrepareStarted(Lease(owner, LATER)))
    if state == State.FETCHING:
        here.ledger.record(job.id, e.Prepared(1, (e.Sighting("clip", "http://media.example/1"),)))
        here.ledger.record(job.id, e.FetchStarted(Lease(owner, LATER)))
    return lambda: here.jobs.load(job.id).job


def test_a_fetch_of_the_dead_goes_on_at_once(here):
    job = claimed(here, State.FETCHING, "dead")
    assert here.leases.give_back() == 1
    assert (job().state, job().crashes, job().due_at) == (State.READY, 1, NOON)


def test_a_submission_of_the_dead_is_unknown_at_once(here):
    job = claimed(here, State.SUBMITTING, "dead")
    assert here.leases.give_back() == 1
    assert (job().state, job().lease, job().reason) == (State.SUBMITTING, None, "submit-unknown")
    assert job().unknown_until == NOON + here.ledger.policy.silence


@pytest.mark.parametrize("state", [State.SUBMITTING, State.FETCHING])
def test_the_living_keep_what_they_hold(here, state):
    job = claimed(here, state, "alive")
    before = job()
    assert here.leases.give_back() == 0
    assert job() == before


def test_a_harvest_of_the_dead_goes_on_at_once(here):
    claim = here.harvests.take("imou", "dead")
    assert here.harvests.due() == {}
    assert here.leases.give_back() == 1
    assert here.harvests.due() == {"imou": 1}
    assert here.harvests.standing(claim.subject).course(NOON) == Course.WANTED


def test_a_harvest_of_the_living_is_theirs(here):
    here.harvests.take("imou", "alive")
    assert here.leases.give_back() == 0
    assert here.harvests.due() == {}


@pytest.mark.parametrize(("holder", "free"), [("dead", True), ("alive", False)])
def test_the_sweep_of_the_dead_is_anybodys(here, holder, free):
    here.memory.hold(SWEEP, holder, timedelta(seconds=30))
    here.leases.give_back()
    assert here.memory.hold(SWEEP, "me", timedelta(seconds=30)) == free
