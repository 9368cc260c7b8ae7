"""The sandbox's own routes, which no vendor has: throw switches, and look at what happened.

`GET /sandbox/state?last=N`, `POST /sandbox/switches` with {"switches": {name: value}, "device": optional},
`DELETE /sandbox/switches`, `GET /healthz`. Meant for loopback: they ask for no password.
"""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, jsonify, request

from gleaner.sandbox.mischief import Switches
from gleaner.sandbox.platform import Platform


def control_routes(platform: Platform) -> Blueprint:
    """The routes that steer one platform."""
    routes = Blueprint("control", __name__)

    @routes.get("/healthz")
    def alive() -> Response:
        return jsonify(ok=True)

    @routes.get("/sandbox/state")
    def state() -> Response:
        return jsonify(platform.state(request.args.get("last", 100, type=int)))

    @routes.get("/sandbox/switches")
    def switches() -> Response:
        return jsonify(defaults=asdict(Switches()), switches=platform.mischief.thrown())

    @routes.post("/sandbox/switches")
    def throw() -> Response:
        _throw(platform, request.get_json())
        return jsonify(switches=platform.mischief.thrown())

    @routes.delete("/sandbox/switches")
    def behave() -> Response:
        platform.mischief.behave()
        return jsonify(switches={})

    @routes.errorhandler(ValueError)
    def unfit(error: ValueError) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400

    return routes


def _throw(platform: Platform, wish: object) -> None:
    match wish:
        case {"switches": dict(values), "device": str(device)}:
            platform.throw(values, device)
        case {"switches": dict(values), **others} if not others:
            platform.throw(values)
        case _:
            raise ValueError('send {"switches": {name: value}, "device": optional}')
