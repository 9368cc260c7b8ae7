"""The settings in force: of the core and of every vendor in use, each with its value and where that came from.

Values stand as they were written, checked by the same readers as everywhere. A generated secret counts as set by its
file. Secrets are hidden unless they are asked for.
"""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from gleaner.client import Json
from gleaner.show import HIDDEN
from shared import secrets
from shared.settings import Settings, Source, read
from shared.vendors import load

_GENERATED = {"ADMIN_TOKEN": secrets.ADMIN_TOKEN, "SECRET_KEY": secrets.SECRET_KEY}


def in_force(where: Source, reveal: bool) -> list[Json]:
    """One row for each setting, in the order of their declaration. Misconfigured for one that cannot be read."""
    core = read(Settings, where)
    declaring: list[type[Any]] = [Settings, *(vendor.settings for vendor in load(core.vendors).values())]
    for cls in declaring:
        read(cls, where)
    rows = {row["name"]: row for cls in declaring for row in _rows(cls, where, core, reveal)}
    return list(rows.values())


def _rows(cls: type[Any], where: Source, core: Settings, reveal: bool) -> Iterator[Json]:
    for each in (each for each in fields(cls) if not each.metadata["internal"]):
        name = each.metadata["env"]
        value, origin = _found(name, where, core)
        value = str(each.metadata["default"]) if value is None else value
        secret = not each.repr
        yield {
            "name": name,
            "value": HIDDEN if secret and value and not reveal else value,
            "from": origin,
            "secret": secret,
            "meaning": each.metadata["meaning"],
        }


def _found(name: str, where: Source, core: Settings) -> tuple[str | None, str]:
    value, origin = where.find(name)
    if value is None and name in _GENERATED and (core.home / _GENERATED[name]).exists():
        return secrets.load(core.home, _GENERATED[name]), str(core.home / _GENERATED[name])
    return value, origin
