"""What the simulated platform says about a running download, and in which spelling.

The callback's three fields are on the vendor's page, their types are not; the answer to a progress query is assumed
to hold the same three in the spelling of the other answers.
"""

from __future__ import annotations

from dataclasses import dataclass

from gleaner.sandbox.switches import Switches


@dataclass(frozen=True)
class Report:
    """How a download stands: what was called back last, and what a query is told."""

    stream_id: str
    file_url: str
    progress: str | float

    def as_callback(self) -> dict[str, str | float]:
        return {"streamId": self.stream_id, "fileUrl": self.file_url, "downloadProgress": self.progress}

    def as_answer(self) -> dict[str, str]:
        return {
            "stream_id": self.stream_id,
            "file_url": self.file_url,
            "download_progress": str(self.progress),
        }


def spell(share: float, switches: Switches, *, ended: bool, filed: bool) -> str | float:
    """A share from 0 to 1 as the platform writes it, twisted as the switches want."""
    if switches.progress == "bare-1":
        return "1"
    if switches.progress == "stays-0" or (switches.progress == "back-to-0" and ended and not filed):
        share = 0.0
    rounded = round(share, 2)
    spellings: dict[str, str | float] = {
        "fraction": str(rounded),
        "percent": str(round(rounded * 100)),
        "percent-sign": f"{round(rounded * 100)}%",
        "number": rounded,
    }
    return spellings[switches.unit]
