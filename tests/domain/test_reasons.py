"""In one sentence: why a job is not archived yet, or what became of it."""

from dataclasses import replace

import pytest

from shared.domain.job import File, FileState, Lease, State
from shared.domain.reasons import sentence, why, words
from tests.builders import NOON, a_job

OPEN = tuple(File(name, "http://media.example/", 1, FileState.OPEN) for name in "ab")


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (a_job(), "Waiting for its turn to ask the vendor."),
        (a_job(on_hold=True), "On hold until somebody releases it."),
        (
            a_job(reason="device-offline"),
            "Waiting to ask the vendor again: the device is not connected to the vendor.",
        ),
        (a_job(state=State.SUBMITTING, lease=Lease("me", NOON)), "The vendor is being asked right now."),
        (
            a_job(state=State.SUBMITTING, reason="submit-unknown"),
            "Waiting for the vendor's first word: the vendor was asked and its answer is not known.",
        ),
        (a_job(state=State.READY, files=OPEN[:1]), "The file waits to be fetched."),
        (
            a_job(state=State.READY, files=OPEN, reason="no-space"),
            "2 files wait to be fetched: the archive has no room beyond the reserve and what running fetches still need.",
        ),
        (a_job(state=State.FETCHING), "The file is being fetched."),
        (a_job(state=State.FETCHING, kept=12_340_000), "The file is being fetched, 12.3 MB so far."),
        (a_job(state=State.ARCHIVED), "Archived."),
        (a_job(state=State.ARCHIVED, reason="short"), "Archived, but less was delivered than was wanted."),
        (
            a_job(state=State.EMPTY, reason="no-footage"),
            "Nothing to get: the vendor has no footage of this window.",
        ),
        (a_job(state=State.FAILED, reason="crashed"), "Given up: the worker died at it too often."),
        (
            a_job(state=State.FAILED, reason="gave-up", detail="no-space"),
            "Given up: it waited for as long as jobs may, and the archive has no room beyond the reserve and what running fetches still need.",
        ),
        (a_job(state=State.FAILED, reason="gave-up"), "Given up: it waited for as long as jobs may."),
        (a_job(state=State.CANCELLED, reason="cancelled"), "Cancelled: an operator no longer wants it."),
    ],
)
def test_a_job_says_in_one_sentence_how_it_stands(job, said):
    assert why(job) == said


def test_a_running_download_says_how_far_it_is():
    job = replace(a_job(), state=State.PREPARING)
    assert why(job) == "The vendor is preparing the footage, and does not say how far it is."
    assert why(replace(job, progress=0.5)) == "The vendor is preparing the footage, 50% so far."
    assert why(replace(job, finalising_since=NOON)) == (
        "The download is over, and the vendor has yet to name the file."
    )


@pytest.mark.parametrize("state", State)
def test_no_job_is_without_words(state):
    for reason in (None, "device-busy", "from-the-future"):
        assert why(replace(a_job(reason=reason), state=state)).endswith(".")


def test_a_code_that_is_not_listed_stands_for_itself():
    assert words("from-the-future") == "from the future"
    assert sentence("from-the-future") == "From the future."
    assert sentence(None) == ""
