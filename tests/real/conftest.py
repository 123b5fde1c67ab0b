import itertools
import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness.backend import Backend  # noqa: E402
from harness.broker import Broker  # noqa: E402
from harness.cluster import Cluster  # noqa: E402
from harness.kafka import Kafka  # noqa: E402
from harness.push import Push  # noqa: E402
from harness.registry import Apicurio, FakeRegistry  # noqa: E402
from harness.sidecar import Sidecar  # noqa: E402


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    """The one node that all tests share. Fault tests stop it; they leave it running."""
    node = Broker(tmp_path_factory.mktemp("kafka") / "node").start()
    yield node
    node.stop()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """Three nodes. Fault tests stop some; they leave all of them running and in sync."""
    nodes = Cluster(tmp_path_factory.mktemp("cluster")).start()
    yield nodes
    nodes.stop()


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    """The schema registry that tests share."""
    one = Apicurio(tmp_path_factory.mktemp("registry")).start()
    yield one
    one.stop()


@pytest.fixture
def fake_registry():
    one = FakeRegistry().start()
    yield one
    one.stop()


@pytest.fixture(scope="session")
def kafka(broker) -> Kafka:
    return Kafka(broker.bootstrap)


_numbers = itertools.count(1)


@pytest.fixture
def name(request) -> str:
    """A name of this test's own, for topics and groups."""
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', request.node.name)[:60].strip('-')}-{next(_numbers)}"


@pytest.fixture
def topic(kafka, name) -> str:
    return kafka.create(name)


@pytest.fixture
def start_sidecar(tmp_path):
    """Starts sidecars and ends them with the test. A test that wants a clean end calls stop() itself."""
    started: list[Sidecar] = []

    def start(values, *arguments, wait=True, folder=None, stderr=None, **options) -> Sidecar:
        one = Sidecar(folder or tmp_path / f"sidecar-{len(started) + 1}", values, *arguments, **options)
        started.append(one)
        return one.start(wait=wait, stderr=stderr)

    yield start
    for one in started:
        one.kill()


@pytest.fixture
def start_backend():
    started: list[Backend] = []

    def start(*arguments, **options) -> Backend:
        one = Backend(*arguments, **options)
        started.append(one)
        return one

    yield start
    for one in started:
        one.stop()
    for one in started:
        assert not one.broken, one.broken[:5]


@pytest.fixture
def backend(start_backend) -> Backend:
    return start_backend()


@pytest.fixture
def tell(request):
    """Prints a line that is seen whatever becomes of the test: at once, or where tests run side by side, at its end."""
    plugins = request.config.pluginmanager
    terminal, capture = plugins.getplugin("terminalreporter"), plugins.getplugin("capturemanager")
    if hasattr(request.config, "workerinput"):  # A process beside others: its lines would go nowhere.
        return lambda text: request.node.user_properties.append(("told", str(text)))

    def line(text):
        with capture.global_and_fixture_disabled():
            _write_line(terminal, str(text))
    return line


def _write_line(terminal, text: str):
    if terminal._tw.width_of_current_line:  # Behind a dot of the progress.
        terminal.write_line("")
    terminal.write_line(text)


class _Told:
    """Writes what tests that run side by side have told. Not printed: that would be captured."""

    def __init__(self, terminal):
        self._terminal = terminal

    def pytest_runtest_logreport(self, report):
        if report.when == "teardown":
            for _, text in (told for told in report.user_properties if told[0] == "told"):
                _write_line(self._terminal, text)


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    terminal = config.pluginmanager.getplugin("terminalreporter")
    if terminal is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Told(terminal))


@pytest.fixture
def push(kafka, start_sidecar, backend, name) -> Push:
    """One partition, its dead-letter topic, a backend that accepts everything. The test starts the sidecar."""
    return Push(kafka, start_sidecar, backend, name)
