"""The SMS playback platform (Om Agent OpenAPI), as one vendor value. README.md tells what is known of it and what not."""

from shared.vendors.base import Vendor
from shared.vendors.sms.client import SmsPlayback
from shared.vendors.sms.section import read_section
from shared.vendors.sms.settings import SmsSettings

VENDOR = Vendor(
    name="sms",
    settings=SmsSettings,
    section=read_section,
    lacks=lambda settings: "" if settings.base_url else "SMS_BASE_URL",
    playback=SmsPlayback,
)
