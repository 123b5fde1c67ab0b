#!/usr/bin/env python3
"""The bridge that anybody writes first: one thread per connection, one produce and flush per request. For `bench/run --against`,
which it answers in the form of Confluent's REST Proxy, version 2. Needs confluent-kafka.

usage: minimal_bridge.py BOOTSTRAP PORT
"""
import http.server
import json
import sys

from confluent_kafka import Producer

producer = Producer({"bootstrap.servers": sys.argv[1], "acks": "all", "enable.idempotence": True, "linger.ms": 0})


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
            producer.produce(topic, json.dumps(record["value"]).encode(), record["key"].encode(), on_delivery=report(index))
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
