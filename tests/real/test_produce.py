"""POST /producers/{topic} against a real broker; an independent client reads back what was written."""
import base64
import json
import re
import threading
import time
import urllib.parse

import pytest

from harness.data import base64_vectors, json_vectors, naughty_strings, utf8_vectors
from harness.sidecar import HOOKS, produce_values
from harness.wait import eventually

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def sidecar(broker, tmp_path_factory):
    from harness.sidecar import Sidecar
    one = Sidecar(tmp_path_factory.mktemp("produce"), produce_values(broker.bootstrap)).start()
    yield one
    assert one.stop() == 0


def written(offsets: list[dict]) -> list[tuple[int, int]]:
    for slot in offsets:
        assert set(slot) == {"partition", "offset"}, slot
    return [(slot["partition"], slot["offset"]) for slot in offsets]


def by_place(kafka, topic) -> dict[tuple[int, int], object]:
    return {(record.partition, record.offset): record for record in kafka.read(topic)}


# Formats -------------------------------------------------------------------------------------------------------------

SAMPLES = {  # Format: what stands in the request, and the bytes it means.
    "binary": (base64.b64encode(b"\x00\x01\xff raw").decode(), b"\x00\x01\xff raw"),
    "json": ({"b": 1, "a": [1.50, None]}, b'{"b": 1, "a": [1.5, null]}'),
    "string": ("caf\u00e9 \u2603", "caf\u00e9 \u2603".encode()),
}


@pytest.mark.parametrize("value_format", SAMPLES)
@pytest.mark.parametrize("key_format", SAMPLES)
def test_formats_are_independent(sidecar, kafka, topic, key_format, value_format):
    key, key_bytes = SAMPLES[key_format]
    value, value_bytes = SAMPLES[value_format]
    [place] = written(sidecar.produce(topic, [{"key": key, "value": value}], keyFormat=key_format, valueFormat=value_format))
    record = by_place(kafka, topic)[place]
    assert (record.key, record.value) == (key_bytes, value_bytes)


@pytest.mark.parametrize("given", ["STRING", "string", "String", 5])
@pytest.mark.parametrize("field", ["valueFormat", "value_format"])
def test_a_format_is_a_name_in_any_case_or_its_number(sidecar, kafka, topic, field, given):
    [place] = written(sidecar.produce(topic, [{"value": "plain"}], **{field: given}))
    assert by_place(kafka, topic)[place].value == b"plain"


def test_default_formats_come_from_the_configuration(sidecar, kafka, topic):
    [place] = written(sidecar.produce(topic, [{"key": "k", "value": "v"}]))
    record = by_place(kafka, topic)[place]
    assert (record.key, record.value) == (b"k", b'"v"')


@pytest.mark.parametrize("given", ["TEXT", "", 6, -1])
def test_an_unknown_format_is_named(sidecar, topic, kafka, given):
    answer = sidecar.post(f"/producers/{topic}", {"valueFormat": given, "records": [{"value": "x"}]})
    if isinstance(given, str):
        answer.expect_error(400, "ERR12203")
    else:
        assert answer.expect(400).json()["code"] in ("ERR12203", "ERR11004")
    assert kafka.read(topic) == []


def test_json_keeps_the_producers_text(sidecar, kafka, topic):
    texts = ['{"z":1,  "a":\t2}', "1.0", "-0", "1E400", "123456789012345678901234567890", '"\\u00e9\\/"', "[ ]", "{}", '""', "0",
             "true", "false", '{"a":1,"a":2}']
    body = '{"records":[' + ",".join('{"key":"k","value": %s }' % text for text in texts) + "]}"
    offsets = sidecar.post(f"/producers/{topic}", body).expect(200).json()["offsets"]
    log = by_place(kafka, topic)
    assert [log[place].value.decode() for place in written(offsets)] == texts


