"""Answers as a whole: status, header fields, kinds of bodies, faults."""

import gzip

import pytest

from program import JSON, answer
from test_pairs import pairs                            # noqa: F401

TEXT = [["Content-Type", "text/plain"]]


def judge(pairs, a, b, options=None, **more):
    reply = pairs.ask(a, b, options, **more)
    return reply["outcome"], [
        (d["part"], d["path"], d["kind"], d["from"], d["to"])
        for d in reply["differences"]]


MATCH = ("match", [])


def mismatch(*differences):
    return "mismatch", list(differences)


@pytest.mark.parametrize("a,b,options,differs", [
    (200, 200, {}, False), (200, 201, {}, True), (200, 500, {}, True),
    (200, 201, {"class": True}, False), (200, 301, {"class": True}, True),
    (200, 201, {"status": [[200, 201]]}, False),
    (201, 200, {"status": [[200, 201]]}, False),
    (200, 202, {"status": [[200, 201]]}, True),
    (500, 500, {}, False),
])
def test_status(pairs, a, b, options, differs):
    wanted = mismatch(("status", "", "status", str(a), str(b))) if differs \
        else MATCH
    assert judge(pairs, answer("{}", a), answer("{}", b), options) == wanted


SAME = [
    ("Content-Type", "Application/JSON", "application/json"),
    ("Content-Type", 'a/b; x=1; charset="UTF-8"', "A/B;charset=utf-8;x=1"),
    ("Content-Type", r'a/b; x="q\"q"', r'a/b;  x="q\"q" ;'),
    ("Cache-Control", "max-age=60, Private", "private,max-age=60"),
    ("Cache-Control", 'private="a, b", no-store', 'no-store,private="a, b"'),
    ("Vary", "Accept, Cookie", "cookie , accept,accept"),
    ("Allow", "GET,HEAD", "GET, HEAD"),
    ("Set-Cookie", "s=1; Path=/; HttpOnly; Max-Age=3",
     "s=2; max-age=99; httponly; path=/"),
    ("Set-Cookie", "s=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT; Secure",
     "s=2; secure; Expires=Thu, 22 Oct 2015 07:28:00 GMT"),
    ("Set-Cookie", "s=1; SameSite=Lax; Domain=A.example",
     "s=1; samesite=lax; domain=a.example"),
    ("Content-Language", " de ", "de"),
    ("X-Other", "1", "2"),
]

OTHER = [
    ("Content-Type", "application/json", "application/json; charset=utf-8"),
    ("Content-Type", "a/b; x=y", "a/b; x=Y"),
    ("Cache-Control", "max-age=60", "max-age=61"),
    ("Vary", "Accept", "Accept, Cookie"),
    ("Set-Cookie", "s=1; Path=/", "s=1; Path=/x"),
    ("Set-Cookie", "s=1; Max-Age=3", "s=1"),
    ("Set-Cookie", "s=1", "t=1"),
    ("WWW-Authenticate", "Basic realm=a", "Basic realm=b"),
    ("Content-Language", "de", "en"),
    ("Location", "/a", "/b"),
]


@pytest.mark.parametrize("name,x,y", SAME)
def test_fields_that_mean_the_same(pairs, name, x, y):
    assert judge(pairs, answer("", fields=[[name, x]]),
                 answer("", fields=[[name.lower(), y]])) == MATCH


@pytest.mark.parametrize("name,x,y", OTHER)
def test_fields_that_differ(pairs, name, x, y):
    assert judge(pairs, answer("", fields=[[name, x]]),
                 answer("", fields=[[name.upper(), y]])) == mismatch(
                     ("header", name.lower(), "value", "", ""))


def test_fields_that_one_side_lacks(pairs):
    some, none = answer("", fields=[["Vary", "a"]]), answer("", fields=[])
    assert judge(pairs, some, none) == mismatch(
        ("header", "vary", "missing", "", ""))
    assert judge(pairs, none, some) == mismatch(
        ("header", "vary", "extra", "", ""))


