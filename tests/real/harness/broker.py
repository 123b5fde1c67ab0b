"""One node of Apache Kafka in KRaft mode, with the faults that the tests ask of it."""
import base64
import os
import pathlib
import signal
import subprocess
import time
import uuid

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from .wait import eventually, free_port

LOG4J = """<Configuration status="WARN">
  <Appenders><Console name="out"><PatternLayout pattern="%d{HH:mm:ss.SSS} %p %c{1} %m%n"/></Console></Appenders>
  <Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
"""


def new_cluster_id() -> str:
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")


class Broker:
    """Keeps its data and its ports over stop, kill and start.

    Besides its own listener it has one behind `wire`, a port that a Proxy may listen on: whoever starts there is told to
    stay there.
    """

    def __init__(self, folder: pathlib.Path, *, node: int = 1, controllers: dict[int, int] | None = None,
                 cluster_id: str | None = None, **properties):
        """`controllers`: node to controller port, for all nodes of a cluster."""
        self.folder = folder
        self.node = node
        self.port = free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.wire, self.behind_wire = free_port(), free_port()
        self.process: subprocess.Popen | None = None
        self._jars = os.environ.get("KAFKA_SIDECAR_KAFKA")
        assert self._jars, "KAFKA_SIDECAR_KAFKA names no folder of Kafka's jars: run ./test.sh real"
        controllers = controllers or {node: free_port()}
        settings = {
            "process.roles": "broker,controller",
            "node.id": str(node),
            "controller.quorum.voters": ",".join(f"{number}@127.0.0.1:{port}" for number, port in controllers.items()),
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},WIRE://127.0.0.1:{self.behind_wire},"
                         f"CONTROLLER://127.0.0.1:{controllers[node]}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port},WIRE://127.0.0.1:{self.wire}",
            "inter.broker.listener.name": "PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,WIRE:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(folder / "data"),
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "4",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "1000",
            # Groups of the `consumer` protocol: as short as what the tests ask for in classic ones.
            "group.consumer.min.session.timeout.ms": "1000",
            "group.consumer.session.timeout.ms": "6000",
            "group.consumer.min.heartbeat.interval.ms": "200",
            "group.consumer.heartbeat.interval.ms": "500",
            # Tests write records of long ago; the broker, which looks every five minutes, is not to clear them away.
            "log.retention.ms": "-1",
            # A missing topic must stay missing: several tests are about that.
            "auto.create.topics.enable": "false",
            "num.partitions": "3",
            **properties,
        }
        folder.mkdir(parents=True)
        (folder / "server.properties").write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        (folder / "log4j2.xml").write_text(LOG4J)
        self.java("kafka.tools.StorageTool", "format", "-t", cluster_id or new_cluster_id(),
                  "-c", str(folder / "server.properties"))

    def _command(self, *arguments: str) -> list[str]:
        # One compiler tier: the broker lives for minutes on a small machine, and starts in half the time.
        return ["java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
                f"-Dlog4j2.configurationFile={self.folder / 'log4j2.xml'}", "-cp", f"{self._jars}/*", *arguments]

    def java(self, *arguments: str) -> str:
        """Runs one of Kafka's own tools to its end."""
        done = subprocess.run(self._command(*arguments), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, wait: bool = True) -> "Broker":
        assert self.process is None
        with open(self.folder / "broker.log", "ab") as out:
            self.process = subprocess.Popen(self._command("kafka.Kafka", str(self.folder / "server.properties")),
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, timeout: float = 60):
        """Ready when a metadata request answers, not when the port opens."""
        eventually(self.answers, timeout, f"the broker answers; its log is {self.folder / 'broker.log'}", every=0.05)

    def answers(self) -> bool:
        assert self.process is None or self.process.poll() is None, (self.folder / "broker.log").read_text()[-3000:]
        try:
            admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
            return bool(admin.list_topics(timeout=1).brokers)
        except KafkaException:
            return False

    def stop(self, timeout: float = 30):
        self._end(signal.SIGTERM, timeout)

    def kill(self):
        self._end(signal.SIGKILL, 10)

    def _end(self, how: signal.Signals, timeout: float):
        if self.process is None:
            return
        process, self.process = self.process, None
        process.send_signal(how)
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def suspend(self):
        """The process stands still, its sockets stay open: what a dead machine or a cut cable looks like."""
        self.process.send_signal(signal.SIGSTOP)
        state = pathlib.Path(f"/proc/{self.process.pid}/stat")
        eventually(lambda: state.read_text().rsplit(")", 1)[1].split()[0] == "T", 5, "the broker stands still")

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def restart(self) -> float:
        """Stops, starts, and returns when it answers; the return value is the time of that (monotonic seconds)."""
        self.stop()
        self.start()
        return time.monotonic()
