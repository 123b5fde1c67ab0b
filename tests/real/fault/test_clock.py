"""The clock of the machine jumps."""
import glob
import os
import time

import pytest

from harness.wait import eventually

LIBRARY = "/usr/lib/*/faketime/libfaketimeMT.so.1"


@pytest.fixture
def clock(tmp_path):
    """What the sidecar takes for the time of day; elapsed time stays true. A call moves it, by so many seconds from now."""
    offset = tmp_path / "clock"

    def move(seconds: int):
        beside = tmp_path / "clock.new"
        beside.write_text(f"{seconds:+d}\n")
        os.replace(beside, offset)
    move(0)
    [library] = glob.glob(LIBRARY)
    move.env = {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
    return move


@pytest.mark.fault("clock jumps")
def test_the_clock_jumps(scene, clock):
    """Half an hour forth, a day back, and to the right time again."""
    scene.start(env=clock.env)
    load = scene.load()
    scene.flowing()
    with scene.felt():
        for jump in (1800, -86400, 0):
            clock(jump)
            scene.flowing(500)
            # Records are stamped from the clock; those that were under way bear the time before.
            eventually(lambda jump=jump: abs(scene.backend.records()[-1]["timestamp"] / 1000 - (time.time() + jump)) < 600, 20,
                       f"the jump by {jump} s is felt", every=0.05)
    scene.recovers(10)
    scene.flowing()
    verdict = scene.finish(bound=0)
    assert verdict.unknown == 0 and verdict.log == load.sent
