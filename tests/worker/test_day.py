"""A day of many cameras at the simulated cloud: all is told once, at hardly more than the least calls, within the budget."""

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from itertools import pairwise

import pytest

from gleaner.sandbox.channels import DAYS, EVENTS
from gleaner.sandbox.server import running_sandbox
from tests.worker.day import SHANGHAI, Day, channels

EVE = datetime(2026, 12, 1, 20, 45, tzinfo=SHANGHAI)
TODAY = datetime(2026, 12, 2, tzinfo=SHANGHAI).date()
NO_LIMIT = {"IMOU_CALLS_PER_MONTH": "none"}


def _day_of(
    cameras: int, packages: tuple[str, ...] = (DAYS,), lively: tuple[float, ...] = (1.0,), **limits: str
) -> Iterator[Day]:
    with running_sandbox(channels=channels(cameras, packages, lively)) as sandbox:
        yield Day(sandbox, EVE, **limits)


def _all_is_told_once(day: Day, closed: date) -> None:
    """Each revision has been told, and lies in one sidecar; the day is closed."""
    assert [entry for entry in day.entries(closed) if entry.told != entry.revision] == []
    assert day.sidecars() == Counter({entry.record.id: entry.revision for entry in day.entries()})
    assert all(closed not in standing.followed for _, standing in day.services.harvests.standings())


def _followed(cameras: int) -> tuple[int, int]:
    """The calls of a day, and the least there can be; what was told was told once."""
    for day in _day_of(cameras, **NO_LIMIT):
        day.round()
        day.pass_hours(4, busy=True)
        before = day.calls
        day.pass_hours(24, busy=True)
        calls, least = day.calls - before, day.least(TODAY)
        day.pass_hours(2, busy=True)
        whole = day.chapters(TODAY)
        entries = day.entries(TODAY)
        assert {entry.record.camera: len(entry.record.chapters) for entry in entries} == whole
        assert {entry.record.camera: entry.revision for entry in entries} == dict.fromkeys(whole, 24)
        _all_is_told_once(day, TODAY)
        assert day.cloud.witness.repeated_nonces() == set()
        return calls, least
    raise AssertionError


def test_each_hours_news_is_told_once_at_hardly_more_than_the_least_calls():
    calls, least = _followed(2)
    assert calls <= 1.2 * least


@pytest.mark.crash
@pytest.mark.timeout(900)
def test_fifty_cameras_are_followed_through_a_day_at_hardly_more_than_the_least_calls():
    calls, least = _followed(50)
    logging.getLogger(__name__).warning("50 cameras, a day: %d calls, %d at least", calls, least)
    assert calls <= 1.2 * least


def _uneven_day(cameras: int) -> tuple[int, int]:
    """The same of a day of busy, ordinary, quiet and idle cameras with both packages, once their habits are known."""
    for day in _day_of(cameras, (DAYS, EVENTS), lively=(12, 1, 0.2, 0), **NO_LIMIT):
        day.pass_hours(4 + 3 * 24)
        before, today = day.calls, day.clock.at.astimezone(SHANGHAI).date()
        day.pass_hours(24)
        calls, least = day.calls - before, day.least(today)
        day.pass_hours(9)
        told = {entry.record.camera: entry for entry in day.entries(today, DAYS)}
        assert {name: len(entry.record.chapters) for name, entry in told.items()} == day.chapters(today)
        assert len(day.entries(today, EVENTS)) == day.events(today)
        _all_is_told_once(day, today)
        return calls, least
    raise AssertionError


@pytest.mark.crash
@pytest.mark.timeout(1800)
def test_an_uneven_day_of_fifty_cameras_is_followed_at_hardly_more_than_the_least_calls():
    calls, least = _uneven_day(50)
    logging.getLogger(__name__).warning("50 uneven cameras, a day: %d calls, %d at least", calls, least)
    assert calls <= 1.2 * least


def test_a_month_limit_that_does_not_suffice_stretches_the_rhythm_and_says_so_once(caplog):
    caplog.set_level(logging.WARNING, "shared.rhythms")
    for day in _day_of(2, IMOU_CALLS_PER_MONTH="1200"):
        day.move(EVE.replace(day=1, hour=0, minute=45))
        day.round()
        day.pass_hours(14, busy=True)
        rhythm = day.services.harvests.rhythm("imou")
        assert rhythm.stretched > 1.1
        assert "do not suffice" in rhythm.sentence
        (used,) = [quota for quota in day.services.record_sources["imou"].quotas() if quota.span == "month"]
        assert used.forecast < 1.2 * 1200
        said = [record.detail for record in caplog.records if record.name == "shared.rhythms"]
        assert 1 <= len(said) <= 4
        assert all(earlier != later for earlier, later in pairwise(said))


def test_a_spent_quota_lets_nothing_but_probes_out_until_the_month_is_over():
    for day in _day_of(2, **NO_LIMIT):
        day.round()
        day.cloud.throw({"code": "OP1013", "code_after": 1})
        before = Counter(day.cloud.witness.methods)
        day.pass_hours(24, busy=True)
        made = day.cloud.witness.methods - before
        circuit = day.services.circuits.get("imou")
        assert (circuit.open, circuit.code) == (True, "vendor-quota")
        assert "2027-01-01T00:00+08:00" in circuit.reason
        assert made["getCondensedRecords"] <= 2
        assert 3 <= made["accessToken"] <= 4
        day.cloud.throw({"code": ""})
        day.move(datetime(2027, 1, 1, 0, 20, tzinfo=SHANGHAI))
        day.round()
        assert not day.services.circuits.get("imou").open
        assert day.cloud.witness.methods["getCondensedRecords"] > made["getCondensedRecords"]


def test_listings_stop_before_the_limit_and_tokens_may_use_what_is_kept():
    for day in _day_of(2, IMOU_CALLS_PER_DAY="20"):
        source = day.services.record_sources["imou"]
        day.pass_hours(2)
        for _ in range(20):
            day.services.harvests.wish()
            day.round()
        today = source.quotas()[0]
        assert (today.spent, today.used, today.kept) == (True, 19, 1)
        source.probe()
        assert source.quotas()[0].used == 20
