/// Knows whether a client has a connection to any broker.
#pragma once

#include <chrono>
#include <string_view>

namespace sidecar::kafka {

/// Fed from what librdkafka tells anyway: statistics every few seconds (a broker whose state is UP), the event "all
/// brokers down", and proof such as a delivery. The states of the statistics cost one search through their text; a
/// connection that an idle broker closed comes back within a second, because librdkafka keeps one open.
/// Pure, the clock is given.
class ConnectionWatch {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Statistics as librdkafka emits them (JSON).
  void on_statistics(std::string_view json, TimePoint now) { set(any_broker_up(json), now); }
  void on_all_brokers_down(TimePoint now) { set(false, now); }
  /// A broker answered.
  void on_proof(TimePoint now) { set(true, now); }

  [[nodiscard]] bool up() const { return up_; }
  /// True while a connection is up, or was less than `grace` ago. False before the first one.
  [[nodiscard]] bool connected(TimePoint now, std::chrono::milliseconds grace) const {
    return up_ || (ever_up_ && now - down_since_ < grace);
  }

  /// True when some entry of the statistics' `brokers` has the state UP (or UP while it renews its authentication).
  [[nodiscard]] static bool any_broker_up(std::string_view json);

 private:
  void set(bool up, TimePoint now) {
    if (up_ && !up) down_since_ = now;
    up_ = up;
    ever_up_ = ever_up_ || up;
  }

  bool up_ = false;
  bool ever_up_ = false;
  TimePoint down_since_{};
};

}  // namespace sidecar::kafka
