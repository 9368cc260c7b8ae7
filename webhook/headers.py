"""What every answer carries, so that a browser does with it what was meant and nothing else."""

from flask import Response

SELF_ONLY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
ALWAYS = {
    "Content-Security-Policy": SELF_ONLY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
NOT_KEPT = ("Cache-Control", "no-store")


def add_headers(answer: Response) -> Response:
    """Nothing is kept by browsers and proxies unless its view says so."""
    answer.headers.extend(ALWAYS)  # nobody else sets them
    if NOT_KEPT[0] not in answer.headers:
        answer.headers.add(*NOT_KEPT)
    return answer
