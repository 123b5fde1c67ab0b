"""What the whole-process tests are built from: a real broker, the sidecar's process, a scriptable backend, and the ledger."""
