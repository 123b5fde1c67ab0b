"""Members of a group, in every protocol: who owns what, and what a member may still do for what it owned."""
import json
import signal
import threading
import time

import pytest

from harness import backend as answers
from harness.push import MEMBERSHIPS, Push
from harness.sidecar import Sidecar
from harness.wait import eventually, never

PARTITIONS = 4
SESSION = 6.0  # Seconds, in both protocols.


@pytest.fixture(params=MEMBERSHIPS)
def membership(request, monkeypatch) -> str:
    monkeypatch.setattr(Push, "membership", MEMBERSHIPS[request.param])
    return request.param


@pytest.fixture
def group(membership, kafka, start_sidecar, backend, name) -> Push:
    return Push(kafka, start_sidecar, backend, name, partitions=PARTITIONS)


def fill(push: Push, per_partition: int, first: int = 0) -> list[tuple[int, int]]:
    return push.kafka.produce(push.topic, [{"partition": partition, "value": json.dumps({"n": first + number}).encode()}
                                           for number in range(per_partition) for partition in range(PARTITIONS)])


def join(push: Push, backend, settings: dict | None = None, **options) -> Sidecar:
    values = push.values(settings)
    values["kafka-consumer.backendApiHost"] = backend.url
    return push.start_sidecar(values, **options)


def partitions_of(backend, skip: int = 0) -> set[int]:
    return {record["partition"] for record in backend.records()[skip:]}


def letter_places(push: Push) -> set[tuple[int, int]]:
    return {(int(letter.header("X-DLQ-Partition")), int(letter.header("X-DLQ-Offset"))) for letter in push.letters()}


def rebalance_lines(sidecar: Sidecar) -> int:
    """How often a member was given partitions or had some taken."""
    text = sidecar.stderr()
    return sum(text.count(words) for words in ("Partitions assigned", "Partitions revoked", "Partitions lost"))


# Draining ------------------------------------------------------------------------------------------------------------

def test_a_revoke_waits_for_the_batch_but_not_for_ever(group, start_backend):
    """The first member's backend hangs over a batch of all partitions. The second gets its share all the same, and what
    the backend says later about records that have moved counts no more."""
    release = threading.Event()
    group.backend.behaviour = answers.hold(release, answers.reject(lambda record: "Refused: much too late"))
    places = fill(group, 5)
    group.start({"maxBatchRecords": 100, "fetchMaxWait": 300, "shutdownDrainMs": 1500, "maxRetries": 0})
    [held] = group.backend.wait_deliveries(1)
    assert {record["partition"] for record in held.records} == set(range(PARTITIONS))
    second = start_backend()
    began = time.monotonic()
    join(group, second)
    eventually(lambda: len(partitions_of(second)) == 2, 12, "the second member has its share while the first one's backend hangs")
    drained = time.monotonic() - began
    # The batch is given its 1.5 s; the rest is a heartbeat that tells the first member, and the second one's join.
    assert not release.is_set() and 1.0 <= drained < 8.0, f"the second member waited {drained:.1f} s"
    moved = partitions_of(second)
    release.set()
    group.wait_settled(30)
    second.wait_accepted(10)
    assert sorted((record["partition"], record["offset"]) for record in second.records()) == sorted(
        place for place in places if place[0] in moved)
    letters = letter_places(group)
    assert {partition for partition, _ in letters} == set(range(PARTITIONS)) - moved, "nothing of what had moved is a dead letter"
    assert len(group.letters()) == len(letters) == 10


def test_a_batch_that_settles_in_time_is_not_repeated(group, start_backend):
    release = threading.Event()
    group.backend.behaviour = answers.hold(release)
    fill(group, 5)
    group.start({"maxBatchRecords": 100, "fetchMaxWait": 300, "shutdownDrainMs": 20000})
    group.backend.wait_deliveries(1)
    second = start_backend()
    other = join(group, second)
    eventually(lambda: "Partitions revoked" in group.sidecar.stderr(), 12, "the first member is asked for partitions")
    never(lambda: second.records(), 0.5, "delivered before the first member let go")
    release.set()
    eventually(lambda: group.kafka.assignment(group.group) == [2, 2], 15, "both have partitions")
    fill(group, 5, first=5)
    group.wait_settled()
    places = [place for backend in (group.backend, second) for delivery in backend.seen() for place in delivery.places()]
    assert len(places) == len(set(places)) == 10 * PARTITIONS
    assert other.stop() == 0


