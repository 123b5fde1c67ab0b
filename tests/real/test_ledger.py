"""The judge judged: worlds that are broken in one way each, and the sound ones beside them."""
import dataclasses
import json
import tracemalloc

import pytest

from harness.backend import Delivery
from harness.kafka import LogRecord
from harness.counting import CountingBackend
from harness.ledger import NOT_WRITTEN, UNKNOWN, WRITTEN, Ledger, Sent, World, judge

TOPIC = "orders"


def value(number: int) -> dict:
    return {"id": f"r{number}", "amount": number}


def record(number: int, partition: int = 0, offset: int | None = None) -> LogRecord:
    return LogRecord(TOPIC, partition, number if offset is None else offset, b"k", json.dumps(value(number)).encode(), (), 1)


def delivered(numbers, at: float, accepted=None, answered: float | None = None, batch: str = "b") -> Delivery:
    records = [{"topic": TOPIC, "partition": 0, "offset": number, "key": "k", "value": value(number)} for number in numbers]
    return Delivery(batch, 1, json.dumps(records).encode(), {}, 1, at, at + 0.5 if answered is None else answered,
                    [True] * len(records) if accepted is None else accepted)


def with_records(delivery: Delivery, records: list[dict]) -> Delivery:
    return dataclasses.replace(delivery, body=json.dumps(records).encode())


def with_value(delivery: Delivery, index: int, content: dict) -> Delivery:
    records = delivery.records
    records[index]["value"] = content
    return with_records(delivery, records)


def letter(number: int, reason: bytes = b"rejected", partition: int = 0, **changes) -> LogRecord:
    headers = (("X-DLQ-Topic", TOPIC.encode()), ("X-DLQ-Partition", str(partition).encode()),
               ("X-DLQ-Offset", str(number).encode()), ("X-DLQ-Reason", reason))
    return dataclasses.replace(record(number), topic=TOPIC + ".dlq", headers=headers, **changes)


