"""What `gleaner up` tells people while it runs: one line for every clip that was archived, failed or had nothing.

Pictures come by the hundred: they are told a burst at a time, as soon as a look brings no more of them.

It sees what any client of the admin API sees. The newest jobs, and those with a file to fetch, are met in every look;
others that were met once are asked for by turns, a few in each look, so that a long queue costs no more than a short
one. What ended before the first look is no news, nor is what was old by then and ended without a file.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import islice

from gleaner import show
from gleaner.client import Client, Json
from shared.domain.job import ENDED, Kind
from shared.errors import Invalid, NotFound

NEWEST = 100
BY_TURNS = 20
WITH_A_FILE = "ready,fetching"
LONGEST_BURST = 30  # looks
FIRST_WINDOW = timedelta(minutes=5)


class Feed:
    """Looks at the jobs of one service; `say` gets each line once. Transient when the service does not answer."""

    def __init__(self, client: Client, say: Callable[[str], None], archive: str) -> None:
        self._client = client
        self._say = say
        self._archive = archive
        self._live: dict[str, None] = {}  # in the order in which their turn comes
        self._told: set[str] | None = None
        self._pictures = Pictures()

    def look(self) -> None:
        """Look once, and tell what has ended since the last look."""
        seen = {job["id"]: job for job in self._client.jobs(NEWEST)}
        seen |= {job["id"]: job for job in self._client.jobs(NEWEST, state=WITH_A_FILE)}
        for job_id in list(islice((job_id for job_id in self._live if job_id not in seen), BY_TURNS)):
            seen |= self._one(job_id)
        ended = {job_id for job_id, job in seen.items() if job["state"] in ENDED}
        if self._told is not None:
            self._tell([seen[job_id] for job_id in sorted(ended - self._told)])
        self._told = ended
        self._remember(seen)

    def _one(self, job_id: str) -> dict[str, Json]:
        try:
            return {job_id: self._client.job(job_id)}
        except NotFound:
            del self._live[job_id]
            return {}

    def _remember(self, seen: dict[str, Json]) -> None:
        for job_id, job in seen.items():
            self._live.pop(job_id, None)
            if job["state"] not in ENDED:
                self._live[job_id] = None

    def _tell(self, news: Sequence[Json]) -> None:
        for job in news:
            if job.get("kind") != Kind.PICTURE:
                self._say_of(job)
        for burst in self._pictures.over([job for job in news if job.get("kind") == Kind.PICTURE]):
            if len(burst) == 1:
                self._say_of(burst[0])
            else:
                self._say(show.burst(burst))

    def _say_of(self, job: Json) -> None:
        for line in show.news(job, datetime.now().astimezone(), self._archive).splitlines():
            self._say(line)


class Pictures:
    """Gathers the pictures that ended, by camera and what became of them, until a burst of them is over."""

    def __init__(self) -> None:
        self._bursts: dict[tuple[str, ...], list[Json]] = {}
        self._looks: dict[tuple[str, ...], int] = {}

    def over(self, ended: Sequence[Json]) -> list[list[Json]]:
        """Take what ended since the last look; the bursts that got nothing more, or have lasted for long enough."""
        grown = {_burst_of(job) for job in ended}
        for job in ended:
            self._bursts.setdefault(_burst_of(job), []).append(job)
        for key in self._bursts:
            self._looks[key] = self._looks.get(key, 0) + 1
        done = [key for key in self._bursts if key not in grown or self._looks[key] >= LONGEST_BURST]
        for key in done:
            del self._looks[key]
        return [self._bursts.pop(key) for key in done]


def _burst_of(job: Json) -> tuple[str, ...]:
    return str(job["camera"]), str(job["state"]), str(job.get("reason") or "")


def first_wishes(client: Client, now: datetime) -> int:
    """Wish for a recent window of each camera, unless a job is there already; how many jobs that made.

    The window ends between five and ten minutes ago, at a round time. A camera without playback gets no wish.
    """
    if next(client.jobs(1, kind=Kind.PLAYBACK), None) is not None:
        return 0
    end = datetime.fromtimestamp((now - FIRST_WINDOW).timestamp() // 300 * 300, now.tzinfo)
    return sum(_wish(client, str(camera["name"]), end - FIRST_WINDOW, end) for camera in client.cameras())


def _wish(client: Client, camera: str, start: datetime, end: datetime) -> int:
    try:
        return len(client.submit(camera, start.isoformat(), end.isoformat()))
    except Invalid:
        return 0
