"""Formats with a schema: against a real registry, with other clients on the other side, and with a registry that breaks."""
import base64
import datetime
import decimal
import json
import pathlib
import random
import re
import struct
import threading
import urllib.parse
import uuid

import fastavro
import jsonschema
import pytest
from confluent_kafka.schema_registry import SchemaReference, SchemaRegistryClient, Schema
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import (any_pb2, descriptor_pb2, descriptor_pool, duration_pb2, json_format, message_factory, struct_pb2,
                             timestamp_pb2, wrappers_pb2)

from harness.pull import Puller
from harness.push import Push
from harness.sidecar import ACTIVE_HOOK, HOOKS, PRODUCER_HOOK, REACTIVE_HOOK, consume_values
from harness.wait import eventually, never

ORDER = {"type": "record", "name": "Order", "fields": [{"name": "order", "type": "int"}, {"name": "total", "type": "int"}]}
NEWER = {"type": "record", "name": "Order", "fields": [*ORDER["fields"], {"name": "note", "type": "string", "default": "none"}]}
CLASHING = {"type": "record", "name": "Order", "fields": [{"name": "order", "type": "string"}]}


def frame(number: int, payload: bytes = b"") -> bytes:
    return b"\0" + struct.pack(">I", number) + payload


def avro_bytes(schema, value) -> bytes:
    import io
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    return out.getvalue()


@pytest.fixture
def both(kafka, start_sidecar, backend, name):
    """Starts a sidecar that produces, pushes and serves pulls, all with one format."""
    push = Push(kafka, start_sidecar, backend, name, partitions=2)

    def start(url: str, form: str = "avro", **settings) -> Push:
        values = consume_values(kafka.bootstrap, push.topic, push.group, backend.url)
        values |= {HOOKS: [PRODUCER_HOOK, REACTIVE_HOOK, ACTIVE_HOOK], "kafka-consumer.requestTimeoutMs": 15000,
                   "kafka-consumer.useNoWrappingAvro": True}
        for file in ("kafka-producer", "kafka-consumer"):
            values |= {f"{file}.schema.registry.url": url, f"{file}.valueFormat": form}
        values |= {key.replace("__", "."): value for key, value in settings.items()}
        push.sidecar = start_sidecar({key: value for key, value in values.items() if value is not None})
        return push
    return start


def other_client(registry) -> SchemaRegistryClient:
    """It first asks for a path that Apicurio does not know. One in a thousand of those is never answered, so it asks again."""
    return SchemaRegistryClient({"url": registry.url, "timeout": 20})


def delivered(push: Push, count: int, timeout: float = 20) -> list[dict]:
    """What the backend got, by partition and offset."""
    eventually(lambda: len(push.backend.records()) >= count, timeout, f"{count} records are delivered")
    records = sorted(push.backend.records(), key=lambda record: (record["partition"], record["offset"]))
    assert len(records) == count
    return records


def pulled(push: Push, count: int, **wanted) -> list[dict]:
    puller = Puller(push.sidecar, push.group + "-pull", **wanted)
    puller.subscribe(push.topic)
    records = puller.read_until(count)
    puller.delete()
    puller.close()
    return sorted(records, key=lambda record: (record["partition"], record["offset"]))


def values_of(records: list[dict]) -> list:
    return [record["value"] for record in records]


def log_values(push: Push) -> list[bytes]:
    return [record.value for record in sorted(push.kafka.read(push.topic), key=lambda r: (r.partition, r.offset))]


# Other clients -------------------------------------------------------------------------------------------------------

EVERYTHING = {"type": "record", "name": "Everything", "namespace": "shop", "fields": [
    {"name": "flag", "type": "boolean"}, {"name": "small", "type": "int"}, {"name": "large", "type": "long"},
    {"name": "single", "type": "float"}, {"name": "twice", "type": "double"}, {"name": "raw", "type": "bytes"},
    {"name": "text", "type": "string"}, {"name": "nothing", "type": "null"},
    {"name": "colour", "type": {"type": "enum", "name": "Colour", "symbols": ["RED", "BLUE"]}},
    {"name": "hash", "type": {"type": "fixed", "name": "Hash", "size": 3}},
    {"name": "list", "type": {"type": "array", "items": "long"}},
    {"name": "map", "type": {"type": "map", "values": {"type": "array", "items": "string"}}},
    {"name": "maybe", "type": ["null", "string"]}, {"name": "either", "type": ["long", "string", "Colour", "null"]},
    {"name": "tree", "type": {"type": "record", "name": "Tree", "fields": [
        {"name": "value", "type": "int"}, {"name": "children", "type": {"type": "array", "items": "Tree"}}]}},
    {"name": "day", "type": "int"}]}


def everything(rng: random.Random) -> tuple[dict, dict]:
    """A value as Python has it, and as JSON."""
    def tree(depth: int) -> dict:
        return {"value": rng.randint(-9, 9), "children": [tree(depth - 1) for _ in range(rng.randint(0, 2) if depth else 0)]}
    raw = rng.randbytes(rng.randint(0, 9))
    fixed = rng.randbytes(3)
    single = rng.randint(-10**6, 10**6) / 4  # the same text as a float and as a double
    value = {"flag": rng.random() < 0.5, "small": rng.randint(-2**31, 2**31 - 1), "large": rng.randint(-2**63, 2**63 - 1),
             "single": single, "twice": rng.uniform(-1e300, 1e300), "raw": raw, "text": rng.choice(["", "plain", "ä€🐲\n\"\\"]),
             "nothing": None, "colour": rng.choice(["RED", "BLUE"]), "hash": fixed,
             "list": [rng.randint(-5, 5) for _ in range(rng.randint(0, 4))],
             "map": {f"k{i}": ["a", ""] for i in range(rng.randint(0, 3))}, "maybe": rng.choice([None, "x"]),
             "either": rng.choice([7, "text", None]), "tree": tree(3), "day": 19000}
    return value, {**value, "raw": raw.decode("latin-1"), "hash": fixed.decode("latin-1")}


