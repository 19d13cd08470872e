"""Who may include whom: every room stands on those BELOW it."""

import glob
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

# the headers that a room shows to others; base shows all of its own
PUBLIC = {
    "rules": {"fig_rules.h", "fig_model.h", "fig_files.h", "fig_regex.h",
              "fig_path.h", "fig_scalar.h", "fig_ask.h", "fig_balance.h"},
    "compare": {"fig_compare.h", "fig_json.h", "fig_classes.h", "fig_ready.h",
                "fig_noise.h", "fig_latency.h", "fig_hash64.h"},
    "control": {"fig_state.h", "fig_entry.h", "fig_store.h", "fig_flip.h",
                "fig_shape.h", "fig_sketch.h", "fig_body.h"},
    "evidence": {"fig_comparing.h", "fig_evidence.h", "fig_batch.h",
                 "fig_when.h"},
    "guard": {"fig_breaker.h"},
}

# the rooms that a room may look into; tests look everywhere
BELOW = {
    "base": (),
    "rules": ("base",),
    "compare": ("base",),
    "control": ("base", "rules", "compare"),
    "evidence": ("base", "rules", "compare"),
    "guard": ("base",),
    "module": ("base", "rules", "compare", "control", "evidence", "guard"),
    "cli": ("base", "rules", "compare", "control", "evidence"),
    "legacy-stub": (),
}

# libraries that exactly one file knows
ONE_DOOR = ("yaml.h", "pcre2.h")

NGINX_ROOMS = ("module", "tests")


def check(top, sources):
    """Yields (path, line, what)."""
    homes = {os.path.basename(s.path): s.room
             for s in sources if s.path.endswith(".h")}

    for source in sources:
        for index, name in source.includes():
            what = _wrong_include(source.room, os.path.basename(name), homes)
            if what:
                yield source.path, index + 1, what
        yield from _nginx(source)

    yield from _doors(sources)
    yield from _self_sufficient(top, sources)


def _wrong_include(room, name, homes):
    home = homes.get(name)
    if home is None or home == room or room == "tests":
        return None
    if home not in BELOW[room]:
        return f"{room}/ must not know {home}/ ({name})"
    if home in PUBLIC and name not in PUBLIC[home]:
        return f"{name} is private to {home}/"
    return None


def _nginx(source):
    if source.room in NGINX_ROOMS:
        return
    for index, line in enumerate(source.code):
        match = re.search(r"\bngx_\w*", line)
        if match:
            yield (source.path, index + 1,
                   f"{source.room}/ must not know nginx ({match.group()})")


def _doors(sources):
    for library in ONE_DOOR:
        users = [(s.path, index + 1) for s in sources
                 for index, name in s.includes() if name == library]
        rooms = [u for u in users if u[0].startswith("rules/")]
        door = rooms[0][0] if rooms else "a file in rules/"
        for path, line in users:
            if path != door:
                yield path, line, f"{library} is known to {door} only"


def _self_sufficient(top, sources):
    headers = [s for s in sources
               if s.path.endswith(".h") and s.room != "tests"]
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(lambda s: _compile(top, s), headers):
            yield from found


def _compile(top, source):
    flags = ["-std=c11"]
    rooms = [source.room, *BELOW[source.room]]

    if source.room == "module":
        nginx = os.path.join(top, "build/nginx/debian")
        if not os.path.exists(os.path.join(nginx, "objs/ngx_auto_config.h")):
            return []
        flags = ["-std=gnu11", "-Wno-unused-parameter",
                 f"-I{nginx}/objs", f"-I{nginx}/src/event/modules",
                 *(f"-I{d}" for d in sorted(glob.glob(f"{nginx}/src/*/"))),
                 f"-I{nginx}/src/os/unix", f"-I{nginx}/src/http/modules",
                 f"-I{nginx}/src/http/v2"]

    # the header as the first and only thing in a file of its own
    run = subprocess.run(
        ["gcc", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", *flags,
         *(f"-I{os.path.join(top, room)}" for room in rooms),
         "-x", "c", "-"],
        input=f'#include "{os.path.join(top, source.path)}"\n',
        capture_output=True, text=True, check=False)

    if run.returncode == 0:
        return []

    path, line, what = re.search(r"^(.*?):(\d+):\d+: (?:fatal )?error: (.*)",
                                 run.stderr, re.M).groups()
    path = os.path.relpath(path, top)
    if path != source.path:
        line, what = 1, f"{path}:{line}: {what}"
    return [(source.path, int(line), f"does not compile alone: {what}")]