def test_missing_and_null_are_null(sidecar, kafka, topic):
    records = [{"key": "gone", "value": None}, {"key": "gone"}, {"key": None, "value": 1}, {"value": 1}, {}]
    places = written(sidecar.produce(topic, records))
    log = by_place(kafka, topic)
    assert [(log[place].key, log[place].value) for place in places] == [
        (b"gone", None), (b"gone", None), (None, b"1"), (None, b"1"), (None, None)]


@pytest.mark.parametrize("bad, fmt, index", [
    ({"value": 5}, "string", 1), ({"value": {"a": 1}}, "string", 1), ({"value": 5}, "binary", 1),
    ({"value": "not base64!"}, "binary", 1), ({"value": "a"}, "binary", 1)])
def test_one_bad_record_refuses_the_request_and_names_its_index(sidecar, kafka, topic, bad, fmt, index):
    good = {"value": "YWJj"}
    error = sidecar.post(f"/producers/{topic}", {"valueFormat": fmt, "records": [good, bad, good]}).expect_error(400, "ERR12206")
    assert fmt in error["description"] and str(index) in error["description"], error
    assert kafka.read(topic) == []


@pytest.mark.parametrize("field, value, code", [
    ("valueSchemaId", 1, "ERR12209"), ("valueSchemaVersion", 1, "ERR12212"), ("valueSchemaSubject", "s", "ERR12215"),
    ("value_schema_id", 1, "ERR12209"), ("valueSchema", '"string"', "ERR12214"), ("keySchemaId", 1, "ERR12209")])
def test_a_schema_beside_a_format_without_one(sidecar, kafka, topic, field, value, code):
    error = sidecar.post(f"/producers/{topic}", {"keyFormat": "string", "valueFormat": "json", field: value,
                                                "records": [{"value": 1}]}).expect_error(400, code)
    assert field[:3] in error["description"]
    assert kafka.read(topic) == []


# Headers and tracing -------------------------------------------------------------------------------------------------

def test_headers_and_tracing_ids(sidecar, kafka, topic):
    records = [
        {"value": 1, "headers": {"b": "2", "a": "\u00e9", "empty": ""}},
        {"value": 2, "traceabilityId": "t-own", "correlationId": "c-own"},
        {"value": 3, "headers": {"x-correlation-id": "no", "X-TRACEABILITY-ID": "no", "kept": "yes"}},
    ]
    answer = sidecar.post(f"/producers/{topic}", {"records": records},
                          {"X-Correlation-Id": "c-request", "X-Traceability-Id": "t-request", "Authorization": "Bearer secret"})
    assert answer.headers["X-Correlation-Id"] == "c-request"
    assert answer.headers["X-Traceability-Id"] == "t-request"
    log = by_place(kafka, topic)
    first, second, third = (log[place] for place in written(answer.expect(200).json()["offsets"]))
    assert first.headers == (("X-Traceability-Id", b"t-request"), ("X-Correlation-Id", b"c-request"),
                             ("b", b"2"), ("a", "\u00e9".encode()), ("empty", b""))
    assert second.headers == (("X-Traceability-Id", b"t-own"), ("X-Correlation-Id", b"c-own"))
    assert third.headers == (("X-Traceability-Id", b"t-request"), ("X-Correlation-Id", b"c-request"), ("kept", b"yes"))


def test_a_made_correlation_id_is_shared_by_the_request(sidecar, kafka, topic):
    answer = sidecar.post(f"/producers/{topic}", {"records": [{"value": 1}, {"value": 2}]})
    places = written(answer.expect(200).json()["offsets"])
    log = by_place(kafka, topic)
    ids = {log[place].header("X-Correlation-Id").decode() for place in places}
    assert len(ids) == 1
    [made] = ids
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", made)
    assert answer.headers["X-Correlation-Id"] == made
    assert all(log[place].header_names() == ["X-Correlation-Id"] for place in places)


