"""Descriptions of records on a disk: readable files that are replaced in one step, so that nobody ever sees half of one."""

import os
from collections.abc import Mapping
from pathlib import Path

from shared.adapters.archive_json import parsed, same, written
from shared.adapters.disk import folder, opened, reading, write_whole, writing
from shared.errors import Transient


def describe(root: Path, key: str, description: Mapping[str, object]) -> bool:
    """Put a description under its key; False when the same is there. One caller for a key at a time. Transient."""
    *parents, name = key.split("/")
    content = written(description)
    with writing(key), folder(root, parents, create=True) as where:
        if same(_readable(root, key), content):
            os.fsync(where)  # whoever put it there may have died before it was safe
            return False
        write_whole(where, name, [content])
    return True


def description_at(root: Path, key: str) -> Mapping[str, object] | None:
    """What lies under a key, or None. Transient `archive-unreadable`."""
    return parsed(_content(root, key))


def _content(root: Path, key: str) -> bytes:
    file = opened(root, key)
    if file is None:
        return b""
    with file, reading(key):
        return file.read()


def _readable(root: Path, key: str) -> bytes:
    """What cannot be read is put anew."""
    try:
        return _content(root, key)
    except Transient:
        return b""