def test_avro_of_another_client_and_ours_are_the_same_bytes(registry, both, tell):
    push = both(registry.url)
    client = other_client(registry)
    write = AvroSerializer(client, json.dumps(EVERYTHING))
    read = AvroDeserializer(client)
    context = SerializationContext(push.topic, MessageField.VALUE)
    rng = random.Random(6)
    pairs = [everything(rng) for _ in range(200)]
    theirs = [write(value, context) for value, _ in pairs]
    push.fill(theirs)
    assert values_of(delivered(push, 200)) == [as_json for _, as_json in pairs]
    assert values_of(pulled(push, 200)) == [as_json for _, as_json in pairs]

    number = struct.unpack(">I", theirs[0][1:5])[0]
    answer = push.sidecar.post(f"/producers/{push.topic}", {
        "valueSchemaId": number, "records": [{"value": as_json, "partition": 1} for _, as_json in pairs]}).expect(200).json()
    assert answer["value_schema_id"] == answer["valueSchemaId"] == number
    ours = log_values(push)[200:]
    assert ours == theirs
    assert [read(data, context) for data in ours] == [value for value, _ in pairs]
    tell(f"interop: 200 Avro records there and back, {sum(map(len, ours)):,} bytes the same")


def test_avro_logical_types_are_what_stands_under_them(registry, both):
    push = both(registry.url)
    client = other_client(registry)
    fields = {"price": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
              "rate": {"type": "fixed", "name": "Rate", "size": 4, "logicalType": "decimal", "precision": 9, "scale": 3},
              "day": {"type": "int", "logicalType": "date"}, "clock": {"type": "int", "logicalType": "time-millis"},
              "fine": {"type": "long", "logicalType": "time-micros"}, "at": {"type": "long", "logicalType": "timestamp-millis"},
              "exact": {"type": "long", "logicalType": "timestamp-micros"}, "id": {"type": "string", "logicalType": "uuid"}}
    schema = json.dumps({"type": "record", "name": "Logical",
                         "fields": [{"name": name, "type": kind} for name, kind in fields.items()]})
    moment = datetime.datetime(2026, 3, 1, 10, 0, 0, 250000, datetime.timezone.utc)
    number = uuid.UUID("0189a3f0-0000-7000-8000-00000000002a")
    theirs = {"price": decimal.Decimal("-123.45"), "rate": decimal.Decimal("1.250"), "day": datetime.date(2026, 3, 1),
              "clock": datetime.time(10, 0, 0, 250000), "fine": datetime.time(10, 0, 0, 250001), "at": moment, "exact": moment,
              "id": number}
    since = int(moment.timestamp() * 1000)
    ours = {"price": (-12345).to_bytes(2, "big", signed=True).decode("latin-1"), "rate": (1250).to_bytes(4, "big").decode("latin-1"),
            "day": (datetime.date(2026, 3, 1) - datetime.date(1970, 1, 1)).days, "clock": 36_000_250, "fine": 36_000_250_001,
            "at": since, "exact": since * 1000, "id": str(number)}
    context = SerializationContext(push.topic, MessageField.VALUE)
    push.fill([AvroSerializer(client, schema)(theirs, context)])
    push.sidecar.produce(push.topic, [{"value": ours, "partition": 1}], valueSchema=schema)
    assert values_of(delivered(push, 2)) == [ours, ours]
    first, second = log_values(push)
    assert first == second
    assert AvroDeserializer(client)(second, context) == theirs


def test_avro_unions_wrapped_as_the_avro_json_encoding_has_them(registry, both):
    push = both(registry.url, **{"kafka-consumer__useNoWrappingAvro": None})
    schema = json.dumps({"type": "record", "name": "Wrapped", "fields": [
        {"name": "a", "type": ["null", "long", "string"]},
        {"name": "b", "type": ["null", {"type": "record", "name": "shop.Inner", "fields": [{"name": "x", "type": "int"}]}]}]})
    wrapped = [{"a": {"long": 5}, "b": None}, {"a": {"string": "t"}, "b": {"shop.Inner": {"x": 1}}}, {"a": None, "b": None}]
    plain = [{"a": 5, "b": None}, {"a": "t", "b": {"x": 1}}, {"a": None, "b": None}]
    for values in (wrapped, plain):
        push.sidecar.produce(push.topic, [{"value": value, "partition": 0} for value in values], valueSchema=schema)
    assert log_values(push)[:3] == log_values(push)[3:]
    assert values_of(delivered(push, 6)) == wrapped * 2


def test_references_are_followed_in_all_three(registry, both, name):
    push = both(registry.url)
    money = {"type": "record", "name": "Money", "namespace": "shop", "fields": [{"name": "cents", "type": "long"}]}
    line = {"type": "record", "name": "Line", "namespace": "shop", "fields": [{"name": "price", "type": "Money"}]}
    bill = {"type": "record", "name": "Bill", "namespace": "shop", "fields": [
        {"name": "lines", "type": {"type": "array", "items": "Line"}}, {"name": "sum", "type": "Money"}]}
    registry.register(f"{name}-money", money)
    registry.register(f"{name}-line", line, references=[{"name": "shop.Money", "subject": f"{name}-money", "version": 1}])
    references = [{"name": "shop.Money", "subject": f"{name}-money", "version": 1},
                  {"name": "shop.Line", "subject": f"{name}-line", "version": 1}]
    registry.register(f"{push.topic}-value", bill, references=references)
    value = {"lines": [{"price": {"cents": 5}}], "sum": {"cents": 5}}
    push.sidecar.produce(push.topic, [{"value": value, "partition": 0}])

    draft = {"$schema": "http://json-schema.org/draft-07/schema#"}
    registry.register(f"{name}-code", {**draft, "enum": ["EUR", "USD"]}, "JSON")
    registry.register(f"{name}-unit", {**draft, "allOf": [{"$ref": "code.json"}]}, "JSON",
                      [{"name": "code.json", "subject": f"{name}-code", "version": 1}])
    registry.register(
        f"{name}-json", {**draft, "type": "object", "properties": {"unit": {"$ref": "unit.json"}}}, "JSON",
        [{"name": "unit.json", "subject": f"{name}-unit", "version": 1}])
    as_json = {"valueFormat": "jsonschema", "valueSchemaSubject": f"{name}-json"}
    push.sidecar.produce(push.topic, [{"value": {"unit": "EUR"}, "partition": 0}], **as_json)
    refused = push.sidecar.post(f"/producers/{push.topic}", {**as_json, "records": [{"value": {"unit": "GBP"}}]})
    assert "record 0, value: /unit: enum" in refused.expect_error(400, "ERR12206")["description"]

    registry.register(f"{name}-size", 'syntax = "proto3"; package shop; message Size { int32 cm = 1; }', "PROTOBUF")
    registry.register(f"{name}-part", 'syntax = "proto3"; package shop; import "size.proto"; '
                      'message Part { string name = 1; Size size = 2; }', "PROTOBUF",
                      [{"name": "size.proto", "subject": f"{name}-size", "version": 1}])
    registry.register(f"{name}-proto", 'syntax = "proto3"; package shop; import "part.proto"; '
                      'import "google/protobuf/timestamp.proto"; message Box { repeated Part parts = 1; '
                      'google.protobuf.Timestamp at = 2; }', "PROTOBUF",
                      [{"name": "part.proto", "subject": f"{name}-part", "version": 1}])
    box = {"parts": [{"name": "a", "size": {"cm": 9}}, {"name": "b"}], "at": "2026-03-01T10:00:00Z"}
    push.sidecar.produce(push.topic, [{"value": box, "partition": 0}], valueFormat="protobuf", valueSchemaSubject=f"{name}-proto")
    # What a record is, its schema says; the consumer's format only says that there is one.
    assert values_of(delivered(push, 3)) == [value, {"unit": "EUR"}, box]


