"""nginx with the module, its rules, its backends, and a client before it."""

import json
import os
import re

from . import client
from .backend import Backend
from .nginx import MODULE, PARAMS, Nginx, make_home
from .rules import RulesFile
from .wait import free_port, wait_until

LOGGED = """
    strangler_route strangler_capability strangler_backend strangler_side
    strangler_stage strangler_fallback strangler_retries
    strangler_shadow strangler_host
    strangler_prefix strangler_connection strangler_forwarded_proto
    strangler_copy strangler_generation upstream_addr upstream_status
    upstream_cache_status status request_uri uri request_time
    upstream_bytes_sent upstream_response_time
""".split()


class Router:
    """
    rules is the text of the rules file, or a dict of texts for several rule
    sets; backends are names, or Backend objects.  http, server, location and
    servers are snippets: in http, in the server, in its only location, and
    whole servers more.  paths are the rules files of sets that have no text.
    @PORT@ is the server's port, @HOME@ the directory; request_id is what finds
    an answer's line in the log.
    """

    live = []

    def __init__(self, rules, backends=("legacy", "new"), http="", server="",
                 location="", root=None, servers="", listen="",
                 rules_args="zone=1m poll=100ms", paths=(), start=True,
                 request_id="$request_id", **nginx):
        self.home = make_home()
        self.backends = {}
        for backend in backends:
            if isinstance(backend, str):
                backend = Backend(backend)
            self.backends[backend.name] = backend
        self.urls = {n: b.url for n, b in self.backends.items()}
        self.port = free_port()
        self.connection = None

        sets = rules if isinstance(rules, dict) else {"main": rules}
        self.files = {}
        directives = []
        for name, text in sets.items():
            path = dict(paths).get(name, "@HOME@/" + name + ".yaml")
            file = RulesFile(self.fill(path), self.urls)
            if text is not None:
                file.replace(text)
            self.files[name] = file
            directives.append(
                f"    strangler_rules {name} {file.path} "
                f"{rules_args.replace('@SET@', name)};")

        if root is None:
            root = f"""
        location / {{
            strangler_pass main;
            include {PARAMS};
            {location}
        }}"""

        self.directives = "\n".join(directives)
        self.access_log = os.path.join(self.home, "access.log")
        text = f"""
    log_format strangler escape=json '{self._log_format(request_id)}';
    access_log {self.access_log} strangler;
    add_header X-Id "{request_id}" always;
    add_header X-Gen $strangler_generation always;
    add_header X-Route $strangler_route always;
    {http}
{self.directives}
    server {{
        listen 127.0.0.1:{self.port} {listen};
        server_name _;
        {server}
        {root}
    }}
    {servers}
"""
        self.nginx = Nginx(self.fill(text), home=self.home, **nginx)
        if start:
            self.start()

    @property
    def rules(self):
        return self.files["main"]

    def fill(self, text):
        known = {"PORT": str(self.port), "HOME": self.home,
                 "PARAMS": str(PARAMS)}
        return re.sub(r"@(PORT|HOME|PARAMS)@",
                      lambda m: known[m.group(1)], text)

    @staticmethod
    def _log_format(request_id):
        fields = [f'"id":"{request_id}"']
        fields += [f'"{name}":"${name}"' for name in LOGGED]
        return "{" + ",".join(fields) + "}"

    def start(self):
        assert MODULE.exists(), f"{MODULE} is missing: ./build.sh module"
        try:
            self.nginx.start()
        except BaseException:
            self.stop()
            raise
        Router.live.append(self)
        return self

    def stop(self):
        self.close()
        for backend in self.backends.values():
            backend.reset()
        try:
            if self in Router.live:
                Router.live.remove(self)
            if self.nginx in Nginx.live:
                self.nginx.stop()
        finally:
            for backend in self.backends.values():
                backend.stop()
            self.nginx.remove()

    def reset(self):
        """Between tests: nothing recorded, nothing misbehaving."""
        for backend in self.backends.values():
            backend.reset()

    def drop_idle(self):
        """Kept connections to backends are gone, so that none is stale."""
        for backend in self.backends.values():
            backend.drop_idle()

    def __getattr__(self, name):
        backends = self.__dict__.get("backends", {})
        if name in backends:
            return backends[name]
        raise AttributeError(name)

    # requests

    def connect(self, **options):
        return client.Connection(self.port, **options)

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def request(self, method, target, headers=(), **options):
        """Over a connection that is kept between calls."""
        connection = self.connection
        if connection is None or not connection.alive:
            self.close()
            connection = self.connection = self.connect()
        try:
            return connection.request(method, target, headers, **options)
        except BaseException:
            self.close()
            raise

    def get(self, target, headers=(), **options):
        return self.request("GET", target, headers, **options)

    def raw(self, data, method="GET"):
        """These very bytes on a connection of their own; one answer."""
        if isinstance(data, str):
            data = data.encode("latin-1")
        with self.connect() as connection:
            connection.send(data)
            return connection.read(method)

    def seen(self):
        """What all backends got, in order."""
        requests = [r for b in self.backends.values() for r in b.seen()]
        return sorted(requests, key=lambda r: r.order)

    def legs(self):
        """The names of the backends that got a request, in order."""
        return [r.backend for r in self.seen()]

    # logs and state

    def entries(self):
        try:
            # read in one go: a line that is being written is one line less,
            # and not two, of which the second looks whole

            with open(self.access_log) as log:
                return [json.loads(line)
                        for line in log.read().split("\n")[:-1]]
        except FileNotFoundError:
            return []

    def entry(self, response):
        """The access log's line of that answer."""
        id = response.value("X-Id")

        def find():
            for entry in reversed(self.entries()):
                if entry["id"] == id:
                    return entry
            return None

        return wait_until(find, "the request is in the access log")

    def generation(self, target="/", **options):
        return int(self.get(target, **options).value("X-Gen"))

    def wait_all_workers(self, probe, what, times=20, timeout=10.0):
        """
        Until probe(connection) has been true on so many new connections in a
        row: with several workers each of them will have been asked.
        """
        run = 0

        def enough():
            nonlocal run
            with self.connect() as connection:
                run = run + 1 if probe(connection) else 0
            return run >= times

        wait_until(enough, what, timeout)

    def many(self, requests):
        """
        (method, target, headers) each, pipelined in batches; the answers.
        For statistics: thousands of requests in a second or two.
        """
        requests = list(requests)
        answers = []
        with self.connect() as connection:
            for i in range(0, len(requests), 20):
                batch = requests[i:i + 20]
                connection.send(b"".join(
                    client.serialize(m, t, h) for m, t, h in batch))
                answers += [connection.read(m) for m, _, _ in batch]
        return answers
