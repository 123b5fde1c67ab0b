"""A bad wire, between us and the broker and between us and the backend."""
import pytest

from harness.proxy import Proxy
from harness.scene import BATCH


@pytest.fixture
def wire(scene, broker):
    """The scene behind a proxy: `broker` or `backend`, after the parameter's first word."""
    place = scene.fault.split()[0]
    proxy = Proxy(broker.behind_wire, broker.wire) if place == "broker" else Proxy(int(scene.backend.url.rsplit(":", 1)[1]))
    if place == "broker":
        address = f"127.0.0.1:{proxy.port}"
        scene.start({"bootstrap.servers": address, ".kafka-producer.bootstrap.servers": address})
    else:
        scene.backend.seen_at = proxy.port
        scene.start({"backendApiHost": f"http://127.0.0.1:{proxy.port}", "waitPeriod": 20})
    yield proxy
    proxy.stop()


def breaks(scene, proxy: Proxy, reset: bool) -> int:
    """Ten times, each as soon as records flow again. Returns how often."""
    for _ in range(10):
        proxy.cut(reset)
        scene.flowing(100)
    return 10


MANNERS = ["delays", "slices", "cuts", "resets", "falls silent"]


@pytest.mark.parametrize("scene", [f"{place} wire {manner}" for place in ("broker", "backend") for manner in MANNERS],
                         indirect=True)
def test_a_bad_wire(scene, wire):
    manner = scene.fault.split(" ", 2)[2]
    scene.ledger.fault = scene.fault
    scene.load(clients=3)
    scene.flowing()
    times = 0
    with scene.felt(500):
        if manner == "delays":
            wire.delay = 0.1
            scene.lasting(3)
        elif manner == "slices":
            wire.slice = (1, 200)
            scene.lasting(3)
        elif manner in ("cuts", "resets"):
            times = breaks(scene, wire, manner == "resets")
            assert wire.broken >= 10
        else:
            wire.silent = True
            scene.load(clients=6, total=600)  # Requests whose records cannot get out.
            scene.lasting(4)
        wire.delay, wire.slice, wire.silent = 0.0, None, False
    scene.recovers(10)
    scene.flowing()
    # A batch whose answer was lost on the way comes again; what happens to the broker's wire costs nothing.
    bound = times * BATCH if scene.fault.startswith("backend") else 0
    verdict = scene.finish(bound)
    assert verdict.unknown == 0
