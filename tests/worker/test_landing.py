"""A claim is kept for as long as its bytes take to land, and no longer than somebody wants them."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shared.adapters.disk_archive import DiskArchive
from shared.adapters.disk_spool import DiskSpool
from shared.adapters.memory import HandClock, ListQueue, MemoryJobStore
from shared.adapters.memory_archive import MemoryArchive
from shared.domain import events as e
from shared.domain.job import Lease, State
from shared.ledger import Ledger
from shared.ports import Change, MediaFacts, Result, Spool
from tests.builders import NOON, POLICY, some_settings
from tests.stand_ins import check
from tests.worker.test_fetch import Fetching

LEASE = 0.4  # seconds
LONG = LEASE * 2


class _RunningClock(HandClock):
    """Goes on by itself."""

    def __init__(self) -> None:
        super().__init__(NOON)
        self.began = time.monotonic()

    def now(self) -> datetime:
        return self.at + timedelta(seconds=time.monotonic() - self.began)


class _TimedStore(MemoryJobStore):
    """Notes when it heard that a claim is kept."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__(clock)
        self.heard: list[float] = []

    def commit(self, change: Change) -> Result:
        self.heard += (
            [time.monotonic()] if change.line.event in ("FetchStarted", "Kept", "AssetLanded") else []
        )
        return super().commit(change)


class _SlowArchive(MemoryArchive):
    def publish(self, spool: Spool, key: str, sidecar: Mapping[str, object]) -> None:
        time.sleep(LONG)
        super().publish(spool, key, sidecar)


def _slowly(*arguments: object) -> MediaFacts:
    time.sleep(LONG)
    return check(*arguments)  # type: ignore[arg-type]


def _fetching(**parts: object) -> tuple[Fetching, _TimedStore]:
    clock = _RunningClock()
    store = _TimedStore(clock)
    settings = some_settings(LEASE_SECONDS=str(LEASE))
    one = Fetching(settings=settings, jobs=store, ledger=Ledger(store, ListQueue(), POLICY), **parts)
    one.clock = clock
    return one, store


@pytest.mark.parametrize("slow", [{"check": _slowly}, {"archive": _SlowArchive()}], ids=["check", "publish"])
def test_a_claim_is_heard_of_every_quarter_of_a_lease_while_its_bytes_land(slow):
    one, store = _fetching(**slow)
    one.work()
    assert one.job.state == State.ARCHIVED
    pauses = [after - before for before, after in zip(store.heard, store.heard[1:], strict=False)]
    assert max(pauses) < LEASE * 3 / 4  # a quarter, and what this machine adds


def test_whoever_was_replaced_during_the_check_lands_nothing():
    def replaced(*arguments: object) -> MediaFacts:
        one.clock.move(timedelta(hours=1))
        one.tell(e.DeadlinePassed())
        one.clock.at = max(one.clock.at, one.job.due_at)
        one.tell(e.FetchStarted(Lease("another", one.clock.at + timedelta(hours=1))))
        return check(*arguments)  # type: ignore[arg-type]

    one, _ = _fetching(check=replaced)
    one.work()
    assert (one.job.state, one.job.lease.owner, one.job.assets) == (State.FETCHING, "another", ())
    assert one.archive.landed(one.job.camera) is None
    assert list(one.archive._landed) == []


class _LateArchive(DiskArchive):
    """Something happens just before the first spool is opened."""

    happens: Callable[[], None]

    def spool(self, asset_id: str, claim: int = 0) -> AbstractContextManager[DiskSpool]:
        happens, self.happens = self.happens, lambda: None
        happens()
        return super().spool(asset_id, claim)


def test_whoever_begins_when_another_has_landed_the_file_leaves_nothing_behind(tmp_path: Path) -> None:
    def another_does_it_all() -> None:
        one.clock.move(timedelta(hours=1))
        one.tell(e.DeadlinePassed())
        one.work()
        assert one.job.state == State.ARCHIVED

    archive = _LateArchive(tmp_path)
    archive.happens = another_does_it_all
    one, _ = _fetching(archive=archive)
    one.work()
    assert (one.job.state, len(one.job.assets), len(one.media.opened)) == (State.ARCHIVED, 1, 2)
    assert list((tmp_path / ".partial").iterdir()) == []
