"""`run --embedded-broker`: a service is developed with no Kafka at all."""
import json
import os
import re
import signal
import subprocess
import sys

import pytest

from harness import backend as answers
from harness.kafka import Kafka
from harness.sidecar import BINARY, HOOKS, PRODUCER_HOOK, REACTIVE_HOOK, ROOT, Sidecar
from harness.wait import eventually, free_port


def five_lines(backend, group: str = "billing") -> dict:
    return {"server.httpPort": 0, "kafka-consumer.topic": "orders", "kafka-consumer.group.id": group,
            "kafka-consumer.backendApiHost": backend.url, HOOKS: [PRODUCER_HOOK, REACTIVE_HOOK]}


def bootstrap(sidecar: Sidecar) -> str:
    told = re.findall(r"^embedded broker: bootstrap.servers=(127\.0\.0\.1:\d+) ", (sidecar.folder / "stdout.log").read_text(), re.M)
    assert len(told) == 1, told
    return told[0]


def test_records_travel_there_and_back(start_sidecar, backend):
    """Counted by an independent client of the same broker."""
    backend.behaviour = answers.reject(lambda record: "Refused" if record["value"]["n"] % 10 == 9 else None)
    sidecar = start_sidecar(five_lines(backend), "--embedded-broker")
    offsets = sidecar.produce("orders", [{"key": f"k{n % 7}", "value": {"n": n}} for n in range(200)])
    assert all("offset" in slot for slot in offsets)
    kafka = Kafka(bootstrap(sidecar))
    assert kafka.partitions("orders") == kafka.partitions("orders.dlq") == [0, 1, 2, 3]
    eventually(lambda: kafka.settled("billing", "orders"), 20, "all of orders is committed")
    assert sorted(record["value"]["n"] for record in backend.records()) == list(range(200))
    letters = kafka.read("orders.dlq")
    assert sorted(json.loads(letter.value)["n"] for letter in letters) == list(range(9, 200, 10))
    # Others may use it too, and a topic appears when it is first used.
    kafka.produce("orders", [{"key": b"k", "value": b'{"n":1000}'}])
    eventually(lambda: any(record["value"]["n"] == 1000 for record in backend.records()), 10, "a record of another client arrives")
    sidecar.produce("new-topic", [{"value": {"n": 1}}])
    assert kafka.partitions("new-topic") == [0, 1, 2, 3]
    assert sidecar.ready()
    assert sidecar.stop() == 0


@pytest.mark.parametrize("more", [{"partition.assignment.strategy": "cooperative-sticky"}, {"group.protocol": "consumer"},
                                  {"group.instance.id": "${HOSTNAME}"}, {"dispatch": "partition"}], ids=lambda more: next(iter(more)))
def test_under_the_configuration_of_production(start_sidecar, backend, more):
    values = five_lines(backend) | {f"kafka-consumer.{key}": value for key, value in more.items()}
    sidecar = start_sidecar(values, "--embedded-broker")
    sidecar.produce("orders", [{"key": f"k{n}", "value": {"n": n}} for n in range(100)])
    kafka = Kafka(bootstrap(sidecar))
    eventually(lambda: kafka.settled("billing", "orders"), 20, "all of orders is committed")
    assert sorted(record["value"]["n"] for record in backend.records()) == list(range(100))
    assert sidecar.stop() == 0


def test_says_what_it_is_and_what_counts_no_more(start_sidecar, backend):
    secure = {
        "kafka-producer.bootstrap.servers": "kafka.example:9093", "kafka-producer.security.protocol": "SASL_SSL",
        "kafka-producer.ssl.truststore.location": "/no/such/store", "kafka-producer.acks": "all",
        "kafka-consumer.bootstrap.servers": "kafka.example:9093", "kafka-consumer.security.protocol": "SASL_SSL",
        "kafka-consumer.sasl.mechanism": "SCRAM-SHA-512", "kafka-consumer.username": "someone", "kafka-consumer.password": "topsecret"}
    sidecar = start_sidecar(five_lines(backend) | secure, "--embedded-broker", "--log-format", "json")
    warnings = [line["logMessage"] for line in map(json.loads, sidecar.stderr().splitlines()) if line["level"] == "WARN"]
    assert sum("EMBEDDED BROKER" in text and "memory" in text and "5 MB" in text for text in warnings) == 1
    for client, names in (("kafka-producer", ("bootstrap.servers", "security.protocol", "ssl.truststore.location")),
                          ("kafka-consumer", ("bootstrap.servers", "security.protocol", "sasl.mechanism"))):
        told = [text for text in warnings if f"{client}: overridden by --embedded-broker" in text]
        assert len(told) == 1 and re.search(r"values\.yml:\d+", told[0]) and all(name in told[0] for name in names), warnings
        assert "acks" not in told[0]
    assert sum("default for development" in text and "security.enableVerifyJwt: false" in text for text in warnings) == 1
    assert "topsecret" not in sidecar.stderr() and "kafka.example" not in sidecar.stderr()
    sidecar.produce("orders", [{"key": "k", "value": 1}])
    assert sidecar.stop() == 0


