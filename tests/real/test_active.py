"""The active consumer against a real broker: the tables 1.2 to 1.9 and 5.x as rows; an independent client writes the
records and looks at what is committed."""
import base64
import concurrent.futures
import json
import os
import pathlib
import re
import socket
import subprocess
import time

import pytest

from harness.data import naughty_strings
from harness.pull import Puller, quote
from harness.push import MEMBERSHIPS
from harness.sidecar import Sidecar, produce_values, pull_values
from harness.wait import eventually, never


@pytest.fixture(scope="module")
def sidecar(broker, tmp_path_factory):
    one = Sidecar(tmp_path_factory.mktemp("active"), pull_values(broker.bootstrap)).start()
    yield one
    assert one.stop() == 0


@pytest.fixture
def pull(sidecar, name):
    """Makes instances and deletes them with the test."""
    made: list[Puller] = []

    def make(group: str | None = None, on: Sidecar | None = None, **wanted) -> Puller:
        made.append(Puller(on or sidecar, group or f"{name}-group", **wanted))
        return made[-1]

    yield make
    for one in made:
        if one.sidecar.running and one.path:
            one.on("DELETE", "")
        one.close()


def fill(kafka, topic, values, partition=0) -> list[tuple[int, int]]:
    """Bytes go in as they are, anything else as JSON."""
    return kafka.produce(topic, [{"key": b"k", "partition": partition,
                                  "value": value if isinstance(value, bytes) else json.dumps(value).encode()}
                                 for value in values])


def fill_all(kafka, topic, count) -> None:
    """So many records in each of three partitions: 0, 1, ..., then 10, 11, ..., then 20, 21, ..."""
    kafka.produce(topic, [{"key": b"k", "partition": partition, "value": str(10 * partition + number).encode()}
                          for partition in range(3) for number in range(count)])


def values_of(records) -> list:
    return [record.get("value") for record in records]


def offsets_of(records) -> list[int]:
    return [record["offset"] for record in records]


# 1.2 Create -----------------------------------------------------------------------------------------------------------

def test_create_answers_both_spellings_and_a_path(sidecar, name):
    client = Puller(sidecar, f"{name} gr\u00fcn/1", create=False)
    answer = client.create(name="cart 1/\u00e9?")
    assert answer == {"instance_id": "cart 1/\u00e9?", "instanceId": "cart 1/\u00e9?",
                      "base_uri": f"/consumers/{quote(client.group)}/instances/{quote('cart 1/' + chr(233) + '?')}",
                      "baseUri": answer["base_uri"]}
    assert client.on("GET", "/subscriptions").expect(200).json() == {"topics": []}
    client.delete()


@pytest.mark.parametrize("body, instance", [
    ({"id": "one", "name": "two"}, "one"),
    ({"name": "two"}, "two"),
    ({"name": None, "id": "three", "unknown": [1]}, "three"),
])
def test_the_id_wins_over_the_name(pull, name, body, instance):
    client = pull(create=False)
    assert client.create(**body)["instance_id"] == instance


@pytest.mark.parametrize("body", [None, {}])
def test_a_name_is_made(sidecar, name, body):
    client = Puller(sidecar, name, create=False)
    answer = client.call("POST", f"/consumers/{name}", body).expect(200).json()
    assert answer["instance_id"].startswith("rest-consumer-id-") and len(answer["instance_id"]) == len("rest-consumer-id-") + 36
    client.path = answer["base_uri"]
    client.delete()


FORMAT_FIELDS = [("keyFormat", "valueFormat"), ("key_format", "value_format")]
SAMPLES = {  # Format name, its number, the bytes in Kafka, what a read answers.
    "BINARY": (0, b"\x00\xff", base64.b64encode(b"\x00\xff").decode()),
    "json": (1, b'{"a": 1.50}', {"a": 1.5}),
    "String": (5, "caf\u00e9".encode(), "caf\u00e9"),
}


@pytest.mark.parametrize("fields", FORMAT_FIELDS, ids=["camel", "snake"])
@pytest.mark.parametrize("key_format", SAMPLES)
@pytest.mark.parametrize("value_format", SAMPLES)
def test_formats_are_the_instances_own(pull, kafka, topic, fields, key_format, value_format):
    _, key, key_json = SAMPLES[key_format]
    number, value, value_json = SAMPLES[value_format]
    kafka.produce(topic, [{"key": key, "value": value, "partition": 0}])
    client = pull(**{fields[0]: key_format, fields[1]: number})
    client.assign(topic, 0)
    [record] = client.read_until(1)
    assert (record["key"], record["value"]) == (key_json, value_json)


@pytest.mark.parametrize("wanted, key, value", [
    ({"format": "string"}, "1", "2"),
    ({"format": 5, "valueFormat": "json"}, "1", 2),
    ({"format": "binary", "key_format": 1}, 1, base64.b64encode(b"2").decode()),
    ({}, "1", 2),  # The configuration's.
])
def test_format_sets_both_unless_one_is_given(pull, kafka, topic, wanted, key, value):
    kafka.produce(topic, [{"key": b"1", "value": b"2", "partition": 0}])
    client = pull(**wanted)
    client.assign(topic, 0)
    [record] = client.read_until(1)
    assert (record["key"], record["value"]) == (key, value)


@pytest.mark.parametrize("body, code, words", [
    ({"name": 5}, "ERR11004", "/name"),
    ({"name": ""}, "ERR11004", "/name"),
    ({"name": "a\nb"}, "ERR11004", "/name"),
    ({"name": "x" * 256}, "ERR11004", "/name"),
    ({"id": ["x"]}, "ERR11004", "/id"),
    ({"keyFormat": "text"}, "ERR12203", "text"),
    ({"value_format": 6}, "ERR12203", "6"),
    ({"format": -1}, "ERR12203", "-1"),
    ({"format": {}}, "ERR11004", "/format"),
    ({"valueFormat": 1.5}, "ERR11004", "/valueFormat"),
    ({"autoOffsetReset": "newest"}, "ERR12201", "auto.offset.reset"),
    ({"auto.offset.reset": 5}, "ERR11004", "/auto.offset.reset"),
    ({"autoCommitEnable": "yes"}, "ERR11004", "/autoCommitEnable"),
    ({"auto.commit.enable": 1}, "ERR11004", "/auto.commit.enable"),
    ({"responseMinBytes": -2}, "ERR11004", "/responseMinBytes"),
    ({"fetch.min.bytes": 10_000_001}, "ERR11004", "/fetch.min.bytes"),
    ({"requestWaitMs": "1"}, "ERR11004", "/requestWaitMs"),
    ({"consumer.request.timeout.ms": 1.0}, "ERR11004", "/consumer.request.timeout.ms"),
    ([], "ERR11004", "object"),
    (b"{", "ERR10015", ""),
    (b"", "ERR10015", ""),
    (b"[" * 100, "ERR10015", ""),
    (b'"x"', "ERR10015", ""),
])
def test_create_refuses(sidecar, name, body, code, words):
    client = Puller(sidecar, name, create=False)
    error = client.call("POST", f"/consumers/{name}", body).expect_error(400, code)
    assert words in error["description"], error


