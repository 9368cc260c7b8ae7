"""The simulated platform's files over HTTP."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, abort

from gleaner.sandbox.platform import Platform
from gleaner.sandbox.shelf import serve


def media_routes(routes: Blueprint, platform: Platform) -> None:
    """Add them to the platform's routes."""
    routes.add_url_rule("/media/<name>", "media", partial(_file, platform))


def _file(platform: Platform, name: str) -> Response:
    take = platform.shelf.find(name)
    if take is None:
        abort(404)
    return serve(take, platform.mischief.of(take.target))
