"""Where media may come from: whether the settings for it can be read, and which jobs wait for hosts that are not allowed.

The line to add is one for all of them. It begins with what is set; where nothing is, with what the service took for that.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from gleaner.checks.configuration import Case
from gleaner.checks.finding import Finding, fail, ok, skipped, warn
from gleaner.checks.stores import Store
from shared.adapters.media_allow import MediaAllow
from shared.adapters.media_guard import NOT_ALLOWED, Waiting
from shared.adapters.media_rewrite import MediaRewrite
from shared.adapters.redis_store import RedisJobStore
from shared.domain.job import Job, State
from shared.errors import Misconfigured
from shared.ports import JobStore, Query
from shared.wiring import media_allow

NAME = "media"
MOST_JOBS, PAGE = 2_000, 200  # jobs that are looked at, newest first
MOST_HOSTS = 5  # that are named in one line


def media(case: Case, store: Store) -> Iterator[Finding]:
    """The settings, then the jobs that wait because of them."""
    try:
        MediaRewrite.parse(case.settings.media_rewrite)
        allow = media_allow(case.settings, case.own)
    except Misconfigured as error:
        yield fail(NAME, error.detail, "`.env.example` shows what it should be")
        return
    if store.client is None:
        yield skipped(NAME, "the settings can be read; without Redis nobody knows which jobs wait")
        return
    waiting = waits(RedisJobStore(store.client, case.settings.redis_prefix))
    yield from _told(allow, waiting, bool(case.settings.media_allow)) if waiting else [_fine()]


def waits(jobs: JobStore) -> list[Waiting]:
    """What each job that waits for a host that is not allowed says, the newest first."""
    waiting = (job for job in islice(_fetchable(jobs), MOST_JOBS) if job.reason == NOT_ALLOWED)
    return [said for job in waiting if (said := Waiting.of(job.detail or ""))]


def _fetchable(jobs: JobStore) -> Iterator[Job]:
    before = None
    while True:
        page = jobs.list(Query(states=frozenset({State.READY, State.FETCHING}), limit=PAGE, before=before))
        yield from page.jobs
        before = page.next
        if before is None:
            return


def _told(allow: MediaAllow, waiting: Sequence[Waiting], is_set: bool) -> Iterator[Finding]:
    jobs = Counter(each.server for each in waiting)
    lines = {each.server: each.line for each in reversed(waiting)}  # the newest word on each
    new = [server for server in jobs if lines[server] and not allow.names(server)]
    if new:
        begun = allow if is_set else _in_force(lines[new[0]], new[0])
        yield _to_add(begun, {server: jobs[server] for server in new})
    for server in jobs:
        if not lines[server]:
            said = f"{_jobs(jobs[server])} for {server}, which is ours: no setting opens it"
            yield warn(NAME, said, "find out why the vendor names it, and cancel what waits")
        elif server not in new:
            said = f"{server} is named by now, and {_jobs(jobs[server])} for it"
            yield warn(NAME, said, "restart, so that the setting is heeded; they go on by themselves")


def _to_add(allow: MediaAllow, jobs: Mapping[str, int]) -> Finding:
    some = list(jobs)[:MOST_HOSTS]
    named = ", ".join(f"{server} ({jobs[server]})" for server in some)
    more = f" and {len(jobs) - MOST_HOSTS} hosts more" if len(jobs) > MOST_HOSTS else ""
    said = f"{_jobs(sum(jobs.values()))} for hosts that are not allowed: {named}{more}"
    return warn(NAME, said, f"if they are the vendor's, set {allow.line_with(*some)} and restart")


def _in_force(line: str, server: str) -> MediaAllow:
    """What the service took for the setting, as it said to a job that waits: all of the line but the host to add."""
    return MediaAllow.parse(line.removeprefix("MEDIA_ALLOW=").removesuffix(server))


def _jobs(count: int) -> str:
    return "1 job waits" if count == 1 else f"{count} jobs wait"


def _fine() -> Finding:
    return ok(NAME, "no job waits for a host that is not allowed")