def test_a_name_is_taken_once(pull, name):
    client = pull(name="only")
    error = client.call("POST", f"/consumers/{client.group}", {"id": "only"}).expect_error(400, "ERR12202")
    assert f"{client.group}/only" in error["description"]
    pull(group=f"{name}-other", name="only")  # The group is part of the name.


def test_two_creates_at_once_make_one(sidecar, name):
    def create(_):
        client = Puller(sidecar, name, create=False)
        try:
            return client.call("POST", f"/consumers/{name}", {"name": "one"}).status
        finally:
            client.close()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(create, range(8)))
    assert sorted(statuses) == [200] + [400] * 7
    sidecar.request("DELETE", f"/consumers/{name}/instances/one").expect(204)


@pytest.mark.parametrize("where", ["group", "instance"])
def test_naughty_names_work_or_are_refused(sidecar, name, where):
    client = Puller(sidecar, name, create=False)
    refused = 0
    for text in naughty_strings():
        group = text if where == "group" else name
        try:
            path = f"/consumers/{quote(group)}"
        except UnicodeEncodeError:
            continue  # No UTF-8 form.
        answer = client.call("POST", path, {"name": text if where == "instance" else "i"})
        if answer.status == 200:
            client.path = answer.json()["base_uri"]
            assert answer.json()["instance_id"] == (text if where == "instance" else "i")
            client.delete()
        else:
            refused += 1
            assert answer.json()["code"] in ("ERR11004", "ERR10007", "ERR30013", "ERR10048", "ERR10015"), (text, answer.body)
    assert 0 < refused < 60


def test_the_limit_of_instances(broker, start_sidecar, pull, name):
    small = start_sidecar({**pull_values(broker.bootstrap), "kafka-consumer.maxInstances": 3})
    clients = [pull(group=name, on=small) for _ in range(3)]
    other = Puller(small, name, create=False)
    answer = other.call("POST", f"/consumers/{name}", {})
    answer.expect_error(503, "ERR30009")
    assert answer.headers["Retry-After"] and "maxInstances" in answer.json()["description"]
    clients[0].delete()
    clients[0].create()


# Unknown instances, other methods, no component ------------------------------------------------------------------------

ON_INSTANCE = [("DELETE", "", None), ("POST", "/offsets", None), ("POST", "/offsets", {"offsets": []}),
               ("PUT", "/offsets", {"partitions": []}), ("POST", "/subscriptions", {"topics": ["t"]}),
               ("POST", "/subscriptions", None),
               ("GET", "/subscriptions", None), ("DELETE", "/subscriptions", None), ("POST", "/assignments", {"partitions": []}),
               ("POST", "/assignments", None), ("GET", "/assignments", None), ("POST", "/positions", {}),
               ("POST", "/positions", None), ("POST", "/positions/first", {"partitions": []}),
               ("POST", "/positions/last", {"partitions": []}), ("POST", "/positions/last", None), ("GET", "/records", None)]


@pytest.mark.parametrize("method, below, body", ON_INSTANCE)
def test_an_unknown_instance_is_404(sidecar, name, method, below, body):
    client = Puller(sidecar, name, create=False)
    error = client.call(method, f"/consumers/{name}/instances/nobody{below}", body).expect_error(404, "ERR12200")
    assert "nobody" in error["description"] and name in error["description"]


@pytest.fixture(scope="module")
def bare_sidecar(broker, tmp_path_factory):
    one = Sidecar(tmp_path_factory.mktemp("bare"), produce_values(broker.bootstrap)).start()
    yield one
    assert one.stop() == 0


@pytest.mark.parametrize("method, below, body", ON_INSTANCE)
def test_without_the_component_every_call_says_so(bare_sidecar, method, below, body):
    client = Puller(bare_sidecar, "g", create=False)
    error = client.call(method, f"/consumers/g/instances/i{below}", body).expect_error(400, "ERR11019")
    assert "ActiveConsumerStartupHook" in error["description"]


def test_other_methods_are_405(sidecar, pull):
    client = pull()
    for method, below in (("GET", "/offsets"), ("PUT", "/records"), ("HEAD", "/records"), ("PATCH", "")):
        assert client.on(method, below).status == 405, (method, below)
    client.on("DELETE", "", b"{}").expect_error(400, "ERR11013")
    client.on("GET", "/records", b"{}").expect_error(400, "ERR11013")


# 1.3 Delete ------------------------------------------------------------------------------------------------------------

def test_delete_leaves_the_group_and_forgets_the_instance(pull, kafka, topic, name):
    client = pull(name="i")
    client.subscribe(topic)
    eventually(lambda: len(client.assignment()) == 3, 20, "three partitions are assigned")
    client.delete()
    client.on("GET", "/assignments").expect_error(404, "ERR12200")
    eventually(lambda: kafka.assignment(client.group) == [], 10, "the group is empty")
    client.create(name="i")  # The name is free again.


def test_delete_ends_a_read_with_a_clear_answer(pull, topic, sidecar):
    client = pull()
    client.assign(topic, 0)
    reader = Puller(sidecar, client.group, create=False)
    reader.path = client.path
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        answer = pool.submit(reader.on, "GET", "/records?timeout=14000")
        never(answer.done, 0.3, "the read waits")
        client.delete()
        answer.result(5).expect_error(404, "ERR12200")
    assert time.monotonic() - began < 8
    reader.close()


