"""The rows of the active consumer: a client that pulls."""
import http.client
import itertools
import json
import re
import statistics
import subprocess
import threading
import time

from . import machine
from .cells import Row, Run, Spread, disturbances, interleaved, side_line
from .programs import Process, Sidecar, mock_broker, pull_values, run_to_end, tool
from .rows import CONSUMER_DEFAULTS, PRODUCER_DEFAULTS, TOPIC, raw_options, text_of

_groups = itertools.count(1)
_STAMP = re.compile(rb'\{"number":(\d+),"producedAt":(\d+)')
_RECORD = b'"timestamp":'


class Client:
    """One instance on a kept connection. Bodies are counted, not parsed: the client must not be the slow side."""

    def __init__(self, sidecar: Sidecar):
        self._connection = http.client.HTTPConnection("127.0.0.1", sidecar.port, timeout=60)
        self._path = f"/consumers/bench-{time.time_ns()}-{next(_groups)}"
        self._path = json.loads(self.call("POST", "", {"requestWaitMs": 10000}))["base_uri"]

    def call(self, method: str, below: str, body=None) -> bytes:
        text = None if body is None else json.dumps(body)
        self._connection.request(method, self._path + below, text, {"Content-Type": "application/json"} if text else {})
        answer = self._connection.getresponse()
        got = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {below}: {answer.status} {got[:300]!r}")
        return got

    def assign(self, topic: str, partitions: int):
        self.call("POST", "/assignments", {"partitions": [{"topic": topic, "partition": p} for p in range(partitions)]})

    def read(self) -> bytes:
        return self.call("GET", "/records")

    def end(self):
        self.call("DELETE", "")
        self._connection.close()


def _read_all(bootstrap: str, records: int, partitions: int, values: dict) -> Run:
    """Reads the whole topic; measured between the tenth and the ninetieth percent of it."""
    sidecar = Sidecar(pull_values(bootstrap, **values))
    points, reads, done = [], 0, 0
    try:
        client = Client(sidecar)
        client.assign(TOPIC, partitions)
        while done < records:
            got = client.read().count(_RECORD)
            if got == 0:
                raise RuntimeError(f"only {done} of {records} records were read:\n{sidecar.log()}")
            done += got
            reads += 1
            points.append((done, time.monotonic(), machine.cpu_seconds(sidecar.pid) if reads % 16 == 1 else None))
        client.end()
    finally:
        sidecar.end()
    if done > records:
        raise RuntimeError(f"{done} records were read, the topic has {records}")
    inside = [point for point in points if records * 0.1 <= point[0] <= records * 0.9 and point[2] is not None]
    (first, began, first_cpu), (last, ended, last_cpu) = inside[0], inside[-1]
    return Run.of({"records": last - first, "seconds": ended - began, "cpu_seconds": last_cpu - first_cpu,
                   "per_read": done / reads})


def _rate(bench) -> Row:
    # The mock keeps 5 MB per partition, so many records take many partitions.
    partitions, each, target = 64, 4400, 0.50
    broker, bootstrap = mock_broker("--partitions", partitions, "--fill", each, "--size", 1024, "--batch", 200)
    records, properties = partitions * each, {**CONSUMER_DEFAULTS, "fetch.wait.max.ms": "10"}
    values = {"kafka-consumer.requestMaxBytes": 500 * (1024 + 16), "kafka-consumer.fetch.wait.max.ms": "10"}
    try:
        rounds = interleaved(bench.pairs, {
            "sidecar": lambda: _read_all(bootstrap, records, partitions, values),
            "raw": lambda: Run.of(run_to_end("raw_consume", ["--bootstrap", bootstrap, "--topic", TOPIC, "--records", records,
                                                             "--passes", 3, *raw_options({"group.id": "raw", **properties})],
                                             under_test=True))})
    finally:
        broker.end()
    rate = Spread.of(one["sidecar"].rate / one["raw"].rate for one in rounds)
    per_read = statistics.median(one["sidecar"].more["per_read"] for one in rounds)
    return Row("active", "read 500 x 1 KB, one instance", f">= {target:.2f} of raw's rate", rate.text(), rate.middle >= target,
               disturbances(rounds, rate),
               [f"{records:,} records in {partitions} partitions, {per_read:.0f} in a read; {text_of(properties)}",
                side_line("sidecar", rounds, "sidecar"), side_line("raw", rounds, "raw consumer")])


