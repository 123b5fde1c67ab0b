"""`bench/run --against`: ours beside another bridge. Figures of a second say nothing; that it measures and cleans up counts."""
import re
import subprocess
import sys

import pytest

from harness.sidecar import ROOT

BRIDGE = f"{sys.executable} {ROOT / 'bench/peers/minimal_bridge.py'} {{bootstrap}} {{port}}"


@pytest.fixture(scope="module", autouse=True)
def programs():
    subprocess.run(["cmake", "--build", "--preset", "release", "--target", "http_load", "mock_broker"], cwd=ROOT, check=True,
                   capture_output=True, timeout=600)


def against(command: str, *options: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, str(ROOT / "bench/run"), "--against", command, "--pairs", "1", "--seconds", "0.5", *options],
                          capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL)


def running(what: str) -> bool:
    return subprocess.run(["pgrep", "-f", what], capture_output=True, check=False).returncode == 0


def test_ours_beside_the_minimal_bridge():
    done = against(BRIDGE)
    assert done.returncode == 0, done.stdout + done.stderr
    [row] = [line for line in done.stdout.splitlines() if line.startswith("against  ")]
    assert float(re.search(r"(\d+\.\d+) \[\d+\.\d+-\d+\.\d+\] times its rate", row)[1]) > 0
    for side in ("ours", "theirs"):
        assert re.search(rf"{side}: [1-9][\d,]* records/s .* CPU \d", done.stdout), done.stdout
    assert re.search(r"ours \d+\.\d MB, theirs \d+\.\d MB", done.stdout)
    assert not running("minimal_bridge.py 127")


@pytest.mark.parametrize("command, words", [
    ("false", "it ended with 1"), ("no-such-bridge {port}", "cannot be started"), ("echo {nobody}", "'nobody'"),
    ("sleep 97531", "nothing listens")], ids=["dies", "is not there", "asks for too much", "never listens"])
def test_a_bridge_that_does_not_come_up(command, words):
    done = against(command, "--start-seconds", "1")
    assert done.returncode == 1 and words in done.stderr, done.stdout + done.stderr
    assert "not measured: against" in done.stdout
    assert not running("sleep 97531")


def test_a_bridge_with_another_api_is_no_measurement():
    done = against(BRIDGE, "--api", "sidecar")
    assert done.returncode == 1 and "not the answer to 100 records" in done.stderr, done.stdout + done.stderr
    assert not running("minimal_bridge.py 127")


def test_against_and_only_do_not_go_together():
    assert "leave --only out" in against("x", "--only", "push").stderr
