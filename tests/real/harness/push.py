"""A topic, its dead-letter topic, a group and a backend: what a test of the reactive consumer starts from."""
import json

from .backend import Backend
from .kafka import Kafka, LogRecord
from .sidecar import Sidecar, consume_values
from .wait import eventually


# Every way to be a member of a group: settings of kafka-consumer.yml.
MEMBERSHIPS = {
    "range": {"partition.assignment.strategy": "range"},
    "roundrobin": {"partition.assignment.strategy": "roundrobin"},
    "cooperative-sticky": {"partition.assignment.strategy": "cooperative-sticky"},
    # KIP-848. The broker has the timeouts, and refuses a client that names its own.
    "consumer": {"group.protocol": "consumer", "session.timeout.ms": None, "heartbeat.interval.ms": None},
}


class Push:
    membership: dict = {}  # Of every Push of a test; a fixture sets it.

    def __init__(self, kafka: Kafka, start_sidecar, backend: Backend, name: str, partitions: int = 1, dead_letters: bool = True):
        self.kafka = kafka
        self.start_sidecar = start_sidecar
        self.backend = backend
        self.topic = kafka.create(name, partitions)
        self.letter_topic = f"{name}.dlq"
        if dead_letters:
            kafka.create(self.letter_topic, 1)
        self.group = f"{name}-group"
        self.sidecar: Sidecar | None = None

    def values(self, settings: dict | None = None) -> dict:
        """`settings`: keys of kafka-consumer.yml without their prefix, or whole keys of other files (with a dot in front)."""
        values = consume_values(self.kafka.bootstrap, self.topic, self.group, self.backend.url)
        for key, value in {**self.membership, **(settings or {})}.items():
            values[key[1:] if key.startswith(".") else f"kafka-consumer.{key}"] = value
        return {key: value for key, value in values.items() if value is not None}

    def start(self, settings: dict | None = None, **options) -> Sidecar:
        self.sidecar = self.start_sidecar(self.values(settings), **options)
        return self.sidecar

    def fill(self, values, key: str | None = "k", partition: int = 0, **more) -> list[tuple[int, int]]:
        """Writes one record per value, past the sidecar. Bytes go in as they are, anything else as JSON."""
        return self.kafka.produce(self.topic, [
            {"key": None if key is None else key.encode(), "partition": partition,
             "value": value if isinstance(value, bytes) or value is None else json.dumps(value).encode(), **more}
            for value in values])

    def wait_settled(self, timeout: float = 20):
        eventually(lambda: self.kafka.settled(self.group, self.topic), timeout, f"all of {self.topic} is committed", every=0.05)

    def committed(self) -> dict[int, int]:
        return self.kafka.committed(self.group, self.topic)

    def letters(self) -> list[LogRecord]:
        return self.kafka.read(self.letter_topic)

    def offsets(self) -> list[int]:
        """Offsets delivered, in order of arrival."""
        return [record["offset"] for record in self.backend.records()]
