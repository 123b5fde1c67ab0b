"""The other commands of the binary, as a person types them."""
import json
import os
import subprocess

import pytest

from harness.data import DATA
from harness.sidecar import BINARY


def run(*arguments: str, timeout: float = 60, **env: str) -> subprocess.CompletedProcess:
    return subprocess.run([str(BINARY), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **env}, check=False)


def test_the_demo_checks_itself():
    done = run("demo", "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("produced", "delivered", "dead letters", "committed"):
        assert word in done.stdout


def test_the_demo_against_a_real_broker(broker, kafka):
    done = run("demo", "--check", "--kafka", broker.bootstrap)
    assert done.returncode == 0, done.stdout + done.stderr
    assert broker.bootstrap in done.stdout


@pytest.mark.parametrize("scenario, told", [
    ("slow-backend", ["120 records of partitions 1 to 3", "0 records came a second time", "0: 40, 1: 40, 2: 40, 3: 40"]),
    ("poison", ["41 records were delivered, 0 of them twice", "undecodable: no JSON at all", "OrderRejected"]),
    ("rebalance", ["a second replica joins", "at most one batch per partition and rebalance: 80"]),
    ("pull", ["goes away before anything is committed", "ERR12205", "40 orders read", "behind 41 records"]),
    ("schemas", ["20 of 20 values begin with 00 00 00 00 01", "40 records of both versions", "0 are dead letters"]),
    ("broker-down", ["readiness 503", "liveness 200", "20 offsets", "40 records, 0 of them twice"]),
])
def test_each_scenario_checks_itself(scenario, told):
    done = run("demo", "--scenario", scenario, "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    for text in told:
        assert text in done.stdout, done.stdout


@pytest.mark.parametrize("scenario", ["slow-backend", "poison", "rebalance", "pull", "schemas"])
def test_scenarios_against_a_real_broker(broker, scenario):
    done = run("demo", "--scenario", scenario, "--check", "--kafka", broker.bootstrap)
    assert done.returncode == 0, done.stdout + done.stderr


def test_validate_prints_every_problem_at_once():
    done = run("validate", "--config-dir", str(DATA / "bad"))
    assert done.returncode == 2 and done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) > 20
    assert sum("values.yml:" in line for line in lines) > 10
    assert any("did you mean" in line for line in lines)


def test_run_refuses_what_validate_refuses():
    done = run("run", "--config-dir", str(DATA / "bad"))
    assert done.returncode == 2
    assert "server.httpPort" in done.stderr and "kafka-consumer.topic" in done.stderr


def test_validate_accepts_the_smallest_values():
    done = run("validate", "--config-dir", str(DATA / "smallest"))
    assert done.returncode == 0, done.stderr


def test_config_show_masks_secrets_and_obeys_the_order_of_sources(tmp_path):
    values = (DATA / "smallest/values.yml").read_text().replace(": 8080", ": 1111")
    (tmp_path / "values.yml").write_text(values + "kafka-producer.password: topsecret\nserver.serviceId: from-file\n")
    done = run("config", "show", "--config-dir", str(tmp_path), "--set", "server.httpPort=2222", "--set", "kafka-consumer.password=deepsecret",
               SERVER_HTTPPORT="3333", SERVER_SERVICEID="from-environment")
    assert done.returncode == 0, done.stderr
    assert "topsecret" not in done.stdout + done.stderr and "deepsecret" not in done.stdout + done.stderr
    assert "2222" in done.stdout and "1111" not in done.stdout and "3333" not in done.stdout
    assert "from-environment" in done.stdout and "from-file" not in done.stdout


def test_config_defaults_are_files_that_work(tmp_path):
    done = run("config", "defaults", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"server.yml", "kafka-producer.yml", "kafka-consumer.yml", "health.yml"} <= written
    (tmp_path / "out/values.yml").write_text((DATA / "smallest/values.yml").read_text())
    done = run("validate", "--config-dir", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr


def test_version():
    assert run("version").stdout.startswith("kafka-sidecar ")
    assert json.loads(run("version", "--json").stdout)


def test_usage_errors_exit_with_two():
    for arguments in ([], ["fly"], ["run", "--no-such-option"], ["run", "--set", "novalue"], ["demo", "--scenario", "earthquake"],
                      ["demo", "--scenario", "broker-down", "--kafka", "localhost:9092"]):
        done = run(*arguments)
        assert done.returncode == 2 and done.stderr, (arguments, done)