def test_repeated_fields(pairs):
    one = answer("", fields=[["Vary", "a, b"], ["Allow", "GET, HEAD"],
                             ["Set-Cookie", "a=1"], ["Set-Cookie", "b=1"]])
    two = answer("", fields=[["Set-Cookie", "b=2"], ["Vary", "b"],
                             ["Allow", "GET"], ["Vary", "a"],
                             ["Set-Cookie", "a=2"], ["Allow", "HEAD"]])
    twice = answer("", fields=[*two["fields"], ["Set-Cookie", "a=3"]])
    assert judge(pairs, one, two) == MATCH
    assert judge(pairs, one, twice) == mismatch(
        ("header", "set-cookie", "value", "", ""))


def test_lists_of_fields_to_compare(pairs):
    a = answer("", fields=[["X-Other", "1"], ["Vary", "a"]])
    b = answer("", fields=[["X-Other", "2"], ["Vary", "b"]])
    assert judge(pairs, a, b, {"add": ["X-OTHER"], "remove": ["vary"]}) == \
        mismatch(("header", "x-other", "value", "", ""))


@pytest.mark.parametrize("x,y,same", [
    ("https://shop.example/x", "/x", True),
    ("https://Shop.Example:443/x", "/x", True),
    ("http://shop.example:443/x", "/x", False),
    ("http://10.0.0.1:8080/x?q", "http://10.0.0.2:9090/x?q", True),
    ("http://10.0.0.2:9090/x", "/x", False),
    ("//shop.example", "/", True),
    ("https://elsewhere.example/x", "https://ELSEWHERE.example:443/x", True),
    ("https://elsewhere.example/x", "https://other.example/x", False),
    ("https://old.example/x", "https://new.example/x", True),
    ("https://old.example/x", "http://new.example/x", False),
    ("shop.example/x", "/x", False),
])
def test_locations_lose_what_is_ours(pairs, x, y, same):
    a = answer("", 302, [["Location", x]], authority="10.0.0.1:8080")
    b = answer("", 302, [["Location", y]], authority="10.0.0.2:9090")
    wanted = MATCH if same else mismatch(("header", "location", "value",
                                          "", ""))
    assert judge(pairs, a, b, host="shop.example",
                 maps=[["old.example", "new.example"]]) == wanted


def typed(body, media, *more):
    return answer(body, fields=[["Content-Type", media], *more])


@pytest.mark.parametrize("media,a,b,wanted", [
    ("application/json", "[1]", "[1.0]", None),
    ("application/problem+json", "[1]", "[1.0]", None),
    ("text/json; charset=utf-8", "[1]", "[1.0]", None),
    ("text/plain", "a\nb\n", "a\r\nb", None),
    ("text/plain", "a\nb\n", "a\nc\n", "value"),
    ("text/plain", "a\nb\n", "a\nb\nc\n", "length"),
    ("text/plain", "a\r", "a", "value"),
    ("text/html; charset=ascii", "a\n", "a\r\n", None),
    ("image/svg+xml", "a\n", "a\r\n", None),
    ("application/xml", "a\n", "a\r\n", None),
    ("text/plain; charset=latin1", "a\n", "a\r\n", "length"),
    ("application/octet-stream", "ab", "ab", None),
    ("application/octet-stream", "ab", "ac", "value"),
    ("application/octet-stream", "ab", "abc", "length"),
    ("json", "[1]", "[2]", "value"),
])
def test_bodies_by_media_type(pairs, media, a, b, wanted):
    difference = ("body", "$", wanted, "string", "string")
    assert judge(pairs, typed(a, media), typed(b, media)) == (
        mismatch(difference) if wanted else MATCH)


def test_media_types_that_do_not_agree_make_bytes(pairs):
    a, b = typed("[1]", "application/json"), typed("[1] ", "text/plain")
    assert judge(pairs, a, b) == mismatch(
        ("header", "content-type", "value", "", ""),
        ("body", "$", "length", "string", "string"))
    assert judge(pairs, answer("[1]", fields=[]),
                 answer("[1.0]", fields=[])) == mismatch(
                     ("body", "$", "length", "string", "string"))


@pytest.mark.parametrize("mode,wanted", [
    ("json", None), ("text", "value"), ("bytes", "length"), ("none", None)])
