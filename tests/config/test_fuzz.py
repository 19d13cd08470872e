"""What is said of fuzz targets, by programs that stand for them."""

import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

WELL = """
echo "#50000 DONE cov: 150 ft: 200"
echo "stat::number_of_executed_units: 50000"
"""

WRONG = """
for word; do
    case $word in -artifact_prefix=*) input=${word#*=}crash-1 ;; esac
done
echo '#17 NEW cov: 150 ft: 200'
echo 'WRONG: another path: "/a"' >&2
echo "==1== ERROR: libFuzzer: deadly signal" >&2
echo 'SUMMARY: libFuzzer: deadly signal' >&2
echo "stat::number_of_executed_units: 18" >&2
echo "artifact_prefix='x'; Test unit written to $input" >&2
exit 77
"""


@pytest.fixture
def fuzz(tmp_path):
    """Runs a script as the target of paths."""
    def run(script, *args):
        program = tmp_path / "fuzz_path"
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >'
                           f"'{tmp_path}/args'\n{script}\n")
        program.chmod(0o755)
        done = subprocess.run(
            ["/usr/bin/python3", ROOT / "tests/fuzz/run.py", tmp_path,
             "--only", "path", *args], text=True, capture_output=True,
            timeout=60, check=False)
        return done, (tmp_path / "args").read_text().split("\n")
    return run


def test_one_line_a_target(fuzz):
    run, _ = fuzz(WELL)
    assert run.returncode == 0
    words = run.stdout.split()
    assert words[:5] == ["path", "50000", "runs", "150", "edges"]
    assert words[6] == "exec/s"
    assert run.stdout.count("\n") == 1


def test_minutes_and_what_was_found_before(fuzz, tmp_path):
    _, args = fuzz(WELL, "--minutes", "3")
    assert "-max_total_time=180" in args
    assert not any(arg.startswith(("-runs", "-seed")) for arg in args)
    assert str(tmp_path / "corpus/path") in args


def test_short_run_is_the_same_every_time(fuzz, tmp_path):
    run, args = fuzz(WELL, "--short")
    assert run.returncode == 0
    assert run.stdout.split("\n")[1].startswith("1 passed in ")
    assert "-seed=1" in args and "-reload=0" in args
    assert str(tmp_path / "corpus/path") not in args
    assert len(list((tmp_path / "seeds/path").iterdir())) > 1


@pytest.mark.parametrize("args", [(), ("--short",)])
def test_failure_names_the_input(fuzz, tmp_path, args):
    run, _ = fuzz(WRONG, *args)
    assert run.returncode == 1
    crash = tmp_path / "crashes/path-crash-1"
    assert "FAILED" in run.stdout
    assert 'WRONG: another path: "/a"\n' in run.stdout
    assert f"input: {crash}\n" in run.stdout
    assert f"again: {tmp_path}/fuzz_path {crash}\n" in run.stdout
    if args:
        assert "0 passed, 1 failed in " in run.stdout


def test_target_that_reaches_little_fails(fuzz):
    run, _ = fuzz(WELL.replace("150", "3"), "--short")
    assert run.returncode == 1
    assert "fewer edges" in run.stdout


def test_target_that_is_not_there_fails(tmp_path):
    run = subprocess.run(
        ["/usr/bin/python3", ROOT / "tests/fuzz/run.py", tmp_path, "--short",
         "--only", "path"], text=True, capture_output=True, timeout=60,
        check=False)
    assert run.returncode == 1
    assert "WRONG: " in run.stdout
    assert "fuzz_path" in run.stdout
