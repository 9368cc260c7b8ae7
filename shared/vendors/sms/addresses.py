"""Addresses of files, as this vendor names them: which are usable at all, and when two of them mean the same file."""

from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

ADDRESS_LENGTH = 2048
DEFAULT_PORTS = {"http": 80, "https": 443}
SIGNED = {"token", "access_token", "auth", "auth_key", "sign", "signature", "sig", "secret", "ossaccesskeyid"}
TIMED = {"expires", "expire", "expiry", "t", "ts", "timestamp", "nonce", "random", "rand", "_"}
SIGNED_PREFIXES = ("x-amz-", "x-oss-", "x-cos-", "x-obs-")


def web_address(text: str) -> str:
    """The address without surrounding blanks. ValueError when no http or https request could be made from it."""
    text = text.strip(" ")
    if len(text) > ADDRESS_LENGTH:
        raise ValueError(f"longer than {ADDRESS_LENGTH} characters")
    if not text.isprintable():  # false for control characters and for halves of surrogate pairs
        raise ValueError("holds characters that cannot be printed")
    if not _leads_somewhere(text):
        raise ValueError("is not an http or https address")
    return text


def file_identity(address: str) -> str:
    """Host, path and lasting query of an address from `web_address`: what stays when it is signed anew.

    The scheme and a default port do not count, nor do credentials and whatever looks like a signature or a time; the rest
    of the query does, in any order, because some platforms name the file there.
    """
    parts = urlsplit(address)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    lasting = sorted(pair for pair in pairs if not _volatile(pair[0]))
    query = f"?{urlencode(lasting)}" if lasting else ""
    return f"{_host(parts)}{parts.path}{query}"


def _leads_somewhere(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in DEFAULT_PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:  # its text repeats the address, which may hold a secret
        return False


def _volatile(name: str) -> bool:
    name = name.casefold()
    return name in SIGNED | TIMED or name.startswith(SIGNED_PREFIXES)


def _host(parts: SplitResult) -> str:
    name, port = parts.hostname or "", parts.port
    host = f"[{name}]" if ":" in name else name
    return host if port in (None, DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"
