"""The reactive consumer against a real broker: what the backend gets, and what becomes of its answers."""
import base64
import json
import re
import threading
import time

import pytest

from harness import backend as answers
from harness.data import json_vectors, naughty_strings
from harness.push import MEMBERSHIPS, Push
from harness.sidecar import HOOKS, REACTIVE_HOOK
from harness.wait import eventually, never

TRACE = "java.lang.IllegalStateException: no such order\n\tat com.example.Orders.post(Orders.java:42)"
REFUSED = {"refuse": True}


def refuses(record: dict):
    """The backend refuses what says so."""
    return TRACE if isinstance(record.get("value"), dict) and record["value"].get("refuse") else None


@pytest.fixture(params=MEMBERSHIPS, autouse=True)
def membership(request, monkeypatch) -> str:
    """Each test once for every way to be a member of the group."""
    monkeypatch.setattr(Push, "membership", MEMBERSHIPS[request.param])
    return request.param


# What is delivered ---------------------------------------------------------------------------------------------------

def test_the_body_and_the_headers_of_a_delivery(push):
    [(_, first)] = push.fill([{"n": 1}], key="cust-7", timestamp=1767225600123,
                             headers=[("X-Correlation-Id", b"c-1"), ("X-Traceability-Id", b"tr-1"), ("h", "\u00e9".encode()),
                                      ("none", None)])
    push.fill([{"n": 2}], key=None, timestamp=1767225600500)
    push.fill([None], key="gone", timestamp=1767225600600)
    push.start({"maxBatchRecords": 3, "fetchMaxWait": 1000})
    [delivery] = push.backend.wait_deliveries(1)
    one, two, three = delivery.records
    assert one == {"topic": push.topic, "key": "cust-7", "value": {"n": 1}, "partition": 0, "offset": first,
                   "timestamp": 1767225600123,
                   "headers": {"X-Correlation-Id": "c-1", "X-Traceability-Id": "tr-1", "h": "\u00e9", "none": ""}}
    made = two["headers"].pop("X-Correlation-Id")
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", made)
    assert two == {"topic": push.topic, "value": {"n": 2}, "partition": 0, "offset": first + 1, "timestamp": 1767225600500,
                   "headers": {}}
    assert three["key"] == "gone" and "value" not in three
    assert three["headers"]["X-Correlation-Id"] != made
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", delivery.batch_id) and delivery.attempt == 1
    for header in ("authorization", "x-correlation-id", "x-traceability-id", "connection"):
        assert header not in delivery.headers
    push.wait_settled()
    assert push.letters() == []


@pytest.mark.parametrize("fmt, raw, expected", [
    ("binary", b"\x00\xff raw", base64.b64encode(b"\x00\xff raw").decode()), ("string", "caf\u00e9".encode(), "caf\u00e9"),
    ("string", b"bad \xff utf8", "bad \ufffd utf8"), ("json", b'{"a":[1,2]}', {"a": [1, 2]}), ("binary", b"", ""), ("string", b"", "")])
def test_formats(push, fmt, raw, expected):
    push.kafka.produce(push.topic, [{"key": raw, "value": raw}])
    push.start({"keyFormat": fmt, "valueFormat": fmt})
    [delivery] = push.backend.wait_deliveries(1)
    assert (delivery.records[0]["key"], delivery.records[0]["value"]) == (expected, expected)
    push.wait_settled()


def test_json_is_delivered_as_it_was_written(push):
    texts = [b'{"z":1,  "a":\t2}', b"1.0", b"-0", b"1E400", b"123456789012345678901234567890", b'"\\u00e9\\/"', b'{"a":1,"a":2}']
    push.fill(texts)
    push.backend.behaviour = answers.no_echoes()  # Python would not write 1E400 again.
    push.start({"maxBatchRecords": len(texts), "fetchMaxWait": 1000})
    [delivery] = push.backend.wait_deliveries(1)
    position = 0
    for text in texts:
        position = delivery.body.find(b'"value":' + text, position)
        assert position >= 0, text
    push.wait_settled()


@pytest.mark.parametrize("fmt", ["json", "string"])
def test_naughty_strings(push, fmt):
    strings = naughty_strings()
    raw = [json.dumps(text, ensure_ascii=False).encode() if fmt == "json" else text.encode() for text in strings]
    push.kafka.produce(push.topic, [
        {"key": text.encode(), "value": value, "headers": [("h", text.encode())], "partition": 0}
        for text, value in zip(strings, raw)])
    push.start({"valueFormat": fmt})
    push.wait_settled()
    records = push.backend.records()
    assert [(one["key"], one["value"], one["headers"]["h"]) for one in records] == [(text, text, text) for text in strings]


