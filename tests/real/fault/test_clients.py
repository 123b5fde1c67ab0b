"""Clients of the producer that do not play by the rules, beside some that do."""
import json
import socket

import pytest

from harness.wait import eventually


def request(scene, ids: list[str]) -> tuple[bytes, bytes]:
    body = json.dumps({"records": [{"key": name, "value": {"id": name, "n": number}} for number, name in enumerate(ids)]}).encode()
    head = (f"POST /producers/{scene.push.topic} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
    return head, body


@pytest.mark.fault("client gone before the answer")
def test_client_gone_before_the_answer(scene):
    scene.start()
    scene.load(clients=2)
    scene.flowing(200)
    before = scene.sidecar.descriptors()
    for number in range(40):
        ids = [f"gone-{number}-{index}" for index in range(50)]
        scene.ledger.sending(scene.push.topic, ids)  # Unknown they stay.
        with socket.create_connection(("127.0.0.1", scene.sidecar.port), timeout=10) as peer:
            peer.sendall(b"".join(request(scene, ids)))
            if number % 2:  # A reset instead of a polite end.
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    scene.recovers(10)
    eventually(lambda: scene.sidecar.descriptors() <= before + 2, 10, "descriptors are given back")
    verdict = scene.finish(bound=0)
    assert verdict.unknown == 2000


@pytest.mark.fault("body cut off in the middle")
def test_body_cut_off_in_the_middle(scene):
    """Nothing of a request counts before it is whole."""
    scene.start()
    scene.load(clients=2)
    scene.flowing(200)
    before = scene.sidecar.descriptors()
    for number in range(40):
        ids = [f"cut-{number}-{index}" for index in range(50)]
        scene.ledger.sending(scene.push.topic, ids)
        scene.ledger.refused(ids)  # Not one of them may be found.
        head, body = request(scene, ids)
        with socket.create_connection(("127.0.0.1", scene.sidecar.port), timeout=10) as peer:
            peer.sendall(head + body[:len(body) * (number + 1) // 42])
            if number % 2:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    scene.recovers(10)
    eventually(lambda: scene.sidecar.descriptors() <= before + 2, 10, "descriptors are given back")
    verdict = scene.finish(bound=0)
    assert verdict.unknown == 0
