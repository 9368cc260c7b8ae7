"""The simulated Imou cloud over HTTP: its methods, the addresses of pictures, and what can happen to a connection.

Every answer of a method is HTTP 200 with `result` and the request's `id`; "0" is success. Requests without a sound body
are answered in the same way, with an empty id.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Blueprint, Response, abort, request

from gleaner.sandbox.cloud import Cloud
from gleaner.sandbox.cloud_mischief import Plot
from gleaner.sandbox.cloud_witness import Call, Fetched
from gleaner.sandbox.envelope import Fault, read_body
from gleaner.sandbox.pictures import read_name, serve
from gleaner.sandbox.shelf import LOGIN_PAGE
from gleaner.sandbox.spelling import extended
from gleaner.sandbox.switchboard import EVERY_DEVICE
from gleaner.sandbox.wire import hang_up

SUCCESS = {"code": "0", "msg": "操作成功"}


def imou_routes(cloud: Cloud) -> Blueprint:
    """The routes of one cloud, for the root of an app."""
    routes = Blueprint("imou", __name__)
    routes.add_url_rule("/openapi/<method>", "method", partial(_method, cloud), methods=["POST"])
    routes.add_url_rule("/thumbs/<name>", "picture", partial(_picture, cloud))
    return routes


def _method(cloud: Cloud, method: str) -> Response:
    body = read_body(request.get_data())
    named = _text(_part(body, "params"), "deviceId")
    plot = cloud.mischief.plot(named if named in cloud.devices else EVERY_DEVICE)
    if plot.reply not in ("no", "slow"):
        cloud.witness.call(_call(cloud, method, body, plot.reply, 0))
        return _garbled(plot)
    if plot.reply == "slow":
        time.sleep(plot.slow)
    result = _result(cloud, method, body, plot)
    rows = len(result.get("data", {}).get("records", ()))
    cloud.witness.call(_call(cloud, method, body, result["code"], rows))
    whole = {"id": _text(body, "id"), "result": result}
    return _json(extended(whole) if cloud.mischief.of().extra_fields else whole)


def _result(cloud: Cloud, method: str, body: Any, plot: Plot) -> dict[str, Any]:
    try:
        data = cloud.answer(method, request.mimetype, body, request.host_url.rstrip("/"), plot.code)
    except Fault as fault:
        return {"code": fault.code, "msg": fault.message}
    return {"data": data, **SUCCESS}


def _garbled(plot: Plot) -> Response:
    if plot.reply == "hang-up":
        return hang_up()
    if plot.reply == "empty":
        return Response()
    return Response(LOGIN_PAGE, 502 if plot.reply == "502" else 200, mimetype="text/html")


def _picture(cloud: Cloud, name: str) -> Response:
    picture = read_name(name)
    if picture is None:
        abort(404)
    trouble = cloud.mischief.of(cloud.content.device_of(picture.record_id)).picture
    now = cloud.clock.now()
    status = cloud.addresses.check(picture, request.args, now, expired=trouble == "expired")
    response = (
        serve(picture, trouble) if status == 200 else Response("denied\n", status, mimetype="text/plain")
    )
    cloud.witness.fetch(
        Fetched(now.isoformat(), str(picture.record_id), picture.revision, response.status_code)
    )
    return response


def _call(cloud: Cloud, method: str, body: Any, code: str, rows: int) -> Call:
    params = _part(body, "params")
    return Call(
        at=cloud.clock.now().isoformat(),
        method=method,
        id=_text(body, "id"),
        nonce=_text(_part(body, "system"), "nonce"),
        code=code,
        device=_text(params, "deviceId"),
        channel=_text(params, "channelId"),
        package=_text(params, "packageType"),
        begin=_text(params, "beginTime"),
        end=_text(params, "endTime"),
        cursor=_text(params, "recordId"),
        rows=rows,
    )


def _part(body: Any, name: str) -> Any:
    return body.get(name) if isinstance(body, dict) else None


def _text(fields: Any, name: str) -> str:
    value = _part(fields, name)
    return value if isinstance(value, str) else ""


def _json(whole: Mapping[str, Any]) -> Response:
    return Response(json.dumps(whole, ensure_ascii=False), mimetype="application/json")
