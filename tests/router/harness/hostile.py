"""
What tests of hostile requests stand on: paths read anew, independent of the
router's own code, and connections on which anything may be said.

    raw target -> reading() -> segments, or None where a 400 is due
"""

import re
import struct

from . import h2
from .client import Connection

PROBE = (b"GET /probe HTTP/1.1\r\nHost: shop.test\r\n"
         b"Connection: close\r\n\r\n")

HEX = re.compile(rb"%([0-9A-Fa-f]{2})?")
KEPT = {b"/": b"%2F", b"\\": b"%5C", b"%": b"%25"}
PLAIN = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=:@/%-]+")


def segments(path):
    """The decoded segments of a path (bytes, without query); None: bad."""
    if not path.startswith(b"/") or re.search(rb"[\0#?]", path):
        return None
    bytes_of = [int(h, 16) if h else 0 for h in HEX.findall(path)]
    if 0 in bytes_of:
        return None

    def decode(found):
        byte = bytes([int(found.group(1), 16)])
        return KEPT.get(byte, byte)

    return [HEX.sub(decode, segment) for segment in path[1:].split(b"/")]


def reading(path):
    """
    The path as RFC 3986 and nginx read it: decoded but for %2F, %5C and %25,
    and without `.`, `..` and empty segments.  None where it has no reading.
    """
    found = segments(path)
    if found is None:
        return None

    kept = []
    for segment in found:
        if segment == b".." and not kept:
            return None
        if segment == b"..":
            kept.pop()
        elif segment not in (b"", b"."):
            kept.append(segment)

    folder = found[-1] in (b"", b".", b"..") and kept
    return b"/" + b"/".join(kept) + (b"/" if folder else b"")


def encoded(path):
    """A reading, with what a path cannot hold percent-encoded."""
    return re.sub(rb"[^A-Za-z0-9._~!$&'()*+,;=:@/%-]",
                  lambda m: b"%%%02X" % m.group()[0], path)


def is_resolved(path):
    """Whether nothing is left in the path that a reader would resolve."""
    found = segments(path)
    return (found is not None and found[-1] not in (b".", b"..")
            and not {b"", b".", b".."} & set(found[:-1]))


def is_clean(path):
    """Whether a path is what may be written in a request line or Location."""
    return (PLAIN.fullmatch(path) is not None
            and path.startswith(b"/") and not path.startswith(b"//")
            and is_resolved(path))


def say(router, data, method="GET", unix=None):
    """
    Sends the bytes on a connection of their own; every answer until nginx
    closes it.
    """
    answers = []
    with Connection(router.port, unix=unix) as connection:
        try:
            connection.send(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        while True:
            try:
                answers.append(connection.read(method))
            except ConnectionResetError:
                return answers
            except ConnectionError as error:
                assert "closed before" in str(error), error
                return answers
            method = "GET"


def target_of(request):
    """A backend's request: the bytes of (path, query with its `?`)."""
    path, mark, query = request.target.encode("latin-1").partition(b"?")
    return path, mark + query


def is_whole(request):
    """Whether the head that a backend got is lines of HTTP and no more."""
    lines = request.head[:-2].split(b"\r\n")
    return (all(re.fullmatch(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [^\0\r\n]*", line)
                for line in lines[1:])
            and re.fullmatch(rb"[A-Z_-]+ [^\0-\x20\x7f]+ HTTP/1\.[01]",
                             lines[0]) is not None)


class H2(h2.H2Connection):
    """Any header list at all; answers 0 where the stream or all is ended."""

    STATUS = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}

    def ask(self, fields, body=b"", end=True):
        """(status, body) of the answer to these fields, pseudo or not."""
        number = self.next_id
        self.next_id += 2
        block = b"".join(self._field(n, v) for n, v in fields)
        self._frame(h2.HEADERS, h2.END_HEADERS
                    | (0 if body else h2.END_STREAM), number, block)
        if body:
            self._frame(h2.DATA, h2.END_STREAM if end else 0, number, body)
        return self._answer(number)

    def _answer(self, number):
        status, body = 0, b""
        while True:
            try:
                kind, flags, stream, payload = self._read_frame()
            except (ConnectionError, struct.error):
                return 0, b""
            if kind == h2.SETTINGS and not flags & h2.ACK:
                self._frame(h2.SETTINGS, h2.ACK, 0, b"")
            if kind == h2.GOAWAY:
                return status, body
            if stream != number:
                continue
            if kind == h2.RST:
                return status, body
            if kind == h2.HEADERS:
                status = self._status(payload)
            elif kind == h2.DATA:
                body += payload
            if flags & h2.END_STREAM:
                return status, body

    def _status(self, block):
        if block[0] & 0x80:
            return self.STATUS[block[0] & 0x7f]
        assert block[1] == 3, block[:8]
        return int(block[2:5])

    @staticmethod
    def _field(name, value):
        def text(string):
            data = (string.encode("latin-1") if isinstance(string, str)
                    else string)
            if len(data) < 127:
                return bytes([len(data)]) + data
            rest, more = len(data) - 127, b"\x7f"
            while rest >= 128:
                more += bytes([rest % 128 + 128])
                rest //= 128
            return more + bytes([rest]) + data

        return b"\x10" + text(name) + text(value)
