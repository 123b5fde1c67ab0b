"""Kills the sidecar at chosen kinds of moments."""
import os
import random
import signal
import time

from . import backend as answers
from .scene import BATCH, Scene, refuses_some
from .wait import eventually, free_port


class Killer:
    """Kills the sidecar at a chosen kind of moment, and finds out where it was."""

    def __init__(self, scene: Scene, chance: random.Random):
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


def kill_in_turns(scene: Scene, times: int):
    """Under load in both directions, each time as soon as records flow again; then lets the ledger judge."""
    seed = random.SystemRandom().randrange(2**32)
    killer = Killer(scene, random.Random(seed))
    scene.backend.behaviour = answers.slow(0.002, answers.reject(refuses_some))
    # A dead member is missed for the session timeout, so it is short here; the port stays, so that clients find it again.
    settings = {"session.timeout.ms": 2000, "heartbeat.interval.ms": 300, ".server.httpPort": free_port()}
    scene.start(settings)
    scene.load(pause=0.4)
    scene.flowing()
    places, recoveries = [], []
    folder = scene.sidecar.folder
    with scene.felt():
        for number in range(times):
            moment = MOMENTS[number % len(MOMENTS)]
            where = killer.kill(moment)
            places.append(where)
            scene.tell(f"  kill {number + 1:>2} ({moment}): {where}")
            scene.start(settings, folder=folder)
            scene.recovers(10 + 2)
            recoveries.append(scene.recovery)
            scene.flowing(200)
    scene.recovery = max(recoveries)
    # The dead were missed for a session each time, so there is much to catch up with.
    verdict = scene.finish(bound=times * BATCH, timeout=60 + 4 * times)
    assert any("between answer and commit" in where for where in places), f"no kill hit that moment (seed {seed})"
    assert verdict.deadlettered > 0
