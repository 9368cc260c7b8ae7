"""Callbacks that no vendor sends: each breaks the body of a good one, which would move its job, in one way that is always refused.

A body is made by a generator of chance, so that a seed tells them all; what breaks the HTTP around it is in a list.
"""

import json
from collections.abc import Callable, Iterator
from random import Random

from hypothesis import strategies as st

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
TYPES = (
    JSON,
    FORM,
    "",
    "text/plain",
    "application/json; charset=utf-16",
    "multipart/form-data; boundary=x",
    "\xff",
)
SIGNED = "http://media.example/f.mp4?token=hush-hush"
GOOD = {"streamId": "stream-1", "fileUrl": SIGNED, "downloadProgress": "100%"}
LARGEST = 64 * 1024
Body = tuple[bytes, str]  # and its content type

BAD_VALUES = {
    "streamId": [
        "true",
        "1.5",
        '["s"]',
        "{}",
        '"a b"',
        '"a\\r\\nSet-Cookie: x"',
        '"\\u0000"',
        '"\\ud800"',
        '"%s"' % ("s" * 129),
    ],
    "fileUrl": [
        "7",
        "true",
        "[]",
        '"file:///etc/passwd"',
        '"http:///x"',
        '"http://h\\r\\nX: y/"',
        '"http://h:0/"',
        '"\\udfff"',
        '"gopher://h/"',
        '"http://%s"' % ("h" * 2048),
        '"//h/f"',
        '"http://[::1/f"',
    ],
    "downloadProgress": [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-1",
        "101",
        "true",
        "[]",
        "{}",
        '"half"',
        '"1e999"',
        '"-1"',
        "9" * 400,
        "9" * 5000,
        '"٣٥"',
        '"1_0"',
        '"0x10"',
        "1e308",
    ],
}
BAD_ANYWHERE = [
    "NaN",
    "-Infinity",
    "1e999",
    '"\\ud800"',
    '"\\udc00\\ud800"',
    "01",
    "1.",
    "+1",
    ".5",
    "'x'",
    "tru",
    '"\x07"',
    '"\n"',
    "",
    '{"a":' * 40 + "1" + "}" * 40,
    "[" * 60_000,
    *(f"{'[' * n}{']' * n}" for n in (16, 17, 100, 900, 5000, 30_000)),
]
NOT_OBJECTS = [
    "[]",
    "null",
    "7",
    '"streamId"',
    "true",
    "",
    " ",
    "{}",
    '{"data": null}',
    '{"data": [{"streamId": "s"}]}',
    "{}{}",
]


def text(fields: dict[str, str]) -> str:
    """An object of these fields, whose values are JSON already."""
    return "{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in fields.items()) + "}"


def _good() -> dict[str, str]:
    return {name: json.dumps(value) for name, value in GOOD.items()}


def _bad_value(chance: Random) -> bytes:
    name = chance.choice(sorted(BAD_VALUES))
    return text(_good() | {name: chance.choice(BAD_VALUES[name])}).encode()


def _bad_anywhere(chance: Random) -> bytes:
    fields = [*_good().items(), (f"x{chance.randrange(99)}", chance.choice(BAD_ANYWHERE))]
    chance.shuffle(fields)
    return text(dict(fields)).encode()


def _wrapped(chance: Random) -> bytes:
    return b'{"data": ' + chance.choice([_bad_value, _bad_anywhere, _cut])(chance) + b"}"


def _doubled(chance: Random) -> bytes:
    name = chance.choice(sorted(BAD_VALUES))
    return text(_good())[:-1].encode() + f', "{name}": {chance.choice(BAD_VALUES[name])}}}'.encode()


def _cut(chance: Random) -> bytes:
    whole = text(_good()).encode()
    return whole[: chance.randrange(len(whole))]


def _more(chance: Random) -> bytes:
    return text(_good()).encode() + chance.choice(
        [b"x", b"{}", b"\x00", b",", b"]", b"\xff", b"\xef\xbb\xbf"]
    )


def _not_utf8(chance: Random) -> bytes:
    whole, bad = (
        text(_good()).encode(),
        chance.choice([b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\x80"]),
    )
    at = chance.randrange(1, len(whole))
    return whole[:at] + bad + whole[at:]


def _in_another_encoding(chance: Random) -> bytes:
    return (
        text(_good())
        .encode(chance.choice(["utf-16", "utf-16-le", "utf-32", "utf-7", "cp037"]))
        .replace(b"{", b"+", 1)
    )


def _no_object(chance: Random) -> bytes:
    return chance.choice(NOT_OBJECTS).encode()


def _noise(chance: Random) -> bytes:
    return bytes([chance.randrange(128, 256)]) + chance.randbytes(chance.randrange(300))


def _too_large(chance: Random) -> bytes:
    padding = b" " * (LARGEST + chance.randrange(1, 4096))
    return chance.choice([padding + text(_good()).encode(), text(_good()).encode() + padding])


WAYS: list[Callable[[Random], bytes]] = [
    _bad_value,
    _bad_anywhere,
    _wrapped,
    _doubled,
    _cut,
    _more,
    _not_utf8,
    _in_another_encoding,
    _no_object,
    _noise,
]
SELDOM = 50  # bodies that are too large take their time


def _form(chance: Random) -> bytes:
    return chance.choice(
        [
            b"streamId=%ff",
            b"streamId=%ED%A0%80",
            b"streamId=a%0d%0ab",
            b"streamId=a%00",
            b"fileUrl=file:///etc/passwd",
            b"downloadProgress=NaN",
            b"downloadProgress=1e999",
            b"streamId=\xff",
            b"&" * 5000,
            b"streamId=s&" * 65,
            b"streamId=s&" * 5000,
            b"streamId[$gt]=",
            b"%",
            b"=" * 5000,
        ]
    )


def bodies(chance: Random, count: int) -> Iterator[Body]:
    """That many, none of which may move a job."""
    for number in range(count):
        if number % SELDOM == 0:
            yield _too_large(chance), chance.choice(TYPES)
        elif chance.random() < 0.1:
            yield _form(chance), FORM
        else:
            yield chance.choice(WAYS)(chance), chance.choice(TYPES)


# -- by Hypothesis -----------------------------------------------------------------------------------------------------

_BOXES = st.recursive(
    st.lists(st.none() | st.integers() | st.text(max_size=9), max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)
_NO_NUMBER = st.text(st.characters(exclude_characters="0123456789 \t\n\r"), min_size=1, max_size=20)
_NO_ADDRESS = st.text(max_size=30).map(lambda said: f"x{said}")
_NO_ID = (
    st.text(max_size=30).map(lambda said: f"{said} ")
    | st.floats().map(lambda number: number + 0.5)
    | st.booleans()
)
_WRONG = {
    "streamId": _BOXES | _NO_ID,
    "fileUrl": _BOXES | _NO_ADDRESS | st.integers(),
    "downloadProgress": _BOXES | _NO_NUMBER,
}


@st.composite
def _mistyped(draw: st.DrawFn) -> bytes:
    name = draw(st.sampled_from(sorted(_WRONG)))
    more = draw(st.dictionaries(st.text(max_size=9).map(lambda said: f"x{said}"), _BOXES, max_size=2))
    return json.dumps({**GOOD, **more, name: draw(_WRONG[name])}, ensure_ascii=draw(st.booleans())).encode(
        "utf-8", "surrogatepass"
    )


DRAWN: st.SearchStrategy[Body] = st.tuples(
    _mistyped() | st.binary(max_size=200).map(lambda noise: b"\xfe" + noise), st.sampled_from([*TYPES])
)


# -- broken HTTP -------------------------------------------------------------------------------------------------------


def broken_requests(path: str) -> Iterator[tuple[str, bytes]]:
    """What is wrong, and the bytes as they go out; then the sender says no more."""
    top, body = f"POST {path} HTTP/1.1\r\nHost: x\r\n".encode(), text(_good()).encode()
    yield from _broken_bodies(top, body)
    yield from _broken_heads(top, body)
    yield from _broken_lines(path)
    yield from _other_methods(path, body)


def _broken_bodies(top: bytes, body: bytes) -> Iterator[tuple[str, bytes]]:
    chunked, length = b"Transfer-Encoding: chunked\r\n", b"Content-Length: %d\r\n" % len(body)
    chunk = b"%x\r\n%s\r\n" % (len(body), body)
    yield "length and chunks", top + length + chunked + b"\r\n" + chunk + b"0\r\n\r\n"
    yield "chunks and length", top + chunked + length + b"\r\n" + chunk + b"0\r\n\r\n"
    yield "two lengths", top + length + b"Content-Length: 1\r\n\r\n" + body
    yield "two lengths in one", top + b"Content-Length: 5, 5\r\n\r\n" + body
    for said in (
        b"-1",
        b"+5",
        b"0x10",
        b"1e3",
        b"",
        b" ",
        b"5 5",
        b"9" * 400,
        "٥".encode(),
        b"5;q=1",
        b"1_0",
    ):
        yield f"length {said[:9]!r}", top + b"Content-Length: " + said + b"\r\n\r\n" + body
    for said in (b"zz", b"-1", b"0x5", b"", b" 5", b"5 ;", b"f" * 40, b"5\n", b"+5"):
        yield f"chunk of {said[:9]!r}", top + chunked + b"\r\n" + said + b"\r\n" + body + b"\r\n0\r\n\r\n"
    yield "chunk longer than said", top + chunked + b"\r\n1\r\n" + body + b"\r\n0\r\n\r\n"
    yield "chunks without end", top + chunked + b"\r\n" + chunk
    yield "chunks cut in a size", top + chunked + b"\r\n5"
    yield "trailers that are none", top + chunked + b"\r\n" + chunk + b"0\r\nno trailer\r\n\r\n"
    yield "a coding of no kind", top + b"Transfer-Encoding: foo\r\n\r\n" + chunk + b"0\r\n\r\n"
    yield (
        "packed and chunked",
        top + b"Transfer-Encoding: gzip, chunked\r\n\r\n4\r\n\x1f\x8b\x08\x00\r\n0\r\n\r\n",
    )
    yield "chunked twice", top + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + chunk + b"0\r\n\r\n"
    yield "chunked under a cloak", top + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + chunk + b"0\r\n\r\n"
    yield (
        "chunked before the last",
        top + b"Transfer-Encoding: chunked, identity\r\n\r\n" + chunk + b"0\r\n\r\n",
    )
    yield "a body shorter than said", top + b"Content-Length: 9999\r\n\r\n" + body


def _broken_heads(top: bytes, body: bytes) -> Iterator[tuple[str, bytes]]:
    length = b"Content-Length: %d\r\n" % len(body)
    yield "half a head", top[:-9]
    yield "half a line", top[:7]
    yield "nothing", b""
    yield "only line ends", b"\r\n" * 1000
    yield "a name folded", top + b"X-A: b\r\n c\r\n" + length + b"\r\n" + body[:-1]
    yield "a name with a blank", top + b"Content-Length : 5\r\n\r\n" + body
    yield "a name of nothing", top + b": x\r\n\r\n"
    yield "a bare line end in a value", top + b"X: a\rb\r\n\r\n"
    yield "a null in a value", top + b"X: a\x00b\r\n\r\n"
    yield "a head without end", top + b"X: " + b"a" * 70_000
    yield "names without end", top + b"".join(b"X%d: y\r\n" % n for n in range(2000)) + b"\r\n"
    yield (
        "two requests, one smuggled",
        top + b"Content-Length: 1\r\n\r\n{" + top + length + b"\r\n" + body[:-1] + b"[",
    )
    yield "a promise of more", top + b"Expect: 100-continue\r\n" + length + b"\r\n" + body[:-1] + b"["
    yield "an expectation", top + b"Expect: the-unexpected\r\n" + length + b"\r\n" + body[:-1] + b"["
    yield "a packed body", top + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"
    yield (
        "an upgrade",
        top
        + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\nContent-Length: 1\r\n\r\n{",
    )
    yield "many hosts", top + b"Host: y\r\nContent-Length: 1\r\n\r\n{"


def _broken_lines(path: str) -> Iterator[tuple[str, bytes]]:
    yield "a line without end", b"POST /callbacks/" + b"a" * 70_000
    yield "no version", f"POST {path}\r\n\r\n".encode()
    yield "another version", f"POST {path} HTTP/9.9\r\nHost: x\r\n\r\n".encode()
    yield "another protocol", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)
    yield "the beginning of another version", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(50)
    yield (
        "a line that goes on",
        f"POST {path}%0d%0aX: y HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{{".encode(),
    )
    yield "a line with a break", f"POST {path}\nX: y HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    yield (
        "an address with its host",
        f"POST http://evil.example{path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{{".encode(),
    )
    yield "no path", b"POST * HTTP/1.1\r\nHost: x\r\n\r\n"
    yield (
        "a host that is none",
        f"POST {path} HTTP/1.1\r\nHost: a b/\x7f\r\nContent-Length: 1\r\n\r\n{{".encode(),
    )


def _other_methods(path: str, body: bytes) -> Iterator[tuple[str, bytes]]:
    for method in (
        "GET",
        "PUT",
        "PATCH",
        "DELETE",
        "TRACE",
        "CONNECT",
        "PROPFIND",
        "post",
        "P\x00ST",
        "X" * 50,
    ):
        yield (
            f"method {method[:9]!r}",
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: ".encode()
            + b"%d\r\n\r\n" % len(body)
            + body,
        )
