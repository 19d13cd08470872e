"""Clients that ask all the time, and what they were answered, when.

    load.py PORT CONNECTIONS PAUSE TARGET...

asks for the targets, one after the other on one connection, after a pause on
the next, until standard input ends; prints an answer a line: place of the
target, who answered, start and end, pass.

Times are those of the monotonic clock, in nanoseconds, which all processes have
in common.  A process of its own, so that it neither waits for the test nor
keeps it waiting.
"""

import pathlib
import select
import socket
import subprocess
import sys
import time


class Load:
    """Some such processes; stop() ends them."""

    def __init__(self, port, targets, processes=2, connections=8, pause=0):
        self.targets = targets
        self.processes = [subprocess.Popen(
            [sys.executable, pathlib.Path(__file__), str(port),
             str(connections), str(pause), *targets], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True) for _ in range(processes)]
        for process in self.processes:  # all of its connections are there
            assert process.stdout.readline() == "ready\n"

    def stop(self):
        for process in self.processes:
            process.kill()
            process.communicate()

    def results(self):
        """Ends; each pass: a list of (place, who, start, end)."""
        passes = []
        for number, process in enumerate(self.processes):
            out, _ = process.communicate("", timeout=30)
            assert process.returncode == 0, out[-500:]
            known = {}
            for line in out.splitlines():
                place, who, start, end, turn = line.split()
                known.setdefault(turn, []).append(
                    (int(place), who, int(start), int(end)))
            passes += known.values()
        return passes


def connect(port):
    sock = socket.create_connection(("127.0.0.1", port), 30)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def ask(sock, data):
    """The status, and the X-Backend of an answer with a Content-Length."""
    try:
        return exchange(sock, data)
    except ConnectionError:
        return "closed", "closed"


def exchange(sock, data):
    sock.sendall(data)
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = sock.recv(65536)
        if not part:
            return "closed", "closed"
        answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1)
                  for line in head.split(b"\r\n")[1:])
    left = int(fields[b"content-length"]) - len(body)
    while left > 0:
        left -= len(sock.recv(left))
    if fields.get(b"connection") == b"close":
        return "closed", "closed"
    return head[9:12].decode(), fields.get(b"x-backend", b"none").decode()


def main(port, connections, pause, *targets):
    requests = [f"GET {t} HTTP/1.1\r\nHost: shop.test\r\n\r\n".encode()
                for t in targets]
    socks = [connect(int(port)) for _ in range(int(connections))]
    lines = []
    turn = 0

    print("ready", flush=True)

    while not select.select([sys.stdin], [], [], float(pause))[0]:
        sock = socks[turn % len(socks)]
        turn += 1
        for place, data in enumerate(requests):
            start = time.monotonic_ns()
            status, who = ask(sock, data)
            end = time.monotonic_ns()
            if status != "200":
                who = "!" + status
            lines.append(f"{place} {who} {start} {end} {turn}")
            if status == "closed":
                socks[socks.index(sock)] = sock = connect(int(port))

    print("\n".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
