"""The one verdict on a window, once the wait for further files is over, and what becomes of one that came short.

Seconds that were delivered are held against those that were wanted. Of several attempts' footage the longest is kept. What
came short is flagged, and what is missing of it asked for: by the list of what the device holds, where that can be read,
else as a whole, once. A device plays what it holds in order, so what is missing is taken for the end of that.
"""

from collections.abc import Iterable
from datetime import timedelta

from shared.domain import events as e
from shared.domain.camera import Short
from shared.domain.changes import replace
from shared.domain.job import Asset, Debt, DebtKind, Job, Kind, State, Verdict, Window
from shared.domain.retries import Policy
from shared.domain.rules.moving import Late, Now, Outcome, anew, enter, forgive, owe

_UNJUDGED = (Verdict.UNVERIFIED, Verdict.ENCRYPTED)


def grace_over(job: Job, event: e.GraceOver, now: Now) -> Outcome:
    """Judge the window, and keep, ask for more, or reject."""
    if not any(debt.kind == DebtKind.VERDICT for debt in job.debts):
        return Late("judged")
    job = _keep_longest(forgive(job, DebtKind.VERDICT), now)
    job = replace(job, verdict=judge(job, now.policy), missing=())
    return job if job.verdict != Verdict.PARTIAL else _came_short(job, event, now)


def judge(job: Job, policy: Policy) -> Verdict:
    """Delivered against wanted seconds; what has no duration cannot be judged."""
    if any(asset.verdict in _UNJUDGED for asset in job.assets):
        return Verdict.UNVERIFIED
    if job.kind != Kind.PLAYBACK:
        return Verdict.COMPLETE
    if any(asset.duration_seconds is None for asset in job.assets):
        return Verdict.UNVERIFIED
    return Verdict.COMPLETE if _whole(job, _longest(job, policy), policy) else Verdict.PARTIAL


def _came_short(job: Job, event: e.GraceOver, now: Now) -> Job:
    if event.short == Short.ACCEPT:
        return job
    if event.held is not None and _is_all(job, event.held, now.policy):
        return replace(job, reason="not-recorded")
    missing = _missing(job, event.held or (), now.policy)
    as_a_whole = event.held is None or event.short == Short.REJECT or missing == (job.window,)
    if as_a_whole and _may_be_asked_for_again(job, now.policy):
        wait = now.policy.after_failure.wait(job.attempts, job.id)
        return replace(anew(job, now, "short", None, wait), once_more=job.attempt, verdict=None)
    if event.short == Short.REJECT:
        rejected = enter(_put_aside(job, job.assets, now), State.FAILED, now, "short")
        return owe(rejected, Debt(DebtKind.ALERT, now.at))
    job = replace(job, reason="short", missing=missing)
    if as_a_whole or not missing or job.generation >= now.policy.generations:
        return job
    return owe(job, Debt(DebtKind.CHILDREN, now.at))


def _is_all(job: Job, held: Iterable[Window], policy: Policy) -> bool:
    """Whether there is nothing more to be had."""
    seconds = sum(span.length.total_seconds() for span in held)
    return _seconds(job.assets) >= seconds * policy.whole_from


def _may_be_asked_for_again(job: Job, policy: Policy) -> bool:
    """A window as it was wished for, once; what is missing of another is not."""
    return not job.once_more and job.generation == 0 and job.attempts < policy.retries


def _missing(job: Job, held: tuple[Window, ...], policy: Policy) -> tuple[Window, ...]:
    """What the device holds behind the seconds that it delivered, in whole seconds, as the wire has them."""
    left = timedelta(seconds=_seconds(job.assets))
    spans: list[Window] = []
    for span in held:
        start = (span.start + min(left, span.length)).replace(microsecond=0)
        left = max(left - span.length, timedelta(0))
        if span.end - start >= policy.least_gap:
            spans.append(Window(max(start, span.start), span.end))
    many = len(spans) > policy.most_gaps
    return (Window(spans[0].start, spans[-1].end),) if many else tuple(spans)


def _keep_longest(job: Job, now: Now) -> Job:
    """Nothing is put aside while the length of anything is unknown."""
    unknown = any(each.duration_seconds is None or each.verdict in _UNJUDGED for each in job.assets)
    if unknown or job.kind != Kind.PLAYBACK:
        return job
    kept = _longest(job, now.policy)
    return _put_aside(job, tuple(asset for asset in job.assets if asset not in kept), now)


def _longest(job: Job, policy: Policy) -> tuple[Asset, ...]:
    """The footage of the attempt that brought most; of two that brought as much, of the earlier one.

    What an attempt named before its end is not added to what it named after it: it may be the same once more, or a
    stranger's. So it counts only where nothing later is whole.
    """
    kinds = sorted({(asset.attempt, asset.early) for asset in job.assets})
    brought = {
        kind: tuple(each for each in job.assets if (each.attempt, each.early) == kind) for kind in kinds
    }

    def rank(kind: tuple[int, bool]) -> tuple[bool, float, bool, int]:
        attempt, early = kind
        return _whole(job, brought[kind], policy) and not early, _seconds(brought[kind]), not early, -attempt

    return brought[max(kinds, key=rank)] if kinds else ()


def _whole(job: Job, assets: Iterable[Asset], policy: Policy) -> bool:
    return _seconds(assets) >= job.window.length.total_seconds() * policy.whole_from


def _seconds(assets: Iterable[Asset]) -> float:
    return sum(asset.duration_seconds or 0.0 for asset in assets)


def _put_aside(job: Job, assets: tuple[Asset, ...], now: Now) -> Job:
    kept = tuple(asset for asset in job.assets if asset not in assets)
    job = replace(job, assets=kept, aside=(*job.aside, *assets))
    for asset in assets:
        job = owe(job, Debt(DebtKind.ASIDE, now.at, key=asset.key))
    return job
