"""How the address of a file is told: after media servers whose addresses are signed, inside ones, or name it in a query.

The vendor's page shows no address. The one in a query is that of ZLMediaKit's `downloadFile`.
"""

from __future__ import annotations

import secrets
import time
from urllib.parse import quote, urlsplit

from gleaner.sandbox.accounts import FILE_TOKEN
from gleaner.sandbox.switches import Switches

MEDIA = "/media/"
MOVED = "/moved/"
AWAY = "/away/"
QUERY_PATH = "/index/api/downloadFile"
QUERY_FOLDER = "/opt/media/record/"
NOWHERE = "http://127.0.0.1:1/"
TOKEN_LIFE = 600
_OUTRIGHT = {"file": "file:///etc/passwd", "metadata": "http://169.254.169.254/latest/meta-data/"}
_REDIRECTS = {"redirect": MOVED, "redirect-away": AWAY}


def told(name: str, base: str, switches: Switches) -> str:
    """The address of the file of that name on a server whose own address is `base`; another one each time if signed."""
    if outright := _OUTRIGHT.get(switches.odd_address):
        return outright
    scheme, host = urlsplit(base)[:2]
    host = switches.inside_address or host
    if switches.odd_address == "userinfo":
        host = f"user:password@{host}"
    if redirect := _REDIRECTS.get(switches.odd_address):
        return f"{scheme}://{host}{redirect}{name}"
    return f"{scheme}://{host}{path(name, switches)}"


def path(name: str, switches: Switches) -> str:
    """Path and query of the file of that name on its server."""
    place, query = MEDIA + name, []
    if switches.address_query:
        place, query = QUERY_PATH, [f"file_path={quote(QUERY_FOLDER + name, safe='/')}"]
    if switches.sign_address:
        token = FILE_TOKEN + secrets.token_urlsafe(12)
        query += [f"token={token}", f"expires={int(time.time()) + TOKEN_LIFE}"]
    return place + ("?" + "&".join(query) if query else "")