# 1.6 Subscriptions, 1.7 assignments, 5.9 -------------------------------------------------------------------------------

def test_subscribe_replaces_and_unsubscribe_clears(pull, kafka, name):
    one, two = kafka.create(f"{name}-a", 1), kafka.create(f"{name}-b", 1)
    client = pull()
    assert client.on("GET", "/subscriptions").expect(200).json() == {"topics": []}
    client.subscribe(one, one)
    assert client.on("GET", "/subscriptions").json() == {"topics": [one]}
    eventually(lambda: client.assignment() == [(one, 0)], 20, "the first topic is assigned")
    client.subscribe(two)
    eventually(lambda: client.assignment() == [(two, 0)], 20, "the second topic is assigned instead")
    client.on("POST", "/subscriptions").expect(204)
    client.on("POST", "/subscriptions", {"other": 1}).expect(204)
    assert client.on("GET", "/subscriptions").json() == {"topics": [two]}, "no body and no names change nothing"
    client.on("DELETE", "/subscriptions").expect(204)
    assert client.assignment() == [] and client.on("GET", "/subscriptions").json() == {"topics": []}
    client.assign(one, 0)
    client.on("DELETE", "/subscriptions").expect(204)
    assert client.assignment() == []
    client.subscribe(one)
    eventually(lambda: client.assignment() == [(one, 0)], 20, "it is assigned again")
    client.on("POST", "/subscriptions", {"topics": []}).expect(204)
    assert client.assignment() == [], "an empty list unsubscribes"


@pytest.mark.parametrize("field", ["topic_pattern", "topicPattern"])
def test_a_pattern_matches_whole_names(pull, kafka, name, field):
    for ending in ("a1", "a22", "b1"):
        kafka.create(f"{name}.{ending}", 1)
        fill(kafka, f"{name}.{ending}", [ending])
    client = pull()
    client.on("POST", "/subscriptions", {field: name + r"\.(?:a)\d"}).expect(204)
    assert client.on("GET", "/subscriptions").expect(200).json() == {"topics": [f"{name}.a1"]}
    assert values_of(client.read_until(1)) == ["a1"]
    client.on("POST", "/subscriptions", {field: "other.*", "topics": [f"{name}.b1"]}).expect(204)
    assert client.on("GET", "/subscriptions").json() == {"topics": [f"{name}.b1"]}, "topics win"
    assert values_of(client.read_until(1)) == ["b1"]


@pytest.mark.parametrize("below, body, code, words", [
    ("/subscriptions", {"topics": "t"}, "ERR11004", "/topics"),
    ("/subscriptions", {"topics": ["t", 5]}, "ERR11004", "/topics/1"),
    ("/subscriptions", {"topics": ["a b"]}, "ERR11004", "/topics/0"),
    ("/subscriptions", {"topics": [""]}, "ERR11004", "/topics/0"),
    ("/subscriptions", {"topic_pattern": 1}, "ERR11004", "/topic_pattern"),
    ("/subscriptions", {"topic_pattern": "a("}, "ERR11004", "/topic_pattern"),
    ("/subscriptions", {"topicPattern": "(?=a)"}, "ERR11004", "/topic_pattern"),
    ("/subscriptions", [], "ERR11004", "object"),
    ("/assignments", {}, "ERR11004", "/partitions"),
    ("/assignments", {"partitions": {}}, "ERR11004", "/partitions"),
    ("/assignments", {"partitions": [5]}, "ERR11004", "/partitions/0"),
    ("/assignments", {"partitions": [{"partition": 0}]}, "ERR11004", "/partitions/0/topic"),
    ("/assignments", {"partitions": [{"topic": "t"}]}, "ERR11004", "/partitions/0/partition"),
    ("/assignments", {"partitions": [{"topic": "t", "partition": -1}]}, "ERR11004", "/partitions/0/partition"),
    ("/assignments", {"partitions": [{"topic": "t", "partition": 0.5}]}, "ERR11004", "/partitions/0/partition"),
    ("/assignments", {"partitions": [{"topic": "t", "partition": 1 << 31}]}, "ERR11004", "/partitions/0/partition"),
    ("/positions", {"offsets": {}}, "ERR11004", "/offsets"),
    ("/positions", {"offsets": [{"topic": "t", "partition": 0}]}, "ERR11004", "/offsets/0/offset"),
    ("/positions", {"offsets": [{"topic": "t", "partition": 0, "offset": -1}]}, "ERR11004", "/offsets/0/offset"),
    ("/positions", {"offsets": [{"topic": "t", "partition": 0, "offset": 1.5}]}, "ERR11004", "/offsets/0/offset"),
    ("/positions", {"timestamps": [{"topic": "t", "partition": 0, "timestamp": "soon"}]}, "ERR11004", "/timestamps/0/timestamp"),
    ("/positions", {"timestamps": [{"topic": "t", "partition": 0}]}, "ERR11004", "/timestamps/0/timestamp"),
    ("/positions/first", {}, "ERR11004", "/partitions"),
    ("/positions/last", {"partitions": [{}]}, "ERR11004", "/partitions/0"),
    ("/offsets", {}, "ERR11004", "/offsets"),
    ("/offsets", {"offsets": 1}, "ERR11004", "/offsets"),
    ("/offsets", {"offsets": [{"topic": "t", "partition": 0, "offset": -1}]}, "ERR11004", "/offsets/0/offset"),
    ("/offsets", {"offsets": [{"topic": "t", "partition": 0, "offset": "1"}]}, "ERR11004", "/offsets/0/offset"),
    ("/offsets", {"offsets": [{"topic": "t", "partition": 0, "offset": 1, "metadata": 5}]}, "ERR11004", "/offsets/0/metadata"),
    ("/offsets?async=maybe", None, "ERR11004", "async"),
    ("/offsets", b"nothing", "ERR10015", ""),
    ("/assignments", b"", "ERR10015", ""),
    ("/positions", b"{]", "ERR10015", ""),
])
def test_bodies_of_a_wrong_shape(sidecar, pull, below, body, code, words):
    client = pull()
    error = client.on("POST", below, body).expect_error(400, code)
    assert words in error["description"], error


