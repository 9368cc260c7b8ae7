"""The plug-in point for an owner's own code that brings a record's video, with a vendor's library that is not ours to ship.

It is named by a setting, `package.module:function`, and found by Python's import; nothing is loaded that was not named.
"""

import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from shared.domain.job import Window
from shared.errors import Misconfigured

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


class MediaFetcher(Protocol):
    """Brings the video of one record into one file."""

    def __call__(self, descriptor: Mapping[str, str], window: Window, target: Path, /) -> None:
        """Write the whole video to `target`, which does not exist yet; `window`, in UTC, is the time that the record is of.

        `descriptor` holds the vendor's fields by the vendor's names, keys among them: they must go nowhere else. Raises, of
        `shared.errors`: Gone when the keys have ended or the video is no longer there, so that another listing may help;
        Transient when it is worth another try as it is; Refused when it never will be had.
        """
        ...


def fetcher_name(text: str) -> str:
    """How a fetcher is named, or nothing."""
    text = text.strip()
    if text and not _NAME.fullmatch(text):
        raise ValueError("must be package.module:function")
    return text


def load_fetcher(name: str, setting: str) -> MediaFetcher:
    """The fetcher of this name; Misconfigured `bad-setting` naming the setting and what is wrong with it."""
    module, _, function = fetcher_name(name).partition(":")
    try:
        found = getattr(import_module(module), function, None)
    except Exception as error:  # an owner's module may fail in any way while it is imported
        raise Misconfigured("bad-setting", f"{setting}: {module} cannot be imported: {error!r}") from error
    if found is None:
        raise Misconfigured("bad-setting", f"{setting}: {module} has no {function}")
    if not callable(found):
        raise Misconfigured("bad-setting", f"{setting}: {name} cannot be called")
    return cast(MediaFetcher, found)
