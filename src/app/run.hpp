/// `kafka-sidecar run`: the process around the Sidecar, from signals to the ready file.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>

#include "app/settings.hpp"
#include "observability/log.hpp"

namespace sidecar::app {

struct RunOptions {
  LoadOptions load;                                ///< `embedded_broker` is filled by run.
  bool embedded_broker = false;                    ///< Start a Kafka inside this process; it takes the place of the configured one.
  std::string ready_file;                          ///< Empty: none.
  observability::Level log_level = observability::Level::info;
  observability::LogFormat log_format = observability::LogFormat::json;
};

/// Exit codes of the process.
inline constexpr int exit_clean = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

/// Runs until SIGTERM or SIGINT; a second signal ends the process at once with exit code 1. One line on `out` when ready.
[[nodiscard]] int run(const RunOptions& options, std::ostream& out, std::ostream& err);

/// Calls `on_signal` on the loop at the first SIGTERM or SIGINT. From then on another one ends the process with exit code 1,
/// whatever the loops do.
class StopSignal {
 public:
  StopSignal(asio::io_context& loop, std::function<void()> on_signal);
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sidecar::app
