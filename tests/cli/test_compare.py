"""strangler compare: what one reads of files, and that it judges as compare/ does."""

import gzip
import json
import re
import sys
import zlib

import pytest

from command import TOP, strangler

sys.path.insert(0, str(TOP / "tests/compare"))

import generate                                         # noqa: E402
import test_pairs                                       # noqa: E402

HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
TEXT = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"


def raw(text):
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) \
        else text


@pytest.fixture
def compare(tmp_path):
    def run(a, b, options=None, *more):
        (tmp_path / "a").write_bytes(raw(a))
        (tmp_path / "b").write_bytes(raw(b))
        if options is not None:
            (tmp_path / "options.yaml").write_text(
                options if isinstance(options, str) else json.dumps(options))
            more += ("--options", "options.yaml")
        return strangler("compare", "a", "b", *more, cwd=tmp_path)
    return run


@pytest.fixture
def judge(compare):
    """Exit status, outcome, and (part, path, kind, from, to) of each."""
    def run(*args):
        said = compare(*args, "--json") if len(args) > 2 \
            else compare(*args, None, "--json")
        reply = said.json
        assert said.code == {"match": 0, "mismatch": 1,
                             "incomparable": 3}[reply["outcome"]]
        assert all(list(d)[:6] == ["part", "path", "kind", "from", "to",
                                   "pointer"] for d in reply["differences"])
        return reply["outcome"], [
            (d["part"], d["path"], d["kind"], d["from"], d["to"])
            for d in reply["differences"]]
    return run


MATCH = ("match", [])


def differ(*differences):
    return "mismatch", list(differences)


def test_example_of_the_contract(compare):
    said = compare(HEAD + '{"items": [{"price": 1}]}',
                   HEAD + '{"items": [{"price": 2}]}', None, "--json")
    assert said.code == 1
    assert said.json == {"outcome": "mismatch", "differences": [{
        "part": "body", "path": "$.items[*].price", "kind": "value",
        "from": "number", "to": "number", "pointer": "/items/0/price"}]}


def test_match(compare):
    said = compare(HEAD + "{}", HEAD + " {}", None, "--json")
    assert (said.code, said.json) == (0, {"outcome": "match",
                                          "differences": []})


def test_for_people(compare):
    said = compare(HEAD + '{"a": 1, "b": "x", "c": 1}',
                   HEAD.replace("200", "201") + '{"a": 2, "b": null}')
    assert said.code == 1
    assert said.lines == [
        "mismatch: 4 differences", "status status     200 -> 201",
        "body   value     $.a  number -> number  at /a",
        "body   null      $.b  string -> null  at /b",
        "body   missing   $.c  number -> nothing  at /c"]
    assert compare(HEAD, HEAD).out == "match\n"
    said = compare(HEAD.replace("200", "304"), HEAD)
    assert (said.code, said.out) == (
        3, "incomparable: an answer is not a whole one (206 or 304)\n")


@pytest.mark.parametrize("a,b,wanted", [
    # 1xx blocks
    ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n"
     "\r\n" + HEAD + "[1]", HEAD + "[1]", MATCH),
    # ends of lines, versions, reasons
    (HEAD.replace("\r", "") + "[1]", HEAD + "[1]", MATCH),
    (HEAD.replace("1.1 200 OK", "2 200 ") + "[1]",
     HEAD.replace(" OK", "") + "[1]", MATCH),
    # no empty line, so no body
    (TEXT[:-2], TEXT, MATCH),
    (TEXT[:-4], TEXT, MATCH),
    # a folded line
    ("HTTP/1.1 200 OK\r\nVary: Accept,\r\n  Cookie\r\n\r\n",
     "HTTP/1.1 200 OK\r\nVary: cookie, accept\r\n\r\n", MATCH),
    # repeated lines
    ("HTTP/1.1 200 OK\nVary: a\nVary: b\n\n", "HTTP/1.1 200 OK\nVary: a\n\n",
     differ(("header", "vary", "value", "", ""))),
    # lengths
    ("HTTP/1.1 200 OK\nContent-Length: 3\n\nabc",
     "HTTP/1.1 200 OK\nContent-Length: 4\n\nabc",
     differ(("body", "", "transport", "", ""))),
    ("HTTP/1.1 200 OK\nContent-Length: 4\n\nabc",
     "HTTP/1.1 200 OK\nContent-Length: 3\n\nabc", ("incomparable", [])),
    ("HTTP/1.1 200 OK\nContent-Length: 3\n\nabc",
     "HTTP/1.1 200 OK\ncontent-length: 99999999999999999999\n\nabc",
     differ(("body", "", "transport", "", ""))),
    ("HTTP/1.1 200 OK\nContent-Length: 2\n\nabc",
     "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nabc", MATCH),
    # statuses
    (HEAD.replace("200", "206"), HEAD, ("incomparable", [])),
    (HEAD, HEAD.replace("200", "304"), ("incomparable", [])),
    (HEAD + "{}", HEAD.replace("200 OK", "503 No") + "{}",
     differ(("status", "", "status", "200", "503"))),
    # bodies
    (HEAD + "\ufeff{}", HEAD + "{}", MATCH),
    (HEAD + "{}", HEAD + "{",
     differ(("body", "$", "parse", "object", ""))),
    (HEAD + "{", HEAD + "{}", ("incomparable", [])),
    (HEAD + "{", HEAD + "{", MATCH),
    (TEXT + "a\nb", TEXT + "a\r\nb", MATCH),
    # Location is taken as it is
    ("HTTP/1.1 302 F\nLocation: http://a/x\n\n",
     "HTTP/1.1 302 F\nLocation: http://b/x\n\n",
     differ(("header", "location", "value", "", ""))),
])
def test_files(judge, a, b, wanted):
    outcome, found = judge(a, b)
    assert (outcome, found) == wanted


