"""Where an answer leads on to: one address, read strictly. Whether anybody may go there is for the guard to say.

RFC 9110, 15.4: these five statuses name another address in `Location`, which may be relative to the one that was asked.
"""

import re
from urllib.parse import urljoin

import requests

from shared.adapters.media_target import Target
from shared.errors import Transient

STATUSES = frozenset({301, 302, 303, 307, 308})
LONGEST = 2048  # characters of a Location, as for an address that a vendor names
PLAIN = re.compile(r"[!-\[\]-~]*")  # printable ASCII without blanks; a backslash is a slash to some readers


def led_on(target: Target, answer: requests.Response) -> str:
    """The address that an answer names. Transient `media-redirected` when it is not plain, or leads from https to http."""
    named: list[str] = answer.raw.headers.getlist("Location")
    if len(named) != 1 or len(named[0]) > LONGEST or not PLAIN.fullmatch(named[0]):
        raise led_astray(target, "to no plain address")
    try:
        address = urljoin(target.url, named[0])
    except ValueError:
        raise led_astray(target, "to no plain address") from None
    if target.scheme == "https" and not address.lower().startswith("https:"):
        raise led_astray(target, "out of https")
    return address


def led_astray(target: Target, where: str) -> Transient:
    """Charged to the file: a host that does so every time is left in the end."""
    return Transient("media-redirected", f"{target.place} leads {where}")
