"""A backend that records what it gets and misbehaves as it is told.

    listener -> a thread a connection -> requests, one after the other
                                         -> handler of the path, or echo

A handler is a function of an Exchange; see faults.py.  It is found by the
request's path without the query.  A handler with an attribute before_body runs
before the body is read.
"""

import hashlib
import itertools
import json
import os
import select
import socket
import struct
import threading

from .wait import wait_until

SEQUENCE = itertools.count()
MAX_KEPT_BODY = 64 * 1024


class Request:
    """A request as it arrived."""

    def __init__(self, backend, connection, head):
        lines = head.split(b"\r\n")
        self.backend = backend
        self.connection = connection
        self.head = head
        self.method, self.target, self.version = (
            lines[0].decode("latin-1").split(" "))
        self.headers = []
        for line in lines[1:]:
            if line:
                name, _, value = line.decode("latin-1").partition(":")
                self.headers.append((name, value.strip()))
        self.order = next(SEQUENCE)
        self.body = b""
        self.body_length = 0
        self.sha256 = hashlib.sha256()
        self.complete = False
        self.released = threading.Event()

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def digest(self):
        return self.sha256.hexdigest()

    def values(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def value(self, name):
        """The only value of a header; None when there is none."""
        values = self.values(name)
        assert len(values) <= 1, f"{name} is there {len(values)} times"
        return values[0] if values else None

    def add_body(self, data):
        self.body_length += len(data)
        self.sha256.update(data)
        if len(self.body) < MAX_KEPT_BODY:
            self.body += data

    def as_dict(self):
        return {
            "backend": self.backend, "connection": self.connection,
            "method": self.method, "target": self.target,
            "headers": self.headers, "body_length": self.body_length,
            "sha256": self.digest,
        }

    def __repr__(self):
        return f"<{self.backend}: {self.method} {self.target}>"


class Exchange:
    """What a handler works with: the socket and the request on it."""

    def __init__(self, backend, sock, stream, request):
        self.backend = backend
        self.sock = sock
        self.stream = stream
        self.request = request

    def send(self, data):
        self.sock.sendall(data)

    def answer(self, status=200, body=b"", headers=(), close=False):
        if isinstance(body, str):
            body = body.encode()
        head = [f"HTTP/1.1 {status} Status {status}"]
        head += [f"{name}: {value}" for name, value in headers]
        if status >= 200 and status not in (204, 304):
            head.append(f"Content-Length: {len(body)}")
        if close:
            head.append("Connection: close")
        data = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n"
        if self.request.method != "HEAD" and status not in (204, 304):
            data += body
        self.send(data)
        return not close

    def reset(self):
        """Closes with a RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        return False

    def wait(self, seconds=20.0):
        """Until the peer closes, the test is over, or the time is."""
        poll = select.poll()
        poll.register(self.sock, select.POLLRDHUP | select.POLLHUP
                      | select.POLLERR)
        for _ in range(int(seconds / 0.02)):
            if self.request.released.is_set() or poll.poll(20):
                return

    def read_body(self):
        """Reads what the framing promises; False when it is cut short."""
        request = self.request

        if request.value("Transfer-Encoding"):
            whole = self._read_chunks()
        else:
            whole = self._read_bytes(int(request.value("Content-Length") or 0))

        request.complete = whole
        return whole

    def _read_bytes(self, left):
        while left:
            data = self.stream.read1(min(left, 65536))
            if not data:
                return False
            self.request.add_body(data)
            left -= len(data)
        return True

    def _read_chunks(self):
        while True:
            size = int(self.stream.readline() or b"-1", 16)
            if size < 0:
                return False
            if size and not self._read_bytes(size):
                return False
            if self.stream.readline() != b"\r\n":
                return False
            if not size:
                return True


def echo(exchange):
    """The default handler: tells what arrived."""
    body = json.dumps(exchange.request.as_dict())
    return exchange.answer(
        body=body, headers=[("Content-Type", "application/json"),
                            ("X-Backend", exchange.backend.name)])


class Backend:
    """
    Listens on 127.0.0.1, or host (an IPv6 address), or a unix socket.  With a
    greeting it says that and closes, whatever the peer wants.
    """

    def __init__(self, name, host="127.0.0.1", unix=None, tls=None,
                 greeting=None):
        self.name = name
        self.greeting = greeting
        self.tls = tls
        self.requests = []
        self.handlers = {}
        self.connections = set()
        self.accepted = 0
        self.sni = []
        self.lock = threading.Lock()
        self.unix = unix

        if unix:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(unix)
            os.chmod(unix, 0o666)
            self.address = "unix:" + unix
        else:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self.listener = socket.socket(family)
            self.listener.bind((host, 0))
            self.port = self.listener.getsockname()[1]
            self.address = ("[%s]:%d" if ":" in host else "%s:%d") % (
                host, self.port)

        self.listener.listen(256)
        self.url = ("https://" if tls else "http://") + self.address
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

        if tls:
            tls.sni_callback = (
                lambda sock, name, context: self.sni.append(name))

    def on(self, path, handler):
        self.handlers[path] = handler

    def reset(self):
        """Forgets requests and handlers, ends what hangs."""
        with self.lock:
            requests, self.requests = self.requests, []
        self.handlers = {}
        self.sni.clear()
        for request in requests:
            request.released.set()

    def seen(self, path=None):
        """The requests so far, of one path or all."""
        with self.lock:
            return [r for r in self.requests
                    if path is None or r.path == path]

    def drop_connections(self):
        with self.lock:
            connections = list(self.connections)
        for sock in connections:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def drop_idle(self):
        """Closes every connection and waits until they are gone."""
        self.drop_connections()
        wait_until(lambda: not self.connections, "connections are closed")

    def stop(self):
        self.reset()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.drop_connections()
        self.thread.join(5)

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.accepted += 1
                number = self.accepted
                self.connections.add(sock)
            threading.Thread(target=self._serve, args=(sock, number),
                             daemon=True).start()

    def _serve(self, sock, number):
        try:
            if self.greeting:
                sock.sendall(self.greeting)
                return
            if self.tls:
                sock = self._handshake(sock)
            stream = sock.makefile("rb")
            while self._serve_one(sock, stream, number):
                pass
            stream.close()
        except (OSError, ValueError):
            pass
        finally:
            with self.lock:
                self.connections.discard(sock)
            sock.close()

    def _handshake(self, sock):
        with self.lock:
            self.connections.discard(sock)
            sock.settimeout(10)
            sock = self.tls.wrap_socket(sock, server_side=True,
                                        do_handshake_on_connect=False)
            self.connections.add(sock)
        try:
            sock.do_handshake()
            sock.settimeout(None)
        except BaseException:
            with self.lock:
                self.connections.discard(sock)
            sock.close()
            raise
        return sock

    def _serve_one(self, sock, stream, number):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline()
            if not line:
                return False
            head += line

        request = Request(self.name, number, head[:-2])
        with self.lock:
            self.requests.append(request)

        handler = self.handlers.get(request.path, echo)
        exchange = Exchange(self, sock, stream, request)

        if not getattr(handler, "before_body", False):
            if not exchange.read_body():
                return False

        return handler(exchange)
