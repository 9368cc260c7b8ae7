"""The vendors: whether each is set up, and answers.

A probe is the one that an open circuit sends: it is nobody's job. Where a vendor counts calls it is counted as well, in the
ledger that the service keeps, as long as the store answers.
"""

from collections.abc import Iterator

from gleaner.checks.addresses import origin
from gleaner.checks.configuration import Case
from gleaner.checks.finding import Finding, fail, ok, skipped, warn
from gleaner.checks.stores import Store
from gleaner.checks.tools import toolbox
from gleaner.simulation import half_of
from shared.adapters.cameras_file import read_cameras
from shared.domain.camera import Camera
from shared.domain.reasons import words
from shared.errors import GleanerError, Invalid, Misconfigured
from shared.vendors.base import Toolbox

SPENT = ("quota-spent", "vendor-quota")  # whoever says so lives
ACCOUNT = "vendor-auth"


def vendor(case: Case, store: Store, name: str) -> Iterator[Finding]:
    """One vendor in use."""
    if name not in case.own:
        yield skipped(name, "its settings cannot be read")
    elif (missing := case.lacks.get(name)) and (known := half_of(name, case.where)):
        yield fail(name, f"set up by half: {known} is set", f"set {missing}, or take {name} out of VENDORS")
    elif missing:
        played = "`gleaner up` has the sandbox play it" if case.played else "left out"
        yield warn(name, f"not set up; {played}", f"set {missing}, or take {name} out of VENDORS")
    else:
        yield _asked(case, store, name)
        yield from _fetcher(case, store, name)


def _fetcher(case: Case, store: Store, name: str) -> Iterator[Finding]:
    """Whether the owner's code for the video of records can be loaded, where a vendor leaves that to it."""
    find, records = case.vendors[name].fetcher, case.vendors[name].records
    if find is None or records is None:
        return
    source = records(case.own[name], toolbox(case.settings, store))
    named, wanted = find(case.own[name]), [each.name for each in _cameras(case) if source.wants_video(each)]
    try:
        if named.name:
            named.load()
    except Misconfigured as error:
        yield fail(f"video of {name}", error.detail, "name a function that can be imported here, or none")
        return
    if wanted and not named.name:
        said = (
            f"the cameras file wants the videos of {', '.join(wanted)}, and no code of yours could bring them"
        )
        yield warn(f"video of {name}", f"{said}: they stay in the cloud", f"set {named.setting}")
    elif named.name:
        of = f"for {', '.join(wanted)}" if wanted else "and no camera wants its videos"
        yield ok(f"video of {name}", f"its fetcher can be loaded, {of}")
    else:
        yield ok(f"video of {name}", "no camera wants its videos, and no fetcher is set")


def _cameras(case: Case) -> tuple[Camera, ...]:
    """Those of the cameras file; none when it cannot be read, which is told elsewhere."""
    sections = {name: vendor.section for name, vendor in case.vendors.items()}
    try:
        return read_cameras(case.settings.cameras_file.read_text(encoding="utf-8"), sections)
    except (OSError, UnicodeDecodeError, Invalid):
        return ()


def _asked(case: Case, store: Store, name: str) -> Finding:
    try:
        counted = _probe(case, toolbox(case.settings, store), name)
    except GleanerError as error:
        said = f"{error.code}, {words(error.code)}" + (f": {error.detail}" if error.detail else "")
        if error.code in SPENT:
            return warn(name, said, "wait; what expires soonest comes first when calls are left again")
        return fail(name, said, _remedy(case, name, error.code))
    price = "; asking cost one counted call" if counted else ""
    return ok(name, f"{origin(case.address(name))} answers{price}")


def _probe(case: Case, tools: Toolbox, name: str) -> bool:
    """Raise unless it answers; whether asking was counted, as whoever lists records does."""
    found, own = case.vendors[name], case.own[name]
    if found.playback:
        found.playback(own, tools).probe()
    if found.records:
        found.records(own, tools).probe()
    return found.records is not None


def _remedy(case: Case, name: str, code: str) -> str:
    named = ", ".join(case.names(name))
    return f"check {named}" if code == ACCOUNT else f"check the network from here to there, and {named}"
