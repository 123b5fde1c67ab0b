"""The sidecar itself goes away, or gets company."""
import os
import random
import signal
import time

import pytest

from harness import backend as answers
from harness.push import MEMBERSHIPS, Push
from harness.scene import BATCH, refuses_some
from harness.wait import eventually, free_port


class Killer:
    """Kills the sidecar at a chosen kind of moment, and finds out where it was."""

    def __init__(self, scene, chance: random.Random):
        self.scene = scene
        self.chance = chance
        self.pid: int | None = None
        self.at = 0.0
        self.open = 0  # Produce requests without an answer at that moment.

    def strike(self, delay: float = 0.0):
        """May be called from any thread, and again by mistake; kills once."""
        pid, self.pid = self.pid, None
        if pid is None:
            return
        until = time.perf_counter() + delay
        while time.perf_counter() < until:
            pass
        os.kill(pid, signal.SIGKILL)
        self.at = time.monotonic()
        self.open = sum(load.in_flight for load in self.scene.loads)

    def kill(self, moment: str) -> str:
        scene = self.scene
        behaviour = scene.backend.behaviour
        delay = self.chance.random() * 0.001
        self.pid = scene.sidecar.pid
        if moment == "any time":
            until = time.monotonic() + self.chance.random() * 0.5
            eventually(lambda: time.monotonic() >= until, 2, "the moment comes", every=0.001)
            self.strike()
        elif moment == "batch at the backend":
            def strikes_first(exchange):
                self.strike(delay)
                behaviour(exchange)
            scene.backend.behaviour = strikes_first
        elif moment == "answer given":
            scene.backend.on_answered = lambda delivery: self.strike()
        elif moment == "dead letter due":
            scene.backend.on_answered = lambda delivery: not all(delivery.accepted or [True]) and self.strike(delay * 3)
        elif moment == "request on the wire":
            for load in scene.loads:
                load.on_wire = lambda: self.strike(delay)
        assert scene.sidecar.wait(20) == -signal.SIGKILL
        scene.backend.behaviour = behaviour
        scene.backend.on_answered = None
        for load in scene.loads:
            load.on_wire = None
        return f"{self.open} requests open; {self.place()}"

    def place(self) -> str:
        """Where the last batch was when the process died, from what the backend saw and what is committed."""
        deliveries = [delivery for delivery in self.scene.backend.seen() if delivery.arrived <= self.at]
        if not deliveries:
            return "no batch yet"
        last = deliveries[-1]
        what = f"batch of {len(last.records)}, attempt {last.attempt}"
        if not last.answered or last.answered > self.at:
            return f"{what}: at the backend"
        committed = self.scene.push.committed()
        if any(offset >= committed.get(partition, 0) for _, partition, offset in last.places()):
            return f"{what}: between answer and commit ({(self.at - last.answered) * 1000:.1f} ms after the answer)"
        return f"{what}: committed"


MOMENTS = ["any time", "batch at the backend", "answer given", "dead letter due", "request on the wire"]


@pytest.mark.timeout(400)
@pytest.mark.fault("sidecar killed 10 times")
def test_sidecar_killed_ten_times(scene, tell):
    seed = random.SystemRandom().randrange(2**32)
    killer = Killer(scene, random.Random(seed))
    scene.backend.behaviour = answers.slow(0.002, answers.reject(refuses_some))
    # A dead member is missed for the session timeout, so it is short here; the port stays, so that clients find it again.
    settings = {"session.timeout.ms": 2000, "heartbeat.interval.ms": 300, ".server.httpPort": free_port()}
    scene.start(settings)
    scene.load(pause=0.1)
    scene.flowing()
    places, recoveries = [], []
    folder = scene.sidecar.folder
    with scene.felt():
        for number in range(10):
            moment = MOMENTS[number % len(MOMENTS)]
            where = killer.kill(moment)
            places.append(where)
            tell(f"  kill {number + 1:>2} ({moment}): {where}")
            scene.start(settings, folder=folder)
            scene.recovers(10 + 2)
            recoveries.append(scene.recovery)
            scene.flowing(200)
    scene.recovery = max(recoveries)
    verdict = scene.finish(bound=10 * BATCH)
    assert any("between answer and commit" in where for where in places), f"no kill hit that moment (seed {seed})"
    assert verdict.deadlettered > 0


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