def test_json_vectors_delivered_or_dead_lettered(push):
    vectors = json_vectors()
    push.fill([text for _, _, text in vectors])
    push.backend.behaviour = answers.no_echoes()
    push.start()
    push.wait_settled()
    delivered = {record["offset"] for record in push.backend.records()}
    letters = {int(letter.header("X-DLQ-Offset")): letter for letter in push.letters()}
    assert delivered.isdisjoint(letters) and len(delivered) + len(letters) == len(vectors)
    for offset, (name, expect, text) in enumerate(vectors):
        if expect == "accept":
            assert offset in delivered, name
        elif expect == "reject":
            assert offset in letters, name
        if offset in letters:
            letter = letters[offset]
            assert letter.value == text and letter.key == b"k"
            assert letter.header("X-DLQ-Reason") == b"undecodable" and letter.header("X-DLQ-Attempts") == b"0"
            assert letter.header("X-DLQ-Error") and "StackTrace" not in letter.header_names()
    push.backend.wait_deliveries(1)


# Bounds of a batch ---------------------------------------------------------------------------------------------------

def test_a_batch_is_sent_when_it_is_full(push):
    push.fill([{"n": number} for number in range(25)])
    push.start({"maxBatchRecords": 10, "fetchMaxWait": 100})
    push.wait_settled()
    assert [len(delivery.records) for delivery in push.backend.seen()] == [10, 10, 5]
    assert push.offsets() == list(range(25))


def test_max_poll_records_is_the_default_of_max_batch_records(push):
    push.fill([{"n": number} for number in range(9)])
    push.start({"max.poll.records": 4, "fetchMaxWait": 100})
    push.wait_settled()
    assert [len(delivery.records) for delivery in push.backend.seen()] == [4, 4, 1]


def test_a_record_does_not_wait_longer_than_fetch_max_wait(push):
    push.start({"fetchMaxWait": 50})
    eventually(push.sidecar.ready, 10, "ready")
    push.fill(["warm"])
    push.wait_settled()
    began = time.monotonic()
    push.fill(["lonely"])
    push.backend.wait_deliveries(2)
    assert time.monotonic() - began < 1.5


def test_request_max_bytes_and_a_record_above_it_travels_alone(push):
    sizes = [400, 400, 5000, 400, 400, 400, 400]
    push.fill(["x" * size for size in sizes])
    push.start({"requestMaxBytes": 1000, "fetchMaxWait": 100})
    push.wait_settled()
    batches = [delivery.records for delivery in push.backend.seen()]
    assert [record["offset"] for batch in batches for record in batch] == list(range(7))
    assert [2] in [[record["offset"] for record in batch] for batch in batches]
    assert all(sum(len(record["value"]) for record in batch) <= 1000 for batch in batches if len(batch) > 1)
    assert max(len(batch) for batch in batches) == 2
    assert push.letters() == []


def test_a_record_of_almost_a_megabyte(push):
    push.fill(["x" * 900_000, "after"])
    push.start()
    push.wait_settled()
    assert push.offsets() == [0, 1]


def test_connection_close_only_when_asked_for(push):
    push.fill(["a"])
    push.start({"backendConnectionReset": True, "maxBatchRecords": 1})
    push.wait_settled()
    push.fill(["b"])
    push.wait_settled()
    first, second = push.backend.seen()
    assert first.headers["connection"] == second.headers["connection"] == "close"
    assert first.connection != second.connection


def test_the_connection_is_kept(push):
    push.fill([{"n": number} for number in range(20)])
    push.start({"maxBatchRecords": 1})
    push.wait_settled()
    assert len({delivery.connection for delivery in push.backend.seen()}) == 1


