"""The simulated platform's files over HTTP: by path, by the query of one address, and behind redirects."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, abort, redirect, request
from werkzeug import Response as BaseResponse

from gleaner.sandbox.addresses import AWAY, MEDIA, MOVED, NOWHERE, QUERY_FOLDER, QUERY_PATH, path
from gleaner.sandbox.platform import Platform
from gleaner.sandbox.shelf import Take, serve


def media_routes(routes: Blueprint, platform: Platform) -> None:
    """Add them to the platform's routes."""
    views = {"media": (MEDIA, _file), "moved": (MOVED, _moved), "away": (AWAY, _away)}
    for endpoint, (prefix, view) in views.items():
        routes.add_url_rule(f"{prefix}<name>", endpoint, partial(view, platform))

    @routes.get(QUERY_PATH)
    def by_query() -> Response:
        wanted = request.args.get("file_path", "")
        if not wanted.startswith(QUERY_FOLDER):
            abort(404)
        return _file(platform, wanted.removeprefix(QUERY_FOLDER))


def _file(platform: Platform, name: str) -> Response:
    take = _take(platform, name)
    switches = platform.mischief.of(take.target)
    if switches.sign_address and not request.args.get("token"):
        abort(401)
    return serve(take, switches)


def _moved(platform: Platform, name: str) -> BaseResponse:
    take = _take(platform, name)
    return redirect(path(name, platform.mischief.of(take.target)))


def _away(platform: Platform, name: str) -> BaseResponse:
    _take(platform, name)
    return redirect(NOWHERE)


def _take(platform: Platform, name: str) -> Take:
    take = platform.shelf.find(name)
    if take is None:
        abort(404)
    return take
