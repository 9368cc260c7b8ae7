"""Everything an entrance needs, on ports: web, worker and command line work with these and know no adapter.

`wiring.build` makes them of the real world; tests make them of memory twins.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from shared.circuits import Circuits
from shared.domain.job import Kind, Lease
from shared.domain.retries import Backoff
from shared.errors import Transient
from shared.harvests import Harvests
from shared.leases import Leases
from shared.ledger import Ledger
from shared.owners import this_process
from shared.points import Reach, pass_by
from shared.ports import (
    Archive,
    CameraStore,
    JobStore,
    MediaCheck,
    MediaSource,
    PlaybackSource,
    RecordSource,
    RecordStore,
    SharedMemory,
    VideoSource,
)
from shared.quarantine import Quarantine
from shared.receiving import Receiving
from shared.ring import Ring
from shared.settings import Settings
from shared.signing import Keys, callback_token, push_token
from shared.space import Space
from shared.sweep import LAST_SWEEP, Sweep, Sweeper
from shared.tidy import Tidy
from shared.wishes import Wishes

UNSCHEDULED = timedelta(hours=1)  # the longest wait of a harvest that fails, where the schedule is off


def ready_anyway(_: Kind) -> None:
    """For a check that needs no time to get ready."""


@dataclass(frozen=True)
class Services:
    """The parts, and the few derived things that several entrances need. `owner` names this process in leases."""

    settings: Settings
    jobs: JobStore
    records: RecordStore
    memory: SharedMemory
    ledger: Ledger
    cameras: CameraStore
    archive: Archive
    media: MediaSource
    check: MediaCheck
    sources: Mapping[str, PlaybackSource]
    ring: Ring
    public_url: str
    record_sources: Mapping[str, RecordSource] = field(default_factory=dict)
    videos: Mapping[str, VideoSource] = field(
        default_factory=dict
    )  # vendors of whose records videos can be had
    public_media: frozenset[str] = frozenset()  # vendors whose addresses may lead to any public host
    simulated: bool = False
    expect: Callable[[Kind], None] = ready_anyway  # is told that something to check is on its way
    stopping: Callable[[], bool] = lambda: False  # whether this process should come to an end in good order
    tick: Callable[[], float] = time.monotonic  # seconds, by which a fetch is cut into slices
    reach: Reach = pass_by  # where the crash harness may have this process die
    owner: str = field(default_factory=this_process)

    @property
    def keys(self) -> Keys:
        """From which everything of ours is signed, as they are in force now."""
        return self.ring.now.keys

    @property
    def admin_tokens(self) -> tuple[str, ...]:
        """The root tokens in force now."""
        return self.ring.now.admin_tokens

    @cached_property
    def wishes(self) -> Wishes:
        """Where jobs are wished for."""
        longest = timedelta(minutes=self.settings.window_minutes)
        return Wishes(self.ledger, self.cameras, dict(self.sources), longest)

    @cached_property
    def receiving(self) -> Receiving:
        """Where callbacks are taken."""
        return Receiving(self.ledger, self.sources, self.reach)

    @cached_property
    def circuits(self) -> Circuits:
        """The vendors' circuits."""
        wait = self.settings.retry_wait
        return Circuits(self.memory, self.jobs.now, wait, wait * 6)

    @cached_property
    def space(self) -> Space:
        """The archive's room, and what of it is promised."""
        reserve, life = self.settings.space_reserve, self.settings.lease
        return Space(self.archive, self.memory, self.jobs.now, reserve, life)

    @cached_property
    def sweep(self) -> Sweep:
        """The healer."""
        retention = timedelta(days=self.settings.retention_days)
        return Sweep(
            self.ledger,
            self.memory,
            self.records,
            self.harvests,
            self.settings.sweep_every,
            retention,
            self.owner,
        )

    @cached_property
    def harvests(self) -> Harvests:
        """Which records are to be listed next."""
        return Harvests(
            self.memory,
            self.cameras,
            self.record_sources,
            self.ledger.effects,
            self.jobs.now,
            self.settings.harvest_every,
            self.settings.lease,
            Backoff(
                self.settings.retry_wait,
                max(self.settings.harvest_every or UNSCHEDULED, self.settings.retry_wait),
            ),
        )

    @cached_property
    def quarantine(self) -> Quarantine:
        """Rows of listings that could not be read."""
        return Quarantine(self.memory, self.harvests, self.jobs.now)

    @cached_property
    def leases(self) -> Leases:
        """Gives back what the dead held."""
        return Leases(self.ledger, self.memory, self.harvests)

    def sweeper(self) -> Sweeper:
        """A thread that gives back what the dead held, and sweeps."""
        return Sweeper(self.settings.sweep_every, self.leases.give_back, self.sweep.run)

    @cached_property
    def tidy(self) -> Tidy:
        """Clears up among unfinished bytes."""
        return Tidy(self.jobs, self.archive, self.memory, self.settings.lease)

    def tidier(self) -> Sweeper:
        """A thread that clears up; not the sweeper's, which must not hang where a disk does."""
        return Sweeper(self.settings.lease, self.tidy.run)

    @property
    def vendors(self) -> tuple[str, ...]:
        """Everybody who can be asked for anything."""
        return tuple(dict.fromkeys((*self.sources, *self.record_sources)))

    def callback_url(self, vendor: str, job_id: str, attempt: int) -> str:
        """The address to which a vendor reports on one attempt."""
        return f"{self.public_url}/callbacks/{vendor}/{callback_token(self.keys, vendor, job_id, attempt)}"

    def push_url(self, vendor: str) -> str:
        """The address to which a vendor may push what happens at an account's cameras."""
        return f"{self.public_url}/push/{vendor}/{push_token(self.keys, vendor)}"

    def lease(self, life: timedelta | None = None) -> Lease:
        """A claim of this process from now on, for LEASE_SECONDS unless a longer one is needed."""
        return Lease(self.owner, self.jobs.now() + max(self.settings.lease, life or timedelta(0)))

    def until_looked_again(self, no: Transient) -> timedelta | None:
        """How long to wait after a no; None for the growing wait. Room may be back at any moment: each sweep sees to it."""
        return self.settings.sweep_every if no.code == "no-space" else None

    def last_sweep(self) -> datetime | None:
        """When the last sweep ended, anywhere."""
        text = self.memory.get(LAST_SWEEP)
        return datetime.fromisoformat(text) if text else None
