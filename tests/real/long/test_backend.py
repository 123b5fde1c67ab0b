"""A backend that takes its time, or is not there yet."""
import time

import pytest

from harness import backend as answers
from harness.scene import BATCH, refuses_some
from harness.wait import eventually, never

pytestmark = pytest.mark.timeout(1800)


@pytest.mark.fault("backend slow for 10 minutes")
def test_a_backend_that_is_slow_for_minutes(scene, scaled):
    """Each batch takes longer than the session and than max.poll.interval.ms. The member keeps its partitions, and nothing
    comes twice."""
    work = 13.0
    scene.backend.behaviour = answers.slow(work, answers.reject(refuses_some))
    scene.start({"max.poll.interval.ms": 10000})
    scene.load(clients=1, records=50, pause=1.5)
    scene.backend.wait_deliveries(1)
    length = scaled(600.0, 3 * work)
    began = time.monotonic()

    def members() -> int:
        text = scene.sidecar.stderr()
        return text.count("Partitions assigned") + text.count("Partitions revoked") + text.count("Partitions lost")
    before = members()
    with scene.felt(0):
        while time.monotonic() - began < length:
            scene.progress(f"{len(scene.backend.seen())} batches", time.monotonic() - began, length)
            never(lambda: members() != before, min(5.0, length), "the member lost its place", every=0.5)
            assert scene.sidecar.get("/health/liveness").status == 200
    batches = len(scene.backend.seen())
    assert batches >= length / work * 0.8, f"only {batches} batches in {length:.0f} s"
    scene.backend.behaviour = answers.reject(refuses_some)
    scene.recovers(10 + work)
    verdict = scene.finish(bound=0, timeout=120)
    assert verdict.unknown == 0


@pytest.mark.fault("sidecar 60 s before its backend")
def test_the_backend_comes_a_minute_later(scene, scaled):
    scene.backend.stop()
    scene.start()
    length = scaled(60.0, 12)
    with scene.felt():
        scene.load(clients=2, pause=0.2)
        until = time.monotonic() + length
        while time.monotonic() < until:
            assert scene.sidecar.get("/health/liveness").status == 200
            assert scene.sidecar.get("/health/readiness").status == 503
            never(lambda: scene.push.committed(), 1.0, "committed without a backend", every=0.5)
        assert not scene.backend.seen()
    assert "waiting for the backend" in scene.sidecar.stderr()
    scene.backend.start()
    scene.recovers(10)
    eventually(scene.sidecar.ready, 10, "readiness is well")
    scene.flowing()
    verdict = scene.finish(bound=0, timeout=120)
    assert verdict.unknown == 0