def test_several_topics(push, kafka, start_sidecar):
    other = kafka.create(push.topic + "-b", 2)
    kafka.create(other + ".dlq", 1)
    push.fill([{"n": 1}, REFUSED, {"n": 3}])
    kafka.produce(other, [{"value": json.dumps(value).encode(), "partition": partition}
                          for value, partition in (({"n": 4}, 0), (REFUSED, 1), ({"n": 6}, 1))])
    push.backend.behaviour = answers.reject(refuses)
    push.start({"topic": f" {push.topic} ,, {other} ", "maxBatchRecords": 6, "fetchMaxWait": 1000})
    push.wait_settled()
    eventually(lambda: kafka.settled(push.group, other), 10, "the other topic is committed")
    assert len({(record["topic"], record["partition"], record["offset"]) for record in push.backend.records()}) == 6
    [letter] = push.letters()
    [other_letter] = kafka.read(other + ".dlq")
    assert answers_origin(letter) == (push.topic, 0, 1)
    assert answers_origin(other_letter) == (other, 1, 0)


def answers_origin(letter):
    return letter.header("X-DLQ-Topic").decode(), int(letter.header("X-DLQ-Partition")), int(letter.header("X-DLQ-Offset"))


# Dead letters --------------------------------------------------------------------------------------------------------

def test_every_header_of_a_dead_letter(push):
    push.fill(["before"])
    push.fill([b' {"refuse": true,  "raw":1.0}'], key="the-key", timestamp=1767225600123, headers=[
        ("a", b"1"), ("a", b"2"), ("null", None), ("raw", b"\xff\xfe"), ("StackTrace", b"old"), ("X-DLQ-Reason", b"old"),
        ("X-DLQ-Other", b"old"), ("X-Correlation-Id", b"c-own"), ("X-Traceability-Id", b"t-own")])
    push.backend.behaviour = answers.reject(refuses)
    push.start({"maxBatchRecords": 2, "fetchMaxWait": 1000})
    push.wait_settled()
    [letter] = push.letters()
    assert (letter.key, letter.value, letter.timestamp) == (b"the-key", b' {"refuse": true,  "raw":1.0}', 1767225600123)
    headers = list(letter.headers)
    own = {("StackTrace", TRACE.encode()), ("a", b"1"), ("a", b"2"), ("null", None), ("raw", b"\xff\xfe")}
    assert set(headers[:5]) == own
    assert [value for name, value in headers[:5] if name == "a"] == [b"1", b"2"]
    assert dict(headers[5:-2]) == {
        "X-DLQ-Topic": push.topic.encode(), "X-DLQ-Partition": b"0", "X-DLQ-Offset": b"1", "X-DLQ-Timestamp": b"1767225600123",
        "X-DLQ-Group": push.group.encode(), "X-DLQ-Attempts": b"1", "X-DLQ-Reason": b"rejected",
        "X-DLQ-Error": b"java.lang.IllegalStateException: no such order"}
    assert len(headers) == 5 + 8 + 2
    assert headers[-2:] == [("X-Traceability-Id", b"t-own"), ("X-Correlation-Id", b"c-own")]


def test_tracing_ids_of_a_dead_letter_from_the_result_or_made(push):
    push.fill([REFUSED, REFUSED])

    def behaviour(exchange):
        results = exchange.results(refuses)
        results[0].update(correlationId="c-result", traceabilityId="t-result")
        exchange.answer(results)
    push.backend.behaviour = behaviour
    push.start({"maxBatchRecords": 2, "fetchMaxWait": 1000})
    push.wait_settled()
    first, second = push.letters()
    assert first.headers[-2:] == (("X-Traceability-Id", b"t-result"), ("X-Correlation-Id", b"c-result"))
    assert "X-Traceability-Id" not in second.header_names()
    [delivery] = push.backend.seen()
    # The id made for the delivery is the id of the letter.
    assert second.header("X-Correlation-Id").decode() == delivery.records[1]["headers"]["X-Correlation-Id"]


def test_a_dead_letter_without_a_trace(push):
    push.fill([REFUSED])

    def behaviour(exchange):
        results = exchange.results(refuses)
        del results[0]["stacktrace"]
        exchange.answer(results)
    push.backend.behaviour = behaviour
    push.start()
    push.wait_settled()
    [letter] = push.letters()
    assert "StackTrace" not in letter.header_names()


def test_a_long_trace_is_cut_on_a_character_border(push):
    push.fill([REFUSED])
    push.backend.behaviour = answers.reject(lambda record: "x" + "\u00e9" * 20000)
    push.start()
    push.wait_settled()
    [letter] = push.letters()
    trace = letter.header("StackTrace").decode()
    assert 16380 <= len(trace.encode()) <= 16384
    assert len(letter.header("X-DLQ-Error")) <= 1024
    letter.header("X-DLQ-Error").decode()


