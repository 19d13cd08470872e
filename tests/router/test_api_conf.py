"""strangler_api where it may stand, and what nginx -t says where it may not."""

import pytest

from harness import api as apis
from harness.api import Api, problem

RULES = """
version: 1
backends: {legacy: {servers: [@legacy@]}}
default: legacy
"""
PREFIX = "needs a location by prefix"


@pytest.mark.parametrize("server,said", [
    ("location = /s { strangler_api main; }", PREFIX),
    ("location ~ /s { strangler_api main; }", PREFIX),
    ("location ~* ^/s { strangler_api main; }", PREFIX),
    ("location @s { strangler_api main; }", PREFIX),
    ("location /s/ { if ($args) { strangler_api main; } }",
     "not allowed here|" + PREFIX),
    ("location /s/ { limit_except GET { strangler_api main; } }",
     "not allowed here|" + PREFIX),
    ("strangler_api main;", "not allowed here"),
    ("location /s/ { strangler_api main; strangler_api main; }",
     "is duplicate"),
    ("location /s/ { strangler_api main; strangler_pass main; }",
     "beside strangler_api"),
    ("location /s/ { strangler_pass main; strangler_api main; }",
     "beside strangler_pass"),
    ("location /s/ { strangler_api nobody; }", "nobody"),
    ("location /s/ { strangler_api main write; }", "invalid parameter"),
    ("location /s/ { strangler_api main write=yes; }", "invalid parameter"),
    ("location /s/ { strangler_api main writes=on; }", "invalid parameter"),
    ("location /s/ { strangler_api; }", "invalid number of arguments"),
    ("location /s/ { strangler_api main write=on x; }",
     "invalid number of arguments"),
])
def test_where_it_may_not_stand(one_router, server, said):
    router = one_router(RULES, server=server, start=False)
    status, text = router.nginx.test()
    assert status != 0
    assert any(one in text for one in said.split("|")), text
    assert router.nginx.conf.name in text


@pytest.mark.parametrize("server,at,status", [
    ("location /s/ { strangler_api main; }", "/s/", 200),
    ("location /s { strangler_api main; }", "/s/", 200),
    ("location ^~ /s/ { strangler_api main write=off; }", "/s/", 200),
    ("location /o/ { location /o/s/ { strangler_api main; } }", "/o/s/", 200),
    ("location /s/ { strangler_api main; allow 127.0.0.1; deny all; }",
     "/s/", 200),
    ("location /s/ { strangler_api main; deny all; }", "/s/", 403),
    ("location / { strangler_api main; }", "/", 200),
])
def test_where_it_may(one_router, server, at, status):
    router = one_router(RULES, server=server,
                        root=None if "/ {" not in server[:12] else "")
    api = Api(router, at)
    answer = api.call("GET", "v1/status")
    assert answer.status == status
    api.close()


def test_limit_except(one_router):
    """Some may read and others write, as with any handler."""
    router = one_router(RULES, server="""
        location /s/ {
            strangler_api main write=on;
            limit_except GET { deny all; }
        }
        location /w/ {
            strangler_api main write=on;
            limit_except GET { allow 127.0.0.1; deny all; }
        }
    """)
    api = Api(router, "/s/")
    assert api.call("GET", "v1/status").status == 200
    assert api.call("POST", "v1/explain", {"url": "/"}).status == 403
    api.close()
    api = Api(router, "/w/")
    assert api.call("POST", "v1/explain", {"url": "/"}).status == 200
    api.close()


def test_within_if(one_router):
    router = one_router(RULES, server="""
        location /s/ {
            strangler_api main write=on;
            if ($arg_x) { add_header X-If $arg_x; }
        }
    """)
    api = Api(router, "/s/")
    answer = api.call("POST", "v1/explain?x=1", {"url": "/"})
    assert (answer.status, answer.value("X-If")) == (200, "1")
    api.close()


def test_no_state_directory(one_router):
    """Everything can be read, and flips say what is missing."""
    api = apis.make(RULES, make=one_router, rules_args="zone=1m poll=100ms")
    assert api.get("v1/status")["state"] is None
    assert api.get("v1/history") == {"entries": [], "next": None,
                                     "oldest": None}
    for method, path, body in (
            ("PATCH", "v1/backends/legacy", {"drain": True}),
            ("POST", "v1/flips", {"undo": 1})):
        problem(api.call(method, path, body), 503, "state=DIR")
    api.close()


def test_rules_of_another_server_block_are_shared(one_router):
    """One rule set, two APIs: what one flips the other tells."""
    api = apis.make(RULES.replace("default:", """
routes:
  - {name: a, match: {path: /a}, to: new, stage: legacy}
default:""").replace("]}}", "]}, new: {servers: [@new@]}}"), make=one_router,
        server="location /r/ { strangler_api main; }")
    api.flip("a", "live")
    reader = Api(api.router, "/r/")
    assert reader.get("v1/routes/a")["stage"] == "live"
    reader.close()
    api.close()
