"""One, all, and each of three brokers."""
import time

import pytest

from harness.scene import BATCH

pytestmark = pytest.mark.timeout(900)


@pytest.mark.fault("one of three brokers killed and back")
def test_one_broker_of_three(cluster_scene, cluster):
    """Each in turn, so that leaders, the coordinator and the controller are all hit once."""
    scene = cluster_scene
    scene.start()
    scene.load()
    scene.flowing()
    with scene.felt():
        for broker in cluster.brokers.values():
            broker.kill()
            scene.recovers(15)  # With two of three: no need to wait for the third.
            scene.flowing(1000)
            broker.start()
            cluster.wait_whole()
            scene.flowing(500)
    scene.finish(bound=3 * 4 * BATCH)


@pytest.mark.fault("all three brokers down")
def test_all_brokers_down(cluster_scene, cluster, scaled):
    scene = cluster_scene
    scene.start()
    scene.load(clients=2)
    scene.flowing()
    with scene.felt():
        for broker in cluster.brokers.values():
            broker.kill()
        scene.load(clients=12, total=1200)  # Requests that meet no broker at all.
        scene.lasting(scaled(30.0, 8), timeout=120)
    for broker in cluster.brokers.values():
        broker.start(wait=False)
    scene.broker_back()
    cluster.wait_whole()
    scene.flowing()
    scene.finish(bound=4 * BATCH)


@pytest.mark.fault("rolling restart of three brokers")
def test_a_rolling_restart(cluster_scene, cluster):
    scene = cluster_scene
    scene.start()
    scene.load()
    scene.flowing()
    with scene.felt():
        for broker in cluster.brokers.values():
            began = time.monotonic()
            broker.stop()
            scene.recovers(10)
            broker.start()
            cluster.wait_whole()
            scene.flowing(500)
            scene.tell(f"  node {broker.node} restarted and in sync after {time.monotonic() - began:.0f} s")
    verdict = scene.finish(bound=3 * 4 * BATCH)
    assert verdict.unknown == 0
