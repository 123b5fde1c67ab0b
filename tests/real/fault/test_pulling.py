"""Clients that pull, in a world that breaks: they read, process and commit, and the ledger judges."""
import signal
import time

import pytest
from confluent_kafka.admin import NewPartitions

from harness.ledger import Ledger
from harness.load import Load
from harness.pull import Puller, Pulled, Pulling
from harness.sidecar import ACTIVE_HOOK, HOOKS, PRODUCER_HOOK, Sidecar, produce_values, pull_values
from harness.wait import eventually

READ = 100  # Records in one read, at least as many as 20,000 bytes hold: what a client may have read and not committed.


class Scene:
    def __init__(self, broker, kafka, start_sidecar, name, fault, tell):
        self.kafka = kafka
        self.topic = kafka.create(name, 4)
        self.group = f"{name}-group"
        self.fault = fault
        self.tell = tell
        self.ledger = Ledger(fault)
        self.clients: list[Pulling] = []
        self.loads: list[Load] = []
        self.values = {**produce_values(broker.bootstrap), **pull_values(broker.bootstrap), HOOKS: [PRODUCER_HOOK, ACTIVE_HOOK]}
        self._start = start_sidecar
        self.sidecar: Sidecar | None = None

    def start(self) -> Sidecar:
        self.sidecar = self._start(self.values)
        return self.sidecar

    def load(self, **options) -> Load:
        self.loads.append(Load(self.ledger, lambda: self.sidecar.port, self.topic, **{"clients": 2, "pause": 0.05, **options}))
        return self.loads[-1].start()

    def pull(self, sidecar: Sidecar | None = None) -> Pulling:
        self.clients.append(Pulling(lambda: sidecar or self.sidecar, self.group, self.topic).start())
        return self.clients[-1]

    def flowing(self, records: int = 500, timeout: float = 40):
        before = sum(client.records for client in self.clients)
        eventually(lambda: sum(client.records for client in self.clients) >= before + records, timeout, f"{records} records flow")

    def finish(self, bound: int):
        for load in self.loads:
            load.stop()
        eventually(lambda: self.kafka.settled(self.group, self.topic), 60, "all is committed", every=0.05)
        for client in self.clients:
            client.stop()
        verdict = self.ledger.close(self.kafka, [self.topic], group=self.group, backend=Pulled(self.clients), bound=bound)
        self.tell(verdict)
        assert verdict.sent >= 1000 and verdict.log > 0
        verdict.check()
        assert self.sidecar.stop() == 0


@pytest.fixture
def pulling(broker, kafka, start_sidecar, name, request, tell):
    one = Scene(broker, kafka, start_sidecar, name, request.node.get_closest_marker("fault").args[0], tell)
    yield one
    for load in one.loads:
        load._stop.set()
    for client in one.clients:
        client._stop.set()


@pytest.mark.fault("pull, none")
def test_nothing_happens(pulling):
    pulling.start()
    client = pulling.pull()
    pulling.load()
    pulling.flowing(2000)
    pulling.finish(bound=0)
    assert client.refused == {}


@pytest.mark.fault("pull, members come and go")
def test_members_come_and_go(pulling):
    pulling.start()
    pulling.load()
    first = pulling.pull()
    pulling.flowing()
    second = pulling.pull()
    eventually(lambda: second.records > 200, 40, "the second member reads")
    second.stop()
    before = first.records
    eventually(lambda: first.records > before + 500, 40, "the first has all again")
    # Each of the two rebalances may repeat what both had read and not committed.
    pulling.finish(bound=4 * READ)
    assert set(first.refused) | set(second.refused) <= {"ERR12207", "ERR12205"}


@pytest.mark.fault("pull, sidecar killed")
def test_sidecar_killed_between_read_and_commit(pulling):
    pulling.start()
    pulling.load()
    pulling.pull()
    for _ in range(2):
        pulling.flowing()
        pulling.sidecar.signal(signal.SIGKILL)
        assert pulling.sidecar.wait(10) == -signal.SIGKILL
        pulling.start()
    pulling.flowing()
    pulling.finish(bound=2 * READ)


