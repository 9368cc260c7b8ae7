"""What the vendor's refusals mean: one table. The vendor publishes no codes, so none is known here except success.

CONJECTURE: the codes are those of SIP, which comparable GB28181 platforms hand on; the words are how such platforms phrase
their refusals, in English and Chinese. Neither is this vendor's documentation. Words count before codes, because the same
code means different things on different platforms; the first row that fits wins. A wrong guess costs a wait or an attempt,
with one exception that is phrased narrowly and has no code: `no-footage` ends a job.
"""

import re
from dataclasses import dataclass

from shared.errors import GleanerError, Nothing, Transient, Whose


@dataclass(frozen=True, slots=True)
class Meaning:
    """A reason code, whom it holds up (None: nobody, it is the end), the vendor's codes for it, and its words."""

    code: str
    whose: Whose | None
    codes: frozenset[str]
    words: re.Pattern[str]

    def error(self, detail: str) -> GleanerError:
        """The error to raise."""
        if self.whose is None:
            return Nothing(self.code, detail)
        return Transient(self.code, detail, whose=self.whose, answered=self.whose != Whose.VENDOR)


def _meaning(code: str, whose: Whose | None, codes: tuple[str, ...], *words: str) -> Meaning:
    # ASCII, so that \b divides Latin from Chinese letters
    pattern = re.compile("|".join(words), re.IGNORECASE | re.ASCII)
    return Meaning(code, whose, frozenset(codes), pattern)


def _sip(status: str) -> str:
    """A SIP status in a sentence; not any number that happens to be the same."""
    label = r"(?:\b(?:sip|code|status|error|response)|错误码?|状态码?|响应码?|失败)"
    return rf"{label}[\s:：=(\[]{{0,3}}{status}\b|\b{status}(?= ?错误)"


_ID = r"""(?:[\s:：=\[("']{1,3}[\w.:-]{0,40}\d[\w.:-]{0,40}[\])"']?)?"""  # the vendor's id of the thing, if it is named
_DEVICE = rf"\b(?:device|channel|camera|nvr|ipc)\b{_ID}"
_DEVICE_ZH = rf"(?:设备|通道|摄像机|摄像头){_ID}\s?"
_MEDIA = rf"\bmedia ?(?:server|node|service)\b{_ID}"
_MEDIA_ZH = r"流?媒体(?:服务器?|节点)"
_SOME = r"[^\s,.;，。；]{0,8}"  # a few more characters of the same clause
_EDGE = r"[\s.,:;!。，：；！]*"
_WHEN = r"( (in|for|within) (the|this|that) (time )?(window|period|range|span))?"

