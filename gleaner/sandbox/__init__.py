"""The vendors, played on this machine: real HTTP, real footage, and every known kind of mischief.

Written as the other side. Nothing here imports the code that it tests, so the two can only agree by what goes over the
wire. What the vendor's pages leave open is decided here as comparable platforms are known to behave, and marked as ours.
"""
