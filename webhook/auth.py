"""Who is asking: a bearer token, or a session that was opened with one. Secrets are compared in constant time.

A session names the token that opened it by a fingerprint, so that it ends when that token is no longer in force. Bearer
tokens are never slowed down: generated ones are too long to guess.
"""

import hashlib
from datetime import timedelta

from flask import Flask, request, session
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from shared.signing import SESSIONS, Keys, same_secret
from webhook.parts import services

LIFE = timedelta(hours=12)
_OPENED_BY = "opened-by"


class _Sessions(SecureCookieSessionInterface):
    """Flask's own, but a cookie follows the page it goes with: what came by https is never sent in the open.

    It is signed by the first of the keys that are in force, and all of them are believed.
    """

    _made: tuple[Keys, URLSafeTimedSerializer] | None = None

    def get_signing_serializer(self, _app: Flask) -> URLSafeTimedSerializer:
        """Made once for the keys that are in force."""
        keys = services().keys
        if self._made is None or self._made[0] is not keys:
            oldest_first = list(reversed(keys.derived(SESSIONS)))  # as the library wants them
            options = {"key_derivation": self.key_derivation, "digest_method": self.digest_method}
            made = URLSafeTimedSerializer(
                oldest_first, salt=self.salt, serializer=self.serializer, signer_kwargs=options
            )
            self._made = keys, made
        return self._made[1]

    def get_cookie_secure(self, _app: Flask) -> bool:
        return request.is_secure


def configure(app: Flask) -> None:
    """Sessions in a signed cookie that no script and no other site sees, and no open network where the page is https."""
    app.session_interface = _Sessions()
    app.config.update(
        SESSION_COOKIE_NAME="gleaner",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=LIFE,
    )


def require_bearer() -> None:
    """Unauthorized unless the request bears an admin token."""
    if not _bears_token():
        challenge = WWWAuthenticate("bearer", {"realm": "gleaner"})
        raise Unauthorized("a bearer token is needed: Authorization: Bearer …", www_authenticate=challenge)


def require_bearer_or_session() -> None:
    """Unauthorized unless the request bears an admin token or comes with a session."""
    if not logged_in():
        require_bearer()


def is_admin_token(token: str) -> bool:
    """Whether it is one of the tokens in force."""
    known = [same_secret(token, each) for each in services().admin_tokens]
    return any(known)


def open_session(token: str) -> None:
    """Log in for LIFE, with nothing left over from before."""
    session.clear()
    session.permanent = True
    session[_OPENED_BY] = _fingerprint(token)


def close_session() -> None:
    """Log out."""
    session.clear()


def logged_in() -> bool:
    """Whether the request comes with a session whose token is still in force."""
    opened_by = str(session.get(_OPENED_BY, ""))
    known = [same_secret(opened_by, _fingerprint(each)) for each in services().admin_tokens]
    return any(known)


def _bears_token() -> bool:
    given = request.authorization
    return given is not None and given.type == "bearer" and is_admin_token(given.token or "")


def _fingerprint(token: str) -> str:
    return hashlib.sha256(f"{SESSIONS}/{token}".encode()).hexdigest()[:32]
