"""One folder per vendor, found by name: `load` is the only place that turns a word of a setting into code.

A folder holds everything that is the vendor's (names, codes, fields, addresses, settings) and gives one value, `VENDOR`.
"""

from collections.abc import Iterable
from importlib import import_module
from typing import Any

from shared.errors import Misconfigured
from shared.vendors.base import Vendor


def load(names: Iterable[str]) -> dict[str, Vendor[Any]]:
    """The vendors of these names, in their order. Misconfigured when a folder is missing or gives no vendor."""
    return {name: _vendor(name) for name in names}


def _vendor(name: str) -> Vendor[Any]:
    path = f"{__name__}.{name}"
    try:
        vendor = getattr(import_module(path), "VENDOR", None) if name.isidentifier() else None
    except ModuleNotFoundError as error:
        if error.name != path:
            raise
        vendor = None
    if not isinstance(vendor, Vendor):
        raise Misconfigured("unknown-vendor", f"VENDORS: there is no vendor {name!r}")
    return vendor