def test_json_schema_of_another_client_and_ours(registry, both, name, tell):
    push = both(registry.url, "jsonschema")
    client = other_client(registry)
    schema = json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", "title": "Order", "type": "object",
                         "required": ["order"], "additionalProperties": False,
                         "properties": {"order": {"type": "integer"}, "note": {"type": ["string", "null"], "maxLength": 5}}})
    write = JSONSerializer(schema, client)
    read = JSONDeserializer(schema, schema_registry_client=client)
    context = SerializationContext(push.topic, MessageField.VALUE)
    values = [{"order": i, "note": [None, "ä€"][i % 2]} for i in range(100)]
    push.fill([write(value, context) for value in values])
    assert values_of(delivered(push, 100)) == values
    assert values_of(pulled(push, 100)) == values
    push.sidecar.produce(push.topic, [{"value": value, "partition": 1} for value in values])
    ours = log_values(push)[100:]
    assert [read(data, context) for data in ours] == values
    assert ours[0][5:] == b'{"order":0,"note":null}', "no white space"
    refused = push.sidecar.post(f"/producers/{push.topic}", {"records": [{"value": values[0]}, {"value": {"order": 1, "more": 1}}]})
    assert "record 1, value: additionalProperties: more" in refused.expect_error(400, "ERR12206")["description"]
    assert len(log_values(push)) == 200
    tell("interop: 100 JSON Schema records there and back")


def proto_file() -> tuple:
    """A file with what proto3 has, made as protoc would make it."""
    file = descriptor_pb2.FileDescriptorProto(name=f"shop-{uuid.uuid4().hex}.proto", package="shop", syntax="proto3")
    file.dependency.extend(["google/protobuf/timestamp.proto", "google/protobuf/duration.proto", "google/protobuf/struct.proto",
                            "google/protobuf/wrappers.proto", "google/protobuf/any.proto"])
    kinds = descriptor_pb2.FieldDescriptorProto
    message = file.message_type.add(name="All")
    colour = file.enum_type.add(name="Colour")
    for number, value in enumerate(["GREY", "RED", "BLUE"]):
        colour.value.add(name=value, number=number)

    def field(name, number, kind, label=kinds.LABEL_OPTIONAL, type_name=None, to=message, oneof=None, optional=False):
        made = to.field.add(name=name, number=number, type=kind, label=label)
        if type_name:
            made.type_name = type_name
        if oneof is not None:
            made.oneof_index = oneof
        made.proto3_optional = optional
        return made
    scalars = ["double", "float", "int64", "uint64", "int32", "fixed64", "fixed32", "bool", "string", "bytes", "uint32",
               "sfixed32", "sfixed64", "sint32", "sint64"]
    for number, scalar in enumerate(scalars, 1):
        field(f"a_{scalar}", number, getattr(kinds, f"TYPE_{scalar.upper()}"))
        field(f"many_{scalar}", 100 + number, getattr(kinds, f"TYPE_{scalar.upper()}"), kinds.LABEL_REPEATED)
    inner = message.nested_type.add(name="Inner")
    field("x", 1, kinds.TYPE_INT32, to=inner)
    field("next", 2, kinds.TYPE_MESSAGE, type_name=".shop.All.Inner", to=inner)
    entry = message.nested_type.add(name="CountsEntry")
    entry.options.map_entry = True
    field("key", 1, kinds.TYPE_STRING, to=entry)
    field("value", 2, kinds.TYPE_INT64, to=entry)
    field("counts", 30, kinds.TYPE_MESSAGE, kinds.LABEL_REPEATED, ".shop.All.CountsEntry")
    message.oneof_decl.add(name="choice")
    field("left", 40, kinds.TYPE_STRING, oneof=0)
    field("right", 41, kinds.TYPE_MESSAGE, type_name=".shop.All.Inner", oneof=0)
    message.oneof_decl.add(name="_maybe")
    field("maybe", 42, kinds.TYPE_INT32, oneof=1, optional=True)
    field("colour", 50, kinds.TYPE_ENUM, type_name=".shop.Colour")
    field("inner", 51, kinds.TYPE_MESSAGE, type_name=".shop.All.Inner")
    for number, known in enumerate(["Timestamp", "Duration", "Struct", "Value", "Int64Value", "StringValue", "Any"], 60):
        field(f"known_{known.lower()}", number, kinds.TYPE_MESSAGE, type_name=f".google.protobuf.{known}")
    field("id", 1, kinds.TYPE_INT64, to=file.message_type.add(name="Second"))
    pool = descriptor_pool.DescriptorPool()
    for module in (timestamp_pb2, duration_pb2, struct_pb2, wrappers_pb2, any_pb2):
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    made = [pool.FindMessageTypeByName(f"shop.{one}") for one in ("All", "Second", "All.Inner")]
    return [message_factory.GetMessageClass(descriptor) for descriptor in made]


