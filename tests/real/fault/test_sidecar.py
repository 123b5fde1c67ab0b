"""The sidecar itself goes away, or gets company."""
import time

import pytest

from harness import backend as answers
from harness.killer import kill_in_turns
from harness.push import MEMBERSHIPS, Push
from harness.scene import BATCH, refuses_some
from harness.wait import eventually, free_port


@pytest.mark.timeout(400)
@pytest.mark.fault("sidecar killed 10 times")
def test_sidecar_killed_ten_times(scene):
    kill_in_turns(scene, 10)


COMPANY = [*((membership, "batch") for membership in MEMBERSHIPS),
           *((membership, "partition") for membership in ("range", "cooperative-sticky", "consumer"))]


@pytest.mark.parametrize("membership, dispatch", COMPANY, ids="-".join)
@pytest.mark.fault("other sidecars join, leave and die")
def test_other_sidecars_join_leave_and_die(scene, start_sidecar, kafka, monkeypatch, membership, dispatch):
    monkeypatch.setattr(Push, "membership", MEMBERSHIPS[membership])
    scene.ledger.fault = f"others join, leave, die: {membership}, {dispatch}"
    slow = answers.slow(0.03, answers.reject(refuses_some))
    scene.backend.behaviour = slow
    short = {} if membership == "consumer" else {"session.timeout.ms": 3000, "heartbeat.interval.ms": 500}
    settings = {"dispatch": dispatch, "maxBatchRecords": BATCH, "fetchMaxWait": 20, **short}
    first = scene.start(settings)
    scene.load(pause=0.1)
    scene.flowing(200)
    values = scene.push.values(settings)

    def shared():
        eventually(lambda: kafka.assignment(scene.push.group) == [2, 2], 20, "both have partitions", every=0.05)
        scene.flowing(200)

    def alone():
        eventually(lambda: kafka.assignment(scene.push.group) == [4], 20, "the first has all partitions again", every=0.05)
        scene.flowing(200)
    with scene.felt():
        second = start_sidecar(values)
        shared()
        assert second.stop() == 0
        alone()
        third = start_sidecar(values)
        shared()
        third.kill()
        alone()
    assert scene.sidecar is first
    scene.backend.behaviour = answers.reject(refuses_some)
    scene.finish(bound=4 * 4 * BATCH)  # Four rebalances of four partitions.


@pytest.mark.fault("SIGTERM in mid-batch")
def test_sigterm_in_mid_batch(scene):
    scene.start({".server.httpPort": free_port()})
    scene.load(pause=0.05)
    scene.flowing()
    folder = scene.sidecar.folder
    port = scene.sidecar.port
    with scene.felt():
        for _ in range(3):
            seen = len(scene.backend.seen())
            scene.backend.behaviour = answers.slow(0.5, answers.reject(refuses_some))
            scene.backend.wait_deliveries(seen + 1)
            began = time.monotonic()
            assert scene.sidecar.stop(30) == 0
            assert time.monotonic() - began < 5
            scene.backend.behaviour = answers.reject(refuses_some)
            scene.start({".server.httpPort": port}, folder=folder)
            scene.recovers(10)
            scene.flowing(400)
    scene.finish(bound=0)


@pytest.mark.fault("standard error full")
def test_standard_error_on_a_full_disk(scene):
    """With a failing backend on top, so that there is much to say."""
    scene.backend.script = [answers.body(b"", 500), answers.close, answers.garbage] * 3
    with open("/dev/full", "wb") as full:
        scene.start({"waitPeriod": 20, "retryBackoffMaxMs": 100}, stderr=full)
        with scene.felt():
            load = scene.load()
            scene.flowing(2000)
        verdict = scene.finish(bound=0)
    assert verdict.unknown == 0 and verdict.answered == verdict.log == load.sent
