"""Starting and ending the processes of a measurement. Everything that is started here ends with `end_all`."""
import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import tempfile
import time

from . import machine

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("KAFKA_SIDECAR_BUILD", ROOT / "build/release"))
SIDECAR = BUILD / "kafka-sidecar"

PRODUCER_HOOK = "com.networknt.mesh.kafka.ProducerStartupHook"
REACTIVE_HOOK = "com.networknt.mesh.kafka.ReactiveConsumerStartupHook"
ACTIVE_HOOK = "com.networknt.mesh.kafka.ActiveConsumerStartupHook"
HOOKS = "service.com.networknt.server.StartupHookProvider"

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def tool(name: str) -> str:
    return str(BUILD / "bench" / name)


class Process:
    """A process on one of the two cores, which also ends when this one is killed."""

    living: list["Process"] = []

    def __init__(self, command: list[str], *, under_test: bool, stdout=subprocess.DEVNULL, stderr=None, cores: set[int] | None = None):
        cores = cores or {machine.cores_of_bench()[0 if under_test else 1]}

        def prepare():
            os.sched_setaffinity(0, cores)
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        self.popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, text=True,
                                      preexec_fn=prepare)
        self.name = pathlib.Path(command[0]).name
        Process.living.append(self)

    @property
    def pid(self) -> int:
        return self.popen.pid

    def line(self, timeout: float) -> dict:
        """The next line of its output, which is JSON."""
        os.set_blocking(self.popen.stdout.fileno(), False)
        deadline = time.monotonic() + timeout
        text = ""
        while not text.endswith("\n"):
            piece = self.popen.stdout.readline()
            text += piece or ""
            if piece:
                continue
            if self.popen.poll() is not None and not self.popen.stdout.readline():
                raise RuntimeError(f"{self.name} ended with {self.popen.returncode} without a word")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} said nothing for {timeout} s")
            time.sleep(0.005)
        return json.loads(text)

    def end(self, timeout: float = 20) -> int:
        if self.popen.poll() is None:
            self.popen.terminate()
        try:
            code = self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            code = self.popen.wait()
        if self in Process.living:
            Process.living.remove(self)
        return code


def living_pids() -> list[int]:
    return [process.pid for process in Process.living if process.popen.poll() is None]


def end_all():
    for process in reversed(list(Process.living)):
        process.end()


def run_to_end(name: str, arguments: list, *, under_test: bool, timeout: float = 120) -> dict:
    """Runs a program of bench/ and returns the last line it printed."""
    process = Process([tool(name), *map(str, arguments)], under_test=under_test, stdout=subprocess.PIPE)
    try:
        out, _ = process.popen.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"{name} did not end within {timeout} s") from None
    finally:
        process.end()
    if process.popen.returncode != 0:
        raise RuntimeError(f"{name} ended with {process.popen.returncode}")
    return json.loads(out.splitlines()[-1])


def mock_broker(*arguments) -> tuple[Process, str]:
    """Returns the process and its bootstrap addresses once the topics are there and filled."""
    process = Process([tool("mock_broker"), *map(str, arguments)], under_test=False, stdout=subprocess.PIPE)
    return process, process.line(60)["bootstrap"]


def http_echo() -> tuple[Process, int]:
    process = Process([tool("http_echo")], under_test=True, stdout=subprocess.PIPE)
    return process, process.line(10)["port"]


class Sink:
    """The backend of the push rows."""

    def __init__(self, *arguments):
        self.process = Process([tool("sink_backend"), *map(str, arguments)], under_test=False, stdout=subprocess.PIPE)
        self.port = self.process.line(10)["port"]
        # It shares its core with the broker and must not wait for it: it stands for a backend that answers at once.
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, self.process.pid, -20)
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str) -> dict:
        self._connection.request("GET", path)
        return json.loads(self._connection.getresponse().read())

    def end(self):
        self._connection.close()
        self.process.end()


def produce_values(bootstrap: str, **more) -> dict:
    """The smallest values.yml for a sidecar that produces. Port 0: any free one."""
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
        **more,
    }


