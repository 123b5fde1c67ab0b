"""Faults that take minutes. `./test.sh --long` runs them at full length; KAFKA_SIDECAR_LONG_SCALE=0.05 makes each that much
shorter and smaller, for whoever works on them, and says so in every line."""
import os

import pytest

from harness.fault_fixtures import cluster_scene, scene, weak_broker  # noqa: F401

SCALE = float(os.environ.get("KAFKA_SIDECAR_LONG_SCALE", "1"))


@pytest.fixture
def scaled():
    """A duration or a count, as long or as large as this run wants it; at least `least`."""
    def scaled(full: float, least: float = 1):
        return max(least, type(full)(full * SCALE))
    return scaled


@pytest.fixture
def tell(tell):
    return tell if SCALE == 1 else lambda line: tell(f"{line} [scale {SCALE}]")
