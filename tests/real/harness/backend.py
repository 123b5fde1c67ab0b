"""A backend that does what a test tells it, and remembers every delivery.

Its own small HTTP/1.1 server: one thread per connection, keep-alive, one POST route and no health page. What becomes of a
delivery is decided by a behaviour: a function that gets the Exchange and answers, or does not.
"""
import contextlib
import dataclasses
import json
import socket
import sys
import threading
import time
from collections.abc import Callable

from .wait import eventually


@dataclasses.dataclass
class Delivery:
    """One POST as the backend saw it. Its records are parsed whenever they are asked for: a long test has more than a
    million, and they take three times the room of the body."""
    batch_id: str
    attempt: int
    body: bytes
    headers: dict[str, str]       # Names in lower case.
    connection: int
    arrived: float                # time.monotonic()
    answered: float = 0.0         # 0: not answered in full.
    accepted: list[bool] | None = None  # Per record, when a whole 2xx answer with one result per record was sent.
    stacktraces: list[str | None] | None = None

    def __post_init__(self):
        self._places = [(sys.intern(record["topic"]), record["partition"], record["offset"]) for record in self.records]

    @property
    def records(self) -> list[dict]:
        return json.loads(self.body)

    def places(self) -> list[tuple[str, int, int]]:
        return self._places


