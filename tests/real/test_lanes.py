"""dispatch: partition. One batch in flight for each partition: side by side, bounded, and none held up by another."""
import json
import threading
import time

import pytest

from harness import backend as answers
from harness.push import Push
from harness.wait import eventually, never

PARTITIONS = 8


@pytest.fixture
def lanes(kafka, start_sidecar, backend, name) -> Push:
    return Push(kafka, start_sidecar, backend, name, partitions=PARTITIONS)


def start(lanes: Push, **settings):
    return lanes.start({"dispatch": "partition", "maxBatchRecords": 10, "fetchMaxWait": 10, **settings})


def fill(lanes: Push, records: int = 100, partitions=range(PARTITIONS)) -> int:
    lanes.kafka.produce(lanes.topic, [{"key": b"k", "value": json.dumps({"n": number}).encode(), "partition": partition}
                                      for number in range(records) for partition in partitions])
    return records * len(partitions)


def of(partition: int, exchange) -> bool:
    return exchange.delivery.records[0]["partition"] == partition


def accepted_of(lanes: Push, partition: int) -> int:
    return sum(place[1] == partition for place in lanes.backend.accepted())


def partitions_of(delivery) -> set[int]:
    return {record["partition"] for record in delivery.records}


class Concurrency:
    """How many deliveries were with the backend at once, in all and per partition. Each takes some time."""

    def __init__(self, seconds: float = 0.02):
        self.seconds = seconds
        self.lock = threading.Lock()
        self.now: list[int] = []
        self.most = self.most_of_one = 0

    def __call__(self, exchange):
        partition = exchange.delivery.records[0]["partition"]
        with self.lock:
            self.now.append(partition)
            self.most = max(self.most, len(self.now))
            self.most_of_one = max(self.most_of_one, self.now.count(partition))
        exchange.wait(threading.Event(), self.seconds)
        with self.lock:
            self.now.remove(partition)
        answers.accept(exchange)


@pytest.mark.parametrize("bound", [1, 3, 16])
def test_batches_run_side_by_side_within_the_bound_and_each_is_of_one_partition(lanes, bound):
    total = fill(lanes)
    watch = lanes.backend.behaviour = Concurrency()
    start(lanes, maxBatchesInFlight=bound)
    lanes.wait_settled()
    assert watch.most == min(bound, PARTITIONS)
    assert watch.most_of_one == 1
    seen = lanes.backend.seen()
    assert all(len(partitions_of(delivery)) == 1 for delivery in seen)
    assert sum(len(delivery.records) for delivery in seen) == total == len(lanes.backend.accepted())
    for partition in range(PARTITIONS):
        delivered = [record["offset"] for delivery in seen if partitions_of(delivery) == {partition} for record in delivery.records]
        assert delivered == list(range(100)), partition


@pytest.mark.parametrize("bound", [2, 16])
def test_a_partition_whose_answer_does_not_come_holds_nobody(lanes, bound):
    fill(lanes)
    free = threading.Event()
    lanes.backend.behaviour = lambda exchange: (answers.hold(free) if of(3, exchange) else answers.accept)(exchange)
    start(lanes, maxBatchesInFlight=bound)
    lanes.backend.wait_accepted(100 * (PARTITIONS - 1))
    eventually(lambda: all(lanes.committed().get(partition) == 100 for partition in range(PARTITIONS) if partition != 3), 10,
               "the other partitions are committed")
    assert accepted_of(lanes, 3) == 0 and lanes.committed().get(3, 0) == 0
    free.set()
    lanes.wait_settled()
    assert len(lanes.backend.accepted()) == 800 == len(lanes.backend.records())


@pytest.mark.parametrize("failure", [answers.body(b"broken", 500), answers.close, answers.garbage, answers.too_short],
                         ids=["status 500", "closes", "garbage", "too short"])
def test_a_partition_that_fails_holds_nobody_even_with_one_post_at_a_time(lanes, failure):
    fill(lanes)
    failing = threading.Event()
    failing.set()
    lanes.backend.behaviour = lambda exchange: (failure if of(5, exchange) and failing.is_set() else answers.accept)(exchange)
    start(lanes, maxBatchesInFlight=1, waitPeriod=10, retryBackoffMaxMs=50)
    lanes.backend.wait_accepted(100 * (PARTITIONS - 1))
    assert accepted_of(lanes, 5) == 0
    first = [delivery for delivery in lanes.backend.seen() if 5 in partitions_of(delivery)]
    assert len({(delivery.batch_id, delivery.body) for delivery in first}) == 1
    assert [delivery.attempt for delivery in first] == list(range(1, len(first) + 1))
    failing.clear()
    lanes.wait_settled()
    assert len(lanes.backend.accepted()) == 800


