"""How comparable platforms say no, in their own words and codes: what the switch `refuse_as` speaks.

The vendor's own table of codes is not public. The time-out, the ports that ran out, the log-in and the failure without a
reason are worded and numbered as in wvp-GB28181-pro (InviteErrorCode, ErrorCode) and ZLMediaKit (the pool of ports); busy
and offline are numbered as in SIP. Their wording, and that of a window without recordings, is a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Phrase = Literal[
    "no",
    "busy",
    "busy-zh",
    "offline",
    "offline-zh",
    "timeout",
    "timeout-zh",
    "no-ports",
    "no-ports-zh",
    "no-recording",
    "no-recording-zh",
    "auth",
    "auth-zh",
    "unknown",
    "unknown-zh",
]

SPOKEN: Mapping[str, tuple[str, str]] = {
    "busy": ("486", "Busy Here"),
    "busy-zh": ("486", "设备忙"),
    "offline": ("480", "device is offline"),
    "offline-zh": ("480", "设备不在线"),
    "timeout": ("-1", "Signaling timeout"),
    "timeout-zh": ("-1", "信令超时"),
    "no-ports": ("-3", "none reserved port in pool"),
    "no-ports-zh": ("-3", "资源耗尽"),
    "no-recording": ("404", "no recordings found"),
    "no-recording-zh": ("404", "该时间段内没有录像"),
    "auth": ("401", "Please log in and request again"),
    "auth-zh": ("401", "请登录后重新请求"),
    "unknown": ("100", "failed"),
    "unknown-zh": ("100", "失败"),
}
"""By phrase, the code and the message."""
