/// Knows whether a client has a connection to any broker.
#pragma once

#include <atomic>
#include <chrono>
#include <limits>
#include <string_view>

namespace sidecar::kafka {

/// Fed from what librdkafka tells anyway: statistics every few seconds (a broker whose state is UP), the event "all
/// brokers down", and proof such as a delivery. The states of the statistics cost one search through their text; a
/// connection that an idle broker closed comes back within a second, because librdkafka keeps one open.
/// Thread: fed on one loop, asked on any. The clock is given.
class ConnectionWatch {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Statistics as librdkafka emits them (JSON).
  void on_statistics(std::string_view json, TimePoint now) { set(any_broker_up(json), now); }
  void on_all_brokers_down(TimePoint now) { set(false, now); }
  /// A broker answered.
  void on_proof(TimePoint now) { set(true, now); }

  /// True while a connection is up, or was less than `grace` ago. False before the first one.
  [[nodiscard]] bool connected(TimePoint now, std::chrono::milliseconds grace) const;

  /// True when some entry of the statistics' `brokers` has the state UP (or UP while it renews its authentication).
  [[nodiscard]] static bool any_broker_up(std::string_view json);

 private:
  using Ticks = TimePoint::rep;
  static constexpr Ticks never = std::numeric_limits<Ticks>::min();
  static constexpr Ticks up = std::numeric_limits<Ticks>::max();

  void set(bool is_up, TimePoint now);

  std::atomic<Ticks> down_since_{never};  // or one of the two above
};

}  // namespace sidecar::kafka
