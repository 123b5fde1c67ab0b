"""The judge of every fault test.

It holds what was sent and answered, and is shown what an independent client finds in the log, every delivery that the
backend saw and what it accepted, the dead-letter topic, and the committed offsets. From these it counts:

lost        answered as written and not in the log at the place told; or in the log, and at the end neither accepted by the
            backend nor in the dead-letter topic
phantom     in the log without having been sent, or more often than sent, or although answered as not written; a delivery or
            a dead letter of a record that is not in the log, or with another content, or a dead letter for a record that
            the backend never refused
skipped     below a committed offset although neither accepted nor dead-lettered
misordered  out of order in the log within one request, or delivered before its predecessor in the partition was answered
duplicates  accepted more often than once, or dead-lettered more often than once

All but the last must be zero, and the last within a bound that the test states. An unknown answer is neither right nor
wrong, and the client does not send again: such a record may be in the log once, or not at all.
"""
import collections
import dataclasses
import json
import threading

from .backend import Backend, Delivery
from .kafka import Kafka, LogRecord

Place = tuple[str, int, int]  # Topic, partition, offset.

WRITTEN, NOT_WRITTEN, UNKNOWN = "written", "not-written", "unknown"


@dataclasses.dataclass(slots=True)
class Sent:
    id: str
    topic: str
    request: int
    outcome: str = UNKNOWN  # Until somebody says more.
    partition: int = -1
    offset: int = -1
    error: str = ""


@dataclasses.dataclass
class World:
    """All that is to be judged."""
    sent: dict[str, Sent]
    log: list[LogRecord]
    deliveries: list[Delivery] = dataclasses.field(default_factory=list)
    letters: list[LogRecord] = dataclasses.field(default_factory=list)
    committed: dict[tuple[str, int], int] = dataclasses.field(default_factory=dict)
    consumed: bool = True  # False: nobody consumes in this world, so nothing needs to be accepted.
    drained: bool = True   # False: the consumer was stopped before the end, so that the rest is not lost but waiting.


class Verdict:
    def __init__(self, fault: str, bound: int, recovery: float | None):
        self.fault = fault
        self.bound = bound
        self.recovery = recovery
        self.sent = self.answered = self.unknown = self.log = self.delivered = self.deadlettered = self.committed = 0
        self.lost = self.phantom = self.skipped = self.misordered = self.duplicates = 0
        self.problems: list[str] = []

    def count(self, what: str, problem: str):
        setattr(self, what, getattr(self, what) + 1)
        if what != "duplicates" and len(self.problems) < 20:
            self.problems.append(f"{what}: {problem}")

    def __str__(self) -> str:
        recovery = "-" if self.recovery is None else f"{self.recovery:.1f}s"
        return (f"ledger {self.fault}: sent={self.sent} answered={self.answered} unknown={self.unknown} log={self.log} "
                f"delivered={self.delivered} deadlettered={self.deadlettered} committed={self.committed} lost={self.lost} "
                f"phantom={self.phantom} skipped={self.skipped} misordered={self.misordered} "
                f"duplicates={self.duplicates} (bound {self.bound}) recovery={recovery}")

    @property
    def good(self) -> bool:
        return not (self.lost or self.phantom or self.skipped or self.misordered) and self.duplicates <= self.bound

    def check(self):
        assert self.good, "\n".join([str(self), *self.problems])


def identity(value) -> str | None:
    """The id that a client of these tests puts into each record."""
    if isinstance(value, bytes):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    return value.get("id") if isinstance(value, dict) else None


def origin(letter: LogRecord) -> Place:
    return (letter.header("X-DLQ-Topic").decode(), int(letter.header("X-DLQ-Partition")), int(letter.header("X-DLQ-Offset")))


