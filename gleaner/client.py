"""The admin API, as the commands use it: one method for each thing it can do, JSON in and out as the API gives it.

Every failure is an error of ours with a sentence for people: a service that is not running (Transient), and the
service's own refusals by what they mean (Invalid, NotFound, Conflict, else Final). Nothing is asked twice, no proxy and
no `.netrc` is heeded, and a redirect is not followed: the token goes to the one address it is meant for.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from shared import secrets
from shared.errors import Conflict, Final, GleanerError, Invalid, Misconfigured, NotFound, Transient
from shared.settings import Settings, words

Json = Mapping[str, Any]

TIMEOUT = (3.05, 60.0)  # seconds to connect, and without a byte of the answer
PAGE = 200
_MEANINGS: dict[int, type[Final]] = {400: Invalid, 404: NotFound, 409: Conflict, 422: Invalid}


class Client:
    """Speaks to one service. `token` is sent as the bearer token."""

    def __init__(self, base_url: str, token: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self.bear(token)

    def bear(self, token: str) -> None:
        """Send this token from now on."""
        self._session.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        """Close what is open."""
        self._session.close()

    def submit(self, camera: str, start: str, end: str, force: bool = False) -> list[Json]:
        """The jobs that now stand for a window."""
        wish = {"camera": camera, "start": start, "end": end} | ({"force": True} if force else {})
        return _list(self._call("POST", "/admin/jobs", json=wish), "jobs")

    def jobs(self, limit: int = 0, **filters: str | None) -> Iterator[Json]:
        """Jobs, newest first, page by page; 0: all."""
        return self._pages("jobs", limit, filters)

    def records(self, limit: int = 0, **filters: str | None) -> Iterator[Json]:
        """Records, newest first, page by page; 0: all."""
        return self._pages("records", limit, filters)

    def quarantine(self, camera: str | None) -> list[Json]:
        """Rows of listings that could not be read."""
        asked = {"camera": camera} if camera else {}
        return _list(self._call("GET", "/admin/records/quarantine", params=asked), "quarantine")

    def harvest(self, camera: str | None, since: str | None, until: str | None) -> list[Json]:
        """The harvests that are wanted now."""
        wish = {"camera": camera, "since": since, "until": until}
        said = {name: value for name, value in wish.items() if value is not None}
        return _list(self._call("POST", "/admin/harvests", json=said), "harvests")

    def job(self, job_id: str) -> Json:
        """One job, with its history."""
        return self._call("GET", f"/admin/jobs/{quote(job_id, safe='')}")

    def act(self, job_id: str, verb: str) -> Json:
        """Retry, cancel, hold or release a job; what it is then."""
        return self._call("POST", f"/admin/jobs/{quote(job_id, safe='')}/{verb}")

    def callbacks(self, job_id: str) -> list[Json]:
        """The callbacks that are kept with a job, oldest first."""
        return _list(self._call("GET", f"/admin/jobs/{quote(job_id, safe='')}/callbacks"), "callbacks")

    def replay(self, job_id: str) -> list[Json]:
        """Send them through again; what came of each."""
        return _list(self._call("POST", f"/admin/jobs/{quote(job_id, safe='')}/replay"), "callbacks")

    def cameras(self) -> list[Json]:
        """The cameras."""
        return _list(self._call("GET", "/admin/cameras"), "cameras")

    def push(self) -> Json:
        """The address for what each vendor pushes, by vendor."""
        found: Json = self._call("GET", "/admin/push")["push"]
        return found

    def discover(self, only_new: bool) -> Json:
        """The cameras of the vendors' accounts, and a cameras file of them."""
        return self._call("GET", "/admin/cameras/discovered", params={"new": "1"} if only_new else {})

    def status(self) -> Json:
        """How the whole stands."""
        return self._call("GET", "/admin/status")

    def lacks(self) -> str:
        """What keeps the service from being ready, for people; nothing when it is ready."""
        try:
            self._call("GET", "/readyz")
        except GleanerError as error:
            return error.detail
        return ""

    def _pages(self, name: str, limit: int, filters: Mapping[str, str | None]) -> Iterator[Json]:
        given, cursor = 0, None
        while True:
            size = min(limit - given, PAGE) if limit else PAGE
            page = self._call(
                "GET", f"/admin/{name}", params={**filters, "limit": str(size), "cursor": cursor}
            )
            found = _list(page, name)[:size]
            yield from found
            given, cursor = given + len(found), page.get("next")
            if not cursor or given == limit:
                return

    def _call(self, method: str, path: str, **more: Any) -> Json:
        try:
            answer = self._session.request(
                method, self.base_url + path, timeout=TIMEOUT, allow_redirects=False, **more
            )
        except requests.ConnectionError as error:
            raise Transient("service-away", f"no service answers at {self.base_url}; {_REMEDY}") from error
        except requests.RequestException as error:
            raise Transient("service-away", f"{self.base_url}: {type(error).__name__}") from error
        body = _object(answer)
        if answer.ok and body is not None and not answer.is_redirect:
            return body
        raise _refusal(answer, body or {}, self.base_url)


_REMEDY = "start it with `gleaner up`, or set GLEANER_URL"


def client_for(settings: Settings) -> Client:
    """The client of the service that the settings name. Misconfigured when there is no token for it."""
    return Client(settings.url or settings.local_url, _token(settings))


def _token(settings: Settings) -> str:
    try:
        return words(settings.admin_token or secrets.load(settings.home, secrets.ADMIN_TOKEN))[0]
    except FileNotFoundError:
        path: Path = settings.home / secrets.ADMIN_TOKEN
        raise Misconfigured("no-token", f"there is no {path} yet; {_REMEDY} and ADMIN_TOKEN") from None
    except OSError as error:
        raise Misconfigured("no-token", f"{settings.home / secrets.ADMIN_TOKEN}: {error.strerror}") from error


def _object(answer: requests.Response) -> Json | None:
    try:
        body = answer.json()
    except requests.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def _list(body: Json, name: str) -> list[Json]:
    found = body.get(name)
    if not isinstance(found, list):
        raise Final("strange-answer", f"the service's answer has no list {name!r}; is it a Gleaner?")
    return found


def _refusal(answer: requests.Response, problem: Json, base_url: str) -> GleanerError:
    code = str(problem.get("code") or f"http-{answer.status_code}")
    detail = str(problem.get("detail") or problem.get("title") or "")
    if fields := problem.get("errors"):
        detail = "; ".join(f"{name}: {' '.join(map(str, wrong))}" for name, wrong in fields.items())
    if answer.status_code in (401, 403):
        detail = f"{base_url} does not accept this token; set ADMIN_TOKEN"
    elif not problem:
        detail = f"{base_url} answered {answer.status_code} without saying why; is it a Gleaner?"
    if answer.status_code >= 500 or answer.status_code == 429:
        return Transient(code, detail or f"{base_url} answered {answer.status_code}")
    return _MEANINGS.get(answer.status_code, Final)(code, detail or f"answered {answer.status_code}")
