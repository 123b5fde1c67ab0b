"""The rows of the formats with a schema: what they cost beside plain JSON, and beside Python."""
import http.server
import json
import pathlib
import sys
import threading

from .cells import Row, Run, Spread, disturbances, interleaved, side_line
from .programs import ROOT, Bridge, Sidecar, Sink, mock_broker, produce_values, run_to_end
from .rows import TOPIC

LIMITS = {"avro": 2.0, "protobuf": 3.0, "jsonschema": 4.0}
NULLABLE_TEXT = ["null", "string"]
_LINES = {"type": "array", "items": {"type": "record", "name": "Line", "fields": [
    {"name": "sku", "type": "string"}, {"name": "quantity", "type": "int"}, {"name": "price", "type": "double"}]}}
_CUSTOMER = {"type": "record", "name": "Customer", "fields": [
    {"name": "id", "type": "long"}, {"name": "name", "type": "string"},
    {"name": "address", "type": {"type": "record", "name": "Address", "fields": [
        {"name": "city", "type": "string"}, {"name": "zip", "type": "string"}]}}]}
# The values of bench/support/payload.cpp.
AVRO = json.dumps({"type": "record", "name": "Order", "namespace": "bench", "fields": [
    {"name": "eventId", "type": "string"}, {"name": "vip", "type": "boolean"}, {"name": "type", "type": "string"},
    {"name": "occurredAt", "type": "string"}, {"name": "customer", "type": _CUSTOMER}, {"name": "total", "type": "double"},
    {"name": "currency", "type": "string"}, {"name": "coupon", "type": NULLABLE_TEXT}, {"name": "lines", "type": _LINES},
    {"name": "note", "type": "string"}]})
PROTOBUF = """syntax = "proto3";
package bench;
message Order {
  message Line { string sku = 1; int32 quantity = 2; double price = 3; }
  message Address { string city = 1; string zip = 2; }
  message Customer { int64 id = 1; string name = 2; Address address = 3; }
  string event_id = 1;
  bool vip = 2;
  string type = 3;
  string occurred_at = 4;
  Customer customer = 5;
  double total = 6;
  string currency = 7;
  optional string coupon = 8;
  repeated Line lines = 9;
  string note = 10;
}
"""
_TEXT, _NUMBER, _WHOLE = {"type": "string"}, {"type": "number"}, {"type": "integer"}
# Twenty properties, three of which these values do not have.
JSON_SCHEMA = json.dumps({
    "$schema": "http://json-schema.org/draft-07/schema#", "title": "Order", "type": "object", "additionalProperties": False,
    "required": ["eventId", "vip", "note"],
    "properties": {
        "eventId": {"type": "string", "pattern": "^[0-9]{16}$"}, "vip": {"type": "boolean"},
        "type": {"enum": ["OrderPlaced", "OrderShipped"]}, "occurredAt": {"type": "string", "minLength": 20},
        "customer": {"type": "object", "required": ["id"], "properties": {
            "id": {"type": "integer", "minimum": 0}, "name": {"type": "string", "maxLength": 100},
            "address": {"type": "object", "properties": {"city": _TEXT, "zip": {"type": "string", "pattern": "^[0-9]{5}$"}}}}},
        "total": {"type": "number", "minimum": 0}, "currency": {"type": "string", "minLength": 3, "maxLength": 3},
        "coupon": {"type": NULLABLE_TEXT},
        "lines": {"type": "array", "maxItems": 1000, "items": {"type": "object", "required": ["sku"], "properties": {
            "sku": _TEXT, "quantity": {"type": "integer", "minimum": 1}, "price": _NUMBER}}},
        "note": _TEXT, "discount": _NUMBER, "weight": _NUMBER, "shippedAt": _TEXT}})
SCHEMAS = {"avro": ("AVRO", AVRO), "protobuf": ("PROTOBUF", PROTOBUF), "jsonschema": ("JSON", JSON_SCHEMA)}