def judge(world: World, fault: str = "-", bound: int = 0, recovery: float | None = None) -> Verdict:
    verdict = Verdict(fault, bound, recovery)
    log = {record.place: record for record in world.log}
    _judge_produced(world, log, verdict)
    if world.consumed:
        _judge_consumed(world, log, verdict)
    return verdict


def _judge_produced(world: World, log: dict[Place, LogRecord], verdict: Verdict):
    verdict.sent = len(world.sent)
    verdict.unknown = sum(sent.outcome == UNKNOWN for sent in world.sent.values())
    verdict.answered = verdict.sent - verdict.unknown
    verdict.log = len(world.log)

    copies: dict[str, list[Place]] = collections.defaultdict(list)
    for place, record in log.items():
        name = identity(record.value)
        if name is None or name not in world.sent or world.sent[name].topic != record.topic:
            verdict.count("phantom", f"{place} holds {name}, which nobody sent there")
        else:
            copies[name].append(place)
    for name, places in copies.items():
        if world.sent[name].outcome == NOT_WRITTEN:
            verdict.count("phantom", f"{name} was answered as not written and is at {places}")
        for place in places[1:]:
            verdict.count("phantom", f"{name} is in the log again at {place}")

    last: dict[tuple[str, int, int], int] = {}
    for name, sent in world.sent.items():  # In the order of sending.
        if sent.outcome != WRITTEN:
            continue
        place = (sent.topic, sent.partition, sent.offset)
        if place not in log or identity(log[place].value) != name:
            verdict.count("lost", f"{name} was answered as written at {place} and is not there")
        line = (sent.topic, sent.partition, sent.request)
        if sent.offset <= last.get(line, -1):
            verdict.count("misordered", f"{name} at {place} stands before its predecessor of the same request")
        last[line] = sent.offset


def _judge_consumed(world: World, log: dict[Place, LogRecord], verdict: Verdict):
    accepted: collections.Counter[Place] = collections.Counter()
    refused: set[Place] = set()
    for delivery in world.deliveries:
        for record in delivery.records:
            place = (record["topic"], record["partition"], record["offset"])
            if place not in log:
                verdict.count("phantom", f"{place} was delivered and is not in the log")
            elif record.get("value") != json.loads(log[place].value):
                verdict.count("phantom", f"{place} was delivered with another content")
        for place, good in zip(delivery.places(), delivery.accepted or ()):
            if good:
                accepted[place] += 1
            else:
                refused.add(place)

    letters: collections.Counter[Place] = collections.Counter()
    unreadable: set[Place] = set()
    for letter in world.letters:
        place = origin(letter)
        letters[place] += 1
        reason = letter.header("X-DLQ-Reason")
        if reason == b"undecodable":
            unreadable.add(place)
        if place not in log:
            verdict.count("phantom", f"a dead letter for {place}, which is not in the log")
        elif letter.key != log[place].key or (letter.value != log[place].value
                                              and "X-DLQ-Value" not in letter.header_names()):
            verdict.count("phantom", f"the dead letter for {place} has another content")
        elif reason == b"rejected" and place not in refused:
            verdict.count("phantom", f"a dead letter for {place}, which the backend never refused")

    verdict.delivered = len(accepted)
    verdict.deadlettered = len(letters)
    verdict.committed = sum(world.committed.values())
    for counter, what in ((accepted, "accepted"), (letters, "dead-lettered")):
        for place, times in counter.items():
            for _ in range(times - 1):
                verdict.count("duplicates", f"{place} {what} {times} times")

    settled = accepted.keys() | letters.keys()
    lines: dict[tuple[str, int], list[int]] = collections.defaultdict(list)
    for topic, partition, offset in sorted(log):
        lines[topic, partition].append(offset)
        if (topic, partition, offset) in settled:
            continue
        if offset < world.committed.get((topic, partition), 0):
            verdict.count("skipped", f"{topic}-{partition} is committed above {offset}, which nobody settled")
        elif world.drained:
            verdict.count("lost", f"{topic}-{partition} {offset} was never settled")
    for line, committed in world.committed.items():
        end = lines[line][-1] + 1 if lines[line] else 0
        if committed > end:
            verdict.count("skipped", f"{line} is committed at {committed}, beyond its end {end}")

    _judge_order(world, lines, unreadable, verdict)


