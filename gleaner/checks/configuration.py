"""The settings: whether all of them can be read, and whether a name in `.env` is a slip of the pen."""

import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any

from gleaner.checks.finding import Finding, fail, ok, warn
from shared import vendors
from shared.errors import Misconfigured
from shared.settings import Settings, Source, read
from shared.vendors import load
from shared.vendors.base import Vendor

ALIKE = 0.8  # ours: `SMS_BASEURL` is alike, `AWS_REGION` is like nothing of ours


@dataclass(frozen=True)
class Case:
    """Whom the doctor looks at. `own`: the settings of each vendor in use whose settings can be read."""

    settings: Settings
    where: Source
    vendors: Mapping[str, Vendor[Any]]
    own: Mapping[str, Any]

    @property
    def lacks(self) -> dict[str, str]:
        """The vendors that are not set up, with the names of the settings that they lack."""
        lacking = {name: self.vendors[name].lacks(own) for name, own in self.own.items()}
        return {name: names for name, names in lacking.items() if names}

    @property
    def ready(self) -> tuple[str, ...]:
        """The vendors that can be asked."""
        return tuple(name for name in self.own if name not in self.lacks)

    def works(self, name: str) -> bool:
        """Whether a vendor has jobs: those of one that is not set up say so, and one that only lists has none then."""
        return bool(self.vendors[name].playback) or name in self.ready

    @property
    def played(self) -> bool:
        """Whether `gleaner up` has the sandbox play the vendors: as long as none is set up."""
        return bool(self.vendors) and self.lacks.keys() == self.vendors.keys()

    def address(self, name: str) -> str:
        """A vendor's base address."""
        return str(self.own[name].base_url)

    def names(self, name: str) -> list[str]:
        """The settings that only this vendor has."""
        declared = (each.metadata["env"] for each in fields(self.vendors[name].settings))
        return [env for env in declared if env.startswith(f"{name.upper()}_")]


def case_of(where: Source) -> Case | None:
    """The case, or None when the core's settings are not fit to be looked at any further."""
    try:
        settings = read(Settings, where)
        found = load(settings.vendors)
    except Misconfigured:
        return None
    return Case(settings, where, found, dict(_own(found, where)))


def _own(found: Mapping[str, Vendor[Any]], where: Source) -> Iterator[tuple[str, Any]]:
    for name, vendor in found.items():
        try:
            yield name, read(vendor.settings, where)
        except Misconfigured:
            continue  # `configuration` tells


def configuration(where: Source) -> Iterator[Finding]:
    """Every setting that cannot be read, and every name that looks like one of ours and is none."""
    wrong = [*_wrong(Settings, where), *_vendors_wrong(where)]
    for detail in dict.fromkeys(wrong):  # two may declare the same setting
        yield fail("settings", detail, "`.env.example` shows what it should be")
    if not wrong:
        yield ok("settings", f"all readable; {_origin(where)}")
    yield from slips(where)


def _origin(where: Source) -> str:
    return f"from {where.base / '.env'} and the environment" if where.dotenv else "no .env found upward"


def _wrong(declaring: type[Any], where: Source) -> Iterator[str]:
    """What is wrong with each setting in turn: the reader stops at the first, so that one is taken out."""
    while True:
        try:
            read(declaring, where)
        except Misconfigured as error:
            yield error.detail
            name = error.detail.partition(":")[0]
            if where.find(name)[0] is None:
                return
            where = _without(where, name)
        else:
            return


def _without(where: Source, name: str) -> Source:
    kept = [
        {key: value for key, value in values.items() if key != name}
        for values in (where.environ, where.dotenv)
    ]
    return replace(where, environ=kept[0], dotenv=kept[1])


def _vendors_wrong(where: Source) -> Iterator[str]:
    try:
        found = load(read(Settings, where).vendors)
    except Misconfigured as error:
        if error.code == "unknown-vendor":  # any other was told before
            yield error.detail
        return
    for vendor in found.values():
        yield from _wrong(vendor.settings, where)


def slips(where: Source) -> Iterator[Finding]:
    """Names in `.env` that nobody reads, and that were probably meant for somebody."""
    folders = [module.name for module in pkgutil.iter_modules(vendors.__path__) if module.ispkg]
    names = declared(folders)
    beginnings = ("GLEANER_", *(f"{folder.upper()}_" for folder in folders))
    for name in where.dotenv:
        alike = get_close_matches(name.upper(), names, 1, ALIKE)
        if name not in names and (alike or name.startswith(beginnings)):
            remedy = (
                f"perhaps {alike[0]} is meant" if alike else "`gleaner settings` lists all that there are"
            )
            yield warn("settings", f"{where.base / '.env'}: no setting is called {name}", remedy)


def declared(folders: list[str]) -> dict[str, bool]:
    """Every setting of the core and of these vendors' folders; whether it is secret."""
    owners: list[type[Any]] = [Settings, *(vendor.settings for vendor in load(folders).values())]
    return {each.metadata["env"]: not each.repr for owner in owners for each in fields(owner)}
