"""How much room a job will need: nothing but an estimate, made of what vendor and host have said, and never believed too far.

The host that holds a file knows best. Until it has been asked, the vendor's answer to the submission counts, up to what
footage can come to; where nobody has said anything, nothing counts but the bytes as they come.
"""

from shared.domain.job import File, Job

FASTEST = 4_000_000  # bytes a second, a guess: no camera sends more, so a larger size is a slip of its teller


def most(job: Job) -> int:
    """What a job's footage can come to at most, in bytes."""
    return int(job.window.length.total_seconds() * FASTEST)


def expected(job: Job, file: File | None = None) -> int:
    """Bytes that a file of a job, or else its next attempt, will have; 0 when nobody knows."""
    if file is not None and file.total:
        return file.total
    known = job.current if job.current and (file is None or file.attempt == job.current.number) else None
    return known.size if known else 0