def test_missing_processed_counts_as_refused(push):
    push.fill([{"n": 1}, {"n": 2}])

    def behaviour(exchange):
        results = exchange.results()
        del results[1]["processed"]
        exchange.send(json.dumps(results).encode())
    push.backend.behaviour = behaviour
    push.start({"maxBatchRecords": 2, "fetchMaxWait": 1000})
    push.wait_settled()
    assert [answers_origin(letter)[2] for letter in push.letters()] == [1]


def test_a_topic_that_ends_with_the_extension_keeps_its_name(kafka, start_sidecar, backend, name):
    push = Push(kafka, start_sidecar, backend, name + ".dlq", dead_letters=False)
    push.fill([REFUSED])
    refused_once = answers.reject(refuses)
    backend.script = [refused_once]
    push.start({"maxBatchRecords": 1})
    eventually(lambda: len(kafka.read(push.topic)) == 2, 10, "the letter goes to the topic itself")
    push.wait_settled()
    letter = kafka.read(push.topic)[1]
    assert answers_origin(letter) == (push.topic, 0, 0)


def test_the_dead_letter_topic_is_missing(kafka, start_sidecar, backend, name):
    push = Push(kafka, start_sidecar, backend, name, dead_letters=False)
    push.fill([{"n": 1}, REFUSED, {"n": 3}])
    backend.behaviour = answers.reject(refuses)
    push.start({"maxBatchRecords": 3, "fetchMaxWait": 1000, ".kafka-producer.max.block.ms": 500})
    backend.wait_deliveries(1)
    eventually(lambda: push.sidecar.checks()["reactive"] is False, 15, "the reactive check names it")
    never(lambda: push.committed(), 1, "committed without its dead letter", every=0.2)
    kafka.create(push.letter_topic, 1)
    push.wait_settled(30)
    [letter] = push.letters()
    assert answers_origin(letter) == (push.topic, 0, 1)
    assert len(backend.seen()) == 1, "the backend was called again"
    eventually(push.sidecar.ready, 10, "healthy again")


def test_a_dead_letter_topic_with_a_smaller_limit_costs_the_trace_first(kafka, start_sidecar, backend, name):
    push = Push(kafka, start_sidecar, backend, name, dead_letters=False)
    kafka.create(push.letter_topic, 1, max_message_bytes=5000)
    push.fill([{**REFUSED, "pad": "x" * 2000}, {"n": 2}])
    backend.behaviour = answers.reject(lambda record: refuses(record) and "Short cause\n" + "y" * 10000)
    push.start({"maxBatchRecords": 2, "fetchMaxWait": 1000})
    push.wait_settled()
    [letter] = push.letters()
    assert "StackTrace" not in letter.header_names() and "X-DLQ-Value" not in letter.header_names()
    assert letter.header("X-DLQ-Error") == b"Short cause"
    assert json.loads(letter.value)["refuse"] is True


def largest_value(kafka, topic: str, limit: int, key: bytes = b"k") -> int:
    """Size of the largest value that a topic with this limit takes."""
    from confluent_kafka import KafkaException, Producer
    low, high = limit - 500, limit

    def fits(size: int) -> bool:
        outcome = []
        producer = Producer({"bootstrap.servers": kafka.bootstrap, "message.max.bytes": 20_000_000, "log_level": 0,
                             "enable.idempotence": True})
        try:
            producer.produce(topic, key=key, value=b'"' + b"x" * (size - 2) + b'"', partition=0,
                             on_delivery=lambda error, _: outcome.append(error))
        except KafkaException as refused:
            outcome.append(refused)
        producer.flush(20)
        return outcome[0] is None
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def test_a_record_of_exactly_the_limit_with_a_long_trace(kafka, start_sidecar, backend, name):
    limit = 300_000
    push = Push(kafka, start_sidecar, backend, name, dead_letters=False)
    kafka.create(push.letter_topic, 1, max_message_bytes=limit)
    probe = kafka.create(name + "-probe", 1, max_message_bytes=limit)
    size = largest_value(kafka, probe, limit)
    push.fill([{"n": 1}, b'"' + b"x" * (size - 2) + b'"', {"n": 3}])
    backend.behaviour = answers.reject(lambda record: isinstance(record["value"], str) and "Cause\n" + "y" * 200_000)
    push.start()
    push.wait_settled()
    [letter] = push.letters()
    assert letter.header("X-DLQ-Value") == b"omitted" and letter.value is None and letter.key == b"k"
    assert answers_origin(letter) == (push.topic, 0, 1)
    assert push.letter_topic in push.sidecar.stderr()
    assert push.offsets() == [0, 1, 2]