@pytest.mark.fault("pull, another sidecar killed")
def test_one_of_two_sidecars_of_a_group_killed(pulling):
    pulling.start()
    pulling.load()
    pulling.pull()
    other = pulling._start(pulling.values)
    second = pulling.pull(other)
    eventually(lambda: second.records > 200, 40, "the second member reads")
    pulling.flowing()
    other.kill()
    second._stop.set()
    pulling.flowing()
    pulling.finish(bound=4 * READ)


@pytest.mark.fault("pull, broker restarted")
def test_broker_restarted_under_reads_and_commits(pulling, weak_broker):
    pulling.start()
    pulling.load()
    client = pulling.pull()
    pulling.flowing()
    weak_broker.stop()
    # default.api.timeout.ms is 3 s here, and a read waits 1 s.
    before = len(client.deliveries)
    pulling.load(clients=4, total=400)
    weak_broker.start()
    pulling.flowing()
    pulling.finish(bound=2 * READ)
    assert client.slowest < 8, "every call has an end while the broker is away"
    assert len(client.deliveries) > before


def test_every_call_has_an_end_while_the_broker_is_away(broker, kafka, start_sidecar, name, topic, weak_broker):
    sidecar = start_sidecar(pull_values(broker.bootstrap))
    kafka.produce(topic, [{"value": b"1", "partition": 0}])
    client = Puller(sidecar, f"{name}-group")
    client.assign(topic, 0)
    client.read_until(1)
    weak_broker.stop()
    where = client.partitions(topic, 0)
    for method, below, body, statuses in (
            ("GET", "/records?timeout=500", None, (200,)),
            ("POST", "/offsets", None, ("ERR12207",)),
            ("PUT", "/offsets", {"partitions": where}, ("ERR12207",)),
            ("POST", "/positions", {"offsets": [{**where[0], "offset": 0}]}, (204,)),
            ("POST", "/positions/first", {"partitions": where}, (204,)),
            ("POST", "/positions/last", {"partitions": where}, ("ERR30006",)),
            ("POST", "/positions", {"timestamps": [{**where[0], "timestamp": 0}]}, ("ERR30006",)),
            ("GET", "/assignments", None, (200,))):
        began = time.monotonic()
        answer = client.on(method, below, body)
        took = time.monotonic() - began
        got = answer.json()["code"] if answer.status == 400 else answer.status
        assert got in statuses, (method, below, answer.status, answer.body)
        assert took < 5, (method, below, took)
    weak_broker.start()
    assert [record["value"] for record in client.read_until(1, timeout=40)] == [1], "sought to the first, it comes again"
    eventually(lambda: client.commit().status == 200, 30, "a commit passes")
    assert kafka.committed(client.group, topic) == {0: 1}
    began = time.monotonic()
    client.delete()
    assert time.monotonic() - began < 6


def test_a_deleted_topic_and_one_that_grows(start_sidecar, broker, kafka, name, topic):
    # Metadata is asked for every second here, as an operator may want it.
    sidecar = start_sidecar({**pull_values(broker.bootstrap), "kafka-consumer.metadata.max.age.ms": 1000})
    client = Puller(sidecar, f"{name}-group")
    client.subscribe(topic)
    kafka.produce(topic, [{"value": b"1", "partition": 0}])
    client.read_until(1)
    client.commit().expect(200)
    kafka.admin.create_partitions([NewPartitions(topic, 5)])[topic].result(10)
    eventually(lambda: len(client.assignment()) == 5, 30, "the new partitions are assigned")
    eventually(lambda: len(kafka.partitions(topic)) == 5, 10, "all clients see them")
    kafka.produce(topic, [{"value": b"4", "partition": 4}])
    assert [record["partition"] for record in client.read_until(1)] == [4]
    kafka.delete(topic)
    answer = client.on("GET", "/records?timeout=1000")
    assert answer.status in (200, 400), answer.body
    assert client.on("GET", "/assignments").status == 200
    client.delete()