def test_host_maps(judge):
    a = "HTTP/1.1 302 F\nLocation: http://{}/x\n\n"
    pair = a.format("old.example"), a.format("new.example:8080")
    assert judge(*pair, None, "--map-host",
                 "new.example:8080=old.example") == MATCH
    assert judge(*pair, None, "--map-host", "old.example=x", "--map-host",
                 "new.example:8080=x") == MATCH


def test_gzip(judge):
    head = HEAD.replace("\r\n\r\n", "\r\nContent-Encoding: gzip\r\n\r\n")
    packed = gzip.compress(b'{"a": 1}')
    assert judge(raw(head) + packed, HEAD + '{"a": 1}') == MATCH
    assert judge(HEAD + '{"a": 1}', raw(head) + packed[:-4]) \
        == differ(("body", "", "transport", "", ""))
    bad = packed[:-8] + (zlib.crc32(b"x") & 0xffffffff).to_bytes(4, "little") \
        + packed[-4:]
    assert judge(HEAD + '{"a": 1}', raw(head) + bad) \
        == differ(("body", "$", "parse", "", ""))


@pytest.mark.parametrize("options,a,b,wanted", [
    ("ignore: [$.at]", '{"at": 1}', '{"at": 2}', MATCH),
    ("unordered: [$]", "[1,2]", "[2,1]", MATCH),
    ("keyed: {$: id}", '[{"id":1,"v":1},{"id":2}]', '[{"id":2},{"id":1,"v":2}]',
     differ(("body", "$[*].v", "value", "number", "number"))),
    ("tolerance: {$.p: {abs: 0.1}}", '{"p": 1.1}', '{"p": 1.2}', MATCH),
    ("tolerance: {$.p: {rel: 1e-2}}", '{"p": 100}', '{"p": 101.5}',
     differ(("body", "$.p", "value", "number", "number"))),
    ("shape: {$: uuid}", '"6ba7b810-9dad-11d1-80b4-00c04fd430c8"',
     '"6BA7B811-9DAD-11D1-80B4-00C04FD430C8"', MATCH),
    ("shape: {$: ~^ord-}", '"ord-1"', '"ord-2"', MATCH),
    ("shape: {$: ~*^ORD-}", '"ord-1"', '"x-2"',
     differ(("body", "$", "value", "string", "string"))),
    ("null_absent: true", '{"a": null}', "{}", MATCH),
    ("body: none", "1", "2", MATCH),
    ("body: bytes", "1", "1.0",
     differ(("body", "$", "length", "string", "string"))),
    ("{body: text, normalize: [{regex: '\\d+', with: N}]}", "a 1", "a 22",
     MATCH),
    ("{body: text, normalize: [{regex: '~(\\w+)=\\w+', with: $1}]}", "a=1",
     "a=22", MATCH),
    ("max_body: 1k", "1", "1" * 1025,
     differ(("body", "$", "limit", "", ""))),
    ("", "1", "1.0", MATCH),
    ("{}", "1", "2", differ(("body", "$", "value", "number", "number"))),
    ("# nothing\n", "1", "1", MATCH),
    ("ignore: []", "1", "1", MATCH),
])
def test_options(judge, options, a, b, wanted):
    assert judge(HEAD + a, HEAD + b, options) == wanted