def all_kinds(rng: random.Random, kind):
    message = kind()
    limits = {"int32": 31, "sint32": 31, "sfixed32": 31, "int64": 63, "sint64": 63, "sfixed64": 63}

    def scalar(name):
        if name in limits:
            return rng.choice([0, 1, -1, -2**limits[name], 2**limits[name] - 1])
        return {"double": lambda: rng.choice([0.0, 1e300, rng.random()]), "float": lambda: rng.choice([0.0, 0.5, -1.25]),
                "bool": lambda: rng.random() < 0.5, "string": lambda: rng.choice(["", "ä€🐲"]),
                "bytes": lambda: rng.randbytes(rng.randint(0, 5)), "uint32": lambda: rng.choice([0, 2**32 - 1]),
                "fixed32": lambda: rng.choice([0, 2**32 - 1]), "uint64": lambda: rng.choice([0, 2**64 - 1]),
                "fixed64": lambda: rng.choice([0, 2**64 - 1])}[name]()
    for field in kind.DESCRIPTOR.fields:
        if field.name.startswith("a_"):
            setattr(message, field.name, scalar(field.name[2:]))
        if field.name.startswith("many_"):
            getattr(message, field.name).extend(scalar(field.name[5:]) for _ in range(rng.randint(0, 3)))
    if rng.random() < 0.5:
        message.counts["one"] = rng.randint(-5, 5)
    if rng.random() < 0.5:
        message.maybe = 0
    if rng.random() < 0.5:
        message.left = rng.choice(["", "l"])
    else:
        message.right.x = 3
    message.colour = rng.randint(0, 2)
    message.inner.next.x = 7
    message.known_timestamp.FromJsonString("2026-03-01T10:00:00.120Z")
    message.known_duration.FromJsonString("-1.500s")
    json_format.Parse('{"a":[1,null,{"b":"c"}]}', message.known_struct)
    json_format.Parse('[true,"x"]', message.known_value)
    message.known_int64value.value = 2**62
    message.known_stringvalue.value = ""
    message.known_any.Pack(timestamp_pb2.Timestamp(seconds=5))
    return message


def as_proto_json(message) -> dict:
    return json.loads(json_format.MessageToJson(message, always_print_fields_with_no_presence=True))


def test_protobuf_of_another_client_and_ours_are_the_same_bytes(registry, both, tell):
    push = both(registry.url, "protobuf")
    client = other_client(registry)
    kind, second, inner = proto_file()
    settings = {"use.deprecated.format": False}
    context = SerializationContext(push.topic, MessageField.VALUE)
    write = ProtobufSerializer(kind, client, settings)
    rng = random.Random(7)
    messages = [all_kinds(rng, kind) for _ in range(100)]
    theirs = [write(message, context) for message in messages]
    others = [ProtobufSerializer(second, client, settings)(second(id=9), context),
              ProtobufSerializer(inner, client, settings)(inner(x=4), context)]
    push.fill(theirs + others)
    expected = [*map(as_proto_json, messages), {"id": "9"}, {"x": 4}]
    assert values_of(delivered(push, 102)) == expected
    assert values_of(pulled(push, 102)) == expected

    number = struct.unpack(">I", theirs[0][1:5])[0]
    push.sidecar.produce(push.topic, [{"value": value, "partition": 1} for value in expected[:100]], valueSchemaId=number)
    ours = log_values(push)[102:]
    read = ProtobufDeserializer(kind, settings)
    assert [read(data, context) for data in ours] == messages
    # Within a message, fields stand in the order of their numbers on both sides.
    assert ours == theirs
    tell(f"interop: 102 protobuf records there and back, {sum(map(len, ours)):,} bytes the same")


def test_keys_have_a_schema_of_their_own(registry, both):
    push = both(registry.url, **{"kafka-producer__keyFormat": "avro", "kafka-consumer__keyFormat": "avro"})
    key = json.dumps({"type": "record", "name": "Key", "fields": [{"name": "id", "type": "long"}]})
    answer = push.sidecar.post(f"/producers/{push.topic}", {
        "keySchema": key, "valueSchema": json.dumps(ORDER),
        "records": [{"key": {"id": i}, "value": {"order": i, "total": 0}, "partition": 0} for i in range(10)]
        + [{"key": {"id": 10}, "value": None, "partition": 0}]}).expect(200).json()
    assert answer["key_schema_id"] != answer["value_schema_id"]
    assert registry.versions(f"{push.topic}-key") == registry.versions(f"{push.topic}-value") == [1]
    records = delivered(push, 11)
    assert [record["key"] for record in records] == [{"id": i} for i in range(11)]
    assert "value" not in records[10]


# Which schema --------------------------------------------------------------------------------------------------------

def test_schema_by_text_id_version_subject_and_latest(registry, both, name):
    push = both(registry.url)
    subject = f"{push.topic}-value"

    def post(**fields):
        return push.sidecar.post(f"/producers/{push.topic}", {"records": [{"value": {"order": 1, "total": 2}}], **fields})
    first = post(valueSchema=json.dumps(ORDER)).expect(200).json()["value_schema_id"]
    assert post(value_schema=json.dumps(ORDER)).expect(200).json()["value_schema_id"] == first
    second = post(valueSchema=json.dumps(NEWER)).expect(200).json()["value_schema_id"]
    assert second != first and registry.versions(subject) == [1, 2]
    assert post(valueSchemaId=first).expect(200).json()["value_schema_id"] == first
    assert post(valueSchemaVersion=1).expect(200).json()["value_schema_id"] == first
    assert post(valueSchemaVersion=2).expect(200).json()["value_schema_id"] == second
    assert post().expect(200).json()["value_schema_id"] == second
    other = registry.register(f"{name}/other", ORDER)
    assert post(valueSchemaSubject=f"{name}/other").expect(200).json()["value_schema_id"] == other
    # The schema that is found says the format.
    assert post(valueFormat="protobuf", valueSchemaVersion=1).expect(200).json()["value_schema_id"] == first
    written = len(log_values(push))
    foreign = registry.register(f"{name}-foreign", {"type": "record", "name": "Foreign", "fields": []})
    for fields, words in (({"valueSchemaId": foreign}, "value"), ({"valueSchemaId": 99999999}, "value"),
                          ({"valueSchemaVersion": 9}, "value"), ({"valueSchemaSubject": f"{name}-nobody"}, f"{name}-nobody")):
        assert words in post(**fields).expect_error(400, "ERR12208")["description"]
    for fields, code in (({"valueSchemaId": 1, "valueSchemaVersion": 1}, "ERR12210"),
                         ({"valueSchemaId": 1, "valueSchema": "{}"}, "ERR12211"),
                         ({"valueSchemaVersion": 1, "valueSchema": "{}"}, "ERR12213"),
                         ({"valueFormat": "json", "valueSchemaId": 1}, "ERR12209"),
                         ({"valueFormat": "json", "valueSchemaVersion": 1}, "ERR12212"),
                         ({"valueFormat": "string", "valueSchema": "{}"}, "ERR12214"),
                         ({"valueFormat": "binary", "valueSchemaSubject": "s"}, "ERR12215")):
        post(**fields).expect_error(400, code)
    assert len(log_values(push)) == written == 9