# Losing --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("dispatch", ["batch", "partition"])
def test_a_member_that_slept_settles_nothing(group, start_backend, dispatch):
    """It stood still for longer than its session, with batches at its backend, and the answers were there when it woke:
    nobody had told it yet that its partitions are gone."""
    release = threading.Event()
    group.backend.behaviour = answers.hold(release, answers.reject(lambda record: "Refused: by the backend of a sleeper"))
    fill(group, 5)
    first = group.start({"maxBatchRecords": 100, "fetchMaxWait": 300, "maxRetries": 0, "dispatch": dispatch})
    group.backend.wait_deliveries(1 if dispatch == "batch" else PARTITIONS)
    second = start_backend()
    first.signal(signal.SIGSTOP)
    try:
        join(group, second)
        eventually(lambda: group.kafka.assignment(group.group) == [PARTITIONS], 40, "the second member has everything")
        group.wait_settled(20)
        committed = group.committed()
        release.set()
        eventually(lambda: all(delivery.answered for delivery in group.backend.seen()), 10, "the answers are on their way")
    finally:
        first.signal(signal.SIGCONT)
    assert sorted((record["partition"], record["offset"]) for record in second.records()) == sorted(
        (partition, offset) for partition in range(PARTITIONS) for offset in range(5))
    eventually(lambda: group.kafka.assignment(group.group) == [2, 2], 40, "the sleeper is a member again")
    assert group.committed() == committed == dict.fromkeys(range(PARTITIONS), 5)
    assert group.letters() == []
    assert "Partitions lost" in first.stderr()
    group.backend.behaviour = answers.accept
    fill(group, 5, first=5)
    group.wait_settled()
    assert group.letters() == []


# Identity ------------------------------------------------------------------------------------------------------------

STATIC = {"group.instance.id": "${HOSTNAME}"}


@pytest.mark.parametrize("membership", ["range", "cooperative-sticky", "consumer"], indirect=True)
def test_a_rolling_restart_of_three_static_members(group, start_backend):
    """Those that stay see no revoke and no assign event, and the one that comes back goes on with what it had."""
    backends = [group.backend, start_backend(), start_backend()]
    pods = [join(group, backend, STATIC, env={"HOSTNAME": f"pod-{number}"}) for number, backend in enumerate(backends)]
    eventually(lambda: group.kafka.assignment(group.group) == [1, 1, 2], 30, "three members share the partitions")
    fill(group, 10)
    group.wait_settled(30)
    owned = [partitions_of(backend) for backend in backends]
    assert sorted(map(len, owned)) == [1, 1, 2]
    before = [rebalance_lines(pod) for pod in pods]
    for number, pod in enumerate(pods):
        assert pod.stop() == 0
        fill(group, 5, first=10)
        pod.start()
        eventually(lambda: group.kafka.settled(group.group, group.topic), 20, "everything is settled again")
        for other, neighbour in enumerate(pods):
            if other > number:
                assert rebalance_lines(neighbour) == before[other], f"pod-{other} noticed the restart of pod-{number}"
    after = [rebalance_lines(pod) for pod in pods]
    assert after == [count + 1 for count in before], "each was given its partitions once more, after its own restart"
    assert [partitions_of(backend) for backend in backends] == owned
    places = [place for backend in backends for delivery in backend.seen() for place in delivery.places()]
    assert len(places) == len(set(places)) == PARTITIONS * (10 + 3 * 5)


@pytest.mark.parametrize("membership", ["range", "cooperative-sticky", "consumer"], indirect=True)
def test_two_members_with_one_identity(group, start_backend):
    """One works on; the other says why it does not, and takes over when the first is gone."""
    second_backend = start_backend()
    one = group.start(STATIC, env={"HOSTNAME": "twin"})
    fill(group, 5)
    group.wait_settled()
    two = join(group, second_backend, STATIC, env={"HOSTNAME": "twin"})
    # A classic group gives the identity to the newcomer, the new protocol leaves it where it is.
    refused, working = (two, one) if "group.protocol" in Push.membership else (one, two)
    backends = {one: group.backend, two: second_backend}
    eventually(lambda: "Another member has this group.instance.id" in refused.stderr(), 15, "the refused one says why")
    eventually(lambda: "twin" in json.dumps(refused.get("/health/readiness", Accept="application/json").json()), 15,
               "its readiness says why")
    seen = len(backends[working].records())
    fill(group, 25, first=5)
    eventually(lambda: len(backends[working].records()) == seen + 25 * PARTITIONS, 20, "the other one works on")
    group.wait_settled()
    assert working.ready()
    # They do not throw each other out in turns.
    lines = rebalance_lines(working)
    never(lambda: rebalance_lines(working) != lines or "Another member" in working.stderr(), SESSION * 1.5, "thrown out")
    assert refused.stderr().count("Another member has this group.instance.id") == 1
    assert working.stop() == 0
    fill(group, 5, first=30)
    eventually(lambda: group.kafka.settled(group.group, group.topic), 4 * SESSION, "the refused one takes over", every=0.1)
    eventually(refused.ready, 40, "its readiness is well")


@pytest.mark.parametrize("membership", ["range", "cooperative-sticky", "consumer"], indirect=True)
def test_a_killed_static_member_comes_back_under_its_identity(group):
    one = group.start(STATIC, env={"HOSTNAME": "phoenix"})
    fill(group, 5)
    group.wait_settled()
    one.kill()
    fill(group, 5, first=5)
    one.start()
    # The new protocol holds the identity for the session of the dead.
    eventually(lambda: group.kafka.settled(group.group, group.topic), 3 * SESSION, "it goes on", every=0.1)
    places = [place for delivery in group.backend.seen() for place in delivery.places()]
    assert len(places) == len(set(places)) == 10 * PARTITIONS
