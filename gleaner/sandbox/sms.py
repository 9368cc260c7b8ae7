"""The simulated platform over HTTP: the routes of the vendor's pages that are about playback.

Every answer is HTTP 200 with `code`, `message` and `data`; "0" is success. Where a page is cut off (the data of a progress
query, of the control, of the list of recordings), what is answered here is a guess, and so marked.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from flask import Blueprint, Response, g, jsonify, request

from gleaner.sandbox.download import Download
from gleaner.sandbox.forms import CONTROL, DOWNLOAD, PROGRESS, Code, Form, Refusal, parse, read_order
from gleaner.sandbox.media import media_routes
from gleaner.sandbox.platform import Platform
from gleaner.sandbox.recordings import Recording, read_inquiry
from gleaner.sandbox.reports import PROGRESS_FIELD
from gleaner.sandbox.switchboard import part_of
from gleaner.sandbox.switches import Switches
from gleaner.sandbox.wire import hang_up
from gleaner.sandbox.witness import Seen

DOWNLOAD_PATH = "/api/smsload/playback/v1/download"
PROGRESS_PATH = "/api/smsload/playback/v1/queryDownloadProgress"
CONTROL_PATH = "/api/smsload/playback/v1/control"
LIST_PATH = "/api/iot/device/playback/v1/list"
TEARDOWN = "3"
LONG = 600.0
_SIGN = "linker-sign"
_NOTED_HEADERS = ("Content-Type", "User-Agent", "Range", "If-Range", "tenant-id", "Token", _SIGN)


def sms_routes(platform: Platform) -> Blueprint:
    """The routes of one platform, for the root of an app; requests that find no route are noted, too."""
    routes = Blueprint("sms", __name__)
    views = {DOWNLOAD_PATH: _download, PROGRESS_PATH: _progress, CONTROL_PATH: _control, LIST_PATH: _list}
    for path, view in views.items():
        routes.add_url_rule(path, path, partial(view, platform), methods=["POST"])
    media_routes(routes, platform)
    routes.register_error_handler(Refusal, _refusal)

    @routes.before_request
    def stay_away() -> Response | None:
        switches = platform.mischief.of()
        if request.method == "POST" and switches.away == "no":
            _check_sign(switches.demand_sign)
        return _refused(switches.away)

    @routes.after_app_request
    def note(response: Response) -> Response:
        if request.blueprint in (routes.name, None):
            platform.witness.request(_seen(response))
        return response

    return routes


def _check_sign(demanded: str) -> None:
    if demanded and request.headers.get(_SIGN) != demanded:
        raise Refusal(Code.UNSIGNED, f"header {_SIGN} is missing, wrong or expired")


def _download(platform: Platform) -> Response:
    order = read_order(_fields(DOWNLOAD))
    switches = platform.mischief.of(order.target)
    g.null_data = switches.null_data
    if refused := _refused(switches.refuse):
        return refused
    started = platform.submit(order, request.host_url.rstrip("/"))
    if switches.callback_first:
        started.await_first_callback(LONG)
    platform.pause(switches.slow_submit)
    if switches.lose_answer:
        return _hang_up("accepted, but the answer was lost")
    return _answer(_accepted(started, switches))


def _accepted(started: Download, switches: Switches) -> dict[str, str]:
    whole = started.whole
    data = {
        "stream_id": started.stream_id,
        "playback_duration": f"{whole.seconds:.0f}",
        "playback_file_size": str(whole.size),
    }
    return {name: value for name, value in data.items() if name != "stream_id" or not switches.no_stream_id}


def _progress(platform: Platform) -> Response:
    stream_id = _fields(PROGRESS)["stream_id"]
    target = platform.target_of(stream_id)
    platform.witness.counted(platform.witness.asks, target.partition("/")[0])
    how = platform.mischief.of(target).query
    if spoilt := _spoilt(platform, how):
        return spoilt
    answer = platform.ask(stream_id).report.as_answer()
    if how == "gone":
        raise Refusal(Code.STREAM_GONE, "no such stream")
    kept = {"empty": (), "bare": (PROGRESS_FIELD,)}.get(how, tuple(answer))
    return _answer({name: answer[name] for name in kept})


def _control(platform: Platform) -> Response:
    fields = _fields(CONTROL)
    device, channel = fields["device_unicode"], fields["channel"]
    if fields["command"] != TEARDOWN:
        raise Refusal(Code.NOT_SIMULATED, "the sandbox only tears downloads down: command 3")
    platform.devices.known(device, channel)
    platform.witness.counted(platform.witness.teardowns, device)
    if spoilt := _spoilt(platform, platform.mischief.of(part_of(device, channel)).control):
        return spoilt
    platform.tear_down(device, channel, fields.get("platfrom_id", ""), fields["stream_id"])
    return _answer({})


def _list(platform: Platform) -> Response:
    g.body = parse(request.mimetype, request.get_data())
    inquiry = read_inquiry(g.body)
    platform.devices.known(inquiry.device_unicode, inquiry.channel)
    platform.witness.counted(platform.witness.lists, inquiry.device_unicode)
    how = platform.mischief.of(inquiry.target).recordings
    if spoilt := _spoilt(platform, how):
        return spoilt
    data = _listed(platform.recordings(inquiry), how)
    return _answer(data) if inquiry.ext is None else _answer(data, ext=inquiry.ext)


def _listed(found: list[Recording], how: str) -> object:
    if how == "unreadable":
        return {"segments": [f"{each.start}~{each.end}" for each in found]}
    items = [each.as_item() for each in found]
    return {"sum_num": len(items), "list": items[:-1] if how == "cut" else items}


def _spoilt(platform: Platform, how: str) -> Response | None:
    """What comes instead of an answer, if anything does."""
    if how == "refused":
        raise Refusal(Code.FAILED, "system error")
    if how == "hang":
        platform.pause(LONG)
        return _hang_up("left without an answer")
    return _refused({"missing": "404", "500": "500"}.get(how, "no"))


def _refusal(refusal: Refusal) -> Response:
    g.verdict = f"{refusal.code} {refusal.message}"
    return _enveloped(refusal.code, refusal.message, None)


def _answer(data: object, **beside: object) -> Response:
    return _enveloped("0", "", data, **beside)


def _enveloped(code: str, message: str, data: object, **beside: object) -> Response:
    null_data = g.get("null_data", "no")
    told = {} if null_data == "absent" else {"data": None if null_data == "null" else data}
    return jsonify(code=code, message=message, **told, **beside)


def _fields(form: Form) -> dict[str, str]:
    g.body = parse(request.mimetype, request.get_data())
    return form.read(g.body)


def _refused(how: str) -> Response | None:
    if how == "no":
        return None
    if how == "hang-up":
        return _hang_up("hung up on")
    return Response(f"{how}\n", int(how), mimetype="text/plain")


def _hang_up(verdict: str) -> Response:
    g.verdict = verdict
    return hang_up()


def _seen(response: Response) -> Seen:
    verdict = "ok" if response.status_code < 400 else f"HTTP {response.status_code}"
    return Seen(
        at=datetime.now(UTC).isoformat(),
        method=request.method,
        path=request.path,
        headers={name: request.headers[name] for name in _NOTED_HEADERS if name in request.headers},
        body=g.get("body"),
        verdict=g.get("verdict", verdict),
    )
