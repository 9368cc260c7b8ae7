"""The published list of reasons: every code that a job or its history can carry, and what it means in words.

A code is for programs and stays; the words are for people and may be improved. Each is a clause without a capital or a full
stop, so that it can stand in a sentence.
"""

import sys

from shared.domain.job import FileState, Job, State

REASONS = {
    # a job waits, and nothing is charged
    "camera-unknown": "the cameras file has no such camera, or no section of this vendor for it",
    "device-busy": "the device is busy with another download",
    "device-offline": "the device is not connected to the vendor",
    "device-unknown": "the vendor knows no such device or channel",
    "lease-over": "the worker that had it never came back, so another one takes over",
    "media-host-away": "the host that holds the file does not answer",
    "media-host-busy": "the host that holds the file asks for patience",
    "media-host-not-allowed": "the host that holds the file is not among those of MEDIA_ALLOW",
    "fetcher-missing": "no code of yours is set that could bring the video",
    "fetcher-unfit": "your code that should bring the video cannot be run",
    "flow-spent": "the flow, or the accesses, that the vendor allows for videos are used up",
    "no-space": "the archive has no room beyond the reserve and what running fetches still need",
    "not-listed-yet": "the window is so fresh that the vendor may only not have listed it yet",
    "not-ready-yet": "the file is not where the vendor said, perhaps not yet",
    "archive-foreign": "the archive's folder holds no archive, or another one, as when its disk is not mounted",
    "archive-unreadable": "the archive cannot be read",
    "check-unavailable": "this machine could not start the check of the file",
    "archive-unwritable": "the archive, or the folder for unfinished bytes, cannot be written",
    "request-unfit": "the request cannot be sent as it is: a setting holds something that no request may",
    "spool-busy": "another worker still holds the unfinished bytes",
    "vendor-auth": "the vendor does not accept our credentials",
    "vendor-away": "the vendor does not answer anybody at present",
    "vendor-unready": "the vendor has no room left to receive footage, or its media server is not ready",
    "quota-spent": "the calls that our own limit allows are used up",
    "vendor-quota": "the calls that the vendor allows are used up",
    # an attempt, or a file, came to nothing
    "answer-lost": "the vendor's answer was lost on its way",
    "answer-too-large": "the vendor's answer was too large to be one",
    "ask-unsupported": "the vendor cannot be asked how downloads stand",
    "deadline": "the download took far longer than its window lasts",
    "device-silent": "the device did not answer the vendor, or its stream never came",
    "fetcher-crashed": "the process in which your code should bring the video died",
    "fetcher-failed": "your code could not bring the video",
    "fetcher-refused": "your code says that the video is not to be had",
    "fetcher-too-slow": "your code took longer to bring the video than it may",
    "gone": "the vendor no longer has the file",
    "record-gone": "the vendor no longer lists the record, and its picture and its video went with it",
    "camera-refused": "the vendor does not list this camera as it is set up there",
    "vendor-refused": "the vendor says that it was asked wrongly",
    "listing-endless": "the vendor's listing of a day had no end",
    "listing-too-slow": "the vendor's listing of a day took too long",
    "media-address-odd": "the vendor named an address that cannot be followed",
    "media-broken-off": "the file's bytes broke off",
    "media-encoded": "the file came packed, which would change its bytes",
    "media-forbidden": "the host that holds the file does not let us in",
    "media-gone": "the file is not where the vendor said",
    "media-http-1xx": "the host that holds the file gave an odd answer",
    "media-http-2xx": "the host that holds the file gave an odd answer",
    "media-http-4xx": "the host that holds the file refused the request",
    "media-http-5xx": "the host that holds the file is in trouble",
    "media-not-resumable": "the host that holds the file names no version of it, so that a fetch cannot go on where it was, and it takes too long for one",
    "media-range-odd": "the host that holds the file sent other bytes than were asked for",
    "media-redirected": "the file's address leads on too far, in a circle, or to no plain address",
    "media-slow": "the file's bytes come too slowly for what they are",
    "media-stalled": "the file's bytes stopped coming",
    "no-file": "the download ended and no file ever came",
    "stream-gone": "the vendor no longer knows the download",
    "submit-unknown": "the vendor was asked and its answer is not known",
    "unanswered": "the vendor did not say how the download stands, time and again",
    "vendor-error": "the vendor refused, and did not say why in words that are known here",
    "vendor-unreadable": "the vendor's answer could not be read",
    # bytes were seen and refused
    "archive-conflict": "other bytes have landed in the same place of the archive",
    "archive-key": "the archive cannot name such an asset",
    "archive-mismatch": "the bytes are not those of their own description",
    "damaged": "the file's container contradicts itself",
    "holes": "the file has zeros where pictures should be",
    "not-media": "what came is no media file",
    "too-large": "what came is larger than any such file is",
    "sidecar-unreadable": "the description beside an archived file is damaged",
    "truncated": "the end of the file is missing",
    # bytes are kept, and not quite believed
    "check-crashed": "the check of the file broke down",
    "check-too-big": "the check of the file needed more memory than it may have",
    "check-too-slow": "the check of the file took longer than it may",
    "frames-damaged": "some frames do not decode",
    "frames-unreadable": "nothing here can decode the frames",
    "no-end-mark": "the file does not say where it ends, so nobody can tell whether it is all",
    "no-pictures": "the file has no pictures that move",
    "not-looked-into": "the picture is of a known kind into which nothing here looks, so that it may be cut",
    "perhaps-encrypted": "the picture is of no known kind, as an encrypted one would be",
    "trailing-bytes": "more follows behind the end of the file's container",
    "unknown-kind": "the file is of no kind that is known here",
    # the end
    "cancelled": "an operator no longer wants it",
    "crashed": "the worker died at it too often",
    "gave-up": "it waited for as long as jobs may",
    "no-footage": "the vendor has no footage of this window",
    "not-recorded": "the device has not recorded all of the window, and what it has is here",
    "short": "less was delivered than was wanted",
    "time-ambiguous": "the window touches an hour that a change of clocks repeats, which the vendor cannot tell apart",
    # news that changed nothing
    "judged": "the window had been judged already",
    "known": "that was known already",
    "not-due": "it was not time yet",
    "not-needed": "the job does not need that in the state that it is in",
    "not-on-hold": "the job is not on hold",
    "not-owed": "that was not owed any more",
    "on-hold": "the job is on hold",
    "past-deadline": "the attempt is past its deadline",
    "replaced": "a later attempt has taken its place",
    "landed": "the same footage has landed, by another attempt",
    "seen": "the same file had been named before",
    "waits-for-harvest": "the next harvest brings its address",
    # how a withdrawal, or a wish for what is missing, went
    "camera-without-playback": "the camera has no section of a vendor that can be asked for its footage",
    "nobody-to-tell": "there is nobody who could be told",
    "store-away": "what remembers the jobs did not answer",
    "store-contended": "too many changed the same job at once",
    "stream-id-reused": "the vendor has given the same handle to another download",
    "wish-in-flux": "the job for it was being dropped at that very moment",
    "withdrawn": "the vendor was told",
}


