"""
The smallest HTTP/2 client that can send a request and read an answer: literal
headers only, no flow control beyond a large window.
"""

import socket
import struct

from .wait import SLOWNESS

DATA, HEADERS, RST, SETTINGS, GOAWAY, WINDOW = 0, 1, 3, 4, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1


class H2Connection:
    def __init__(self, unix, timeout=10.0):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(timeout * SLOWNESS)
        self.sock.connect(unix)
        self.stream = self.sock.makefile("rb")
        self.next_id = 1
        self.sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self._frame(SETTINGS, 0, 0, b"")
        self._frame(WINDOW, 0, 0, struct.pack(">I", 1 << 24))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.sock.close()

    def request(self, method, path, headers=(), body=b"",
                authority="shop.test"):
        """(whether the status was 200, the body) of the answer."""
        return self.read(self.send(method, path, headers, body, authority))

    def send(self, method, path, headers=(), body=b"",
             authority="shop.test"):
        """Sends a request; its stream."""
        number = self.next_id
        self.next_id += 2
        block = b"".join(_literal(n, v) for n, v in [
            (":method", method), (":scheme", "http"), (":path", path),
            (":authority", authority), *headers])
        end = 0 if body else END_STREAM
        self._frame(HEADERS, END_HEADERS | end, number, block)
        for i in range(0, len(body), 16384):
            last = END_STREAM if i + 16384 >= len(body) else 0
            self._frame(DATA, last, number, body[i:i + 16384])
        return number

    def read(self, number):
        """Reads the answer of one stream; other streams must be silent."""
        ok, body = False, b""
        while True:
            kind, flags, stream, payload = self._read_frame()
            if kind == SETTINGS and not flags & ACK:
                self._frame(SETTINGS, ACK, 0, b"")
            if kind in (RST, GOAWAY):
                raise ConnectionError(f"frame {kind}: {payload!r}")
            if stream != number:
                continue
            if kind == HEADERS:
                ok = payload[:1] == b"\x88"
            elif kind == DATA:
                body += payload
            if flags & END_STREAM and kind in (HEADERS, DATA):
                return ok, body

    def _frame(self, kind, flags, stream, payload):
        self.sock.sendall(struct.pack(">I", len(payload))[1:]
                          + struct.pack(">BBI", kind, flags, stream)
                          + payload)

    def _read_frame(self):
        head = self.stream.read(9)
        if len(head) < 9:
            raise ConnectionError("closed")
        length = int.from_bytes(head[:3], "big")
        kind, flags, stream = struct.unpack(">BBI", head[3:])
        return kind, flags, stream, self.stream.read(length)


def _literal(name, value):
    def text(string):
        data = string.encode("latin-1")
        assert len(data) < 127
        return bytes([len(data)]) + data

    return b"\x10" + text(name) + text(value)
