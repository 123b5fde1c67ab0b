/// Health pages: what a restart would heal (liveness, startup), and the full check (readiness and its siblings).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/settings.hpp"
#include "http/message.hpp"
#include "loop/loop.hpp"
#include "observability/log.hpp"

namespace sidecar::admin {

/// One part of the full check. `run` answers nothing when the part is well, else why not (one line, no secret); it runs on
/// loop 0 and is cut off at `health.timeout`.
struct HealthCheck {
  std::string name;
  std::function<Task<std::optional<std::string>>()> run;
};

/// Thread: the endpoints may run on any loop; the checks run on loop 0.
class Health {
 public:
  /// `alive`: the event loops beat; called from any loop. Without checks the full check fails: nothing is enabled.
  Health(asio::io_context& loop0, HealthSettings settings, std::function<bool()> alive, std::vector<HealthCheck> checks,
         observability::Logger logger);

  /// `/health/liveness` and `/health/startup`: never waits for a backend or a broker (unless health.livenessFull).
  Task<http::Response> liveness(const http::Request& request);
  /// `/health/readiness`, `/health/{serviceId}`, `/adm/health/{serviceId}`.
  Task<http::Response> readiness(const http::Request& request);
  /// From now on readiness fails: the process is going away. Loop 0.
  void stopping();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace sidecar::admin
