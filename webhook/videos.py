"""How it stands with the videos of records: told in a sentence for each vendor of whose cameras somebody wants them."""

from shared.circuits import of_video
from shared.domain.reasons import words
from webhook.parts import services


def videos() -> dict[str, str]:
    """A sentence by vendor, nothing where no camera wants any."""
    found = {name: _cameras(name) for name in services().record_sources}
    return {name: _sentence(name, cameras) for name, cameras in found.items() if cameras}


def _cameras(vendor: str) -> list[str]:
    wants = services().record_sources[vendor].wants_video
    return [camera.name for camera in services().cameras.all() if wants(camera)]


def _sentence(vendor: str, cameras: list[str]) -> str:
    of = f"of {cameras[0]}" if len(cameras) == 1 else f"of {len(cameras)} cameras"
    if vendor not in services().videos:
        return f"wanted {of}, and no code of yours is set that could bring them: they stay in the cloud"
    state, now = services().circuits.get(of_video(vendor)), services().jobs.now()
    if state.until and now < state.until:
        zone = services().record_sources[vendor].zone
        return f"wait until {state.until.astimezone(zone):%Y-%m-%d %H:%M %Z}: {words(state.code)}"
    return f"brought {of}, each once its day is closed"
