"""An edited rules file is in force in every worker without a reload."""

import os
import re
import time

import pytest

from harness import faults
from harness.client import serialize
from harness.rules import ConfigMap
from harness.versions import (BAD_PLACES, HEAD, bad, rules, version,
                              wait_version)
from harness.wait import holds, wait_until

MODELS = {
    "one-worker": {"workers": 1},
    "two-workers": {"workers": 2},
    "no-master": {"workers": 1, "master": False},
}


every_model = pytest.mark.parametrize("model", MODELS, indirect=True)


@pytest.fixture(scope="module")
def routers(make_router):
    """Those that were made so far, by their process model."""
    return {}


@pytest.fixture
def model(request):
    return getattr(request, "param", "two-workers")


@pytest.fixture
def router(routers, model, make_router):
    if model not in routers:
        routers[model] = make_router(rules(1), **MODELS[model])
    return routers[model]


@pytest.fixture(autouse=True)
def first_rules(router):
    """Each test begins with rules 1 in force."""
    router.rules.replace(rules(1))
    wait_version(router, 1)


def generation(router):
    return int(router.get("/probe/x").value("X-Gen"))


@every_model
def test_atomic_rename(router):
    before = generation(router)
    router.rules.replace(rules(2))
    wait_version(router, 2)
    assert generation(router) > before


@every_model
def test_in_place(router):
    router.rules.overwrite(rules(3))
    wait_version(router, 3)


def test_within_about_a_second(router):
    begin = time.monotonic()
    router.rules.replace(rules(4))
    wait_version(router, 4)
    assert time.monotonic() - begin < 2.5


def test_many_edits(router):
    for number in range(5, 9):
        router.rules.replace(rules(number))
        wait_version(router, number)


def test_the_last_of_quick_edits_counts(router):
    for number in range(10, 30):
        router.rules.replace(rules(number))
    wait_version(router, 29)


def test_half_written(router):
    """
    The first half is valid YAML with fewer routes: it must never be in force.
    """
    text = rules(31, routes="""
  - {name: late, match: {path: /late}, to: new, stage: done}
""")
    for _ in range(5):
        with open(router.rules.path, "wb", buffering=0) as file:
            data = router.rules.fill(text).encode()
            pauses = []
            for i in range(0, len(data), 40):
                begin = time.monotonic()
                file.write(data[i:i + 40])
                assert router.get("/late").route is None
                time.sleep(0.03)
                pauses.append(time.monotonic() - begin)
        wait_version(router, 31)
        if max(pauses) < 0.15:
            break
        router.rules.replace(rules(1))
        wait_version(router, 1)

    def late():
        return router.get("/late").route == "late"

    wait_until(late, "the whole file is in force")


def test_a_touched_file_is_no_change(router):
    before = generation(router)
    os.utime(router.rules.path)
    holds(lambda: generation(router) == before, "no new generation", 0.9)


@every_model
def test_invalid_edit_keeps_the_rules(router):
    before = generation(router)
    size = router.nginx.log_size()
    router.rules.replace(bad("keeps"))
    router.nginx.wait_log(BAD_PLACES[0], size)
    holds(lambda: version(router.get("/probe/x")) == 1
          and generation(router) == before, "rules 1 stay in force", 0.4)


@every_model
def test_invalid_edit_is_said_once_and_whole(router):
    size = router.nginx.log_size()
    router.rules.replace(bad("once"))
    for place in BAD_PLACES:
        router.nginx.wait_log(place, size)

    def once():
        log = router.nginx.log_since(size)
        return all(len(re.findall(p, log)) == 1 for p in BAD_PLACES)

    holds(once, "each error is logged once", 0.8)
    assert "match: {path: /a*}" in router.nginx.log_since(size)


def test_the_same_error_again_after_a_good_edit_is_said_again(router):
    for _ in range(2):
        size = router.nginx.log_size()
        router.rules.replace(bad("again"))
        router.nginx.wait_log(BAD_PLACES[0], size)
        router.rules.replace(rules(40))
        wait_version(router, 40)
        router.rules.replace(rules(1))
        wait_version(router, 1)


def test_the_same_error_after_the_rules_in_force_were_back(router):
    for _ in range(2):
        size = router.nginx.log_size()
        router.rules.replace(bad("there and back"))
        router.nginx.wait_log(BAD_PLACES[0], size)
        router.rules.replace(rules(1))
        router.nginx.wait_log(
            r"\[notice\].* are those of generation \d+ again", size)


def test_a_good_edit_after_an_invalid_one(router):
    size = router.nginx.log_size()
    router.rules.replace(bad("mended"))
    router.nginx.wait_log(BAD_PLACES[0], size)
    router.rules.replace(rules(41))
    wait_version(router, 41)


@pytest.mark.parametrize("text", ["", "version: 1\n", "version: 2\n", "\0",
                                  "a: [", "\xff\xfe"],
                         ids=["empty", "bare", "version", "nul", "torn",
                              "bytes"])
