"""The plug-in point for an owner's own code that brings a record's video, with a vendor's library that is not ours to ship.

It is named by a setting, `package.module:function`, and found by Python's import; nothing is loaded that was not named. It runs
in a process of its own, one for each video, so it may crash, hang or leak.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from shared.domain.job import Window
from shared.errors import Misconfigured

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


class MediaFetcher(Protocol):
    """Brings the video of one record into one file."""

    def __call__(self, descriptor: Mapping[str, str], window: Window, target: Path, /) -> None:
        """Write the whole video to `target`, which does not exist yet, close it, and return; 180 seconds are there for it.

        `descriptor` holds the vendor's fields by the vendor's names, keys among them: they must go nowhere else. `window`, in
        UTC, begins when the record was made and is as long as the vendor says that its video lasts.

        Raises, of `shared.errors`: Gone when the keys have ended or the video is no longer there, so that another listing may
        help; Transient `flow-spent` when the account's flow is used up, and all videos of the vendor wait; Transient when it is
        worth another try as it is, a few times, or for as long as it takes when `whose` is Whose.VENDOR, for nobody answers;
        Refused when it never will be had. Whatever else it raises counts as a Transient, and so does a death.
        """
        ...


@dataclass(frozen=True, slots=True)
class NamedFetcher:
    """What the owner has named, if anything, and by which setting. `load` runs the owner's code, which may do anything."""

    name: str
    setting: str

    def load(self) -> MediaFetcher:
        """The fetcher. Misconfigured `bad-setting` naming the setting and what is wrong with it."""
        module, _, function = fetcher_name(self.name).partition(":")
        try:
            found = getattr(import_module(module), function, None)
        except Exception as error:  # an owner's module may fail in any way while it is imported
            raise self._unfit(f"{module} cannot be imported: {error!r}") from error
        if found is None:
            raise self._unfit(f"{module} has no {function}")
        if not callable(found):
            raise self._unfit(f"{self.name} cannot be called")
        return cast(MediaFetcher, found)

    def _unfit(self, why: str) -> Misconfigured:
        return Misconfigured("bad-setting", f"{self.setting}: {why}")


def fetcher_name(text: str) -> str:
    """How a fetcher is named, or nothing."""
    text = text.strip()
    if text and not _NAME.fullmatch(text):
        raise ValueError("must be package.module:function")
    return text
