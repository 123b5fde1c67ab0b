"""Sidecars that come, go and die, for minutes."""
import itertools
import time

import pytest

from harness import backend as answers
from harness.killer import kill_in_turns
from harness.scene import BATCH, refuses_some
from harness.wait import eventually

pytestmark = pytest.mark.timeout(1800)


@pytest.mark.fault("sidecars joining every 5 s")
def test_sidecars_join_every_five_seconds(scene, start_sidecar, scaled):
    """At most four beside the first: then the oldest goes, in turns by SIGTERM and by kill."""
    scene.backend.behaviour = answers.slow(0.01, answers.reject(refuses_some))
    settings = {"session.timeout.ms": 3000, "heartbeat.interval.ms": 500, "maxBatchRecords": BATCH, "fetchMaxWait": 20}
    scene.start(settings)
    scene.load(clients=2, pause=0.2)
    scene.flowing(200)
    values = scene.push.values(settings)
    others, rebalances = [], 0
    kinds = itertools.cycle(["stop", "kill"])
    began = time.monotonic()
    length = scaled(300.0, 25)
    with scene.felt():
        while time.monotonic() - began < length:
            due = time.monotonic() + 5
            others.append(start_sidecar(values))
            rebalances += 1
            if len(others) > 4:
                oldest = others.pop(0)
                if next(kinds) == "stop":
                    assert oldest.stop() == 0
                else:
                    oldest.kill()
                rebalances += 1
            scene.progress(f"{rebalances} members came or went", time.monotonic() - began, length)
            eventually(lambda: time.monotonic() >= due, 10, "the next one is due", every=0.05)
    for other in others:
        assert other.stop() == 0
        rebalances += 1
    scene.recovers(15)
    scene.backend.behaviour = answers.reject(refuses_some)
    verdict = scene.finish(bound=rebalances * 4 * BATCH, timeout=120)
    assert verdict.unknown == 0


@pytest.mark.fault("sidecar killed 100 times")
def test_a_hundred_kills(scene, scaled):
    kill_in_turns(scene, scaled(100, 5))
