"""What an operator does to topics and brokers while records flow."""
import contextlib
import time

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import NewPartitions

from harness.ledger import Ledger
from harness.scene import BATCH
from harness.wait import eventually

SOON = {"metadata.max.age.ms": 1000, ".kafka-producer.metadata.max.age.ms": 1000}


@pytest.mark.fault("leaders moved")
def test_leaders_move(cluster_scene, cluster):
    scene = cluster_scene
    scene.start()
    scene.load()
    scene.flowing()
    with scene.felt():
        for _ in range(2):
            cluster.move_leaders(scene.push.topic)
            scene.flowing(200)
    scene.recovers(10)
    verdict = scene.finish(bound=0)
    assert verdict.unknown == 0


@pytest.mark.fault("coordinator moved")
def test_the_coordinator_moves(cluster_scene, cluster):
    """Each partition of the offsets topic gets another leader, so every group and every producer id another coordinator."""
    scene = cluster_scene
    scene.start()
    scene.load()
    scene.flowing()
    with scene.felt():
        for _ in range(2):
            cluster.move_leaders("__consumer_offsets")
            scene.flowing(200)
    scene.recovers(10)
    verdict = scene.finish(bound=2 * 4 * BATCH)
    assert verdict.unknown == 0


@pytest.mark.parametrize("dispatch", ["batch", "partition"])
@pytest.mark.fault("partitions added")
def test_partitions_are_added(scene, kafka, dispatch):
    scene.ledger.fault = f"partitions added, {dispatch}"
    scene.start({"dispatch": dispatch, **SOON})
    scene.load(keys=200)  # Enough for each of the eight.
    scene.flowing()
    with scene.felt():
        kafka.admin.create_partitions([NewPartitions(scene.push.topic, 8)])[scene.push.topic].result(10)

        def filled() -> bool:
            # A partition that has just been added has no leader for a moment.
            with contextlib.suppress(KafkaException):
                return all(kafka.ends(scene.push.topic).values())
            return False
        eventually(filled, 20, "records are in all eight partitions", every=0.1)
        eventually(lambda: {place[1] for place in list(scene.backend.accepted_places)} == set(range(8)), 20,
                   "records of all eight partitions are delivered", every=0.05)
    scene.recovers(10)
    verdict = scene.finish(bound=4 * BATCH)  # The rebalance that shares the new ones out.
    assert verdict.unknown == 0


@pytest.mark.parametrize("dispatch", ["batch", "partition"])
@pytest.mark.parametrize("away", [3, 0], ids=["for a while", "at once"])
@pytest.mark.fault("topic deleted and made again")
def test_a_topic_is_deleted_and_made_again(scene, kafka, away, dispatch):
    """What was in it is gone by the operator's own act, so there are two ledgers, one for each life of the topic. Requests
    that come in between wait; records of the new topic start at offset 0 again, and none of them may be skipped."""
    scene.ledger.fault = f"topic before it is deleted, {dispatch}"
    topic = scene.push.topic
    scene.start({"dispatch": dispatch, **(SOON if away else {})})
    scene.load()
    scene.flowing(2000)
    for load in scene.loads:
        load.stop()
    scene.push.wait_settled()
    first = scene.judge(bound=0)
    scene.tell(first)
    first.check()
    assert first.sent >= 1000

    kafka.delete(topic)
    kafka.delete(scene.push.letter_topic)
    deleted = time.monotonic()
    scene.backend.accepted_places.clear()
    scene.ledger, scene.loads = Ledger(f"topic made again, {dispatch}"), []
    with scene.felt():
        # Less than what was read of the old topic: see the limits in the README.
        scene.load(clients=15, total=1500)
        scene.lasting(away)
        kafka.create(topic, 4)
        kafka.create(scene.push.letter_topic, 1)
        eventually(lambda: len(scene.backend.accepted_places) > 1400, 30, "the new topic is delivered from its start", every=0.05)
    scene.load()
    scene.recovers(10)
    scene.flowing(1000)
    scene.backend.forget(before=deleted)
    verdict = scene.finish(bound=4 * BATCH, timeout=30)
    assert verdict.unknown == 0 and verdict.answered == verdict.log
    # Away for long, the partitions go and come back, and nothing is remembered of the old topic.
    assert away or "The log begins anew" in scene.sidecar.stderr()
