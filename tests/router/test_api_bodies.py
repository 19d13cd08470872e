"""Bodies of every kind: what is no JSON, what makes no sense, what is huge."""

import json

import pytest

from harness import api as apis
from harness.api import YAML, problem

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
  - {name: a, match: {path: /a/*}, to: new, stage: legacy, by: [client], data: shared}
  - {name: b, match: {path: /b/*}, to: new, stage: ramp, percent: 5, by: [client], data: shared}
  - {name: gone, match: {path: /gone}, respond: {status: 410}}
"""
MIB = 1024 * 1024
JSONS = [("PATCH", "v1/routes/a"), ("PATCH", "v1/backends/new"),
         ("POST", "v1/flips"), ("POST", "v1/explain")]
each = pytest.mark.parametrize("method,path", JSONS,
                               ids=[p for _, p in JSONS])


@pytest.fixture(scope="module")
def api(make_router):
    api = apis.make(RULES, make=make_router)
    yield api
    api.close()


@pytest.fixture(autouse=True)
def unchanged(api):
    before = api.seq()
    yield
    assert api.seq() == before


@each
@pytest.mark.parametrize("body", [
    "", " ", "{", "}", "[", "{]", "nil", "{'stage':'live'}", '{"stage":}',
    '{"stage":"live",}', '{"stage":"live"} x', '{"stage":"live"}{}',
    '{stage:"live"}', '{"stage":"li\nve"}', '{"a":01}', '{"a":+1}',
    '{"a":1.}', '{"a":.5}', '{"a":NaN}', '{"a":Infinity}', '{"a":"\\x"}',
    '{"a":"\\ud800"}', "// x\n{}", '{"a":1 /* x */}',
    b'{"a":"\x00"}', b'{"a":1}\x00', b"\x00", b'{"a":"\xff"}',
    b'{"a":"\xc0\x80"}', b'{"a":"\xed\xa0\x80"}', b"\xff\xfe{\x00}\x00",
    '{"stage":"live","stage":"live"}', '{"stage":"live","st\\u0061ge":"x"}',
    '{"a":{"b":1,"b":2}}', "[" * 100000, '{"a":' * 17 + "1" + "}" * 17,
    '{"a":' + "[" * 30 + "]" * 30 + "}"])
def test_what_is_no_json(api, method, path, body):
    problem(api.call(method, path, body), 400, "not JSON that can be used")


@each
@pytest.mark.parametrize("body", ["[]", "1", '"x"', "null", "true", "[{}]"])
def test_what_is_no_object(api, method, path, body):
    problem(api.call(method, path, body), 422, "must be an object")


@each
@pytest.mark.parametrize("body", ["{}", '{"xstage":"live"}', '{"":1}',
                                  '{"stage ":"live"}', '{"Stage":"live"}',
                                  '{"__proto__":"x"}', '{"a\\u0000b":"x"}'])
def test_what_is_empty_or_not_known(api, method, path, body):
    problem(api.call(method, path, body), 422)


@pytest.mark.parametrize("body", [
    {"stage": "Live"}, {"stage": ""}, {"stage": 1}, {"stage": ["live"]},
    {"stage": None}, {"stage": "none"}, {"stage": "live\0"},
    {"percent": 5}, {"stage": "live", "percent": 5},
    {"stage": "ramp", "percent": "5"}, {"stage": "ramp", "percent": True},
    {"stage": "ramp", "percent": -1}, {"stage": "ramp", "percent": 100.01},
    {"stage": "ramp", "percent": 1.234}, {"stage": "ramp", "percent": [5]},
    {"stage": "live", "reason": 1}, {"stage": "live", "reason": "x" * 1001},
    {"stage": "live", "lease": 15}, {"stage": "live", "lease": ""},
    {"stage": "live", "lease": "15"}, {"stage": "live", "lease": "0s"},
    {"stage": "live", "lease": "999ms"}, {"stage": "live", "lease": "31d"},
    {"stage": "live", "lease": "-1h"}, {"stage": "live", "hold": "yes"},
    {"stage": "live", "hold": 1}, {"stage": "live", "if_seq": "1"},
    {"stage": "live", "if_seq": -1}, {"stage": "live", "if_seq": 1.5},
    {"stage": "live", "drain": True}, {"hold": False}, {"reason": "x"},
    {"stage": "live", "lease": "99999999999999999999d"},
    {"stage": "ramp"}], ids=json.dumps)
def test_a_route_that_cannot_be_so(api, body):
    problem(api.call("PATCH", "v1/routes/a", body), 422)


@pytest.mark.parametrize("number", [
    "1e2", "1E1", "5e-1", "-0.0", "1" * 40, "0." + "1" * 40,
    "99999999999999999999", "1e999", "100.000000001", "0.001"])
@pytest.mark.parametrize("key", ["percent", "if_seq"])
def test_numbers_that_are_odd(api, key, number):
    """What has other digits than whole ones is none; the greatest are wrong."""
    body = f'{{"stage":"ramp","percent":5,"if_seq":0,"{key}":{number}}}'
    body = body.replace(f'"{key}":5,' if key == "percent" else '"if_seq":0,',
                        "", 1)
    answer = api.call("PATCH", "v1/routes/a", body)
    if key == "if_seq" and number.strip("-").isdigit():
        problem(answer, 409, key)
    else:
        problem(answer, 422, key)