def test_what_a_person_wrote_beats_the_defaults_for_development(start_sidecar, backend):
    sidecar = start_sidecar(five_lines(backend) | {"kafka-producer.valueFormat": "string", "kafka-consumer.valueFormat": "string"},
                            "--embedded-broker")
    sidecar.produce("orders", [{"value": "no JSON"}])
    eventually(lambda: [record["value"] for record in backend.records()] == ["no JSON"], 20, "it arrives as a string")
    assert sidecar.stop() == 0


@pytest.mark.parametrize("flag", [(), ("--embedded-broker",)], ids=["without the flag", "with the flag"])
@pytest.mark.parametrize("where", ["values.yml", "kafka-consumer.yml"])
def test_mock_settings_are_refused(tmp_path, flag, where):
    config = tmp_path / "config"
    config.mkdir()
    (config / "values.yml").write_text(
        "server.enableHttp: true\nserver.enableHttps: false\nsecurity.enableVerifyJwt: false\n"
        f"{HOOKS}: [{PRODUCER_HOOK}, {REACTIVE_HOOK}]\n"
        "kafka-consumer.topic: orders\nkafka-consumer.deadLetterEnabled: false\n"
        "kafka-producer.valueFormat: json\nkafka-producer.keyFormat: json\nkafka-producer.security.protocol: PLAINTEXT\n"
        + ("kafka-producer.test.mock.num.brokers: 3\n" if where == "values.yml" else ""))
    if where == "kafka-consumer.yml":
        (config / where).write_text("keyFormat: json\nvalueFormat: json\nproperties:\n  bootstrap.servers: localhost:9092\n"
                                    "  group.id: g\n  test.mock.num.brokers: 3\n")
    done = subprocess.run([str(BINARY), "run", "--config-dir", str(config), *flag], capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 2, done.stderr
    lines = [line for line in done.stderr.splitlines() if "test.mock.num.brokers" in line]
    assert len(lines) == 1 and re.search(rf"{where}:\d+:\d+: ", lines[0]) and "--embedded-broker" in lines[0], done.stderr


def test_the_example_of_the_readme(tmp_path):
    """Its blocks as a person pastes them, with free ports."""
    text = (ROOT / "README.md").read_text()
    section = text.split("## Develop without Kafka")[1].split("\n## ")[0]
    blocks = dict(re.findall(r"```(\w+)\n(.*?)```", section, re.S))
    assert len(blocks["yaml"].splitlines()) == 5 and len(blocks["python"].splitlines()) == 10
    ports = {"8080": str(free_port()), "8081": str(free_port())}

    def local(block: str) -> str:
        return re.sub(r"\b808[01]\b", lambda port: ports[port.group()], block).replace("build/release/kafka-sidecar", str(BINARY)) \
            .replace("python3", sys.executable)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/values.yml").write_text(local(blocks["yaml"]))
    (tmp_path / "backend.py").write_text(local(blocks["python"]))
    with open(tmp_path / "out", "wb") as out, open(tmp_path / "err", "wb") as err:
        shell = subprocess.Popen(["bash", "-c", local(blocks["sh"]) + "\nwait"], cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=err, start_new_session=True)
    try:
        def seen() -> str:
            return (tmp_path / "out").read_text()
        eventually(lambda: re.search(r'"partition":\d,"offset":0}', seen()), 20, "curl prints partition and offset")
        eventually(lambda: re.search(r"orders \d 0 customer-1 \{'order': 100, 'total': 25\}", seen()), 20, "the backend prints the record")
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        shell.wait(30)
