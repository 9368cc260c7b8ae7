"""From what a vendor said to the event that it is: the one translation, for callbacks and for answers to our asks."""

from shared.domain.events import Event, Prepared, Progressed
from shared.ports import News


def event_of(news: News, attempt: int) -> Event:
    """A file at the end is Prepared; everything else is only a sign of life."""
    if news.ended and news.files:
        return Prepared(attempt, news.files, news.stream_id)
    return Progressed(attempt, news.progress, news.ended, news.stream_id, news.files, news.perhaps_ended)
