"""What an owner's fetcher may look like: this one knows the vendor that is played here, which serves its videos over HTTP."""

from collections.abc import Mapping
from pathlib import Path

import requests

from shared.domain.job import Window
from shared.errors import Gone, Transient


def fetch(descriptor: Mapping[str, str], window: Window, target: Path, /) -> None:
    """Bring one video."""
    keys = {"path": descriptor["recordPath"], "token": descriptor["fileToken"]}
    answer = requests.get(f"{descriptor['streamAddr']}/videos", params=keys, timeout=60)
    if answer.status_code in (403, 404):
        raise Gone("media-gone", f"the host says {answer.status_code}")
    if answer.status_code == 429:
        raise Transient("flow-spent", "the host says 429")
    answer.raise_for_status()
    target.write_bytes(answer.content)
