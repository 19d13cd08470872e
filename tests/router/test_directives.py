"""Directives that are wrong say so, with the place and what is wanted."""

import re

import pytest

from harness.nginx import PARAMS, Nginx
from harness.wait import free_port

RULES = """
version: 1
backends: {legacy: {servers: ["http://127.0.0.1:1"]}}
default: legacy
"""


@pytest.fixture
def check():
    """Tests a configuration: exit status and what nginx said."""
    made = []

    def run(http="", server="", rules=RULES, main=""):
        nginx = Nginx("", main=main)
        made.append(nginx)
        (nginx.home / "rules.yaml").write_text(rules)
        nginx.http = f"""
    {http}
    server {{
        listen 127.0.0.1:{free_port()};
        {server}
    }}""".replace("@RULES@", str(nginx.home / "rules.yaml")).replace(
            "@HOME@", str(nginx.home))
        return nginx.test()

    yield run
    for nginx in made:
        nginx.remove()


GOOD = "strangler_rules main @RULES@;"
PASS = "location / { strangler_pass main; }"


def test_the_smallest_configuration(check):
    status, said = check(GOOD, PASS)
    assert status == 0, said


def test_the_documented_configuration(check):
    status, said = check(
        "strangler_rules main @RULES@ zone=16m state=@HOME@/state;",
        f"""location / {{
            strangler_pass main;
            include {PARAMS};
            strangler_trusted 10.0.0.0/8 127.0.0.1 ::1;
            strangler_debug_header on;
        }}""")
    assert status == 0, said


def test_the_pass_may_be_named_before_the_rules(check):
    status, said = check(
        "server { listen 127.0.0.1:1; " + PASS + " } " + GOOD, PASS)
    assert status == 0, said


@pytest.mark.parametrize("args", [
    "zone=1m", "zone=512k", "poll=200ms", "poll=2s", "threads=mine",
    "state=@HOME@/s", "zone=1m state=@HOME@/s poll=1s"])
def test_good_arguments(check, args):
    status, said = check(f"strangler_rules main @RULES@ {args};", PASS,
                         main="thread_pool mine threads=2;")
    assert status == 0, said


@pytest.mark.parametrize("http, server, wanted", [
    ("", PASS, "main"),
    (GOOD, "location / { strangler_pass other; }", "other"),
    (GOOD + GOOD, PASS, "main"),
    ("strangler_rules main;", PASS, "strangler_rules"),
    ("strangler_rules;", PASS, "strangler_rules"),
    ("strangler_rules main @HOME@/missing.yaml;", PASS, r"missing\.yaml"),
    ("strangler_rules main @HOME@;", PASS, "router"),
    ("strangler_rules main @RULES@ zone=;", PASS, "zone"),
    ("strangler_rules main @RULES@ zone=x;", PASS, "zone=x"),
    ("strangler_rules main @RULES@ zone=-1m;", PASS, "zone=-1m"),
    ("strangler_rules main @RULES@ zone=1;", PASS, "zone"),
    ("strangler_rules main @RULES@ poll=soon;", PASS, "poll=soon"),
    ("strangler_rules main @RULES@ poll=;", PASS, "poll"),
    ("strangler_rules main @RULES@ state=;", PASS, "state"),
    ("strangler_rules main @RULES@ colour=red;", PASS, "colour=red"),
    (GOOD, "location / { strangler_pass; }", "strangler_pass"),
    (GOOD, "location / { strangler_pass main other; }", "strangler_pass"),
    (GOOD, "location / { strangler_pass main; strangler_pass main; }",
     "strangler_pass"),
    (GOOD, "location / { strangler_pass main; strangler_debug_header yes; }",
     "strangler_debug_header"),
    (GOOD, "location / { strangler_pass main; strangler_trusted nowhere; }",
     "nowhere"),
    (GOOD, "location / { strangler_pass main; strangler_trusted 1.2.3.4/99; }",
     "1.2.3.4/99"),
    (GOOD, "strangler_pass main;", "strangler_pass"),
    (GOOD, "location / { strangler_rules two @RULES@; }", "strangler_rules"),
    ("strangler_rules sp/ace @RULES@;", "location / { strangler_pass sp/ace; }",
     "sp/ace"),
], ids=lambda value: None)
def test_errors(check, http, server, wanted):
    status, said = check(http, server)
    assert status != 0, said
    line = next(line for line in said.splitlines() if "[emerg]" in line)
    assert re.search(wanted, said), said
    assert "nginx.conf:" in line or "rules" in line or "missing" in line


def test_two_passes_in_one_location(check):
    status, said = check(
        GOOD, "location / { proxy_pass http://127.0.0.1:1;"
        " strangler_pass main; }")
    assert status != 0
    assert "duplicate" in said


def test_a_zone_that_is_too_small_says_what_is_needed(check):
    rules = RULES + "routes:\n" + "".join(
        f"  - {{name: r{i}, match: {{path: /a/{i}}}, redirect: {{path: /x}}}}\n"
        for i in range(19000))
    status, said = check("strangler_rules main @RULES@ zone=256k;", PASS,
                         rules)
    assert status != 0
    assert "zone" in said
    needed = re.search(r"zone=(\d+k) or more", said)
    assert needed, said
    assert int(needed[1][:-1]) > 1000

    status, said = check(
        f"strangler_rules main @RULES@ zone={needed[1]};", PASS, rules)
    assert status == 0, said


def test_rules_without_a_pass_are_checked(check):
    status, said = check(GOOD, "", "version: 3\n")
    assert status != 0
    assert "rules.yaml:1:" in said


def test_the_rules_path_is_relative_to_the_prefix(check):
    status, said = check("strangler_rules main rules.yaml;", PASS)
    assert status == 0, said


@pytest.mark.parametrize("second", ["@HOME@/state", "@HOME@/state/", "state"])
def test_a_state_directory_is_of_one_rule_set(check, second):
    """Else one starts with the other's last good rules."""
    status, said = check(
        "strangler_rules main @RULES@ state=@HOME@/state;"
        f"strangler_rules other @RULES@ state={second};", PASS)
    assert status != 0
    assert re.search(r'state directory ".*/state" is that of rule set "main"',
                     said)


def test_a_rule_set_needs_a_name(check):
    status, said = check('strangler_rules "" @RULES@;',
                         'location / { strangler_pass ""; }')
    assert status != 0
    assert '"strangler_rules" directive needs a name' in said
