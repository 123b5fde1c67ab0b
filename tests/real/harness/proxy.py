"""A TCP proxy that makes a wire bad: it delays, slices, falls silent, and breaks connections."""
import contextlib
import random
import select
import socket
import threading
import time


class Proxy:
    """Passes everything on to `target` until told otherwise. Any thread may change its manners at any time."""

    def __init__(self, target: int, port: int = 0):
        self.target = target
        self.delay = 0.0                       # Seconds that each piece takes on its way.
        self.slice: tuple[int, int] | None = None  # Pieces of so many bytes, at least and at most.
        self.silent = False                    # Nothing gets through, and no connection breaks.
        self.broken = 0                        # Connections that were broken so far.
        self._chance = random.Random(1)
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self):
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            except OSError:
                client.close()
                continue
            for side in (client, server):
                side.settimeout(None)
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._pairs.append((client, server))
            for one, other in ((client, server), (server, client)):
                thread = threading.Thread(target=self._pass_on, args=(one, other), daemon=True)
                thread.start()
                self._threads.append(thread)

    def _pass_on(self, one: socket.socket, other: socket.socket):
        with contextlib.suppress(OSError, ValueError):
            while not self._closing.is_set():
                if self.silent or not select.select([one], [], [], 0.05)[0]:
                    if self.silent:
                        time.sleep(0.01)
                    continue
                data = one.recv(65536)
                if not data:
                    break
                if self.delay:
                    time.sleep(self.delay)
                for piece in self._pieces(data):
                    other.sendall(piece)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_WR)

    def _pieces(self, data: bytes):
        limits = self.slice
        if limits is None:
            yield data
            return
        at = 0
        while at < len(data):
            size = self._chance.randint(*limits)
            yield data[at:at + size]
            at += size

    def cut(self, reset: bool = False):
        """Ends every connection there is, both sides of it: politely, or with a reset."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for side in pair:
                with contextlib.suppress(OSError):
                    if reset:
                        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                        side.close()
                    else:
                        side.shutdown(socket.SHUT_RDWR)
        self.broken += len(pairs)

    def stop(self):
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.silent = False
        self.cut()
        for thread in self._threads:
            thread.join(5)
