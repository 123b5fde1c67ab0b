"""The broker goes away, in several ways, under load."""
import pytest

from harness.push import MEMBERSHIPS, Push
from harness.scene import BATCH
from harness.wait import eventually, never


@pytest.mark.fault("broker absent at start")
def test_broker_absent_at_start(scene, weak_broker):
    weak_broker.stop()
    scene.start()
    assert scene.sidecar.get("/health/liveness").status == 200
    with scene.felt():
        scene.load(clients=15, total=1500)
        scene.lasting(3)
    weak_broker.start(wait=False)
    scene.broker_back()
    scene.load()
    scene.flowing()
    verdict = scene.finish(bound=0)
    assert verdict.unknown == 0


@pytest.mark.fault("broker stopped")
def test_broker_stopped_under_load(scene, weak_broker):
    scene.start()
    scene.load(clients=2)
    scene.flowing()
    with scene.felt():
        weak_broker.stop()
        scene.load(clients=12, total=1200)  # Requests that meet no broker at all.
        scene.lasting(5)
    weak_broker.start(wait=False)
    scene.broker_back()
    scene.flowing()
    scene.finish(bound=4 * BATCH)


@pytest.mark.fault("broker killed")
def test_broker_killed_under_load(scene, weak_broker):
    scene.start()
    scene.load(clients=2)
    scene.flowing()
    with scene.felt():
        weak_broker.kill()
        scene.load(clients=12, total=1200)
        scene.lasting(3)
    weak_broker.start(wait=False)
    scene.broker_back()
    scene.flowing()
    scene.finish(bound=4 * BATCH)


@pytest.mark.fault("broker suspended")
def test_broker_suspended_without_closing_its_sockets(scene, weak_broker):
    """Longer than the session timeout: when it wakes up, it holds the members for dead."""
    scene.start()
    scene.load(clients=2)
    scene.flowing()
    with scene.felt():
        weak_broker.suspend()
        scene.load(clients=12, total=1200)
        scene.lasting(9)
    weak_broker.resume()
    scene.broker_back()
    scene.flowing()
    scene.finish(bound=4 * BATCH)


@pytest.mark.fault("dead-letter topic missing")
def test_the_dead_letter_topic_goes_missing(scene, kafka):
    kafka.delete(scene.push.letter_topic)
    scene.start({".kafka-producer.max.block.ms": 500})
    scene.load()
    with scene.felt():
        scene.backend.wait_deliveries(1)
        scene.lasting(2)
    kafka.create(scene.push.letter_topic, 1)
    scene.recovers(10)
    scene.flowing()
    scene.finish(bound=0)


@pytest.mark.fault("dead-letter topic refuses writes")
def test_the_dead_letter_topic_refuses_writes(scene, kafka):
    """Its limit is too small for any record: letters go without their values, and nothing waits."""
    kafka.delete(scene.push.letter_topic)
    kafka.create(scene.push.letter_topic, 1, max_message_bytes=1000)
    scene.start()
    with scene.felt():
        scene.load(padding=1000)
        scene.flowing(2000)
    verdict = scene.finish(bound=0)
    assert verdict.deadlettered > 0
    assert all(letter.header("X-DLQ-Value") == b"omitted" for letter in scene.push.letters())


@pytest.mark.fault("one record refused among good ones")
def test_a_record_that_the_broker_refuses_in_every_request(kafka, start_sidecar, backend, name, tell):
    from harness.scene import Scene
    push = Push(kafka, start_sidecar, backend, name + "-x", partitions=1)
    push.topic = kafka.create(name + "-compacted", 4, cleanup_policy="compact", min_compaction_lag_ms=3600000)
    push.letter_topic = kafka.create(push.topic + ".dlq", 1)
    scene = Scene(push, "one record refused among good ones", tell)
    scene.start()
    with scene.felt():
        load = scene.load(keyless=50)
        scene.flowing(2000)
    verdict = scene.finish(bound=0)
    assert verdict.unknown == 0
    refused = [sent for sent in scene.ledger.sent.values() if sent.outcome == "not-written"]
    # A neighbour stays refused only where sending it again would put it behind a later record of its request, and is told so.
    neighbours = [sent for sent in refused if int(sent.id.rsplit("-", 1)[1]) % 50 != 0]
    assert len(refused) - len(neighbours) == load.sent // 50
    assert all("not sent again" in sent.error for sent in neighbours)
    assert len(neighbours) < load.sent // 20, "most neighbours are sent again"
    assert verdict.log == load.sent - len(refused)


@pytest.mark.parametrize("protocol", ["range", "consumer"])
def test_broker_away_while_a_refused_twin_asks_who_is_there(weak_broker, kafka, start_sidecar, start_backend, name, monkeypatch, protocol):
    """librdkafka 2.15.1 aborts the process when an admin call to a coordinator has timed out before that comes back."""
    monkeypatch.setattr(Push, "membership", MEMBERSHIPS[protocol])
    push = Push(kafka, start_sidecar, start_backend(), name, partitions=4)
    second_backend = start_backend()
    twin = {"group.instance.id": "twin"}
    one = push.start(twin)
    eventually(lambda: "Partitions assigned" in one.stderr(), 20, "the first one is a member")
    values = push.values(twin)
    values["kafka-consumer.backendApiHost"] = second_backend.url
    two = start_sidecar(values)
    # A classic group gives the identity to the newcomer, the new protocol leaves it where it is.
    refused, working = (two, one) if protocol == "consumer" else (one, two)
    eventually(lambda: "Another member has this group.instance.id" in refused.stderr(), 20, "the refused one says why")
    weak_broker.kill()
    never(lambda: refused.process.poll() is not None, 8, "the refused one ends")  # Several looks long.
    weak_broker.start()
    kafka.produce(push.topic, [{"partition": partition, "value": b'{"n":1}'} for partition in range(4)])
    eventually(lambda: kafka.settled(push.group, push.topic), 60, "the broker's return is met", every=0.1)
    never(lambda: refused.process.poll() is not None, 5, "the refused one ends")
    assert working.stop() == 0
    eventually(refused.ready, 90, "the refused one takes over")
    seen = len(push.backend.records()) + len(second_backend.records())
    kafka.produce(push.topic, [{"partition": partition, "value": b'{"n":2}'} for partition in range(4)])
    eventually(lambda: kafka.settled(push.group, push.topic), 60, "it works", every=0.1)
    assert len(push.backend.records()) + len(second_backend.records()) == seen + 4


def test_a_refused_twin_stops_while_the_broker_is_away(weak_broker, kafka, start_sidecar, start_backend, name, monkeypatch):
    """Its question to the coordinator is still open then."""
    monkeypatch.setattr(Push, "membership", MEMBERSHIPS["consumer"])
    push = Push(kafka, start_sidecar, start_backend(), name, partitions=1)
    push.start({"group.instance.id": "twin"})
    eventually(lambda: "Partitions assigned" in push.sidecar.stderr(), 20, "the first one is a member")
    refused = start_sidecar(push.values({"group.instance.id": "twin"}))
    eventually(lambda: "Another member has this group.instance.id" in refused.stderr(), 20, "the refused one says why")
    weak_broker.kill()
    never(lambda: refused.process.poll() is not None, 4, "the refused one ends")  # Two looks long.
    assert refused.stop() == 0
