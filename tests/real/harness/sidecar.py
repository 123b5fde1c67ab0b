"""The process under test."""
import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess

from .wait import eventually

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = pathlib.Path(os.environ.get("KAFKA_SIDECAR_BINARY", ROOT / "build/release/kafka-sidecar"))

PRODUCER_HOOK = "com.networknt.mesh.kafka.ProducerStartupHook"
REACTIVE_HOOK = "com.networknt.mesh.kafka.ReactiveConsumerStartupHook"
ACTIVE_HOOK = "com.networknt.mesh.kafka.ActiveConsumerStartupHook"
HOOKS = "service.com.networknt.server.StartupHookProvider"


def produce_values(bootstrap: str) -> dict:
    """values.yml of a sidecar that only produces. Port 0: any free one."""
    return {
        "server.enableHttp": True,
        "server.enableHttps": False,
        "server.httpPort": 0,
        "security.enableVerifyJwt": False,
        "kafka-producer.bootstrap.servers": bootstrap,
        "kafka-producer.security.protocol": "PLAINTEXT",
        "kafka-producer.keyFormat": "string",
        "kafka-producer.valueFormat": "json",
        HOOKS: [PRODUCER_HOOK],
    }


def consume_values(bootstrap: str, topic: str, group: str, backend_url: str) -> dict:
    """values.yml of a sidecar that produces, pushes to a backend and writes dead letters."""
    return {
        **produce_values(bootstrap),
        "kafka-consumer.bootstrap.servers": bootstrap,
        "kafka-consumer.security.protocol": "PLAINTEXT",
        "kafka-consumer.topic": topic,
        "kafka-consumer.group.id": group,
        "kafka-consumer.keyFormat": "string",
        "kafka-consumer.valueFormat": "json",
        "kafka-consumer.backendApiHost": backend_url,
        "kafka-consumer.backendApiPath": "/kafka/records",
        # Short, so that a killed member is missed soon. Within what any broker allows (6 s).
        "kafka-consumer.session.timeout.ms": 6000,
        "kafka-consumer.heartbeat.interval.ms": 1000,
        HOOKS: [PRODUCER_HOOK, REACTIVE_HOOK],
    }


def pull_values(bootstrap: str) -> dict:
    """values.yml of a sidecar that serves pulling clients."""
    return {
        "server.enableHttp": True,
        "server.enableHttps": False,
        "server.httpPort": 0,
        "security.enableVerifyJwt": False,
        "kafka-consumer.bootstrap.servers": bootstrap,
        "kafka-consumer.security.protocol": "PLAINTEXT",
        "kafka-consumer.keyFormat": "string",
        "kafka-consumer.valueFormat": "json",
        "kafka-consumer.session.timeout.ms": 6000,
        "kafka-consumer.heartbeat.interval.ms": 1000,
        "kafka-consumer.requestTimeoutMs": 15000,
        # What a call that asks the cluster may take.
        "kafka-consumer.default.api.timeout.ms": 3000,
        HOOKS: [ACTIVE_HOOK],
    }


class Answer:
    def __init__(self, status: int, headers, body: bytes):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def expect(self, status: int):
        assert self.status == status, f"{self.status}: {self.body[:500]!r}"
        return self

    def expect_error(self, status: int, code: str) -> dict:
        """The Status object of section 0.2."""
        self.expect(status)
        assert self.headers["Content-Type"].startswith("application/json"), self.headers["Content-Type"]
        error = self.json()
        assert error["statusCode"] == status and error["code"] == code and error["severity"] == "ERROR", error
        return error


