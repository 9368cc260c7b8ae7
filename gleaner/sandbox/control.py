"""The sandbox's own routes, which no vendor has: throw switches, move the clock, add records, look at what happened.

`GET /sandbox/state?last=N`, `GET /healthz`; `POST /sandbox/switches` with {"switches": {name: value}, "device": optional,
"vendor": "sms" unless told "imou"}, `DELETE /sandbox/switches`; for the SMS platform "device" may also be a channel,
`device_unicode/channel`, or a camera's name; of the Imou cloud `GET` and `POST /sandbox/clock` with
{"offset": seconds} or {"at": "2026-11-20T12:00:00"}, and `POST /sandbox/records` with {"device", "channel", "package",
"day", "chapters": optional, "tags": optional}. Meant for loopback: they ask for no password.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from gleaner.sandbox.channels import DAYS
from gleaner.sandbox.cloud import Cloud
from gleaner.sandbox.cloud_mischief import CloudSwitches
from gleaner.sandbox.content import Addition
from gleaner.sandbox.platform import Platform
from gleaner.sandbox.switchboard import EVERY_DEVICE
from gleaner.sandbox.switches import Switches

_RECORDS = {"device": str, "channel": str, "package": str, "day": str, "chapters": int, "tags": list}


def control_routes(platform: Platform, cloud: Cloud) -> Blueprint:
    """The routes that steer both vendors."""
    routes = Blueprint("control", __name__)
    _common_routes(routes, platform, cloud)
    _switch_routes(routes, platform, cloud)
    _cloud_routes(routes, cloud)
    return routes


def _common_routes(routes: Blueprint, platform: Platform, cloud: Cloud) -> None:
    @routes.get("/healthz")
    def alive() -> Response:
        return jsonify(ok=True)

    @routes.get("/sandbox/state")
    def state() -> Response:
        last = request.args.get("last", 100, type=int)
        return jsonify(platform.state(last) | {"imou": cloud.state(last)})

    @routes.errorhandler(ValueError)
    def unfit(error: ValueError) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400


def _switch_routes(routes: Blueprint, platform: Platform, cloud: Cloud) -> None:
    @routes.get("/sandbox/switches")
    def switches() -> Response:
        defaults = {"defaults": asdict(Switches()), "imou_defaults": asdict(CloudSwitches())}
        return jsonify(defaults | _thrown(platform, cloud))

    @routes.post("/sandbox/switches")
    def throw() -> Response:
        _throw({"sms": platform.throw, "imou": cloud.throw}, request.get_json())
        return jsonify(_thrown(platform, cloud))

    @routes.delete("/sandbox/switches")
    def behave() -> Response:
        platform.mischief.behave()
        cloud.mischief.behave()
        return jsonify(_thrown(platform, cloud))


def _cloud_routes(routes: Blueprint, cloud: Cloud) -> None:
    @routes.get("/sandbox/clock")
    def clock() -> Response:
        return jsonify(cloud.state(0)["clock"])

    @routes.post("/sandbox/clock")
    def move() -> Response:
        _move(cloud, request.get_json())
        return jsonify(cloud.state(0)["clock"])

    @routes.post("/sandbox/records")
    def add() -> Response:
        return jsonify(made=cloud.add(_addition(request.get_json())))


def _thrown(platform: Platform, cloud: Cloud) -> dict[str, Any]:
    return {"switches": platform.mischief.thrown(), "imou": cloud.mischief.thrown()}


def _throw(vendors: Mapping[str, Callable[[Mapping[str, Any], str], None]], wish: object) -> None:
    match wish:
        case {"switches": dict(values), **others} if others.keys() <= {"device", "vendor"}:
            device, vendor = others.get("device", EVERY_DEVICE), others.get("vendor", "sms")
            if not isinstance(device, str) or not isinstance(vendor, str) or vendor not in vendors:
                raise ValueError(f"device is text, vendor is one of {', '.join(vendors)}")
            vendors[vendor](values, device)
        case _:
            raise ValueError('send {"switches": {name: value}, "device": optional, "vendor": optional}')


def _move(cloud: Cloud, wish: object) -> None:
    match wish:
        case {"offset": int(seconds) | float(seconds), **others} if not others:
            cloud.clock.shift(seconds)
        case {"at": str(text), **others} if not others:
            at = datetime.fromisoformat(text)
            cloud.clock.set(at if at.tzinfo else at.replace(tzinfo=cloud.zone))
        case _:
            raise ValueError(
                'send {"offset": seconds} or {"at": "2026-11-20T12:00:00"}, without a zone in the cloud\'s'
            )


def _addition(wish: object) -> Addition:
    if not isinstance(wish, dict) or not {"device", "day"} <= wish.keys() <= _RECORDS.keys():
        raise ValueError(f"send device and day, and of {', '.join(_RECORDS)} what you like")
    for name, value in wish.items():
        if type(value) is not _RECORDS[name]:
            raise ValueError(f"{name} is a {_RECORDS[name].__name__}")
    tags = tuple(str(tag) for tag in wish.get("tags", ()))
    return Addition(
        wish["device"],
        wish.get("channel", "0"),
        wish.get("package", DAYS),
        date.fromisoformat(wish["day"]),
        wish.get("chapters", 1),
        tags,
    )
