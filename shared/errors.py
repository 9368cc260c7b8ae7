"""Every error of ours is Transient (try again) or Final (do not), and carries a code word.

The code is at once the log field, the metric label, the job's reason and the API's `code`, so that one word can be
followed through the whole system. `detail` is a sentence for people and never holds a secret.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum


class Whose(StrEnum):
    """Whose trouble it is, and therefore who else has to wait."""

    JOB = "job"  # this job alone: it is charged
    CAMERA = "camera"  # the device of the job, and whoever else waits for it: nothing is charged
    VENDOR = "vendor"  # the vendor, or the media host, as a whole: nothing is charged


class GleanerError(Exception):
    """Base of all errors of ours; `code` is from the published list, `detail` is for people."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class Transient(GleanerError):
    """Worth another try.

    `asked`: the vendor has seen the request (it counts what it saw). `answered`: it gave an answer of its own, so it
    lives, whatever it said. `until`: no try before then can fare better, where that is known.
    """

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        whose: Whose = Whose.JOB,
        asked: bool = True,
        answered: bool = False,
        until: datetime | None = None,
    ) -> None:
        super().__init__(code, detail)
        self.whose = whose
        self.asked = asked
        self.answered = answered
        self.until = until


class AnswerUnknown(Transient):
    """The request was sent and the answer was lost: the vendor may or may not have taken it."""


class Gone(Transient):
    """What was asked for is not there (any more, or not yet): a stream, or a file behind an address."""


class Final(GleanerError):
    """Trying again would change nothing."""


class Nothing(Final):
    """The vendor has nothing for this: a recognised answer, with an empty list."""


class Refused(Final):
    """What came is not what was asked for: bytes that failed the check, an address outside the allow-list."""


class Invalid(Final):
    """Input of an operator or a vendor that cannot be read; `field` names the culprit when there is one."""

    def __init__(self, code: str, detail: str = "", *, field: str | None = None) -> None:
        super().__init__(code, detail)
        self.field = field


class NotFound(Final):
    """No such job, camera, asset or token."""


class Conflict(Final):
    """The request does not fit the state of the job; `detail` says why."""


class Misconfigured(Final):
    """A setting, the cameras file or the server behind a port is not fit to start with."""


@contextmanager
def one_line() -> Iterator[None]:
    """For the start of a process: what is misconfigured ends it, with exit code 1 and one line on standard error."""
    try:
        yield
    except Misconfigured as error:
        sys.exit(f"Error: {error.detail or error.code}")