def test_dead_letter_oversize_retry_keeps_the_batch(kafka, start_sidecar, backend, name):
    push = Push(kafka, start_sidecar, backend, name, dead_letters=False)
    kafka.create(push.letter_topic, 1, max_message_bytes=2000)
    push.fill([{**REFUSED, "pad": "x" * 4000}])
    backend.behaviour = answers.reject(refuses)
    push.start({"deadLetterOversize": "retry"})
    backend.wait_deliveries(1)
    eventually(lambda: push.sidecar.checks()["reactive"] is False, 15, "the reactive check names it")
    never(lambda: push.committed(), 1, "committed without its dead letter", every=0.2)
    from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
    wider = ConfigResource(ResourceType.TOPIC, push.letter_topic, incremental_configs=[
        ConfigEntry("max.message.bytes", "100000", incremental_operation=AlterConfigOpType.SET)])
    for done in kafka.admin.incremental_alter_configs([wider]).values():
        done.result(10)
    push.wait_settled(30)
    [letter] = push.letters()
    assert json.loads(letter.value)["refuse"] is True
    assert len(backend.seen()) == 1


# Outcomes (4.4) ------------------------------------------------------------------------------------------------------

KEPT = {  # Behaviour, and whether it makes the sidecar unhealthy.
    "closes": (answers.close, True), "garbage": (answers.garbage, True), "closes in the answer": (answers.close_mid_answer, True),
    "empty 200": (answers.body(b""), True), "empty 204": (answers.body(b"", 204), True), "no array": (answers.body(b"{}"), True),
    "no JSON": (answers.body(b"all is well"), True), "no objects": (answers.body(b"[1,2,3]"), True),
    "one too many": (answers.wrong_length, True), "one too few": (answers.too_short, True), "foreign": (answers.foreign_echo, True),
    "300": (answers.body(b"[]", 300), False), "302": (answers.body(b"", 302, Location="/kafka/records"), False),
    "304": (answers.body(b"", 304), False), "400": (answers.body(b"no", 400), False), "404": (answers.body(b"", 404), False),
    "500": (answers.body(b"[]", 500), False), "503": (answers.body(b"", 503), False),
}


@pytest.mark.parametrize("what", KEPT)
def test_a_failed_answer_keeps_the_batch(push, what):
    behaviour, unhealthy = KEPT[what]
    push.fill([{"n": 1}, {"n": 2}, {"n": 3}])
    push.backend.behaviour = behaviour
    push.start({"maxBatchRecords": 3, "fetchMaxWait": 1000, "waitPeriod": 20, "retryBackoffMaxMs": 100})
    push.backend.wait_deliveries(4)
    assert push.committed() == {}
    reactive = push.sidecar.checks()["reactive"]
    assert reactive is not unhealthy
    push.backend.behaviour = answers.accept
    push.wait_settled()
    deliveries = push.backend.seen()
    assert len({delivery.batch_id for delivery in deliveries}) == 1
    assert [delivery.attempt for delivery in deliveries] == list(range(1, len(deliveries) + 1))
    assert len({delivery.body for delivery in deliveries}) == 1
    assert push.letters() == []
    eventually(push.sidecar.ready, 5, "healthy again")
    # The next batch is another batch.
    push.fill([{"n": 4}])
    push.wait_settled()
    assert push.backend.seen()[-1].batch_id != deliveries[0].batch_id and push.backend.seen()[-1].attempt == 1
    assert all(request == ("POST", "/kafka/records") for request in push.backend.requests), "a redirect was followed"


def test_a_backend_that_hangs(push):
    push.fill([{"n": 1}])
    push.backend.script = [answers.hang, answers.hang]
    push.start({"backendTimeoutMs": 300, "waitPeriod": 20})
    push.wait_settled()
    first, second, third = push.backend.seen()
    assert len({one.connection for one in (first, second, third)}) == 3, "a hanging connection was used again"
    assert 0.28 < second.arrived - first.arrived < 2
    assert first.batch_id == third.batch_id and third.attempt == 3


