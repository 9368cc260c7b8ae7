"""`python -m gleaner.sandbox`."""

from __future__ import annotations

from gleaner.sandbox.command import sandbox

sandbox(prog_name="gleaner sandbox")
