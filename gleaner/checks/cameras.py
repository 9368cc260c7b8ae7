"""The cameras file: that it can be read, and that every camera belongs to a vendor that can be asked."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gleaner.checks.configuration import Case
from gleaner.checks.finding import Finding, fail, ok, warn
from shared.adapters.cameras_file import read_cameras
from shared.domain.camera import Camera
from shared.errors import Invalid

EXAMPLE = "cameras.example.toml shows the form"


def cameras(case: Case) -> Iterator[Finding]:
    """The file, its cameras, and their vendors."""
    path = case.settings.cameras_file
    try:
        text = path.read_text(encoding="utf-8")
        found = read_cameras(text, {name: vendor.section for name, vendor in case.vendors.items()})
    except FileNotFoundError:
        yield _no_file(case)
    except (OSError, UnicodeDecodeError) as error:
        yield fail(
            "cameras", f"{path} cannot be read ({type(error).__name__})", "give it to this user, as UTF-8"
        )
    except Invalid as error:
        yield fail("cameras", f"{path}: {error.detail}", EXAMPLE)
    else:
        wrong = [*_belonging(case, found), *_unread(case, tomllib.loads(text))]
        yield from wrong or [_counted(case, found)]


def _no_file(case: Case) -> Finding:
    path = case.settings.cameras_file
    if case.played:
        return ok("cameras", f"{path} does not exist yet; `gleaner up` takes the example's")
    return fail("cameras", f"{path} does not exist, so no footage is kept", f"write it; {EXAMPLE}")


def _counted(case: Case, found: Sequence[Camera]) -> Finding:
    if not found:
        return warn("cameras", f"{case.settings.cameras_file} names no camera", EXAMPLE)
    return ok("cameras", f"{len(found)} in {case.settings.cameras_file}")


def _belonging(case: Case, found: Sequence[Camera]) -> Iterator[Finding]:
    for camera in found:
        if not camera.sections:
            sections = " or ".join(f"[camera.{name}]" for name in case.vendors)
            said = f"camera {camera.name} belongs to no vendor in use, so nothing is kept of it"
            yield fail("cameras", said, f"give it a section {sections}")
        elif not case.played and camera.sections.keys() <= case.lacks.keys():
            missing = ", ".join(case.lacks[name] for name in camera.sections)
            said = f"nothing can be asked about camera {camera.name}: its vendor is not set up"
            yield warn("cameras", said, f"set {missing}")


def _unread(case: Case, document: Mapping[str, Any]) -> Iterator[Finding]:
    """Sections that nobody reads, of cameras that have another one."""
    for entry in document.get("camera", ()):
        sections = {name for name, part in entry.items() if isinstance(part, dict)}
        for name in sorted(sections - case.vendors.keys()) if sections & case.vendors.keys() else ():
            said = f"camera {entry['name']} has a section {name}, and no vendor in use is called so"
            yield warn("cameras", said, f"mend its name, or add {name} to VENDORS")