def test_authorization_and_caller_id_only_when_asked_for(broker, kafka, topic, start_sidecar):
    sidecar = start_sidecar({**produce_values(broker.bootstrap), "kafka-producer.injectAuthorization": True,
                             "kafka-producer.injectCallerId": True, "server.serviceId": "com.example.billing-1.0.0"})
    sidecar.produce(topic, [{"value": 1}], headers={"Authorization": "Bearer abc", "X-Correlation-Id": "c"})
    [record] = kafka.read(topic)
    assert record.headers == (("authorization", b"Bearer abc"), ("caller_id", b"com.example.billing-1.0.0"),
                              ("X-Correlation-Id", b"c"))
    assert "abc" not in sidecar.stderr()


@pytest.mark.parametrize("headers", [{"a": None}, {"a": 1}, ["a"], "a"])
def test_a_header_that_is_no_text(sidecar, kafka, topic, headers):
    sidecar.post(f"/producers/{topic}", {"records": [{"value": 1}, {"value": 2, "headers": headers}]}).expect_error(400, "ERR11004")
    assert kafka.read(topic) == []


# Place and time ------------------------------------------------------------------------------------------------------

def test_timestamps(sidecar, kafka, topic):
    began = int(time.time() * 1000)
    places = written(sidecar.produce(topic, [{"value": 1, "timestamp": 1767225600123}, {"value": 2, "timestamp": 0},
                                             {"value": 3, "timestamp": -5}, {"value": 4}]))
    ended = int(time.time() * 1000)
    log = by_place(kafka, topic)
    first, *others = [log[place].timestamp for place in places]
    assert first == 1767225600123
    assert all(began <= one <= ended for one in others), (began, others, ended)


def test_explicit_partition(sidecar, kafka, topic):
    places = written(sidecar.produce(topic, [{"key": "same", "value": number, "partition": number % 3} for number in range(9)]))
    assert [partition for partition, _ in places] == [number % 3 for number in range(9)]
    log = by_place(kafka, topic)
    assert [log[place].value for place in places] == [str(number).encode() for number in range(9)]


def test_a_partition_that_does_not_exist_fails_alone(sidecar, kafka, topic):
    offsets = sidecar.produce(topic, [{"value": 1}, {"value": 2, "partition": 99}, {"value": 3}])
    assert "offset" in offsets[0] and "offset" in offsets[2]
    assert offsets[1]["errorCode"] == 50003 and offsets[1]["outcome"] == "not-written" and offsets[1]["error"], offsets
    assert sorted(record.value for record in kafka.read(topic)) == [b"1", b"3"]


@pytest.mark.parametrize("partition", [-1, 1.5, "1", 2**31])
def test_a_partition_that_is_none(sidecar, kafka, topic, partition):
    sidecar.post(f"/producers/{topic}", {"records": [{"value": 1}, {"value": 2, "partition": partition}]}
                 ).expect_error(400, "ERR11004")
    assert kafka.read(topic) == []


# Kafka's own test values of murmur2 (org.apache.kafka.common.utils.UtilsTest).
MURMUR2 = {"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
           "a-little-bit-longer-string": -1486304829, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
           "abc": 479470107}


def test_placement_is_javas(sidecar, kafka, name):
    partitions = 7
    topic, other = kafka.create(name, partitions), kafka.create(name + "-other", partitions)
    keys = [*MURMUR2, *(f"customer-{number}" for number in range(500)), "", "\u00e9\u2603", "x" * 1000]
    places = written(sidecar.produce(topic, [{"key": key, "value": 1} for key in keys]))
    for key, (partition, _) in zip(keys, places):
        if key in MURMUR2:
            assert partition == (MURMUR2[key] & 0x7FFFFFFF) % partitions, key
    independent = kafka.produce(other, [{"key": key.encode(), "value": b"1"} for key in keys])
    assert [partition for partition, _ in places] == [partition for partition, _ in independent]


