"""Three nodes of Apache Kafka that replicate everything, and what an operator does to them."""
import json
import pathlib

from confluent_kafka import ElectionType, TopicPartition

from .broker import Broker, new_cluster_id
from .kafka import Kafka
from .wait import eventually, free_port

NODES = (1, 2, 3)


class Cluster:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        controllers = {node: free_port() for node in NODES}
        cluster_id = new_cluster_id()
        self.brokers = {node: Broker(folder / f"node-{node}", node=node, controllers=controllers, cluster_id=cluster_id, **{
            "default.replication.factor": "3",
            "min.insync.replicas": "2",
            "offsets.topic.replication.factor": "3",
            "transaction.state.log.replication.factor": "3",
            "transaction.state.log.min.isr": "2",
            "share.coordinator.state.topic.replication.factor": "3",
            "share.coordinator.state.topic.min.isr": "2",
            # What is dead is missed soon.
            "broker.heartbeat.interval.ms": "300",
            "broker.session.timeout.ms": "3000",
            "replica.lag.time.max.ms": "4000",
            "auto.leader.rebalance.enable": "false",
        }) for node in NODES}
        self.bootstrap = ",".join(broker.bootstrap for broker in self.brokers.values())
        self.kafka = Kafka(self.bootstrap, replication=3)

    def start(self) -> "Cluster":
        for broker in self.brokers.values():
            broker.start(wait=False)
        for broker in self.brokers.values():
            broker.wait_ready()
        self.wait_whole()
        return self

    def stop(self):
        for broker in self.brokers.values():
            broker.kill()

    def wait_whole(self, timeout: float = 60):
        """Every node is there, and every replica of every partition is in sync."""
        def whole() -> bool:
            meta = self.kafka.admin.list_topics(timeout=5)
            return len(meta.brokers) == len(NODES) and all(
                part.leader >= 0 and len(part.isrs) == len(part.replicas)
                for topic in meta.topics.values() for part in topic.partitions.values())
        eventually(whole, timeout, "all replicas are in sync", every=0.1)

    def leaders(self, topic: str) -> list[int]:
        parts = self.kafka.admin.list_topics(topic, timeout=10).topics[topic].partitions
        return [parts[number].leader for number in sorted(parts)]

    def move_leaders(self, topic: str):
        """The leader of each partition hands over to the next replica, while all are alive."""
        parts = self.kafka.admin.list_topics(topic, timeout=10).topics[topic].partitions
        wanted = {number: [*part.replicas[part.replicas.index(part.leader) + 1:], *part.replicas[:part.replicas.index(part.leader) + 1]]
                  for number, part in parts.items()}
        plan = {"version": 1, "partitions": [{"topic": topic, "partition": number, "replicas": replicas}
                                             for number, replicas in wanted.items()]}
        path = self.folder / "reassignment.json"
        path.write_text(json.dumps(plan))
        alive = next(broker for broker in self.brokers.values() if broker.process is not None)
        alive.java("org.apache.kafka.tools.reassign.ReassignPartitionsCommand", "--bootstrap-server", alive.bootstrap,
                   "--reassignment-json-file", str(path), "--execute")
        self.kafka.admin.elect_leaders(ElectionType.PREFERRED, [TopicPartition(topic, number) for number in wanted]).result(20)
        eventually(lambda: self.leaders(topic) == [wanted[number][0] for number in sorted(wanted)], 20, f"{topic} has other leaders",
                   every=0.05)