@pytest.mark.parametrize("body, code", [({}, "ERR11004"), ({"partitions": 5}, "ERR11004"), (None, "ERR11014"), (b"", "ERR10015")])
def test_committed_needs_its_list(pull, body, code):
    pull().on("PUT", "/offsets", body).expect_error(400, code)


def test_subscribing_and_assigning_exclude_each_other(pull, topic):
    client = pull()
    client.subscribe(topic)
    client.on("POST", "/assignments", {"partitions": client.partitions(topic, 0)}).expect_error(409, "ERR30005")
    client.on("DELETE", "/subscriptions").expect(204)
    client.assign(topic, 0)
    client.on("POST", "/subscriptions", {"topics": [topic]}).expect_error(409, "ERR30005")
    client.on("POST", "/assignments").expect(204)
    assert client.assignment() == [(topic, 0)], "no body changes nothing"
    client.on("POST", "/assignments", {"partitions": []}).expect(204)
    assert client.assignment() == []
    client.subscribe(topic)


def test_assign_replaces_and_what_stays_goes_on(pull, kafka, topic):
    fill_all(kafka, topic, 5)
    client = pull()
    client.assign(topic, 0, 1)
    client.read_until(10)
    client.assign(topic, 1, 2)
    assert client.assignment() == [(topic, 1), (topic, 2)]
    assert sorted(values_of(client.read_until(5))) == [20, 21, 22, 23, 24]
    fill(kafka, topic, ["more"], 1)
    fill(kafka, topic, ["unseen"], 0)
    assert values_of(client.read_until(1)) == ["more"]


def test_unknown_topics_are_accepted(pull, name):
    client = pull()
    client.subscribe(f"{name}-missing")
    assert client.read(timeout=1500) == []
    assert client.read(timeout=300) == []
    other = pull(group=f"{name}-other")
    other.assign(f"{name}-missing", 0)
    assert other.read(timeout=500) == []


# 1.9 and 5.4 Read ------------------------------------------------------------------------------------------------------

def test_a_record_has_all_its_parts(pull, kafka, topic):
    [(partition, offset)] = kafka.produce(topic, [{
        "key": b"cust-7", "value": b'{"city": "Turku", "points": 12.0}', "partition": 1, "timestamp": 1767225600123,
        "headers": [("origin", b"kiosk"), ("twice", b"1"), ("twice", b"2"), ("nothing", None)]}])
    client = pull()
    client.assign(topic, 1)
    answer = client.on("GET", "/records").expect(200)
    assert answer.headers["Content-Type"] == "application/json"
    assert b'"value":{"city": "Turku", "points": 12.0}' in answer.body, "JSON stays as its producer wrote it"
    [record] = answer.json()
    made = record["headers"].pop("X-Correlation-Id")
    assert len(made) == 22
    assert record == {"topic": topic, "key": "cust-7", "value": {"city": "Turku", "points": 12.0}, "partition": partition,
                      "offset": offset, "timestamp": 1767225600123,
                      "headers": {"origin": "kiosk", "twice": "2", "nothing": ""}}


def test_null_keys_and_values_are_left_out(pull, kafka, topic):
    kafka.produce(topic, [{"key": None, "value": None, "partition": 0}])
    client = pull()
    client.assign(topic, 0)
    [record] = client.read_until(1)
    assert "key" not in record and "value" not in record


@pytest.mark.parametrize("query, code", [
    ("timeout=soon", "ERR11004"), ("timeout=", "ERR11004"), ("timeout=1.5", "ERR11004"), ("maxBytes=x", "ERR11004"),
    ("max_bytes=99999999999", "ERR11004"), ("format=text", "ERR12203"), ("format=9", "ERR12203"), ("format=json", "ERR12204"),
    ("format=string", "ERR12204")])
def test_queries_of_a_wrong_shape(pull, topic, query, code):
    client = pull()
    client.assign(topic, 0)
    client.on("GET", f"/records?{query}").expect_error(400, code)


def test_a_format_that_fits_both_sides_is_accepted(pull, kafka, topic):
    fill(kafka, topic, [1])
    client = pull(format="string")
    client.assign(topic, 0)
    [record] = client.on("GET", "/records?format=STRING&unknown=1").expect(200).json()
    assert record["value"] == "1"


def test_nothing_subscribed_is_an_error_at_once(pull):
    client = pull()
    began = time.monotonic()
    client.on("GET", "/records").expect_error(400, "ERR12205")
    assert time.monotonic() - began < 1


def test_the_first_read_waits_for_the_join(pull, kafka, topic):
    fill(kafka, topic, [1, 2])
    client = pull()
    client.subscribe(topic)
    assert values_of(client.read()) == [1, 2]


@pytest.mark.parametrize("timeout, wait, least, most", [
    (400, None, 0.4, 1.5),     # The query's.
    (None, 500, 0.5, 1.6),     # The instance's.
    (100_000, 300, 0.3, 1.4),  # The smaller one.
    (0, 300, 0.3, 1.4),        # Not above zero: the default.
    (-5, 300, 0.3, 1.4)])
def test_an_empty_read_waits_its_whole_time(pull, topic, timeout, wait, least, most):
    client = pull(**({} if wait is None else {"requestWaitMs": wait}))
    client.assign(topic, 0)
    began = time.monotonic()
    assert client.read(timeout) == []
    assert least <= time.monotonic() - began < most


def test_a_waiting_read_answers_as_soon_as_there_is_a_record(pull, kafka, topic):
    client = pull()
    client.assign(topic, 0)
    client.read(timeout=200)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.read, 15000)
        never(answer.done, 0.3, "the read waits")
        began = time.monotonic()
        fill(kafka, topic, ["now"])
        assert values_of(answer.result(10)) == ["now"]
    assert time.monotonic() - began < 2


