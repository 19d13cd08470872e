"""Who may change anything by the API, and how a browser is kept from it."""

import pytest

from harness import api as apis
from harness.api import Api, problem

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
  - {name: a, match: {path: /a/*}, to: new, stage: legacy, by: [client], data: shared}
"""
WRITES = [("PATCH", "v1/routes/a", '{"stage":"live"}'),
          ("PATCH", "v1/backends/new", '{"drain":true}'),
          ("POST", "v1/flips", '{"changes":[{"all":true,"stage":"live"}]}')]
QUESTIONS = [("v1/explain", '{"url":"/a/1"}', "application/json"),
             ("v1/rules/check", "version: 1", "application/yaml")]
IDS = [path for _, path, _ in WRITES]

SERVERS = """
    server {
        listen 127.0.0.1:@PORT@;
        server_name shop.example *.wild.example .both.example tail.*
                    "~^regex[.]example$";
        location /_s/ { strangler_api main write=on; }
    }
"""


@pytest.fixture(scope="module")
def api(make_router):
    api = apis.make(RULES, make=make_router, server="""
        location /read/ { strangler_api main; }
        location /off/ { strangler_api main write=off; }
    """, servers=SERVERS)
    yield api
    api.close()


@pytest.fixture
def unchanged(api):
    """Whatever the test tries: nothing was changed by it."""
    before = api.seq()
    yield api
    assert api.seq() == before


@pytest.mark.parametrize("method,path,body", WRITES, ids=IDS)
@pytest.mark.parametrize("base", ["/read/", "/off/"])
def test_writes_need_write_on(unchanged, base, method, path, body):
    reader = Api(unchanged.router, base)
    problem(reader.call(method, path, body), 403, "write=on")
    assert reader.get("v1/status")["write"] is False
    reader.close()


@pytest.mark.parametrize("path,body,kind", QUESTIONS)
def test_questions_are_no_writes(unchanged, path, body, kind):
    reader = Api(unchanged.router, "/read/", host="evil.example")
    answer = reader.call("POST", path, body, headers={"Content-Type": kind})
    assert answer.status == 200
    reader.close()


@pytest.mark.parametrize("method,path,body", WRITES, ids=IDS)
@pytest.mark.parametrize("origin", [
    "null", "", "http://evil.example", "https://127.0.0.1:{port}",
    "http://127.0.0.1", "http://127.0.0.1:1", "http://127.0.0.1:{port}0",
    "http://127.0.0.1:{port}/", "http://127.0.0.1:{port}.evil.example",
    "http://localhost:{port}", "127.0.0.1:{port}", "file://",
    "http://127.0.0.1:{port} http://evil.example"])
def test_a_page_of_another_origin_writes_nothing(unchanged, method, path,
                                                 body, origin):
    port = unchanged.router.port
    problem(unchanged.call(
        method, path, body, host=f"127.0.0.1:{port}",
        headers={"Origin": origin.format(port=port)}), 403, "origin")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "x", "NONE"])
def test_what_a_browser_says_of_the_site(unchanged, site):
    port = unchanged.router.port
    problem(unchanged.call(
        *WRITES[0], host=f"127.0.0.1:{port}",
        headers={"Origin": f"http://127.0.0.1:{port}",
                 "Sec-Fetch-Site": site}), 403, "origin")


@pytest.mark.parametrize("headers", [
    {}, {"Origin": "http://127.0.0.1:{port}"},
    {"Origin": "HTTP://127.0.0.1:{port}"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"}])
def test_ones_own_page_writes(api, headers):
    port = api.router.port
    answer = api.call("PATCH", "v1/routes/a", {"stage": "legacy"},
                      host=f"127.0.0.1:{port}", headers={
                          n: v.format(port=port) for n, v in headers.items()})
    assert answer.status == 200


@pytest.mark.parametrize("method,path,body", WRITES, ids=IDS)
@pytest.mark.parametrize("kind", [
    None, "", "text/plain", "text/plain;charset=UTF-8",
    "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "text/json", "application/jsonp", "application/json-patch+json",
    "application/yaml", "text/plain, application/json", "*/*",
    "application/json, text/plain"])
def test_writes_are_json(unchanged, method, path, body, kind):
    problem(unchanged.call(method, path, body,
                           headers={"Content-Type": kind}), 415,
            "application/json")


@pytest.mark.parametrize("kind", [
    "application/json", "application/json; charset=utf-8",
    "application/json;charset=UTF-8", "APPLICATION/JSON",
    "application/json ; charset=x"])
def test_a_charset_is_fine(api, kind):
    assert api.call("PATCH", "v1/routes/a", {"stage": "legacy"},
                    headers={"Content-Type": kind}).status == 200


@pytest.mark.parametrize("kind", [None, "text/plain", "application/json"])
def test_rules_are_yaml(api, kind):
    problem(api.call("POST", "v1/rules/check", "version: 1",
                     headers={"Content-Type": kind}), 415, "application/yaml")


def test_explain_is_json(api):
    problem(api.call("POST", "v1/explain", "{}",
                     headers={"Content-Type": "text/plain"}), 415)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "POST",
                                    "OPTIONS", "PROPFIND", "patch", "X"])
@pytest.mark.parametrize("override", [
    {}, {"X-HTTP-Method-Override": "PATCH"}, {"X-HTTP-Method": "PATCH"},
    {"X-Method-Override": "PATCH"}])
def test_no_other_method_writes(unchanged, method, override):
    unchanged.call(method, "v1/routes/a?_method=PATCH", '{"stage":"live"}',
                   headers=override)


@pytest.mark.parametrize("host", [
    "evil.example", "shop.example.evil.example", "localhost.evil.example",
    "127.0.0.1.evil.example", "xlocalhost", "127.0.0.1x", "0x7f000001",
    "2130706433", "127.1", "[::1", "[x]", "regex.example", "tail.example"])
@pytest.mark.parametrize("method,path,body", WRITES, ids=IDS)
def test_a_name_that_was_made_to_point_here(unchanged, method, path, body,
                                            host):
    answer = unchanged.call(method, path, body, host=host)
    if answer.status != 400 or answer.value("Content-Type") != "text/html":
        problem(answer, 403, "server_name")


def test_no_host(unchanged):
    problem(unchanged.call(*WRITES[0], host=None, version="1.0"), 403, "Host")


@pytest.mark.parametrize("host", [
    "127.0.0.1", "10.1.2.3", "[::1]", "[::1]:8080", "localhost", "LOCALHOST",
    "localhost:80", "localhost.", "shop.example", "SHOP.example:1",
    "a.wild.example", "a.b.wild.example", "both.example", "a.both.example"])
def test_whose_name_is_known(api, host):
    assert api.call("PATCH", "v1/routes/a", {"stage": "legacy"},
                    host=host).status == 200


def test_reads_may_come_by_any_name(api):
    assert api.call("GET", "v1/status", host="evil.example").status == 200


def test_a_preflight_allows_nothing(unchanged):
    answer = unchanged.call("OPTIONS", "v1/routes/a", headers={
        "Origin": "http://evil.example",
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "content-type"})
    problem(answer, 405)
    assert not [n for n, _ in answer.headers
                if n.lower().startswith("access-control")]


def test_answers_are_not_sniffed(api):
    for path in ("v1/status", "metrics", "nothing"):
        answer = api.call("GET", path)
        assert answer.value("X-Content-Type-Options") == "nosniff"
        assert answer.value("Cache-Control") == "no-store"