def test_kind_of_body_by_option(pairs, mode, wanted):
    a, b = answer("[1]", fields=[]), answer("[1.0]", fields=[])
    assert judge(pairs, a, b, {"body": mode}) == (mismatch(
        ("body", "$", wanted, "string", "string")) if wanted else MATCH)


def test_normalize(pairs):
    rules = {"normalize": [["csrf", "X$0$$"], ["Xcsrf$", ""], ["b", "$1"]]}
    a, b = typed("<csrf>b\nq\n", "text/html"), typed("<>\nq\n", "text/html")
    assert judge(pairs, a, b, rules) == MATCH
    grow = {"normalize": [["a", "a" * 10000]]}
    assert judge(pairs, typed("a" * 100, "text/html"),
                 typed("b", "text/html"), grow) == mismatch(
                     ("body", "$", "limit", "string", "string"))


def test_lines_of_a_sample(pairs):
    reply = pairs.ask(typed("a\nb\nsecret 1", "text/plain"),
                      typed("a\nb\nsecret 2", "text/plain"), {"values": True})
    assert [(d["pointer"], d["from_value"], d["to_value"])
            for d in reply["differences"]] == [("/2", "secret 1", "secret 2")]


def packed(body, fields=JSON, cut=0):
    data = gzip.compress(body.encode())
    return answer(data[:len(data) - cut],
                  fields=[*fields, ["Content-Encoding", "gzip"]])


def test_gzip(pairs):
    assert judge(pairs, answer("[1]"), packed("[1.0]")) == MATCH
    assert judge(pairs, answer("[1]"), packed("[2]")) == mismatch(
        ("body", "$[*]", "value", "number", "number"))

    two = answer(gzip.compress(b"[1,") + gzip.compress(b"2]"),
                 fields=[*JSON, ["Content-Encoding", "x-gzip"]])
    assert judge(pairs, answer("[1,2]"), two) == MATCH

    empty = answer("", fields=[*JSON, ["Content-Encoding", "gzip"]])
    assert judge(pairs, empty, empty) == MATCH


def test_gzip_that_goes_wrong(pairs):
    good = answer("[1]")
    short = packed("[1]", cut=3)
    bad = answer("no gzip", fields=[*JSON, ["Content-Encoding", "gzip"]])
    bomb = packed("[" + " " * 10_000_000 + "1]")
    assert judge(pairs, good, short) == mismatch(
        ("body", "", "transport", "", ""))
    assert judge(pairs, good, bad) == mismatch(("body", "$", "parse", "", ""))
    assert judge(pairs, good, bomb) == mismatch(
        ("body", "$", "limit", "", ""))
    for a in (short, bad, bomb):
        assert judge(pairs, a, good) == ("incomparable", [])
    assert judge(pairs, bad, bad) == MATCH


def test_codings_that_we_do_not_know_are_bytes(pairs):
    fields = [*JSON, ["Content-Encoding", "br"]]
    assert judge(pairs, answer("[1]", fields=fields),
                 answer("[1 ]", fields=fields)) == mismatch(
                     ("body", "$", "length", "string", "string"))


DEEP = "[" * 65 + "]" * 65
MANY = "[" + ",".join("0" * 100000) + "]"


@pytest.mark.parametrize("a,b,wanted", [
    ("[1]", "[1", "parse"), ("[1", "[1]", None), ("[1", "[1 ", "length"),
    ("[1", "[1", "match"), ("[1", "[2", "value"),
    ("[1]", DEEP, "limit"), (DEEP, "[1]", None), (DEEP, DEEP, None),
    ("[1]", MANY, "limit"), (MANY, MANY, None), (DEEP, "[1", None),
    ("[1", DEEP, None), ("[1]", "", "parse"), ("", "[1]", None),
    ("", "", "match"), ("[1]", "[1]x", "parse"), ("[1]", "[NaN]", "parse"),
    ('["a"]', b'["\xff"]', "parse"), ('["a"]', '["\\ud800"]', "parse"),
    ("[1]", "\ufeff[1]", "match"), ("[1]", "\ufeff\ufeff[1]", "parse"),
    (DEEP[1:-1], DEEP[1:-1] + " ", "match"),
    (MANY[:-3] + "]", MANY[:-3] + " ]", "match"),
])
def test_json_that_goes_wrong(pairs, a, b, wanted):
    if wanted == "match":
        expected = MATCH
    elif wanted in ("length", "value"):
        expected = mismatch(("body", "$", wanted, "string", "string"))
    else:
        expected = mismatch(("body", "$", wanted, "array", "")) if wanted \
            else ("incomparable", [])
    assert judge(pairs, answer(a), answer(b)) == expected


