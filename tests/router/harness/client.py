"""An HTTP/1.1 client at the level of bytes.

It sends exactly what it is told, so that odd requests stay odd, and keeps
everything of the answer: interim answers, repeated headers, how it ended.
"""

import json
import socket
import ssl

from .wait import SLOWNESS


class Response:
    def __init__(self, status, version, headers):
        self.status = status
        self.version = version
        self.headers = headers
        self.interim = []
        self.body = b""
        self.complete = True
        self.trailers = []

    def values(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def value(self, name):
        values = self.values(name)
        assert len(values) <= 1, f"{name} is there {len(values)} times"
        return values[0] if values else None

    @property
    def text(self):
        return self.body.decode("latin-1")

    @property
    def echo(self):
        """What the backend got, if it was an echo that answered."""
        assert self.status == 200, f"{self.status}: {self.text[:200]}"
        return json.loads(self.body)

    @property
    def backend(self):
        """The name of the backend that answered; None if it was nginx."""
        return self.value("X-Backend")

    @property
    def route(self):
        """The name of the route; None where no route matched."""
        return self.value("X-Route")

    def __repr__(self):
        return f"<{self.status} {self.body[:60]!r}>"


class Connection:
    def __init__(self, port, host="127.0.0.1", unix=None, tls=False,
                 timeout=10.0, source=None):
        timeout *= SLOWNESS
        if unix:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(timeout)
            self.sock.connect(unix)
        else:
            self.sock = socket.create_connection(
                (host, port), timeout, source_address=source)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        if tls:
            context = ssl._create_unverified_context()
            self.sock = context.wrap_socket(self.sock, server_hostname="test")

        self.stream = self.sock.makefile("rb")
        self.alive = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.stream.close()
        self.sock.close()
        self.alive = False

    def send(self, data):
        self.sock.sendall(data)

    def is_closed(self):
        """Whether the peer has closed; nothing must be under way."""
        self.sock.setblocking(False)
        try:
            return self.sock.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self.sock.settimeout(10 * SLOWNESS)

    def request(self, method="GET", target="/", headers=(), body=None,
                host="shop.test", version="1.1", chunks=None):
        """Sends a well-formed request and reads the answer."""
        self.send(serialize(method, target, headers, body, host, version,
                            chunks))
        return self.read(method)

    def read(self, method="GET"):
        """Reads one answer."""
        interim = []
        while True:
            response = self.read_head()
            if response.status == 101 or response.status >= 200:
                break
            interim.append(response)

        response.interim = interim
        if response.status != 101:
            self._read_body(response, method)

        connection = (response.value("Connection") or "").lower()
        if connection == "close" or not response.complete:
            self.alive = False
        return response

    def read_head(self):
        line = self.stream.readline()
        if not line:
            self.alive = False
            raise ConnectionError("closed before an answer")

        if not line.startswith(b"HTTP/1."):
            self.alive = False
            raise ConnectionError(f"not an answer: {line[:80]!r}")

        version, status = line.decode("latin-1").split(" ")[:2]
        return Response(int(status), version, self._read_fields())

    def _read_fields(self):
        fields = []
        while True:
            line = self.stream.readline()
            if line == b"\r\n":
                return fields
            if not line:
                raise ConnectionError("closed within a header")
            name, _, value = line.decode("latin-1").partition(":")
            fields.append((name, value.strip()))

    def _read_body(self, response, method):
        if method == "HEAD" or response.status in (204, 304):
            return
        if response.value("Transfer-Encoding") == "chunked":
            self._read_chunks(response)
            return

        length = response.value("Content-Length")
        if length is not None:
            response.body = self._read_bytes(int(length))
            response.complete = len(response.body) == int(length)
            return

        response.body = self._read_bytes(None)
        self.alive = False

    def _read_bytes(self, length):
        data = b""
        try:
            while length is None or len(data) < length:
                part = self.stream.read1(
                    65536 if length is None else length - len(data))
                if not part:
                    break
                data += part
        except ConnectionResetError:
            pass
        return data

    def _read_chunks(self, response):
        while True:
            line = self.stream.readline()
            if not line:
                response.complete = False
                return
            size = int(line.split(b";")[0], 16)
            if size == 0:
                response.trailers = self._read_fields()
                return
            data = self._read_bytes(size)
            response.body += data
            if len(data) < size or not self.stream.readline():
                response.complete = False
                return


def serialize(method="GET", target="/", headers=(), body=None,
              host="shop.test", version="1.1", chunks=None):
    """The bytes of a request."""
    if isinstance(headers, dict):
        headers = list(headers.items())
    if isinstance(body, str):
        body = body.encode()

    lines = [f"{method} {target} HTTP/{version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in headers]

    tail = b""
    if chunks is not None:
        lines.append("Transfer-Encoding: chunked")
        tail = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks if c)
        tail += b"0\r\n\r\n"
    elif body is not None:
        lines.append(f"Content-Length: {len(body)}")
        tail = body

    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + tail