def test_order_within_a_request(sidecar, kafka, topic):
    places = written(sidecar.produce(topic, [{"key": f"k{number % 10}", "value": number} for number in range(5000)]))
    log = by_place(kafka, topic)
    assert [int(log[place].value) for place in places] == list(range(5000))
    last: dict[int, int] = {}
    for partition, offset in places:
        assert offset == last.get(partition, -1) + 1
        last[partition] = offset


# Partial failure -----------------------------------------------------------------------------------------------------

def test_a_record_that_the_broker_refuses_does_not_take_its_neighbours_with_it(broker, kafka, name, start_sidecar):
    """One keyless record to a compacted topic makes the broker refuse the whole batch it travels in."""
    # Linger, so that the request is one batch: in two batches, see the fault rung.
    sidecar = start_sidecar({**produce_values(broker.bootstrap), "kafka-producer.linger.ms": 50})
    topic = kafka.create(name, 1, cleanup_policy="compact")
    records = [{"key": f"k{number}", "value": number} for number in range(21)]
    del records[10]["key"]
    answer = sidecar.post(f"/producers/{topic}", {"records": records}).expect(200).json()
    bad = answer["offsets"].pop(10)
    assert bad["errorCode"] == 50002 and bad["outcome"] == "not-written" and bad["error"], bad
    assert answer["requestStatus"] == "OK"
    places = written(answer["offsets"])
    log = by_place(kafka, topic)
    assert [int(log[place].value) for place in places] == [number for number in range(21) if number != 10]
    assert len(log) == 20
    assert [offset for _, offset in places] == sorted(offset for _, offset in places)


def test_neighbours_of_other_requests_are_safe_too(broker, kafka, name, start_sidecar):
    topic = kafka.create(name, 1, cleanup_policy="compact")
    # Linger, so that records of both requests travel together.
    sidecar = start_sidecar({**produce_values(broker.bootstrap), "kafka-producer.linger.ms": 50})
    answers: dict[str, list[dict]] = {}

    def ask(client: str, records: list[dict]):
        connection = sidecar.connect()
        connection.request("POST", f"/producers/{topic}", json.dumps({"records": records}), JSON)
        response = connection.getresponse()
        assert response.status == 200
        answers[client] = json.loads(response.read())["offsets"]
        connection.close()

    threads = [threading.Thread(target=ask, args=(f"good-{number}", [{"key": "k", "value": f"good-{number}"}] * 5))
               for number in range(4)]
    threads.append(threading.Thread(target=ask, args=("bad", [{"value": "bad"}])))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.pop("bad")[0]["outcome"] == "not-written"
    for offsets in answers.values():
        written(offsets)
    assert len(kafka.read(topic)) == 20


def test_a_record_above_the_topics_limit_fails_alone(broker, kafka, name, start_sidecar):
    sidecar = start_sidecar({**produce_values(broker.bootstrap), "kafka-producer.linger.ms": 50})
    topic = kafka.create(name, 1, max_message_bytes=3000)
    records = [{"key": "k", "value": "x" * (5000 if number == 3 else 200)} for number in range(8)]
    offsets = sidecar.produce(topic, records)
    bad = offsets.pop(3)
    assert bad["errorCode"] == 50002 and bad["outcome"] == "not-written", bad
    places = written(offsets)
    log = by_place(kafka, topic)
    assert len(log) == 7 and all(log[place].value == json.dumps("x" * 200).encode() for place in places)


def test_a_record_above_max_request_size_fails_alone(broker, kafka, topic, start_sidecar):
    sidecar = start_sidecar({**produce_values(broker.bootstrap), "kafka-producer.max.request.size": 10000})
    offsets = sidecar.produce(topic, [{"value": 1}, {"value": "x" * 11000}, {"value": 3}, {"value": "x" * 9000}])
    bad = offsets.pop(1)
    assert bad["errorCode"] == 50002 and bad["outcome"] == "not-written", bad
    written(offsets)
    assert len(kafka.read(topic)) == 3


