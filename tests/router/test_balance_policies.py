"""Who of a backend's servers gets a request, by each policy, across edits."""

import collections

import pytest

from harness import client, faults
from harness.backend import Backend
from harness.stats import assert_share
from harness.wait import ClosedPort, wait_until

POLICIES = ("round_robin", "least_conn", "random")

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  turns: {servers: [@a@, @b@, @c@]}
  least: {servers: [@a@, @b@, @c@], balance: least_conn}
  random: {servers: [@a@, @b@, @c@], balance: random}
  heavy: {servers: [{url: @a@, weight: 3}, @b@], balance: least_conn}
  smooth: {servers: [{url: @a@, weight: 5}, @b@, @c@], balance: least_conn}
  drawn: {servers: [{url: @a@, weight: 5}, {url: @b@, weight: 3}], balance: random}
  edited: {servers: [%(edited)s]}
  pair: {servers: [@a@, @b@], balance: least_conn}
default: legacy
routes:
  - {name: turns, match: {path: /turns/*}, to: turns, stage: done}
  - {name: least, match: {path: /least/*}, to: least, stage: done}
  - {name: random, match: {path: /random/*}, to: random, stage: done}
  - {name: heavy, match: {path: /heavy/*}, to: heavy, stage: done}
  - {name: smooth, match: {path: /smooth/*}, to: smooth, stage: done}
  - {name: drawn, match: {path: /drawn/*}, to: drawn, stage: done}
  - {name: edited, match: {path: /edited/*}, to: edited, stage: done}
  - {name: pair, match: {path: /pair/*}, to: pair, stage: done}
  - name: copied
    match: {path: /copied/*}
    to: pair
    stage: shadow
    shadow: {percent: 100, per_second: 1000}
"""


def rules(edited="@a@, @b@, @c@], balance: [least_conn"):
    return (RULES % {"edited": edited}).replace("[least_conn]", "least_conn")


@pytest.fixture(scope="module")
def router(make_router):
    return make_router(rules(), ["legacy", "a", "b", "c"])


def names(router, path, n):
    return [router.get(path).backend for _ in range(n)]


class Held:
    """A request that one of its servers has and does not answer."""

    def __init__(self, router, path):
        self.gates = {}
        for backend in router.backends.values():
            self.gates[backend.name] = faults.Gate()
            backend.on(path, self.gates[backend.name])
        self.connections = []
        self.router = router
        self.path = path

    def send(self):
        """Sends one more; the name of the server that has it."""
        before = self.waiting()
        self.connections.append(self.router.connect())
        self.connections[-1].send(client.serialize("GET", self.path))
        wait_until(lambda: self.waiting() != before, "a server has it")
        return next(iter(self.waiting() - before))

    def waiting(self):
        return collections.Counter(
            {name: gate.waiting for name, gate in self.gates.items()})

    def end(self):
        for gate in self.gates.values():
            gate.open()
        for connection in self.connections:
            assert connection.read().status == 200
            connection.close()

    def abort(self):
        for connection in self.connections:
            connection.close()


def edit(router, text):
    """Puts rules in force; no request of the tests' own backends is spent."""
    before = router.generation("/")
    router.rules.replace(text)
    wait_until(lambda: router.generation("/") != before, "rules are in force")


def test_least_conn_takes_turns_among_equals(router):
    """nginx's pattern for 5, 1, 1, from anywhere on."""
    assert "".join(names(router, "/smooth/x", 21)) in "aabacaa" * 4


def test_random_is_by_weight(router):
    got = collections.Counter(
        r.backend for r in router.many([("GET", "/drawn/x", ())] * 1000))
    assert set(got) == {"a", "b"}
    assert_share(got["a"], 1000, 5 / 8)


@pytest.mark.parametrize("path", ["/least", "/random"])
def test_who_is_slow_gets_nothing(router, path):
    held = Held(router, path + "/held")
    slow = held.send()
    got = set(names(router, path + "/x", 30))
    assert got == {"a", "b", "c"} - {slow}
    held.end()

    wait_until(lambda: slow in names(router, path + "/x", 10),
               "it is asked again")


def test_round_robin_does_not_look_at_that(router):
    held = Held(router, "/turns/held")
    held.send()
    assert set(names(router, "/turns/x", 3)) == {"a", "b", "c"}
    held.end()


def test_least_conn_fills_by_weight(router):
    held = Held(router, "/heavy/held")
    for n in range(1, 4):
        for _ in range(4):
            held.send()
        assert held.waiting() == {"a": 3 * n, "b": n, "c": 0, "legacy": 0}
    held.end()


def test_a_client_that_leaves_is_no_load(router):
    held = Held(router, "/least/held")
    slow = held.send()
    held.abort()
    wait_until(lambda: slow in names(router, "/least/x", 3),
               "it is asked again")
    for gate in held.gates.values():
        gate.open()


def test_a_server_is_chosen_when_the_body_is_there(router):
    """What came long before says nothing of who is busy now."""
    with router.connect() as upload:
        upload.send(b"POST /least/upload HTTP/1.1\r\nHost: shop.test\r\n"
                    b"Content-Length: 10\r\n\r\nhello")
        held = Held(router, "/least/held")
        order = [held.send() for _ in range(3)]
        assert sorted(order) == ["a", "b", "c"]
        held.gates[order[0]].open()
        assert held.connections.pop(0).read().backend == order[0]
        upload.send(b"again")
        assert upload.read("POST").backend == order[0]
    held.end()


def test_copies_are_load(router):
    held = Held(router, "/copied/held")
    held.gates["legacy"].open()
    copied = router.connect()
    assert copied.request("GET", "/copied/held").backend == "legacy"
    wait_until(lambda: held.gates["a"].waiting + held.gates["b"].waiting,
               "the copy is held")
    slow = "a" if held.gates["a"].waiting else "b"
    assert set(names(router, "/pair/x", 10)) == {"a", "b"} - {slow}
    held.end()
    copied.close()
    wait_until(lambda: slow in names(router, "/pair/x", 2),
               "it is asked again")


def test_an_edit_does_not_begin_anew(router):
    """The rotation goes on, over connections that are kept."""
    edit(router, rules("@a@, @b@, @c@"))
    order = "".join(names(router, "/edited/x", 6))
    accepted = [router.backends[name].accepted for name in "abc"]
    for number in range(4):
        edit(router, rules("@a@, @b@, @c@") + f"# {number}\n")
        order += "".join(names(router, "/edited/x", 2))
    assert order in "abc" * 6
    assert [router.backends[name].accepted for name in "abc"] == accepted


def test_an_edit_of_servers_lets_the_others_go_on(router):
    edit(router, rules("@a@, @b@, @c@"))
    while names(router, "/edited/x", 1) != ["b"]:
        pass
    edit(router, rules("@c@, @b@, @a@"))
    got = collections.Counter(names(router, "/edited/x", 9))
    assert all(2 <= got[name] <= 4 for name in "abc")
    edit(router, rules("@b@, {url: @c@, weight: 2}"))
    got = collections.Counter(names(router, "/edited/x", 30))
    assert 18 <= got["c"] <= 22
    assert got["b"] + got["c"] == 30


@pytest.mark.parametrize("before", ["@a@, @b@, @c@", "@a@"])
def test_requests_of_older_rules_are_load(router, before):
    """Also when they came under another policy, to fewer servers."""
    edit(router, rules(before))
    held = Held(router, "/edited/held")
    slow = held.send()
    edit(router, rules())
    assert set(names(router, "/edited/x", 20)) == {"a", "b", "c"} - {slow}

    edit(router, rules() + "# once more\n")
    assert slow not in names(router, "/edited/x", 20)
    held.end()
    wait_until(lambda: slow in names(router, "/edited/x", 3),
               "it is asked again")


CACHED = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  pair: {servers: [@a@, @b@]}
default: legacy
routes:
  - name: cached
    match: {path: /cut/*}
    to: pair
    stage: done
    rewrite: {path: /*}
"""


def test_the_cache_asks_nobody(one_router):
    """What it has is mapped back nevertheless."""
    router = one_router(
        CACHED, ["legacy", "a", "b"],
        http="proxy_cache_path @HOME@/cache keys_zone=c:1m;"
             "add_header X-Cache $upstream_cache_status always;",
        location="proxy_cache c; proxy_cache_valid 302 1m;")
    for backend in router.backends.values():
        backend.on("/x", faults.answer(302, "", [("Location", "/there")]))
    for cache in ("MISS", "HIT", "HIT"):
        response = router.get("/cut/x")
        assert response.value("X-Cache") == cache
        assert response.value("Location") == "/cut/there"
    assert len(router.seen()) == 1


def many_backends(name, urls="@a@, @b@, @c@"):
    return "".join(f"  {name}{i}: {{servers: [{urls}]}}\n" for i in range(24))


def many_routes(name):
    return "".join(f"  - {{name: {name}{i}, match: {{path: /{name}{i}}}, "
                   f"to: {name}{i}, stage: done}}\n" for i in range(24))


def firsts(router, name):
    return {router.get(f"/{name}{i}").backend for i in range(24)}


def test_no_two_begin_alike(one_router):
    """
    A worker begins with any server, and so does a backend that is new or all
    of whose servers are: else every worker would ask the first.
    """
    head = "version: 1\nbackends:\n  legacy: {servers: [@legacy@]}\n"
    tail = "default: legacy\nroutes:\n"
    router = one_router(
        head + many_backends("old") + tail + many_routes("old"),
        ["legacy", "a", "b", "c", "d", "e"])
    assert len(firsts(router, "old")) > 1

    edit(router, head + many_backends("old", "@d@, @e@")
         + many_backends("new") + tail + many_routes("old")
         + many_routes("new"))
    assert firsts(router, "old") == {"d", "e"}
    assert len(firsts(router, "new")) > 1


DEAD = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
""" + "".join(f"""
  {policy}: {{servers: [%(dead)s, @a@, %(two)s, %(dead)s], balance: {policy}}}
  dead-{policy}: {{servers: [%(dead)s, %(two)s, %(dead)s], balance: {policy}}}
""" for policy in POLICIES) + """
default: legacy
routes:
""" + "".join(f"""
  - {{name: {policy}, match: {{path: /{policy}}}, to: {policy}, stage: done}}
  - name: dead-{policy}
    match: {{path: /dead-{policy}}}
    to: dead-{policy}
    stage: done
""" for policy in POLICIES)


@pytest.fixture(scope="module")
def dead(make_router):
    ports = [ClosedPort(), ClosedPort()]
    router = make_router(DEAD % {"dead": ports[0].url, "two": ports[1].url},
                         ["legacy", "a"])
    router.dead = sorted(port.address for port in ports)
    yield router
    for port in ports:
        port.stop()


def asked(router, response):
    return router.entry(response)["upstream_addr"].split(", ")


@pytest.mark.parametrize("policy", POLICIES)
def test_who_refuses_is_not_asked_again(dead, policy):
    """One that is there twice is one server."""
    lengths = set()
    for _ in range(20):
        response = dead.get("/" + policy)
        assert response.backend == "a"
        addresses = asked(dead, response)
        assert len(set(addresses)) == len(addresses)
        lengths.add(len(addresses))
    assert len(lengths) > 1

    response = dead.get("/dead-" + policy)
    assert response.status == 502
    assert sorted(asked(dead, response)) == dead.dead


def test_beyond_64_servers(one_router):
    """A request is not sent to more, and to none twice."""
    ports = [ClosedPort() for _ in range(70)]
    urls = ", ".join(port.url for port in ports)
    router = one_router(f"""
version: 1
backends:
  most: {{servers: [{urls}], timeouts: {{connect: 5s}}}}
default: most
""", ["a"])
    addresses = asked(router, router.get("/x"))
    assert len(addresses) == len(set(addresses)) == 64
    for port in ports:
        port.stop()
