"""The Procfile: which processes make up the service. Each line is `name: command`, with $VARIABLES and no shell.

It lies beside the code in a checkout; a wheel brings it under `share/gleaner`, and the example cameras file with it.
"""

import shlex
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template

from shared.domain.effects import CONTROL, FETCH
from shared.errors import Misconfigured

_WORKER = "worker-"


def project_file(name: str) -> Path:
    """A file that comes with the project. Misconfigured where it is missing."""
    places = (Path(__file__).parents[1], Path(sysconfig.get_path("data")) / "share" / "gleaner")
    for place in places:
        if (place / name).is_file():
            return place / name
    raise Misconfigured("no-project-file", f"{name} is in neither {places[0]} nor {places[1]}")


def commands(text: str, values: Mapping[str, str], vendors: Iterable[str]) -> dict[str, list[str]]:
    """Each process's command by name, in the file's order; workers of vendors that are not in use are left out."""
    queues = {CONTROL, FETCH, *vendors}
    found = {}
    for line in text.splitlines():
        name, colon, command = line.partition(":")
        if not colon or line.startswith("#"):
            continue
        if not name.startswith(_WORKER) or name.removeprefix(_WORKER) in queues:
            found[name] = [_filled(word, values) for word in shlex.split(command)]
    return found


def _filled(word: str, values: Mapping[str, str]) -> str:
    try:
        return Template(word).substitute(values)
    except (KeyError, ValueError) as error:
        raise Misconfigured("bad-procfile", f"Procfile: {word}: there is no value for {error}") from error
