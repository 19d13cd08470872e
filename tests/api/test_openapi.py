"""
The description of the API is a good OpenAPI 3.1 document, and what nginx
answers is what it describes.
"""

import json
import os
import pathlib
import re
import subprocess

import pytest

from harness import api as apis
from harness.api import YAML
from harness.evidence import feed

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "module" / "openapi.json"
MODULES = pathlib.Path(os.environ.get("API_MODULES", ROOT / "build" / "api"))
SCRIPT = pathlib.Path(__file__).with_name("validate.mjs")

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@legacy@, {url: @new@, weight: 2}]}
  other: {servers: [@new@]}
default: legacy
groups:
  pair: {stage: legacy}
routes:
  - name: plain
    match: {path: /plain/*, methods: [GET, HEAD], host: [shop.test, "*.test"]}
    to: new
    stage: legacy
    by: [client]
    capability: shop
    owner: team
    expires: 2030-01-31
    note: a note
  - name: ramp
    match:
      - path: "/ramp/{id}"
        headers: {X-One: "*", X-Two: "!", X-Three: a}
        query: {q: "~^[a-z]+$"}
        cookies: {c: "1"}
        clients: [127.0.0.0/8]
      - path: /ramp
    to: {new: 3, other: 1}
    stage: ramp
    percent: 12.5
    data: shared
    by: [cookie:uid]
  - {name: one, match: {path: /one}, to: new, group: pair}
  - {name: two, match: {path: /two}, to: new, group: pair}
  - {name: done, match: {path: /done}, to: new, stage: done}
  - {name: gone, match: {path: /gone}, respond: {status: 410}}
  - {name: moved, match: {path: /moved}, redirect: {path: /plain, status: 302}}
tests:
  - {request: GET /done, route: done}
"""

def validate(document, exchanges=()):
    """What the validator found."""
    lines = "\n".join(json.dumps(one) for one in exchanges)
    run = subprocess.run(
        ["node", SCRIPT, MODULES, document], input=lines, text=True,
        capture_output=True, timeout=120, check=False)
    assert run.returncode == (1 if run.stdout else 0), run.stderr
    assert run.stderr == ""
    return run.stdout.splitlines()


def described(path):
    """A path that was asked for as the document has it."""
    path = "/" + path.partition("?")[0]
    path = re.sub(r"^(/v1/(?:routes|backends))/.+$", r"\1/{name}", path)
    return re.sub(r"^(/v1/differences)/.+$", r"\1/{id}", path)


def exchange(method, path, sent, headers, answer):
    fields = {name.lower(): value for name, value in answer.headers}
    body = answer.body.decode()
    if "json" in fields["content-type"] and method != "HEAD":
        body = json.loads(body)
    kind = headers.get("Content-Type") if sent is not None else None
    return {"method": method, "path": described(path), "sent": sent,
            "type": kind, "status": answer.status, "headers": fields,
            "body": body}


@pytest.fixture(scope="module")
def api():
    made = apis.make(RULES)
    yield made
    made.close()
    made.router.stop()


def traffic(router):
    with router.connect() as client:
        for path in ("/plain/1", "/ramp", "/one", "/done", "/gone", "/moved",
                     "/left/17/x", "/left/18/x"):
            client.request("GET", path)


def test_document():
    assert validate(DOCUMENT) == []


@pytest.mark.parametrize("old,new,found", [
    ('"openapi": "3.1.0"', '"openapi": "3.1"', "pattern"),
    ('"version": "1"', '"varsion": "1"', "version"),
    ('"#/components/schemas/Status"', '"#/components/schemas/X"', "nothing"),
    ('"operationId"', '"operationid"', "operationid"),
    ('"stage": "ramp", "percent": 5', '"stage": "rump", "percent": 5',
     "example"),
])
def test_a_bad_document_is_found(tmp_path, old, new, found):
    text = DOCUMENT.read_text()
    assert old in text
    bad = tmp_path / "bad.json"
    bad.write_text(text.replace(old, new))
    findings = validate(bad)
    assert findings and found in "\n".join(findings)


def test_it_is_what_is_served(api):
    assert api.get("openapi.json") == json.loads(DOCUMENT.read_text())


def test_every_operation_and_status(api):
    """What can be provoked is as described, and nothing is left out."""
    traffic(api.router)
    api.exchanges.clear()
    reads(api)
    flips(api)
    questions(api)
    differences(api)
    problems(api)

    exchanges = [exchange(*one) for one in api.exchanges]
    assert validate(DOCUMENT, exchanges) == []

    seen = {(e["path"], e["method"].lower(), str(e["status"]))
            for e in exchanges}
    document = json.loads(DOCUMENT.read_text())
    wanted = {(path, method, status)
              for path, item in document["paths"].items()
              for method, operation in item.items() if method != "parameters"
              for status in operation["responses"]
              if status not in ("405", "503") and path != "/v1/events"}
    assert wanted - seen == set()


def reads(api):
    for path in ("v1/status", "v1/routes", "v1/routes?limit=2", "v1/backends",
                 "v1/backends?limit=1", "v1/history", "v1/surface", "readyz",
                 "openapi.json", "v1/routes/ramp", "v1/routes/gone",
                 "v1/backends/new"):
        assert api.call("GET", path).status == 200
    assert api.call("GET", "metrics").status == 200
    assert api.call("GET", "metrics", headers={
        "Accept": "application/openmetrics-text"}).status == 200


def flips(api):
    api.flip("plain", "ramp", percent=1.25, reason="try", lease="1h")
    seq = api.seq()
    api.get("v1/routes/plain")
    api.post("v1/flips", {"confirm": seq})
    api.flip("plain", hold=True)
    api.post("v1/flips", {"release": ["plain"], "reason": "enough"})
    api.patch("v1/routes/ramp", {"shadow": {"percent": 12.5}, "lease": "1h"})
    api.post("v1/flips", {"changes": [
        {"all": True, "shadow": {"percent": 0}}]})
    api.patch("v1/backends/other", {"drain": True, "lease": "10m"})
    api.get("v1/backends/other")
    api.post("v1/flips", {"undo": api.seq()})
    api.post("v1/flips", {"changes": [
        {"group": "pair", "stage": "live"},
        {"capability": "shop", "stage": "shadow"}]})
    api.post("v1/flips", {"changes": [{"all": True, "stage": "live"}]})
    api.post("v1/flips", {"changes": [{"backend": "new", "stage": "legacy"}]})
    api.get("v1/routes?drift=true")
    api.get("v1/status")
    api.post("v1/flips", {"reset": ["plain", "pair"]})
    entries = api.get("v1/history")["entries"]
    assert {e["kind"] for e in entries} >= {"flip", "undo", "confirm",
                                            "reset", "release"}


def differences(api):
    feed(api, "plain 300 match", "plain 3 body value $.x number number 1 2",
         "plain 1 header missing vary - -", "ramp 6000 match",
         "ramp 1 status status - 200 500", "ramp 1 incomparable")
    found = api.get("v1/differences?limit=1")
    after = api.get(f"v1/differences?after={found['next']}&limit=1")
    one = found["classes"][0]["id"]
    api.get(f"v1/differences/{one}")
    api.patch(f"v1/differences/{one}", {"acknowledge": {
        "reason": "a stamp", "owner": "team", "expires": "7d"}})
    api.get("v1/routes")
    api.get("v1/differences?route=plain&state=acknowledged")
    api.patch(f"v1/differences/{one}", {"acknowledge": None})
    other = after["classes"][0]["id"]
    for path in (f"v1/differences/{other}", "v1/differences?route=plain"):
        assert api.call("DELETE", path).status == 200
        for headers, status in (({"Origin": "null"}, 403),
                                ({"Content-Type": "text/plain"}, 415)):
            assert api.call("DELETE", path, headers=headers).status == status
        assert api.call("DELETE", path, " " * 1048577).status == 413
    assert api.call("DELETE", f"v1/differences/{other}").status == 404
    assert api.call("DELETE", "v1/differences?route=x").status == 404
    assert api.call("DELETE", "v1/differences").status == 422
    for path in (f"v1/differences/{other}", "v1/differences?route=x"):
        assert api.call("GET", path).status == 404
    assert api.call("GET", "v1/differences?limit=0").status == 422
    path = f"v1/differences/{other}"
    refused(api, "PATCH", path)
    assert api.call("PATCH", path, {}).status == 422
    assert api.call("PATCH", path, {"acknowledge": None}).status == 404


def questions(api):
    for ask in ({"url": "/one"}, {"url": "/nowhere"}, {"url": "/gone"},
                {"url": "/moved"}, {"url": "/plain/1", "method": "POST"},
                {"url": "http://shop.test/plain/1", "client": "127.0.0.1",
                 "headers": {"Cookie": "uid=7", "X-Two": ["a", "b"]}},
                {"url": "/ramp", "headers": {"Cookie": "uid=7"}}):
        api.post("v1/explain", ask)
    text = api.router.rules.fill(RULES)
    api.check(text)
    api.check("version: 2\nbackend: x\n")
    moved = api.check(text.replace("/left", "/l").replace(
        "path: /done", "path: /left/*").replace("GET /done, route: done",
                                                "GET /left/1, route: done"),
        "?against=current")
    assert moved["moved"] > 0


def problems(api):
    writes = ("v1/routes/plain", "v1/backends/new")
    for path in ("v1/routes?limit=0", "v1/backends?limit=x",
                 "v1/history?after=-1", "v1/surface?limit=0"):
        assert api.call("GET", path).status == 422
    for path in ("v1/routes?after=x", "v1/backends?after=x", "v1/routes/x",
                 "v1/backends/x"):
        assert api.call("GET", path).status == 404
    for path in writes:
        refused(api, "PATCH", path)
        assert api.call("PATCH", path, {"stage": "live", "drain": True}
                        ).status == 422
        body = ({"stage": "live"} if "routes" in path else {"drain": True})
        assert api.call("PATCH", path + "x", body).status == 404
        assert api.call("PATCH", path, {**body, "if_seq": 1}).status == 409
        assert api.call("PATCH", path, body, headers={"If-Match": '"1-1"'}
                        ).status == 412
    refused(api, "POST", "v1/flips")
    assert api.call("POST", "v1/flips", {"undo": 99999}).status == 404
    assert api.call("POST", "v1/flips", {"undo": 1, "if_seq": 0}
                    ).status == 409
    assert api.call("POST", "v1/flips", {}).status == 422
    assert api.call("POST", "v1/explain", "[").status == 400
    assert api.call("POST", "v1/explain", "{}").status == 422
    assert api.call("POST", "v1/explain", "{}", headers=YAML).status == 415
    assert api.call("POST", "v1/explain", " " * 1048577).status == 413
    assert api.call("POST", "v1/rules/check", "{}").status == 415
    assert api.call("POST", "v1/rules/check?against=x", "{}", headers=YAML
                    ).status == 422
    assert api.call("POST", "v1/rules/check", " " * (32 * 1048576 + 1),
                    headers=YAML).status == 413
    for path in ("v1/status", "v1/flips", "v1/routes/x", "v1/events"):
        assert api.call("DELETE", path).status == 405


def refused(api, method, path):
    assert api.call(method, path, "{").status == 400
    assert api.call(method, path, "{}", headers={"Origin": "null"}
                    ).status == 403
    assert api.call(method, path, "{}", headers={
        "Content-Type": "text/plain"}).status == 415
    assert api.call(method, path, " " * 1048577).status == 413


def test_without_a_state_directory():
    made = apis.make(RULES, rules_args="zone=1m poll=100ms", write=False)
    try:
        reads(made)
        assert made.get("v1/status")["state"] is None
        exchanges = [exchange(*one) for one in made.exchanges]
        assert validate(DOCUMENT, exchanges) == []
    finally:
        made.close()
        made.router.stop()


def test_rules_that_are_wrong(api):
    router = api.router
    api.exchanges.clear()
    router.rules.replace(RULES + "wrong: 1\n")
    apis.wait_until(lambda: api.get("v1/status")["last_error"],
                    "the error is told")
    router.rules.replace(RULES)
    apis.wait_until(lambda: not api.get("v1/status")["last_error"],
                    "the error is gone")
    exchanges = [exchange(*one) for one in api.exchanges]
    assert validate(DOCUMENT, exchanges) == []


def test_an_answer_that_is_wrong_is_found(api):
    api.exchanges.clear()
    api.get("v1/routes/plain")
    good = exchange(*api.exchanges[-1])
    assert validate(DOCUMENT, [good]) == []
    for spoil in ({"status": 201}, {"body": {**good["body"], "stage": "x"}},
                  {"body": {"name": "plain"}}, {"path": "/v1/rules"},
                  {"headers": {**good["headers"], "etag": "W/1"}},
                  {"headers": {**good["headers"], "content-type": "text/x"}}):
        assert validate(DOCUMENT, [{**good, **spoil}])