@pytest.mark.parametrize("options,a,b,wanted", [
    ("status: class", 200, 204, MATCH),
    ("status: ['200~201']", 201, 200, MATCH),
    ("status: 200~201", 200, 201, MATCH),
    ("status: exact", 200, 201,
     differ(("status", "", "status", "200", "201"))),
])
def test_status(judge, options, a, b, wanted):
    assert judge(f"HTTP/1.1 {a}\n\n", f"HTTP/1.1 {b}\n\n", options) == wanted


def test_headers(judge):
    a, b = ("HTTP/1.1 200 OK\nETag: {0}\nVary: {0}\n\n".format(x)
            for x in "xy")
    assert judge(a, b) == differ(("header", "vary", "value", "", ""))
    assert judge(a, b, "headers: {add: [etag], remove: [Vary]}") \
        == differ(("header", "etag", "value", "", ""))


def test_values(compare):
    reply = compare(HEAD + '{"a": "x", "b": "s"}', HEAD + '{"a": 1, "b": "t"}',
                    "{values: keep, redact: [$.b]}", "--json").json
    assert [(d.get("from_value"), d.get("to_value"))
            for d in reply["differences"]] == [("x", "1"), (None, None)]


def test_repeat(compare):
    body = json.dumps([{"id": i} for i in range(1000)])
    said = compare(HEAD + body, HEAD + body, None, "--repeat", 20)
    assert re.fullmatch(r"match\n[0-9]+\.[0-9] MB/s\n", said.out)
    said = compare(HEAD + body, HEAD + body, None, "--repeat", 20, "--json")
    assert said.json["mb_per_second"] > 0


@pytest.mark.parametrize("text,what", [
    ("", "there is no status line in line 1"),
    ("{}", "there is no status line in line 1"),
    ("HTTP/1.1 20 OK\n\n", "there is no status line in line 1"),
    ("HTTP/1.1 2000 OK\n\n", "there is no status line in line 1"),
    ("HTTP/1.1 200 OK\nnothing\n\n", "there is no header in line 2"),
    ("HTTP/1.1 100 Continue\n\n", "there is no status line in line 3"),
])
def test_no_answer(compare, text, what):
    for pair, name in (((text, TEXT), "a"), ((TEXT, text), "b")):
        said = compare(*pair)
        assert (said.code, said.out) == (2, "")
        assert said.err == f'strangler: "{name}" is no HTTP answer: {what}\n'


def test_wrong_options(compare):
    said = compare(TEXT, TEXT, "ignore: [$.a, $.b.]\nbdy: json\n")
    assert (said.code, said.out) == (2, "")
    assert said.err == """\
options.yaml:1:19: error: "$.b." is no path: a name or * is missing
    1 | ignore: [$.a, $.b.]
      |                   ^
      = write $.a.b, $.a[*].b, $..b or $['a b']
options.yaml:2:1: error: unknown key "bdy" in "compare"
    2 | bdy: json
      | ^~~
      = did you mean "body"?
"""


def test_wrong_usage(compare, tmp_path):
    for more in (["--map-host", "a"], ["--map-host", "=b"], ["--repeat", "x"],
                 ["--options", "missing"]):
        assert compare(TEXT, TEXT, None, *more).code == 2
    assert strangler("compare", "a", cwd=tmp_path).code == 2
    assert strangler("compare", "a", "missing", cwd=tmp_path).code == 2


def test_stdin(tmp_path):
    (tmp_path / "b").write_text(TEXT + "x")
    assert strangler("compare", "-", "b", cwd=tmp_path,
                     stdin=TEXT + "x").out == "match\n"


class Command:
    """The command as generate.run() asks the library."""

    def __init__(self, judge):
        self.judge = judge

    def json(self, a, b, options=None):
        outcome, found = self.judge(HEAD + a, HEAD + b, options or {})
        return outcome, {(path, kind, x, y) for _, path, kind, x, y in found}


def test_made_differences_are_found_and_no_others(judge):
    assert list(generate.run(Command(judge), 300, 23)) == []


def test_agrees_with_a_second_reading(judge):
    assert list(test_pairs.disagreements(Command(judge), 29, 300)) == []
