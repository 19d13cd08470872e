"""The admin API of a router: calls, and what they said."""

import json
import re

from .router import Router
from .wait import wait_until

ARGS = "zone=1m poll=100ms state=@HOME@/state"
JSON = {"Content-Type": "application/json"}
YAML = {"Content-Type": "application/yaml"}
PROBLEM = "application/problem+json"


class Api:
    """
    The API of a router at a prefix; base is that of requests, host what they
    say.  Everything that was said is kept in `exchanges`, for validators.
    """

    def __init__(self, router, base="/_s/", host="127.0.0.1"):
        self.router = router
        self.base = base
        self.host = host
        self.connection = None
        self.exchanges = []

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def call(self, method, path, body=None, headers=None, **options):
        """One request over a connection that is kept; the answer."""
        headers = dict(headers or {})
        options.setdefault("host", self.host)
        sent = body
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if body is not None or options.get("chunks") is not None:
            headers = {**JSON, **headers}
        headers = {n: v for n, v in headers.items() if v is not None}
        if self.connection is None or not self.connection.alive:
            self.close()
            self.connection = self.router.connect()
        try:
            answer = self.connection.request(
                method, self.base + path, headers, body=body, **options)
        except BaseException:
            self.close()
            raise
        self.exchanges.append((method, path, sent, headers, answer))
        return answer

    def get(self, path, **options):
        return good(self.call("GET", path, **options))

    def post(self, path, body, **options):
        return good(self.call("POST", path, body, **options))

    def patch(self, path, body, **options):
        return good(self.call("PATCH", path, body, **options))

    def flip(self, route, stage=None, **more):
        body = {"stage": stage, **more} if stage else more
        return self.patch(f"v1/routes/{route}", body)

    def check(self, text, query="", headers=YAML):
        if "@" in text:
            text = self.router.rules.fill(text)
        return good(self.call("POST", f"v1/rules/check{query}", text,
                              headers=headers))

    def seq(self):
        return self.get("v1/status")["seq"]

    def wait_generation(self, number):
        return wait_until(
            lambda: self.get("v1/status")["generation"] >= number
            and self.get("v1/status")["converged"],
            f"generation {number} is in force")


def good(answer):
    assert answer.status == 200, answer.body
    assert answer.value("Content-Type") == "application/json"
    return json.loads(answer.body)


def problem(answer, status, pattern=""):
    """Asserts that an answer is this problem; its document."""
    assert answer.status == status, (answer.status, answer.body[:300])
    assert answer.value("Content-Type") == PROBLEM
    assert answer.value("Cache-Control") == "no-store"
    document = json.loads(answer.body)
    assert document["status"] == status
    assert document["title"] and document["type"] == "about:blank"
    assert re.search(pattern, document["detail"]), document["detail"]
    return document


def make(rules, server="", write=True, base="/_s/", rules_args=ARGS, make=None,
         **options):
    """A router with the API; its Api."""
    location = (f"location {base} {{ strangler_api main"
                f"{' write=on' if write else ''}; }}")
    router = (make or Router)(rules, server=server + location,
                              rules_args=rules_args, **options)
    return Api(router, base)