def test_what_the_registry_refuses_reaches_the_caller(registry, both):
    push = both(registry.url)
    subject = f"{push.topic}-value"
    push.sidecar.produce(push.topic, [{"value": {"order": 1, "total": 2}}], valueSchema=json.dumps(ORDER))
    registry.compatibility(subject, "BACKWARD")

    def post(schema):
        return push.sidecar.post(f"/producers/{push.topic}", {"valueSchema": schema, "records": [{"value": {"order": "1"}}]})
    reason = post(json.dumps(CLASHING)).expect_error(400, "ERR12208")["description"]
    assert "ompatib" in reason, reason
    post('{"type":"record"').expect_error(400, "ERR12208")
    assert registry.versions(subject) == [1] and len(log_values(push)) == 1


def test_auto_registration_can_be_switched_off(registry, both):
    for key in ("schema.registry.auto.register.schemas", "auto.register.schemas"):
        push = both(registry.url, **{f"kafka-producer__{key.replace('.', '__')}": False})
        refused = push.sidecar.post(f"/producers/{push.topic}", {"valueSchema": json.dumps(ORDER), "records": [{"value": {}}]})
        refused.expect_error(400, "ERR12208")
        assert registry.versions(f"{push.topic}-value") == []
        push.sidecar.stop()
    # With it the latest version stands in for the text.
    push = both(registry.url, **{"kafka-producer__auto__register__schemas": False, "kafka-producer__use__latest__version": True})
    number = registry.register(f"{push.topic}-value", NEWER)
    answer = push.sidecar.post(f"/producers/{push.topic}", {"valueSchema": json.dumps(ORDER),
                                                           "records": [{"value": {"order": 1, "total": 2}}]}).expect(200).json()
    assert answer["value_schema_id"] == number and registry.versions(f"{push.topic}-value") == [1]


def test_subject_name_strategies(registry, both, name):
    record = {**ORDER, "name": "R" + re.sub("[^A-Za-z0-9]", "", name), "namespace": "shop"}
    full = f"shop.{record['name']}"
    body = {"valueSchema": json.dumps(record), "records": [{"value": {"order": 1, "total": 2}}]}
    strategy = "kafka-producer__value__subject__name__strategy"
    push = both(registry.url, **{strategy: "io.confluent.kafka.serializers.subject.RecordNameStrategy"})
    number = push.sidecar.post(f"/producers/{push.topic}", body).expect(200).json()["value_schema_id"]
    assert registry.versions(full) == [1] and registry.versions(f"{push.topic}-value") == []
    del body["valueSchema"]
    assert push.sidecar.post(f"/producers/{push.topic}", {**body, "valueSchemaId": number}).expect(200)
    reason = push.sidecar.post(f"/producers/{push.topic}", body).expect_error(400, "ERR12208")["description"]
    assert "subject name strategy" in reason
    push.sidecar.stop()
    push = both(registry.url, **{strategy: "TopicRecordName"})
    push.sidecar.post(f"/producers/{push.topic}", {**body, "valueSchema": json.dumps(record)}).expect(200)
    assert registry.versions(f"{push.topic}-{full}") == [1]


# Values that do not fit ----------------------------------------------------------------------------------------------

def test_one_bad_value_refuses_its_request_by_name_and_nothing_is_written(registry, both):
    push = both(registry.url)
    push.sidecar.produce(push.topic, [{"value": {"order": 1, "total": 2}}], valueSchema=json.dumps(ORDER))
    good = {"value": {"order": 1, "total": 2}}
    for value, words in (({"order": "secret", "total": 1}, "order: expected int, got string"), ({"order": 1}, "total: is missing"),
                         ([], "expected Order, got array"), ("secret", "expected Order, got string"),
                         ({"order": 2**31, "total": 1}, "order: expected int"), ({"order": 1.5, "total": 1}, "order: expected int")):
        error = push.sidecar.post(f"/producers/{push.topic}", {"records": [good, good, {"value": value}, good]})
        description = error.expect_error(400, "ERR12206")["description"]
        assert f"record 2, value: avro: {words}" in description and "secret" not in description
    assert len(log_values(push)) == 1


def test_records_that_cannot_be_decoded_are_dead_letters_and_neighbours_are_delivered(fake_registry, both):
    """All in one partition, between good ones."""
    number = fake_registry.register("s", ORDER)
    tuple_id = fake_registry.register("t", {"type": "array", "items": "long"})
    proto = fake_registry.register("p", 'syntax = "proto3"; message M { string a = 1; }', "PROTOBUF")
    broken = fake_registry.register("broken", '{"type":"nonsense"}')
    good = frame(number, avro_bytes(ORDER, {"order": 7, "total": 70}))
    bad = {
        "short": b"\0\0", "empty": b"", "magic": b"\x07" + good[1:], "json": b'{"order":1}', "unknown id": frame(4242, b"\0"),
        "cut off": good[:-1], "left over": good + b"\0", "length 2^62": frame(tuple_id, b"\xfe" + b"\xff" * 8 + b"\x01"),
        "negative block": frame(tuple_id, b"\x01\x01\x00"), "indexes": frame(proto, b"\x02\x08\x0a\x01a"),
        "cut protobuf": frame(proto, b"\0\x0a\x09a"), "unusable schema": frame(broken, b"\0"),
    }
    push = both(fake_registry.url)
    values = [good]
    for one in bad.values():
        values += [one, good]
    push.fill(values)
    assert len(delivered(push, len(bad) + 1)) == len(bad) + 1
    letters = eventually(lambda: len(found := push.letters()) >= len(bad) and found, 20, "dead letters")
    assert [letter.value for letter in letters] == list(bad.values()), "their own bytes"
    assert {letter.header("X-DLQ-Reason") for letter in letters} == {b"undecodable"}
    causes = dict(zip(bad, (letter.header("X-DLQ-Error").decode() for letter in letters), strict=True))
    assert "4242" in causes["unknown id"] and "cut off" in causes["cut off"], causes
    push.wait_settled()


def test_ids_in_headers(fake_registry, both):
    number = fake_registry.register("s", ORDER)
    push = both(fake_registry.url)
    payload = avro_bytes(ORDER, {"order": 7, "total": 70})
    push.fill([payload], headers=[("__value_schema_id", b"\x01" + uuid.UUID(int=number).bytes)])
    push.fill([payload], headers=[("__value_schema_id", b"\0" + struct.pack(">I", number))])
    push.fill([payload], headers=[("__value_schema_id", b"\x01" + uuid.UUID(int=99).bytes)])
    assert values_of(delivered(push, 2)) == [{"order": 7, "total": 70}] * 2
    assert eventually(push.letters, 10, "the dead letter")[0].value == payload


