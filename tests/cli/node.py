"""A router's admin API as docs say it is, in Python: what flips do is real,
what counts is what a test says that it is."""

import base64
import datetime
import http.server
import json
import socket
import socketserver
import threading
import urllib.parse

from evidence import Evidence
from refused import Refused

PREFIX = "/_strangler/"


def route(name, stage="legacy", percent=None, **more):
    """As a rules file would have it."""
    return {"name": name, "stage": stage, "percent": percent, "to": {"orders":
            1}, "from": "legacy", "group": None, "capability": None,
            "owner": None, **more}


class Node(Evidence):
    """One router; it listens from its start to stop()."""

    def __init__(self, routes=(), backends=("legacy", "orders"), host=None,
                 unix=None, tls=None, port=0):
        self.routes = {r["name"]: self._entry(r) for r in routes}
        self.backends = {name: {
            "name": name, "drain": False, "seq": 0, "servers": [
                {"url": "http://127.0.0.1:1", "address": "127.0.0.1:1",
                 "weight": 1}], "in_flight": 0, "requests": {}, "failures": {},
            "latency": None} for name in backends}
        self.history = []
        self.shapes = []
        self.calls = []            # (method, path, headers, body)
        self.status = {}           # laid over what v1/status answers
        self.answers = {}          # path -> (status, type, body) instead
        self.password = None
        self.page = 1000           # at most so many entries a page
        self.stuck = 0             # so many times not converged
        self.lock = threading.RLock()
        super().__init__()
        self._listen(host or "127.0.0.1", port, unix, tls)

    @staticmethod
    def _entry(given):
        percent = {"ramp": given["percent"], "live": 100, "done": 100,
                   None: None}.get(given["stage"], 0)
        return {"source": "file", "drift": False, "hold": False,
                "expires": None, "seq": 0, "lease": None, "match": [],
                "requests": {"new": 0, "old": 0}, "fallbacks": {},
                "latency": {"new": None, "old": None},
                "shadow": {"percent": 10, "file": {"percent": 10}},
                "file": {"stage": given["stage"],
                         "percent": given["percent"]},
                **given, "percent": percent}

    def _listen(self, host, port, unix, tls):
        node = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65536       # head and body in one piece

            def log_message(self, *_):
                pass

            def address_string(self):
                return "client"

            def do_GET(self):
                if self.path == PREFIX + "v1/events":
                    node.stream(self)
                else:
                    node.answer(self)

            do_POST = do_PATCH = do_DELETE = do_GET

        if unix:
            class Server(socketserver.ThreadingUnixStreamServer):
                daemon_threads = True
            self.server = Server(str(unix), Handler)
        else:
            class Server(http.server.ThreadingHTTPServer):
                daemon_threads = True
                address_family = (socket.AF_INET6 if ":" in host
                                  else socket.AF_INET)
            self.server = Server((host, port), Handler)
            self.port = self.server.server_address[1]
            shown = f"[{host}]" if ":" in host else host
            self.name = f"{shown}:{self.port}"
            self.url = f"{'https' if tls else 'http'}://{self.name}{PREFIX}"
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket,
                                                 server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       kwargs={"poll_interval": 0.02})
        self.thread.start()

    def stop(self):
        self.end_streams()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    # HTTP

    def answer(self, handler):
        length = int(handler.headers.get("Content-Length", 0))
        body = handler.rfile.read(length).decode()
        with self.lock:
            self.calls.append((handler.command, handler.path,
                               handler.headers, body))
            try:
                status, kind, data = self.called(handler, body)
            except Refused as refused:
                status = refused.problem["status"]
                kind = "application/problem+json"
                data = json.dumps(refused.problem)
        data = data.encode() if isinstance(data, str) else data
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(data)))
        if status == 401:
            handler.send_header("WWW-Authenticate", 'Basic realm="x"')
        handler.end_headers()
        handler.wfile.write(data)

    def called(self, handler, body):
        path, _, query = handler.path.partition("?")
        if path in self.answers:
            return self.answers[path]
        if self.password and handler.headers.get("Authorization") \
                != "Basic " + base64.b64encode(self.password.encode()).decode():
            return 401, "text/html", "<h1>401</h1>"
        if not path.startswith(PREFIX + "v1/"):
            return 404, "text/html", "<h1>404 Not Found</h1>"
        words = [urllib.parse.unquote(word)
                 for word in path[len(PREFIX + "v1/"):].split("/")]
        query = dict(urllib.parse.parse_qsl(query))
        if body or handler.command != "GET":
            if handler.headers.get("Content-Type") != "application/json":
                raise Refused(415, "a body is application/json")
            body = json.loads(body) if body else None
        call = getattr(self, f"{handler.command.lower()}_{words[0]}", None)
        if call is None:
            raise Refused(404, "there is no such call")
        return 200, "application/json", json.dumps(call(words[1:], query,
                                                        body))

    # reads

    def paged(self, member, entries, key, query):
        limit = min(int(query.get("limit", 500)), self.page)
        after = query.get("after")
        if after is not None:
            names = [str(entry[key]) for entry in entries]
            entries = (entries[names.index(after) + 1:] if after in names
                       else [e for e in entries if e[key] > int(after)])
        page = entries[:limit]
        more = len(entries) > limit
        return {member: page, "next": page[-1][key] if more else None}

    @property
    def seq(self):
        return self.history[-1]["seq"] if self.history else 0

    def get_status(self, *_):
        converged = self.stuck <= 0
        self.stuck -= 1
        drift = [r["name"] for r in self.routes.values() if r["drift"]]
        return {"version": "1.2.3", "nginx": "1.22.1", "rule_set": "main",
                "file": "/etc/rules.yaml", "generation": 7, "checksum": "c0",
                "converged": converged, "workers": [
                    {"pid": 10, "generation": 7, "exiting": False},
                    {"pid": 11, "generation": 7 if converged else 6,
                     "exiting": False},
                    {"pid": 9, "generation": 5, "exiting": True}],
                "leader": 10, "seq": self.seq, "write": True,
                "state": {"directory": "/var/lib/s", "writable": True,
                          "error": None},
                "drift": drift[:100], "drifting": len(drift),
                "last_error": None, "started": "2026-10-10T13:55:36.000Z",
                **self.status}

    def get_routes(self, words, query, _):
        if words:
            return self.get_route(words[0])
        routes = list(self.routes.values())
        for key in ("stage", "group", "capability", "owner"):
            if key in query:
                routes = [r for r in routes if r[key] == query[key]]
        if "backend" in query:
            routes = [r for r in routes if query["backend"] in r["to"]]
        if query.get("drift") == "true":
            routes = [r for r in routes if r["drift"]]
        return self.paged("routes", routes, "name", query)

    def get_backends(self, words, query, _):
        return self.paged("backends", list(self.backends.values()), "name",
                          query)

    def get_history(self, words, query, _):
        entries = self.history
        if "route" in query:
            entries = [e for e in entries
                       if any(c.get("route") == query["route"]
                              for c in e["changes"])]
        return {**self.paged("entries", entries, "seq", query), "oldest": 1}

    def get_surface(self, words, query, _):
        return {**self.paged("shapes", self.shapes, "shape", query),
                "total": sum(s["requests"] for s in self.shapes), "error": 0,
                "since": None}

    def post_explain(self, words, query, body):
        return {"route": "o", "stage": "ramp", "percent": 25,
                "source": "flip", "side": "new", "backend": "orders",
                "bucket": 17, "by": "cookie:uid", "fallback": "legacy",
                "generation": 7, "why": "it is so", "asked": body,
                "candidates": [{"route": "o", "won": True,
                                "because": "matches, best rank"}]}

    # writes

    def write(self, kind, changes, body, **more):
        entry = {"seq": self.seq + 1, "kind": kind, "actor": "client",
                 "time": datetime.datetime.now(datetime.timezone.utc)
                 .isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                 "reason": body.get("reason"), "rules": "c0",
                 "changes": changes, **more}
        if changes or kind in ("confirm", "release"):
            self.history.append(entry)
            return {"seq": entry["seq"], "changes": changes}
        return {"seq": self.seq, "changes": []}

    def set(self, name, stage, percent, changes):
        entry = self.routes[name]
        share = {"ramp": percent, "live": 100, "done": 100}.get(stage, 0)
        for field, value in (("stage", stage), ("percent", share)):
            if entry[field] != value:
                changes.append({"route": name, "field": field,
                                "from": entry[field], "to": value})
                entry[field] = value
        entry["drift"] = stage != entry["file"]["stage"]
        entry["source"] = "flip" if entry["drift"] else "file"

    def copy(self, change, changes):
        """The share of copies, of the named routes alone."""
        names = [change["route"]] if "route" in change else self.chosen(change)
        for name in names:
            shadow = self.routes[name]["shadow"]
            if shadow["percent"] != change["shadow"]["percent"]:
                changes.append({"route": name, "field": "shadow.percent",
                                "from": shadow["percent"],
                                "to": change["shadow"]["percent"]})
                shadow["percent"] = change["shadow"]["percent"]

    def chosen(self, change):
        name = change.get("route")
        if name is not None:
            if name not in self.routes:
                raise Refused(404, f'there is no route "{name}"')
            group = self.routes[name]["group"]
            return [n for n, r in self.routes.items()
                    if n == name or (group and r["group"] == group)]
        return [n for n, r in self.routes.items() if r["stage"] and (
            change.get("all")
            or r["group"] and r["group"] == change.get("group")
            or r["capability"]
            and r["capability"] == change.get("capability")
            or change.get("backend") in r["to"])]

    def post_flips(self, words, query, body):
        if "if_seq" in body and body["if_seq"] != self.seq:
            raise Refused(409, f"the last flip is {self.seq}, not "
                          f"{body['if_seq']}")
        changes = []
        if "changes" in body:
            for change in body["changes"]:
                if "shadow" in change:
                    self.copy(change, changes)
                for name in self.chosen(change) if "stage" in change else ():
                    percent = change.get("percent",
                                         self.routes[name]["percent"])
                    self.set(name, change["stage"], percent, changes)
            more = {"hold": True} if body.get("hold") else {}
            return self.write("flip", changes, body, **more)
        if "undo" in body:
            undone = next((e for e in self.history
                           if e["seq"] == body["undo"]), None)
            if undone is None:
                raise Refused(404, f"there is no flip {body['undo']}")
            for change in reversed(undone["changes"]):
                entry = self.routes[change["route"]]
                changes.append({**change, "from": entry[change["field"]],
                                "to": change["from"]})
                entry[change["field"]] = change["from"]
            return self.write("undo", changes, body, of=body["undo"])
        if "confirm" in body:
            for entry in self.routes.values():
                if (entry["lease"] or {}).get("seq") == body["confirm"]:
                    entry["lease"] = None
            return self.write("confirm", [], body, of=body["confirm"])
        kind = "reset" if "reset" in body else "release"
        for name in body[kind]:
            if name not in self.routes:
                raise Refused(404, f'there is no route "{name}"')
            if kind == "reset":
                file = self.routes[name]["file"]
                self.set(name, file["stage"], file["percent"], changes)
        return self.write(kind, changes, body)

    def patch_backends(self, words, query, body):
        backend = self.backends.get(words[0])
        if backend is None:
            raise Refused(404, f'there is no backend "{words[0]}"')
        if backend["drain"] != body["drain"]:
            self.write("flip", [{"backend": words[0], "field": "drain",
                                 "from": backend["drain"],
                                 "to": body["drain"]}], body)
            backend.update(drain=body["drain"], seq=self.seq)
        return backend

    # what tests look at

    def writes(self):
        return [(method, path.removeprefix(PREFIX), json.loads(body))
                for method, path, _, body in self.calls
                if method != "GET" and body]
