"""Stories of fetching: what happens to a file happens to that file, and costs no submission as long as bytes may come."""

from datetime import timedelta

from shared.domain import events as e
from shared.domain.job import FileState, State
from shared.domain.lifecycle import Moved
from shared.domain.rules.moving import Late
from tests.builders import POLICY
from tests.domain.tale import a_file, ready, told_until

MB = 10**6


# -- 8. one lands, one is refused, one is gone -------------------------------------------------------------------------


def test_what_landed_is_archived_with_the_reasons_for_what_did_not():
    tale = ready("lands", "refused", "gone")
    tale.fetch_and_land()
    tale.fetch()
    tale.tell(e.FetchFailed(tale.job.claim, "refused", "media-address-odd", final=True))
    for _ in range(2):
        tale.wait_and_fetch()
        tale.tell(e.DownloadGone(tale.job.claim, "gone"))
    assert (tale.state, tale.job.detail) == (State.ARCHIVED, "gone, media-address-odd")
    assert tale.files(FileState.LANDED) == ["lands"]
    assert tale.files(FileState.REFUSED) == ["refused"]
    assert tale.files(FileState.GONE) == ["gone"]
    assert tale.attempts == 1


def test_the_fault_of_one_file_holds_up_no_other():
    tale = ready("slow", "quick")
    tale.fetch()
    tale.tell(e.FetchFailed(1, "slow", "media-stalled"))
    assert isinstance(tale.fetch(), Moved)
    assert tale.job.fetching == "quick"


def test_a_file_that_fails_the_check_time_and_again_is_refused_though_its_bytes_come_every_time():
    tale = ready("damaged")
    for fault in range(1, POLICY.failures + 1):
        assert tale.state == State.READY
        tale.wait_and_fetch()
        tale.keep(500)
        tale.keep(1000)
        tale.tell(e.FetchFailed(tale.job.claim, "damaged", "damaged"))
        file = tale.job.file("damaged")
        assert file
        assert file.failures == fault
    assert (tale.files(FileState.REFUSED), tale.state) == (["damaged"], State.WANTED)


def test_a_file_that_breaks_off_is_borne_with_as_long_as_more_of_it_comes():
    tale = ready("long")
    for part in range(1, 4 * POLICY.failures):
        tale.wait_and_fetch()
        tale.keep(part * 100 * MB)
        tale.tell(e.FetchFailed(tale.job.claim, "long", "media-broken-off"))
    tale.wait_and_fetch()
    tale.land()
    assert (tale.state, tale.attempts) == (State.ARCHIVED, 1)


# -- 9. a host that is not allowed -------------------------------------------------------------------------------------


def test_a_host_that_is_allowed_after_a_day_is_fetched_from_without_a_new_submission():
    tale = ready("clip")
    began = tale.at
    while tale.at < began + timedelta(days=1):
        tale.wait_and_fetch()
        tale.tell(e.Postponed("media-host-not-allowed", "example", claim=tale.job.claim, identity="clip"))
        assert (tale.state, tale.job.reason) == (State.READY, "media-host-not-allowed")
        tale.wait(1800)
    tale.wait_and_fetch()
    tale.land()
    assert (tale.state, tale.job.attempt) == (State.ARCHIVED, 1)


def test_a_host_that_is_never_allowed_ends_the_job_by_age_with_the_reason():
    tale = ready("clip")
    tale.fetch()
    tale.tell(e.Postponed("media-host-not-allowed", claim=1, identity="clip"))
    tale.wait(POLICY.give_up.total_seconds())
    assert (tale.state, tale.job.reason, tale.job.detail) == (
        State.FAILED,
        "gave-up",
        "media-host-not-allowed",
    )


def test_once_the_file_is_gone_too_a_new_submission_is_made():
    tale = ready("clip")
    tale.fetch()
    tale.tell(e.Postponed("media-host-not-allowed", claim=1, identity="clip"))
    for _ in range(2):
        tale.wait_and_fetch()
        tale.tell(e.DownloadGone(tale.job.claim, "clip"))
    assert tale.state == State.WANTED


def test_a_postponed_submission_does_not_hold_up_a_fetch():
    tale = told_until(State.SUBMITTING)
    tale.tell(e.AnswerLost(1))
    tale.wait(90)
    tale.claim()
    tale.tell(e.Prepared(1, (a_file(),)))
    tale.tell(e.Postponed("device-busy", attempt=2, asked=True, wait=timedelta(seconds=30)))
    assert (tale.state, tale.seconds_until_due()) == (State.READY, 0)
    assert (tale.attempts, tale.job.postponed, tale.job.unexplained) == (1, 0, (2,))


# -- 10. a large file in many slices -----------------------------------------------------------------------------------


