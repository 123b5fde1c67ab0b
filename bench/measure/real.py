"""A real broker: the fixture of the whole-process tests (tests/real/harness)."""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from .programs import ROOT

_SETUP = 'program=bench steps=1; . "$0"; printf "%s\\n%s\\n" "$(kafka_folder)/lib" "$(python_folder)"'


def use_environment():
    """Goes on in the tests' Python environment, which has the Kafka client that the fixture uses. `./test.sh real` makes
    that environment and fetches the broker."""
    sys.path.insert(0, str(ROOT / "tests/real"))
    if "KAFKA_SIDECAR_KAFKA" in os.environ:
        return
    told = subprocess.run(["bash", "-c", _SETUP, str(ROOT / "tools/setup.sh")], capture_output=True, text=True, check=True)
    kafka, environment = told.stdout.splitlines()
    python = pathlib.Path(environment) / "bin/python"
    if not python.exists() or not pathlib.Path(kafka).exists():
        raise SystemExit("bench/run: the rows with a real broker need what ./test.sh real sets up: run that once, or name "
                         "other rows with --only")
    os.environ["KAFKA_SIDECAR_KAFKA"] = kafka
    os.execv(python, [str(python), *sys.argv])


def start():
    """Returns the broker and the folder that holds its data."""
    from harness.broker import Broker
    folder = tempfile.TemporaryDirectory(prefix="kafka-sidecar-bench-")
    broker = Broker(pathlib.Path(folder.name) / "node", **{"log.retention.bytes": "-1"})
    broker.start()
    return broker, folder


def create_topic(bootstrap: str, partitions: int) -> str:
    from harness.kafka import Kafka
    return Kafka(bootstrap).create(f"bench-{time.time_ns()}", partitions)
