"""Fixtures of the rungs fault and long."""
import pytest

from .push import Push
from .scene import Scene


@pytest.fixture
def scene(kafka, start_sidecar, backend, name, request, tell):
    """`@pytest.mark.fault(NAME)` gives the fault its name in the ledger's line; parameters may override it."""
    marker = request.node.get_closest_marker("fault")
    fault = getattr(request, "param", None) or marker.args[0]
    one = Scene(Push(kafka, start_sidecar, backend, name, partitions=4), fault, tell)
    yield one
    for load in one.loads:
        load._stop.set()


@pytest.fixture
def cluster_scene(cluster, start_sidecar, backend, name, request, tell):
    """The same on three brokers."""
    one = Scene(Push(cluster.kafka, start_sidecar, backend, name, partitions=4), request.node.get_closest_marker("fault").args[0], tell)
    yield one
    for load in one.loads:
        load._stop.set()


@pytest.fixture
def weak_broker(broker):
    """The shared broker, to be stopped or suspended; whatever the test leaves, it runs afterwards."""
    yield broker
    if broker.process is None:
        broker.start()
    else:
        broker.resume()
        broker.wait_ready()