def test_an_answer_above_its_limit_is_malformed(push):
    push.fill([{"n": 1}])

    def huge(exchange):
        results = exchange.results()
        results[0]["pad"] = "x" * (len(exchange.delivery.body) * 4 + 1024 * 1024 + 10)
        exchange.send(json.dumps(results).encode())
    push.backend.script = [huge]
    push.start({"waitPeriod": 20})
    push.wait_settled()
    assert [delivery.attempt for delivery in push.backend.seen()] == [1, 2]


@pytest.mark.parametrize("kind", ["shuffled", "altered", "no_echoes"])
def test_results_find_their_records(push, kind):
    values = [{"n": number, **(REFUSED if number in (1, 4) else {})} for number in range(6)]
    push.fill(values, headers=[("own", b"kept")])
    push.backend.behaviour = getattr(answers, kind)(refuses)
    push.start({"maxBatchRecords": 6, "fetchMaxWait": 1000})
    push.wait_settled()
    assert len(push.backend.seen()) == 1
    letters = push.letters()
    assert sorted(answers_origin(letter)[2] for letter in letters) == [1, 4]
    for letter in letters:  # The bytes of the record, whatever the echo said.
        assert letter.value == json.dumps(values[answers_origin(letter)[2]]).encode() and letter.key == b"k"
        assert letter.header("own") == b"kept"


def test_a_connection_that_closed_while_idle_costs_nothing(push):
    push.start()
    push.fill([{"n": 1}])
    push.wait_settled()
    push.backend.stop()
    push.backend.start()
    began = time.monotonic()
    push.fill([{"n": 2}])
    push.wait_settled()
    assert time.monotonic() - began < 5
    assert push.offsets() == [0, 1]


# Threshold and retries (4.6) -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("threshold, n, failed, rolled_back", [
    (30, 10, 2, False), (30, 10, 3, True), (30, 9, 3, False), (30, 3, 1, False), (30, 10, 0, False), (0, 10, 0, False),
    (0, 10, 1, True), (100, 10, 10, False), (30, 20, 5, False), (30, 20, 6, True), (99, 10, 10, True), (50, 11, 6, True),
    (50, 11, 5, False)])
def test_the_threshold(push, threshold, n, failed, rolled_back):
    push.fill([{"n": number, **(REFUSED if number < failed else {})} for number in range(n)])
    push.backend.behaviour = answers.reject(refuses)
    push.start({"maxBatchRecords": n, "fetchMaxWait": 1000, "batchRollbackThreshold": threshold, "maxRetries": 3,
                "retryDelayMs": 50})
    push.wait_settled()
    deliveries = push.backend.seen()
    assert [delivery.attempt for delivery in deliveries] == ([1, 2, 3, 4] if rolled_back else [1])
    assert len({delivery.batch_id for delivery in deliveries}) == len({delivery.body for delivery in deliveries}) == 1
    letters = push.letters()
    assert sorted(answers_origin(letter)[2] for letter in letters) == list(range(failed))
    assert {letter.header("X-DLQ-Attempts") for letter in letters} == ({b"4" if rolled_back else b"1"} if failed else set())
    assert push.sidecar.checks()["reactive"]


def test_a_rolled_back_batch_may_do_better(push):
    push.fill([{"n": number, **(REFUSED if number < 5 else {})} for number in range(10)])
    push.backend.script = [answers.reject(refuses)] * 2
    push.start({"maxBatchRecords": 10, "fetchMaxWait": 1000, "retryDelayMs": 400})
    push.wait_settled()
    first, second, third = push.backend.seen()
    assert second.arrived - first.arrived >= 0.38 and third.arrived - second.arrived >= 0.38
    assert push.letters() == []


def test_batch_rollback_min_records(push):
    push.fill([{"n": number, **(REFUSED if number < 2 else {})} for number in range(4)])
    push.backend.behaviour = answers.reject(refuses)
    push.start({"maxBatchRecords": 4, "fetchMaxWait": 1000, "batchRollbackMinRecords": 4, "maxRetries": 1, "retryDelayMs": 50})
    push.wait_settled()
    assert len(push.backend.seen()) == 2 and len(push.letters()) == 2


# Policies ------------------------------------------------------------------------------------------------------------

