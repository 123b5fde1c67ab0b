"""The independent view of the broker: what really is in the log, and what really is committed."""
import dataclasses
import time
import uuid

from confluent_kafka import Consumer, ConsumerGroupState, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from .wait import eventually

# What is kept over a broker's fall is back as soon as the broker is.
QUIET = {"log_level": 0, "reconnect.backoff.ms": 50, "reconnect.backoff.max.ms": 200}


@dataclasses.dataclass(frozen=True, slots=True)
class LogRecord:
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp: int

    @property
    def place(self) -> tuple[str, int, int]:
        return self.topic, self.partition, self.offset

    def header(self, name: str) -> bytes | None:
        """The one header of that name. Two of them, or none, is a failure: ask `headers` when that may be."""
        found = [value for key, value in self.headers if key == name]
        assert len(found) == 1, f"{name}: {found}"
        return found[0]

    def header_names(self) -> list[str]:
        return [key for key, _ in self.headers]


class Kafka:
    """The clients that ask and write are kept, because a new one needs up to half a second; a new one is made where the old
    one may have an outdated view of the partitions."""

    def __init__(self, bootstrap: str, replication: int = 1):
        self.bootstrap = bootstrap
        self.replication = replication
        self.admin = AdminClient({"bootstrap.servers": bootstrap, **QUIET})
        self._asker = self._reader()
        self._producer = self._writer()
        self._written: dict[str, int] = {}  # Topic to how many partitions the writer has seen.

    def create(self, topic: str, partitions: int = 3, **config: str) -> str:
        """Creates a topic and waits until its partitions have leaders. Config keys with `_` for `.`."""
        new = NewTopic(topic, num_partitions=partitions, replication_factor=self.replication,
                       config={key.replace("_", "."): str(value) for key, value in config.items()})
        self.admin.create_topics([new])[topic].result(20)

        def led() -> bool:
            # Metadata names a leader a little before the leader knows that it is one.
            meta = self.admin.list_topics(topic, timeout=5).topics[topic]
            if len(meta.partitions) != partitions or any(part.leader < 0 for part in meta.partitions.values()):
                return False
            try:
                for partition in range(partitions):
                    self._ends_at(topic, partition, 5)
            except KafkaException:
                return False
            return True
        eventually(led, 10, f"topic {topic} has leaders")
        return topic

    def delete(self, topic: str):
        self.admin.delete_topics([topic])[topic].result(20)
        eventually(lambda: topic not in self.admin.list_topics(timeout=5).topics, 10, f"topic {topic} is gone")

    def partitions(self, topic: str) -> list[int]:
        meta = self.admin.list_topics(topic, timeout=10).topics[topic]
        assert meta.error is None, meta.error
        return sorted(meta.partitions)

    def _reader(self) -> Consumer:
        return Consumer({"bootstrap.servers": self.bootstrap, "group.id": f"reader-{uuid.uuid4()}",
                         "enable.auto.commit": False, "auto.offset.reset": "earliest", "fetch.wait.max.ms": 20,
                         "isolation.level": "read_uncommitted", "check.crcs": True, **QUIET})

    def ends(self, topic: str) -> dict[int, int]:
        return {partition: self._ends_at(topic, partition)[1] for partition in self.partitions(topic)}

    def _ends_at(self, topic: str, partition: int, timeout: float = 10) -> tuple[int, int]:
        where = TopicPartition(topic, partition)
        try:
            return self._asker.get_watermark_offsets(where, timeout=timeout)
        except KafkaException:  # Its leader has moved, or the partition is new.
            self._asker.close()
            self._asker = self._reader()
            return self._asker.get_watermark_offsets(where, timeout=timeout)

    def read(self, topic: str, timeout: float = 60) -> list[LogRecord]:
        """Everything that is in the topic now, in offset order per partition."""
        reader = self._reader()
        try:
            found: list[LogRecord] = []
            ends = {}
            for partition in self.partitions(topic):
                low, high = self._ends_at(topic, partition)
                if high > low:
                    ends[partition] = high
            reader.assign([TopicPartition(topic, partition, 0) for partition in ends])
            deadline = time.monotonic() + timeout
            left = set(ends)
            while left:
                assert time.monotonic() < deadline, f"reading {topic}: {left} not at the end after {timeout} s"
                for message in reader.consume(5000, timeout=0.2):
                    if message.error():
                        raise KafkaException(message.error())
                    found.append(LogRecord(topic, message.partition(), message.offset(), message.key(), message.value(),
                                           tuple(message.headers() or ()), message.timestamp()[1]))
                for position in reader.position([TopicPartition(topic, partition) for partition in left]):
                    if position.offset >= ends[position.partition]:
                        left.discard(position.partition)
            return sorted(found, key=lambda record: record.place)
        finally:
            reader.close()

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """Partition to committed offset, for partitions that have one. Asked of the coordinator without joining."""
        reader = Consumer({"bootstrap.servers": self.bootstrap, "group.id": group, "enable.auto.commit": False, **QUIET})
        try:
            asked = [TopicPartition(topic, partition) for partition in self.partitions(topic)]
            return {one.partition: one.offset for one in reader.committed(asked, timeout=10) if one.offset >= 0}
        finally:
            reader.close()

    def settled(self, group: str, topic: str) -> bool:
        """Everything in the topic is committed."""
        return self.lag(group, topic) == 0

    def lag(self, group: str, topic: str) -> int:
        committed = self.committed(group, topic)
        return sum(end - committed.get(partition, 0) for partition, end in self.ends(topic).items())

    def coordinator_answers(self, group: str, topic: str) -> bool:
        """Metadata and the group's coordinator answer: from here on the sidecar has no excuse."""
        probe = Consumer({"bootstrap.servers": self.bootstrap, "group.id": group, "enable.auto.commit": False, **QUIET})
        try:
            probe.committed([TopicPartition(topic, 0)], timeout=1)
            return True
        except KafkaException:
            return False
        finally:
            probe.close()

    def produce(self, topic: str, records: list[dict], **config) -> list[tuple[int, int]]:
        """Writes records (key, value, headers, partition, timestamp as for confluent-kafka) past the sidecar and returns
        their places in the same order."""
        places: list[tuple[int, int] | None] = [None] * len(records)
        producer = self._writer(**config) if config else self._kept_writer(topic)

        def report(index: int):
            def done(error, message):
                assert error is None, error
                places[index] = (message.partition(), message.offset())
            return done
        try:
            for index, record in enumerate(records):
                producer.produce(topic, on_delivery=report(index), **record)
                if index % 1000 == 0:
                    producer.poll(0)
            assert producer.flush(60) == 0
            assert None not in places
        except BaseException:
            self._producer = self._writer()  # What the kept one still holds, or suffers from, is not for the next test.
            raise
        return places  # type: ignore[return-value]

    def _kept_writer(self, topic: str) -> Producer:
        count = len(self.admin.list_topics(topic, timeout=10).topics[topic].partitions)
        if self._written.get(topic, count) != count:
            self._producer, self._written = self._writer(), {}
        self._written[topic] = count
        return self._producer

    def _writer(self, **config) -> Producer:
        return Producer({"bootstrap.servers": self.bootstrap, "partitioner": "murmur2_random", "acks": "all",
                         "enable.idempotence": True, "message.max.bytes": 20_000_000,
                         "queue.buffering.max.messages": 1_000_000, "linger.ms": 5, **QUIET, **config})

    def commit(self, group: str, topic: str, offsets: dict[int, int]):
        """As an operator would, while the group has no members."""
        reader = Consumer({"bootstrap.servers": self.bootstrap, "group.id": group, "enable.auto.commit": False, **QUIET})
        try:
            reader.commit(offsets=[TopicPartition(topic, partition, offset) for partition, offset in offsets.items()],
                          asynchronous=False)
        finally:
            reader.close()

    def assignment(self, group: str) -> list[int]:
        """How many partitions each member of a stable group holds, smallest first. Empty while the group rebalances."""
        described = self.admin.describe_consumer_groups([group], request_timeout=10)[group].result(10)
        if described.state != ConsumerGroupState.STABLE:
            return []
        return sorted(len(member.assignment.topic_partitions) for member in described.members)
