"""Waiting for conditions. No test sleeps to give something time: it waits for what it needs, and the wait ends."""
import random
import socket
import time


def eventually(condition, timeout: float, what: str, every: float = 0.01):
    """Calls `condition` until it returns something true, and returns that. Fails after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what} (last: {value!r})")
        time.sleep(every)


def never(condition, seconds: float, what: str, every: float = 0.02):
    """The opposite: `condition` must stay false for that long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        assert not value, f"{what}: {value!r}"
        time.sleep(every)


def free_port() -> int:
    """A free port below the range that outgoing connections take theirs from, so that a server which is stopped and
    started again finds its port still free."""
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(18000, 32000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
