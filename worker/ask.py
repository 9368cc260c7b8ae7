"""A silent download: ask the vendor how it stands. Any answer is life; no answer is counted."""

from shared.domain import events as e
from shared.domain.job import Attempt, Job, State
from shared.errors import GleanerError, Gone, Nothing, Transient, Whose
from shared.news import event_of
from shared.ports import News
from shared.services import Services


def ask(services: Services, queue: str) -> bool:
    """Take one job that should be asked about. False when there is none."""
    job_id = services.jobs.take(queue)
    if job_id is None:
        return False
    found = services.jobs.load(job_id)
    if found and found.job.state == State.PREPARING and found.job.current and found.job.asking:
        said = _answer(services, found.job, found.job.current)
        services.reach("ask-answered")
        services.ledger.record(job_id, said)
    return True


def _answer(services: Services, job: Job, attempt: Attempt) -> e.Event:
    number = attempt.number
    source = services.sources.get(job.vendor)
    if source is None:
        return e.AskFailed(number, vendor_away=True)
    try:
        told = _told(source.ask(attempt.stream_id or ""), number)
    except Gone:
        told = e.StreamGone(number)
    except Nothing as nothing:
        told = e.NoFootage(number, nothing.detail)
    except GleanerError as error:
        away = isinstance(error, Transient) and error.whose == Whose.VENDOR
        return e.AskFailed(number, away, error.code)
    services.circuits.answered(job.vendor)
    return told


def _told(news: News, attempt: int) -> e.Event:
    said_nothing = news.progress is None and not (news.ended or news.perhaps_ended or news.files)
    return e.Asked(attempt) if said_nothing else event_of(news, attempt)
