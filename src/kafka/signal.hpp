/// One wake-up from any loop to one coroutine.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include "loop/loop.hpp"

namespace sidecar::kafka {

/// The coroutine waits with a time limit; another loop raises. Raising costs one post, or nothing on the same loop.
/// Held by shared_ptr on both sides. The loop must outlive everybody who may raise, unless the signal was abandoned.
/// Thread: `wait_until`, `reset` and `abandon` on the loop of the coroutine; `raise` anywhere.
class Signal : public std::enable_shared_from_this<Signal> {
 public:
  explicit Signal(const LoopExecutor& executor) : executor_(executor) {}

  void raise();
  /// Waits until it is raised or the time has come. True when it was raised. One waiter at a time.
  Task<bool> wait_until(std::chrono::steady_clock::time_point deadline);
  /// Makes it ready to be raised again.
  void reset() { raised_ = false; }
  /// The coroutine is gone: raising has no effect any more.
  void abandon() { wanted_.store(false, std::memory_order_release); }
  [[nodiscard]] bool wanted() const { return wanted_.load(std::memory_order_acquire); }

 private:
  void wake();

  LoopExecutor executor_;
  std::atomic<bool> wanted_{true};
  bool raised_ = false;             // the coroutine's loop only
  SteadyTimer* waiting_ = nullptr;  // the coroutine's loop only; lives in its frame
};

}  // namespace sidecar::kafka
