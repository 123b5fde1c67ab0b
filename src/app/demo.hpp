/// `kafka-sidecar demo`: the product's promises told step by step, on a Kafka inside the process or on a real one.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

#include "observability/log.hpp"

namespace sidecar::app {

/// A part taken away, so that a test can see the check fail.
enum class DemoWithout : std::uint8_t {
  nothing,
  producer,
  dead_letters,
  commit,
  lanes,      ///< One batch at a time over all partitions.
  one_group,  ///< Every sidecar is in a group of its own.
  recovery,   ///< Brokers and registries that went down stay down.
};

struct DemoOptions {
  std::string scenario;      ///< One of `demo_scenarios`; empty: the main job.
  bool check = false;        ///< Unattended: every step is verified, then the process ends (0, or 1 when a step is missing).
  std::string kafka;         ///< Bootstrap servers of a real Kafka; empty: three mock brokers in the process.
  observability::Level log_level = observability::Level::error;  ///< A scenario brings about what WARN is for.
  DemoWithout without = DemoWithout::nothing;
  std::chrono::seconds step_limit{30};  ///< Longest wait for one step.
};

struct DemoScenario {
  std::string_view name;
  std::string_view promise;  ///< One line.
  bool needs_mock = false;   ///< It does to the brokers what a real Kafka must not be asked for.
};
[[nodiscard]] std::span<const DemoScenario> demo_scenarios();

/// Exit code of the process: usage for an unknown scenario, or one that cannot be told on a real Kafka.
[[nodiscard]] int demo(const DemoOptions& options, std::ostream& out, std::ostream& err);

}  // namespace sidecar::app
