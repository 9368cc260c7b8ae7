"""A camera: one video channel, as the owner names it; known to one vendor or to several."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo


class Short(StrEnum):
    """What to do when less was delivered than was wanted."""

    ACCEPT = "accept"
    FLAG = "flag"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Camera:
    """`sections` holds, by vendor's name, what that vendor's folder read from the camera's section of its own."""

    name: str
    timezone: str = "Asia/Shanghai"
    short: Short = Short.FLAG
    retain_days: float = 0
    retain_gb: float = 0
    sections: Mapping[str, object] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """The owner's day and hours."""
        return ZoneInfo(self.timezone)