def test_undecodable_records_leave_their_neighbours_alone(push):
    push.fill([{"n": 0}, b"{not json", {"n": 2}, b"\xff\xfe", {"n": 4}])
    push.start({"maxBatchRecords": 5, "fetchMaxWait": 200})
    push.wait_settled()
    assert push.offsets() == [0, 2, 4]
    letters = push.letters()
    assert [(answers_origin(letter)[2], letter.value) for letter in letters] == [(1, b"{not json"), (3, b"\xff\xfe")]
    for letter in letters:
        assert letter.header("X-DLQ-Reason") == b"undecodable" and letter.header("X-DLQ-Attempts") == b"0"
        error = letter.header("X-DLQ-Error")
        assert error and b"\n" not in error and len(error) <= 1024
    assert push.sidecar.checks()["reactive"]


def test_undecodable_records_do_not_count_for_the_threshold(push):
    push.fill([b"{bad"] * 5 + [{"n": number} for number in range(10)])
    push.start({"maxBatchRecords": 15, "fetchMaxWait": 200})
    push.wait_settled()
    assert len(push.letters()) == 5 and len(push.backend.accepted()) == 10


def test_undecodable_skip(push):
    push.fill([{"n": 0}, b"{bad", {"n": 2}])
    push.start({"undecodablePolicy": "skip"})
    push.wait_settled()
    assert push.offsets() == [0, 2] and push.letters() == []


def test_undecodable_stop_recovers_once_the_record_is_gone(push):
    push.fill([{"n": 0}, {"n": 1}, b"{bad", {"n": 3}])
    push.start({"undecodablePolicy": "stop", "waitPeriod": 50, "retryBackoffMaxMs": 500})
    eventually(lambda: push.offsets() == [0, 1], 15, "the records before it are delivered")
    eventually(lambda: push.sidecar.checks()["reactive"] is False, 10, "the reactive check names it")
    never(lambda: len(push.offsets()) > 2, 1, "something went past the bad record")
    assert push.letters() == []
    from confluent_kafka import TopicPartition
    for done in push.kafka.admin.delete_records([TopicPartition(push.topic, 0, 3)]).values():
        done.result(10)
    push.wait_settled(30)
    assert push.offsets() == [0, 1, 3]
    eventually(lambda: push.sidecar.checks()["reactive"], 5, "healthy again")


def test_dead_letters_off_discard(kafka, start_sidecar, backend, name):
    push = Push(kafka, start_sidecar, backend, name, dead_letters=False)
    push.fill([{"n": 0}, REFUSED, {"n": 2}])
    backend.behaviour = answers.reject(refuses)
    push.start({"deadLetterEnabled": False, "maxBatchRecords": 3, "fetchMaxWait": 1000})
    push.wait_settled()
    assert len(backend.seen()) == 1
    assert "unprocessedPolicy" in push.sidecar.stderr()


def test_dead_letters_off_retry(kafka, start_sidecar, backend, name):
    push = Push(kafka, start_sidecar, backend, name, dead_letters=False)
    push.fill([{"n": 0}, REFUSED, {"n": 2}])
    backend.script = [answers.reject(refuses)] * 3
    push.start({"deadLetterEnabled": False, "unprocessedPolicy": "retry", "maxBatchRecords": 3, "fetchMaxWait": 1000,
                "waitPeriod": 20, "retryDelayMs": 20})
    push.wait_settled()
    deliveries = backend.seen()
    assert [delivery.attempt for delivery in deliveries] == [1, 2, 3, 4]
    assert len({delivery.batch_id for delivery in deliveries}) == 1


def test_without_the_producer_dead_letters_are_a_start_error(push):
    sidecar = push.start({"." + HOOKS: [REACTIVE_HOOK]}, wait=False)
    assert sidecar.wait(10) != 0
    assert "ProducerStartupHook" in sidecar.stderr()


# Commit --------------------------------------------------------------------------------------------------------------

def test_commits_are_exact_and_survive_a_restart(kafka, start_sidecar, backend, name):
    push = Push(kafka, start_sidecar, backend, name, partitions=3)
    for partition, count in ((0, 7), (1, 0), (2, 4)):
        push.fill([{"n": number} for number in range(count)], partition=partition)
    push.start()
    push.wait_settled()
    assert push.committed() == {0: 7, 2: 4}
    assert push.sidecar.stop() == 0
    push.fill([{"n": 100}], partition=1)
    push.start()
    push.wait_settled()
    assert len(backend.records()) == 12
    assert push.committed() == {0: 7, 1: 1, 2: 4}


