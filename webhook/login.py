"""Logging in with a token or with a link that works once, and logging out."""

from datetime import timedelta

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.exceptions import Unauthorized

from shared.signing import read_login_link
from webhook import auth, csrf
from webhook.parts import services
from webhook.throttle import count_bad_try, refuse_after

BAD_TRIES = 10  # a minute
_USED_FOR = timedelta(days=1)  # beyond its own end, whatever the clocks

login = Blueprint("login", __name__)


@login.post("/login")
def log_in() -> Response:
    """Open a session with a token; a bad one shows the page again."""
    csrf.check()
    refuse_after("login", BAD_TRIES)
    token = request.form.get("token", "").strip()
    if not auth.is_admin_token(token):
        count_bad_try("login", BAD_TRIES)
        return make_response(render_template("login.html", error="This token is not known here."), 401)
    auth.open_session(token)
    return _home()


@login.post("/logout")
def log_out() -> Response:
    """Close the session."""
    csrf.check()
    auth.close_session()
    return _home()


@login.route("/login/<link>", methods=["GET"])
def log_in_by_link(link: str) -> Response:
    """Open a session, once; to look at the link's head alone does not use it up."""
    refuse_after("login", BAD_TRIES)
    if request.method == "GET" and not auth.logged_in():
        if not _use(link):
            count_bad_try("login", BAD_TRIES)
            raise Unauthorized(
                "this link has been used, or is too old; ask for another one, or log in with a token"
            )
        auth.open_session(services().admin_tokens[0])
    return _home()


def _use(link: str) -> bool:
    found = read_login_link(services().keys, link, services().jobs.now())
    if found is None:
        return False
    serial, end = found
    life = end - services().jobs.now() + _USED_FOR
    return services().memory.swap(f"login-link:{serial}", None, "used", life)


def _home() -> Response:
    return make_response(redirect("/", 303))
