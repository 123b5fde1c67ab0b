"""The backend goes away or answers nonsense, under load."""

import pytest

from harness import backend as answers
from harness.scene import BATCH, refuses_some
from harness.wait import eventually

QUICK = {"waitPeriod": 20, "retryBackoffMaxMs": 200}


@pytest.mark.fault("backend down")
def test_backend_down(scene):
    scene.start()
    scene.load()
    scene.flowing()
    with scene.felt():
        scene.backend.stop()
        scene.lasting(4)
        assert scene.sidecar.checks()["reactive"] is False
        assert scene.sidecar.get("/health/liveness").status == 200
    scene.backend.start()
    scene.recovers(10)
    scene.flowing()
    # What was at the backend when it was cut off comes again.
    scene.finish(bound=BATCH)


@pytest.mark.fault("backend slower than max.poll.interval.ms")
def test_backend_slower_than_max_poll_interval(scene, kafka):
    """The member keeps its partitions: no rebalance, no repeat."""
    scene.start({"max.poll.interval.ms": 7000, "session.timeout.ms": 6000})
    scene.load(pause=0.2)
    scene.flowing()
    members = kafka.admin.describe_consumer_groups([scene.push.group])[scene.push.group].result(10).members
    with scene.felt():
        for _ in range(2):
            seen = len(scene.backend.seen())
            scene.backend.script = [answers.slow(9, answers.reject(refuses_some))]
            eventually(lambda: len(scene.backend.seen()) > seen + 1, 20, "the slow answer was taken", every=0.05)
    scene.recovers(10)
    after = kafka.admin.describe_consumer_groups([scene.push.group])[scene.push.group].result(10).members
    assert [member.member_id for member in after] == [member.member_id for member in members]
    assert all(delivery.attempt == 1 for delivery in scene.backend.seen())
    scene.finish(bound=0)


@pytest.mark.fault("backend hangs")
def test_backend_hangs(scene):
    scene.start({"backendTimeoutMs": 700, **QUICK})
    scene.load()
    scene.flowing()
    with scene.felt():
        scene.backend.script = [answers.hang] * 3
        eventually(lambda: not scene.backend.script, 20, "three batches hang")
        scene.lasting(0)
    scene.recovers(10)
    scene.flowing()
    scene.finish(bound=0)


@pytest.mark.fault("backend closes in mid-answer")
def test_backend_closes_in_the_middle_of_its_answer(scene):
    scene.start(QUICK)
    scene.load()
    scene.flowing()
    with scene.felt():
        scene.backend.script = [answers.close_mid_answer, answers.reject(refuses_some)] * 5
        eventually(lambda: not scene.backend.script, 20, "five answers are cut")
        scene.lasting(0)
    scene.recovers(10)
    scene.flowing()
    scene.finish(bound=5 * BATCH)


NONSENSE = {
    "backend closes": answers.close,
    "backend answers garbage": answers.garbage,
    "backend answers an empty 200": answers.body(b""),
    "backend answers no array": answers.body(b'{"processed":true}'),
    "backend answers one result too few": answers.too_short,
    "backend answers one result too many": answers.wrong_length,
    "backend answers about other records": answers.foreign_echo,
    "backend answers 302": answers.body(b"", 302, Location="/kafka/records"),
    "backend answers 404": answers.body(b"", 404),
    "backend answers 500": answers.body(b"[]", 500),
}


@pytest.mark.parametrize("scene", NONSENSE, indirect=True)
def test_backend_answers_nonsense(scene):
    """For a while nothing else; no record counts as delivered by it, none is skipped, none comes in another order."""
    scene.start(QUICK)
    scene.load()
    scene.flowing(200)
    behaviour = scene.backend.behaviour
    with scene.felt():
        scene.backend.behaviour = NONSENSE[scene.fault]
        scene.lasting(1)
        scene.backend.behaviour = behaviour
    scene.recovers(10)
    scene.flowing()
    scene.finish(bound=0)


@pytest.mark.parametrize("scene", ["shuffled", "altered", "no_echoes"], indirect=True)
def test_backend_answers_in_its_own_way(scene):
    """Correct answers in unusual forms: nothing is repeated, and the right records become dead letters."""
    scene.fault = scene.ledger.fault = f"backend answers {scene.fault}"
    scene.backend.behaviour = getattr(answers, scene.fault.split()[-1])(refuses_some)
    scene.start(QUICK)
    with scene.felt():
        scene.load()
        scene.flowing(2000)
    verdict = scene.finish(bound=0)
    assert verdict.deadlettered > 0


@pytest.mark.fault("backend refuses everything for a while")
def test_rollback_by_threshold(scene):
    """Whole batches are refused: each is posted again at most maxRetries times, then goes to the dead letters."""
    scene.start({"maxRetries": 2, "retryDelayMs": 20, **QUICK})
    scene.load(pause=0.05)
    scene.flowing(200)
    behaviour = scene.backend.behaviour
    with scene.felt():
        scene.backend.behaviour = answers.reject(lambda record: True)
        scene.lasting(1.5)
        scene.backend.behaviour = behaviour
    scene.recovers(10)
    verdict = scene.finish(bound=0)
    assert verdict.deadlettered > 100
    assert max(delivery.attempt for delivery in scene.backend.seen()) == 3