def test_min_bytes_make_a_read_wait(pull, kafka, topic):
    client = pull(responseMinBytes=30)
    client.assign(topic, 0)
    fill(kafka, topic, ["x" * 9])  # One byte of key, eleven of value.
    began = time.monotonic()
    assert len(client.read(timeout=700)) == 1
    assert time.monotonic() - began >= 0.7, "too few bytes: the whole time"
    fill(kafka, topic, ["x" * 9] * 3)
    began = time.monotonic()
    assert len(client.read_until(3, timeout=15)) == 3
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("field", ["max_bytes", "maxBytes"])
def test_max_bytes_bounds_keys_and_values(pull, kafka, topic, field):
    fill(kafka, topic, ["x" * 97] * 7)  # 1 + 99 bytes each.
    client = pull()
    client.assign(topic, 0)
    # Exactly three fit: the bound itself is allowed.
    counts = []
    while sum(counts) < 7:
        counts.append(len(client.on("GET", f"/records?timeout=3000&{field}=300").expect(200).json()))
    # What was not there yet when a read answered comes with the next; what was held back is neither lost nor doubled.
    assert max(counts) == 3 and sum(counts) == 7, counts


def test_snake_case_wins_and_the_configuration_caps(broker, start_sidecar, pull, kafka, topic):
    small = start_sidecar({**pull_values(broker.bootstrap), "kafka-consumer.requestMaxBytes": 300})
    fill(kafka, topic, ["x" * 97] * 6)
    client = pull(on=small)
    client.assign(topic, 0)
    first = client.read(timeout=5000)
    eventually(lambda: len(first) > 0, 1, "a record came")
    assert len(client.on("GET", "/records?max_bytes=100&maxBytes=200").expect(200).json()) == 1
    rest = client.read_until(6 - len(first) - 1, max_bytes=100_000)
    assert len(first) <= 3 and offsets_of(rest) == list(range(len(first) + 1, 6))


def test_a_record_above_the_bound_travels_alone(pull, kafka, topic):
    fill(kafka, topic, ["small", "x" * 200_000, "small"])
    client = pull()
    client.assign(topic, 0)
    reads = []
    while sum(map(len, reads)) < 3:
        reads.append(offsets_of(client.read(timeout=5000)))
    assert [read for read in reads if read] == [[0], [1], [2]]


def test_reads_of_one_instance_queue_in_order(pull, sidecar, kafka, topic):
    fill(kafka, topic, list(range(500)))
    client = pull()
    client.assign(topic, 0)
    client.read(timeout=3000, max_bytes=1)  # Everything is there now.

    def one(_):
        reader = Puller(sidecar, client.group, create=False)
        reader.path = client.path
        try:
            return offsets_of(reader.read(timeout=5000, max_bytes=40))
        finally:
            reader.close()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = list(pool.map(one, range(24)))
    for read in found:
        assert read == list(range(read[0], read[0] + len(read))), "in order inside a read"
    together = sorted(offset for read in found for offset in read)
    assert together == list(range(1, len(together) + 1)), "each record once, none left out"


