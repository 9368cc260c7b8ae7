"""What beats. The beat only nudges: none, one or two of them make no difference to what happens, only to when."""

from typing import Any

from shared.domain.effects import CONTROL
from shared.settings import Settings


def schedule(settings: Settings) -> dict[str, dict[str, Any]]:
    """Celery's beat schedule. A nudge that nobody took in time is dropped: the next one says the same."""
    options = {"queue": CONTROL, "expires": settings.sweep_every.total_seconds()}
    return {"sweep": {"task": "gleaner.sweep", "schedule": settings.sweep_every, "options": options}}
