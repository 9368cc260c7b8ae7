"""The fetch step and the archive's room: what it has promised to it while it runs, and how it ends where there is none."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from shared.adapters.memory_archive import MemoryMedia
from shared.domain import events as e
from shared.domain.job import File, FileState, Kind, State
from shared.ports import Download
from tests.builders import a_job, some_settings
from tests.worker.test_fetch import ADDRESS, CLIP, Fetching

RESERVE = 5_000_000_000


@dataclass
class Watched(MemoryMedia):
    """Media that lets somebody look, or act, after each of its chunks; `tells` whether it says its length."""

    tells: bool = True
    between: Callable[[int], None] = field(default=lambda _sent: None)

    @contextmanager
    def open(
        self, address: str, start: int, validator: str | None, public: bool = False
    ) -> Iterator[Download]:
        """As the twin does."""
        with super().open(address, start, validator, public) as download:
            total = download.total if self.tells else None
            yield replace(download, total=total, chunks=self._chunks(download.chunks))

    def _chunks(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        sent = 0
        for chunk in chunks:
            yield chunk
            sent += len(chunk)
            self.between(sent)


def watched(media: Watched, **settings: str) -> Fetching:
    media.put(ADDRESS, CLIP)
    return Fetching(media=media, settings=some_settings(**settings))


def test_while_bytes_come_what_is_still_to_come_is_promised_and_then_nothing_is():
    found, media = [], Watched()
    one = watched(media)
    media.between = lambda sent: found.append((sent, one.services.space.standing().promised))
    one.work()
    assert one.job.state == State.ARCHIVED
    assert len(found) > 2
    assert all(promised == len(CLIP) - sent for sent, promised in found)
    assert one.services.space.standing().promised == 0


@pytest.mark.parametrize(("breaks_off", "state"), [(0, State.READY), (300_000, State.ARCHIVED)])
def test_a_fetch_that_was_broken_off_leaves_no_promise(breaks_off, state):
    one = Fetching()
    one.media.stop_after(ADDRESS, breaks_off)
    one.work()
    assert (one.job.state, one.services.space.standing().promised) == (state, 0)


def test_a_host_is_asked_for_nothing_that_others_have_been_promised_the_room_for():
    one = Fetching()
    one.archive.room = RESERVE + 2 * len(CLIP) + 1
    with one.services.space.promised("another's", 2 * len(CLIP)):
        one.archive.room -= 1
        one.work()
        job = one.job
        assert (job.state, job.reason, job.claim, one.media.opened) == (State.READY, "no-space", 0, [])
        assert "promised to running fetches" in job.detail
    one.work()
    assert (one.job.state, one.job.attempts) == (State.ARCHIVED, 1)


def test_a_size_that_its_host_has_told_is_not_asked_for_again_until_there_is_room():
    one = Fetching()
    one.archive.room = RESERVE + len(CLIP) // 2
    for _ in range(5):
        one.work()
    (file,) = one.job.files
    assert (one.job.reason, file.total, file.failures, len(one.media.opened)) == ("no-space", len(CLIP), 0, 1)
    one.archive.room = RESERVE + len(CLIP) + 1
    one.work()
    assert (one.job.state, len(one.media.opened)) == (State.ARCHIVED, 2)


def test_what_the_vendor_says_will_come_counts_until_the_host_knows_better():
    one = Fetching()
    one.tell(e.CancelRequested())
    job = a_job(lanes=())
    one.services.ledger.create(job)
    one.id = job.id
    one.tell(e.PrepareStarted(one.services.lease()))
    one.tell(e.Submitted(1, "other", size=len(CLIP) * 2))
    one.tell(e.Prepared(1, (e.Sighting("clip", ADDRESS),), "other"))
    one.archive.room = RESERVE + len(CLIP) + 1
    one.work()
    assert (one.job.reason, one.media.opened) == ("no-space", [])
    one.archive.room = RESERVE + len(CLIP) * 2 + 1
    one.work()
    assert one.job.state == State.ARCHIVED


def test_a_picture_is_not_fetched_either_where_there_is_no_room():
    one = Fetching()
    one.tell(e.CancelRequested())
    file = File("picture", ADDRESS, 0, FileState.OPEN)
    job = one.services.ledger.create(
        a_job(kind=Kind.PICTURE, state=State.READY, lanes=(), files=(file,), record="r")
    )
    one.id, one.archive.room = job.id, RESERVE
    for _ in range(20):
        one.work()
    assert (one.job.state, one.job.reason, one.media.opened) == (State.READY, "no-space", [])
    one.archive.room += len(CLIP) + 1
    one.work()
    assert one.job.state == State.ARCHIVED


def test_a_disk_that_is_full_in_the_midst_of_a_write_is_no_fault_and_the_prefix_stays():
    """Nobody knew the length, and the reserve is nothing: the write itself fails."""
    one = watched(Watched(tells=False), SPACE_RESERVE="0")
    one.services.archive.room = len(CLIP) // 2
    for _ in range(20):
        one.work()
    (file,) = one.job.files
    assert (one.job.state, one.job.reason, one.job.kept) == (State.READY, "no-space", len(CLIP) // 2)
    assert (file.failures, one.job.crashes, one.job.attempts, one.job.claim) == (0, 0, 1, 1)
    one.services.archive.room *= 3
    one.work()
    assert one.job.state == State.ARCHIVED
    assert one.services.media.opened == [(ADDRESS, 0), (ADDRESS, len(CLIP) // 2)]


def test_room_that_goes_while_bytes_come_ends_the_fetch_at_its_next_heartbeat_with_what_it_has():
    media = Watched()
    one = watched(media, LEASE_SECONDS="0.1")

    def shrink(sent: int) -> None:
        one.services.archive.room = RESERVE + len(CLIP) - 1
        time.sleep(0.05)

    media.between = shrink
    one.services.archive.room = RESERVE + len(CLIP) + 1
    one.work()
    assert (one.job.state, one.job.reason, one.job.files[0].failures) == (State.READY, "no-space", 0)
    assert 0 < one.job.kept < len(CLIP)
    media.between = lambda _sent: None
    one.services.archive.room *= 2
    one.work()
    assert one.job.state == State.ARCHIVED
    assert media.opened[1][1] > 0