def sound() -> World:
    """Ten records, sent in two requests, delivered in two batches, one refused, all committed."""
    sent = {f"r{number}": Sent(f"r{number}", TOPIC, number // 5, WRITTEN, 0, number) for number in range(10)}
    return World(sent, [record(number) for number in range(10)],
                 [delivered(range(5), 1), delivered(range(5, 10), 2, [True, True, False, True, True])],
                 [letter(7)], {(TOPIC, 0): 10})


def counts(world: World, bound: int = 0) -> dict[str, int]:
    verdict = judge(world, bound=bound)
    found = {what: getattr(verdict, what) for what in ("lost", "phantom", "skipped", "misordered", "duplicates")}
    assert verdict.good == (not any(found[what] for what in ("lost", "phantom", "skipped", "misordered"))
                            and found["duplicates"] <= bound)
    if verdict.good:
        verdict.check()
    else:
        with pytest.raises(AssertionError):
            verdict.check()
    return {what: number for what, number in found.items() if number}


def test_a_sound_world_passes_and_is_counted():
    verdict = judge(sound(), "nothing", bound=3, recovery=1.25)
    verdict.check()
    assert str(verdict) == ("ledger nothing: sent=10 answered=10 unknown=0 log=10 delivered=9 deadlettered=1 committed=10 "
                            "lost=0 phantom=0 skipped=0 misordered=0 duplicates=0 (bound 3) recovery=1.2s")


def test_lost_written_and_not_in_the_log():
    world = sound()
    world.sent["r10"] = Sent("r10", TOPIC, 3, WRITTEN, 0, 10)
    assert counts(world) == {"lost": 1}


def test_lost_written_somewhere_else():
    world = sound()
    world.sent["r9"].offset = 8
    assert counts(world)["lost"] == 1


def test_lost_never_settled_at_the_end():
    world = sound()
    world.log.append(record(10))
    world.sent["r10"] = Sent("r10", TOPIC, 3, WRITTEN, 0, 10)
    assert counts(world) == {"lost": 1}
    world.drained = False  # The consumer was stopped: the record waits.
    assert counts(world) == {}


def test_unknown_may_be_there_or_not():
    world = sound()
    world.sent["r9"].outcome = UNKNOWN
    world.sent["r10"] = Sent("r10", TOPIC, 3)
    verdict = judge(world)
    verdict.check()
    assert (verdict.sent, verdict.answered, verdict.unknown) == (11, 9, 2)


def test_phantom_nobody_sent_it():
    world = sound()
    del world.sent["r3"]
    assert counts(world) == {"phantom": 1}


def test_phantom_answered_as_not_written():
    world = sound()
    world.sent["r3"].outcome = NOT_WRITTEN
    assert counts(world) == {"phantom": 1}


def test_phantom_twice_in_the_log():
    world = sound()
    world.log.append(record(3, offset=10))
    world.deliveries.append(with_value(delivered([10], 3), 0, value(3)))
    world.committed[TOPIC, 0] = 11
    assert counts(world) == {"phantom": 1}


def test_phantom_delivery_of_what_is_not_in_the_log():
    world = sound()
    world.deliveries.append(delivered([10], 3))
    assert counts(world) == {"phantom": 1}


def test_phantom_delivery_with_another_content():
    world = sound()
    world.deliveries[0] = with_value(world.deliveries[0], 2, {"id": "r2", "amount": 3})
    assert counts(world) == {"phantom": 1}


@pytest.mark.parametrize("changed", [
    letter(99), letter(7, value=b"other"), letter(7, key=b"other"), letter(7, partition=1)])
def test_phantom_dead_letter(changed):
    world = sound()
    world.letters.append(changed)
    found = counts(world, bound=1)
    assert found.pop("duplicates", 0) <= 1
    assert found == {"phantom": 1}


def test_phantom_dead_letter_for_a_record_that_was_accepted():
    world = sound()
    world.letters.append(letter(1))
    assert counts(world) == {"phantom": 1}


def test_dead_letter_without_its_value_is_sound():
    world = sound()
    without = letter(7, value=None)
    world.letters = [dataclasses.replace(without, headers=without.headers + (("X-DLQ-Value", b"omitted"),))]
    assert counts(world) == {}


def test_skipped_committed_above_a_record_that_was_never_delivered():
    world = sound()
    world.deliveries[1] = delivered([5, 6, 7, 8], 2, [True, True, False, True])
    assert counts(world) == {"skipped": 1}


def test_skipped_committed_although_the_backend_gave_no_whole_answer():
    world = sound()
    world.deliveries[1] = Delivery("b", 1, delivered(range(5, 10), 2).body, {}, 1, 2.0)
    world.letters = []
    assert counts(world) == {"skipped": 5}


def test_skipped_refused_and_not_dead_lettered():
    world = sound()
    world.letters = []
    assert counts(world) == {"skipped": 1}


def test_skipped_committed_beyond_the_end():
    world = sound()
    world.committed[TOPIC, 0] = 11
    assert counts(world) == {"skipped": 1}


def test_misordered_in_the_log():
    world = sound()
    world.log[1], world.log[2] = record(1, offset=2), record(2, offset=1)
    for number in (1, 2):
        world.sent[f"r{number}"].offset = 3 - number
        world.deliveries[0] = with_value(world.deliveries[0], number, value(3 - number))
    assert counts(world) == {"misordered": 1}


def test_misordered_inside_a_batch():
    world = sound()
    records = world.deliveries[0].records
    world.deliveries[0] = with_records(world.deliveries[0], [records[0], records[2], records[1], *records[3:]])
    assert counts(world)["misordered"] >= 1


def test_misordered_batches():
    world = sound()
    world.deliveries[0].arrived, world.deliveries[0].answered = 3, 3.5
    assert counts(world) == {"misordered": 1}


def test_misordered_next_batch_before_the_first_was_answered():
    world = sound()
    world.deliveries[0].answered = 2.25
    assert counts(world) == {"misordered": 1}


def test_misordered_next_batch_after_a_failed_answer():
    world = sound()
    failed = delivered(range(5), 0.1)
    failed.accepted = None  # A 500, or half an answer.
    world.deliveries.insert(0, failed)
    assert counts(world) == {}  # Tried again: sound.
    world.deliveries.pop(1)
    assert counts(world) == {"misordered": 1, "skipped": 5}


def test_an_unreadable_record_leaves_a_gap_that_is_no_fault():
    world = sound()
    unreadable = dataclasses.replace(record(2), value=b'{"id":"r2"')
    world.log[2] = unreadable
    world.sent["r2"].outcome = UNKNOWN
    world.deliveries[0] = delivered([0, 1, 3, 4], 1)
    world.letters.append(dataclasses.replace(letter(2, b"undecodable"), value=unreadable.value))
    found = counts(world)
    assert found == {"phantom": 1}  # Without an id it is nobody's; that is all.


def test_too_many_duplicates():
    world = sound()
    world.deliveries.append(delivered(range(3, 6), 3))
    assert counts(world, bound=3) == {"duplicates": 3}
    assert judge(world, bound=3).good
    assert not judge(world, bound=2).good
    world.letters.append(letter(7))
    assert counts(world, bound=4) == {"duplicates": 4}


def test_answers_of_the_sidecar_are_kept_as_given():
    ledger = Ledger("x")
    ids = ["a", "b", "c"]
    ledger.sending(TOPIC, ids)
    ledger.answered(ids, [{"partition": 2, "offset": 5}, {"errorCode": 50002, "error": "", "outcome": "not-written"},
                          {"errorCode": 50003, "error": "", "outcome": "unknown"}])
    assert [ledger.sent[name].outcome for name in ids] == [WRITTEN, NOT_WRITTEN, UNKNOWN]
    assert (ledger.sent["a"].partition, ledger.sent["a"].offset) == (2, 5)
    with pytest.raises(AssertionError):
        ledger.answered(ids, [{"partition": 2, "offset": 5}])
    with pytest.raises(AssertionError):
        ledger.sending(TOPIC, ["a"])


def test_a_million_records_fit():
    """What is kept of each, from sending to the log: a long test must not need gigabytes."""
    batch, batches, pad = 100, 50, "x" * 160

    def content(number: int) -> dict:
        return {"id": f"r{number}", "n": number, "pad": pad}
    tracemalloc.start()
    try:
        ledger, log, deliveries = Ledger("many"), [], []
        for first in range(0, batch * batches, batch):
            numbers = range(first, first + batch)
            ids = [f"r{number}" for number in numbers]
            ledger.sending(TOPIC, ids)
            ledger.answered(ids, [{"partition": 0, "offset": number} for number in numbers])
            log += [LogRecord(TOPIC, 0, number, b"k%d" % number, json.dumps(content(number)).encode(), (), 1)
                    for number in numbers]
            body = [{"topic": TOPIC, "partition": 0, "offset": number, "key": f"k{number}", "value": content(number),
                     "headers": {}, "timestamp": 1_700_000_000_000 + number} for number in numbers]
            deliveries.append(Delivery("b", 1, json.dumps(body).encode(), {}, 1, first + 1, first + 1.5, [True] * batch))
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    verdict = judge(World(ledger.sent, log, deliveries, [], {(TOPIC, 0): batch * batches}))
    verdict.check()
    assert verdict.delivered == batch * batches
    assert kept / (batch * batches) < 1400


def test_on_a_real_log(kafka, topic, start_backend):
    """The same through the broker: what the readers bring home is what the judge works on."""
    kafka.create(topic + ".dlq", 1)
    backend = start_backend()
    group = topic + "-group"
    ledger = Ledger("real log")
    ids = [f"r{number}" for number in range(300)]
    ledger.sending(topic, ids)
    places = kafka.produce(topic, [{"key": name.encode(), "value": json.dumps({"id": name}).encode()} for name in ids])
    ledger.answered(ids, [{"partition": partition, "offset": offset} for partition, offset in places])
    log = kafka.read(topic)
    assert len(log) == 300
    refused = log[17]

    def deliver(records, at):
        backend.deliveries.append(Delivery(
            "b", 1, json.dumps([{"topic": topic, "partition": one.partition, "offset": one.offset, "value": json.loads(one.value)}
                                for one in records]).encode(), {}, 1, at, at + 0.5, [one is not refused for one in records]))

    deliver(log[:200], 1)
    deliver(log[200:], 2)
    kafka.produce(topic + ".dlq", [{"key": refused.key, "value": refused.value, "headers": [
        ("X-DLQ-Topic", topic), ("X-DLQ-Partition", str(refused.partition)), ("X-DLQ-Offset", str(refused.offset)),
        ("X-DLQ-Reason", "rejected")]}])
    kafka.commit(group, topic, kafka.ends(topic))
    assert kafka.settled(group, topic)
    verdict = ledger.close(kafka, [topic], group=group, backend=backend)
    verdict.check()
    assert (verdict.log, verdict.delivered, verdict.deadlettered, verdict.committed) == (300, 299, 1, 300)

    backend.deliveries.pop()
    assert ledger.close(kafka, [topic], group=group, backend=backend).skipped == 100


def test_the_counting_backend_sees_what_comes_again_and_what_comes_too_early():
    def body(*places: tuple[int, int]) -> bytes:
        return json.dumps([{"topic": "t", "value": {"partition": 9, "offset": 9}, "headers": {}, "partition": partition, "offset": offset,
                            "timestamp": 1} for partition, offset in places], separators=(",", ":")).encode()
    backend = CountingBackend()
    try:
        assert backend.take(body((0, 0), (1, 0), (0, 1))) == 3
        assert (backend.records, backend.again, backend.early) == (3, 0, 0)
        assert backend.take(body((0, 1), (0, 2))) == 2
        assert (backend.records, backend.again, backend.early) == (4, 1, 0)
        assert backend.take(body((1, 2))) == 1
        assert (backend.records, backend.again, backend.early) == (4, 1, 1)
    finally:
        backend.stop()
