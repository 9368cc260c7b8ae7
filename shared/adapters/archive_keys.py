"""What every archive agrees on: which keys are fit for use, when two sidecars are of the same bytes, and how it refuses.

A fit key is relative, of plain ASCII names joined by `/`, none of which begins with a dot, so that it can lead neither out of
an archive nor to what an archive keeps for itself. Its first name, a camera's, may begin with a hyphen: cameras may.
An asset's last name has an extension and a description's none but `.json`, so that no description is ever a sidecar.
"""

import re
from collections.abc import Mapping

from shared.errors import Invalid, NotFound, Refused

REJECTED = ".rejected"
SIDECAR = ".json"
LONGEST = 900  # characters of a key: any disk and any object store takes it
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")
CAMERA = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")


def fit(key: str) -> bool:
    """Whether a key may name an asset; what ends like a sidecar may not."""
    return _plain(key) and not key.endswith(SIDECAR) and "." in _last(key)


def fit_to_describe(key: str) -> bool:
    """Whether a key may name a record's description."""
    return _plain(key) and key.endswith(SIDECAR) and "." not in _last(key).removesuffix(SIDECAR)


def must_fit(key: str) -> str:
    """The key itself. Invalid when it may not name an asset."""
    if not fit(key):
        raise Invalid("archive-key", f"{key!r} cannot name an asset", field="key")
    return key


def must_fit_to_describe(key: str) -> str:
    """The key itself. Invalid when it may not name a record's description."""
    if not fit_to_describe(key):
        raise Invalid("archive-key", f"{key!r} cannot name a description", field="key")
    return key


def must_be_name(asset_id: str) -> str:
    """The id itself. Invalid when no spool can be named by it."""
    if not NAME.fullmatch(asset_id):
        raise Invalid("archive-key", f"{asset_id!r} cannot name a spool", field="asset_id")
    return asset_id


def same_bytes(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Whether two sidecars are of the same bytes."""
    return (one["size"], one["sha256"]) == (other["size"], other["sha256"])


def not_landed(key: str) -> NotFound:
    """For whoever asks for what is not there."""
    return NotFound("asset-unknown", f"no asset has landed under {key!r}")


def taken(key: str) -> Refused:
    """For whoever would put other bytes in the place of landed ones."""
    return Refused("archive-conflict", f"other bytes have landed under {key}")


def not_as_told(key: str, size: int) -> Refused:
    """For whoever would land bytes that are not those of their sidecar."""
    return Refused("archive-mismatch", f"the {size} bytes for {key} are not what the sidecar says")


def _plain(key: str) -> bool:
    camera, *names = key.split("/")
    first = CAMERA if names else NAME
    plain = first.fullmatch(camera) and all(NAME.fullmatch(name) for name in names)
    return len(key) <= LONGEST and bool(plain)


def _last(key: str) -> str:
    return key.rpartition("/")[2]