@pytest.mark.parametrize("body", [
    {"drain": "yes"}, {"drain": 1}, {"drain": None}, {"stage": "live"},
    {"drain": True, "percent": 1}, {"reason": "x"},
    {"drain": True, "hold": True}], ids=json.dumps)
def test_a_backend_that_cannot_be_so(api, body):
    problem(api.call("PATCH", "v1/backends/new", body), 422)


@pytest.mark.parametrize("body", [
    {"changes": []}, {"changes": {}}, {"changes": "a"}, {"changes": None},
    {"changes": [None]}, {"changes": ["a"]}, {"changes": [{}]},
    {"changes": [{"route": "a"}]}, {"changes": [{"stage": "live"}]},
    {"changes": [{"route": "a", "group": "g", "stage": "live"}]},
    {"changes": [{"route": "a", "all": True, "stage": "live"}]},
    {"changes": [{"all": False, "stage": "live"}]},
    {"changes": [{"all": "true", "stage": "live"}]},
    {"changes": [{"route": 1, "stage": "live"}]},
    {"changes": [{"route": "a", "stage": "live", "lease": "1m"}]},
    {"changes": [{"route": "a", "stage": "live"},
                 {"route": "a", "stage": "legacy"}]},
    {"changes": [{"route": "gone", "stage": "live"}]},
    {"undo": "1"}, {"undo": -1}, {"undo": [1]}, {"confirm": 1.5},
    {"undo": 1, "confirm": 1}, {"undo": 1, "changes": []},
    {"undo": 1, "lease": "1m"}, {"reset": ["a"], "hold": True},
    {"reset": "a"}, {"reset": []}, {"reset": [1]}, {"release": [None]},
    {"reason": "x"}, {"undo": None}], ids=json.dumps)
def test_flips_that_make_no_sense(api, body):
    problem(api.call("POST", "v1/flips", body), 422)


@pytest.mark.parametrize("body", [
    {"changes": [{"route": "x", "stage": "live"}]},
    {"changes": [{"route": "a", "stage": "live"},
                 {"route": "x", "stage": "live"}]},
    {"changes": [{"route": "a\0", "stage": "live"}]},
    {"changes": [{"group": "x", "stage": "live"}]},
    {"changes": [{"capability": "x", "stage": "live"}]},
    {"changes": [{"backend": "x", "stage": "live"}]},
    {"reset": ["x"]}, {"reset": ["a", "x"]}, {"release": ["x"]},
    {"undo": 99}, {"undo": 0}, {"confirm": 99}, {"confirm": 0}],
    ids=json.dumps)
def test_names_and_numbers_that_do_not_exist(api, body):
    problem(api.call("POST", "v1/flips", body), 404)


@pytest.mark.parametrize("body", [
    {"url": ""}, {"url": 1}, {"url": None}, {"method": "GET"},
    {"url": "a"}, {"url": "/a", "method": "get"}, {"url": "/a", "method": ""},
    {"url": "/a", "client": "x"}, {"url": "/a", "client": 1},
    {"url": "/a", "client": "1.2.3"}, {"url": "/a", "client": "127.0.0.1/8"},
    {"url": "/a", "headers": []}, {"url": "/a", "headers": {"a": 1}},
    {"url": "/a", "headers": {"a": ["b", 1]}}, {"url": "/a", "body": "x"},
    {"url": "/%zz"}, {"url": "/%00"}, {"url": "/../x"}, {"url": "/a#b"},
    {"url": "ftp://x/"}, {"url": "//x"[1:] + "\0"}], ids=json.dumps)
def test_questions_that_make_no_sense(api, body):
    problem(api.call("POST", "v1/explain", body), 422)


@each
def test_a_body_of_a_mebibyte(api, method, path):
    """Just so large is read; it is nothing but blanks."""
    problem(api.call(method, path, " " * MIB), 400)
    problem(api.call(method, path, chunks=[b" " * MIB]), 400)


@each
def test_a_larger_body(api, method, path):
    problem(api.call(method, path, " " * (MIB + 1)), 413, "1024 KiB")
    problem(api.call(method, path, chunks=[b" " * MIB, b" "]), 413, "1024 KiB")


def test_larger_rules(api):
    for size, status in ((32 * MIB, 200), (32 * MIB + 1, 413)):
        text = b"#" * (size - 1) + b"\n"
        for options in ({"body": text}, {"chunks": [text[:MIB], text[MIB:]]}):
            answer = api.call("POST", "v1/rules/check", headers=YAML,
                              **options)
            assert answer.status == status, (size, options.keys())
            assert answer.status == 200 or problem(answer, 413, "32768 KiB")


def test_a_length_that_is_a_lie(api):
    """Promised more than can be: refused before it is sent."""
    with api.router.connect() as client:
        client.send(b"PATCH /_s/v1/routes/a HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                    b"Content-Type: application/json\r\n"
                    b"Content-Length: 99999999999\r\n\r\n")
        answer = client.read()
        assert answer.status == 413


def test_many_members(api):
    body = {"changes": [{"route": "b", "percent": 5}] * 20000}
    assert api.post("v1/flips", body)["changes"] == []
