"""A request that error_page sends round again, by rules newer than its first."""

import pytest

from harness import faults
from harness.client import serialize
from harness.versions import rules, wait_version
from harness.wait import wait_until

SERVER = """
        location /pages/ {
            rewrite ^/pages(/.*)$ $1 break;
            strangler_pass main;
            include @PARAMS@;
            proxy_intercept_errors on;
            error_page 404 /probe/page;
        }
        location /cached/ {
            rewrite ^/cached(/.*)$ $1 break;
            strangler_pass main;
            include @PARAMS@;
            proxy_cache cache;
            proxy_cache_valid 200 1m;
            error_page 412 /probe/page;
        }"""


@pytest.fixture
def router(one_router):
    router = one_router(
        rules(1), server=SERVER,
        http="proxy_cache_path @HOME@/cache keys_zone=cache:1m;")
    wait_version(router, 1)
    return router


def held(router, then, target, headers=()):
    """Sends a request whose answer `then` waits for newer rules; the answer."""
    gate = faults.Gate(then=then)
    router.new.on("/v1/held", gate)
    with router.connect() as client:
        client.send(serialize("GET", target, headers))
        wait_until(lambda: gate.waiting, "the request is under way")
        router.rules.replace(rules(2))
        wait_version(router, 2)
        gate.open()
        return client.read()


def check(router, response, status):
    """The second decision's answer; the log still knows the first's server."""
    assert response.status == status
    assert response.value("X-Version") == "2"
    assert router.new.seen()[-1].target == "/v2/page"
    server = router.new.url.removeprefix("http://")
    assert router.entry(response)["upstream_addr"] == f"{server} : {server}"


def test_an_error_page_after_an_edit(router):
    check(router, held(router, faults.answer(404, "no"), "/pages/probe/held"),
          404)


def test_a_filter_that_ends_an_answer_after_an_edit(router):
    """What answers is still open when the request is sent round again."""
    answer = faults.answer(200, "x" * 5000, headers=[("ETag", '"a"')])
    check(router, held(router, answer, "/cached/probe/held",
                       [("If-Match", '"b"')]), 412)