def _judge_order(world: World, lines: dict[tuple[str, int], list[int]], unreadable: set[Place], verdict: Verdict):
    """Replays what the backend saw, arrivals and answers in the order of time. A record may be delivered again, but never
    before the one below it in its partition was answered: except together with it, in the order of the log."""
    index = {(*line, offset): number for line, offsets in lines.items()
             for number, offset in enumerate(offset for offset in offsets if (*line, offset) not in unreadable)}
    answered: dict[tuple[str, int], int] = collections.defaultdict(int)  # How far each partition has been answered.
    events = []
    for delivery in world.deliveries:
        events.append((delivery.arrived, 1, delivery))
        if delivery.answered and delivery.accepted is not None:
            events.append((delivery.answered, 0, delivery))
    for _, arrival, delivery in sorted(events, key=lambda event: event[:2]):
        before: dict[tuple[str, int], int] = {}
        for place in delivery.places():
            number = index.get(place)
            if number is None:
                continue  # Counted as a phantom above.
            line = place[:2]
            if arrival:
                if line in before and number != before[line] + 1:
                    verdict.count("misordered", f"{place} does not follow its predecessor in batch {delivery.batch_id}")
                elif line not in before and number > answered[line]:
                    verdict.count("misordered", f"{place} came before record {answered[line]} of {line} was answered")
            before[line] = number
        if not arrival:
            for line, number in before.items():
                answered[line] = max(answered[line], number + 1)


class Ledger:
    """Collects while a test runs; any thread may write into it."""

    def __init__(self, fault: str):
        self.fault = fault
        self.sent: dict[str, Sent] = {}
        self.lock = threading.Lock()
        self._request = 0

    def sending(self, topic: str, ids: list[str]) -> int:
        """To be called before the first byte goes out. Returns the number of the request."""
        with self.lock:
            self._request += 1
            for name in ids:
                assert name not in self.sent, name
                self.sent[name] = Sent(name, topic, self._request)
            return self._request

    def answered(self, ids: list[str], offsets: list[dict]):
        """The sidecar's answer: one slot per record, in the same order."""
        assert len(ids) == len(offsets), (len(ids), len(offsets))
        with self.lock:
            for name, slot in zip(ids, offsets):
                sent = self.sent[name]
                if "offset" in slot:
                    sent.outcome, sent.partition, sent.offset = WRITTEN, slot["partition"], slot["offset"]
                else:
                    assert slot["outcome"] in (NOT_WRITTEN, UNKNOWN), slot
                    sent.outcome, sent.error = slot["outcome"], slot["error"]

    def refused(self, ids: list[str]):
        """The whole request was refused before anything was sent (4xx, 503)."""
        with self.lock:
            for name in ids:
                self.sent[name].outcome = NOT_WRITTEN

    def close(self, kafka: Kafka, topics: list[str], *, group: str | None = None, backend: Backend | None = None,
              bound: int = 0, recovery: float | None = None, drained: bool = True, extension: str = ".dlq") -> Verdict:
        """Asks everybody, and judges. Without a group: the produced side alone."""
        log = [record for topic in topics for record in kafka.read(topic)]
        world = World(self.sent, log, consumed=group is not None, drained=drained)
        if group is not None:
            existing = kafka.admin.list_topics(timeout=10).topics
            world.deliveries = backend.seen()
            world.letters = [record for topic in topics if topic + extension in existing
                             for record in kafka.read(topic + extension)]
            world.committed = {(topic, partition): offset for topic in topics
                               for partition, offset in kafka.committed(group, topic).items()}
        return judge(world, self.fault, bound, recovery)