def test_an_unknown_topic_costs_one_bounded_wait(broker, start_sidecar, name):
    sidecar = start_sidecar({**produce_values(broker.bootstrap), "kafka-producer.max.block.ms": 1500})
    began = time.monotonic()
    offsets = sidecar.produce(name, [{"key": str(number), "value": number} for number in range(10)])
    assert time.monotonic() - began < 6
    for slot in offsets:
        assert slot["errorCode"] == 50003 and slot["outcome"] == "not-written" and slot["error"], slot
    # The next topic does not suffer for it.
    assert sidecar.get("/health/liveness").status == 200


@pytest.mark.parametrize("path", ["a%20b", "a%2Fb", "..", "x" * 250])
def test_an_illegal_topic_name(sidecar, path):
    sidecar.post(f"/producers/{path}", {"records": [{"value": 1}]}).expect_error(400, "ERR11004")


def test_a_topic_name_is_percent_decoded_once(sidecar, kafka, name):
    topic = kafka.create(name + ".x_y-z", 1)
    written(sidecar.produce(topic.replace(".", "%2E").replace("x", "%78"), [{"value": 1}]))
    assert len(kafka.read(topic)) == 1


# The envelope --------------------------------------------------------------------------------------------------------

def test_no_records(sidecar, topic):
    answer = sidecar.post(f"/producers/{topic}", {"records": []}).expect(200)
    assert answer.json()["offsets"] == []


@pytest.mark.parametrize("body, code", [
    ('{}', "ERR11004"), ('{"records":{}}', "ERR11004"), ('{"records":null}', "ERR11004"), ('{"records":[1]}', "ERR11004"),
    ('[]', "ERR11004"), ('{"records":[{"value":1}]', "ERR10015"), ('{"records":[{"value":1}]}}', "ERR10015"),
    ('"text"', "ERR10015"), ("", "ERR10015"), ("   ", "ERR10015"), ('{"records":[{"value":1,"timestamp":"x"}]}', "ERR11004"),
    ('{"records":[{"value":1,"timestamp":1.5}]}', "ERR11004"), ('{"records":[{"value":1,"correlationId":7}]}', "ERR11004")])
def test_an_envelope_that_is_none(sidecar, kafka, topic, body, code):
    sidecar.post(f"/producers/{topic}", body).expect_error(400, code)
    assert kafka.read(topic) == []


def test_no_body_at_all(sidecar, topic):
    sidecar.request("POST", f"/producers/{topic}").expect_error(400, "ERR11014")


def test_unknown_fields_are_ignored_and_the_last_of_two_wins(sidecar, kafka, topic):
    body = '{"colour":{"deep":[1]},"valueFormat":"binary","records":[],"valueFormat":"json","records":[{"value":1,"size":[],"value":2}]}'
    sidecar.post(f"/producers/{topic}", body).expect(200)
    assert [record.value for record in kafka.read(topic)] == [b"2"]


def test_a_body_without_content_type_is_json(sidecar, kafka, topic):
    sidecar.request("POST", f"/producers/{topic}", b'{"records":[{"value":1}]}').expect(200)
    assert len(kafka.read(topic)) == 1


def test_paths_and_methods(sidecar, topic):
    error = sidecar.get("/nowhere").expect_error(404, "ERR10048")
    assert "/nowhere" in error["description"] and "GET" in error["description"]
    answer = sidecar.get(f"/producers/{topic}")
    answer.expect_error(405, "ERR10008")
    assert answer.headers["Allow"] == "POST"


