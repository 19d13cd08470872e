"""Clients that keep their connections and cost as little as they can."""

import socket


def request(target):
    return (f"GET {target} HTTP/1.1\r\nHost: shop.example.com\r\n"
            "User-Agent: bench\r\nAccept: */*\r\n\r\n").encode()


class Client:
    """Closed loop: a request on each of its connections, then the answers.
    All answers are equally long, as the backend always says the same."""

    def __init__(self, port, target, connections=1):
        self.data = request(target)
        self.sockets = []
        try:
            for _ in range(connections):
                self.sockets.append(connect(port))
            self.size = len(self._first())
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for sock in self.sockets:
            sock.close()

    def _first(self):
        answer = b""
        self.sockets[0].sendall(self.data)
        while not answer.endswith(b"\r\n\r\nhello\n"):
            answer += self._receive(self.sockets[0], 65536)
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise AssertionError(f"not the backend's answer: {answer!r}")
        return answer

    @staticmethod
    def _receive(sock, size):
        data = sock.recv(size)
        if not data:
            raise ConnectionError("nginx closed the connection")
        return data

    def run(self, number):
        """So many requests, rounded down to a multiple of the connections."""
        for _ in range(number // len(self.sockets)):
            for sock in self.sockets:
                sock.sendall(self.data)
            for sock in self.sockets:
                missing = self.size
                while missing > 0:
                    answer = self._receive(sock, missing)
                    if missing == self.size and answer[9:12] != b"200":
                        raise AssertionError(f"failed: {answer!r}")
                    missing -= len(answer)


def connect(port):
    sock = socket.create_connection(("127.0.0.1", port), timeout=30)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock
