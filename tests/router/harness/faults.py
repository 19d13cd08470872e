"""Handlers for backends: how a backend answers, or fails to.

Each of these functions makes a handler, which returns whether the connection
is kept for a next request.
"""

import threading

from .backend import echo


def answer(status=200, body=b"", headers=(), close=False):
    def handler(exchange):
        return exchange.answer(status, body, headers, close)
    return handler


def chunked(pieces, headers=(), trailers=()):
    def handler(exchange):
        head = ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"]
        head += [f"{n}: {v}" for n, v in headers]
        exchange.send("\r\n".join(head).encode() + b"\r\n\r\n")
        for piece in pieces:
            exchange.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        exchange.send(b"0\r\n")
        for name, value in trailers:
            exchange.send(f"{name}: {value}\r\n".encode())
        exchange.send(b"\r\n")
        return True
    return handler


def raw(data, keep=False):
    """Answers these very bytes."""
    def handler(exchange):
        exchange.send(data)
        return keep
    return handler


def hang():
    """Reads the request and never answers."""
    def handler(exchange):
        exchange.wait()
        return False
    return handler


def hang_unread():
    """Reads the head, but not the body, and never answers."""
    handler = hang()
    handler.before_body = True
    return handler


def hang_after_header():
    def handler(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        exchange.wait()
        return False
    return handler


def reset():
    def handler(exchange):
        return exchange.reset()
    return handler


def reset_unread():
    """Resets once the head has arrived."""
    handler = reset()
    handler.before_body = True
    return handler


def drop():
    """Closes without a byte."""
    def handler(exchange):
        return False
    return handler


def drop_mid_header():
    return raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/pl")


def drop_mid_body():
    return raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
               b"Content-Length: 1000\r\n\r\nthe beginning")


def reset_mid_body():
    def handler(exchange):
        drop_mid_body()(exchange)
        return exchange.reset()
    return handler


def garbage():
    return raw(b"\x16\x03\x01 this is not HTTP\r\n\r\n" * 4)


def close_after(handler):
    """Answers as if the connection were kept, then closes it silently."""
    def closing(exchange):
        handler(exchange)
        return False
    return closing


def in_turn(*handlers):
    """One handler a request; the last one for all that follow."""
    left = list(handlers)
    lock = threading.Lock()

    def handler(exchange):
        with lock:
            current = left.pop(0) if len(left) > 1 else left[0]
        return current(exchange)
    return handler


def if_reused(handler, first=echo):
    """The handler for all but the first request of each connection."""
    seen = set()

    def choose(exchange):
        number = exchange.request.connection
        if number in seen:
            return handler(exchange)
        seen.add(number)
        return first(exchange)
    return choose


class Gate:
    """Holds requests until it is opened; counts how many wait at once."""

    def __init__(self, then=echo):
        self.then = then
        self.event = threading.Event()
        self.lock = threading.Lock()
        self.waiting = 0

    def __call__(self, exchange):
        with self.lock:
            self.waiting += 1
        self.event.wait(20)
        return self.then(exchange)

    def open(self):
        self.event.set()


class Stream:
    """An endless answer that the test feeds piece by piece."""

    def __init__(self, headers=()):
        self.headers = headers
        self.exchange = None
        self.begun = threading.Event()
        self.ended = threading.Event()

    def __call__(self, exchange):
        head = ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"]
        head += [f"{n}: {v}" for n, v in self.headers]
        exchange.send("\r\n".join(head).encode() + b"\r\n\r\n")
        self.exchange = exchange
        self.begun.set()
        self.ended.wait(20)
        exchange.send(b"0\r\n\r\n")
        return True

    def feed(self, data):
        assert self.begun.wait(5)
        self.exchange.send(b"%x\r\n%s\r\n" % (len(data), data))

    def end(self):
        self.ended.set()


def upgrade_echo(exchange):
    """Accepts an upgrade and sends back whatever comes."""
    exchange.send(b"HTTP/1.1 101 Switching Protocols\r\n"
                  b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
    while True:
        data = exchange.stream.read1(65536)
        if not data:
            return False
        exchange.send(data)
