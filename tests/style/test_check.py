"""Every check fires on a sample of what it forbids, and only there."""

import pathlib
import subprocess
import textwrap

import pytest

CHECK = pathlib.Path(__file__).with_name("check.py")

HEAD = """\
/*
 * A sample.
 *
 * It owns nothing and knows nobody.
 */

"""

GOOD = HEAD + """\
#include "fig_base.h"


typedef struct {
    int   len;
    char  data[4];
} fig_sample_t;


static int  fig_sample_table[] = {
    1, 2
};


/* A comment may belong to a function. */

static int
fig_sample_get(int n)
{
    int           i, sum;
    fig_sample_t  sample = { 1, "//" };

    sum = sample.len;

    for (i = 0; i < n; i++) {
        if (i > 1) {
            while (sum > 9
                   && sum < 99)
            {
                sum -= fig_sample_table[0];
            }
        } else if (i < 0) {
            goto failed;
        }
    }

    return sum;

failed:

    return -1;
}


int
fig_sample(void)
{
    return fig_sample_get(2);
}
"""

BASE_H = HEAD + """\
#ifndef FIG_BASE_H
#define FIG_BASE_H

#define FIG_STR(literal)  { sizeof(literal) - 1, (literal) }

int fig_sample(void);

#endif
"""


def tree(path, files):
    """A small repository in order, with files added or replaced."""
    files = {"base/fig_base.h": BASE_H, "base/fig_sample.c": GOOD, **files}
    for name, text in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return path


def findings(path):
    run = subprocess.run(["/usr/bin/python3", CHECK, path], text=True,
                         capture_output=True, timeout=30, check=False)
    assert run.stderr == ""
    lines = run.stdout.splitlines()
    assert run.returncode == (1 if lines else 0)
    return lines


def function(body, name="fig_f"):
    return f"{HEAD}\nvoid\n{name}(void)\n{{\n{body}}}\n"


def nested(depth):
    text = "    fig_sample();\n"
    for _ in range(depth):
        text = "    if (1) {\n" + textwrap.indent(text, "    ") + "    }\n"
    return text


def test_good_tree_has_no_findings(tmp_path):
    assert findings(tree(tmp_path, {})) == []


def test_built_and_hidden_files_are_not_read(tmp_path):
    bad = {"build/x.c": "\t", ".git/x.c": "\t", "a/__pycache__/x.py": "\t"}
    assert findings(tree(tmp_path, bad)) == []


FORM = [
    ("column 81", HEAD + "int  fig_a" + "a" * 70 + ";\n", 7,
     "81 columns, more than 80"),
    ("tab", HEAD + "int\tfig_a;\n", 7, "a tab"),
    ("trailing blank", HEAD + "int  fig_a; \n", 7,
     "blanks at the end of the line"),
    ("carriage return", HEAD + "int  fig_a;\r\n", 7,
     "blanks at the end of the line"),
    ("no newline", HEAD + "int  fig_a;", 7,
     "no newline at the end of the file"),
    ("empty last line", HEAD + "int  fig_a;\n\n", 8,
     "an empty line at the end of the file"),
    ("line comment", HEAD + "int  fig_a;  // why\n", 7, "a // comment"),
    ("no head", "int  fig_a;\n", 1, "no comment at the head of the file"),
    ("short head", "/*\n * A sample.\n */\n", 1,
     "the head comment has 1 lines, not 3 to 15"),
    ("long head", "/*\n" + " * line\n" * 16 + " */\n", 1,
     "the head comment has 16 lines, not 3 to 15"),
    ("long file", HEAD + "int  fig_a;\n" * 600, 1,
     "606 lines, more than 600"),
    ("unfinished", HEAD + "/* TODO: more */\n", 7, "unfinished: TODO"),
    ("machine path", HEAD + "/* see /home/someone/x */\n", 7,
     "a path of one machine: /home/someone/x"),
    ("tracker", HEAD + "/* see issue 7 */\n", 7,
     "the text stands alone, without issue 7"),
    ("macro", HEAD + "#define FIG_MAX(a, b)  ((a) > (b) ? (a) : (b))\n", 7,
     "FIG_MAX is a function-like macro"),
    ("brace on the line", HEAD + "void fig_f(void) {\n}\n", 7,
     "a function's { has a line of its own"),
    ("return type", HEAD + "void fig_f(void)\n{\n}\n", 7,
     "the return type has a line of its own"),
    ("one line between", function("") + "\nint  fig_a;\n", 13,
     "1 blank lines after fig_f(), not 2"),
    ("one line before", HEAD + "int  fig_a;\n\nvoid\nfig_f(void)\n{\n}\n", 10,
     "1 blank lines before fig_f(), not 2"),
    ("foreign name", function("", "other"), 9,
     "other() does not begin fig_"),
    ("long function", function("    fig_sample();\n" * 61), 9,
     "fig_f() has 61 lines, more than 60"),
    ("deep nesting", function(nested(4)), 14, "fig_f() nests deeper than 3"),
    ("two labels",
     function("    goto one;\none:\n    goto two;\ntwo:\n    return;\n"), 13,
     "fig_f() has goto two besides one"),
    ("no braces", function("    if (1)\n        fig_sample();\n"), 11,
     "no braces after if"),
    ("no braces after else",
     function("    if (1) {\n    } else\n        fig_sample();\n"), 12,
     "no braces after else"),
    ("no blank", function("    while(1) {\n    }\n"), 11,
     "one blank between while and ("),
    ("narrow declaration", function("    int i;\n"), 11,
     "two blanks at least before i in its declaration"),
    ("ragged declarations", function("    int  i;\n    char  *c;\n"), 12,
     "c is not in the column of the declarations above"),
]