def test_faults(pairs):
    good, other = answer("[1]"), answer("[2]", 201)
    cut = {**answer("[1", 500), "fault": "transport"}
    large = {**answer("[1"), "fault": "limit"}
    none = answer("", 0, [])
    transport = ("body", "", "transport", "", "")
    assert judge(pairs, good, cut) == mismatch(
        ("status", "", "status", "200", "500"), transport)
    assert judge(pairs, good, none) == mismatch(transport)
    assert judge(pairs, good, large) == mismatch(
        ("body", "$", "limit", "", ""))
    for a in (cut, large, none):
        for b in (good, other, cut, large, none):
            assert judge(pairs, a, b) == ("incomparable", [])
    assert judge(pairs, large, good, {"body": "none"}) == MATCH


def test_answers_that_are_not_whole(pairs):
    good = answer("[1]")
    for status in (206, 304):
        assert judge(pairs, answer("", status), good)[0] == "incomparable"
        assert judge(pairs, good, answer("", status))[0] == "incomparable"
    stream = typed("data: x", "text/event-stream; charset=utf-8")
    assert judge(pairs, stream, good)[0] == "incomparable"
    assert judge(pairs, good, stream)[0] == "mismatch"


def test_size_limit(pairs):
    text = answer(" " * 100 + "[1]")
    assert judge(pairs, answer("[1]"), text, {"max_body": 103}) == MATCH
    assert judge(pairs, answer("[1]"), text, {"max_body": 102}) == mismatch(
        ("body", "$", "limit", "", ""))
    assert judge(pairs, text, answer("[1]"), {"max_body": 102}) == (
        "incomparable", [])


@pytest.mark.parametrize("path,offset,message", [
    ("", 0, "a path begins with $"), ("a", 0, "a path begins with $"),
    ("$a", 1, "a dot or a [ is missing"), ("$.", 2, "a name or * is missing"),
    ("$..", 3, "a name or * is missing"), ("$.1a", 2, "a name or * is missing"),
    ("$.a-b", 3, "such a name is written ['name']"),
    ("$[", 2, "an index, * or a name in quotes is missing"),
    ("$[]", 2, "an index, * or a name in quotes is missing"),
    ("$[01]", 2, "an index begins with 0"), ("$[-0]", 3,
                                             "an index begins with 0"),
    ("$[1:2]", 3, "a ] is missing: one index, name or * stands in brackets"),
    ("$['a','b']", 5,
     "a ] is missing: one index, name or * stands in brackets"),
    ("$[?@.a]", 2, "an index, * or a name in quotes is missing"),
    ("$['a", 4, "a quote is missing"), ("$['\\x']", 4, "no such escape"),
    ("$['\\u00']", 7, "\\u needs four hexadecimal digits"),
    ("$['\\ud800']", 9, "half of a surrogate pair"),
    ("$['\n']", 3, "a control character in a name"),
    ("$[99999999999999999999]", 18, "the index is too large"),
    ("$ .a", 1, "a dot or a [ is missing"),
])
def test_paths_that_are_none(pairs, path, offset, message):
    reply = pairs.ask(answer("[]"), answer("[]"), {"ignore": ["$", path]})
    assert (reply["option"], reply["n"], reply["offset"], reply["error"]) == \
        ("ignore", 1, offset, message)