class Registry:
    """One schema under every subject, chosen by the first part of the path: the format's name."""

    def __init__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                kind, text = SCHEMAS[self.path.split("/")[1]]
                body = json.dumps({"subject": f"{TOPIC}-value", "version": 1, "id": 1, "schemaType": kind, "schema": text}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, form: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/{form}"

    def end(self):
        self._server.shutdown()
        self._server.server_close()


def _values(form: str, file: str, registry: Registry) -> dict:
    values = {f"{file}.valueFormat": form}
    if form != "json":
        values[f"{file}.schema.registry.url"] = registry.url(form)
    return values


def _over_json(name: str, case: str, rounds: list, form: str, details: list[str]) -> Row:
    ratio = Spread.of(one[form].cpu_us / one["json"].cpu_us for one in rounds)
    return Row(f"{name}-{form}", f"{case}, {form} against json", f"<= {LIMITS[form]} x its CPU", ratio.text(),
               ratio.middle <= LIMITS[form], disturbances(rounds, ratio),
               [*details, side_line(form, rounds, form), side_line("json", rounds, "json")])


def _produce(bench, registry: Registry) -> list[Row]:
    broker, bootstrap = mock_broker("--partitions", 4)
    sidecars = {}
    try:
        for form in ("json", *SCHEMAS):
            sidecars[form] = Sidecar(produce_values(bootstrap, **{"kafka-producer.linger.ms": "1"},
                                                    **_values(form, "kafka-producer", registry)))
        rounds = interleaved(bench.pairs, {
            form: lambda one=one: bench._http_load(one.port, one.pid, 16, 100, 1024) for form, one in sidecars.items()})
    finally:
        for sidecar in sidecars.values():
            sidecar.end()
        broker.end()
    return [_over_json("produce", "produce 100 x 1 KB", rounds, form, ["16 connections, linger.ms 1, registry warm"])
            for form in SCHEMAS]


def _push(bench, registry: Registry) -> list[Row]:
    # The mock keeps 5 MB per partition, so many records take many partitions.
    partitions, records = 64, 150_000
    sink = Sink("--size", 1024)
    brokers, sides = [], {}
    try:
        for form in ("json", *SCHEMAS):
            broker, bootstrap = mock_broker("--partitions", partitions)
            brokers.append(broker)
            producer = Sidecar(produce_values(bootstrap, **_values(form, "kafka-producer", registry)))
            run_to_end("http_load", ["--port", producer.port, "--topic", TOPIC, "--records", 100, "--total", records],
                       under_test=False)
            producer.end()
            values = {"kafka-consumer.requestMaxBytes": 200_000, "kafka-consumer.fetch.wait.max.ms": "10",
                      "kafka-consumer.useNoWrappingAvro": True, **_values(form, "kafka-consumer", registry)}
            sides[form] = lambda bootstrap=bootstrap, values=values: bench._push(bootstrap, TOPIC, records, sink, values)
        rounds = interleaved(bench.pairs, sides)
    finally:
        sink.end()
        for broker in brokers:
            broker.end()
    return [_over_json("push", "push 100 x 1 KB", rounds, form, [f"{records:,} records in {partitions} partitions, registry warm"])
            for form in SCHEMAS]


def _against_python(bench, registry: Registry) -> Row:
    """The bridge that anybody writes first, with fastavro, which is the fastest Avro of Python."""
    target, connections, records = 15.0, 16, 100
    broker, bootstrap = mock_broker("--partitions", 4)
    ours = theirs = None
    try:
        ours = Sidecar(produce_values(bootstrap, **{"kafka-producer.linger.ms": "1"}, **_values("avro", "kafka-producer", registry)))
        bridge = ROOT / "bench/peers/minimal_bridge.py"
        schema = pathlib.Path(ours._folder.name) / "order.avsc"
        schema.write_text(AVRO)
        theirs = Bridge(f"{sys.executable} {bridge} {{bootstrap}} {{port}} {schema}", bootstrap, 60)

        def load(port: int, extra: list) -> Run:
            return Run.of(run_to_end("http_load", ["--port", port, "--connections", connections, "--records", records, "--size", 1024,
                                                   "--seconds", bench.seconds, *extra], under_test=False))
        rounds = interleaved(max(3, bench.pairs // 2), {
            "ours": lambda: load(ours.port, ["--topic", TOPIC, "--pid", ours.pid]),
            "theirs": lambda: load(theirs.port, ["--path", f"/topics/{TOPIC}", "--content-type",
                                                 "application/vnd.kafka.avro.v2+json", "--pid", theirs.process.pid])})
    finally:
        for process in (ours, theirs):
            if process is not None:
                process.end()
        broker.end()
    rate = Spread.of(one["ours"].rate / one["theirs"].rate for one in rounds)
    return Row("formats-python", f"produce {records} x 1 KB as Avro, against fastavro behind a bridge in Python",
               f">= {target:.0f} x its rate", rate.text(), rate.middle >= target, disturbances(rounds, rate),
               [side_line("ours", rounds, "ours"), side_line("theirs", rounds, "Python")])


def formats(bench) -> list[Row]:
    registry = Registry()
    try:
        return [*_produce(bench, registry), *_push(bench, registry), _against_python(bench, registry)]
    finally:
        registry.end()