def words(code: str | None) -> str:
    """What a reason means, as a clause; a code that is not listed stands for itself, and no code is no words."""
    return REASONS.get(code, code.replace("-", " ")) if code else ""


def sentence(code: str | None) -> str:
    """What a reason means, as a sentence."""
    said = words(code)
    return f"{said[0].upper()}{said[1:]}." if said else ""


def why(job: Job) -> str:
    """In one sentence: why the job is not archived yet, or what became of it."""
    stand = _ENDS[job.state](job) if job.state in _ENDS else _live(job)
    return f"{stand}."


def _live(job: Job) -> str:
    stand = "On hold until somebody releases it" if job.on_hold else _STANDS[job.state](job)
    return f"{stand}: {words(job.reason)}" if job.reason else stand


def _wanted(job: Job) -> str:
    return "Waiting to ask the vendor again" if job.reason else "Waiting for its turn to ask the vendor"


def _submitting(job: Job) -> str:
    return "The vendor is being asked right now" if job.lease else "Waiting for the vendor's first word"


def _preparing(job: Job) -> str:
    if job.finalising_since:
        return "The download is over, and the vendor has yet to name the file"
    if job.progress is None:
        return "The vendor is preparing the footage, and does not say how far it is"
    return f"The vendor is preparing the footage, {job.progress:.0%} so far"


def _ready(job: Job) -> str:
    files = len(job.files_in(FileState.OPEN))
    return f"{files} files wait to be fetched" if files > 1 else "The file waits to be fetched"


def _fetching(job: Job) -> str:
    return "The file is being fetched" + (f", {job.kept / 1e6:.1f} MB so far" if job.kept else "")


def _archived(job: Job) -> str:
    return f"Archived, but {words(job.reason)}" if job.reason else "Archived"


def _empty(job: Job) -> str:
    return f"Nothing to get: {words(job.reason or 'no-footage')}"


def _failed(job: Job) -> str:
    last = words(job.detail) if job.reason == "gave-up" else ""  # what it waited for
    return f"Given up: {words(job.reason)}{f', and {last}' if last else ''}"


def _cancelled(job: Job) -> str:
    return f"Cancelled: {words(job.reason or 'cancelled')}"


_STANDS = {
    State.WANTED: _wanted,
    State.SUBMITTING: _submitting,
    State.PREPARING: _preparing,
    State.READY: _ready,
    State.FETCHING: _fetching,
}
_ENDS = {State.ARCHIVED: _archived, State.EMPTY: _empty, State.FAILED: _failed, State.CANCELLED: _cancelled}


def listing() -> str:
    """The published list, as a page."""
    rows = [f"| `{code}` | {said} |" for code, said in sorted(REASONS.items())]
    head = "# Reasons\n\nEvery code that a job or its history can carry; drawn from `shared/domain/reasons.py` by `make docs`."
    return "\n".join([head, "", "| code | meaning |", "|---|---|", *rows, ""])


if __name__ == "__main__":
    sys.stdout.write(listing())