@pytest.mark.parametrize("path,selects", [
    ("$", "abcdef"), ("$.a", "a"), ("$['a']", "a"), ('$["a"]', "a"),
    ("$[ 'a' ]", "a"), ("$['\\u0061']", "a"), ("$.*", "abcdef"),
    ("$[*]", "abcdef"), ("$..n", "cf"), ("$.c.n", "c"), ("$.d[0]", "d"),
    ("$.d[-2]", "d"), ("$.e[1]", "e"), ("$.e[-1]", "e"), ("$.d[2]", ""),
    ("$.d[-3]", ""), ("$.a.b", ""), ("$.b[0]", ""), ("$..['n']", "cf"),
    ("$..*", "abcdef"), ("$..[1]", "e"), ("$.f[*].n", "f"), ("$.f.*.n", "f"),
    ("$.f..n", "f"), ("$.A", ""),
])
def test_what_paths_select(pairs, path, selects):
    a = '{"a":1,"b":1,"c":{"n":1},"d":[1,0],"e":[0,1],"f":[{"n":1}]}'
    outcome, found = pairs.json(a, a.replace("1", "2"), {"ignore": [path]})
    left = {p.split(".")[1][0] for p, *_ in found}
    assert left == set("abcdef") - set(selects)


@pytest.mark.parametrize("options,option,message", [
    ({"tolerance": {"$": {}}}, "tolerance", "abs or rel is missing"),
    *(({"tolerance": {"$": {"abs": n}}}, "tolerance",
       "abs and rel are numbers, 0 or more, of at most 32 digits")
      for n in ("-1", "x", "1.2.3", ".5", "1e10000", "1" * 33, "[1]")),
    ({"ignore": ["$" + ".a" * 1025]}, "ignore", "there are too many paths"),
])
def test_options_that_are_wrong(pairs, options, option, message):
    reply = pairs.ask(answer("[]"), answer("[]"), options)
    assert (reply["option"], reply["error"]) == (option, message)


@pytest.mark.parametrize("shape,good,bad", [
    ("uuid", ["123e4567-e89b-12d3-a456-42661417400F"],
     ["123e4567e89b12d3a45642661417400f", "123e4567-e89b-12d3-a456-4266141740",
      "123e4567-e89b-12d3-a456-42661417400g", ""]),
    ("epoch", ["1700000000", "1700000000123"],
     ["170000000", "17000000001", "17000000001234", "170000000x", "-170000000"]),
    ("rfc3339", ["2024-02-29T00:00:00Z", "2024-12-31t23:59:60.123-12:30",
                 "2024-01-01 00:00:00z"],
     ["2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z",
      "2024-01-32T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z",
      "2024-01-01T00:00:61Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00.Z",
      "2024-01-01T00:00:00+0100", "2024-01-01T00:00:00+24:00", "2024-01-01",
      "1900-02-29T00:00:00Z", "2024-01-01T00:00:00Zx"]),
    ("word", ["a word b"], ["a wor d"]),
])
def test_shapes(pairs, shape, good, bad):
    first = f'["{good[0][::-1][::-1]}", "other"]'
    for text in good:
        assert pairs.json(first, f'["{text}", "other"]',
                          {"shape": {"$[0]": shape}})[0] == "match"
    for text in bad:
        assert pairs.json(f'["{text}"]', first.replace(', "other"', ""),
                          {"shape": {"$[0]": shape}})[0] == "mismatch"
        assert pairs.json(f'["{text}"]', f'["{text}"]',
                          {"shape": {"$[0]": shape}})[0] == "match"


@pytest.mark.parametrize("a,b,abs_,rel,near", [
    ("1.1", "1.2", "0.1", None, True), ("1.1", "1.2000001", "0.1", None, False),
    ("-0.05", "0.05", "0.1", None, True), ("0", "0.1", "1e-1", None, True),
    ("100", "101", None, "0.01", True), ("100", "101.02", None, "0.01", False),
    ("-100", "-101", None, "0.01", True), ("1e300", "1.01e300", None, "0.01",
                                           True),
    ("1e300", "-1e300", None, "2", True), ("1e300", "-1e300", None, "1.99",
                                           False),
    ("1e400", "1", None, "1", True), ("1e800", "1", None, "1", False),
    ("99999999999999999999.5", "100000000000000000000", "0.5", None, True),
    ("99999999999999999999.4", "100000000000000000000", "0.5", None, False),
    ("1", "1.0", "0", None, True), ("0", "0e9", "0", "0", True),
    ("1e99999999999999999999", "2", "9e99", None, False),
    ("1e99999999999999999999", "1e99999999999999999999", "0", None, True),
])
def test_tolerance_is_exact_and_inclusive(pairs, a, b, abs_, rel, near):
    limits = {k: v for k, v in (("abs", abs_), ("rel", rel)) if v}
    for x, y in ((a, b), (b, a)):
        assert pairs.json(x, y, {"tolerance": {"$": limits}})[0] == (
            "match" if near else "mismatch")


