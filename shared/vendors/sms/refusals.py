"""From an answer that is not a yes to the error to raise: by its HTTP status, by `codes.py`, or as what is not known.

What is not recognised is `vendor-error`, which charges the job.
"""

import re
from enum import StrEnum

from shared.errors import AnswerUnknown, GleanerError, Gone, Transient, Whose
from shared.vendors.sms.answers import Answer
from shared.vendors.sms.codes import AUTH, AWAY, VENDOR_WIDE, meaning_of

UNAUTHORISED = 401
AUTH_STATUS = frozenset({UNAUTHORISED, 403})
AWAY_STATUS = frozenset({429, 502, 503})
CUT_OFF_STATUS = 504  # a gateway gave up waiting: the platform behind it may have taken the request
ABSENT_STATUS = frozenset({404, 405})


class Signing(StrEnum):
    """Where the value of the header `linker-sign` comes from."""

    NOWHERE = "nowhere"
    SETTING = "setting"
    COMMAND = "command"


REMEDIES = {
    Signing.NOWHERE: "the platform demands a linker-sign, its algorithm is not public: set SMS_LINKER_SIGN to a value or "
    "command:…",
    Signing.SETTING: "the value of SMS_LINKER_SIGN was refused, as any is after five minutes: set it anew, or to a command:… "
    "that mints one",
    Signing.COMMAND: "the value that the command of SMS_LINKER_SIGN gave was refused; a new one is minted next time",
}
_SIGN = re.compile(r"linker|签名|\bsign(ature)?\b", re.IGNORECASE | re.ASCII)
_OTHERS = re.compile(r"\btoken\b|租户|\btenant\b", re.IGNORECASE | re.ASCII)


def failure(answer: Answer, signing: Signing = Signing.NOWHERE) -> GleanerError:
    """The error for an answer, which is taken to be no yes. What the operator can do about it comes before what the vendor said."""
    meaning = meaning_of(answer.code, answer.message) if answer.code and answer.refused else None
    if answer.status == CUT_OFF_STATUS:
        return AnswerUnknown("answer-lost", answer.said)
    if answer.status in AWAY_STATUS:
        return AWAY.error(answer.said)
    if answer.status in AUTH_STATUS or meaning is AUTH:
        return AUTH.error(f"{_remedy(answer, signing)}: {answer.said}")
    return meaning.error(answer.said) if meaning else _unknown(answer)


def ask_failure(answer: Answer, signing: Signing = Signing.NOWHERE) -> GleanerError:
    """The same for an ask: a refusal is about the stream, which has ended or died, unless it is about the vendor."""
    error = failure(answer, signing)
    if answer.code is None and answer.status in ABSENT_STATUS:
        return Transient("ask-unsupported", error.detail)
    if answer.refused and answer.status < 500 and error.code not in VENDOR_WIDE:
        return Gone("stream-gone", error.detail)
    return error


def denied(answer: Answer) -> bool:
    """Whether the platform answered that it does not accept our credentials; whatever was asked was not done."""
    return failure(answer).code == AUTH.code


def _unknown(answer: Answer) -> GleanerError:
    if answer.code is None and answer.status < 300:
        return Transient("vendor-unreadable", answer.said)
    answered = answer.refused and answer.status < 500
    return Transient("vendor-error", answer.said, whose=_whose(answer.status), answered=answered)


def _whose(status: int) -> Whose:
    """A redirect or a missing endpoint meets every job alike: the address is wrong, so no job is charged for it."""
    return Whose.VENDOR if 300 <= status < 400 or status in ABSENT_STATUS else Whose.JOB


def _remedy(answer: Answer, signing: Signing) -> str:
    """The signature is to blame when it is named, or when a 401 names nothing else."""
    names_nothing = answer.status == UNAUTHORISED or answer.code == str(UNAUTHORISED)
    if _SIGN.search(answer.message) or (names_nothing and not _OTHERS.search(answer.message)):
        return f"{REMEDIES[signing]} (and check SMS_TOKEN and SMS_TENANT_ID)"
    return "check SMS_TOKEN, SMS_TENANT_ID and SMS_LINKER_SIGN"
