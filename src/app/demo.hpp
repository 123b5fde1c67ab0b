/// `kafka-sidecar demo`: the product's main job told step by step, on a Kafka inside the process or on a real one.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>

#include "observability/log.hpp"

namespace sidecar::app {

/// A part taken away, so that a test can see the check fail.
enum class DemoWithout : std::uint8_t { nothing, producer, dead_letters, commit };

struct DemoOptions {
  bool check = false;        ///< Unattended: every step is verified, then the process ends (0, or 1 when a step is missing).
  std::string kafka;         ///< Bootstrap servers of a real Kafka; empty: three mock brokers in the process.
  observability::Level log_level = observability::Level::warn;
  DemoWithout without = DemoWithout::nothing;
  std::chrono::seconds step_limit{30};  ///< Longest wait for one step.
};

[[nodiscard]] int demo(const DemoOptions& options, std::ostream& out, std::ostream& err);

}  // namespace sidecar::app
