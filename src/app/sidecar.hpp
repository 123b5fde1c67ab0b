/// The parts list of the process: builds every object once from the settings, and stops them in the reverse order.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "app/settings.hpp"
#include "http/server.hpp"
#include "loop/loops.hpp"
#include "observability/log.hpp"

namespace sidecar::app {

/// The key store or trust store of that name in the configuration directories: the last directory that holds it wins. An
/// absolute name is itself.
[[nodiscard]] std::optional<std::string> find_config_file(const Settings& settings, std::string_view name);

/// Where the process listens: one of the two.
struct ListenerPorts {
  std::optional<std::uint16_t> http;
  std::optional<std::uint16_t> https;
};

/// Thread: construct, start and stop on the thread of loop 0. Destroy it after `stop` and before the loops.
class Sidecar {
 public:
  /// Builds everything; opens no port, connects to nothing. Throws std::runtime_error when the settings cannot work.
  Sidecar(Loops& loops, const Settings& settings, observability::Logger logger);
  ~Sidecar();
  Sidecar(const Sidecar&) = delete;
  Sidecar& operator=(const Sidecar&) = delete;

  /// Listens and starts the components. Throws std::runtime_error when a port cannot be bound.
  void start();
  [[nodiscard]] ListenerPorts ports() const;

  /// Readiness fails; no connection and no record is taken any more; requests in work get server.shutdownGracefulPeriod
  /// and the batch in flight kafka-consumer.shutdownDrainMs, side by side; then the producer is flushed (at most 5 s) and
  /// the group is left. Ends always.
  Task<> stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sidecar::app
