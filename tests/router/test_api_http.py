"""The API as a server of HTTP: methods, paths, connections, clients that go."""

import fcntl
import gzip
import json
import signal

import pytest

from harness import api as apis
from harness.api import JSON, YAML, Api, problem
from harness.client import serialize
from harness.nginx import has_open, is_running
from harness.wait import holds, wait_until

ROUTE = """
  - {name: r%d, match: {path: /r/%d/*}, to: new, stage: legacy, by: [client], data: shared}"""
RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
  - {name: a, match: {path: /a/*}, to: new, stage: legacy, by: [client], data: shared}
  - {name: a.b-c_D, match: {path: /b/*}, to: new, stage: live}
""" + "".join(ROUTE % (i, i) for i in range(900))
OTHER = """
version: 1
backends: {legacy: {servers: [@legacy@]}, new: {servers: [@new@]}}
default: legacy
routes:
  - {name: other, match: {path: /a/*}, to: new, stage: legacy}
"""
READS = ["v1/status", "v1/routes", "v1/routes/a", "v1/backends",
         "v1/backends/new", "v1/history", "v1/surface", "readyz", "metrics",
         "openapi.json"]
ALLOW = {**{path: "GET, HEAD" for path in READS},
         "v1/routes/a": "GET, HEAD, PATCH", "v1/backends/new":
         "GET, HEAD, PATCH", "v1/flips": "POST", "v1/explain": "POST",
         "v1/rules/check": "POST", "v1/events": "GET, HEAD"}


@pytest.fixture(scope="module")
def api(make_router):
    api = apis.make({"main": RULES, "second": OTHER}, make=make_router,
                    rules_args="zone=2m poll=100ms state=@HOME@/@SET@",
                    server="""
        gzip on;
        gzip_types application/json text/plain application/problem+json;
        gzip_min_length 1;
        location /second/ { strangler_api second write=on; }
        location /deep/er/admin { strangler_api main write=on; }
        location ^~ /first/ { strangler_api main; }
        location /slow/ { limit_rate 2m; strangler_api main; }
        location = /renamed { rewrite ^ /_s/v1/status last; }
    """)
    yield api
    api.close()


@pytest.mark.parametrize("path", ALLOW)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PROPFIND",
                                    "FOO", "GET", "POST", "PATCH", "HEAD"])
def test_methods(api, method, path):
    if method in ALLOW[path]:
        return
    answer = api.call(method, path)
    assert answer.value("Allow") == ALLOW[path]
    if method != "HEAD":
        problem(answer, 405, ALLOW[path])


@pytest.mark.parametrize("path", READS)
def test_head(api, path):
    head, get = api.call("HEAD", path), api.call("GET", path)
    assert (head.status, head.body) == (200, b"")
    assert head.value("Content-Type") == get.value("Content-Type")
    assert api.call("GET", "readyz").status == 200


def test_head_of_events(api):
    answer = api.call("HEAD", "v1/events")
    assert answer.status == 200
    assert answer.value("Content-Type") == "text/event-stream"


@pytest.mark.parametrize("path", [
    "", "v1", "v1/", "v2/status", "v1/status/", "v1/routes/", "v1/routes/x",
    "v1/routes/a/", "v1/routes/a/x", "v1/routes/A", "v1/Routes", "V1/status",
    "v1/backends/", "v1/backends/x", "v1/flips/", "v1/flips/1",
    "v1/explain/x", "v1/events/", "metrics/", "readyz/x", "openapi", "x" * 2000,
    "v1/routes/" + "x" * 2000, "v1/routes/%00", "v1/routes/%ff%fe",
    "v1/routes/a%2Fb", "v1/routes/%2e%2e%2fx", "%00", "v1/routes/a%20",
    "v1/routes/%22%3Cscript%3E"])
def test_paths_that_are_not_there(api, path):
    answer = api.call("GET", path)
    if answer.status == 400:
        assert "%00" in path
        return
    problem(answer, 404)


@pytest.mark.parametrize("path", ["v1/routes/%61", "v1/routes/a%2Eb-c_D",
                                  "v1/routes/a.b-c_D", "v1//routes/a",
                                  "v1/x/../routes/a", "v1/status?x=%00&y",
                                  "v1/status?"])
def test_other_spellings(api, path):
    assert api.call("GET", path).status == 200


def test_places(api):
    """Each location is the API of its rule set, wherever it is."""
    for base, set in (("/second/", "second"), ("/deep/er/admin/", "main"),
                      ("/first/", "main")):
        other = Api(api.router, base)
        assert other.get("v1/status")["rule_set"] == set
        other.close()
    assert Api(api.router, "/renamed").call("GET", "").status == 200


def test_two_rule_sets_are_two(api):
    second = Api(api.router, "/second/")
    second.flip("other", "live")
    problem(second.call("GET", "v1/routes/a"), 404)
    problem(api.call("GET", "v1/routes/other"), 404)
    assert api.seq() == 0 and second.seq() == 1
    second.close()


def test_a_connection_is_kept_after_errors(api):
    with api.router.connect() as client:
        for method, path, headers, body, status in (
                ("GET", "nothing", {}, None, 404),
                ("PUT", "v1/flips", JSON, "{}", 405),
                ("PATCH", "v1/routes/a", JSON, "{", 400),
                ("PATCH", "v1/routes/a", {}, "x" * 100000, 415),
                ("PATCH", "v1/routes/a", JSON, "{}", 422),
                ("POST", "v1/flips", {**JSON, "Origin": "null"},
                 "{}" * 50000, 403),
                ("GET", "v1/status", {}, "a body that nobody needs", 200),
                ("GET", "v1/status", {}, None, 200)):
            answer = client.request(method, "/_s/" + path, headers, body,
                                    host="127.0.0.1")
            assert answer.status == status
            assert client.alive


def test_pipelining(api):
    """Answers come in the order of requests, though threads make them."""
    paths = ["v1/routes", "v1/routes/a", "nothing", "metrics", "v1/status",
             "v1/routes?limit=1"] * 5
    with api.router.connect() as client:
        client.send(b"".join(serialize("GET", "/_s/" + p, host="127.0.0.1")
                             for p in paths))
        answers = [client.read() for _ in paths]
    assert [a.status for a in answers] == [
        404 if p == "nothing" else 200 for p in paths]
    assert json.loads(answers[1].body)["name"] == "a"
    assert len(json.loads(answers[5].body)["routes"]) == 1


def test_pipelined_writes(api):
    bodies = ['{"stage":"live"}', "{", '{"stage":"legacy"}']
    with api.router.connect() as client:
        client.send(b"".join(
            serialize("PATCH", "/_s/v1/routes/a", JSON, body, host="127.0.0.1")
            for body in bodies))
        assert [client.read().status for _ in bodies] == [200, 400, 200]


@pytest.mark.parametrize("path", READS)
def test_http_1_0(api, path):
    with api.router.connect() as client:
        answer = client.request("GET", "/_s/" + path, version="1.0")
        assert (answer.status, answer.complete) == (200, True)
        assert answer.value("Transfer-Encoding") is None
        if path != "metrics":
            json.loads(answer.body)
        else:
            assert answer.body.endswith(b"\n")
        assert client.is_closed() or not answer.value("Content-Length") or \
            answer.value("Connection") == "close"


def test_gzip(api):
    for path in READS + ["nothing"]:
        plain = api.call("GET", path)
        packed = api.call("GET", path, headers={"Accept-Encoding": "gzip"})
        if packed.value("Content-Encoding") == "gzip":
            packed.body = gzip.decompress(packed.body)
        else:
            assert path == "metrics"
        if path in ("v1/routes/a", "openapi.json", "nothing"):
            assert packed.body == plain.body
        assert packed.value("ETag") == plain.value("ETag")


def test_a_rate_limit(api):
    """Pieces that wait for their turn come all the same."""
    whole = api.call("GET", "metrics").body
    slow = Api(api.router, "/slow/")
    answer = slow.call("GET", "metrics")
    assert answer.complete and len(whole) > 2 * 65536
    assert answer.body.count(b"\n") == whole.count(b"\n")
    slow.close()


def test_conditional_requests_of_reads(api):
    """Nothing is cached, and no 304 or 412 of nginx's own gets between."""
    tag = api.call("GET", "v1/routes/a").value("ETag")
    for headers in ({"If-None-Match": tag}, {"If-Match": '"x"'},
                    {"If-Modified-Since": "Mon, 01 Jan 2035 00:00:00 GMT"},
                    {"If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
                    {"Range": "bytes=0-1"}):
        answer = api.call("GET", "v1/routes/a", headers=headers)
        assert answer.status == 200
        json.loads(answer.body)


def test_a_worker_that_exits_answers_first(one_router, start):
    api = apis.make(OTHER, make=one_router)
    nginx = api.router.nginx
    old = nginx.worker_pids()
    assert api.seq() == 0
    api.close()
    held = start(Held(nginx.home / "state"))
    with api.router.connect() as client:
        client.send(serialize("PATCH", "/_s/v1/routes/other", JSON,
                              '{"stage":"live"}', host="127.0.0.1"))
        wait_until(lambda: has_open(old, nginx.home / "state" / "live"),
                   "the flip waits for the lock")
        nginx.signal(signal.SIGQUIT, old[0])
        nginx.wait_log("gracefully shutting down")
        held.stop()
        answer = client.read()
    assert answer.status == 200
    assert json.loads(answer.body)["stage"] == "live"


@pytest.mark.parametrize("method,path,headers,body", [
    ("GET", "metrics", {}, None), ("GET", "v1/routes", {}, None),
    ("POST", "v1/rules/check?against=current", YAML, RULES),
    ("PATCH", "v1/routes/a", JSON, '{"stage":"legacy"}')])
def test_a_client_that_goes(api, method, path, headers, body):
    request = serialize(method, "/_s/" + path, headers, body,
                        host="127.0.0.1")
    for part in (len(request) // 2, len(request)):
        for _ in range(20):
            with api.router.connect() as client:
                client.send(request[:part])
    assert api.get("readyz")["ready"] is True


def test_a_client_that_reads_late(api):
    with api.router.connect() as client:
        for _ in range(30):
            client.send(serialize("GET", "/_s/metrics", host="127.0.0.1"))
        assert api.get("readyz")["ready"] is True
        for _ in range(30):
            assert client.read().complete


class Held:
    """The lock of a state directory: who writes there waits."""

    def __init__(self, directory):
        self.file = open(directory / "live", "rb+")
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def stop(self):
        self.file.close()


def test_a_client_that_goes_while_its_thread_works(api, start):
    held = start(Held(api.router.nginx.home / "main"))
    for _ in range(3):
        with api.router.connect() as client:
            client.send(serialize("PATCH", "/_s/v1/routes/a", JSON,
                                  '{"stage":"live"}', host="127.0.0.1"))
    assert api.router.get("/x").backend == "legacy"
    held.stop()
    wait_until(lambda: api.get("v1/routes/a")["stage"] == "live",
               "the first of them is done")
    api.flip("a", "legacy")


def test_a_worker_that_has_to_end_while_a_thread_works(one_router, start):
    """worker_shutdown_timeout closes connections; threads go on."""
    api = apis.make(OTHER, make=one_router, start=False)
    nginx = api.router.nginx
    config = nginx.config
    nginx.config = lambda: config().replace("worker_shutdown_timeout 10s",
                                            "worker_shutdown_timeout 200ms")
    api.router.start()
    api.flip("other", "live")
    api.close()
    old = nginx.worker_pids()
    held = start(Held(nginx.home / "state"))
    nginx.expect_log("open socket .* left in connection|aborting")
    with api.router.connect() as client:
        client.send(serialize("PATCH", "/_s/v1/routes/other", JSON,
                              '{"stage":"legacy"}', host="127.0.0.1"))
        wait_until(lambda: has_open(old, nginx.home / "state" / "live"),
                   "the flip waits for the lock")
        nginx.signal(signal.SIGQUIT, old[0])
        holds(lambda: is_running(old[0]), "the thread has what it needs", .6)
        held.stop()
        wait_until(client.is_closed, "the connection was closed")
        wait_until(lambda: not [p for p in old if is_running(p)],
                   "the old worker has ended")
    wait_until(lambda: api.get("v1/routes/other")["stage"] == "legacy",
               "what was under way was done")
