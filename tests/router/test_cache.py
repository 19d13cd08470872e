"""nginx's cache in front of both sides."""

import pytest

from harness import faults
from harness.wait import wait_until

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
  - {name: cached, match: {path: /a}, to: new, stage: live}
"""

HTTP = """
    proxy_cache_path @HOME@/cache keys_zone=c:1m;
    add_header X-Cache $upstream_cache_status always;
"""


@pytest.fixture
def router(make_router):
    return make_router(RULES, http=HTTP, location="""
        proxy_cache c;
        proxy_cache_revalidate on;
        proxy_cache_use_stale error timeout http_503;
    """)


def expired(router, fault, headers=()):
    """The answer once the new side fails, and what it had said is too old."""
    router.new.on("/a", faults.answer(200, "from new", [
        ("Cache-Control", "max-age=1"), ("ETag", '"new"')]))
    assert router.get("/a").value("X-Cache") == "MISS"
    router.new.on("/a", fault)

    def ask():
        response = router.get("/a", headers)
        return response.value("X-Cache") != "HIT" and response

    return wait_until(ask, "the answer expires")


FAULTS = [faults.reset(), faults.answer(503)]


@pytest.mark.parametrize("fault", FAULTS)
def test_the_fallbacks_304_does_not_renew_the_others_answer(router, fault):
    """The client asked whether its copy, of the fallback's, is still good."""
    router.legacy.on("/a", faults.answer(304, "", [("ETag", '"old"')]))
    response = expired(router, fault, {"If-None-Match": '"old"'})
    assert (response.status, response.body) == (304, b"")
    assert router.get("/a").value("X-Cache") != "HIT"


@pytest.mark.parametrize("fault", FAULTS)
def test_the_fallbacks_answer_is_not_cached(router, fault):
    router.legacy.on("/a", faults.answer(200, "from legacy", [
        ("Cache-Control", "max-age=60")]))
    response = expired(router, fault)
    assert (response.status, response.body) == (200, b"from legacy")

    seen = len(router.legacy.seen())
    assert router.get("/a").body == b"from legacy"
    assert len(router.legacy.seen()) == seen + 1


@pytest.mark.parametrize("fault", FAULTS)
def test_stale_where_the_fallback_fails_as_well(router, fault):
    router.legacy.on("/a", faults.answer(503))
    response = expired(router, fault)
    assert (response.status, response.body) == (200, b"from new")
    assert response.value("X-Cache") == "STALE"


def test_the_same_side_renews_its_answer(router):
    response = expired(router, faults.answer(304, "", [("ETag", '"new"')]))
    assert (response.status, response.body) == (200, b"from new")
    assert response.value("X-Cache") == "REVALIDATED"
    assert router.new.seen()[-1].value("If-None-Match") == '"new"'
