/// Wakes a loop from another thread.
#pragma once

#include <functional>
#include <memory>

#include "loop/loop.hpp"

namespace sidecar {

/// A Linux eventfd whose signals call `on_signal` on the loop. Signals that arrive before the call are merged into one.
/// Thread: construct, destroy and stop on the loop; `signal` and writes to `fd` from any thread.
class EventFd {
 public:
  /// `on_signal` runs on the loop, never inside `signal`. It may destroy this object.
  EventFd(asio::io_context& loop, std::function<void()> on_signal);
  ~EventFd();
  EventFd(const EventFd&) = delete;
  EventFd& operator=(const EventFd&) = delete;

  /// Wakes the loop. Never blocks.
  void signal() noexcept;
  /// Non-blocking descriptor; writing eight bytes holding 1 has the effect of `signal` (rd_kafka_queue_io_event_enable).
  [[nodiscard]] int fd() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace sidecar
