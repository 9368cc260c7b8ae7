"""The Imou (Lechange) cloud, as one vendor value. README.md tells what is known of it and what not."""

from shared.vendors.base import Vendor
from shared.vendors.imou.client import ImouRecords
from shared.vendors.imou.section import read_section
from shared.vendors.imou.settings import ImouSettings, fetcher, lacks

VENDOR = Vendor(
    name="imou",
    settings=ImouSettings,
    section=read_section,
    lacks=lacks,
    records=ImouRecords,
    public_media=True,
    fetcher=fetcher,
)
