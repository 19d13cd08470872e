"""strangler check."""

import pytest

from command import TOP, good, strangler
from conftest import RULES

GOLDEN = TOP / "tests" / "golden"


def test_good_file(rules):
    said = good("check", rules)
    assert said.out == f"{rules}: ok, 2 routes, 2 backends, 1 test\n"
    assert said.err == ""


def test_good_file_as_json(rules):
    assert good("check", "--json", rules).json == {
        "ok": True, "files": [{"file": str(rules), "ok": True, "routes": 2,
                               "backends": 2, "tests": 1}]}


def test_stdin():
    assert good("check", "-", stdin=RULES).out \
        == "-: ok, 2 routes, 2 backends, 1 test\n"


ERRORS = sorted(path for path in GOLDEN.glob("*.expected")
                if b": error: " in path.read_bytes())


@pytest.mark.parametrize("path", ERRORS[::9], ids=lambda path: path.stem)
def test_diagnostics_are_those_of_nginx(path):
    """The golden files are what the library that nginx uses says."""
    said = strangler("check", path.with_suffix(".yaml").name, cwd=GOLDEN)
    assert said.code == 1
    assert said.err == path.read_text()
    assert said.out.startswith(path.with_suffix(".yaml").name + ": ")
    assert said.out.endswith((" error\n", " errors\n"))


def test_diagnostics(write):
    file = write(RULES.replace("methods:", "metods:"))
    said = strangler("check", file)
    assert said.code == 1
    assert said.out == f"{file}: 1 error\n"
    assert said.err == f"""\
{file}:8:34: error: unknown key "metods" in "match"
    8 |     match: {{path: /api/orders/*, metods: [GET, HEAD]}}
      |                                  ^~~~~~
      = did you mean "methods"?
"""


def test_diagnostics_as_json(write):
    file = write(RULES.replace("methods:", "metods:"))
    said = strangler("check", "--json", file)
    assert said.code == 1
    assert said.json == {"ok": False, "files": [{
        "file": str(file), "ok": False, "errors": 1, "diagnostics": [{
            "file": str(file), "line": 8, "col": 34,
            "message": 'unknown key "metods" in "match"',
            "hint": 'did you mean "methods"?'}]}]}


def test_failing_test(write):
    file = write(RULES.replace("route: orders-read}", "route: orders-write}"))
    said = strangler("check", file)
    assert said.code == 1
    assert 'expected route "orders-write", but GET /api/orders/1 is matched ' \
        'by route "orders-read"' in said.err


def test_several_files(rules, write):
    bad = write("version: 2\n", "bad.yaml")
    said = strangler("check", rules, bad, rules)
    assert said.code == 1
    assert said.lines == [f"{rules}: ok, 2 routes, 2 backends, 1 test",
                          f"{bad}: 1 error",
                          f"{rules}: ok, 2 routes, 2 backends, 1 test"]


def test_include(write):
    main = write(RULES.replace("routes:", "include: [more.yaml]\nroutes:"))
    write("routes:\n  - {name: x, match: {path: /x}, respond: {status: 410}}"
          "\n", "more.yaml")
    assert "3 routes" in good("check", main).out


def test_missing_file(tmp_path, rules):
    said = strangler("check", tmp_path / "none", rules)
    assert said.code == 2
    assert said.err == (f'strangler: cannot read "{tmp_path}/none": '
                        "No such file or directory\n")
    assert said.out.startswith(f"{rules}: ok")


def test_colours_only_on_a_terminal(rules, terminal):
    assert "\x1b" not in good("check", rules).out

    coloured = terminal("check", rules)
    assert coloured.end() == 0
    assert ": \x1b[32mok\x1b[0m, 2 routes" in coloured.text

    plain = terminal("check", rules, env={"NO_COLOR": "1"})
    assert plain.end() == 0
    assert "\x1b" not in plain.text
    assert ": ok, 2 routes" in plain.text


def test_hostile_names(write):
    file = write("version: 2\n", "a\x1b[2Jb.yaml")
    said = strangler("check", file)
    assert said.code == 1
    assert "\x1b" not in said.out + said.err
    assert "a\\x1b[2Jb.yaml" in said.out