def test_pointers_and_values(pairs):
    a = '{"a/b":[{"~":"x"},{"~":1}],"u":{"pw":"old"},"l":[5]}'
    b = '{"a/b":[{"~":"y"},{"~":1},{"~":2}],"u":{"pw":"new"},"l":{}}'
    reply = pairs.ask(answer(a), answer(b),
                      {"values": True, "redact": ["$.u"]})
    assert {(d["pointer"], d["from_value"], d["to_value"])
            for d in reply["differences"]} == {
                ("/a~1b/0/~0", "x", "y"), ("/a~1b/2", None, None),
                ("/u/pw", None, None), ("/l", None, None)}


def test_values_are_cut_and_kept_only_on_request(pairs):
    a, b = '["' + "ü" * 200 + '"]', '["' + "u" * 300 + '"]'
    reply = pairs.ask(answer(a), answer(b), {"values": True})
    assert (reply["differences"][0]["from_value"],
            reply["differences"][0]["to_value"]) == ("ü" * 128, "u" * 256)
    reply = pairs.ask(answer(a), answer(b))
    assert reply["differences"][0]["from_value"] is None

    secret = [["Set-Cookie", "s=secret"], ["Authorization", "secret"],
              ["Vary", "a"]]
    reply = pairs.ask(answer("", fields=secret), answer("", fields=[]),
                      {"values": True, "add": ["authorization"]})
    assert {(d["path"], d["from_value"]) for d in reply["differences"]} == {
        ("set-cookie", None), ("authorization", None), ("vary", "a")}


def test_many_differences_leave_room_for_every_class(pairs):
    many = ",".join(f'{{"v":{i}}}' for i in range(5000))
    a = f'{{"m":[{many}],"z":1}}'
    b = a.replace('"v":', '"v":1').replace('"z":1', '"z":2')
    reply = pairs.ask(answer(a), answer(b))
    assert reply["total"] == 5001
    assert len(reply["differences"]) < 1000
    assert {d["path"] for d in reply["differences"] if d["first"]} == {
        "$.m[*].v", "$.z"}
    assert sum(d["first"] for d in reply["differences"]) == 2


def test_members_by_the_dozen_are_ids(pairs):
    a = "{" + ",".join(f'"k{i}x":{{"v":1}}' for i in range(50)) + "}"
    _, found = pairs.json(a, a.replace(":1", ":2", 1))
    assert found == {("$.*.v", "value", "number", "number")}
    few = "{" + ",".join(f'"k{i}x":{{"v":1}}' for i in range(49)) + "}"
    _, found = pairs.json(few, few.replace(":1", ":2", 1))
    assert found == {("$.k0x.v", "value", "number", "number")}


def test_paths_that_are_too_long_are_still_paths(pairs):
    name = "n" * 300
    a = f'{{"{name}":{{"{name}":{{"{name}":[1]}}}}}}'
    (path, *_), = pairs.json(a, a.replace("1", "2"))[1]
    assert path == f"$.{name}..*"
    assert pairs.json(a, a.replace("1", "2"), {"ignore": [path]})[0] == "match"


def test_a_class_path_can_be_pasted_into_ignore(pairs):
    names = ["a b", "quo'te", "back\\\\slash", "é", "\\n", "", "-", "$", "1",
             "x.y", "\\u007f"]
    for name in names:
        a = f'{{"{name}":[{{"v":1}}]}}'
        (path, *_), = pairs.json(a, a.replace('"v":1', '"v":2'))[1]
        assert pairs.json(a, a.replace('"v":1', '"v":2'),
                          {"ignore": [path]})[0] == "match"
