"""The settings of this vendor. None of them has to be set for the rest to start; without an address, jobs wait."""

import shlex
from dataclasses import dataclass
from datetime import timedelta

from shared.settings import http_url, one_of, pause, positive, setting, zone
from shared.vendors.sms.addresses import web_address

COMMAND = "command:"


def base_address(text: str) -> str:
    """An http or https address to which the paths of the vendor's pages can be added; empty stays empty."""
    return http_url(web_address(text)) if text else ""


def header_value(text: str) -> str:
    """Text that can travel as an HTTP header. The error does not repeat it: it may be a secret."""
    if not (text.isascii() and text.isprintable()):
        raise ValueError("must be printable ASCII, on one line")
    return text.strip()


def sign_value(text: str) -> str:
    """The header's value itself, or a command line that can be taken apart."""
    text = header_value(text)
    if text.startswith(COMMAND) and not shlex.split(text.removeprefix(COMMAND)):
        raise ValueError(f"{COMMAND} names no command")
    return text


@dataclass(frozen=True)
class SmsSettings:
    """The names of the three headers and their being optional are the vendor's download page's."""

    base_url: str = setting(
        "SMS_BASE_URL", "", "where the platform answers; its pages name no host", base_address
    )
    timezone: str = setting("SMS_TIMEZONE", "Asia/Shanghai", "zone of the naive times on the wire", zone)
    tenant_id: str = setting("SMS_TENANT_ID", "", "header tenant-id; sent when set", header_value)
    token: str = setting("SMS_TOKEN", "", "header Token; sent when set", header_value, secret=True)
    linker_sign: str = setting(
        "SMS_LINKER_SIGN",
        "",
        "header linker-sign: a fixed value, or command:… that prints it",
        sign_value,
        secret=True,
    )
    progress: str = setting(
        "SMS_PROGRESS",
        "auto",
        "unit of downloadProgress: auto, fraction or percent",
        one_of("auto", "fraction", "percent"),
    )
    downloads: int = setting("SMS_DOWNLOADS", "16", "downloads at once on the platform", positive)
    submit_timeout: timedelta = setting("SUBMIT_TIMEOUT", "60", "how long a submit may take to answer", pause)