def test_nothing_is_committed_before_the_answer(push):
    go = threading.Event()
    push.fill([{"n": 1}])
    push.backend.behaviour = answers.hold(go)
    push.start()
    push.backend.wait_deliveries(1)
    never(lambda: push.committed(), 0.7, "committed before the backend answered", every=0.1)
    go.set()
    push.wait_settled()


def test_order_per_partition_over_many_batches(kafka, start_sidecar, backend, name):
    push = Push(kafka, start_sidecar, backend, name, partitions=4)
    for partition in range(4):
        push.fill([{"n": number} for number in range(1000)], partition=partition)
    push.start()
    push.wait_settled(40)
    for partition in range(4):
        assert [record["offset"] for record in backend.records() if record["partition"] == partition] == list(range(1000))


# The backend at the start (D16) --------------------------------------------------------------------------------------

def test_one_post_route_and_no_health_page(push):
    """The first record arrives within two seconds of the start."""
    push.fill([{"n": 1}])
    began = time.monotonic()
    push.start()
    push.backend.wait_deliveries(1, timeout=2 - (time.monotonic() - began))
    push.wait_settled()
    assert [request for request in push.backend.requests if request[0] != "POST"] == []


def test_the_backend_is_absent_at_the_start(kafka, start_sidecar, start_backend, name):
    backend = start_backend()
    backend.stop()
    push = Push(kafka, start_sidecar, backend, name)
    push.fill([{"n": 1}])
    sidecar = push.start()
    assert sidecar.get("/health/liveness").status == 200
    assert sidecar.get("/health/startup").status == 200
    eventually(lambda: f"127.0.0.1:{backend.port}" in sidecar.stderr(), 11, "one line tells which address is awaited")
    answer = sidecar.get("/health/readiness", Accept="application/json")
    assert answer.status == 503
    assert f"127.0.0.1:{backend.port}" in answer.body.decode()
    # It still produces.
    sidecar.produce(push.topic, [{"key": "k", "value": {"n": 2}}])
    backend.start()
    push.wait_settled()
    assert [record["value"] for record in backend.records()] == [{"n": 1}, {"n": 2}]
    eventually(sidecar.ready, 5, "ready")


@pytest.mark.parametrize("status", [200, 399, 400, 503])
def test_the_health_page_is_asked_when_wanted(push, start_backend, status):
    """health.downstreamEnabled: the page must answer below 400 before the first delivery."""
    asked = threading.Event()
    good = threading.Event()
    import http.server

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status if not good.is_set() else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            if self.path == "/ready":
                asked.set()

        def log_message(self, *_):
            pass
    page = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=page.serve_forever, daemon=True).start()
    try:
        push.fill([{"n": 1}])
        push.start({".health.downstreamEnabled": True, ".health.downstreamHost": f"http://127.0.0.1:{page.server_port}",
                    ".health.downstreamPath": "/ready"})
        assert asked.wait(5)
        if status < 400:
            push.wait_settled()
        else:
            never(push.backend.seen, 1.2, "delivered before the page was well")
            assert push.sidecar.checks()["backend"] is False
            good.set()
            push.wait_settled()
    finally:
        page.shutdown()
        page.server_close()


# Two members (range) -------------------------------------------------------------------------------------------------

def test_two_sidecars_share_and_hand_over(kafka, start_sidecar, start_backend, name):
    first, second = start_backend(), start_backend()
    push = Push(kafka, start_sidecar, first, name, partitions=4)
    one = push.start()
    push.fill([{"n": 0}])
    push.wait_settled()
    two = start_sidecar({**push.values(), "kafka-consumer.backendApiHost": second.url})
    eventually(lambda: kafka.assignment(push.group) == [2, 2], 15, "two members share the partitions")

    def spread(count: int):
        kafka.produce(push.topic, [{"partition": number % 4, "value": json.dumps({"n": number}).encode()}
                                   for number in range(count)])
        push.wait_settled(30)

    spread(400)
    firsts, seconds = ({record["partition"] for record in backend.records()[skip:]} for backend, skip in ((first, 1), (second, 0)))
    assert len(firsts) == len(seconds) == 2 and firsts | seconds == set(range(4))
    assert two.stop() == 0
    eventually(lambda: kafka.assignment(push.group) == [4], 10, "the first has taken over")
    spread(400)
    assert one.stop() == 0
    all_places = [place for backend in (first, second) for delivery in backend.seen() for place in delivery.places()]
    assert len(all_places) == len(set(all_places)) == 801
