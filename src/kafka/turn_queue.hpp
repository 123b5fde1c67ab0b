/// Who may hand over next while the producer's queue is full.
#pragma once

#include <deque>
#include <memory>

#include "kafka/signal.hpp"

namespace sidecar::kafka {

/// First come, first served: one waiter has the turn and keeps it until it leaves, so that a large request is not
/// starved by small ones and none overtakes another. Thread: loop 0.
class TurnQueue {
 public:
  /// Lines up; the signal is raised when it is this waiter's turn.
  void join(std::shared_ptr<Signal> waiter) {
    waiters_.push_back(std::move(waiter));
    grant();
  }
  /// The waiter that has the turn found no room: it is raised again when there may be some.
  void retry(const std::shared_ptr<Signal>& waiter) {
    if (waiters_.empty() || waiters_.front() != waiter) return;
    granted_ = false;
    // Room that came up while the waiter was on its way counts.
    if (freed_since_grant_) grant();
  }
  /// The waiter is through, or has gone.
  void leave(const std::shared_ptr<Signal>& waiter) {
    const bool was_first = !waiters_.empty() && waiters_.front() == waiter;
    std::erase(waiters_, waiter);
    if (!was_first) return;
    granted_ = false;
    grant();
  }
  /// There is room again, or something else changed that a waiter should look at.
  void freed() {
    freed_since_grant_ = true;
    grant();
  }
  [[nodiscard]] bool empty() const { return waiters_.empty(); }

 private:
  void grant() {
    if (granted_ || waiters_.empty()) return;
    granted_ = true;
    freed_since_grant_ = false;
    waiters_.front()->raise();
  }

  std::deque<std::shared_ptr<Signal>> waiters_;
  bool granted_ = false;  // the first of them has the turn
  bool freed_since_grant_ = false;
};

}  // namespace sidecar::kafka
