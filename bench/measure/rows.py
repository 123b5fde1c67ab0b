"""The rows of the table. Each function measures one case and returns its Row(s)."""
import itertools
import statistics
import sys
import time

from . import machine
from .cells import Row, Run, Spread, disturbances, interleaved, side_line
from .programs import (Bridge, Process, Sidecar, Sink, http_echo, mock_broker, produce_values, push_values, run_to_end, tool)

TOPIC = "bench"
_groups = itertools.count(1)

# What the sidecar gives librdkafka without being told otherwise; the raw programs get the same.
PRODUCER_DEFAULTS = {
    "acks": "all",
    "enable.idempotence": "true",
    "linger.ms": "0",
    "batch.size": "1000000",
    "max.in.flight.requests.per.connection": "5",
    "partitioner": "murmur2_random",
}
CONSUMER_DEFAULTS = {
    "check.crcs": "true",
    "enable.auto.commit": "false",
    "fetch.max.bytes": "1000000",
    "message.max.bytes": "1000000",
    "max.partition.fetch.bytes": "262144",
    "fetch.queue.backoff.ms": "10",
    "queued.min.messages": "10000",
}


# How the produce call of other bridges looks. `proof` stands in an answer once per record.
APIS = {
    "sidecar": {"path": "/producers/{topic}", "content_type": "application/json", "proof": '"offset":'},
    # Confluent REST Proxy, Strimzi Bridge, Karapace.
    "confluent-v2": {"path": "/topics/{topic}", "content_type": "application/vnd.kafka.json.v2+json", "proof": '"offset":'},
    # One event per request, answered with 204.
    "dapr": {"path": "/v1.0/publish/pubsub/{topic}", "content_type": "application/json", "proof": "", "bare": True},
}


def raw_options(properties: dict) -> list[str]:
    return [part for name, value in properties.items() for part in ("-X", f"{name}={value}")]


def text_of(properties: dict) -> str:
    return " ".join(f"{name}={value}" for name, value in properties.items())


def longest_pause_ms(points: list[tuple]) -> float:
    """The longest time without a record in samples of (records, time in ns, ...): a stall shows here."""
    longest, since = 0, points[0]
    for point in points[1:]:
        if point[0] != since[0]:
            longest, since = max(longest, point[1] - since[1]), point
    return longest / 1e6