def test_an_active_read_names_the_record_it_cannot_decode(fake_registry, both):
    number = fake_registry.register("s", ORDER)
    good = frame(number, avro_bytes(ORDER, {"order": 7, "total": 70}))
    push = both(fake_registry.url)
    push.fill([good, frame(4242, b"\0"), good])
    puller = Puller(push.sidecar, push.group + "-pull")
    puller.assign(push.topic, 0)
    assert len(puller.read_until(1)) == 1
    error = puller.on("GET", "/records").expect_error(400, "ERR12205")["description"]
    assert f"topic {push.topic} partition 0 at offset 1" in error and "4242" in error
    puller.seek(push.topic, p0=2)
    assert [record["offset"] for record in puller.read_until(1)] == [2]


def test_validate_on_consume(fake_registry, both, tmp_path):
    schema = {"type": "object", "properties": {"order": {"type": "integer"}}}
    number = fake_registry.register("s", {"$schema": "http://json-schema.org/draft-07/schema#", **schema}, "JSON")
    good, bad = b'{"order":1}', b'{"order":"x"}'
    push = both(fake_registry.url, "jsonschema")
    push.fill([frame(number, good), frame(number, bad)])
    assert len(delivered(push, 2)) == 2, "off by default"
    push.sidecar.stop()
    push = both(fake_registry.url, "jsonschema", **{"kafka-consumer__validateOnConsume": True})
    push.fill([frame(number, bad), frame(number, good)])
    letter = eventually(push.letters, 20, "the dead letter")[0]
    assert letter.value == frame(number, bad) and b"/order: type: expected integer" in letter.header("X-DLQ-Error")
    push.wait_settled()
    push.sidecar.stop()

    file = tmp_path / "order.schema.json"
    file.write_text(json.dumps(schema))
    push = both(fake_registry.url, "json", **{"kafka-consumer__validateOnConsume": True,
                                              "kafka-consumer__valueSchemaFiles": [f"{push.topic}={file}"]})
    push.fill([bad, good])
    letter = eventually(lambda: len(found := push.letters()) == 2 and found, 20, "its dead letter")[1]
    assert letter.value == bad and b"value: /order: type" in letter.header("X-DLQ-Error")
    push.wait_settled()
    assert len(push.backend.records()) == 4


# Random schemas ------------------------------------------------------------------------------------------------------

class Shapes:
    """Random Avro schemas with values, as Python has them and as JSON."""

    def __init__(self, seed: int):
        self.rng = random.Random(seed)
        self.names = 0

    def schema(self, depth: int):
        simple = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]
        kind = self.rng.choice(simple + (["array", "map", "record", "record", "enum", "fixed", "union"] if depth else []))
        if kind in simple:
            return kind
        self.names += 1
        name = f"N{self.names}"
        if kind == "array":
            return {"type": "array", "items": self.schema(depth - 1)}
        if kind == "map":
            return {"type": "map", "values": self.schema(depth - 1)}
        if kind == "enum":
            return {"type": "enum", "name": name, "symbols": ["A", "B", "C"]}
        if kind == "fixed":
            return {"type": "fixed", "name": name, "size": self.rng.randint(1, 5)}
        if kind == "union":
            return ["null", self.rng.choice(["long", "double"]), "string", {"type": "array", "items": self.schema(depth - 1)}]
        return {"type": "record", "name": name, "fields": [
            {"name": f"f{i}", "type": self.schema(depth - 1)} for i in range(self.rng.randint(0, 5))]}

    def value(self, schema):
        if isinstance(schema, list):
            return self.value(self.rng.choice(schema))
        kind = schema if isinstance(schema, str) else schema["type"]
        rng = self.rng
        if kind == "record":
            pairs = {field["name"]: self.value(field["type"]) for field in schema["fields"]}
            return {k: p for k, (p, _) in pairs.items()}, {k: j for k, (_, j) in pairs.items()}
        if kind == "array":
            pairs = [self.value(schema["items"]) for _ in range(rng.randint(0, 3))]
            return [p for p, _ in pairs], [j for _, j in pairs]
        if kind == "map":
            pairs = {f"k{i}": self.value(schema["values"]) for i in range(rng.randint(0, 3))}
            return {k: p for k, (p, _) in pairs.items()}, {k: j for k, (_, j) in pairs.items()}
        if kind in ("bytes", "fixed"):
            raw = rng.randbytes(schema["size"] if kind == "fixed" else rng.randint(0, 6))
            return raw, raw.decode("latin-1")
        made = {"null": lambda: None, "boolean": lambda: rng.random() < 0.5, "int": lambda: rng.randint(-2**31, 2**31 - 1),
                "long": lambda: rng.randint(-2**63, 2**63 - 1),
                "float": lambda: rng.randint(-10**6, 10**6) / 4,
                "double": lambda: rng.choice([0.5, 1e-300, rng.uniform(-1e300, 1e300)]),
                "string": lambda: rng.choice(["", "s", "ä€🐲\u0000\""]), "enum": lambda: rng.choice("ABC")}[kind]()
        return made, made


def test_random_avro_is_what_fastavro_reads_and_writes(fake_registry, both, tell):
    push = both(fake_registry.url)
    shapes, expected = Shapes(11), []
    for number in range(250):
        schema = {"type": "record", "name": f"Root{number}", "fields": [{"name": "v", "type": shapes.schema(4)}]}
        pairs = [shapes.value(schema) for _ in range(4)]
        push.sidecar.produce(push.topic, [{"value": as_json, "partition": 0} for _, as_json in pairs], valueSchema=json.dumps(schema))
        expected += [(schema, value, as_json) for value, as_json in pairs]
    written = log_values(push)
    assert len(written) == 1000
    for data, (schema, value, _) in zip(written, expected, strict=True):
        assert data[5:] == avro_bytes(schema, value), (schema, value)
    assert values_of(delivered(push, 1000)) == [as_json for _, _, as_json in expected]
    tell("property: 1,000 random Avro records of 250 schemas, the same bytes as fastavro and back")


