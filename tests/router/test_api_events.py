"""v1/events: who listens hears of all that happens, in order, and once."""

import json
import select
import signal

import pytest

from harness import api as apis
from harness.api import problem
from harness.client import serialize
from harness.wait import holds, wait_until

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
  - {name: a, match: {path: /a/*}, to: new, stage: legacy, by: [client], data: shared}
"""
BAD = RULES + "wrong: 1\n"


class Stream:
    """One listener."""

    def __init__(self, api, last=None, headers=None, version="1.1"):
        self.connection = api.router.connect(timeout=20)
        headers = dict(headers or {})
        if last is not None:
            headers["Last-Event-ID"] = str(last)
        self.connection.send(serialize("GET", api.base + "v1/events", headers,
                                       host="127.0.0.1", version=version))
        self.head = self.connection.read_head()
        self.chunked = self.head.value("Transfer-Encoding") == "chunked"
        self.text = ""
        self.comments = []
        self.ended = False

    def more(self):
        """One piece; False at the end."""
        stream = self.connection.stream
        if not self.chunked:
            data = stream.read1(65536)
        else:
            line = stream.readline()
            size = int(line or b"0", 16)
            data = stream.read(size)
            stream.readline()
            if line == b"":
                raise ConnectionError("the stream broke off")
        self.ended = data == b""
        self.text += data.decode()
        return not self.ended

    def next(self, kind=None):
        """The next event (of a kind): (event, id, data)."""
        while True:
            while "\n\n" not in self.text:
                assert self.more(), "the stream has ended"
            block, _, self.text = self.text.partition("\n\n")
            if block.startswith(":"):
                self.comments.append(block)
                continue
            fields = dict(line.split(": ", 1) for line in block.split("\n"))
            event = (fields["event"], int(fields.get("id", 0)),
                     json.loads(fields["data"]))
            if kind in (None, event[0]):
                return event

    def hello(self):
        while ": hello" not in "".join([self.text, *self.comments]):
            assert self.more()
        return self

    def stop(self):
        self.connection.close()


@pytest.fixture
def api(one_router):
    api = apis.make(RULES, make=one_router)
    yield api
    api.close()


@pytest.fixture
def listen(api, start):
    return lambda **options: start(Stream(api, **options))


def test_the_beginning(listen):
    stream = listen().hello()
    assert stream.head.status == 200
    assert stream.head.value("Content-Type") == "text/event-stream"
    assert stream.head.value("Cache-Control") == "no-store"


def test_flips_are_told_as_in_the_history(api, listen):
    streams = [listen().hello() for _ in range(3)]
    for stage in ("live", "legacy", "done"):
        api.flip("a", stage, reason="line\nbreak")
    entries = api.get("v1/history")["entries"]
    for stream in streams:
        heard = [stream.next("flip") for _ in range(3)]
        assert [e[2] for e in heard] == entries
        assert [e[1] for e in heard] == [1, 2, 3]


def test_where_it_left_off(api, listen):
    for i in range(300):
        api.flip("a", "live" if i % 2 == 0 else "legacy")
    for last in (0, 1, 170, 299):
        stream = listen(last=last)
        heard = [stream.next("flip")[1] for _ in range(300 - last)]
        assert heard == list(range(last + 1, 301))


@pytest.mark.parametrize("last", ["x", "", "-1", "999999", "1.5",
                                  "99999999999999999999999"])
def test_an_id_that_is_none(api, listen, last):
    """What cannot be found is not waited for: it is as good as none."""
    api.flip("a", "live")
    stream = listen(last=last).hello()
    api.flip("a", "legacy")
    assert stream.next("flip")[1] == 2


def test_one_that_comes_back_while_others_listen(api, listen):
    """Nobody gets less, or gets anything twice, because of another."""
    streams = [listen().hello()]
    for i in range(40):
        api.flip("a", "live" if i % 2 == 0 else "legacy")
        streams.append(listen(last=i // 2))
    firsts = [1] + [i // 2 + 1 for i in range(40)]
    for stream, first in zip(streams, firsts):
        heard = [stream.next("flip")[1] for _ in range(41 - first)]
        assert heard == list(range(first, 41))


def test_rules(api, listen):
    stream = listen().hello()
    generation = api.get("v1/status")["generation"]
    api.router.rules.replace(RULES + "# other\n")
    api.wait_generation(generation + 1)
    data = stream.next("rules")[2]
    status = api.get("v1/status")
    assert data == {"generation": status["generation"],
                    "checksum": status["checksum"]}


def test_rules_that_are_wrong(api, listen):
    stream = listen().hello()
    api.router.rules.replace(BAD)
    (found,) = stream.next("rules_error")[2]
    assert "wrong" in found["message"] and found["line"] > 1
    assert listen().hello()
    api.router.rules.replace(RULES)
    wait_until(lambda: not api.get("v1/status")["last_error"],
               "the file is good again")
    api.router.rules.replace(BAD)
    stream.next("rules_error")


def test_drift_by_a_flip_and_by_the_file(api, listen):
    stream = listen().hello()

    def drifting(number):
        while stream.next("drift")[2] != {"drifting": number}:
            pass

    api.flip("a", "live", hold=True)
    drifting(1)
    api.router.rules.replace(RULES.replace("stage: legacy", "stage: live"))
    drifting(0)
    api.router.rules.replace(RULES.replace("stage: legacy", "stage: done"))
    drifting(1)


def test_a_quiet_stream_has_comments(api, listen):
    stream = listen().hello()
    while ": quiet\n\n" not in stream.text:
        assert stream.more()


def test_http_1_0(api, listen):
    stream = listen(version="1.0").hello()
    assert not stream.chunked
    api.flip("a", "live")
    assert stream.next("flip")[1] == 1


def test_gzip(api, one_router):
    """A stream is not kept in a compressor's buffer."""
    other = apis.make(RULES, make=one_router, server="""
        gzip on; gzip_types text/event-stream; gzip_min_length 1;
    """)
    with other.router.connect() as client:
        client.send(serialize("GET", "/_s/v1/events",
                              {"Accept-Encoding": "gzip"}, host="127.0.0.1"))
        head = client.read_head()
        size = int(client.stream.readline(), 16)
        assert len(client.stream.read(size)) == size > 0
        assert head.value("Content-Encoding") == "gzip"
    other.close()


def test_64_clients_and_no_more(api, listen):
    streams = [listen().hello() for _ in range(64)]
    answer = api.call("GET", "v1/events")
    problem(answer, 503, "64")
    assert int(answer.value("Retry-After")) > 0
    streams.pop().stop()
    wait_until(lambda: api.call("HEAD", "v1/events").status == 200,
               "a place is free again")
    api.flip("a", "live")
    assert all(stream.next("flip")[1] == 1 for stream in streams)


def test_who_does_not_read_is_dropped(one_router, start):
    """One that sleeps costs a bounded amount, and others nothing."""
    api = apis.make(RULES, make=one_router, server="""
        send_timeout 60s;
    """, listen="sndbuf=4k")
    sleeper = start(Stream(api))
    listener = start(Stream(api)).hello()
    done = 0
    reason = "x" * 1000

    def dropped():
        return "does not read" in api.router.nginx.log()

    while not dropped():
        assert done < 20000
        for i in range(100):
            api.flip("a", "live" if i % 2 == 0 else "legacy", reason=reason)
        for i in range(100):
            done += 1
            assert listener.next("flip")[1] == done
    assert sleeper
    api.close()


def test_a_reload_ends_them(api, listen):
    stream = listen().hello()
    api.close()
    api.router.nginx.reload()
    while stream.more():
        pass
    assert stream.ended
    again = listen().hello()
    api.flip("a", "live")
    assert again.next("flip")[1] == 1


def test_a_quit_ends_them(api, listen):
    stream = listen().hello()
    api.close()
    pid = api.router.nginx.pid()
    api.router.nginx.signal(signal.SIGQUIT)
    while stream.more():
        pass
    api.router.nginx.wait_ended(pid)


def test_what_was_begun_is_sent_whole(one_router, start):
    """By a worker that exits, to a client that has not read it yet."""
    api = apis.make(RULES, make=one_router, listen="sndbuf=4k",
                    env={"MALLOC_PERTURB_": "165"})    # what is freed changes
    for i in range(200):
        api.flip("a", "live" if i % 2 == 0 else "legacy",
                 reason="\x01" * 1000)
    api.close()
    slow = start(Stream(api, last=0)).hello()
    other = start(Stream(api)).hello()
    assert select.select([slow.connection.sock], [], [], 20)[0]
    api.router.nginx.signal(signal.SIGQUIT)
    while other.more():
        pass
    while slow.more():
        pass
    events = slow.text.split("\n\n")
    heard = [json.loads(e.split("\ndata: ")[1])["seq"] for e in events
             if e.startswith("event: flip")]
    assert len(heard) >= 100
    assert heard == list(range(1, len(heard) + 1))


def test_every_worker_tells(one_router, start):
    api = apis.make(RULES, make=one_router, workers=3)
    streams = [start(Stream(api)).hello() for _ in range(24)]
    api.flip("a", "live")
    assert all(stream.next("flip")[1] == 1 for stream in streams)
    api.close()


def test_a_client_that_goes_is_forgotten(api, listen):
    for _ in range(200):
        Stream(api).stop()
    wait_until(lambda: api.call("HEAD", "v1/events").status == 200,
               "there is room again")
    stream = listen().hello()
    api.flip("a", "live")
    assert stream.next("flip")[1] == 1


def test_without_a_state_directory(one_router, start):
    api = apis.make(RULES, make=one_router, rules_args="zone=1m poll=100ms")
    stream = start(Stream(api)).hello()
    api.router.rules.replace(BAD)
    stream.next("rules_error")
    api.close()
