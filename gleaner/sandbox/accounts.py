"""The one account that each simulated vendor has, and the environment that makes a client use it.

Everything here is made up and opens nothing. Whatever the sandbox hands out as a secret contains one of the marks below,
so that a test can look for them where no secret may be.
"""

from __future__ import annotations

APP_ID = "lcsandbox0000000001"
APP_SECRET = "APPSECRET-sandbox-0000000001"  # noqa: S105 - of nothing but the sandbox

ACCESS_TOKEN = "At_"  # noqa: S105 - how the pages print the beginning of one
AK = "AKSECRET-"
FILE_TOKEN = "FTSECRET-"  # noqa: S105 - only its beginning
SIGNATURE = "SIGSECRET-"
PLAY_TOKEN = "PTSECRET-"  # noqa: S105 - only its beginning
USER_ID = "22998877660001"
ZONES = {
    "sms": "--zone",
    "imou": "--imou-zone",
}  # by vendor, the option of the command for the zone of its times
SECRET_MARKS = (APP_SECRET, ACCESS_TOKEN, AK, FILE_TOKEN, SIGNATURE, PLAY_TOKEN, USER_ID)


def environ(base_url: str) -> dict[str, dict[str, str]]:
    """By vendor, what its client has to be told to speak to a sandbox at this address."""
    return {
        "sms": {"SMS_BASE_URL": base_url},
        "imou": {
            "IMOU_BASE_URL": base_url,
            "IMOU_APP_ID": APP_ID,
            "IMOU_APP_SECRET": APP_SECRET,
            "IMOU_SIGN": "md5",
        },
    }
