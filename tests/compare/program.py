"""The comparison as a program that answers pair by pair."""

import json
import subprocess

JSON = [["Content-Type", "application/json"]]


def answer(body, status=200, fields=None, **more):
    """body is text, or bytes."""
    if isinstance(body, str):
        body = body.encode("utf-8", "surrogatepass")
    return {"status": status, "fields": JSON if fields is None else fields,
            "body": body.decode("latin-1"), **more}


class Pairs:
    """build/compare/pairs; use it as a context."""

    def __init__(self, path):
        self.process = subprocess.Popen(
            [path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(60)

    def ask(self, a, b, options=None, **more):
        line = json.dumps({"options": options or {}, "a": a, "b": b, **more})
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        reply = self.process.stdout.readline()
        assert reply, f"no answer: exit status {self.process.wait(60)}"
        return json.loads(reply)

    def json(self, a, b, options=None):
        """Two JSON bodies: the outcome, and the set of differences."""
        reply = self.ask(answer(a), answer(b), options)
        found = {(d["path"], d["kind"], d["from"], d["to"])
                 for d in reply["differences"]}
        return reply["outcome"], found