@pytest.mark.parametrize("text,line,what", [f[1:] for f in FORM],
                         ids=[f[0] for f in FORM])
def test_form(tmp_path, text, line, what):
    found = findings(tree(tmp_path, {"base/fig_bad.c": text}))
    assert found == [f"base/fig_bad.c:{line}: {what}"]


@pytest.mark.parametrize("text", [
    function("".join(f"    fig_sample();  /* {i} */\n\n" for i in range(60))),
    function(nested(3)),
    function("    fig_sample_t  a = { { 1 }, { { 2 } } };\n"),
    function("    do {\n        fig_sample();\n    } while (1);\n"),
    function("    for (;;);\n"),
    function("    char  *url = \"http://a/*b*/\";\n"),
    function("    struct sample *one = other;\n"),
], ids=["60 lines", "depth 3", "initialiser", "do", "empty loop", "string",
        "initialised pointer"])
def test_good_form(tmp_path, text):
    assert findings(tree(tmp_path, {"base/fig_good.c": text})) == []


def include(name):
    return f"{HEAD}#include {name}\n"


DEPENDENCIES = [
    ("base on rules", "base/fig_a.c", '"fig_rules.h"',
     "base/ must not know rules/ (fig_rules.h)"),
    ("rules on compare", "rules/fig_a.c", '"fig_compare.h"',
     "rules/ must not know compare/ (fig_compare.h)"),
    ("rules on control", "rules/fig_a.c", '"fig_flip.h"',
     "rules/ must not know control/ (fig_flip.h)"),
    ("compare on rules", "compare/fig_a.c", '"fig_rules.h"',
     "compare/ must not know rules/ (fig_rules.h)"),
    ("control on module", "control/fig_a.c", '"ngx_http_strangler.h"',
     "control/ must not know module/ (ngx_http_strangler.h)"),
    ("rules on module", "rules/fig_a.c", '"ngx_http_strangler.h"',
     "rules/ must not know module/ (ngx_http_strangler.h)"),
    ("stub on base", "legacy-stub/a.c", '"fig_base.h"',
     "legacy-stub/ must not know base/ (fig_base.h)"),
    ("private header", "module/ngx_http_strangler.c", '"fig_index.h"',
     "fig_index.h is private to rules/"),
    ("YAML in the glue", "module/ngx_http_strangler.c", "<yaml.h>",
     "yaml.h is known to a file in rules/ only"),
    ("PCRE2 twice", "rules/fig_zone.c", "<pcre2.h>",
     "pcre2.h is known to rules/fig_regex.c only"),
]

HEADER = HEAD + "extern int  fig_a;\n"

ROOMS = {
    "rules/fig_rules.h": HEADER,
    "rules/fig_index.h": HEADER,
    "compare/fig_compare.h": HEADER,
    "control/fig_flip.h": HEADER,
    "control/fig_flip.c": include('"fig_compare.h"'),
    "module/ngx_http_strangler.h": HEADER,
    "module/ngx_http_strangler_ok.c": include('"fig_rules.h"'),
    "module/ngx_http_strangler_flip.c": include('"fig_flip.h"'),
    "tests/unit/test_index.c": include('"fig_index.h"'),
}


@pytest.mark.parametrize("path,name,what", [d[1:] for d in DEPENDENCIES],
                         ids=[d[0] for d in DEPENDENCIES])
def test_dependencies(tmp_path, path, name, what):
    files = {**ROOMS, "rules/fig_regex.c": include("<pcre2.h>"),
             path: include(name)}
    assert findings(tree(tmp_path, files)) == [f"{path}:7: {what}"]


def test_rooms_in_order(tmp_path):
    assert findings(tree(tmp_path, ROOMS)) == []


def test_nginx_outside_its_room(tmp_path):
    text = HEAD + "/* as ngx_str_t has it */\nextern ngx_str_t  fig_a;\n"
    found = findings(tree(tmp_path, {"rules/fig_a.c": text}))
    assert found == ["rules/fig_a.c:8: rules/ must not know nginx (ngx_str_t)"]


def test_header_that_needs_another(tmp_path):
    text = HEAD + "extern size_t  fig_size;\n"
    found = findings(tree(tmp_path, {"base/fig_size.h": text}))
    assert len(found) == 1
    assert found[0].startswith("base/fig_size.h:7: does not compile alone: ")