class Rules:
    """Random JSON Schemas of draft 7, and values that often fit."""

    def __init__(self, seed: int):
        self.rng = random.Random(seed)

    def value(self, depth: int = 3):
        rng = self.rng
        plain = [None, True, False, 0, 1, -1, 2.0, 2.5, 10**20, 0.1, "", "a", "ab", "ä€🐲", "abc1"]
        match rng.choice(["plain", "plain", "array", "object"]) if depth else "plain":
            case "array":
                return [self.value(depth - 1) for _ in range(rng.randint(0, 3))]
            case "object":
                return {rng.choice("abcx"): self.value(depth - 1) for _ in range(rng.randint(0, 3))}
        return rng.choice(plain)

    def schema(self, depth: int = 3):
        rng = self.rng
        if rng.random() < 0.05:
            return rng.random() < 0.7
        keywords = {
            "type": lambda: rng.choice(["string", "integer", "number", "object", "array", "null", "boolean", ["string", "null"]]),
            "enum": lambda: [self.value(1) for _ in range(3)], "const": lambda: self.value(1), "minimum": lambda: rng.choice([0, 0.5, 1]),
            "exclusiveMaximum": lambda: rng.choice([1, 2, 2.5]), "multipleOf": lambda: rng.choice([1, 0.5, 2]),
            "minLength": lambda: rng.randint(0, 3), "maxLength": lambda: rng.randint(0, 3),
            "pattern": lambda: rng.choice(["^a", "b$", "[0-9]", "^(a|ab)+$"]), "maxItems": lambda: rng.randint(0, 2),
            "uniqueItems": lambda: True, "required": lambda: [rng.choice("abc")], "maxProperties": lambda: rng.randint(0, 2),
        }
        nested = {
            "items": lambda: rng.choice([self.schema(depth - 1), [self.schema(depth - 1), self.schema(depth - 1)]]),
            "additionalItems": lambda: self.schema(depth - 1), "contains": lambda: self.schema(depth - 1),
            "properties": lambda: {name: self.schema(depth - 1) for name in rng.sample("abcx", 2)},
            "patternProperties": lambda: {"^[ax]": self.schema(depth - 1)}, "additionalProperties": lambda: self.schema(depth - 1),
            "propertyNames": lambda: self.schema(0), "dependencies": lambda: {"a": rng.choice([["b"], self.schema(depth - 1)])},
            "allOf": lambda: [self.schema(depth - 1)], "anyOf": lambda: [self.schema(depth - 1), self.schema(depth - 1)],
            "oneOf": lambda: [self.schema(depth - 1), self.schema(depth - 1)], "not": lambda: self.schema(depth - 1),
            "if": lambda: self.schema(depth - 1), "then": lambda: self.schema(depth - 1), "else": lambda: self.schema(depth - 1),
        }
        pool = keywords | (nested if depth else {})
        return {name: pool[name]() for name in rng.sample(sorted(pool), rng.randint(0, 3))}


def test_random_json_schemas_judge_as_the_python_library_does(fake_registry, both, tell):
    push = both(fake_registry.url, "jsonschema")
    rules, fitting, refused = Rules(5), [], 0
    for number in range(300):
        schema = {"title": f"S{number}", "allOf": [rules.schema()]}
        judge = jsonschema.Draft7Validator(schema)
        values = [value for value in (rules.value() for _ in range(6)) if value is not None]
        good = [value for value in values if judge.is_valid(value)]
        bad = [value for value in values if not judge.is_valid(value)]
        if good:
            push.sidecar.produce(push.topic, [{"value": value, "partition": 0} for value in good], valueSchema=json.dumps(schema))
            fitting += good
        for value in bad:
            answer = push.sidecar.post(f"/producers/{push.topic}", {"valueSchema": json.dumps(schema), "records": [{"value": value}]})
            assert answer.status == 400, (schema, value, answer.body)
            answer.expect_error(400, "ERR12206")
        refused += len(bad)
    assert refused > 300 and len(fitting) > 300
    assert [json.loads(data[5:]) for data in log_values(push)] == fitting
    assert len(delivered(push, len(fitting))) == len(fitting)
    tell(f"property: 300 random JSON Schemas, {len(fitting)} values taken and {refused} refused, as jsonschema of Python judges")


# A registry that breaks ----------------------------------------------------------------------------------------------

def good_frames(number: int, count: int) -> list[bytes]:
    return [frame(number, avro_bytes(ORDER, {"order": i, "total": i})) for i in range(count)]


def readiness(push: Push) -> str:
    answer = push.sidecar.get("/health/readiness", Accept="application/json")
    return answer.body.decode()


@pytest.mark.parametrize("fault", [500, 503, 401, 403, "garbage", "huge", "cut", "hang", "redirect", "page404"])
def test_while_the_registry_is_broken_records_wait_and_none_is_lost(fake_registry, both, fault):
    number = fake_registry.register("s", ORDER)
    fake_registry.fault = lambda method, path: fault
    push = both(fake_registry.url, **{"kafka-consumer__schema__registry__request__timeout__ms": 300,
                                      "kafka-producer__schema__registry__request__timeout__ms": 300,
                                      "kafka-consumer__retryBackoffMaxMs": 500})
    push.fill(good_frames(number, 30))
    eventually(lambda: "schema registry" in readiness(push), 20, "readiness tells of it")
    assert push.sidecar.get("/health/readiness").status == 503
    refused = push.sidecar.post(f"/producers/{push.topic}", {"records": [{"value": {"order": 1, "total": 1}}]})
    refused.expect_error(400, "ERR12208")
    puller = Puller(push.sidecar, push.group + "-pull")
    puller.assign(push.topic, 0)
    assert "schema registry" in puller.on("GET", "/records").expect_error(400, "ERR12205")["description"]
    assert push.backend.records() == [] and push.letters() == []
    assert not any("elsewhere" in path for _, path in fake_registry.requests), "redirects are not followed"

    fake_registry.fault = lambda method, path: None
    fake_registry._released.set()
    assert values_of(delivered(push, 30)) == [{"order": i, "total": i} for i in range(30)]
    assert len(puller.read_until(30)) == 30, "and its position has not moved"
    push.wait_settled()
    assert push.letters() == [] and push.sidecar.ready()


def test_a_registry_that_is_absent_at_the_start_and_goes_later(fake_registry, both):
    fake_registry.register("s", ORDER)
    fake_registry.stop()
    push = both(fake_registry.url, **{"kafka-consumer__retryBackoffMaxMs": 300})
    push.fill(good_frames(1, 10))
    eventually(lambda: "schema registry" in readiness(push), 20, "readiness tells of it")
    push.sidecar.post(f"/producers/{push.topic}", {"records": [{"value": {}}]}).expect_error(400, "ERR12208")
    # A key in another format needs no schema.
    push.sidecar.produce(push.topic, [{"value": {"order": 1}, "partition": 1}], valueFormat="json")
    fake_registry.start()
    assert len(delivered(push, 10)) == 10
    assert len(eventually(push.letters, 10, "the record without a frame")) == 1
    push.sidecar.produce(push.topic, [{"value": {"order": 1, "total": 1}, "partition": 0}], valueSchemaSubject="s")

    fake_registry.stop()
    asked = len(fake_registry.requests)
    push.fill(good_frames(1, 10))
    push.sidecar.produce(push.topic, [{"value": {"order": 1, "total": 1}, "partition": 0}], valueSchemaSubject="s")
    assert len(delivered(push, 22)) == 22, "what is known needs no registry"
    assert push.sidecar.ready() and len(fake_registry.requests) == asked
    push.wait_settled()


