"""Stories of a disk that fills up and is cleared, by the real steps, with hand-moved clock and hand-moved room."""

from contextlib import ExitStack

from shared.domain import events as e
from shared.domain.job import File, FileState, Job, Kind, State
from shared.ports import Submission
from tests.builders import a_job
from tests.domain.world import SWEEP_SECONDS, World
from tests.stand_ins import Script

FILM = b"film" * 1000
HOUR = 3600


def world(cameras: int, room: int = 0) -> World:
    """As much room as is given, beyond the reserve."""
    made = World(cameras=cameras)
    _leave(made, room)
    return made


def _leave(world: World, room: int) -> None:
    """So much, beyond the reserve and whatever lies there by now."""
    reserve = world.services.settings.space_reserve
    world.archive.room += reserve + room + 1 - world.archive.free_bytes()


def _delivered(world: World, job: Job) -> None:
    """The vendor says that a job's download is over, and where it is."""
    stream = world.now(job).current.stream_id
    world.tell(job, e.Prepared(world.now(job).attempt, world.deliver(stream, FILM).files))


def _picture(world: World, number: int) -> Job:
    file = File("picture", f"http://media.example/{number}.jpg", 0, FileState.OPEN)
    world.media.put(file.address, b"picture")
    job = a_job(kind=Kind.PICTURE, state=State.READY, lanes=(), files=(file,), camera="camera-0", record="r")
    made = world.services.ledger.create(job)
    assert made
    return made


def test_where_there_is_no_room_nobody_is_asked_nothing_is_charged_and_two_sweeps_after_its_return_all_goes_on():
    story = world(8, len(FILM))
    jobs = [story.wish(camera=number)[0] for number in range(8)]
    story.work()
    fetching, wanted = jobs[:4], jobs[4:]
    for job in wanted:
        story.tell(job, e.PrepareFailed(1, "vendor-error"))
    _leave(story, -1)
    for job in fetching:
        _delivered(story, job)
    picture = _picture(story, 1)
    before = {job.id: story.now(job).attempts for job in jobs}
    submitted = list(story.vendor.submitted)
    story.wait(HOUR)
    assert (story.vendor.submitted, story.vendor.probed, story.media.opened) == (submitted, 0, [])
    for job in (*jobs, picture):
        now = story.now(job)
        assert (now.reason, now.attempts, now.crashes) == ("no-space", before.get(job.id, 0), 0)
        assert len(story.history(job)) < 10
    _leave(story, 10**6)
    sweeps = 0
    while {story.now(job).state for job in (*fetching, picture)} != {State.ARCHIVED}:
        story.wait(SWEEP_SECONDS)
        sweeps += 1
    assert sweeps <= 2
    story.wait(SWEEP_SECONDS * (2 - sweeps))
    assert len(story.vendor.submitted) == len(submitted) + len(wanted)
    for job in wanted:
        _delivered(story, job)
    story.work()
    assert story.states(tuple(jobs)) == {State.ARCHIVED}
    assert {story.now(job).attempts for job in wanted} == {2}


def test_a_window_is_not_asked_for_again_while_there_is_no_room_for_what_came_of_it_the_last_time():
    story = world(1, 10**9 - 1)
    story.vendor.answers = Script(Submission("s1", size=10**9), then=Submission("s2"))
    (job,) = story.wish()
    story.work()
    story.tell(job, e.StreamGone(1))
    story.wait(HOUR)
    assert (story.now(job).reason, story.now(job).attempts) == ("no-space", 1)
    assert len(story.vendor.submitted) == 1
    _leave(story, 10**9)
    story.wait(2 * SWEEP_SECONDS)
    assert len(story.vendor.submitted) == 2


def test_a_size_that_no_footage_has_is_not_believed():
    story = world(1, 10**10)
    story.vendor.answers = Script(Submission("s1", size=10**15), then=Submission("s2"))
    (job,) = story.wish()
    story.work()
    assert story.now(job).current.size == 30 * 60 * 4_000_000
    story.tell(job, e.StreamGone(1))
    story.wait(HOUR / 4)
    assert len(story.vendor.submitted) == 2


def test_what_running_fetches_still_need_is_nobodys_to_ask_for():
    story = world(2, 1000)
    ready, wanted = story.wish(camera=0)[0], story.wish(camera=1)[0]
    story.work()
    story.tell(wanted, e.PrepareFailed(1, "vendor-error"))
    _delivered(story, ready)
    with story.services.space.promised("another worker's", 1000) as still_room:
        for _ in range(HOUR // 60):
            still_room()
            _leave(story, 999)
            story.wait(60)
            _leave(story, 1000)
        assert len(story.vendor.submitted) == 2
        assert {story.now(job).reason for job in (ready, wanted)} == {"no-space"}
    _leave(story, len(FILM))
    story.wait(2 * SWEEP_SECONDS)
    assert (story.now(ready).state, len(story.vendor.submitted)) == (State.ARCHIVED, 3)


def test_the_promises_of_the_killed_run_out_and_the_others_go_on():
    story = world(1, len(FILM))
    (job,) = story.wish()
    story.work()
    killed = ExitStack()
    killed.enter_context(story.services.space.promised("another worker's", len(FILM)))
    story.archive.room -= 1
    _delivered(story, job)
    story.wait(60)
    assert (story.now(job).state, story.now(job).reason, story.media.opened) == (State.READY, "no-space", [])
    story.archive.room += 1
    story.wait(story.services.settings.lease.total_seconds() - 60 + 2 * SWEEP_SECONDS)
    assert story.now(job).state == State.ARCHIVED


def test_each_of_many_lands_as_soon_as_there_is_room_for_it():
    story = world(4)
    jobs = tuple(story.wish(camera=number)[0] for number in range(4))
    _leave(story, 1)
    story.work()
    for job in jobs:
        _delivered(story, job)
    for landed in range(5):
        assert sum(story.now(job).state == State.ARCHIVED for job in jobs) == landed
        _leave(story, len(FILM))
        story.wait(2 * SWEEP_SECONDS)
    assert {story.now(job).files_in(FileState.LANDED)[0].failures for job in jobs} == {0}