AWAY = _meaning(
    "vendor-away", Whose.VENDOR, ("429",),
    r"too many requests|\brate limit|\b(?:system|server|service|platform) (?:is )?(?:too )?busy\b",
    r"限流|(?:系统|服务器?|平台|网络)繁?忙|请求(?:过于|太)频繁",
)  # fmt: skip
UNREADY = _meaning(
    "vendor-unready", Whose.VENDOR, (),
    r"(?<!device )\b(?:ports?|ssrcs?|resources?) (?:\w+ ){0,2}(?:exhausted|used up|unavailable|not available)\b",
    r"\bnone reserved port\b|\bno (?:more |available |free |idle ){1,2}(?:rtp |udp |tcp )?(?:ports?|ssrcs?|media)\b",
    rf"{_MEDIA} (?:is )?(?:not (?:ready|online|available|found|connected)|offline|unavailable|down)\b",
    rf"(?<!设备)资源已?耗尽|(?:端口|ssrc){_SOME}(?:耗尽|用尽|用完|不足|不可用|被占用|已占用)",
    rf"(?:没有|暂?无)(?:可用|空闲)的?(?:端口|ssrc|流?媒体|assist)|{_MEDIA_ZH}{_SOME}(?:未就绪|未启动|未连接|不可用|不在线|离线|异常)",
)  # fmt: skip
AUTH = _meaning(
    "vendor-auth", Whose.VENDOR, ("401",),
    r"(?<!unexpected )\btoken\b(?! bucket)|\blinker[-_ ]?sign\b|(?<!method )\bsignature\b|\bunauthori[sz]ed\b",
    r"\b(?:invalid|wrong|illegal|missing) sign\b|\bsign (?:error|invalid|expired)\b",
    r"签名|(?<!设备)鉴权|未登录|请(?:先|重新)?登录|(?:登录|会话)已?(?:超时|过期|失效)|租户",
)  # fmt: skip
MEANINGS = (
    AWAY,
    UNREADY,
    AUTH,
    _meaning(
        "device-offline", Whose.CAMERA, ("480",),
        rf"\boff-?line\b(?! (?:download|task|file|mode|licen[sc]e))|\bnot online\b|{_sip('480')}",
        rf"{_DEVICE} (?:is )?not (?:registered|connected)\b",
        rf"离线(?!下载|任务|文件|缓存|模式)|(?<!用户)不在线|未上线|掉线|{_DEVICE_ZH}未(?:注册|连接)",
    ),
    _meaning(
        "device-unknown", Whose.CAMERA, (),
        rf"\b(?:no such|unknown) (?:device|channel|camera)\b|{_DEVICE} (?:was |is |does |do )?(?:not found|not exist)\b",
        rf"{_DEVICE_ZH}(?:不存在|未找到|找不到)|(?:未|没有)找到(?:该|此|指定)?(?:设备|通道)|找不到(?:该|此|指定)?(?:设备|通道)",
    ),
    _meaning(
        "device-busy", Whose.CAMERA, ("486", "600"),
        rf"(?<!not )\bbusy\b(?!-)|{_sip('486')}|{_sip('600')}",
        rf"(?<!帮)忙|(?:设备|通道|线路)占用|(?:被|已|正在)占用|被{_SOME}占用|正在下载",
    ),
    _meaning(
        "device-silent", Whose.JOB, ("408",),
        rf"\b(?:sip|signal+ing|invite|stream|rtp|device|channel) (?:\w+ ){{0,2}}timed?[ -]?out\b|{_sip('408')}",
        r"\btimed?[ -]?out (?:\w+ ){1,3}(?:sip|stream|rtp|device|invite)\b|\bno (?:stream|rtp)(?: \w+)? (?:received|arrived)\b",
        rf"\bstream (?:\w+ )?(?:never|not) (?:arrived?|received)\b|{_DEVICE} (?:did |does |is )?not respond(?:ing)?\b",
        r"\bno response from (?:the )?(?:device|channel|camera)\b|\btime-?out or no response\b",
        rf"(?:信令|收流|取流|拉流|推流|点播|回放|{_DEVICE_ZH})(?:响应|应答|接收|请求)?超时|超时或无响应",
        rf"等待{_SOME}(?:流|设备|信令){_SOME}超时|{_DEVICE_ZH}(?:无|未|没有)(?:响应|应答)|(?:未|没有)(?:接收|收)到{_SOME}流",
    ),
    _meaning(
        "no-footage", None, (),
        rf"^{_EDGE}no (such )?(recordings?|footage|video files?)( found)?{_WHEN}{_EDGE}$",
        rf"^{_EDGE}(该时间?段内?)?(无|没有|未找到|未查询到)(历史|回放)?录像(文件|记录)?{_EDGE}$",
        rf"^{_EDGE}(历史|回放)?录像(文件|记录)?不存在{_EDGE}$",
    ),
)  # fmt: skip
VENDOR_WIDE = frozenset(meaning.code for meaning in MEANINGS if meaning.whose is Whose.VENDOR)


def meaning_of(code: str, message: str) -> Meaning | None:
    """What a refusal means, by its words, else by its code; None when neither is known."""
    by_words = (meaning for meaning in MEANINGS if meaning.words.search(message))
    by_code = (meaning for meaning in MEANINGS if code in meaning.codes)
    return next(by_words, None) or next(by_code, None)
