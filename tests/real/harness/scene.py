"""What every fault test is made of: a topic of four partitions, a sidecar that produces and pushes, a load, the ledger."""
import contextlib
import time

from . import backend as answers
from .kafka import Kafka
from .ledger import Ledger, Verdict
from .load import Load
from .push import Push
from .sidecar import Sidecar
from .wait import eventually

BATCH = 100     # Records in a batch, at most: what one crash, rebalance or rollback may repeat.
SESSION = 6.0   # Session timeout of the group, in seconds.


def refuses_some(record: dict):
    """Three in a hundred: enough for dead letters in most batches, too few for the threshold."""
    return "Refused: by its number" if record["value"]["n"] % 100 in (7, 38, 69) else None


class Scene:
    def __init__(self, push: Push, fault: str, tell):
        self.push = push
        self.kafka: Kafka = push.kafka
        self.backend = push.backend
        self.backend.behaviour = answers.reject(refuses_some)
        self.fault = fault
        self.ledger = Ledger(fault)
        self.tell = tell
        self.loads: list[Load] = []
        self.recovery: float | None = None
        self.felt_from = self.felt_records = 0
        self._told_minute = -1

    @property
    def sidecar(self) -> Sidecar:
        return self.push.sidecar

    def start(self, settings: dict | None = None, **options) -> Sidecar:
        return self.push.start({"maxBatchRecords": BATCH, "fetchMaxWait": 20, **(settings or {})}, **options)

    def load(self, clients: int = 4, pause: float = 0.05, **options) -> Load:
        """A load that runs until the scene ends, or until its total."""
        load = Load(self.ledger, lambda: self.sidecar.port, self.push.topic, clients=clients, pause=pause, **options)
        self.loads.append(load)
        return load.start()

    def flowing(self, records: int = 500, timeout: float = 30):
        """Both directions have moved that many records since now."""
        before = len(self.backend.accepted_places)
        began = time.monotonic()
        eventually(lambda: len(self.backend.accepted_places) >= before + records
                   and any(load.written_at > began for load in self.loads), timeout, f"{records} records flow")

    def progress(self, text: str, passed: float, length: float):
        """For the person who waits: one line a minute."""
        minute = int(passed // 60)
        if minute != self._told_minute:
            self._told_minute = minute
            self.tell(f"  {passed:.0f} of {length:.0f} s: {text}, {self.sent()} records sent, "
                      f"{len(self.backend.accepted_places)} accepted")

    def sent(self) -> int:
        return sum(load.sent for load in self.loads)

    @contextlib.contextmanager
    def felt(self, records: int = 1000):
        """The fault lasts as long as the block; at least so many records must be sent inside."""
        self.felt_from, self.felt_records = self.sent(), records
        yield
        during = self.sent() - self.felt_from
        assert during >= records, f"only {during} records were sent during the fault"

    def lasting(self, seconds: float, timeout: float = 60):
        """Inside felt(): lets the fault last so many seconds more, and until enough records were sent in it."""
        until = time.monotonic() + seconds
        eventually(lambda: time.monotonic() >= until and self.sent() - self.felt_from >= self.felt_records, timeout,
                   f"{self.felt_records} records are sent during the fault", every=0.02)

    def recovers(self, within: float):
        """Progress in both directions, counted from now: to be called when nothing stands in the way any more."""
        began = time.monotonic()
        accepted = len(self.backend.accepted_places)
        eventually(lambda: len(self.backend.accepted_places) > accepted
                   and any(load.written_at > began for load in self.loads), within + 30, "progress", every=0.01)
        self.recovery = time.monotonic() - began
        assert self.recovery <= within, f"{self.fault}: progress after {self.recovery:.1f} s, not {within} s"

    def broker_back(self):
        """Waits until metadata and the coordinator answer, then for progress: 10 s and the session timeout at most."""
        eventually(lambda: self.kafka.coordinator_answers(self.push.group, self.push.topic), 60, "the coordinator answers")
        self.recovers(10 + SESSION)

    def finish(self, bound: int, stop: bool = True, timeout: float = 60) -> Verdict:
        """Ends the load, lets everything settle, and lets the ledger judge."""
        for load in self.loads:
            load.stop()
        try:
            self.push.wait_settled(timeout)
            if stop:
                assert self.sidecar.stop(30) == 0
        except AssertionError:
            self.tell(f"{self.judge(bound)} UNSETTLED")
            raise
        verdict = self.judge(bound)
        self.tell(verdict)
        assert verdict.sent >= 1000 and verdict.log > 0
        verdict.check()
        return verdict

    def judge(self, bound: int) -> Verdict:
        return self.ledger.close(self.kafka, [self.push.topic], group=self.push.group, backend=self.backend, bound=bound,
                                 recovery=self.recovery)
