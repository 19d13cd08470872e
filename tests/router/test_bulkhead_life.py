"""Places outlive nothing that held them; and those of fallbacks."""

import json

import pytest

from harness import faults
from harness.client import serialize
from harness.flips import Flipped, route
from harness.flips import rules as flipped
from harness.metrics import API, scrape, wait_total
from harness.wait import wait_until
from test_bulkhead import Held, assert_all_places, empty, fresh

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@], max_fallbacks: 2}
  new: {servers: [@new@], breaker: none, max_in_flight: 4}
  small: {servers: [@legacy@], max_in_flight: 1}
  one: {servers: [@new@], max_in_flight: 1}
default: legacy
routes:
  - {name: done, match: {path: /done/*}, to: new, stage: done}
  - {name: live, match: {path: /live/*}, to: new, stage: live}
  - {name: again, match: {path: /again/*}, to: one, stage: live, retry: &retry {attempts: 1, when: [503], backoff: {max: 1s}}}
  - {name: once, match: {path: /once/*}, to: one, stage: done, retry: *retry}
  - {name: small, match: {path: /small/*}, from: small, to: new, stage: live}
"""

ROOT = API + "location / { strangler_pass main; include @PARAMS@; }"


@pytest.fixture(scope="module")
def router(make_router):
    return make_router(RULES, root=ROOT, workers=2)


@pytest.fixture
def own(one_router):
    return one_router(RULES, root=ROOT, workers=2)


def edit(router, places):
    before = scrape(router).total("generation")
    router.rules.replace(
        RULES.replace("max_in_flight: 4", f"max_in_flight: {places}"))

    def followed():
        samples = scrape(router)
        return (samples.total("generation") > before
                and samples.total("workers_behind") == 0)

    wait_until(followed, "every worker has the edited rules")


def test_death_of_the_workers(own):
    held = Held(own, "/done/held")
    assert fresh(own, "/done/a").status == 503
    for pid in own.nginx.worker_pids():
        own.nginx.kill_worker(pid)
    held.close()
    assert_all_places(own)


def test_death_of_one_worker(own):
    """The places of the other are not touched."""
    held = Held(own, "/done/held")
    own.nginx.kill_worker(own.nginx.worker_pids()[0])
    wait_until(lambda: scrape(own).total("workers") == 2, "both are back")
    left = int(scrape(own).total("backend_in_flight", backend="new"))
    assert 0 <= left <= 4
    more = Held(own, "/done/held", 4 - left)
    assert fresh(own, "/done/a").status == 503
    held.close()
    more.close()
    assert_all_places(own)


def test_reload(own):
    """Old workers and new ones have the same places."""
    held = Held(own, "/done/held")
    own.nginx.reload()
    assert fresh(own, "/done/a").status == 503
    assert fresh(own, "/live/a").backend == "legacy"
    assert held.end() == [200] * 4
    assert_all_places(own)


def test_edits_of_the_limit(own):
    with Held(own, "/done/held") as held:
        edit(own, 6)
        held.add("/done/held", 2)
        assert fresh(own, "/done/a").status == 503
        edit(own, 3)
        assert fresh(own, "/done/a").status == 503
        assert held.end() == [200] * 6
    assert_all_places(own, n=3)
    edit(own, 4)
    assert_all_places(own)


def test_without_a_master(one_router):
    router = one_router(RULES, root=ROOT, master=False)
    assert_all_places(router)


FAILS = {
    "503": (faults.answer(503), "503"),
    "reset": (faults.reset(), "502"),
    "garbage": (faults.garbage(), "502"),
}


@pytest.mark.parametrize("why", FAILS)
def test_no_more_fallbacks_than_that(router, why):
    fault, status = FAILS[why]
    router.drop_idle()
    before = scrape(router)
    router.new.on("/live/a", fault)
    with Held(router, "/live/a", 2, "legacy"):
        assert scrape(router).total("backend_fallbacks_in_flight",
                                    backend="legacy") == 2
        with router.connect() as client:
            for _ in range(3):
                response = client.request("GET", "/live/a")
                assert response.status == 503
                assert response.value("Retry-After") == "1"
                assert json.loads(response.body)["status"] == 503
                entry = router.entry(response)
                assert entry["upstream_status"] == status
                assert entry["strangler_fallback"] == ""
            assert not client.is_closed()
        assert fresh(router, "/theirs").backend == "legacy"
        assert fresh(router, "/live/b").backend == "new"
    after = empty(router)
    assert (after.total("backend_refused_total", limit="fallbacks")
            - before.total("backend_refused_total", limit="fallbacks")) == 3
    assert (after.total("fallbacks_total")
            - before.total("fallbacks_total")) == 2
    assert after.total("backend_refused_total", limit="in_flight") == (
        before.total("backend_refused_total", limit="in_flight"))


def test_overloads_are_fallbacks_too(router):
    with Held(router, "/done/held"):
        with Held(router, "/live/a", 2, "legacy"):
            response = fresh(router, "/live/a", "POST", body=b"x")
            assert response.status == 503
            assert router.entry(response)["upstream_status"] == ""
    empty(router)


def test_the_old_side_has_its_own_limit(router):
    """max_in_flight counts those that fell back with all others."""
    router.new.on("/small/a", faults.answer(502))
    with Held(router, "/small/a", 1, "legacy"):
        assert fresh(router, "/small/a").status == 503
    empty(router)
    assert fresh(router, "/small/a").backend == "legacy"


def test_retries(router):
    """Who waits for the next try has no place, and may find none then."""
    for path in ("/again/a", "/once/a"):
        router.new.on(path, faults.answer(503, headers=[("Retry-After", "1")]))
    with router.connect() as again, router.connect() as once:
        again.send(serialize(target="/again/a"))
        wait_total(router, 1, "backend_retrying")
        once.send(serialize(target="/once/a"))
        samples = wait_total(router, 2, "backend_retrying")
        assert samples.total("backend_in_flight") == 0
        with Held(router, "/once/held", 1):
            answered, refused = again.read(), once.read()
            samples = wait_total(router, 0, "backend_retrying")
    assert samples.total("retries_total") == 0
    assert answered.backend == "legacy"
    entry = router.entry(answered)
    assert entry["strangler_fallback"] == "overload"
    assert entry["upstream_status"] == "503, 200"
    assert (refused.status, refused.value("Retry-After")) == (503, "1")
    assert router.entry(refused)["upstream_status"] == "503"
    assert_all_places(router, "/once/all", 1)


def test_what_the_api_says(router):
    with Held(router, "/done/held"):
        router.new.on("/live/a", faults.reset())
        with Held(router, "/live/a", 1, "legacy"):
            said = json.loads(fresh(router, "/_strangler/v1/backends").body)
    said = {backend["name"]: backend for backend in said["backends"]}
    assert (said["new"]["in_flight"], said["new"]["max_in_flight"]) == (4, 4)
    assert (said["new"]["fallbacks"], said["new"]["max_fallbacks"]) == (0, None)
    assert said["legacy"]["fallbacks"] == said["legacy"]["in_flight"] == 1
    assert (said["legacy"]["max_fallbacks"],
            said["legacy"]["max_in_flight"]) == (2, None)
    assert set(said["new"]["refused"]) == {"in_flight", "fallbacks"}
    wait_total(router, 0, "backend_in_flight")


def test_draining_is_no_fallback(start):
    """Who drains a backend wants its requests to go elsewhere."""
    head = RULES.split("routes:")[0].replace("max_fallbacks: 2",
                                             "max_fallbacks: 0")
    router = start(Flipped(flipped(route("live", "live"), head=head),
                           ["legacy", "new"]))
    router.api.drain("new")
    assert router.sides("/live/1") == "legacy"
    router.api.drain("new", False)
    router.new.on("/live/1", faults.reset())
    assert router.get("/live/1").status == 503