def test_broken_files(router, text):
    size = router.nginx.log_size()
    before = generation(router)
    router.rules.path.write_bytes(text.encode("latin-1"))
    if text == "version: 1\n":
        wait_until(lambda: router.get("/probe/x").status == 404
                   or "error:" in router.nginx.log_since(size),
                   "rules without routes are in force or refused")
        return
    router.nginx.wait_log("error", size)
    assert generation(router) == before
    assert version(router.get("/probe/x")) == 1


@every_model
def test_a_file_that_is_gone_and_back(router):
    size = router.nginx.log_size()
    router.rules.path.unlink()
    router.nginx.wait_log(r"main\.yaml", size)
    assert version(router.get("/probe/x")) == 1
    router.rules.replace(rules(42))
    wait_version(router, 42)


@every_model
def test_included_files(router):
    directory = router.nginx.home / "routes.d"
    directory.mkdir(exist_ok=True)
    for file in directory.iterdir():
        file.unlink()
    extra = "routes: [{name: %s, match: {path: /inc/%s}, to: new, stage: done}]"

    def route_of(path):
        return router.get(path).route

    router.rules.replace(rules(50, head="include: [routes.d/*.yaml]\n"))
    wait_version(router, 50)
    assert route_of("/inc/a") is None

    (directory / "a.yaml").write_text(extra % ("a", "a"))
    wait_until(lambda: route_of("/inc/a") == "a", "an added file counts")

    (directory / "b.yaml").write_text(extra % ("b", "b"))
    wait_until(lambda: route_of("/inc/b") == "b", "one more")
    assert route_of("/inc/a") == "a"

    (directory / "a.yaml").write_text(extra % ("a2", "a"))
    wait_until(lambda: route_of("/inc/a") == "a2", "a changed file counts")

    (directory / "b.yaml").unlink()
    wait_until(lambda: route_of("/inc/b") is None, "a removed file is gone")
    assert route_of("/inc/a") == "a2"


def test_an_error_in_an_included_file(router):
    directory = router.nginx.home / "bad.d"
    directory.mkdir(exist_ok=True)
    bad = directory / "team.yaml"
    bad.write_text("routes: []\n")
    router.rules.replace(rules(51, head="include: [bad.d/*.yaml]\n"))
    wait_version(router, 51)
    size = router.nginx.log_size()
    bad.write_text("\nroutes: [{nam: x}]\n")
    router.nginx.wait_log(r"team\.yaml:2:\d+: error:", size)
    assert version(router.get("/probe/x")) == 51


@every_model
def test_requests_under_way_finish_under_their_rules(router):
    gate = faults.Gate()
    router.new.on("/v1/held", gate)
    with router.connect() as client:
        client.send(serialize(target="/probe/held"))
        wait_until(lambda: gate.waiting, "the request is under way")
        before = generation(router)
        router.rules.replace(rules(60))
        wait_version(router, 60)
        gate.open()
        response = client.read()
    assert version(response) == 1
    assert int(response.value("X-Gen")) == before


def test_a_fallback_under_way_goes_where_its_rules_say(router):
    gate = faults.Gate(then=faults.reset())
    router.new.on("/v1/held", gate)
    with router.connect() as client:
        client.send(serialize(target="/probe/held"))
        wait_until(lambda: gate.waiting, "the request is under way")
        router.rules.replace(rules(61).replace("stage: live", "stage: done"))
        wait_version(router, 61)
        gate.open()
        response = client.read()
    assert response.backend == "legacy"
    assert response.value("X-Version") == "1"


def test_backends_may_change(router):
    """A backend that is renamed and one that goes elsewhere."""
    text = rules(62).replace("new:", "newer:", 1).replace(
        "to: new", "to: newer")
    router.rules.replace(text)
    wait_version(router, 62)
    entry = router.entry(router.get("/probe/x"))
    assert entry["strangler_backend"] == "newer"

    swapped = rules(63).replace("new: {servers: [@new@]}",
                                "new: {servers: [@legacy@]}")
    router.rules.replace(swapped)
    wait_until(lambda: router.get("/probe/x").backend == "legacy",
               "the other server answers")


@pytest.mark.parametrize("model", ["one-worker"], indirect=True)
def test_kept_connections_survive_an_edit(router):
    router.get("/probe/x")
    kept = router.new.seen()[-1].connection
    router.rules.replace(rules(64))
    wait_version(router, 64)
    router.get("/probe/x")
    assert router.new.seen()[-1].connection == kept


@pytest.mark.parametrize("model", ["one-worker"], indirect=True)
def test_connections_of_a_removed_backend_are_closed(router):
    router.get("/probe/x")
    assert router.new.connections
    router.rules.replace(HEAD.replace("  new: {servers: [@new@]}\n", ""))
    wait_until(lambda: router.get("/probe/x").backend == "legacy",
               "there is no route any more")
    wait_until(lambda: not router.new.connections, "they are closed")