class Exchange:
    """One delivery and the socket to answer it on."""

    def __init__(self, backend: "Backend", peer: socket.socket, delivery: Delivery):
        self.backend = backend
        self.peer = peer
        self.delivery = delivery
        self.close_after = False

    def results(self, rejected: Callable[[dict], object] = lambda record: False, echo: str = "record") -> list[dict]:
        """One result per record. `rejected` may return a text: the stack trace."""
        results = []
        for record in self.delivery.records:
            reason = rejected(record)
            result = {"processed": not reason, "key": record.get("key"), "timestamp": int(time.time() * 1000)}
            if echo == "record":
                result["record"] = record
            if reason:
                result["stacktrace"] = reason if isinstance(reason, str) else "RuntimeException: refused\n\tat Backend.post"
            results.append(result)
        return results

    def send(self, body: bytes, status: int = 200, headers: dict[str, str] | None = None):
        lines = [f"HTTP/1.1 {status} {'OK' if status < 300 else 'Not OK'}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {"Content-Type": "application/json"}).items()]
        # Before it is sent: the sidecar may act on it before this thread runs again.
        self.delivery.answered = time.monotonic()
        try:
            self.peer.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        except OSError:
            self.delivery.answered = 0.0
            raise

    def answer(self, results: list[dict]):
        """A whole, well-formed answer: the records count as accepted or refused from here on."""
        body = json.dumps(results).encode()
        self.note(results)
        self.send(body)

    def note(self, results: list[dict]):
        """What the backend itself believes to have done."""
        with self.backend.lock:
            self.delivery.accepted = [result["processed"] for result in results]
            self.delivery.stacktraces = [result.get("stacktrace") for result in results]
            self.backend.accepted_places.update(
                place for place, result in zip(self.delivery.places(), results) if result["processed"])

    def wait(self, event: threading.Event, seconds: float):
        """Holds the answer back until the event, the end of the backend, or the limit."""
        deadline = time.monotonic() + seconds
        while not event.is_set() and not self.backend.closing.is_set() and time.monotonic() < deadline:
            event.wait(0.02)


Behaviour = Callable[[Exchange], None]


# Behaviours ----------------------------------------------------------------------------------------------------------

def accept(exchange: Exchange):
    exchange.answer(exchange.results())


def reject(which: Callable[[dict], object]) -> Behaviour:
    return lambda exchange: exchange.answer(exchange.results(which))


def slow(seconds: float, then: Behaviour = accept) -> Behaviour:
    def behaviour(exchange: Exchange):
        exchange.wait(threading.Event(), seconds)
        then(exchange)
    return behaviour


def hold(until: threading.Event, then: Behaviour = accept, at_most: float = 120) -> Behaviour:
    """Holds the answer back until the test sets the event."""
    def behaviour(exchange: Exchange):
        exchange.wait(until, at_most)
        then(exchange)
    return behaviour


def hang(exchange: Exchange):
    """Never answers; ends when the other side gives up."""
    exchange.peer.settimeout(300)
    with contextlib.suppress(OSError):
        exchange.peer.recv(1)
    exchange.close_after = True


def close(exchange: Exchange):
    exchange.close_after = True


def close_mid_answer(exchange: Exchange):
    """Does its work, and then half the answer is all that gets out."""
    results = exchange.results()
    exchange.note(results)
    body = json.dumps(results).encode()
    exchange.peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
                          + body[:len(body) // 2])
    exchange.close_after = True


def garbage(exchange: Exchange):
    exchange.peer.sendall(b"\x00\xff\x17 this is no HTTP \r\n\r\n" * 20)
    exchange.close_after = True


def body(text: bytes, status: int = 200, **headers: str) -> Behaviour:
    """Any answer: not JSON, not an array, empty, 3xx, 4xx, 5xx."""
    return lambda exchange: exchange.send(text, status, {"Content-Type": "application/json",
                                                         **{name.replace("_", "-"): value for name, value in headers.items()}})


def wrong_length(exchange: Exchange):
    exchange.send(json.dumps(exchange.results() + exchange.results()[:1]).encode())


def too_short(exchange: Exchange):
    exchange.send(json.dumps(exchange.results()[:-1]).encode())


def shuffled(which: Callable[[dict], object] = lambda record: False) -> Behaviour:
    """Results in reverse order; their echoes say which record each is about."""
    def behaviour(exchange: Exchange):
        results = exchange.results(which)
        exchange.note(results)
        exchange.send(json.dumps(results[::-1]).encode())
    return behaviour


def altered(which: Callable[[dict], object] = lambda record: False) -> Behaviour:
    """Echoes whose place is right and whose content is not what was delivered."""
    def behaviour(exchange: Exchange):
        results = exchange.results(which)
        for result in results:
            result["record"] = {**result["record"], "key": "altered", "value": {"altered": True}, "headers": {"x": "altered"},
                                "timestamp": 1}
        exchange.answer(results)
    return behaviour


def no_echoes(which: Callable[[dict], object] = lambda record: False) -> Behaviour:
    return lambda exchange: exchange.answer(exchange.results(which, echo="none"))


def foreign_echo(exchange: Exchange):
    """A result about a record that was not in the batch."""
    results = exchange.results()
    results[0]["record"] = {**results[0]["record"], "offset": results[0]["record"]["offset"] + 1_000_000}
    exchange.send(json.dumps(results).encode())


# The server ----------------------------------------------------------------------------------------------------------

class Backend:
    def __init__(self, behaviour: Behaviour = accept, start: bool = True, port: int = 0):
        self.behaviour = behaviour
        self.script: list[Behaviour] = []   # For the next deliveries, one each; then `behaviour`.
        self.deliveries: list[Delivery] = []
        self.requests: list[tuple[str, str]] = []  # Method and path of everything that came.
        self.connections = 0
        self.broken: list[str] = []         # What a request did wrong.
        self.accepted_places: set[tuple[str, int, int]] = set()
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self.on_answered: Callable[[Delivery], None] | None = None  # Called in the connection's thread, right after.
        self._peers: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self.port = port
        self.seen_at: int | None = None     # The port that the sidecar was told, when that is a proxy's.
        if start:
            self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        """Also again, on the same port, after stop()."""
        self.closing.clear()
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(128)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def stop(self):
        """Nobody listens any more, and every connection is cut."""
        self.closing.set()
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        with self.lock:
            peers = list(self._peers)
        for peer in peers:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket):
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self._peers.add(peer)
                self.connections += 1
                number = self.connections
            threading.Thread(target=self._serve, args=(peer, number), daemon=True).start()

    def _serve(self, peer: socket.socket, number: int):
        try:
            with peer, peer.makefile("rb", 1 << 16) as stream:
                while self._one(peer, stream, number):
                    pass
        except OSError:
            pass  # The sidecar closed or was killed.
        finally:
            with self.lock:
                self._peers.discard(peer)

    def _one(self, peer: socket.socket, stream, number: int) -> bool:
        line = stream.readline()
        if not line:
            return False
        method, path, version = line.decode("latin-1").split()
        headers: dict[str, str] = {}
        while (field := stream.readline()) not in (b"\r\n", b""):
            name, _, value = field.decode("latin-1").partition(":")
            if name.lower() in headers:
                self._complain(f"header {name} twice")
            headers[name.lower()] = value.strip()
        with self.lock:
            self.requests.append((method, path))
        if method != "POST" or path != "/kafka/records":
            peer.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return True
        if "transfer-encoding" in headers or "content-length" not in headers:
            self._complain(f"a body without a length: {headers}")
            return False
        if headers.get("host") != f"127.0.0.1:{self.seen_at or self.port}":
            self._complain(f"Host is {headers.get('host')}")
        if version != "HTTP/1.1" or not headers.get("content-type", "").startswith("application/json"):
            self._complain(f"{version}, {headers.get('content-type')}")
        length = int(headers["content-length"])
        raw = stream.read(length)
        if len(raw) < length:
            return False  # Cut off in the middle: nothing was delivered.
        delivery = Delivery(headers.get("x-batch-id", ""), int(headers.get("x-batch-attempt", "0")), raw, headers, number,
                            time.monotonic())
        if not delivery.batch_id or delivery.attempt < 1:
            self._complain(f"no batch id or attempt: {headers}")
        exchange = Exchange(self, peer, delivery)
        with self.lock:
            self.deliveries.append(delivery)
            behaviour = self.script.pop(0) if self.script else self.behaviour
        behaviour(exchange)
        if self.on_answered is not None and delivery.answered:
            self.on_answered(delivery)
        if exchange.close_after:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
            return False
        return headers.get("connection", "").lower() != "close"

    def _complain(self, what: str):
        with self.lock:
            self.broken.append(what)

    # What a test asks -------------------------------------------------------------------------------------------------

    def seen(self) -> list[Delivery]:
        with self.lock:
            return list(self.deliveries)

    def forget(self, before: float):
        """Deliveries that arrived before that time (monotonic) count no more."""
        with self.lock:
            self.deliveries = [delivery for delivery in self.deliveries if delivery.arrived >= before]

    def records(self) -> list[dict]:
        """Every record of every delivery, in order of arrival."""
        return [record for delivery in self.seen() for record in delivery.records]

    def accepted(self) -> set[tuple[str, int, int]]:
        with self.lock:
            return set(self.accepted_places)

    def wait_deliveries(self, count: int, timeout: float = 15) -> list[Delivery]:
        return eventually(lambda: (seen := self.seen()) and len(seen) >= count and seen, timeout,
                          f"{count} deliveries at the backend")

    def wait_accepted(self, count: int, timeout: float = 15):
        eventually(lambda: len(self.accepted_places) >= count, timeout, f"{count} records accepted by the backend")