def push_values(bootstrap: str, topic: str, group: str, backend: str, **more) -> dict:
    """The same for one that also pushes to a backend and writes dead letters."""
    return {
        **produce_values(bootstrap),
        "kafka-consumer.bootstrap.servers": bootstrap,
        "kafka-consumer.security.protocol": "PLAINTEXT",
        "kafka-consumer.topic": topic,
        "kafka-consumer.group.id": group,
        "kafka-consumer.keyFormat": "string",
        "kafka-consumer.valueFormat": "json",
        "kafka-consumer.auto.offset.reset": "earliest",
        "kafka-consumer.backendApiHost": backend,
        "kafka-consumer.backendApiPath": "/kafka/records",
        HOOKS: [PRODUCER_HOOK, REACTIVE_HOOK],
        **more,
    }


def pull_values(bootstrap: str, **more) -> dict:
    """For a sidecar that serves pulling clients and nothing else."""
    return {
        "server.enableHttp": True,
        "server.enableHttps": False,
        "server.httpPort": 0,
        "security.enableVerifyJwt": False,
        "kafka-consumer.bootstrap.servers": bootstrap,
        "kafka-consumer.security.protocol": "PLAINTEXT",
        "kafka-consumer.keyFormat": "string",
        "kafka-consumer.valueFormat": "json",
        "kafka-consumer.auto.offset.reset": "earliest",
        HOOKS: [ACTIVE_HOOK],
        **more,
    }


class Bridge:
    """Another HTTP bridge, started by a command line of the user's, on the core of the process under test."""

    def __init__(self, command: str, bootstrap: str, seconds_to_start: float):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        try:
            words = [word.format(bootstrap=bootstrap, port=self.port) for word in shlex.split(command)]
        except (KeyError, IndexError, ValueError) as wrong:
            raise RuntimeError(f"--against: {command!r}: {wrong}; {{bootstrap}} and {{port}} are filled in") from None
        self._log = tempfile.TemporaryFile("w+")
        try:
            self.process = Process(words, under_test=True, stdout=self._log, stderr=subprocess.STDOUT)
        except OSError as wrong:
            raise RuntimeError(f"--against: {words[0]} cannot be started: {wrong}") from None
        deadline = time.monotonic() + seconds_to_start
        while True:
            if self.process.popen.poll() is not None:
                raise RuntimeError(f"--against: it ended with {self.process.popen.returncode}:\n{self.log()}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            if time.monotonic() > deadline:
                self.end()
                raise RuntimeError(f"--against: nothing listens on port {self.port} after {seconds_to_start:.0f} s:\n{self.log()}")
            time.sleep(0.05)

    def pids(self) -> list[int]:
        """It and its children, which may come and go."""
        found = [self.process.pid]
        for pid in found:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                    found += map(int, (task / "children").read_text().split())
        return found

    def log(self) -> str:
        self._log.seek(0)
        return self._log.read()[-2000:]

    def end(self):
        children = self.pids()[1:]
        self.process.end()
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


class Sidecar:
    """The process under test."""

    def __init__(self, values: dict, cores: set[int] | None = None):
        self._folder = tempfile.TemporaryDirectory(prefix="kafka-sidecar-bench-")
        folder = pathlib.Path(self._folder.name)
        # JSON is YAML.
        (folder / "values.yml").write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items()))
        ready = folder / "ready.json"
        self._log = open(folder / "log", "w+")
        begun = time.monotonic()
        self.process = Process([str(SIDECAR), "run", "--config-dir", str(folder), "--ready-file", str(ready),
                                "--log-level", "warn"], under_test=True, stderr=self._log, cores=cores)
        while not ready.exists():
            if self.process.popen.poll() is not None:
                raise RuntimeError(f"the sidecar ended with {self.process.popen.returncode}:\n{self.log()}")
            if time.monotonic() > begun + 20:
                raise RuntimeError(f"the sidecar is not ready after 20 s:\n{self.log()}")
            time.sleep(0.0002)
        self.start_seconds = time.monotonic() - begun
        self.port = json.loads(ready.read_text())["http"]

    @property
    def pid(self) -> int:
        return self.process.pid

    def log(self) -> str:
        self._log.seek(0)
        return self._log.read()[-2000:]

    def end(self):
        code = self.process.end()
        log = self.log()
        self._log.close()
        self._folder.cleanup()
        if code != 0:
            raise RuntimeError(f"the sidecar ended with {code}:\n{log}")
