from harness.fault_fixtures import cluster_scene, scene, weak_broker  # noqa: F401