def test_errors_as_problem_details(sidecar):
    answer = sidecar.get("/nowhere", Accept="application/problem+json").expect(404)
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == 404 and problem["code"] == "ERR10048", problem


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_the_body_limit(broker, kafka, topic, start_sidecar, over):
    sidecar = start_sidecar({**produce_values(broker.bootstrap), "server.maxTransferFileSize": 5000})
    frame = '{"records":[{"value":"%s"}]}'
    body = frame % ("x" * (5000 + over - len(frame) + 2))
    assert len(body) == 5000 + over
    answer = sidecar.post(f"/producers/{topic}", body)
    if over <= 0:
        answer.expect(200)
    else:
        answer.expect_error(413, "ERR10068")
    assert len(kafka.read(topic)) == (over <= 0)


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_the_limit_of_records_and_of_nesting(broker, kafka, topic, start_sidecar, over):
    sidecar = start_sidecar({**produce_values(broker.bootstrap), "kafka-producer.maxRecordsPerRequest": 50,
                             "server.maxJsonDepth": 10})
    answer = sidecar.post(f"/producers/{topic}", {"records": [{"value": 1}] * (50 + over)})
    if over <= 0:
        assert len(answer.expect(200).json()["offsets"]) == 50 + over
    else:
        answer.expect_error(400, "ERR11004")
    before = len(kafka.read(topic))
    depth = 10 + over - 3  # The envelope is three levels deep: object, array, object.
    answer = sidecar.post(f"/producers/{topic}", '{"records":[{"value":' + "[" * depth + "]" * depth + "}]}")
    if over <= 0:
        answer.expect(200)
    else:
        answer.expect_error(400, "ERR10015")
    assert len(kafka.read(topic)) == before + (over <= 0)


def test_without_the_producer(broker, start_sidecar, topic):
    sidecar = start_sidecar({**produce_values(broker.bootstrap), HOOKS: []})
    sidecar.post(f"/producers/{topic}", {"records": [{"value": 1}]}).expect_error(400, "ERR12216")


# Hostile input -------------------------------------------------------------------------------------------------------

def test_naughty_strings_come_back_byte_for_byte(sidecar, kafka, topic):
    strings = naughty_strings()
    names = [text for text in strings if text and len(text.encode()) < 1000]
    for value_format in ("string", "json"):
        # As they are (UTF-8), and escaped to ASCII: both mean the same for STRING; JSON keeps the text that was sent.
        for ascii_only in (False, True):
            records = [{"key": text, "value": text, "headers": {"text": text}, "correlationId": text, "traceabilityId": text}
                       for text in strings]
            body = json.dumps({"keyFormat": "string", "valueFormat": value_format, "records": records}, ensure_ascii=ascii_only)
            places = written(sidecar.post(f"/producers/{topic}", body.encode()).expect(200).json()["offsets"])
            log = by_place(kafka, topic)
            for text, place in zip(strings, places):
                record = log[place]
                raw = text.encode()
                expected = raw if value_format == "string" else json.dumps(text, ensure_ascii=ascii_only).encode()
                assert (record.key, record.value) == (raw, expected)
                assert record.header("text") == raw
                if text:
                    assert record.header("X-Correlation-Id") == raw
                    assert record.header("X-Traceability-Id") == raw
    # As header names.
    for text in names:
        sidecar.post(f"/producers/{topic}", {"records": [{"key": "names", "value": {"a": 1}, "headers": {text: "v"}}]}).expect(200)
    found = {record.header_names()[-1] for record in kafka.read(topic) if record.key == b"names"}
    assert found == set(names)


def test_naughty_strings_as_topic_names(broker, start_sidecar):
    """Legal names of topics that do not exist get a slot that says so, all others are refused; no answer is missing."""
    sidecar = start_sidecar({**produce_values(broker.bootstrap), "kafka-producer.max.block.ms": 50})
    for text in naughty_strings():
        answer = sidecar.post("/producers/" + urllib.parse.quote(text, safe=""), {"records": [{"value": 1}]})
        if not text:
            answer.expect_error(404, "ERR10007")
        elif re.fullmatch(r"[A-Za-z0-9._-]{1,249}", text) and text not in (".", ".."):
            [slot] = answer.expect(200).json()["offsets"]
            assert slot["errorCode"] == 50003 and slot["outcome"] == "not-written", (text, slot)
        else:
            answer.expect_error(400, "ERR11004")
    assert sidecar.get("/health/liveness").status == 200


