"""Runs shop-legacy and shop-service, and talks to them."""

import http.client
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("STUB_BUILD", TOP / "build" / "stub"))
TIMEOUT = 10


class Answer:
    """A response, read to its end."""

    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode()


class Program:
    """A process of its own, from `listening on` to SIGTERM."""

    def __init__(self, name, *options, wrapper=()):
        self.process = subprocess.Popen(
            [*wrapper, str(BUILD / name), *map(str, options)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.address = self.control = self.errors = None
        try:
            self._wait_for_output(60 if wrapper else TIMEOUT)
            self.address = self._read_address("listening on ")
            if "--control-port" in options:
                self.control = self._read_address("control on ")
        except BaseException:
            self.kill()
            raise

    def _wait_for_output(self, timeout):
        ready, _, _ = select.select([self.process.stdout], [], [], timeout)
        assert ready, "it does not say where it listens"

    def _read_address(self, prefix):
        line = self.process.stdout.readline()
        if not line.startswith(prefix):
            self.process.terminate()
            raise AssertionError(line + self.process.stderr.read())
        return line[len(prefix):].rstrip("\n")

    @property
    def host(self):
        return self.address.rpartition(":")[0].strip("[]")

    @property
    def port(self):
        return int(self.address.rpartition(":")[2])

    def connect(self, timeout=TIMEOUT):
        """A keep-alive connection."""
        return http.client.HTTPConnection(self.host, self.port,
                                          timeout=timeout)

    def socket(self, timeout=TIMEOUT):
        return socket.create_connection((self.host, self.port), timeout)

    def request(self, method, target, body=None, headers=None, via=None):
        """One request; via is a connection to keep, or None."""
        connection = via or self.connect()
        try:
            headers = dict(headers or {})
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
                headers.setdefault("Content-Type", "application/json")
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            return Answer(response, response.read())
        finally:
            if via is None:
                connection.close()

    def get(self, target, headers=None, via=None):
        return self.request("GET", target, headers=headers, via=via)

    def steer(self, method, target, body=None):
        """A request to the control port; returns its JSON."""
        host, _, port = self.control.rpartition(":")
        connection = http.client.HTTPConnection(host, int(port),
                                                timeout=TIMEOUT)
        try:
            connection.request(method, target,
                               None if body is None else json.dumps(body),
                               {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = Answer(response, response.read())
            assert answer.status == 200, answer.body
            return answer.json
        finally:
            connection.close()

    def raw(self, data):
        """Sends bytes, returns all that comes until the end."""
        with self.socket() as sock:
            sock.sendall(data)
            return read_all(sock)

    def stop(self, number=signal.SIGTERM, timeout=TIMEOUT):
        """Ends it; returns the exit status."""
        self.process.send_signal(number)
        try:
            _, self.errors = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("it does not end") from None
        return self.process.returncode

    def kill(self):
        self.process.kill()
        _, self.errors = self.process.communicate()


def read_all(sock):
    chunks = []
    while True:
        chunk = sock.recv(65536)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)


def read_until(sock, mark, data=b""):
    """Reads until mark was seen; returns everything so far."""
    while mark not in data:
        chunk = sock.recv(65536)
        assert chunk, f"closed before {mark!r}: {data!r}"
        data += chunk
    return data


def is_problem(answer, status):
    """Asserts that the answer is a problem document of this status."""
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json
    assert problem["status"] == status
    assert problem["type"] == "about:blank"
    assert problem["title"] == http.client.responses[status].replace(
        "Request Entity Too Large", "Content Too Large").replace(
        "Requested Range Not Satisfiable", "Range Not Satisfiable")
    assert problem["detail"]
    return True


def wait_until(predicate, what, timeout=TIMEOUT):
    deadline = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.01)
