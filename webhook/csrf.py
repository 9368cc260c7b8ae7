"""Forms are believed only when they are ours: the session's token inside, and no other site behind them.

`SameSite=Strict` already keeps other sites from using the session; these are the second and third lock.
"""

import secrets
from urllib.parse import urlsplit

from flask import request, session
from werkzeug.exceptions import Forbidden

from shared.signing import same_secret

FIELD = "csrf_token"


def csrf_token() -> str:
    """The session's token, for a hidden field of every form."""
    if FIELD not in session:
        session[FIELD] = secrets.token_urlsafe(16)
    return str(session[FIELD])


def check() -> None:
    """Forbidden unless the form was made by a page of this session, here."""
    expected = session.get(FIELD)
    if not _from_here() or not expected or not same_secret(request.form.get(FIELD, ""), str(expected)):
        raise Forbidden("this form is not from here, or too old; load the page again")


def _from_here() -> bool:
    """What the browser says; the older header counts only where the newer one is not sent, as over plain http.

    With our referrer policy some browsers say `null` for our own forms, too: that says nothing.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin", "null")
    return origin == "null" or urlsplit(origin).netloc == request.host