def test_a_name_that_is_unknown(router):
    """A backend that cannot be resolved is an error like any other."""
    size = router.nginx.log_size()
    text = rules(65).replace(
        "  new: {servers: [@new@]}",
        "  new: {servers: [@new@]}\n  lost: {servers: "
        "['http://no-such-name.invalid']}")
    router.rules.replace(text)
    router.nginx.wait_log("no-such-name", size)
    assert re.search(r"main\.yaml:6:\d+: error: .*no-such-name",
                     router.nginx.log_since(size))
    assert version(router.get("/probe/x")) == 1


def test_an_edit_that_does_not_fit_says_what_is_needed(router):
    size = router.nginx.log_size()
    router.rules.replace(rules(66) + "# a long comment\n" * 100000)
    router.nginx.wait_log(r"zone=\d+k or more", size)
    assert version(router.get("/probe/x")) == 1
    router.rules.replace(rules(67))
    wait_version(router, 67)


def test_many_generations_at_once(router):
    """Each of them ends when its last request does, in any order."""
    held = []
    for number in range(1, 6):
        router.rules.replace(rules(number))
        wait_version(router, number)
        gate = faults.Gate()
        router.new.on(f"/v{number}/held", gate)
        client = router.connect()
        client.send(serialize(target="/probe/held"))
        wait_until(lambda: gate.waiting, "the request is under way")
        held.append((number, gate, client))

    for number, gate, client in held[1::2] + held[::2]:
        gate.open()
        with client:
            assert version(client.read()) == number


def test_a_sticky_client_stays_when_percent_rises(router):
    """The split does not depend on the generation."""
    ramp = HEAD + """
routes:
  - {name: probe, match: {path: /ramp/*}, to: new, stage: ramp, percent: %d,
     by: [cookie:uid], data: shared,
     headers: {response: {set: {X-Percent: "%d"}}}}
"""
    before = set()
    for percent in (20, 60):
        router.rules.replace(ramp % (percent, percent))
        router.wait_all_workers(
            lambda c: c.request("GET", "/ramp/x").value("X-Percent")
            == str(percent), f"{percent}% are in force")
        answers = router.many([
            ("GET", "/ramp/x", {"Cookie": f"uid={u}"}) for u in range(200)])
        new = {u for u, r in enumerate(answers) if r.backend == "new"}
        assert before <= new
        before = new
    assert 20 < len(before) < 200


def test_config_map(one_router, tmp_path_factory):
    """Kubernetes swaps a link to the directory; includes go with it."""
    router = one_router({"main": None}, start=False,
                        paths={"main": "@HOME@/config/rules.yaml"})
    config = ConfigMap(router.nginx.home / "config", router.urls)
    include = "include: [team*.yaml]\n"
    team = "routes: [{name: %s, match: {path: /team}, to: new, stage: done}]"
    config.publish(rules_yaml=rules(1, head=include),
                   team_yaml=team % "team1")
    router.start()
    wait_version(router, 1)
    assert router.get("/team").route == "team1"

    config.publish(rules_yaml=rules(2, head=include),
                   team_yaml=team % "team2")
    wait_version(router, 2)
    assert router.get("/team").route == "team2"

    config.publish(rules_yaml=rules(2, head=include),
                   team_yaml=team % "team3")
    wait_until(lambda: router.get("/team").route == "team3",
               "only the included file has changed")


def test_a_symlink_to_the_file(one_router):
    router = one_router({"main": None}, start=False,
                        paths={"main": "@HOME@/link.yaml"})
    home = router.nginx.home
    for number in (1, 2):
        (home / f"{number}.yaml").write_text(
            router.rules.fill(rules(number)))
    (home / "link.yaml").symlink_to("1.yaml")
    router.start()
    wait_version(router, 1)

    (home / "new").symlink_to("2.yaml")
    os.rename(home / "new", home / "link.yaml")
    wait_version(router, 2)

    (home / "2.yaml").write_text(router.rules.fill(rules(3)))
    wait_version(router, 3)


def test_without_poll(one_router):
    """The defaults notice an edit within about a second too."""
    router = one_router(rules(1), rules_args="")
    wait_version(router, 1)
    begin = time.monotonic()
    router.rules.replace(rules(2))
    wait_version(router, 2)
    assert time.monotonic() - begin < 3


def test_two_rule_sets_reload_on_their_own(one_router):
    router = one_router({"main": rules(1), "other": rules(1)}, server="""
        location /other/ {
            rewrite ^/other(/.*)$ $1 break;
            strangler_pass other;
            include @PARAMS@;
        }""")
    router.files["other"].replace(rules(2))
    wait_until(lambda: version(router.get("/other/probe/x")) == 2,
               "the other set has changed")
    assert version(router.get("/probe/x")) == 1
