"""The process as its surroundings see it: health, signals, exit codes, logs, the smallest configuration."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from harness import backend as answers
from harness.broker import Broker
from harness.data import DATA
from harness.kafka import Kafka
from harness.push import Push
from harness.sidecar import HOOKS, PRODUCER_HOOK, Sidecar, produce_values
from harness.wait import eventually, free_port, never

# Health (1.15, 8.7, D12) ---------------------------------------------------------------------------------------------

def test_health_of_a_well_sidecar(push):
    sidecar = push.start()
    eventually(sidecar.ready, 10, "ready")
    for path in ("liveness", "startup", "readiness"):
        answer = sidecar.get(f"/health/{path}").expect(200)
        assert answer.body == b"OK" and answer.headers["Content-Type"].startswith("text/plain")
    checks = sidecar.get("/health/readiness", Accept="application/json").expect(200).json()
    assert checks["result"] == "OK"
    # The backend has a check of its own when health.downstreamEnabled asks for one (8.7); without, `reactive` tells.
    assert {check["name"] for check in checks["checks"]} == {"kafka", "producer", "reactive"}
    assert all(check["ok"] for check in checks["checks"])
    assert sidecar.get("/health/com.networknt.kafka-sidecar-1.0.0").status == 200


def test_startup_and_liveness_wait_for_nobody(start_sidecar, start_backend, name, kafka):
    """Neither broker nor backend is there, and there never will be one."""
    backend = start_backend()
    backend.stop()
    values = {**Push(kafka, start_sidecar, backend, name).values(), "health.timeout": 500}
    nobody = f"127.0.0.1:{free_port()}"
    values["kafka-producer.bootstrap.servers"] = values["kafka-consumer.bootstrap.servers"] = nobody
    began = time.monotonic()
    sidecar = start_sidecar(values)
    assert time.monotonic() - began < 2
    assert sidecar.get("/health/startup").body == b"OK"
    assert sidecar.get("/health/liveness").body == b"OK"
    eventually(lambda: sidecar.get("/health/readiness").status == 503, 12, "not ready")
    assert sidecar.get("/health/readiness").body == b"ERROR"
    eventually(lambda: sidecar.checks()["kafka"] is False, 12, "the kafka check fails after ten seconds without a broker")
    answer = sidecar.get("/health/readiness", Accept="application/json").expect(503).json()
    assert answer["result"] == "ERROR"
    assert any(not check["ok"] and check["detail"] for check in answer["checks"])
    assert sidecar.get("/health/liveness").body == b"OK"
    assert sidecar.stop(timeout=10) == 0


@pytest.mark.parametrize("settings, status", [({"health.unhealthyStatus": 400}, 400), ({"health.useJson": True}, 503)])
def test_unhealthy_in_other_forms(start_sidecar, start_backend, push, settings, status):
    push.backend.stop()
    sidecar = push.start({f".{key}": value for key, value in settings.items()})
    answer = sidecar.get("/health/readiness").expect(status)
    if "health.useJson" in settings:
        assert answer.json()["result"] == "ERROR"


def test_liveness_full(push):
    push.backend.stop()
    sidecar = push.start({".health.livenessFull": True})
    assert sidecar.get("/health/liveness").status == 503


# Shutdown (8.10, 4.9) ------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_clean_stop(push, number):
    sidecar = push.start()
    push.fill([{"n": 1}])
    push.wait_settled()
    sidecar.produce(push.topic, [{"value": {"n": 2}}])
    push.wait_settled()
    ready_file = sidecar.ready_file
    began = time.monotonic()
    sidecar.signal(number)
    assert sidecar.wait(10) == 0
    assert time.monotonic() - began < 3
    assert not ready_file.exists()
    # It left the group, so nobody waits for it.
    assert push.kafka.admin.describe_consumer_groups([push.group])[push.group].result(10).members == []


def test_an_idle_producer_stops_at_once(broker, start_sidecar):
    sidecar = start_sidecar(produce_values(broker.bootstrap))
    began = time.monotonic()
    assert sidecar.stop() == 0
    assert time.monotonic() - began < 1.5


def test_readiness_turns_and_the_batch_in_flight_settles(push):
    go = threading.Event()
    push.fill([{"n": number} for number in range(10)])
    push.backend.behaviour = answers.hold(go)
    sidecar = push.start({"maxBatchRecords": 5, "fetchMaxWait": 500})
    push.backend.wait_deliveries(1)
    sidecar.signal(signal.SIGTERM)
    never(lambda: not sidecar.running, 1, "it did not wait for its batch")
    go.set()
    assert sidecar.wait(10) == 0
    assert len(push.backend.seen()) == 1, "a new batch was begun while stopping"
    assert push.committed() == {0: 5}


def test_a_batch_that_does_not_settle_is_given_up_uncommitted(push):
    push.fill([{"n": 1}])
    push.backend.behaviour = answers.hang
    sidecar = push.start({"shutdownDrainMs": 700})
    push.backend.wait_deliveries(1)
    began = time.monotonic()
    assert sidecar.stop(10) == 0
    assert 0.6 < time.monotonic() - began < 6.5
    assert push.committed() == {}


def test_a_second_signal_forces(push):
    push.fill([{"n": 1}])
    push.backend.behaviour = answers.hang
    sidecar = push.start({"shutdownDrainMs": 60000})
    push.backend.wait_deliveries(1)
    sidecar.signal(signal.SIGTERM)
    never(lambda: not sidecar.running, 0.5, "it did not wait for its batch")
    began = time.monotonic()
    sidecar.signal(signal.SIGTERM)
    assert sidecar.wait(5) != 0
    assert time.monotonic() - began < 2
    assert push.committed() == {}


def test_a_request_under_way_is_answered(tmp_path, start_sidecar, kafka, broker, topic):
    """SIGTERM while a produce request is half received: it has shutdownGracefulPeriod to come in."""
    sidecar = start_sidecar({**produce_values(broker.bootstrap), "server.shutdownGracefulPeriod": 5000})
    body = b'{"records":[{"value":1}]}'
    with socket.create_connection(("127.0.0.1", sidecar.port), timeout=10) as peer:
        peer.sendall(b"POST /producers/%s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                     % (topic.encode(), len(body)) + body[:5])
        # The head has been read once the server takes part in the exchange of another connection after it.
        assert sidecar.get("/health/liveness").status == 200
        sidecar.signal(signal.SIGTERM)

        def refused():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", sidecar.port)) != 0
        eventually(refused, 3, "it stops accepting")
        peer.sendall(body[5:])
        answer = peer.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200"), answer
    assert sidecar.wait(10) == 0
    assert len(kafka.read(topic)) == 1


def test_stopping_without_a_broker_ends(tmp_path, start_sidecar, name):
    """Records that nobody takes do not hold the process."""
    sidecar = start_sidecar(produce_values(f"127.0.0.1:{free_port()}"))

    def ask():
        try:
            sidecar.produce("nowhere", [{"value": 1}] * 10)
        except Exception:  # The process ends while it waits: any end is good.
            pass
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    never(lambda: not asking.is_alive(), 0.5, "answered without a broker")
    began = time.monotonic()
    sidecar.signal(signal.SIGTERM)
    assert sidecar.wait(15) == 0
    assert time.monotonic() - began < 9


# Starting ------------------------------------------------------------------------------------------------------------

def test_a_port_that_is_taken_is_a_failure_that_names_it(broker, start_sidecar):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sidecar = start_sidecar({**produce_values(broker.bootstrap), "server.httpPort": port, "server.ip": "127.0.0.1"}, wait=False)
        assert sidecar.wait(10) in (1, 2)
        assert str(port) in sidecar.stderr()


def test_https_without_a_key_store_is_a_start_error(broker, start_sidecar):
    sidecar = start_sidecar({**produce_values(broker.bootstrap), "server.enableHttps": True}, wait=False)
    assert sidecar.wait(10) == 2
    assert "keystore" in sidecar.stderr() and "enableHttp" in sidecar.stderr()


@pytest.mark.parametrize("hook", ["KsqldbReactiveConsumerStartupHook", "NoSuchStartupHook"])
def test_a_component_that_does_not_exist_is_named(broker, start_sidecar, hook):
    sidecar = start_sidecar({**produce_values(broker.bootstrap), HOOKS: [PRODUCER_HOOK, f"com.networknt.mesh.kafka.{hook}"]},
                            wait=False)
    assert sidecar.wait(10) == 2
    assert hook in sidecar.stderr()


def test_one_line_on_standard_output_when_ready(broker, start_sidecar):
    sidecar = start_sidecar(produce_values(broker.bootstrap))
    out = eventually(lambda: (sidecar.folder / "stdout.log").read_text(), 5, "a line")
    assert out.count("\n") == 1 and str(sidecar.port) in out


# Logs ----------------------------------------------------------------------------------------------------------------

def test_logs_are_json_lines_without_values_or_secrets(push):
    secret, value = "hunter2-secret", "confidential-value-of-a-record"
    push.backend.behaviour = answers.reject(lambda record: "trace")
    sidecar = push.start({".kafka-producer.password": secret, ".client.trustStorePass": secret})
    sidecar.post(f"/producers/{push.topic}", {"records": [{"key": value, "value": value}]}, {
        "Authorization": f"Bearer {secret}", "X-Traceability-Id": "trace-7"}).expect(200)
    sidecar.post(f"/producers/{push.topic}", {"valueFormat": "binary", "records": [{"value": value + "!"}]}).expect(400)
    sidecar.post(f"/producers/{push.topic}", '{"records":[{"value":"%s"' % value).expect(400)
    push.wait_settled()
    assert sidecar.stop() == 0
    lines = sidecar.stderr().splitlines()
    assert lines
    for line in lines:
        assert isinstance(json.loads(line), dict), line
    assert secret not in sidecar.stderr() and value not in sidecar.stderr()
    assert "trace-7" in sidecar.stderr()


def test_standard_error_on_a_full_disk_changes_no_count(kafka, start_sidecar, backend, name):
    """Every write to standard error fails; everything else goes on as if nobody had noticed."""
    push = Push(kafka, start_sidecar, backend, name)
    push.fill([{"n": number, "refuse": number % 10 == 3} for number in range(200)] + [b"{bad"])
    backend.behaviour = answers.reject(lambda record: record["value"]["refuse"])
    backend.script = [answers.body(b"", 500), answers.close]
    with open("/dev/full", "wb") as full:
        sidecar = push.start({"waitPeriod": 20}, stderr=full)
        push.wait_settled()
        offsets = sidecar.produce(push.topic, [{"value": {"n": number, "refuse": False}, "partition": 0} for number in range(50)])
        assert [slot["offset"] for slot in offsets] == list(range(201, 251))
        push.wait_settled()
        assert sidecar.ready()
        assert sidecar.stop() == 0
    assert push.committed() == {0: 251}
    assert len(push.letters()) == 21
    assert len(backend.accepted()) == 230


def test_standard_error_on_a_pipe_that_nobody_reads(kafka, start_sidecar, backend, name):
    """A log reader that stands still must not stand the sidecar still."""
    push = Push(kafka, start_sidecar, backend, name)
    reading, writing = os.pipe()
    try:
        sidecar = push.start({}, stderr=writing)
        for number in range(300):
            sidecar.post(f"/producers/{push.topic}", {"records": [{"value": {"n": number}}]},
                         {"X-Traceability-Id": "t" * 1000}).expect(200)
        push.wait_settled()
        assert sidecar.stop() == 0
    finally:
        os.close(reading)
        os.close(writing)
    assert len(backend.accepted()) == 300


# The OpenAPI file ------------------------------------------------------------------------------------------------------

def test_every_route_of_the_openapi_file_is_served(push):
    """And no path of it answers as one that nobody knows."""
    text = (DATA.parents[1] / "docs/openapi.yaml").read_text()
    routes = re.findall(r"^  (/\S+):\n    (get|post):$", text, re.MULTILINE)
    assert len(routes) >= 6
    sidecar = push.start()
    for path, method in routes:
        path = path.replace("{serviceId}", "com.networknt.kafka-sidecar-1.0.0").replace("{topic}", push.topic)
        status = sidecar.request(method.upper(), path, b'{"records":[]}' if method == "post" else None).status
        assert status not in (404, 405), f"{method} {path}: {status}"


# The smallest configuration ------------------------------------------------------------------------------------------

TEN_LINES = """
import http.server, json
class Backend(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        records = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for record in records: print(record["value"], flush=True)
        answer = json.dumps([{"record": record, "processed": True} for record in records]).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(answer))); self.end_headers(); self.wfile.write(answer)
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", PORT), Backend).serve_forever()
"""


def test_the_smallest_values_with_a_ten_line_backend(tmp_path, start_sidecar):
    """On a broker of its own, because `orders` and `billing` stay as they are; only ports differ. localhost stays, too."""
    broker = Broker(tmp_path / "node").start()
    backend = None
    try:
        kafka = Kafka(broker.bootstrap)
        kafka.create("orders", 3)
        kafka.create("orders.dlq", 1)
        port = free_port()
        backend = subprocess.Popen([sys.executable, "-c", TEN_LINES.replace("PORT", str(port))], stdout=subprocess.PIPE, text=True)
        values = (DATA / "smallest/values.yml").read_text().replace(": 8080", ": 0").replace(":9092", f":{broker.port}").replace(":8081", f":{port}")
        sidecar = start_sidecar(values)
        [slot] = sidecar.produce("orders", [{"key": "o-1", "value": {"amount": 12}}])
        assert slot["offset"] == 0
        assert backend.stdout.readline() == "{'amount': 12}\n"
        eventually(lambda: kafka.settled("billing", "orders"), 15, "committed")
        assert sidecar.stop() == 0
    finally:
        if backend is not None:
            backend.kill()
            backend.wait()
            backend.stdout.close()
        broker.stop()


# Bounds --------------------------------------------------------------------------------------------------------------

def test_a_backlog_leaves_memory_and_descriptors_flat(kafka, start_sidecar, backend, name):
    push = Push(kafka, start_sidecar, backend, name)
    push.fill([{"n": number, "pad": "x" * 500} for number in range(60_000)])
    sidecar = push.start({"requestMaxBytes": 1000000})
    backend.wait_accepted(10_000, 60)
    early = sidecar.memory_bytes(), sidecar.descriptors()
    push.wait_settled(90)
    late = sidecar.memory_bytes(), sidecar.descriptors()
    assert late[0] < early[0] + 8_000_000, (early, late)
    assert late[0] < 60_000_000
    assert late[1] <= early[1] + 2


def test_a_client_that_leaves_costs_nothing(broker, kafka, topic, start_sidecar):
    sidecar: Sidecar = start_sidecar(produce_values(broker.bootstrap))
    sidecar.produce(topic, [{"value": 0}])
    before = sidecar.descriptors()
    for _ in range(200):
        with socket.create_connection(("127.0.0.1", sidecar.port)) as peer:
            peer.sendall(b"POST /producers/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    eventually(lambda: sidecar.descriptors() <= before + 1, 10, "descriptors are given back")
    sidecar.produce(topic, [{"value": 1}])