def test_a_client_that_goes_away_in_mid_read_gets_its_records_again(pull, sidecar, kafka, topic):
    client = pull()
    client.assign(topic, 0)
    client.read(timeout=200)
    with socket.create_connection(("127.0.0.1", sidecar.port)) as gone:
        gone.sendall(f"GET {client.path}/records?timeout=10000 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        never(lambda: False, 0.2, "the read arrives")
    fill(kafka, topic, [1, 2, 3])
    assert values_of(client.read_until(3)) == [1, 2, 3]
    assert client.commit().expect(200).json() == []
    assert client.committed(topic, 0) == {0: 3}


# 5.5 Poison ------------------------------------------------------------------------------------------------------------

def test_a_record_that_cannot_be_decoded_stands_in_nobodys_way(pull, kafka, topic):
    fill(kafka, topic, [0, 1, b"{not json", 3])
    client = pull()
    client.assign(topic, 0)
    assert values_of(client.read_until(2)) == [0, 1]
    for _ in range(2):
        error = client.on("GET", "/records").expect_error(400, "ERR12205")
        for word in (topic, "partition 0", "offset 2", "value"):
            assert word in error["description"], error
    client.commit().expect(200)
    assert client.committed(topic, 0) == {0: 2}, "the position stays before it"
    client.seek(topic, p0=3)
    assert values_of(client.read_until(1)) == [3]


def test_other_partitions_go_on_beside_a_record_that_cannot_be_decoded(pull, kafka, topic):
    fill(kafka, topic, [b"{not json", 1], partition=1)
    fill(kafka, topic, ["x" * 97] * 5, partition=0)
    client = pull()
    client.assign(topic, 0, 1)
    found, failures, deadline = [], 0, time.monotonic() + 15
    while len(found) < 5:
        assert time.monotonic() < deadline, f"it stops the others: {offsets_of(found)}, {failures} failures"
        answer = client.on("GET", "/records?timeout=2000&max_bytes=200")
        if answer.status == 200:
            found += answer.json()
        else:
            assert "partition 1 at offset 0" in answer.expect_error(400, "ERR12205")["description"]
            failures += 1
    assert [(record["partition"], record["offset"]) for record in found] == [(0, offset) for offset in range(5)]
    assert failures >= 1
    client.commit().expect(200)
    client.seek(topic, p1=1)
    assert values_of(client.read_until(1)) == [1]


def test_policy_raw_returns_it(broker, start_sidecar, pull, kafka, topic):
    raw = start_sidecar({**pull_values(broker.bootstrap), "kafka-consumer.activeUndecodablePolicy": "raw"})
    fill(kafka, topic, [0, b"{not json", 2])
    client = pull(on=raw)
    client.assign(topic, 0)
    good, bad, last = client.read_until(3)
    assert (good["value"], last["value"]) == (0, 2) and "undecodable" not in good
    assert bad["undecodable"] is True and bad["error"].startswith("value: ")
    assert (bad["key"], bad["value"]) == (base64.b64encode(b"k").decode(), base64.b64encode(b"{not json").decode())
    client.commit().expect(200)
    assert client.committed(topic, 0) == {0: 3}


# 5.6 Commit, 5.7 committed, 5.10 auto commit ---------------------------------------------------------------------------

def test_commit_without_a_body_commits_what_was_returned(pull, kafka, topic):
    fill(kafka, topic, ["x" * 97] * 5)
    client = pull()
    client.assign(topic, 0)
    got = client.read(timeout=5000, max_bytes=200)
    assert client.commit().expect(200).json() == []
    assert client.committed(topic, 0) == {0: got[-1]["offset"] + 1}, "not what was only held back"
    assert kafka.committed(client.group, topic) == {0: got[-1]["offset"] + 1}
    assert client.commit().expect(200).json() == []


@pytest.mark.parametrize("query", ["", "?async=false", "?async=true", "?async=TRUE"])
def test_explicit_offsets_are_those_of_processed_records(pull, kafka, topic, query):
    client = pull()
    client.on("POST", f"/offsets{query}", {"offsets": [
        {"topic": topic, "partition": 0, "offset": 41, "metadata": "step-2"}, {"topic": topic, "partition": 1, "offset": 7},
        {"topic": topic, "partition": 1, "offset": 8}]}).expect(200)
    eventually(lambda: kafka.committed(client.group, topic) == {0: 42, 1: 9}, 10, "committed, the last of two for one partition")
    for field in ("partitions", "offsets"):
        answer = client.on("PUT", "/offsets", {field: client.partitions(topic, 2, 1, 0)}).expect(200).json()
        assert answer == {"offsets": [{"topic": topic, "partition": 1, "offset": 9, "metadata": ""},
                                      {"topic": topic, "partition": 0, "offset": 42, "metadata": "step-2"}]}


def test_an_empty_list_stores_nothing(pull, kafka, topic):
    client = pull()
    assert client.commit([]).expect(200).json() == []
    assert client.on("PUT", "/offsets", {"partitions": []}).expect(200).json() == {"offsets": []}
    assert client.committed(topic, 0, 1, 2) == {}


def test_a_commit_the_broker_refuses_says_so(pull, kafka, topic, name):
    group = f"{name}-group"
    member = pull(group=group)
    member.subscribe(topic)
    eventually(lambda: len(member.assignment()) == 3, 20, "a member holds the partitions")
    stranger = pull(group=group)
    stranger.assign(topic, 0)  # Not a member: the broker refuses while there are some.
    error = stranger.commit([{"topic": topic, "partition": 0, "offset": 1}]).expect_error(400, "ERR12207")
    assert group in error["description"]


def test_a_rebalance_between_read_and_commit_is_told(pull, kafka, topic, name):
    group = f"{name}-group"
    fill_all(kafka, topic, 1)
    one = pull(group=group)
    one.subscribe(topic)
    one.read_until(3)
    two = pull(group=group)
    two.subscribe(topic)
    eventually(lambda: two.assignment(), 20, "the second member holds something")
    eventually(lambda: len(one.assignment()) + len(two.assignment()) == 3, 20, "all partitions are held")
    error = one.commit().expect_error(400, "ERR12207")
    assert "rebalance" in error["description"] and topic in error["description"]
    assert one.commit().expect(200).json() == [], "told once"
    # Nothing was committed for them, so they come again.
    again = set()
    def all_again():
        again.update(record["partition"] for client in (one, two) for record in client.read(timeout=300))
        return again == {0, 1, 2}
    eventually(all_again, 20, "the records of all partitions")


@pytest.mark.parametrize("wanted", [{"autoCommitEnable": "true"}, {"auto.commit.enable": True}])
def test_auto_commit_covers_returned_records_only(broker, start_sidecar, pull, kafka, topic, wanted):
    quick = start_sidecar({**pull_values(broker.bootstrap), "kafka-consumer.auto.commit.interval.ms": 200})
    fill(kafka, topic, ["x" * 97] * 5)
    client = pull(on=quick, **wanted)
    client.assign(topic, 0)
    got = client.read(timeout=5000, max_bytes=200)
    eventually(lambda: kafka.committed(client.group, topic) == {0: got[-1]["offset"] + 1}, 10, "committed by itself")
    client.delete()
    assert kafka.committed(client.group, topic) == {0: got[-1]["offset"] + 1}


def test_auto_commit_commits_on_delete(pull, kafka, topic):
    fill(kafka, topic, [1, 2])
    client = pull(autoCommitEnable=True)
    client.subscribe(topic)
    client.read_until(2)
    client.delete()
    eventually(lambda: kafka.committed(client.group, topic) == {0: 2}, 5, "committed at the end")


def test_without_auto_commit_nothing_is_committed(pull, kafka, topic):
    fill(kafka, topic, [1, 2])
    client = pull()
    client.subscribe(topic)
    client.read_until(2)
    client.delete()
    assert kafka.committed(client.group, topic) == {}
    again = pull(group=client.group)
    again.subscribe(topic)
    assert values_of(again.read_until(2)) == [1, 2]


# 1.8 and 5.8 Positions -------------------------------------------------------------------------------------------------

@pytest.fixture
def ten(kafka, topic) -> str:
    """Ten records in partition 0, a second apart."""
    kafka.produce(topic, [{"key": b"k", "value": str(number).encode(), "partition": 0,
                           "timestamp": 1767225600000 + 1000 * number} for number in range(10)])
    return topic


@pytest.mark.parametrize("how", ["assigned", "subscribed"])
@pytest.mark.parametrize("body, first", [
    ({"offsets": [{"offset": 4}]}, 4),
    ({"offsets": [{"offset": 4, "metadata": "x"}], "timestamps": []}, 4),
    ({"offsets": [{"offset": 9}, {"offset": 2}]}, 2),
    ({"timestamps": [{"timestamp": "2026-01-01T00:00:03Z"}]}, 3),
    ({"timestamps": [{"timestamp": "2026-01-01T01:00:03.0005+01:00"}]}, 4),
    ({"timestamps": [{"timestamp": 1767225605000}]}, 5),
    ({"timestamps": [{"timestamp": 0}]}, 0),
    ({"timestamps": [{"timestamp": "2027-01-01T00:00:00Z"}]}, None),
    ({"offsets": [{"offset": 1}], "timestamps": [{"timestamp": 1767225607000}]}, 7),
    ({"offsets": [{"offset": 1_000_000}]}, 0),  # Out of range: auto.offset.reset.
])
def test_seek(pull, kafka, ten, how, body, first):
    client = pull()
    if how == "assigned":
        client.assign(ten, 0)
    else:
        client.subscribe(ten)
    client.read_until(10)
    where = {"topic": ten, "partition": 0}
    client.on("POST", "/positions", {key: [{**where, **entry} for entry in entries] for key, entries in body.items()}).expect(204)
    if first is None:
        fill(kafka, ten, ["new"])
        assert values_of(client.read_until(1)) == ["new"]
    else:
        assert values_of(client.read_until(10 - first)) == list(range(first, 10))


@pytest.mark.parametrize("how", ["assigned", "subscribed"])
@pytest.mark.parametrize("partitions", [[], [0]], ids=["all", "named"])
def test_first_and_last(pull, kafka, ten, how, partitions):
    client = pull()
    if how == "assigned":
        client.assign(ten, 0)
    else:
        client.subscribe(ten)
    client.read_until(10)
    body = {"partitions": client.partitions(ten, *partitions)}
    client.on("POST", "/positions/first", body).expect(204)
    assert values_of(client.read_until(10)) == list(range(10))
    client.on("POST", "/positions/first", body).expect(204)
    client.on("POST", "/positions/last", body).expect(204)
    fill(kafka, ten, ["new"])
    assert values_of(client.read_until(1)) == ["new"]


def test_a_seek_right_after_subscribing_waits_for_the_group(pull, ten):
    client = pull()
    client.subscribe(ten)
    client.seek(ten, p0=8)
    assert values_of(client.read_until(2)) == [8, 9]


@pytest.mark.parametrize("below, body", [
    ("/positions", {"offsets": [{"partition": 0, "offset": 0}, {"partition": 1, "offset": 0}]}),
    ("/positions", {"offsets": [{"partition": 0, "offset": 0}], "timestamps": [{"partition": 2, "timestamp": 0}]}),
    ("/positions/first", {"partitions": [{"partition": 0}, {"partition": 1}]}),
    ("/positions/last", {"partitions": [{"partition": 0}, {"partition": 77}]}),
])
def test_an_unassigned_partition_moves_nothing(pull, kafka, ten, below, body):
    client = pull()
    client.assign(ten, 0)
    client.read_until(10)
    body = {key: [{"topic": ten, **entry} for entry in entries] for key, entries in body.items()}
    error = client.on("POST", below, body).expect_error(400, "ERR30006")
    assert "not assigned" in error["description"] and ten in error["description"]
    fill(kafka, ten, ["new"])
    assert values_of(client.read_until(1)) == ["new"]


@pytest.mark.parametrize("below", ["/positions", "/positions/first", "/positions/last"])
def test_no_body_moves_nothing(pull, kafka, ten, below):
    client = pull()
    client.assign(ten, 0)
    client.read_until(10)
    client.on("POST", below).expect(204)
    fill(kafka, ten, ["new"])
    assert values_of(client.read_until(1)) == ["new"]


def test_a_seek_moves_its_partition_alone(pull, kafka, topic):
    fill_all(kafka, topic, 3)
    client = pull()
    client.subscribe(topic)
    client.read_until(9)
    client.seek(topic, p1=1)
    assert values_of(client.read_until(2)) == [11, 12]
    # A held record of another partition is kept, one of the sought partition comes again in its order.
    client.seek(topic, p0=0, p2=0)
    first = client.read(timeout=5000, max_bytes=1)
    client.seek(topic, p0=0)
    rest = client.read_until(6 - (len(first) if first[0]["partition"] == 2 else 0))
    assert offsets_of([r for r in rest if r["partition"] == 0]) == [0, 1, 2]


def test_a_seek_leaves_what_was_read_uncommitted(pull, kafka, ten):
    client = pull()
    client.assign(ten, 0)
    client.read_until(10)
    client.seek(ten, p0=3)
    client.commit().expect(200)
    assert kafka.committed(client.group, ten) == {}
    client.read_until(7)
    client.commit().expect(200)
    assert kafka.committed(client.group, ten) == {0: 10}


@pytest.mark.parametrize("field", ["autoOffsetReset", "auto.offset.reset"])
@pytest.mark.parametrize("reset, expected", [("earliest", [1, 2, "new"]), ("latest", ["new"])])
def test_auto_offset_reset(pull, kafka, topic, field, reset, expected):
    fill(kafka, topic, [1, 2])
    client = pull(**{field: reset})
    client.assign(topic, 0)
    found = client.read(timeout=1000)
    fill(kafka, topic, ["new"])
    assert values_of(found + client.read_until(len(expected) - len(found))) == expected


def test_auto_offset_reset_none_fails_until_there_is_a_position(pull, kafka, ten):
    client = pull(autoOffsetReset="none")
    client.assign(ten, 0)
    for _ in range(2):
        error = client.on("GET", "/records?timeout=10000").expect_error(400, "ERR12205")
        assert ten in error["description"]
    client.seek(ten, p0=8)
    assert values_of(client.read_until(2)) == [8, 9]
    client.commit().expect(200)
    client.seek(ten, p0=1_000_000)
    client.on("GET", "/records?timeout=10000").expect_error(400, "ERR12205")


# 5.1 Life --------------------------------------------------------------------------------------------------------------

def test_an_idle_instance_expires_and_a_used_one_does_not(broker, start_sidecar, pull, kafka, topic, name):
    short = start_sidecar({**pull_values(broker.bootstrap), "kafka-consumer.instanceTimeoutMs": 1000})
    idle, used = pull(group=f"{name}-idle", on=short), pull(group=f"{name}-used", on=short)
    used.assign(topic, 0)
    idle.subscribe(topic)
    began = time.monotonic()
    assert used.read(timeout=3000) == [], "a read longer than the limit is no idleness"
    assert used.on("GET", "/assignments").status == 200
    idle.on("GET", "/assignments").expect_error(404, "ERR12200")
    eventually(lambda: kafka.assignment(idle.group) == [], 10, "it has left its group")
    assert time.monotonic() - began < 20


def test_everything_ends_with_the_sidecar(broker, start_sidecar, kafka, topic, name):
    one = start_sidecar(pull_values(broker.bootstrap))
    clients = [Puller(one, f"{name}-{number}") for number in range(3)]
    for client in clients:
        client.subscribe(topic)
    eventually(lambda: all(client.assignment() for client in clients), 20, "all are assigned")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(clients[0].read, 14000)
        never(waiting.done, 0.2, "a read waits")
        began = time.monotonic()
        assert one.stop() == 0
        assert waiting.result(5) == [], "a waiting read is answered"
    assert time.monotonic() - began < 8
    assert all(kafka.assignment(client.group) == [] for client in clients), "the groups were left"


def test_two_instances_share_a_group(pull, kafka, topic, name):
    group = f"{name}-group"
    one, two = pull(group=group), pull(group=group)
    one.subscribe(topic)
    two.subscribe(topic)
    eventually(lambda: sorted(map(len, (one.assignment(), two.assignment()))) == [1, 2], 20, "they share three partitions")
    fill_all(kafka, topic, 1)
    found = []
    def all_found():
        found.extend(one.read(timeout=300) + two.read(timeout=300))
        return len(found) >= 3
    eventually(all_found, 20, "three records")
    assert sorted(values_of(found)) == [0, 10, 20]
    two.delete()
    eventually(lambda: len(one.assignment()) == 3, 20, "the other one takes over")


def test_a_hundred_instances_at_once(sidecar, kafka, topic, name):
    """Made, read, committed and deleted by a hundred clients at the same time, each with a group of its own."""
    count, records = 100, 20
    fill(kafka, topic, list(range(records)))

    def use(number: int) -> tuple[list, dict]:
        client = Puller(sidecar, f"{name}-{number}")
        try:
            client.assign(topic, 0)
            got = values_of(client.read_until(records, timeout=60, max_bytes=400))
            client.commit().expect(200)
            committed = client.committed(topic, 0)
            client.delete()
            return got, committed
        finally:
            client.close()

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        found = list(pool.map(use, range(count)))
    assert found == [(list(range(records)), {0: records})] * count
    assert [kafka.committed(f"{name}-{number}", topic) for number in (0, count - 1)] == [{0: records}] * 2


@pytest.mark.parametrize("membership", ["cooperative-sticky", "consumer"])
def test_static_members_of_one_process_do_not_throw_each_other_out(broker, start_sidecar, pull, kafka, topic, name, membership):
    static = start_sidecar({**pull_values(broker.bootstrap), "kafka-consumer.group.instance.id": "pod-0",
                            **MEMBERSHIPS[membership]})
    one, two = pull(group=name, on=static, id="one"), pull(group=name, on=static, id="two")
    for client in (one, two):
        client.subscribe(topic)
    found = []

    def shared() -> bool:
        found.extend(one.read(timeout=200) + two.read(timeout=200))
        return sorted(map(len, (one.assignment(), two.assignment()))) == [1, 2]
    eventually(shared, 30, "they share three partitions")
    group = kafka.admin.describe_consumer_groups([name])[name].result(20)
    assert {member.group_instance_id for member in group.members} == {"pod-0-one", "pod-0-two"}
    fill_all(kafka, topic, 1)

    def all_found() -> bool:
        found.extend(one.read(timeout=200) + two.read(timeout=200))
        return len(found) >= 3
    eventually(all_found, 20, "three records")
    assert sorted(values_of(found)) == [0, 10, 20]
    assert "Another member" not in static.stderr()


# Memberships, the README, costs ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("membership", MEMBERSHIPS)
def test_every_group_protocol(broker, start_sidecar, pull, kafka, topic, name, membership):
    """Two instances share a group, and seek in it."""
    values = pull_values(broker.bootstrap)
    for key, value in MEMBERSHIPS[membership].items():
        values[f"kafka-consumer.{key}"] = value
    both = start_sidecar(values)
    group = f"{name}-group"
    fill_all(kafka, topic, 3)
    one = pull(group=group, on=both)
    one.subscribe(topic)
    one.read_until(9)
    one.seek(topic, p0=1)
    one.seek(topic, p2=2)
    assert sorted(values_of(one.read_until(3))) == [1, 2, 22]
    one.commit().expect(200)
    two = pull(group=group, on=both)
    two.subscribe(topic)
    eventually(lambda: sorted(map(len, (one.assignment(), two.assignment()))) == [1, 2], 30, "they share three partitions")
    holder = one if (topic, 1) in one.assignment() else two
    holder.seek(topic, p1=0)
    found = holder.read_until(3)
    assert values_of(found) == [10, 11, 12]
    eventually(lambda: holder.commit().status == 200, 10, "committed")
    two.delete()
    eventually(lambda: len(one.assignment()) == 3, 60, "the other one takes over")
    fill_all(kafka, topic, 1)
    assert sorted(values_of(one.read_until(3))) == [0, 10, 20]


def test_the_readmes_example_line_by_line(sidecar, kafka, name, topic):
    readme = (pathlib.Path(__file__).parents[2] / "README.md").read_text()
    [block] = re.findall(r"## Pulling\n.*?```sh\n(.*?)```", readme, re.DOTALL)
    fill(kafka, topic, [{"order": 100}])
    answers = [subprocess.run(line.replace("http://localhost:8080", f"http://127.0.0.1:{sidecar.port}")
                              .replace("orders", topic).replace("/audit", f"/{name}"), shell=True, capture_output=True,
                              text=True, check=True, timeout=30).stdout
               for line in block.strip().splitlines()]
    made, subscribed, records, committed, deleted = answers
    assert json.loads(made)["instance_id"] == "one" and subscribed == ""
    assert values_of(json.loads(records)) == [{"order": 100}]
    assert json.loads(committed) == [] and deleted == ""
    assert kafka.committed(name, topic) == {0: 1}


def test_idle_instances_cost_little(broker, start_sidecar, kafka, topic, name):
    sidecar = start_sidecar(pull_values(broker.bootstrap))
    Puller(sidecar, f"{name}-first").delete()
    before = sidecar.memory_bytes()
    clients = [Puller(sidecar, f"{name}-{number}") for number in range(20)]
    for client in clients:
        client.subscribe(topic)
    eventually(lambda: all(len(client.assignment()) == 3 for client in clients), 30, "all have joined")
    each = (sidecar.memory_bytes() - before) / len(clients)
    assert each < 1_500_000, each
    def cpu() -> float:
        fields = pathlib.Path(f"/proc/{sidecar.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    began, spent = time.monotonic(), cpu()
    never(lambda: False, 2, "nobody does anything")
    load = (cpu() - spent) / (time.monotonic() - began) / len(clients)
    assert load < 0.01, f"an idle instance takes {load:.2%} of a core"
    assert sidecar.stop() == 0
