"""Files: validators, conditions, ranges, and what is not served."""

import email.utils
import os

import pytest

from program import is_problem

NUMBERS = bytes(range(256)) * 4096
FILE = "/static/numbers.bin"


@pytest.fixture
def etag(legacy):
    return legacy.get(FILE).headers["ETag"]


@pytest.fixture
def modified(legacy):
    return legacy.get(FILE).headers["Last-Modified"]


def shifted(date, seconds):
    when = email.utils.parsedate_to_datetime(date).timestamp() + seconds
    return email.utils.formatdate(when, usegmt=True)


def test_whole(legacy, static_dir):
    answer = legacy.get(FILE)
    assert answer.status == 200
    assert answer.body == NUMBERS
    assert answer.headers["Content-Length"] == str(len(NUMBERS))
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["X-Served-By"] == "legacy"
    assert answer.headers["ETag"][0] == '"' == answer.headers["ETag"][-1]
    when = email.utils.parsedate_to_datetime(answer.headers["Last-Modified"])
    assert when.timestamp() == int(
        (static_dir / "numbers.bin").stat().st_mtime)


@pytest.mark.parametrize("name, type_", [
    ("page.html", "text/html; charset=utf-8"),
    ("below/style.css", "text/css; charset=utf-8"),
    ("empty.txt", "text/plain; charset=utf-8")])
def test_types(legacy, static_dir, name, type_):
    answer = legacy.get("/static/" + name)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == type_
    assert answer.body == (static_dir / name).read_bytes()


def test_head(legacy):
    head = legacy.request("HEAD", FILE)
    get = legacy.get(FILE)
    assert head.status == 200 and head.body == b""
    for name in ("Content-Length", "ETag", "Last-Modified", "Content-Type"):
        assert head.headers[name] == get.headers[name]


def test_etag_changes_with_the_file(legacy, static_dir):
    path = static_dir / "changing.txt"
    path.write_bytes(b"one")
    os.utime(path, ns=(0, 10**18))
    first = legacy.get("/static/changing.txt").headers["ETag"]
    os.utime(path, ns=(0, 10**18 + 1))
    second = legacy.get("/static/changing.txt").headers["ETag"]
    assert first != second


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("form", ["{}", 'W/{}', '"x", {}', '"x",W/{}', "*"])
def test_not_modified_by_etag(legacy, etag, method, form):
    answer = legacy.request(method, FILE, headers={
        "If-None-Match": form.format(etag)})
    assert answer.status == 304 and answer.body == b""
    assert answer.headers["ETag"] == etag
    assert answer.headers["Cache-Control"] == "public, max-age=3600"


@pytest.mark.parametrize("tag", ['"x"', 'W/"x"', '""', "x"])
def test_modified_by_etag(legacy, tag):
    assert legacy.get(FILE, {"If-None-Match": tag}).status == 200


@pytest.mark.parametrize("seconds, status", [(0, 304), (60, 304), (-1, 200)])
def test_modified_since(legacy, modified, seconds, status):
    answer = legacy.get(FILE, {
        "If-Modified-Since": shifted(modified, seconds)})
    assert answer.status == status


def test_bad_date_is_ignored(legacy):
    assert legacy.get(FILE, {"If-Modified-Since": "soon"}).status == 200


def test_etag_outranks_date(legacy, modified):
    assert legacy.get(FILE, {"If-None-Match": '"x"',
                             "If-Modified-Since": modified}).status == 200


@pytest.mark.parametrize("range_, first, last", [
    ("0-0", 0, 0), ("0-9", 0, 9), ("1000-", 1000, len(NUMBERS) - 1),
    ("-5", len(NUMBERS) - 5, len(NUMBERS) - 1),
    ("-99999999", 0, len(NUMBERS) - 1),
    ("1048570-99999999", 1048570, len(NUMBERS) - 1)])
def test_range(legacy, range_, first, last):
    answer = legacy.get(FILE, {"Range": "bytes=" + range_})
    assert answer.status == 206
    assert answer.body == NUMBERS[first:last + 1]
    assert answer.headers["Content-Range"] == (
        f"bytes {first}-{last}/{len(NUMBERS)}")
    assert answer.headers["ETag"]


@pytest.mark.parametrize("range_", ["1048576-", "9999999-99999999", "-0"])
def test_range_not_satisfiable(legacy, range_):
    answer = legacy.get(FILE, {"Range": "bytes=" + range_})
    assert is_problem(answer, 416)
    assert answer.headers["Content-Range"] == f"bytes */{len(NUMBERS)}"


def test_no_range_of_nothing(legacy):
    answer = legacy.get("/static/empty.txt", {"Range": "bytes=0-0"})
    assert is_problem(answer, 416)
    assert answer.headers["Content-Range"] == "bytes */0"


@pytest.mark.parametrize("range_", [
    "bytes=0-1,4-5", "bytes=5-2", "bytes=a-b", "bytes=-", "bytes=", "lines=0-1",
    "bytes=0x1-2", "bytes= 0-1", "bytes=1"])
def test_other_ranges_are_ignored(legacy, range_):
    answer = legacy.get(FILE, {"Range": range_})
    assert answer.status == 200 and answer.body == NUMBERS


def test_range_of_head_is_ignored(legacy):
    answer = legacy.request("HEAD", FILE, headers={"Range": "bytes=0-9"})
    assert answer.status == 200


def test_if_range(legacy, etag, modified):
    def status(value):
        return legacy.get(FILE, {"Range": "bytes=0-9",
                                 "If-Range": value}).status
    assert status(etag) == 206
    assert status(modified) == 206
    assert status('"x"') == 200
    assert status("W/" + etag) == 200
    assert status(shifted(modified, -1)) == 200


def test_condition_before_range(legacy, etag):
    assert legacy.get(FILE, {"Range": "bytes=0-9",
                             "If-None-Match": etag}).status == 304


@pytest.mark.parametrize("target", [
    "/static/", "/static", "/static/nope", "/static/below", "/static/below/",
    "/static/.hidden", "/static/link.txt", "/static/../static/page.html",
    "/static/%2e%2e/conftest.py", "/static/..%2f..%2fetc/passwd",
    "/static/below%2fstyle.css", "/static//page.html",
    "/static//etc/passwd", "/static/%2fetc%2fpasswd", "/static/page.html/"])
def test_not_served(legacy, target):
    assert is_problem(legacy.get(target), 404)


def test_without_directory(run):
    assert is_problem(run("shop-legacy").get(FILE), 404)
