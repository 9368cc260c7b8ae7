"""Our errors, and everybody else's, in one shape: `application/problem+json` with a stable `code`.

The only handling of errors around the views. What nobody foresaw is logged, and answered without a word about its inside.
The pages, asked by a browser, get the same as a page.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, json, make_response, render_template, request
from gunicorn.http.errors import NoMoreData, ParseException
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException

from shared.errors import Conflict, GleanerError, Invalid, NotFound, Transient

RETRY_AFTER = "2"  # seconds
PROBLEM, PAGE = "application/problem+json", "text/html"
PAGES = ("dashboard", "login", "records")
STATUS = {Invalid: 422, NotFound: 404, Conflict: 409, Transient: 503}
CODES = {
    400: "malformed",
    401: "unauthorised",
    403: "forbidden",
    404: "unknown-route",
    405: "wrong-method",
    413: "too-large",
    415: "wrong-content-type",
    416: "range-not-satisfiable",
    429: "too-many-tries",
}

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Answer every error of every view."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(ValidationError, _unfit)
    app.register_error_handler(GleanerError, _ours)
    for broken in (ParseException, NoMoreData):
        app.register_error_handler(broken, _broken)
    app.register_error_handler(Exception, _unforeseen)


def problem(status: int, code: str, detail: str = "", **more: object) -> Response:
    """A problem in the one shape, or as a page where a page was asked for."""
    title = HTTPStatus(status).phrase
    if request.blueprint in PAGES and request.accept_mimetypes.best_match((PROBLEM, PAGE)) == PAGE:
        return make_response(render_template("problem.html", title=title, detail=detail), status)
    body = {"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail, **more}
    return Response(json.dumps(body), status, content_type=PROBLEM)


def by_field(error: Exception) -> dict[str, list[str]]:
    """What is wrong, by the name of the field, as far as the error names one."""
    if isinstance(error, ValidationError):
        return {str(field): _flat(messages) for field, messages in error.messages_dict.items()}
    if isinstance(error, Invalid) and error.field:
        return {error.field: [error.detail]}
    return {}


def _flat(messages: Any) -> list[str]:
    """The messages of a tree of them."""
    if isinstance(messages, Mapping):
        messages = [text for below in messages.values() for text in _flat(below)]
    return list(dict.fromkeys(messages)) if isinstance(messages, list) else [str(messages)]


def _http(error: HTTPException) -> Response:
    answer = error.get_response()
    if answer.status_code < 400:
        return Response(answer.get_data(), answer.status_code, answer.headers)
    status = answer.status_code
    found = problem(status, CODES.get(status, f"http-{status}"), error.description or "")
    for name in ("Allow", "Content-Range", "Retry-After", "WWW-Authenticate"):
        if name in answer.headers:
            found.headers[name] = answer.headers[name]
    return found


def _unfit(error: ValidationError) -> Response:
    return problem(422, "invalid-input", "some fields cannot be read", errors=by_field(error))


def _ours(error: GleanerError) -> Response:
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)
    if status >= 500:
        fields = {"code": error.code, "detail": error.detail, "view": request.endpoint}
        log.warning("a request could not be served", extra=fields)
    errors = by_field(error)
    answer = problem(status, error.code, error.detail, **({"errors": errors} if errors else {}))
    if status == 503:
        answer.headers["Retry-After"] = RETRY_AFTER
    return answer


def _broken(_: Exception) -> Response:
    """The server met the fault of a body, in its chunks, only while the view read it."""
    return problem(400, "malformed", "the body of the request is broken")


def _unforeseen(error: Exception) -> Response:
    log.error("a view failed", exc_info=error, extra={"view": request.endpoint})
    return problem(500, "internal", "something went wrong here; the log tells more")
