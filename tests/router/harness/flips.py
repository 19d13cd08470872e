"""A router with the admin API and a state directory, and calls to it.

    Flipped(RULES) -> api.patch("a", stage="live"), api.flips(undo=3), ...
                   -> side("/a"), sides("/a"): who answers, in every worker
"""

import contextlib
import json
import os
import pathlib
import zlib

from .router import Router
from .wait import wait_until

BASE = "/_s/"
ARGS = "zone=1m poll=50ms state=@HOME@/state"
LOCATION = f"location {BASE} {{ strangler_api main write=on; }}"

HEAD = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
"""

ROUTE = """
  - name: %(name)s
    match: {path: /%(name)s/*}
    to: new
    stage: %(stage)s
    by: [client]
    data: shared
"""


def route(name, stage="legacy", **more):
    """A route's text; more are members, such as percent=25."""
    lines = [f"    {key}: {value}\n" for key, value in more.items()]
    return ROUTE % {"name": name, "stage": stage} + "".join(lines)


def rules(*routes, head=HEAD):
    return head + "routes:\n" + "".join(
        r if "\n" in r else route(r) for r in routes)


class Answer:
    def __init__(self, response):
        self.response = response
        self.status = response.status

    @property
    def json(self):
        return json.loads(self.response.body)

    @property
    def seq(self):
        return self.json["seq"]

    @property
    def detail(self):
        """Of a problem, RFC 9457."""
        assert self.response.value("Content-Type") == (
            "application/problem+json")
        return self.json["detail"]

    def __repr__(self):
        return f"<{self.status} {self.response.text[:500]}>"


class Api:
    """Calls on connections of their own, or on one that is given."""

    def __init__(self, router, connection=None):
        self.router = router
        self.connection = connection

    def call(self, method, path, body=None):
        headers = {}
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        if self.connection is not None:
            return Answer(self.connection.request(
                method, BASE + path, headers, body=body, host="127.0.0.1"))
        with self.router.connect() as connection:
            return Answer(connection.request(
                method, BASE + path, headers, body=body, host="127.0.0.1"))

    def get(self, path):
        answer = self.call("GET", path)
        assert answer.status == 200, answer
        return answer.json

    def patch(self, name, **members):
        """A flip of one route that is to succeed; the route."""
        return self.good("PATCH", "v1/routes/" + name, members)

    def drain(self, name, drain=True, **members):
        return self.good("PATCH", "v1/backends/" + name,
                         {"drain": drain, **members})

    def flips(self, *changes, **members):
        """POST v1/flips that is to succeed."""
        if changes:
            members["changes"] = list(changes)
        return self.good("POST", "v1/flips", members)

    def good(self, method, path, body):
        answer = self.call(method, path, body)
        assert answer.status == 200, answer
        return answer.json

    def refused(self, status, method, path, **members):
        """What the problem says."""
        answer = self.call(method, path, members)
        assert answer.status == status, answer
        return answer.detail

    def route(self, name):
        return self.get("v1/routes/" + name)

    def routes(self):
        return {r["name"]: r for r in self.get("v1/routes?limit=1000")[
            "routes"]}

    def backend(self, name):
        return {b["name"]: b for b in self.get("v1/backends")[
            "backends"]}[name]

    def status(self):
        return self.get("v1/status")

    def history(self, after=0, **filters):
        """All entries there are."""
        found = []
        more = "".join(f"&{k}={v}" for k, v in filters.items())
        while after is not None:
            page = self.get(f"v1/history?after={after}{more}")
            found += page["entries"]
            after = page["next"]
        return found

    def last(self):
        return self.history()[-1]

    def wait_entry(self, kind, after=0, timeout=8.0):
        """Until the history has an entry of that kind; the entry."""
        return wait_until(
            lambda: [e for e in self.history(after) if e["kind"] == kind],
            f"the history has a {kind}", timeout, 0.05)[-1]

    def wait_converged(self, generation=None):
        def converged():
            status = self.status()
            return (status["converged"] and status["generation"] > (
                generation or 0)) and status
        return wait_until(converged, "all workers have the newest rules")


class Flipped(Router):
    def __init__(self, text, *args, server="", rules_args=ARGS, **options):
        options.setdefault("workers", 2)
        super().__init__(text, *args, server=LOCATION + server,
                         rules_args=rules_args, **options)
        self.api = Api(self)

    @property
    def state(self):
        return pathlib.Path(self.home) / "state"

    def edit(self, text):
        """Changes the rules file and waits until every worker has it."""
        generation = self.api.status()["generation"]
        self.rules.replace(text)
        return self.api.wait_converged(generation)

    def side(self, target, headers=()):
        with self.connect() as connection:
            return connection.request("GET", target, headers).backend

    def all_at(self, side, target, times=8):
        return all(self.side(target) == side for _ in range(times))

    def sides(self, target, times=8):
        """The one backend that answers, on so many connections."""
        found = {self.side(target) for _ in range(times)}
        assert len(found) == 1, found
        return found.pop()

    @contextlib.contextmanager
    def one_worker(self):
        """Calls of the API are answered by one worker, meanwhile."""
        with self.connect() as self.api.connection:
            try:
                yield
            finally:
                self.api.connection = None

    def restart(self):
        self.close()
        self.nginx.stop()
        self.nginx.start()

    def journal(self):
        """The entries, each of whose lines must be whole."""
        data = (self.state / "journal.jsonl").read_bytes()
        return read_journal(data)


def read_journal(data):
    """Lines of JSON with a CRC-32 of what is before it, numbered in a row."""
    assert data == b"" or data.endswith(b"\n"), data[-200:]
    entries = []
    for line in data.splitlines():
        body, _, tail = line.rpartition(b',"sum":"')
        assert tail == b'%08x"}' % zlib.crc32(body), line
        entries.append(json.loads(line))
    numbers = [e["seq"] for e in entries if e["kind"] != "snapshot"]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))
                           if numbers else []), numbers
    return entries


def mode(path):
    status = os.stat(path)
    return status.st_mode & 0o777, status.st_uid, status.st_gid
