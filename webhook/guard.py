"""Pages are for sessions, and their forms for pages of ours. A stranger's look at a page leads to the log-in page."""

from flask import Response, make_response, redirect, request, url_for
from werkzeug.exceptions import Unauthorized

from webhook import auth, csrf

FRAGMENTS = "/fragments/"


def guard() -> Response | None:
    """What stands before every view of a page: None when the view may go on."""
    if not auth.logged_in():
        if request.method == "GET" and not request.path.startswith(FRAGMENTS):
            return make_response(redirect(url_for("dashboard.index"), 303))
        raise Unauthorized("log in first")
    if request.method == "POST":
        csrf.check()
    return None