def test_a_partition_that_rolls_back_and_one_with_dead_letters_hold_nobody(lanes):
    fill(lanes)
    gone = {"on": True}

    def refuses(record):
        if record["partition"] == 1:
            return gone["on"] and "all of them"
        return record["partition"] == 2 and record["value"]["n"] % 10 == 0 and "one in ten"
    lanes.backend.behaviour = answers.reject(refuses)
    start(lanes, maxRetries=1000, retryDelayMs=50)
    lanes.backend.wait_accepted(100 * 6 + 90)
    assert accepted_of(lanes, 1) == 0
    gone["on"] = False
    lanes.wait_settled()
    assert sorted(int(letter.header("X-DLQ-Offset")) for letter in lanes.letters()) == list(range(0, 100, 10))
    assert {letter.header("X-DLQ-Partition") for letter in lanes.letters()} == {b"2"}
    assert len(lanes.backend.accepted()) == 790


def test_while_nobody_listens_only_a_few_batches_wait_and_all_go_on_when_the_backend_is_back(lanes):
    sidecar = start(lanes, maxBatchesInFlight=2, retryBackoffMaxMs=5000)
    eventually(sidecar.ready, 15, "ready")
    lanes.backend.stop()
    fill(lanes)
    eventually(lambda: "cannot connect" in sidecar.stderr() or "refused" in sidecar.stderr().lower(), 10, "the outage is noticed")
    eventually(lambda: not sidecar.checks()["reactive"], 10, "readiness says so")
    never(lambda: len({line.split('"batch":"')[1][:22] for line in sidecar.stderr().splitlines()
                       if "posted again" in line and '"batch":"' in line}) > 2, 1.5, "more than two batches try to get through")
    lanes.backend.start()
    lanes.wait_settled()
    assert len(lanes.backend.accepted()) == 800 == len(lanes.backend.records())


def test_all_batches_in_flight_settle_on_sigterm(lanes):
    fill(lanes)
    free = threading.Event()
    lanes.backend.behaviour = answers.hold(free)
    sidecar = start(lanes, maxBatchesInFlight=5)
    lanes.backend.wait_deliveries(5)
    ended = threading.Thread(target=lambda: (never(lambda: not sidecar.running, 0.3, "it does not wait for them"), free.set()))
    ended.start()
    assert sidecar.stop(20) == 0
    ended.join()
    assert len(lanes.backend.seen()) == 5
    assert sum(lanes.committed().values()) == 50 == len(lanes.backend.accepted())
    start(lanes, maxBatchesInFlight=5)
    lanes.wait_settled()
    assert len(lanes.backend.records()) == 800


def test_a_bounded_number_of_records_is_held_while_many_partitions_fail(kafka, start_sidecar, backend, name):
    many = Push(kafka, start_sidecar, backend, name, partitions=64)
    value = {"text": "x" * 1000}
    kafka.produce(many.topic, [{"key": b"k", "value": json.dumps(value).encode(), "partition": number % 64}
                               for number in range(64 * 400)])
    backend.behaviour = answers.body(b"no", 503)
    sidecar = many.start({"dispatch": "partition", "prefetchMaxBytes": 8 << 20, "waitPeriod": 200, "retryBackoffMaxMs": 200})
    eventually(lambda: len({tuple(partitions_of(delivery)) for delivery in backend.seen()}) == 64, 30, "every partition has failed")
    most = 0
    until = time.monotonic() + 2

    def watched():
        nonlocal most
        most = max(most, sidecar.memory_bytes())
        return time.monotonic() > until
    eventually(watched, 10, "watched for a while")
    # 64 batches of 100 KB with their bodies, 8 MiB read ahead, what librdkafka has on its way, and the process itself.
    assert most < 64_000_000, most
    backend.behaviour = answers.accept
    many.wait_settled(60)
    assert len(backend.accepted()) == 64 * 400
