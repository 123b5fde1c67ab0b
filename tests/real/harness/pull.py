"""A pulling client: one consumer instance, used over HTTP on a connection of its own."""
import http.client
import json
import time
import urllib.parse

from .sidecar import Answer, Sidecar

JSON = {"Content-Type": "application/json"}


def quote(name: str) -> str:
    return urllib.parse.quote(name, safe="")


class Puller:
    def __init__(self, sidecar: Sidecar, group: str, create: bool = True, **wanted):
        self.sidecar = sidecar
        self.group = group
        self.path = ""
        self._connection = sidecar.connect(timeout=60)
        if create:
            self.create(**wanted)

    def create(self, **wanted) -> dict:
        answer = self.call("POST", f"/consumers/{quote(self.group)}", wanted).expect(200).json()
        self.path = answer["base_uri"]
        return answer

    def call(self, method: str, path: str, body=None, headers: dict | None = None) -> Answer:
        """`body`: bytes as they are, anything else as JSON; None: no body."""
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            self._connection.request(method, path, body=raw, headers={**(JSON if raw is not None else {}), **(headers or {})})
            response = self._connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except (http.client.HTTPException, OSError):
            self._connection.close()
            raise

    def on(self, method: str, below: str, body=None, headers: dict | None = None) -> Answer:
        return self.call(method, self.path + below, body, headers)

    def subscribe(self, *topics: str):
        self.on("POST", "/subscriptions", {"topics": list(topics)}).expect(204)

    def assign(self, topic: str, *partitions: int):
        self.on("POST", "/assignments", {"partitions": self.partitions(topic, *partitions)}).expect(204)

    @staticmethod
    def partitions(topic: str, *partitions: int) -> list[dict]:
        return [{"topic": topic, "partition": partition} for partition in partitions]

    def read(self, timeout: int | None = None, max_bytes: int | None = None) -> list[dict]:
        query = {key: value for key, value in {"timeout": timeout, "max_bytes": max_bytes}.items() if value is not None}
        return self.on("GET", "/records" + ("?" + urllib.parse.urlencode(query) if query else "")).expect(200).json()

    def read_until(self, count: int, timeout: float = 20, **query) -> list[dict]:
        """Reads until there are so many records; one more is a failure, too."""
        found: list[dict] = []
        deadline = time.monotonic() + timeout
        while len(found) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} records within {timeout} s"
            found += self.read(**{"timeout": 2000, **query})
        assert len(found) == count, [(record["partition"], record["offset"]) for record in found]
        return found

    def commit(self, offsets: list[dict] | None = None) -> Answer:
        return self.on("POST", "/offsets", None if offsets is None else {"offsets": offsets})

    def committed(self, topic: str, *partitions: int) -> dict[int, int]:
        answer = self.on("PUT", "/offsets", {"partitions": self.partitions(topic, *partitions)}).expect(200).json()
        return {entry["partition"]: entry["offset"] for entry in answer["offsets"]}

    def assignment(self) -> list[tuple[str, int]]:
        answer = self.on("GET", "/assignments").expect(200).json()
        return [(entry["topic"], entry["partition"]) for entry in answer["partitions"]]

    def seek(self, topic: str, **offsets: int):
        """p0=10 seeks partition 0 to 10."""
        self.on("POST", "/positions", {"offsets": [{"topic": topic, "partition": int(key[1:]), "offset": offset}
                                                   for key, offset in offsets.items()]}).expect(204)

    def delete(self):
        self.on("DELETE", "").expect(204)

    def close(self):
        self._connection.close()