def test_one_partition_waits_for_its_schema_and_no_other(fake_registry, both):
    number = fake_registry.register("s", ORDER)
    other = fake_registry.register("s", NEWER)
    fake_registry.fault = lambda method, path: 500 if path.endswith(f"/{other}") else None
    push = both(fake_registry.url, **{"kafka-consumer__retryBackoffMaxMs": 300})
    late = frame(other, avro_bytes(NEWER, {"order": 0, "total": 0, "note": "n"}))
    push.fill([*good_frames(number, 5), late, *good_frames(number, 5)])
    push.fill(good_frames(number, 50), partition=1)
    assert len(delivered(push, 55)) == 55
    never(lambda: len(push.backend.records()) > 55, 0.5, "order in the partition is kept")
    fake_registry.fault = lambda method, path: None
    assert len(delivered(push, 61)) == 61
    assert [record["offset"] for record in push.backend.records() if record["partition"] == 0] == list(range(11))
    push.wait_settled()


def test_everybody_who_needs_a_schema_shares_one_request(fake_registry, both):
    number = fake_registry.register("s", ORDER)
    push = both(fake_registry.url)
    push.fill(good_frames(number, 500))
    assert len(delivered(push, 500)) == 500
    assert fake_registry.count("/schemas/ids/") == 1
    bodies = {"valueSchemaSubject": "s", "records": [{"value": {"order": 1, "total": 1}}]}
    before = len(fake_registry.requests)
    results = []

    def post():
        peer = push.sidecar.connect()
        peer.request("POST", f"/producers/{push.topic}", json.dumps(bodies), {"Content-Type": "application/json"})
        results.append(peer.getresponse().status)
        peer.close()
    threads = [threading.Thread(target=post) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == [200] * 20
    assert len(fake_registry.requests) == before + 1, fake_registry.requests[before:]


def test_evolution_under_load_without_a_restart(registry, both):
    push = both(registry.url)
    subject = f"{push.topic}-value"
    old = registry.register(subject, ORDER)
    stop, sent, failures = threading.Event(), [], []

    def load(kind: str, schema: dict, extra: dict):
        peer = push.sidecar.connect()
        while not stop.is_set():
            body = {"valueSchema": json.dumps(schema),
                    "records": [{"value": {"order": i, "total": 0, **extra}} for i in range(20)]}
            peer.request("POST", f"/producers/{push.topic}", json.dumps(body), {"Content-Type": "application/json"})
            answer = peer.getresponse()
            text = answer.read()
            (sent if answer.status == 200 else failures).append((kind, text))
        peer.close()
    threads = [threading.Thread(target=load, args=("old", ORDER, {}))]
    threads[0].start()
    eventually(lambda: len(sent) > 5, 20, "the old version flows")
    threads.append(threading.Thread(target=load, args=("new", NEWER, {"note": "n"})))
    threads[1].start()
    eventually(lambda: sum(kind == "new" for kind, _ in sent) > 20, 20, "the new version flows beside it")
    stop.set()
    for thread in threads:
        thread.join(20)
    assert not failures
    assert registry.versions(subject) == [1, 2]
    numbers = {struct.unpack(">I", data[1:5])[0] for data in log_values(push)}
    assert len(numbers) == 2 and old in numbers
    records = delivered(push, 20 * len(sent), timeout=40)
    assert sum("note" in record["value"] for record in records) == 20 * sum(kind == "new" for kind, _ in sent)


def test_credentials_reach_the_registry_and_no_log(fake_registry, both):
    number = fake_registry.register("s", ORDER)
    fake_registry.authorization = "Basic " + base64.b64encode(b"user:hunter2").decode()
    keys = {f"{file}__basic__auth__{key}": value for file in ("kafka-producer", "kafka-consumer")
            for key, value in (("credentials__source", "USER_INFO"), ("user__info", "user:hunter2"))}
    push = both(fake_registry.url, **keys)
    push.fill(good_frames(number, 3))
    assert len(delivered(push, 3)) == 3
    fake_registry.authorization = "Basic other"
    refused = push.sidecar.post(f"/producers/{push.topic}", {"valueSchemaSubject": "s", "records": [{"value": {}}]})
    assert "hunter2" not in json.dumps(refused.expect_error(400, "ERR12208"))
    assert "hunter2" not in push.sidecar.stderr() and "aHVudGVyMg" not in push.sidecar.stderr()


# The README ----------------------------------------------------------------------------------------------------------

def test_the_five_minutes_of_the_readme(registry, start_sidecar, kafka, backend):
    text = (pathlib.Path(__file__).parents[2] / "README.md").read_text()
    part = text.split("## Five minutes with a schema")[1].split("\n## ")[0]
    values, = re.findall(r"```yaml\n(.*?)```", part, re.S)
    script, = re.findall(r"```sh\n(.*?)```", part, re.S)
    assert "http://localhost:8082" in values
    kafka.create("orders")
    kafka.create("orders.dlq", 1)
    before = text.split("## Five minutes with a real broker")[1].split("\n## ")[0]
    whole = re.findall(r"```yaml\n(.*?)```", before, re.S)[0]
    replaced = [line.split(":")[0] for line in values.splitlines()]
    whole = "".join(line + "\n" for line in whole.splitlines() if line.split(":")[0] not in replaced) + values
    whole = whole.replace("localhost:9092", kafka.bootstrap).replace("http://localhost:8081", backend.url)
    whole = whole.replace("http://localhost:8082", registry.url).replace("httpPort: 8080", "httpPort: 0")
    sidecar = start_sidecar(whole)
    import subprocess
    done = subprocess.run(["bash", "-c", script.replace("localhost:8080", f"127.0.0.1:{sidecar.port}")], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    first, second, third = re.findall(r"\{.*?\}(?=\{|\s*$)", done.stdout.replace("\n", ""))
    assert len(json.loads(first)["offsets"]) == 2 and json.loads(first)["value_schema_id"] == json.loads(second)["value_schema_id"]
    assert json.loads(third)["code"] == "ERR12206" and "total: expected double, got string" in third
    eventually(lambda: len(backend.records()) == 3, 20, "the records are delivered")
    assert backend.records()[0]["value"] == {"order": 100, "total": 25.5, "coupon": {"string": "SPRING"}}