def _memory() -> list[Row]:
    count = 100
    broker, bootstrap = mock_broker("--partitions", 4)
    sidecar = Sidecar(pull_values(bootstrap, **{"kafka-consumer.maxInstances": count + 1}))
    try:
        Client(sidecar).end()
        empty = machine.anonymous_mb(sidecar.pid)
        clients = [Client(sidecar) for _ in range(count)]
        for client in clients:
            client.assign(TOPIC, 4)
        time.sleep(10)
        full = machine.anonymous_mb(sidecar.pid)
        cpu = machine.cpu_seconds(sidecar.pid)
        time.sleep(5)
        cpu = (machine.cpu_seconds(sidecar.pid) - cpu) / 5 / count
    finally:
        sidecar.end()
        broker.end()
    each = (full - empty) / count
    return [Row("active-idle", "RssAnon of one more idle instance", "<= 1.2 MB", f"{each:.2f} MB", each <= 1.2, [],
                [f"10 s after {count} instances were assigned 4 empty partitions each; CPU of one {cpu:.3%} of a core"]),
            Row("active-hundred", "RssAnon with 100 idle instances", "<= 160 MB", f"{full:.0f} MB", full <= 160, [], [])]


def _latency(bench) -> Row:
    records, skipped, interval_ms, limit = 220, 20, 50, 5
    bootstrap = bench.real_broker().bootstrap
    topic = bench._real_topic(1)
    properties = raw_options(PRODUCER_DEFAULTS)
    sidecar = Sidecar(pull_values(bootstrap))
    ages: dict[int, int] = {}
    ended = threading.Event()
    try:
        client = Client(sidecar)
        client.assign(topic, 1)

        def follow():
            while len(ages) < records and not ended.is_set():
                body = client.read()
                now = time.monotonic_ns()
                ages.update((int(number), now - int(at)) for number, at in _STAMP.findall(body))
        raw = Process([tool("raw_consume"), "--bootstrap", bootstrap, "--topic", topic, "--records", str(records), "--follow",
                       *raw_options({"group.id": "raw", **CONSUMER_DEFAULTS})], under_test=True, stdout=subprocess.PIPE)
        raw.line(30)
        reader = threading.Thread(target=follow, daemon=True)
        reader.start()
        watch = machine.Watch(lambda: [process.pid for process in Process.living])
        run_to_end("raw_produce", ["--bootstrap", bootstrap, "--topic", topic, "--records", records, "--interval-ms", interval_ms,
                                   *properties], under_test=False)
        raw_ages = dict(raw.line(30)["ages_ns"])
        raw.end()
        reader.join(20)
        ended.set()
        if len(ages) < records:
            raise RuntimeError(f"only {len(ages)} of {records} records were read")
        conditions = watch.conditions()
    finally:
        sidecar.end()
    added = sorted((ages[number] - raw_ages[number]) / 1e6 for number in range(skipped, records))
    middle = statistics.median(added)
    noisy = [f"steal {conditions.steal:.0%}"] if conditions.steal > 0.03 else []
    if conditions.foreign > 0.05:
        noisy.append(f"other processes {conditions.foreign:.0%}")
    return Row("active-latency", f"a waiting read, a record each {interval_ms} ms, real broker", f"p50 added < {limit} ms",
               f"{middle:.2f} ms [{added[0]:.2f}-{added[-1]:.2f}]", middle < limit, noisy,
               [f"{len(added)} records; produced to read over HTTP, against a raw consumer of the same records"])


def active(bench) -> list[Row]:
    return [_rate(bench), *_memory(), _latency(bench)]