def test_three_gigabytes_come_home_in_many_slices():
    tale = ready("large")
    for size in range(60 * MB, 3000 * MB, 60 * MB):
        assert isinstance(tale.fetch(), Moved)
        for kept in range(size - 40 * MB, size + 1, 20 * MB):
            tale.wait(80)
            tale.keep(kept)
        tale.tell(e.SliceOver(tale.job.claim, size))
        assert (tale.state, tale.seconds_until_due()) == (State.READY, 0)
    tale.fetch_and_land()
    assert (tale.state, tale.job.claim, tale.job.attempt) == (State.ARCHIVED, 50, 1)


def test_a_worker_that_dies_now_and_then_does_not_end_a_large_file():
    tale = ready("large")
    for size in range(100 * MB, 3000 * MB, 100 * MB):
        tale.wait_and_fetch()
        tale.wait(120)  # it died: the lease runs out
        assert (tale.state, tale.job.reason, tale.job.crashes) == (State.READY, "lease-over", 1)
        tale.wait_and_fetch()
        tale.tell(e.SliceOver(tale.job.claim, size))
    tale.fetch_and_land()
    assert tale.state == State.ARCHIVED


def test_kept_bytes_hold_the_claim():
    tale = told_until(State.FETCHING)
    for size in range(1, 40):
        tale.wait(119)
        tale.keep(size)
    assert (tale.state, tale.job.claim) == (State.FETCHING, 1)


def test_a_worker_that_outlived_its_lease_is_late():
    tale = told_until(State.FETCHING)
    tale.wait(120)
    tale.fetch()
    for word in (
        e.Kept(1, 10, tale.at),
        e.SliceOver(1, 10),
        e.FetchFailed(1, "clip", "media-stalled"),
        e.DownloadGone(1, "clip"),
        e.Postponed("media-host-away", claim=1, identity="clip"),
    ):
        assert isinstance(tale.tell(word), Late)
    assert (tale.state, tale.job.claim) == (State.FETCHING, 2)


def test_bytes_that_such_a_worker_landed_end_the_job_and_the_other_claim():
    tale = told_until(State.FETCHING)
    tale.wait(120)
    tale.fetch()
    tale.land("clip", claim=1)
    assert tale.state == State.ARCHIVED
    assert isinstance(tale.keep(10), Late)
    assert isinstance(tale.land("clip", claim=2), Late)
    assert len(tale.job.assets) == 1


def test_bytes_that_such_a_worker_landed_leave_the_claim_on_another_file_alone():
    tale = ready("one", "two")
    tale.fetch()
    tale.wait(120)
    tale.fetch()
    tale.tell(e.FetchFailed(2, "one", "media-stalled"))
    tale.fetch()
    assert (tale.job.fetching, tale.job.claim) == ("two", 3)
    tale.land("one", claim=1)
    assert (tale.state, tale.job.lease is None) == (State.FETCHING, False)
    tale.land("two")
    assert (tale.state, len(tale.job.assets)) == (State.ARCHIVED, 2)


# -- 11. gone ----------------------------------------------------------------------------------------------------------


def test_a_clip_that_is_gone_is_perhaps_not_ready_yet_and_then_asked_for_again():
    tale = told_until(State.FETCHING)
    tale.tell(e.DownloadGone(1, "clip"))
    assert (tale.state, tale.job.reason, tale.seconds_until_due()) == (State.READY, "not-ready-yet", 10)
    tale.wait_and_fetch()
    tale.tell(e.DownloadGone(2, "clip"))
    assert (tale.state, tale.job.reason, tale.files(FileState.GONE)) == (State.WANTED, "gone", ["clip"])
    assert tale.seconds_until_due() >= 10


def test_a_new_submission_that_brings_the_same_file_anew_is_fetched():
    tale = told_until(State.FETCHING)
    tale.tell(e.FetchFailed(1, "clip", "media-address-odd", final=True))
    assert tale.state == State.WANTED
    tale.wait(tale.seconds_until_due())
    tale.submit("second")
    tale.tell(e.Prepared(2, (a_file(),)))
    assert (tale.state, tale.files(FileState.OPEN)) == (State.READY, ["clip"])
    tale.fetch_and_land()
    assert (tale.state, tale.attempts) == (State.ARCHIVED, 2)


def test_a_new_submission_that_names_the_same_file_early_is_fetched_at_the_end():
    tale = told_until(State.FETCHING)
    tale.tell(e.FetchFailed(1, "clip", "media-address-odd", final=True))
    tale.wait(tale.seconds_until_due())
    tale.submit("second", a_file())
    tale.tell(e.StreamGone(2))
    assert (tale.state, tale.files(FileState.OPEN)) == (State.READY, ["clip"])


def test_a_file_that_was_there_in_between_is_not_gone_at_its_second_absence():
    tale = told_until(State.FETCHING)
    tale.tell(e.DownloadGone(1, "clip"))
    tale.wait_and_fetch()
    tale.keep(500)
    tale.tell(e.DownloadGone(2, "clip"))
    assert tale.state == State.READY