class Bench:
    """What the command line asked for."""

    def __init__(self, pairs: int, seconds: float, use_real: bool = False):
        self.pairs = pairs
        self.seconds = seconds
        self.use_real = use_real
        self.broker = None          # the real one, started by the first row that wants it
        self.broker_folder = None

    # Produce ---------------------------------------------------------------------------------------------------------

    def _http_load(self, port: int, pid: int, connections: int, records: int, size: int, topic: str = TOPIC) -> Run:
        return Run.of(run_to_end("http_load", ["--port", port, "--topic", topic, "--connections", connections, "--records",
                                               records, "--size", size, "--seconds", self.seconds, "--pid", pid],
                                 under_test=False))

    def _raw_produce(self, bootstrap: str, properties: dict, window: int, size: int, topic: str = TOPIC) -> Run:
        return Run.of(run_to_end("raw_produce", ["--bootstrap", bootstrap, "--topic", topic, "--window", window, "--size",
                                                 size, "--seconds", self.seconds, *raw_options(properties)],
                                 under_test=True))

    def _produce_ratio(self, name: str, case: str, target: float, bootstrap: str, changed: dict, connections: int,
                       records: int, size: int, topic: str = TOPIC) -> Row:
        """The sidecar's record rate over raw librdkafka's. `changed`: producer properties other than the defaults."""
        properties = {**PRODUCER_DEFAULTS, **changed}
        window = connections * records
        sidecar = Sidecar(produce_values(bootstrap, **{f"kafka-producer.{key}": value for key, value in changed.items()}))
        memory = []

        def through_sidecar() -> Run:
            run = self._http_load(sidecar.port, sidecar.pid, connections, records, size, topic)
            memory.append(machine.anonymous_mb(sidecar.pid))
            return run
        try:
            rounds = interleaved(self.pairs, {
                "sidecar": through_sidecar,
                "raw": lambda: self._raw_produce(bootstrap, properties, window, size, topic)})
        finally:
            sidecar.end()
        rate = Spread.of(one["sidecar"].rate / one["raw"].rate for one in rounds)
        cpu = Spread.of(one["sidecar"].cpu_us / one["raw"].cpu_us for one in rounds)
        return Row(name, case, f">= {target:.2f} of raw's rate", rate.text(), rate.middle >= target,
                   disturbances(rounds, rate),
                   [f"{connections} connections, window {window} records; both sides: {text_of(properties)}; key 16 bytes, "
                    "one header",
                    side_line("sidecar", rounds, "sidecar"), side_line("raw", rounds, "raw librdkafka"),
                    f"CPU per record: {cpu.text()} times raw's; RssAnon of the sidecar {max(memory):.1f} MB"])

    def produce(self) -> list[Row]:
        broker, bootstrap = mock_broker("--partitions", 4)
        try:
            return [self._produce_ratio("produce", "produce 100 x 1 KB, linger.ms 1", 0.55, bootstrap, {"linger.ms": "1"},
                                        16, 100, 1024)]
        finally:
            broker.end()

    def produce_defaults(self) -> list[Row]:
        broker, bootstrap = mock_broker("--partitions", 4)
        try:
            return [self._produce_ratio("produce-defaults", "produce 100 x 1 KB, shipped defaults", 0.40, bootstrap, {},
                                        16, 100, 1024)]
        finally:
            broker.end()

    def small(self) -> list[Row]:
        broker, bootstrap = mock_broker("--partitions", 4)
        try:
            return [self._produce_ratio("small", "produce 1000 x 100 B", 0.65, bootstrap, {"linger.ms": "1"}, 16, 1000, 100)]
        finally:
            broker.end()

    def single(self) -> list[Row]:
        """One record per request: CPU against our server without Kafka plus Kafka without our server."""
        target, connections = 1.6, 64
        broker, bootstrap = mock_broker("--partitions", 4)
        sidecar = Sidecar(produce_values(bootstrap))
        echo, echo_port = http_echo()
        try:
            rounds = interleaved(self.pairs, {
                "sidecar": lambda: self._http_load(sidecar.port, sidecar.pid, connections, 1, 1024),
                "echo": lambda: self._http_load(echo_port, echo.pid, connections, 1, 1024),
                "raw": lambda: self._raw_produce(bootstrap, PRODUCER_DEFAULTS, connections, 1024)})
        finally:
            sidecar.end()
            echo.end()
            broker.end()
        ratio = Spread.of(one["sidecar"].cpu_us / (one["echo"].cpu_us + one["raw"].cpu_us) for one in rounds)
        return [Row("single", f"produce 1 x 1 KB, {connections} connections", f"<= {target} x CPU of echo + raw", ratio.text(),
                    ratio.middle <= target, disturbances(rounds, ratio),
                    [f"shipped defaults, both sides: {text_of(PRODUCER_DEFAULTS)}; raw's window {connections} records",
                     side_line("sidecar", rounds, "sidecar"), side_line("echo", rounds, "our server without Kafka"),
                     side_line("raw", rounds, "raw librdkafka")])]

    # Push ------------------------------------------------------------------------------------------------------------

    def _push(self, bootstrap: str, topic: str, records: int, sink: Sink, more: dict, watch_memory=None) -> Run:
        """Reads the whole topic with a new group; measured between the tenth and the ninetieth percent of it."""
        base = sink.ask("/counts")["records"]
        sidecar = Sidecar(push_values(bootstrap, topic, f"bench-{time.time_ns()}-{next(_groups)}", sink.url, **more))
        points = []
        try:
            deadline = time.monotonic() + 120
            while True:
                counts = sink.ask("/counts")
                done = counts["records"] - base
                points.append((done, counts["at_ns"], machine.cpu_seconds(sidecar.pid)))
                if watch_memory is not None:
                    watch_memory.append((done, machine.anonymous_mb(sidecar.pid)))
                if done >= records:
                    break
                if time.monotonic() > deadline:
                    raise RuntimeError(f"only {done} of {records} records were pushed:\n{sidecar.log()}")
                time.sleep(0.02)
        finally:
            sidecar.end()
        if done > records:
            raise RuntimeError(f"{done} records were pushed, the topic has {records}")
        inside = [point for point in points if records * 0.1 <= point[0] <= records * 0.9]
        if len(inside) < 2:
            raise RuntimeError("too fast to be measured: more records are needed")
        (first, first_at, first_cpu), (last, last_at, last_cpu) = inside[0], inside[-1]
        return Run.of({"records": last - first, "seconds": (last_at - first_at) / 1e9, "cpu_seconds": last_cpu - first_cpu,
                       "longest_pause_ms": longest_pause_ms(inside)})

    def _raw_consume(self, bootstrap: str, topic: str, records: int, properties: dict, passes: int, commit: bool) -> Run:
        options = ["--bootstrap", bootstrap, "--topic", topic, "--records", records, "--passes", passes,
                   *raw_options({"group.id": f"raw-{time.time_ns()}", **properties})]
        return Run.of(run_to_end("raw_consume", options + (["--commit"] if commit else []), under_test=True))

    def _push_ratio(self, name: str, case: str, target: float | None, bootstrap: str, topic: str, records: int, partitions: int,
                    changed: dict, raw_passes: int, dispatch: str = "batch") -> Row:
        properties = {**CONSUMER_DEFAULTS, **changed}
        values = {"kafka-consumer.requestMaxBytes": 200_000, "kafka-consumer.dispatch": dispatch,
                  **{f"kafka-consumer.{key}": value for key, value in changed.items()}}
        sink = Sink("--size", 1024)
        memory = []
        try:
            rounds = interleaved(self.pairs, {
                "sidecar": lambda: self._push(bootstrap, topic, records, sink, values, memory),
                "raw": lambda: self._raw_consume(bootstrap, topic, records, properties, raw_passes, False),
                "raw+commit": lambda: self._raw_consume(bootstrap, topic, records, properties, 1, True)})
        finally:
            sink.end()
        rate = Spread.of(one["sidecar"].rate / one["raw"].rate for one in rounds)
        committing = Spread.of(one["sidecar"].rate / one["raw+commit"].rate for one in rounds)
        return Row(name, case, "" if target is None else f">= {target:.2f} of raw's rate", rate.text(),
                   None if target is None else rate.middle >= target, disturbances(rounds, rate),
                   [f"{records:,} records in {partitions} partitions, batches of 100, dispatch {dispatch}; {text_of(properties)}",
                    side_line("sidecar", rounds, "sidecar"), side_line("raw", rounds, "raw consumer"),
                    side_line("raw+commit", rounds, "raw consumer, a commit awaited each 100 records"),
                    f"the sidecar's longest pause between deliveries: "
                    f"{max(one['sidecar'].more['longest_pause_ms'] for one in rounds):.0f} ms (sampled each 20 ms)",
                    f"against the committing raw consumer: {committing.text()} of its rate; RssAnon of the sidecar up to "
                    f"{max(mb for _, mb in memory):.1f} MB with {partitions} partitions"])

    def push(self) -> list[Row]:
        # The mock keeps 5 MB per partition, so many records take many partitions.
        partitions, each = 64, 4400
        broker, bootstrap = mock_broker("--partitions", partitions, "--fill", each, "--size", 1024, "--batch", 200)
        try:
            return [self._push_ratio("push", "push 100 x 1 KB, backend answers at once", 0.50, bootstrap, TOPIC,
                                     partitions * each, partitions, {"fetch.wait.max.ms": "10"}, 3)]
        finally:
            broker.end()

    # Lanes and scale -------------------------------------------------------------------------------------------------

    def lanes(self) -> list[Row]:
        """One batch in flight per partition, against one over all of them."""
        partitions, each, work_ms, target = 8, 4400, 10, 6.0
        broker, bootstrap = mock_broker("--partitions", partitions, "--fill", each, "--size", 1024, "--batch", 200)
        sink = Sink("--size", 1024, "--delay-ms", work_ms)
        values = {"kafka-consumer.requestMaxBytes": 200_000, "kafka-consumer.fetch.wait.max.ms": "10"}

        def dispatched(how: str):
            return lambda: self._push(bootstrap, TOPIC, partitions * each, sink, {**values, "kafka-consumer.dispatch": how})
        try:
            rounds = interleaved(self.pairs, {how: dispatched(how) for how in ("partition", "batch")})
        finally:
            sink.end()
            broker.end()
        gain = Spread.of(one["partition"].rate / one["batch"].rate for one in rounds)
        slow = Row("lanes", f"push 100 x 1 KB, {partitions} partitions, backend needs {work_ms} ms per batch",
                   f"partition >= {target:.0f} x batch", gain.text(), gain.middle >= target, disturbances(rounds, gain),
                   [side_line("partition", rounds, "dispatch: partition"), side_line("batch", rounds, "dispatch: batch")])
        partitions = 64
        broker, bootstrap = mock_broker("--partitions", partitions, "--fill", each, "--size", 1024, "--batch", 200)
        try:
            return [slow, self._push_ratio("lanes-push", "push 100 x 1 KB, partition, backend answers at once", 0.55, bootstrap,
                                           TOPIC, partitions * each, partitions, {"fetch.wait.max.ms": "10"}, 3, "partition")]
        finally:
            broker.end()

    def scale(self) -> list[Row]:
        return [self._scale_partitions(), self._scale_connections(), self._scale_loops()]

    def _flat(self, name: str, case: str, points: dict[str, "callable"], details: list[str]) -> Row:
        """CPU per record at several points of a scale, interleaved: the dearest over the cheapest."""
        target = 1.3
        rounds = interleaved(max(3, self.pairs // 2), points)
        middles = {point: statistics.median(one[point].cpu_us for one in rounds) for point in points}
        spread = Spread.of(max(one[point].cpu_us for point in points) / min(one[point].cpu_us for point in points) for one in rounds)
        first = next(iter(points))
        return Row(name, case, f"flat within {target}", spread.text(), spread.middle <= target, disturbances(rounds),
                   [*details, "CPU per record, us: " + ", ".join(f"{point}: {middle:.2f}" for point, middle in middles.items())
                    + f"; the dearest is {max(middles.values()) / middles[first]:.2f} times the first"])

    def _scale_partitions(self) -> Row:
        """A real broker, because the mock keeps too little of one partition."""
        records = 200_000
        bootstrap = self.real_broker().bootstrap
        topics = {}
        for partitions in (1, 16, 64, 256):
            topics[partitions] = self._real_topic(partitions)
            run_to_end("raw_produce", ["--bootstrap", bootstrap, "--topic", topics[partitions], "--records", records, "--window",
                                       20000, *raw_options({**PRODUCER_DEFAULTS, "linger.ms": "5"})], under_test=False, timeout=180)
        sink = Sink("--size", 1024)
        values = {"kafka-consumer.requestMaxBytes": 200_000, "kafka-consumer.dispatch": "partition"}

        def at(partitions: int):
            return lambda: self._push(bootstrap, topics[partitions], records, sink, values)
        try:
            return self._flat("scale-partitions", "CPU per pushed record at 1, 16, 64, 256 partitions",
                              {f"{partitions}": at(partitions) for partitions in topics},
                              [f"{records:,} records of 1 KB in a real broker, batches of at most 100, dispatch partition"])
        finally:
            sink.end()

    def _scale_connections(self) -> Row:
        """Over plain librdkafka with as many records in flight: with few of them librdkafka itself costs more per record, because
        fewer share a request to the broker."""
        target, records, counts = 1.3, 100, (1, 16, 128, 512)
        broker, bootstrap = mock_broker("--partitions", 4)
        sidecar = Sidecar(produce_values(bootstrap, **{"kafka-producer.linger.ms": "1", "server.maxConnections": 1000,
                                                       "server.maxRequestsInFlight": 1000, "server.maxBytesInFlight": 200_000_000}))
        properties = {**PRODUCER_DEFAULTS, "linger.ms": "1"}
        sides = {}
        for count in counts:
            sides[f"{count}"] = lambda count=count: self._http_load(sidecar.port, sidecar.pid, count, records, 1024)
            sides[f"raw {count}"] = lambda count=count: self._raw_produce(bootstrap, properties, count * records, 1024)
        try:
            rounds = interleaved(max(3, self.pairs // 2), sides)
        finally:
            sidecar.end()
            broker.end()
        over = [{count: one[f"{count}"].cpu_us / one[f"raw {count}"].cpu_us for count in counts} for one in rounds]
        middles = {count: statistics.median(one[count] for one in over) for count in counts}
        flat = max(middles.values()) / min(middles.values())
        spread = Spread.of(max(one.values()) / min(one.values()) for one in over)

        def points(values) -> str:
            return ", ".join(f"{count}: {value:.2f}" for count, value in values)
        return Row("scale-connections", "CPU per produced record over raw's, at 1, 16, 128, 512 connections", f"flat within {target}",
                   f"{flat:.2f} [{spread.least:.2f}-{spread.most:.2f}]", flat <= target, disturbances(rounds),
                   [f"{records} records of 1 KB per request, linger.ms 1; raw with as many records in flight",
                    f"CPU over raw's: {points(middles.items())}",
                    "CPU per record, us: " + points((count, statistics.median(one[f"{count}"].cpu_us for one in rounds)) for count in counts)
                    + "; raw: " + points((count, statistics.median(one[f"raw {count}"].cpu_us for one in rounds)) for count in counts)])

    def _scale_loops(self) -> Row:
        """Needs two cores that are free for the sidecar, beside those of the broker and the load."""
        target, connections = 1.4, 64
        usable = machine.usable_cores()
        enough = len(usable) >= 4
        free = set(usable[2:4] if enough else usable[:2])
        broker, bootstrap = mock_broker("--partitions", 4)
        sidecars = {loops: Sidecar(produce_values(bootstrap, **{"server.ioThreads": loops}), free) for loops in (1, 2)}
        try:
            rounds = interleaved(self.pairs, {
                f"{loops}": lambda one=one: self._http_load(one.port, one.pid, connections, 1, 1024) for loops, one in sidecars.items()})
        finally:
            for sidecar in sidecars.values():
                sidecar.end()
            broker.end()
        gain = Spread.of(one["2"].rate / one["1"].rate for one in rounds)
        note = "two cores of its own" if enough else (
            f"not judged: of {len(usable)} cores none is free, the load and the broker share one with the sidecar")
        return Row("scale-loops", f"ioThreads 2 against 1, produce 1 x 1 KB, {connections} connections",
                   f">= {target} x the rate where two cores are free", gain.text(), gain.middle >= target if enough else None,
                   disturbances(rounds, gain),
                   [note, side_line("1", rounds, "ioThreads 1"), side_line("2", rounds, "ioThreads 2")])

    # Another bridge --------------------------------------------------------------------------------------------------

    def against(self, command: str, api: str, seconds_to_start: float) -> list[Row]:
        """The same load on ours and on another HTTP bridge, on the same broker."""
        form = APIS[api]
        if self.use_real:
            broker, bootstrap = None, self.real_broker().bootstrap
            topic = self._real_topic(4)
        else:
            broker, bootstrap = mock_broker("--partitions", 4, "--topic", TOPIC)
            topic = TOPIC
        other = Bridge(command, bootstrap, seconds_to_start)
        ours = Sidecar(produce_values(bootstrap))
        records = 1 if form.get("bare") else 100
        connections = 16
        options = ["--path", form["path"].format(topic=topic), "--content-type", form["content_type"], "--proof", form["proof"],
                   *(["--bare"] if form.get("bare") else [])]
        memory = {"ours": [], "theirs": []}

        def load(side: str, port: int, pids, extra: list) -> Run:
            before = sum(machine.cpu_seconds(pid) for pid in pids())
            told = run_to_end("http_load", ["--port", port, "--connections", connections, "--records", records, "--size", 1024,
                                            "--seconds", self.seconds, *extra], under_test=False)
            # The warm-up is in it, on both sides.
            told["cpu_seconds"] = (sum(machine.cpu_seconds(pid) for pid in pids()) - before) * self.seconds / (self.seconds + 0.5)
            memory[side].append(sum(machine.anonymous_mb(pid) for pid in pids()))
            return Run.of(told)
        try:
            rounds = interleaved(self.pairs, {
                "ours": lambda: load("ours", ours.port, lambda: [ours.pid], ["--topic", topic]),
                "theirs": lambda: load("theirs", other.port, other.pids, options)})
        finally:
            ours.end()
            other.end()
            if broker is not None:
                broker.end()
        rate = Spread.of(one["ours"].rate / one["theirs"].rate for one in rounds)
        cpu = Spread.of(one["theirs"].cpu_us / one["ours"].cpu_us if one["ours"].cpu_us else 0 for one in rounds)
        return [Row("against", f"produce {records} x 1 KB, {connections} connections, {api}", "", f"{rate.text()} times its rate", None,
                    disturbances(rounds, rate),
                    [side_line("ours", rounds, "ours"), side_line("theirs", rounds, "theirs"),
                     f"CPU per record: theirs is {cpu.text()} times ours",
                     f"memory (RssAnon): ours {max(memory['ours']):.1f} MB, theirs {max(memory['theirs']):.1f} MB"])]

    # Memory and start ------------------------------------------------------------------------------------------------

    def memory(self) -> list[Row]:
        broker, bootstrap = mock_broker("--brokers", 3, "--partitions", 6)
        sink = Sink()
        sidecar = Sidecar(push_values(bootstrap, TOPIC, "idle", sink.url, **{"kafka-consumer.fetch.wait.max.ms": "500"}))
        try:
            time.sleep(5)
            before = machine.cpu_seconds(sidecar.pid)
            idle = machine.anonymous_mb(sidecar.pid)
            time.sleep(5)
            idle_cpu = (machine.cpu_seconds(sidecar.pid) - before) / 5
            idle = max(idle, machine.anonymous_mb(sidecar.pid))
        finally:
            sidecar.end()
            sink.end()
        sidecar = Sidecar(produce_values(bootstrap))
        samples = []
        try:
            load = Process([tool("http_load"), "--port", str(sidecar.port), "--seconds", "6"], under_test=False)
            while load.popen.poll() is None:
                samples.append(machine.anonymous_mb(sidecar.pid))
                time.sleep(0.02)
            if load.end() != 0:
                raise RuntimeError("http_load failed")
        finally:
            sidecar.end()
            broker.end()
        producing = max(samples)
        return [Row("memory-idle", "RssAnon, producer and consumer, 3 brokers", "<= 6 MB", f"{idle:.1f} MB", idle <= 6, [],
                    [f"10 s after the start; CPU while idle {idle_cpu:.2%} of a core"]),
                Row("memory-producing", "RssAnon, 100 x 1 KB on 16 connections", "<= 16 MB", f"{producing:.1f} MB",
                    producing <= 16, [], ["the highest of a sample each 20 ms over 6 s at full rate, 3 brokers"])]

    def start(self) -> list[Row]:
        broker, bootstrap = mock_broker()
        times = []
        try:
            for _ in range(20):
                sidecar = Sidecar(produce_values(bootstrap))
                times.append(sidecar.start_seconds * 1000)
                sidecar.end()
        finally:
            broker.end()
        spread = Spread.of(times)
        return [Row("start", "start to listening, 20 starts", "<= 30 ms", spread.text(1, " ms"), spread.middle <= 30, [],
                    ["from the fork to the ready file, which is written when the listener accepts"])]

    # Real broker -----------------------------------------------------------------------------------------------------

    def real_broker(self):
        """One node of Apache Kafka, shared by all rows that want one."""
        if self.broker is None:
            from . import real
            print("    starting Kafka", file=sys.stderr, flush=True)
            self.broker, self.broker_folder = real.start()
        return self.broker

    def end(self):
        if self.broker is not None:
            self.broker.stop()
            self.broker_folder.cleanup()
            self.broker = None

    def _real_topic(self, partitions: int) -> str:
        from . import real
        return real.create_topic(self.real_broker().bootstrap, partitions)

    def latency(self) -> list[Row]:
        return [self._latency(0), self._latency(50)]

    def _latency(self, wait_ms: int) -> Row:
        records, skipped, interval_ms = 220, 20, 50
        bootstrap = self.real_broker().bootstrap
        topic = self._real_topic(1)
        properties = raw_options(PRODUCER_DEFAULTS)
        sink = Sink("--stamps")
        sidecar = Sidecar(push_values(bootstrap, topic, f"latency-{time.time_ns()}", sink.url,
                                      **{"kafka-consumer.fetchMaxWait": wait_ms}))
        try:
            # Everybody is there before the measurement: one record has arrived through the sidecar.
            run_to_end("raw_produce", ["--bootstrap", bootstrap, "--topic", topic, "--records", 1, *properties], under_test=False)
            deadline = time.monotonic() + 60
            while sink.ask("/counts")["records"] < 1:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"no record was pushed:\n{sidecar.log()}")
                time.sleep(0.05)
            import subprocess
            raw = Process([tool("raw_consume"), "--bootstrap", bootstrap, "--topic", topic, "--records", str(records), "--follow",
                           *raw_options({"group.id": "raw", **CONSUMER_DEFAULTS})], under_test=True, stdout=subprocess.PIPE)
            raw.line(30)
            watch = machine.Watch(lambda: [process.pid for process in Process.living])
            run_to_end("raw_produce", ["--bootstrap", bootstrap, "--topic", topic, "--records", records, "--interval-ms",
                                       interval_ms, *properties], under_test=False)
            raw_ages = dict(raw.line(30)["ages_ns"])
            raw.end()
            deadline = time.monotonic() + 10
            while len(ages := dict(sink.ask("/ages")["ages_ns"])) < records:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"only {len(ages)} of {records} records were pushed")
                time.sleep(0.05)
            conditions = watch.conditions()
        finally:
            sidecar.end()
            sink.end()
        measured = range(skipped, records)
        pushed = sorted(ages[number] / 1e6 for number in measured)
        read = sorted(raw_ages[number] / 1e6 for number in measured)
        added = sorted((ages[number] - raw_ages[number]) / 1e6 for number in measured)
        middle, limit = statistics.median(added), wait_ms + 5
        noisy = [f"steal {conditions.steal:.0%}"] if conditions.steal > 0.03 else []
        if conditions.foreign > 0.05:
            noisy.append(f"other processes {conditions.foreign:.0%}")

        def p99(values) -> float:
            return values[int(0.99 * (len(values) - 1))]
        return Row(f"latency-{wait_ms}", f"push, a record each {interval_ms} ms, fetchMaxWait {wait_ms}, real broker",
                   f"p50 added < {limit} ms", f"{middle:.2f} ms [{added[0]:.2f}-{added[-1]:.2f}]", middle < limit, noisy,
                   [f"{len(added)} records; produced to pushed p50 {statistics.median(pushed):.2f} p99 {p99(pushed):.2f} ms, "
                    f"produced to read by a raw consumer p50 {statistics.median(read):.2f} p99 {p99(read):.2f} ms; added per "
                    f"record p99 {p99(added):.2f} ms"])

    def backlog(self) -> list[Row]:
        """A million records wait in a real broker: the rate does not matter here, the memory does."""
        records, partitions = 1_000_000, 6
        bootstrap = self.real_broker().bootstrap
        topic = self._real_topic(partitions)
        print("    filling a topic", file=sys.stderr, flush=True)
        run_to_end("raw_produce", ["--bootstrap", bootstrap, "--topic", topic, "--records", records, "--window", 20000,
                                   *raw_options({**PRODUCER_DEFAULTS, "linger.ms": "5"})], under_test=False, timeout=180)
        sink = Sink("--size", 1024)
        memory = []
        try:
            run = self._push(bootstrap, topic, records, sink, {"kafka-consumer.requestMaxBytes": 200_000}, memory)
        finally:
            sink.end()
        most = max(mb for _, mb in memory)
        early = max(mb for done, mb in memory if done <= records * 0.2)
        late = max(mb for done, mb in memory if done >= records * 0.8)
        tenths = [statistics.median([mb for done, mb in memory if records * i / 10 <= done <= records * (i + 1) / 10] or [0])
                  for i in range(10)]
        return [Row("memory-pushing", "RssAnon, pushing at full rate, real broker", "<= 30 MB", f"{most:.1f} MB", most <= 30, [],
                    [f"{records:,} records of 1 KB in {partitions} partitions, {run.rate:,.0f} records/s, CPU {run.cpu_us:.2f} "
                     f"us/record, longest pause between deliveries {run.more['longest_pause_ms']:.0f} ms"]),
                Row("memory-backlog", "RssAnon over that backlog of a million records", "flat (within 2 MB)",
                    f"{early:.1f} MB in the first fifth, {late:.1f} MB in the last", late <= early + 2, [],
                    ["median of each tenth of the backlog, MB: " + " ".join(f"{mb:.1f}" for mb in tenths)])]

    def real_produce(self) -> list[Row]:
        bootstrap = self.real_broker().bootstrap
        topic = self._real_topic(4)
        return [self._produce_ratio("real-produce", "produce 100 x 1 KB, shipped defaults, real broker", 0.40, bootstrap, {},
                                    16, 100, 1024, topic)]

    def real_push(self) -> list[Row]:
        records, partitions = 500_000, 6
        bootstrap = self.real_broker().bootstrap
        topic = self._real_topic(partitions)
        run_to_end("raw_produce", ["--bootstrap", bootstrap, "--topic", topic, "--records", records, "--window", 20000,
                                   *raw_options({**PRODUCER_DEFAULTS, "linger.ms": "5"})], under_test=False, timeout=180)
        return [self._push_ratio("real-push", "push 100 x 1 KB, real broker", 0.50, bootstrap, topic, records, partitions, {}, 1)]


def all_rows(bench: Bench) -> dict:
    from .active import active
    from .formats import formats
    return {"produce": bench.produce, "produce-defaults": bench.produce_defaults, "single": bench.single, "small": bench.small,
            "push": bench.push, "lanes": bench.lanes, "scale": bench.scale, "memory": bench.memory, "start": bench.start,
            "latency": bench.latency, "backlog": bench.backlog, "active": lambda: active(bench),
            "formats": lambda: formats(bench)}


def real_rows(bench: Bench) -> dict:
    return {"real-produce": bench.real_produce, "real-push": bench.real_push}
