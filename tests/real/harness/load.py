"""Clients that produce through the sidecar for as long as a fault lasts, and write down what they were told."""
import http.client
import itertools
import json
import select
import threading
import time
from collections.abc import Callable

from .ledger import Ledger


class Load:
    """`clients` threads, each with one kept connection and one request of `records` records at a time.

    A request that got no answer is unknown and is not sent again; the client goes on with new records on a new connection.
    """

    _loads = itertools.count(1)

    def __init__(self, ledger: Ledger, port: Callable[[], int], topic: str, *, clients: int = 4, records: int = 100,
                 pause: float = 0.0, keys: int = 50, total: int | None = None, keyless: int = 0,
                 padding: int = 160):
        """`total`: ends by itself after so many records. `keyless`: every so many-th record has no key."""
        self.ledger = ledger
        self.port = port
        self.topic = topic
        self.records = records
        self.pause = pause
        self.keys = keys
        self.total = total
        self.keyless = keyless
        self.padding = "x" * padding
        self.statuses: dict[int, int] = {}
        self.on_wire: Callable[[], None] | None = None  # Called right after a request's last byte was handed over.
        self.in_flight = 0
        self.written_at = 0.0  # When the last record was answered as written.
        self.failures: list[BaseException] = []
        self._sent = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._numbers = itertools.count()
        self._name = next(Load._loads)
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(clients)]

    def start(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def stop(self, timeout: float = 140):
        """No new requests; those under way get their answers."""
        self._stop.set()
        self.join(timeout)

    def join(self, timeout: float = 140):
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        assert not any(thread.is_alive() for thread in self._threads), f"a request had no end within {timeout} s"
        if self.failures:
            raise self.failures[0]

    @property
    def sent(self) -> int:
        """Records that went out to the sidecar so far."""
        return self._sent

    def _run(self, number: int):
        connection = None
        try:
            while not self._stop.is_set():
                if self.total is not None:
                    with self._lock:
                        if self._sent + self.records > self.total:
                            break
                if connection is not None and _closed(connection):
                    connection.close()
                    connection = None
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", self.port(), timeout=140)
                    try:
                        connection.connect()
                    except OSError:
                        connection = None
                        self._stop.wait(0.02)
                        continue
                if not self._request(connection, number):
                    connection.close()
                    connection = None
                if self.pause:
                    self._stop.wait(self.pause)
        except BaseException as failure:  # noqa: BLE001 - handed to the test's thread by join().
            self.failures.append(failure)
        finally:
            if connection is not None:
                connection.close()

    def _request(self, connection: http.client.HTTPConnection, client: int) -> bool:
        with self._lock:
            numbers = [next(self._numbers) for _ in range(self.records)]
        ids = [f"{self._name}-{client}-{number}" for number in numbers]
        # Built by hand: nothing needs escaping, and the driver must not be the slow part.
        body = ('{"records":[' + ",".join(
            (f'{{"value":{{"id":"{name}","n":{number}}}}}' if self.keyless and number % self.keyless == 0 else
             f'{{"key":"k{number % self.keys}","value":{{"id":"{name}","n":{number},"pad":"{self.padding}"}}}}')
            for name, number in zip(ids, numbers)) + "]}").encode()
        self.ledger.sending(self.topic, ids)
        with self._lock:
            self._sent += len(ids)
            self.in_flight += 1
        try:
            connection.request("POST", f"/producers/{self.topic}", body, {"Content-Type": "application/json"})
            if self.on_wire is not None:
                self.on_wire()
            response = connection.getresponse()
            text = response.read()
        except (http.client.HTTPException, OSError):
            return False  # Unknown, as the ledger has it already.
        finally:
            with self._lock:
                self.in_flight -= 1
        with self._lock:
            self.statuses[response.status] = self.statuses.get(response.status, 0) + 1
        if response.status == 200:
            slots = json.loads(text)["offsets"]
            self.ledger.answered(ids, slots)
            if any("offset" in slot for slot in slots):
                self.written_at = time.monotonic()
        elif response.status == 503 or response.status < 500:
            self.ledger.refused(ids)
            self._stop.wait(0.05)
        return not response.will_close


def _closed(connection: http.client.HTTPConnection) -> bool:
    """The other side has ended the idle connection: nothing was asked on it, so nothing is unknown."""
    return connection.sock is None or bool(select.select([connection.sock], [], [], 0)[0])