class Sidecar:
    def __init__(self, folder: pathlib.Path, values: dict | str, *arguments: str, env: dict | None = None):
        """`values` is what values.yml holds: a dict, or its text."""
        self.folder = folder
        self.arguments = arguments
        self.env = env or {}
        self.process: subprocess.Popen | None = None
        self.port = 0
        self._connection: http.client.HTTPConnection | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "config"
        self.config.mkdir(exist_ok=True)
        if isinstance(values, dict):
            # JSON is YAML.
            values = "".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items())
        (self.config / "values.yml").write_text(values)
        self.ready_file = folder / "ready.json"
        self.stderr_path = folder / "stderr.log"

    def start(self, wait: bool = True, stderr=None) -> "Sidecar":
        assert self.process is None, "already running"
        assert BINARY.exists(), f"{BINARY} is missing: ./test.sh real builds it"
        self.ready_file.unlink(missing_ok=True)
        with contextlib.ExitStack() as stack:
            if stderr is None:
                stderr = stack.enter_context(open(self.stderr_path, "ab"))
            out = stack.enter_context(open(self.folder / "stdout.log", "ab"))
            self.process = subprocess.Popen(
                [str(BINARY), "run", "--config-dir", str(self.config), "--ready-file", str(self.ready_file), *self.arguments],
                stdin=subprocess.DEVNULL, stdout=out, stderr=stderr, env={**os.environ, **self.env})
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, timeout: float = 10):
        def ready():
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.stderr()[-3000:]}"
            return self.ready_file.exists()
        eventually(ready, timeout, f"the sidecar writes its ready file; its log is {self.stderr_path}", every=0.002)
        told = json.loads(self.ready_file.read_text())
        assert told["pid"] == self.process.pid, told
        self.port = told["http"]

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stderr(self) -> str:
        return self.stderr_path.read_text(errors="replace") if self.stderr_path.exists() else ""

    def signal(self, number: signal.Signals):
        self.process.send_signal(number)

    def wait(self, timeout: float) -> int:
        """Waits for the end and returns the exit code (negative: the signal that ended it)."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout} s; its log ends\n{self.stderr()[-2000:]}") from None
        self.process = None
        self.close()
        return code

    def stop(self, timeout: float = 30) -> int:
        """SIGTERM, then the exit code."""
        if self.process is None:
            return 0
        self.signal(signal.SIGTERM)
        return self.wait(timeout)

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        self.close()

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # HTTP ------------------------------------------------------------------------------------------------------------

    def connect(self, timeout: float = 30) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(self, method: str, path: str, body: bytes | str | None = None, headers: dict | None = None) -> Answer:
        """On the one kept connection of this object."""
        if self._connection is None:
            self._connection = self.connect(timeout=150)
        if isinstance(body, str):
            body = body.encode()
        try:
            self._connection.request(method, path, body=body, headers=headers or {})
            response = self._connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except (http.client.HTTPException, OSError):
            self.close()
            raise

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, headers={key.replace("_", "-"): value for key, value in headers.items()})

    def post(self, path: str, body, headers: dict | None = None) -> Answer:
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        return self.request("POST", path, body, {"Content-Type": "application/json", **(headers or {})})

    def produce(self, topic: str, records: list[dict] | None = None, headers: dict | None = None, **envelope) -> list[dict]:
        """Must be answered with 200; returns `offsets`."""
        answer = self.post(f"/producers/{topic}", {**envelope, "records": records or []}, headers).expect(200).json()
        assert len(answer["offsets"]) == len(records or []), answer
        return answer["offsets"]

    def raw(self, data: bytes, timeout: float = 10) -> bytes:
        """Sends raw bytes on a fresh connection and returns what comes back until it closes or falls silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as peer:
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
            got = b""
            with contextlib.suppress(ConnectionError):
                while piece := peer.recv(65536):
                    got += piece
            return got

    # State -----------------------------------------------------------------------------------------------------------

    def ready(self) -> bool:
        return self.get("/health/readiness").status == 200

    def checks(self) -> dict[str, bool]:
        answer = self.get("/health/readiness", Accept="application/json").json()
        return {check["name"]: check["ok"] for check in answer["checks"]}

    def status_field(self, name: str) -> str:
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return line.split(":", 1)[1].strip()
        raise KeyError(name)

    def memory_bytes(self) -> int:
        return int(self.status_field("RssAnon").split()[0]) * 1024

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))


