/// What the server has in work, counted over all loops.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "base/bytes.hpp"

namespace sidecar::http {

/// Shared by all loops, and by bodies that outlive their connection.
struct Load {
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> requests{0};
  std::atomic<std::size_t> bytes{0};

  /// Adds `amount` to `counter` unless that would exceed `max`.
  static bool take(std::atomic<std::size_t>& counter, std::size_t amount, std::size_t max) {
    auto current = counter.load(std::memory_order_relaxed);
    do {
      if (amount > max || current > max - amount) return false;
    } while (!counter.compare_exchange_weak(current, current + amount, std::memory_order_relaxed));
    return true;
  }
};

/// A body and its share of the byte budget, which is given back when the last owner lets go, on whatever thread.
class HeldBody {
 public:
  HeldBody(std::shared_ptr<Load> load, std::size_t bytes_max) : load_(std::move(load)), bytes_max_(bytes_max) {}
  ~HeldBody() { load_->bytes.fetch_sub(taken_, std::memory_order_relaxed); }
  HeldBody(const HeldBody&) = delete;
  HeldBody& operator=(const HeldBody&) = delete;

  /// Makes room for `capacity` bytes. False, with nothing changed, when the budget has no room for that.
  [[nodiscard]] bool reserve(std::size_t capacity) {
    if (capacity <= taken_) return true;
    if (!Load::take(load_->bytes, capacity - taken_, bytes_max_)) return false;
    taken_ = capacity;
    buffer.reserve(capacity);
    return true;
  }

  PaddedBuffer buffer;

 private:
  std::shared_ptr<Load> load_;
  std::size_t bytes_max_;
  std::size_t taken_ = 0;
};

}  // namespace sidecar::http
