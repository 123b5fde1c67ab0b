"""A pulling client: one consumer instance, used over HTTP on a connection of its own."""
import contextlib
import http.client
import json
import threading
import time
import urllib.parse
from collections.abc import Callable

from .backend import Delivery
from .sidecar import Answer, Sidecar

JSON = {"Content-Type": "application/json"}


def quote(name: str) -> str:
    return urllib.parse.quote(name, safe="")


class Puller:
    def __init__(self, sidecar: Sidecar, group: str, create: bool = True, **wanted):
        self.sidecar = sidecar
        self.group = group
        self.path = ""
        self._connection = sidecar.connect(timeout=60)
        if create:
            self.create(**wanted)

    def create(self, **wanted) -> dict:
        answer = self.call("POST", f"/consumers/{quote(self.group)}", wanted).expect(200).json()
        self.path = answer["base_uri"]
        return answer

    def call(self, method: str, path: str, body=None, headers: dict | None = None) -> Answer:
        """`body`: bytes as they are, anything else as JSON; None: no body."""
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            self._connection.request(method, path, body=raw, headers={**(JSON if raw is not None else {}), **(headers or {})})
            response = self._connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except (http.client.HTTPException, OSError):
            self._connection.close()
            raise

    def on(self, method: str, below: str, body=None, headers: dict | None = None) -> Answer:
        return self.call(method, self.path + below, body, headers)

    def subscribe(self, *topics: str):
        self.on("POST", "/subscriptions", {"topics": list(topics)}).expect(204)

    def assign(self, topic: str, *partitions: int):
        self.on("POST", "/assignments", {"partitions": self.partitions(topic, *partitions)}).expect(204)

    @staticmethod
    def partitions(topic: str, *partitions: int) -> list[dict]:
        return [{"topic": topic, "partition": partition} for partition in partitions]

    def read(self, timeout: int | None = None, max_bytes: int | None = None) -> list[dict]:
        query = {key: value for key, value in {"timeout": timeout, "max_bytes": max_bytes}.items() if value is not None}
        return self.on("GET", "/records" + ("?" + urllib.parse.urlencode(query) if query else "")).expect(200).json()

    def read_until(self, count: int, timeout: float = 20, **query) -> list[dict]:
        """Reads until there are so many records; one more is a failure, too."""
        found: list[dict] = []
        deadline = time.monotonic() + timeout
        while len(found) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} records within {timeout} s"
            found += self.read(**{"timeout": 2000, **query})
        assert len(found) == count, [(record["partition"], record["offset"]) for record in found]
        return found

    def commit(self, offsets: list[dict] | None = None) -> Answer:
        return self.on("POST", "/offsets", None if offsets is None else {"offsets": offsets})

    def committed(self, topic: str, *partitions: int) -> dict[int, int]:
        answer = self.on("PUT", "/offsets", {"partitions": self.partitions(topic, *partitions)}).expect(200).json()
        return {entry["partition"]: entry["offset"] for entry in answer["offsets"]}

    def assignment(self) -> list[tuple[str, int]]:
        answer = self.on("GET", "/assignments").expect(200).json()
        return [(entry["topic"], entry["partition"]) for entry in answer["partitions"]]

    def seek(self, topic: str, **offsets: int):
        """p0=10 seeks partition 0 to 10."""
        self.on("POST", "/positions", {"offsets": [{"topic": topic, "partition": int(key[1:]), "offset": offset}
                                                   for key, offset in offsets.items()]}).expect(204)

    def delete(self):
        self.on("DELETE", "").expect(204)

    def close(self):
        self._connection.close()


class Pulling:
    """A client that reads, processes and commits for as long as a fault lasts, as a service would: what goes wrong is tried
    again, and an instance that is gone is made anew. It remembers what it got in the form that the ledger reads."""

    def __init__(self, sidecar: Callable[[], Sidecar], group: str, topic: str, max_bytes: int = 20_000):
        self.sidecar = sidecar
        self.group = group
        self.topic = topic
        self.max_bytes = max_bytes
        self.deliveries: list[Delivery] = []
        self.refused: dict[str, int] = {}  # Error code: how often.
        self.slowest = 0.0                 # Longest call, in seconds.
        self.failures: list[BaseException] = []
        self._stop = threading.Event()
        self._puller: Puller | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> "Pulling":
        self._thread.start()
        return self

    def stop(self, delete: bool = True):
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), "a call had no end within 60 s"
        if self._puller is not None and delete:
            with contextlib.suppress(http.client.HTTPException, OSError):
                self._puller.on("DELETE", "")
        if self.failures:
            raise self.failures[0]

    @property
    def records(self) -> int:
        return sum(len(delivery.records) for delivery in self.deliveries)

    def _run(self):
        try:
            while not self._stop.is_set():
                try:
                    self._turn()
                except (http.client.HTTPException, OSError):
                    self._puller = None  # The sidecar has gone, and its instances with it.
                    self._stop.wait(0.05)
        except BaseException as failure:  # noqa: BLE001 - handed to the test's thread by stop().
            self.failures.append(failure)

    def _turn(self):
        if self._puller is None:
            puller = Puller(self.sidecar(), self.group, create=False)
            puller.create()
            self._puller = puller
            if not self._good(puller.on("POST", "/subscriptions", {"topics": [self.topic]})):
                return
        began = time.monotonic()
        answer = self._puller.on("GET", f"/records?timeout=1000&max_bytes={self.max_bytes}")
        arrived = time.monotonic()
        self.slowest = max(self.slowest, arrived - began)
        if not self._good(answer):
            return
        records = answer.json()
        if not records:
            return
        delivery = Delivery("", 1, answer.body, {}, 0, arrived)
        delivery.accepted = [True] * len(records)
        delivery.answered = time.monotonic()
        self.deliveries.append(delivery)
        began = time.monotonic()
        self._good(self._puller.on("POST", "/offsets"))
        self.slowest = max(self.slowest, time.monotonic() - began)

    def _good(self, answer: Answer) -> bool:
        if answer.status < 300:
            return True
        error = answer.json()
        self.refused[error["code"]] = self.refused.get(error["code"], 0) + 1
        if error["code"] == "ERR12200":
            self._puller = None
        self._stop.wait(0.02)
        return False


class Pulled:
    """What several clients got together: the ledger's view of a backend."""

    def __init__(self, clients: list[Pulling]):
        self.clients = clients

    def seen(self) -> list[Delivery]:
        return [delivery for client in self.clients for delivery in client.deliveries]
