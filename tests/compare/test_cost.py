"""What a comparison may cost: a quarter of the aims, as machines are busy."""

import subprocess

from test_pairs import PROGRAM


def test_cost():
    run = subprocess.run([PROGRAM.with_name("compare_bench"), "--check"],
                         capture_output=True, text=True, timeout=300,
                         check=False)
    assert run.returncode == 0, run.stdout
