#!/usr/bin/env python3
"""The bridge that anybody writes first: one thread per connection, one produce and flush per request. For `bench/run --against`,
which it answers in the form of Confluent's REST Proxy, version 2. Needs confluent-kafka; with an Avro schema also fastavro, and values are
written by that schema behind a frame with id 1.

usage: minimal_bridge.py BOOTSTRAP PORT [AVRO_SCHEMA_FILE]
"""
import http.server
import io
import json
import sys

from confluent_kafka import Producer

producer = Producer({"bootstrap.servers": sys.argv[1], "acks": "all", "enable.idempotence": True, "linger.ms": 0})


def as_json(value) -> bytes:
    return json.dumps(value).encode()


def avro_writer(file: str):
    import fastavro
    with open(file) as text:
        schema = fastavro.parse_schema(json.load(text))

    def write(value) -> bytes:
        out = io.BytesIO(b"\0\0\0\0\1")
        out.seek(5)
        fastavro.schemaless_writer(out, schema, value)
        return out.getvalue()
    return write


encode = avro_writer(sys.argv[3]) if len(sys.argv) > 3 else as_json


class Bridge(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.path.startswith("/topics/"):
            self.send_error(404)
            return
        topic = self.path.removeprefix("/topics/")
        records = json.loads(body)["records"]
        slots = [None] * len(records)

        def report(index):
            def done(error, message):
                slots[index] = ({"error_code": 1, "error": str(error)} if error else
                                {"partition": message.partition(), "offset": message.offset(), "error_code": None, "error": None})
            return done
        for index, record in enumerate(records):
            producer.produce(topic, encode(record["value"]), record["key"].encode(), on_delivery=report(index))
        producer.flush()
        body = json.dumps({"offsets": slots}, separators=(",", ":")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.kafka.v2+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Bridge).serve_forever()
