"""The settings of this vendor. Without an application's id and secret nothing can be asked of it, and the rest starts."""

import hashlib
from dataclasses import dataclass

from shared.settings import http_url, one_of, positive, setting, zone
from shared.vendors.fetcher import NamedFetcher, fetcher_name
from shared.vendors.imou.signing import SCHEMES


def plain(text: str) -> str:
    """Text that can be one value. The error does not repeat it: it may be a secret."""
    text = text.strip()
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("must be printable ASCII without blanks")
    return text


def limit(text: str) -> int | None:
    """A number of calls, at least 1; empty or `none` is no limit."""
    return None if text.strip().lower() in ("", "none") else positive(text)


@dataclass(frozen=True)
class ImouSettings:
    """The address is that of the vendor's page on condensed records; the limits are ours."""

    base_url: str = setting(
        "IMOU_BASE_URL", "https://openapi.lechange.cn", "where the cloud answers", http_url
    )
    app_id: str = setting("IMOU_APP_ID", "", "the application, as the vendor's console names it", plain)
    app_secret: str = setting("IMOU_APP_SECRET", "", "what its requests are signed with", plain, secret=True)
    sign: str = setting("IMOU_SIGN", "md5", "how: md5 or hmac-sha256", one_of(*SCHEMES))
    timezone: str = setting("IMOU_TIMEZONE", "Asia/Shanghai", "zone of the naive times on the wire", zone)
    calls_per_day: int | None = setting(
        "IMOU_CALLS_PER_DAY", "none", "calls of one day at most, or none", limit
    )
    calls_per_month: int | None = setting(
        "IMOU_CALLS_PER_MONTH", "30000", "calls of one month at most, or none", limit
    )

    media_fetcher: str = setting(
        "IMOU_MEDIA_FETCHER", "", "what brings a record's video: package.module:function", fetcher_name
    )

    @property
    def account(self) -> str:
        """What stands for the application where its name would say too much."""
        return short_hash(self.app_id)


def lacks(settings: ImouSettings) -> str:
    """The names of the settings without which nothing can be asked, or nothing."""
    needed = {
        "IMOU_BASE_URL": settings.base_url,
        "IMOU_APP_ID": settings.app_id,
        "IMOU_APP_SECRET": settings.app_secret,
    }
    return " and ".join(name for name, value in needed.items() if not value)


def fetcher(settings: ImouSettings) -> NamedFetcher:
    """The owner's, if any."""
    return NamedFetcher(settings.media_fetcher, "IMOU_MEDIA_FETCHER")


def short_hash(*parts: str) -> str:
    """A name for these parts that does not give them away at a glance."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
