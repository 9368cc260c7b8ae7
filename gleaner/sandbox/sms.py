"""The simulated platform over HTTP: the three playback routes of the vendor's pages, and the addresses of files.

Every answer of the playback routes is HTTP 200 with `code`, `message` and `data`; "0" is success. Where a page is cut
off (the data of a progress query, that of the control), what is answered here is a guess, and so marked.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial

from flask import Blueprint, Response, abort, g, jsonify, request

from gleaner.sandbox.forms import CONTROL, DOWNLOAD, PROGRESS, Code, Form, Refusal, parse, read_order
from gleaner.sandbox.platform import Platform
from gleaner.sandbox.shelf import serve
from gleaner.sandbox.wire import hang_up
from gleaner.sandbox.witness import Seen

DOWNLOAD_PATH = "/api/smsload/playback/v1/download"
PROGRESS_PATH = "/api/smsload/playback/v1/queryDownloadProgress"
CONTROL_PATH = "/api/smsload/playback/v1/control"
TEARDOWN = "3"
_NOTED_HEADERS = ("Content-Type", "User-Agent", "Range", "If-Range", "tenant-id", "Token", "linker-sign")


def sms_routes(platform: Platform) -> Blueprint:
    """The routes of one platform, for the root of an app; requests that find no route are noted, too."""
    routes = Blueprint("sms", __name__)
    for path, view in ((DOWNLOAD_PATH, _download), (PROGRESS_PATH, _progress), (CONTROL_PATH, _control)):
        routes.add_url_rule(path, path, partial(view, platform), methods=["POST"])
    routes.add_url_rule("/media/<name>", "media", partial(_media, platform))
    routes.register_error_handler(Refusal, _refusal)

    @routes.before_request
    def stay_away() -> Response | None:
        return _refused(platform.mischief.of().away)

    @routes.after_app_request
    def note(response: Response) -> Response:
        if request.blueprint in (routes.name, None):
            platform.witness.request(_seen(response))
        return response

    return routes


def _download(platform: Platform) -> Response:
    order = read_order(_fields(DOWNLOAD))
    switches = platform.mischief.of(order.target)
    if refused := _refused(switches.refuse):
        return refused
    started = platform.submit(order, request.host_url.rstrip("/"))
    time.sleep(switches.slow_submit)
    if switches.lose_answer:
        return _hang_up("accepted, but the answer was lost")
    whole = started.whole
    return _answer(
        stream_id=started.stream_id,
        playback_duration=f"{whole.seconds:.0f}",
        playback_file_size=str(whole.size),
    )


def _progress(platform: Platform) -> Response:
    stream_id = _fields(PROGRESS)["stream_id"]
    device = platform.target_of(stream_id).partition("/")[0]
    platform.witness.counted(platform.witness.asks, device)
    return _answer(**platform.report(stream_id).as_answer())


def _control(platform: Platform) -> Response:
    fields = _fields(CONTROL)
    if fields["command"] != TEARDOWN:
        raise Refusal(Code.NOT_SIMULATED, "the sandbox only tears downloads down: command 3")
    platform.devices.known(fields["device_unicode"], fields["channel"])
    platform.witness.counted(platform.witness.teardowns, fields["device_unicode"])
    platform.tear_down(
        fields["device_unicode"], fields["channel"], fields.get("platfrom_id", ""), fields["stream_id"]
    )
    return _answer()


def _media(platform: Platform, name: str) -> Response:
    take = platform.shelf.find(f"/media/{name}")
    if take is None:
        abort(404)
    return serve(take, platform.mischief.of(take.target))


def _refusal(refusal: Refusal) -> Response:
    g.verdict = f"{refusal.code} {refusal.message}"
    return jsonify(code=refusal.code, message=refusal.message, data=None)


def _fields(form: Form) -> dict[str, str]:
    g.body = parse(request.get_data())
    return form.read(request.mimetype, g.body)


def _answer(**data: str) -> Response:
    return jsonify(code="0", message="", data=data)


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
