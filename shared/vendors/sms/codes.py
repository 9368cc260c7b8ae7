"""What the vendor's refusals mean. The vendor publishes no codes, so none is known here except success.

CONJECTURE: the words below are how comparable GB28181 platforms phrase their refusals, not this vendor's documentation.
They are looked for in `message`, first match wins; whatever is not recognised is `vendor-error`, which charges the job.
A wrong guess therefore costs a wait or an attempt, with one exception that is phrased narrowly: `no-footage` ends a job.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from shared.errors import AnswerUnknown, GleanerError, Gone, Nothing, Transient, Whose
from shared.vendors.reading import plain
from shared.vendors.sms.schemas import Answer

DETAIL_LENGTH = 200
AUTH_STATUS = frozenset({401, 403})
AWAY_STATUS = frozenset({429, 502, 503})
CUT_OFF_STATUS = 504  # a gateway gave up waiting: the platform behind it may have taken the request
ABSENT_STATUS = frozenset({404, 405})
REMEDIES = {"vendor-auth": "check SMS_TOKEN, SMS_TENANT_ID and SMS_LINKER_SIGN: "}


@dataclass(frozen=True, slots=True)
class Meaning:
    """A reason code, whom it holds up (None: nobody, it is the end), and the words by which it is recognised."""

    code: str
    whose: Whose | None
    words: re.Pattern[str]

    def error(self, detail: str) -> GleanerError:
        """The error to raise; what the operator can do about it comes before what the vendor said."""
        detail = REMEDIES.get(self.code, "") + detail
        if self.whose is None:
            return Nothing(self.code, detail)
        return Transient(self.code, detail, whose=self.whose, answered=self.whose != Whose.VENDOR)


def _meaning(code: str, whose: Whose | None, words: str) -> Meaning:
    # ASCII, so that \b divides Latin from Chinese letters
    return Meaning(code, whose, re.compile(words, re.IGNORECASE | re.ASCII))


AWAY = _meaning(
    "vendor-away",
    Whose.VENDOR,
    r"too many requests|rate limit|限流|(系统|服务|服务器)繁忙|\b(system|server) (is )?busy",
)
AUTH = _meaning(
    "vendor-auth",
    Whose.VENDOR,
    r"\btoken\b|\bsignature\b|linker-sign|\bunauthori[sz]ed\b|签名|鉴权|未登录|租户",
)
_EDGE = r"[\s.,:;!。，：；！]*"
_WHEN = r"( (in|for|within) (the|this|that) (time )?(window|period|range|span))?"
MEANINGS = (
    AWAY,
    AUTH,
    _meaning("device-offline", Whose.CAMERA, r"\boff-?line\b|\bnot (online|registered)\b|离线|不在线|未上线|掉线"),
    _meaning("device-busy", Whose.CAMERA, r"\b486\b|\bbusy\b|忙|占用|正在下载"),
    _meaning("no-footage", None, rf"^{_EDGE}no (such )?(recordings?|footage|video files?)( found)?{_WHEN}{_EDGE}$"),
    _meaning("no-footage", None, rf"^{_EDGE}(该时间?段内?)?(无|没有|未找到|未查询到)(历史|回放)?录像(文件|记录)?{_EDGE}$"),
    _meaning("no-footage", None, rf"^{_EDGE}(历史|回放)?录像(文件|记录)?不存在{_EDGE}$"),
)  # fmt: skip


def failure(answer: Answer, secrets: Iterable[str] = ()) -> GleanerError:
    """The error for an answer that is not a yes. The detail holds no address, no control character and no secret."""
    answer = replace(answer, message=plain(answer.message, secrets))
    detail = plain(answer.summary)[:DETAIL_LENGTH]
    if answer.status in AUTH_STATUS:
        return AUTH.error(detail)
    if answer.status in AWAY_STATUS:
        return AWAY.error(detail)
    if answer.status == CUT_OFF_STATUS:
        return AnswerUnknown("answer-lost", detail)
    if answer.refused and (meaning := _recognised(answer.message)):
        return meaning.error(detail)
    if answer.code is None and answer.status < 300:
        return Transient("vendor-unreadable", detail)
    answered = answer.refused and answer.status < 500
    return Transient("vendor-error", detail, whose=_whose(answer.status), answered=answered)


def ask_failure(answer: Answer, secrets: Iterable[str] = ()) -> GleanerError:
    """The same for an ask: a refusal is about the stream, which has ended or died, unless it is about the vendor."""
    error = failure(answer, secrets)
    if answer.code is None and answer.status in ABSENT_STATUS:
        return Transient("ask-unsupported", error.detail)
    if answer.refused and answer.status < 500 and error.code not in (AUTH.code, AWAY.code):
        return Gone("stream-gone", error.detail)
    return error


def _recognised(message: str) -> Meaning | None:
    return next((meaning for meaning in MEANINGS if meaning.words.search(message)), None)


def _whose(status: int) -> Whose:
    """A redirect or a missing endpoint meets every job alike: the address is wrong, so no job is charged for it."""
    return Whose.VENDOR if 300 <= status < 400 or status in ABSENT_STATUS else Whose.JOB