def test_json_vectors(sidecar, kafka, topic):
    accepted = {}
    for name, expect, text in json_vectors():
        body = (b'{"valueFormat":"json","keyFormat":"json","records":[{"key":"before","value":1},{"key":"it","value":' + text
                + b'},{"key":"after","value":2}]}')
        answer = sidecar.post(f"/producers/{topic}", body)
        if answer.status == 200:
            assert expect != "reject", f"{name} was taken"
            first, place, last = written(answer.json()["offsets"])
            accepted[place] = (name, text.strip(b" \t\r\n"))
        else:
            assert expect != "accept", f"{name} was refused: {answer.body!r}"
            assert 400 <= answer.status < 500 and answer.json()["code"] == "ERR10015", (name, answer.body)
    log = by_place(kafka, topic)
    assert len(log) == 3 * len(accepted)
    for place, (name, text) in accepted.items():
        assert log[place].value == (None if text == b"null" else text), name
    assert len(accepted) >= sum(expect == "accept" for _, expect, _ in json_vectors()) > 20


@pytest.mark.parametrize("value_format", ["json", "string"])
def test_utf8_vectors(sidecar, kafka, topic, value_format):
    good = []
    for name, valid, raw in utf8_vectors():
        body = b'{"valueFormat":"' + value_format.encode() + b'","records":[{"value":"' + raw + b'"}]}'
        answer = sidecar.post(f"/producers/{topic}", body)
        if valid:
            [place] = written(answer.expect(200).json()["offsets"])
            good.append((place, b'"' + raw + b'"' if value_format == "json" else raw))
        else:
            answer.expect_error(400, "ERR10015")
    log = by_place(kafka, topic)
    assert len(log) == len(good) > 0
    assert all(log[place].value == raw for place, raw in good)


def test_base64_vectors(sidecar, kafka, topic):
    good = {}
    for vector in base64_vectors():
        text, expected = vector["in"], vector["bytes"]
        answer = sidecar.post(f"/producers/{topic}", {"valueFormat": "binary", "records": [{"value": text}]})
        if expected is None:
            answer.expect_error(400, "ERR12206")
        elif answer.status != 200:
            assert any(character.isspace() for character in text), f"{text!r} was refused"
            answer.expect_error(400, "ERR12206")
        else:
            [place] = written(answer.json()["offsets"])
            good[place] = bytes(expected)
    log = by_place(kafka, topic)
    assert len(log) == len(good) > 3
    assert all(log[place].value == raw for place, raw in good.items())


def test_requests_are_answered_in_order_when_pipelined(sidecar, kafka, topic):
    requests = b"".join(
        b"POST /producers/%s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
        % (topic.encode(), len(body), body)
        for body in (b'{"records":[{"value":%d,"partition":0}]}' % number for number in range(20)))
    answers = sidecar.raw(requests)
    offsets = [int(found) for found in re.findall(rb'"offset":(\d+)', answers)]
    assert offsets == list(range(20)), answers[:500]
    assert [record.value for record in kafka.read(topic)] == [str(number).encode() for number in range(20)]


def test_slow_callers_do_not_hold_up_others(sidecar, kafka, topic):
    """Headers or bodies that come byte by byte, and connections that send nothing, beside a caller who works."""
    idle = [sidecar.connect() for _ in range(50)]
    for number, connection in enumerate(idle):
        connection.connect()
        connection.sock.sendall(b"POST /producers/x HTTP/1.1\r\nContent-Le"[:number])
    try:
        began = time.monotonic()
        for _ in range(20):
            written(sidecar.produce(topic, [{"value": 1}]))
        assert time.monotonic() - began < 3
    finally:
        for connection in idle:
            connection.close()
    eventually(lambda: sidecar.get("/health/liveness").status == 200, 5, "alive")
