"""Much at once, and much over time."""
import shutil
import time

import pytest
from confluent_kafka import Producer

from harness import backend as answers
from harness.counting import CountingBackend
from harness.ledger import Verdict
from harness.scene import BATCH, refuses_some
from harness.sidecar import consume_values
from harness.wait import eventually

pytestmark = pytest.mark.timeout(3000)

MB = 1 << 20
PARTITIONS = 8
# The documented bound of what is read ahead (64 MiB), the batches in flight, and the process itself.
MEMORY = (64 + 48) * MB


def fill(kafka, topic: str, records: int, size: int, tell) -> None:
    """JSON records of `size` bytes, dealt out over the partitions."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "acks": "1", "linger.ms": 20, "batch.size": 1_000_000,
                         "queue.buffering.max.kbytes": 400_000, "queue.buffering.max.messages": 400_000, "log_level": 0})
    failed = []
    head = b'{"n":0,"pad":"'
    value = head + b"x" * (size - len(head) - 2) + b'"}'
    assert len(value) == size

    def report(error, _):
        if error is not None:
            failed.append(error)
    told = time.monotonic()
    for number in range(records):
        while True:
            try:
                producer.produce(topic, value, partition=number % PARTITIONS, on_delivery=report)
                break
            except BufferError:
                producer.poll(0.1)
        if number % 500 == 0:
            producer.poll(0)
        if time.monotonic() - told > 30:
            told = time.monotonic()
            tell(f"  {number} of {records} records written")
    assert producer.flush(300) == 0 and not failed, failed[:3]


@pytest.mark.parametrize("records, size, what", [(1_000_000, 1000, "1 KB"), (100_000, 100_000, "100 KB")], ids=["1 KB", "100 KB"])
def test_a_backlog(kafka, start_sidecar, name, tell, tmp_path, scaled, records, size, what):
    records = scaled(records, 8000)
    needed = 3 * records * size
    assert shutil.disk_usage(tmp_path).free > needed, f"the backlog needs {needed / 1e9:.0f} GB of disk"
    topic = kafka.create(name, PARTITIONS, segment_bytes=256 * MB, max_message_bytes=1_048_576)
    kafka.create(f"{topic}.dlq", 1)
    backend = CountingBackend()
    try:
        fill(kafka, topic, records, size, tell)
        group = f"{name}-group"
        values = consume_values(kafka.bootstrap, topic, group, backend.url)
        sidecar = start_sidecar({**values, "kafka-consumer.dispatch": "partition", "kafka-consumer.maxBatchRecords": 500,
                                 "kafka-consumer.requestMaxBytes": 500_000})
        began = told = time.monotonic()
        memory = 0

        def done() -> bool:
            nonlocal memory, told
            memory = max(memory, sidecar.memory_bytes())
            if time.monotonic() - told > 30:
                told = time.monotonic()
                tell(f"  {backend.records} of {records} records delivered, {memory / MB:.0f} MB")
            return backend.records >= records
        try:
            eventually(done, 900, f"{records} records are delivered", every=0.2)
            eventually(lambda: kafka.settled(group, topic), 30, "everything is committed")
        except AssertionError as late:
            tell(f"  {late}")  # The ledger says what is missing.
        took = time.monotonic() - began
        assert sidecar.stop() == 0
        verdict = Verdict(f"backlog of {records} x {what}", 0, None)
        verdict.sent = verdict.answered = records
        verdict.log = sum(kafka.ends(topic).values())
        verdict.delivered = backend.records
        verdict.committed = sum(kafka.committed(group, topic).values())
        verdict.duplicates, verdict.misordered = backend.again, backend.early
        verdict.lost = records - backend.records
        verdict.phantom = sum(kafka.ends(topic + ".dlq").values())
        tell(verdict)
        tell(f"  {backend.batches} batches in {took:.0f} s, {backend.bytes / took / 1e6:.0f} MB/s; memory at most {memory / MB:.0f} MB "
             f"(bound {MEMORY / MB:.0f})")
        verdict.check()
        assert verdict.log == verdict.committed == records
        assert memory <= MEMORY
    finally:
        backend.stop()
        kafka.delete(topic)


@pytest.mark.fault("20 minutes of mixed load")
def test_twenty_minutes_of_mixed_load(scene, start_sidecar, kafka, scaled):
    """Both directions, dead letters all the time, a second sidecar now and then, a backend that breaks connections now and
    then. Afterwards memory, descriptors and threads are as before."""
    scene.start({"session.timeout.ms": 6000})
    length = scaled(1200.0, 60)
    values = scene.push.values({"maxBatchRecords": BATCH, "fetchMaxWait": 20})

    def quiet() -> tuple[int, int, int]:
        scene.push.wait_settled(60)
        sidecar = scene.sidecar

        def figures() -> tuple[int, int]:
            return sidecar.descriptors(), int(sidecar.status_field("Threads"))
        since, last = time.monotonic(), figures()

        def rest() -> bool:
            nonlocal since, last
            if (now := figures()) != last:
                since, last = time.monotonic(), now
            return time.monotonic() - since > 2
        eventually(rest, 60, "descriptors and threads rest", every=0.1)
        return sidecar.memory_bytes(), *last

    # Warm: everything that is made once has been made, the second member included.
    warm = scene.load(clients=3, records=20, pause=0.2)
    scene.flowing(1000)
    interruptions = 0

    def company():
        nonlocal interruptions
        second = start_sidecar(values)
        eventually(lambda: kafka.assignment(scene.push.group) == [2, 2], 30, "both have partitions", every=0.1)
        scene.flowing(200)
        assert second.stop() == 0
        eventually(lambda: kafka.assignment(scene.push.group) == [4], 30, "the first has everything again", every=0.1)
        scene.flowing(200)
        interruptions += 2

    def broken_backend():
        """Connections that end instead of an answer, then nobody at all for a second."""
        nonlocal interruptions
        behaviour = scene.backend.behaviour
        seen = len(scene.backend.seen())
        scene.backend.behaviour = answers.close
        scene.backend.wait_deliveries(seen + 3, 30)
        scene.backend.behaviour = behaviour
        scene.flowing(200)
        scene.backend.stop()
        scene.lasting(1.0)
        scene.backend.start()
        scene.flowing(200)
        interruptions += 2
    company()
    scene.felt_records = 0
    broken_backend()
    warm.stop()
    before = quiet()
    scene.tell(f"  before: {before[0] / MB:.1f} MB, {before[1]} descriptors, {before[2]} threads")

    scene.load(clients=3, records=20, pause=0.2)
    began = time.monotonic()
    with scene.felt():
        while (passed := time.monotonic() - began) < length:
            scene.progress(f"{interruptions} interruptions, {scene.sidecar.memory_bytes() / MB:.1f} MB", passed, length)
            company()
            broken_backend()
            scene.lasting(min(20.0, length / 10))
    for load in scene.loads:
        load.stop()
    after = quiet()
    scene.tell(f"  after: {after[0] / MB:.1f} MB, {after[1]} descriptors, {after[2]} threads")
    scene.backend.behaviour = answers.reject(refuses_some)
    verdict = scene.finish(bound=interruptions * 4 * BATCH, timeout=120)
    assert verdict.unknown == 0
    assert after[0] <= before[0] * 1.2 + 4 * MB
    assert after[1] <= before[1] + 2
    assert after[2] == before[2]
