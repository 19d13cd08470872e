"""What a router's admin API says of differences and of one route: the part of
a node that has comparisons, and routes that are walked up."""

import json
import threading

from refused import Refused

BOUNDS = [0.001, 0.01, 0.1, 1.0]
READY = {"verdict": "ready", "reasons": ["no difference that counts"],
         "pairs": 6000, "mismatches": 0, "needed": 0, "expected": None,
         "estimate": "mismatch rate < 0.1 % at 99 % confidence"}
GATHERING = {"verdict": "gathering", "reasons": ["more matches are needed"],
             "pairs": 1200, "mismatches": 1, "needed": 6500,
             "expected": "2099-01-01T00:00:00Z", "estimate": None}


def difference(id, route="orders", pairs=1, **more):
    """A class, as the list has it; id is its first digits."""
    return {"id": f"{id:0<16}", "route": route, "part": "body",
            "path": "$.items[*].price", "kind": "type", "from": "number",
            "to": "string", "pairs": pairs, "first": "2026-10-01T00:00:00Z",
            "last": "2026-10-10T00:00:00Z", "noise": "real",
            "acknowledged": None, "state": "real", "samples": [], **more}


class Evidence:
    def __init__(self):
        self.classes = {}          # id -> class
        self.streams = threading.Condition()
        self.listeners = 0
        self.events = []           # (name, data) for whoever listens
        self.cut = 0               # streams that began before are over
        self.ended = False
        self.traffic = None        # called before a route is told

    # differences

    def add(self, *classes):
        self.classes.update((c["id"], c) for c in classes)

    def _class(self, id):
        if id not in self.classes:
            raise Refused(404, f'there is no difference "{id}"')
        return self.classes[id]

    def get_differences(self, words, query, _):
        if words:
            return self._class(words[0])
        return self.paged("classes", [
            {**c, "samples": []} for c in self.classes.values()
            if query.get("route") in (None, c["route"])], "id", query)

    def patch_differences(self, words, query, body):
        found = self._class(words[0])
        found["acknowledged"] = body["acknowledge"]
        return found

    def delete_differences(self, words, query, body):
        assert body is None
        if words:
            del self.classes[self._class(words[0])["id"]]
        else:
            self.get_route(query["route"])
            self.classes = {i: c for i, c in self.classes.items()
                            if c["route"] != query["route"]}
        return {}

    # events

    def tell(self, name, data):
        with self.streams:
            self.events.append((name, data))
            self.streams.notify_all()

    def wait_listeners(self, n):
        with self.streams:
            assert self.streams.wait_for(lambda: self.listeners >= n, 60)

    def cut_streams(self):
        with self.streams:
            self.cut += 1
            self.listeners = 0
            self.streams.notify_all()

    def end_streams(self):
        with self.streams:
            self.ended = True
            self.streams.notify_all()

    def stream(self, handler):
        """One listener, who gets what comes from now on."""
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        with self.streams:
            told, cut = len(self.events), self.cut
        handler.wfile.write(b": here\r\n\r\n")
        handler.wfile.flush()
        with self.streams:
            self.listeners += 1
            self.streams.notify_all()
            while True:
                self.streams.wait_for(lambda: self.ended or self.cut > cut
                                      or len(self.events) > told, 60)
                if self.ended or self.cut > cut:
                    return
                name, data = self.events[told]
                told += 1
                handler.wfile.write(f"event: {name}\ndata: "
                                    f"{json.dumps(data)}\n\n".encode())
                handler.wfile.flush()

    # routes

    def get_route(self, name):
        if name not in self.routes:
            raise Refused(404, f'there is no route "{name}"')
        if self.traffic:
            self.traffic(self.routes[name])
        return self.routes[name]

    def patch_routes(self, words, query, body):
        entry = self.get_route(words[0])
        if body.get("if_seq", entry["seq"]) != entry["seq"]:
            raise Refused(409, "it was flipped meanwhile")
        changes = []
        self.set(words[0], body["stage"], body.get("percent"), changes)
        written = self.write("flip", changes, body)
        entry["seq"] = written["seq"]
        entry["lease"] = ({"seq": entry["seq"],
                           "expires": "2099-01-01T00:00:00Z"}
                          if "lease" in body else None)
        entry["hold"] = bool(body.get("hold"))
        return entry


def counted(ok=0, failed=0, fallbacks=0, old=0, slow=0):
    """A way to have traffic: so many more at each look."""
    def count(entry):
        ends = entry["outcomes"]
        if entry["stage"] in ("ramp", "live"):
            ends["new"]["success"] += ok
            ends["new"]["server_error"] += failed
            if fallbacks:
                entry["fallbacks"]["timeout"] = fallbacks \
                    + entry["fallbacks"].get("timeout", 0)
            entry["durations"]["new"][1] += ok + failed - slow
            entry["durations"]["new"][3] += slow
        ends["old"]["success"] += old
        entry["durations"]["old"][1] += old
    return count


def counters():
    """Of a route that has counted nothing yet."""
    ends = {"success": 0, "client_error": 0, "server_error": 0, "aborted": 0}
    return {"outcomes": {"new": dict(ends), "old": dict(ends)},
            "durations": {"bounds": BOUNDS, "new": [0] * 5, "old": [0] * 5}}
