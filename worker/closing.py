"""Have the picture of a closed day fetched: of a record that grew, the last one beside the first, and no third.

The wish has a key of its own and the day is said to be listed after it, so a kill in between means that it is wished once
more, to the same effect; the record remembers it for longer than the list of jobs does.
"""

from collections.abc import Iterable

from shared.services import Services


def wish_for_closing_pictures(services: Services, records: Iterable[str]) -> None:
    """Of those records of a day that is now closed which have grown and have a picture."""
    for record_id in records:
        entry = services.records.load(record_id)
        if entry is None or entry.revision == 1 or entry.closing:
            continue
        job = services.wishes.closing_picture(entry)
        services.reach("closing-wished")
        if job:
            services.records.close(record_id, job.id)
